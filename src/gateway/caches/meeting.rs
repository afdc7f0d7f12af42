//! The meeting of steps that wait for their caches with the frontend that fills these.
//!
//! Both sides are this frontend's own program in containers, with one cache directory between them:
//! an op of the graph cannot call the frontend. Each build has a directory in it, with these files:
//! `alive`, which changes as long as the frontend is there; `asked`, once a step waits; `filled`,
//! once the caches are filled. The daemon's clock is not needed.
#![expect(clippy::disallowed_methods, reason = "processes meet in a directory")]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Result, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Answers the steps of a build.
pub(super) const SERVE: &str = "serve-caches";

/// The line that tells the frontend that a step waits.
pub(super) const ASKED: &str = "asked";
/// The line with which the frontend answers.
pub(super) const FILLED: &str = "filled";

/// The variable with the name of the build.
const BUILD: &str = "no_proxy";

/// The file that changes as long as the frontend is there.
const ALIVE: &str = "alive";

/// The time between two looks.
const PAUSE: Duration = Duration::from_millis(25);

/// The number of looks after which `alive` changes.
const BEAT: u32 = 40;

/// The number of looks after which a frontend is gone if `alive` has not changed: a minute.
const GONE: u32 = 2_400;

/// The age in seconds of directories that are removed: their builds are over.
const OLD: i64 = 24 * 60 * 60;

/// Waits until the caches of a step are filled, or nobody is there to fill them. Another build of
/// the same step may have been cancelled while this one joined it.
pub(super) fn wait(meeting: &Path) -> std::result::Result<Vec<String>, String> {
    let build: OsString = std::env::var_os(BUILD).unwrap_or_default();
    let own = meeting.join(&build);
    if build.is_empty() {
        return Ok(Vec::new());
    }
    let asked = || -> Result<()> {
        fs::create_dir_all(&own)?;
        fs::write(own.join(ASKED), "")
    };
    asked().map_err(|err| format!("cannot ask for caches: {err}"))?;
    let mut last = Vec::new();
    let mut looks = 0;
    while !own.join(FILLED).exists() {
        let alive = fs::read(own.join(ALIVE)).unwrap_or_default();
        looks = if alive == last { looks + 1 } else { 0 };
        last = alive;
        if looks > GONE {
            return Ok(vec![
                "the build that imports caches has ended: new ones are empty".to_owned(),
            ]);
        }
        thread::sleep(PAUSE);
    }
    Ok(Vec::new())
}

/// Tells the frontend when a step waits, and the steps when the frontend has filled the caches. Runs
/// until it is ended.
pub(super) fn serve(meeting: &Path, build: &OsStr) -> Result<()> {
    static FILLED_NOW: AtomicBool = AtomicBool::new(false);
    let own = meeting.join(build);
    fs::create_dir_all(&own)?;
    thread::spawn(|| {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        if read.is_ok() && line.trim_end() == FILLED {
            FILLED_NOW.store(true, Ordering::Release);
        }
    });
    let mut has_told = false;
    for look in 0_u32.. {
        if look % BEAT == 0 {
            fs::write(own.join(ALIVE), look.to_string())?;
        }
        if look == 0 {
            remove_old(meeting, &own);
        }
        if !has_told && own.join(ASKED).exists() {
            has_told = true;
            let mut output = std::io::stdout();
            writeln!(output, "{ASKED}")?;
            output.flush()?;
        }
        if FILLED_NOW.load(Ordering::Acquire) && !own.join(FILLED).exists() {
            fs::write(own.join(FILLED), "")?;
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

/// Removes what old builds have left, as far as possible. Their age is measured by the time of a new
/// file.
fn remove_old(meeting: &Path, own: &Path) {
    let Ok(now) = fs::metadata(own.join(ALIVE)) else { return };
    for entry in fs::read_dir(meeting).into_iter().flatten().flatten() {
        let alive = fs::metadata(entry.path().join(ALIVE)).or_else(|_| entry.metadata());
        if alive.is_ok_and(|alive| now.mtime() - alive.mtime() > OLD) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
