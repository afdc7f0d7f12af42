//! The meeting of steps that wait for their caches with the frontend that fills these.
//!
//! Both sides are this frontend's own program in containers, with one cache directory between them:
//! an op of the graph cannot call the frontend. Each build has a directory in it, with these files:
//! `alive`, whose time changes as long as the frontend is there; `asked`, once a step waits;
//! `filled`, once the caches are filled.
//!
//! Any build of the engine can mount this cache and write there, as into every cache. So no file is
//! opened that exists, which could block, and none is followed.
#![expect(clippy::disallowed_methods, reason = "processes meet in a directory")]

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Result, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};

/// Answers the steps of a build.
pub(super) const SERVE: &str = "serve-caches";

/// The line that tells the frontend that a step waits.
pub(super) const ASKED: &str = "asked";
/// The line with which the frontend answers.
pub(super) const FILLED: &str = "filled";

/// The variable with the name of the build.
const BUILD: &str = "no_proxy";

/// The file whose time changes as long as the frontend is there.
const ALIVE: &str = "alive";

/// The time between two looks.
const PAUSE: Duration = Duration::from_millis(25);

/// The number of looks between two changes of `alive`.
const BEAT: u32 = 40;

/// The number of looks without a change of `alive` after which the frontend is gone: a minute.
const GONE: u32 = 2_400;

/// The age in seconds of directories that are removed: their builds are over.
const OLD: i64 = 24 * 60 * 60;

/// Waits until the caches of a step are filled, or nobody is there to fill them. Another build of
/// the same step may have been cancelled while this one joined it.
pub(super) fn wait(meeting: &Path) -> std::result::Result<Vec<String>, String> {
    let build: OsString = std::env::var_os(BUILD).unwrap_or_default();
    match build.is_empty() {
        true => Ok(Vec::new()),
        false => wait_in(&meeting.join(build)),
    }
}

/// Waits in the directory of a build.
fn wait_in(own: &Path) -> std::result::Result<Vec<String>, String> {
    let asked = || -> Result<()> {
        fs::create_dir_all(own)?;
        create(&own.join(ASKED))
    };
    asked().map_err(|err| format!("cannot ask for caches: {err}"))?;
    let mut last = None;
    let mut looks = 0;
    while !exists(&own.join(FILLED)) {
        let alive = fs::symlink_metadata(own.join(ALIVE)).ok();
        let alive = alive.map(|alive| (alive.mtime(), alive.mtime_nsec()));
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
    answer(meeting, build, &mut std::io::stdout())
}

fn answer(meeting: &Path, build: &OsStr, output: &mut impl Write) -> Result<()> {
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
            create(&own.join(ALIVE))?;
            touch(&own.join(ALIVE))?;
        }
        if look == 0 {
            remove_old(meeting, &own);
        }
        if !has_told && exists(&own.join(ASKED)) {
            has_told = true;
            writeln!(output, "{ASKED}")?;
            output.flush()?;
        }
        if FILLED_NOW.load(Ordering::Acquire) {
            create(&own.join(FILLED))?;
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

/// Creates an empty file, unless something with its name exists.
fn create(path: &Path) -> Result<()> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Err(err) if err.kind() != ErrorKind::AlreadyExists => Err(err),
        _ => Ok(()),
    }
}

/// Sets the time of a file to now.
fn touch(path: &Path) -> Result<()> {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let times = Timestamps { last_access: now, last_modification: now };
    Ok(utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Removes what old builds have left, as far as possible. Their age is measured by the time of a new
/// file.
fn remove_old(meeting: &Path, own: &Path) {
    let Ok(now) = fs::symlink_metadata(own.join(ALIVE)) else { return };
    for entry in fs::read_dir(meeting).into_iter().flatten().flatten() {
        let alive = fs::symlink_metadata(entry.path().join(ALIVE)).or_else(|_| entry.metadata());
        if alive.is_ok_and(|alive| now.mtime() - alive.mtime() > OLD) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use rustix::fs::{FileType, Mode, mknodat};

    use super::*;

    fn until(is_done: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_done() {
            assert!(start.elapsed() < Duration::from_secs(20));
            thread::sleep(PAUSE);
        }
    }

    /// A step asks, the frontend is told so, and the step goes on once the caches are filled.
    #[test]
    fn a_step_meets_the_frontend() {
        let meeting = tempfile::tempdir().unwrap();
        let own = meeting.path().join("build");
        let path = meeting.path().to_owned();
        // It ends with the test.
        thread::spawn(move || answer(&path, OsStr::new("build"), &mut Vec::new()));
        until(|| own.join(ALIVE).exists());
        let begun = fs::metadata(own.join(ALIVE)).unwrap().modified().unwrap();
        let waiting = thread::spawn({
            let own = own.clone();
            move || wait_in(&own)
        });
        until(|| own.join(ASKED).exists());
        until(|| fs::metadata(own.join(ALIVE)).unwrap().modified().unwrap() > begun);
        assert!(!waiting.is_finished());
        create(&own.join(FILLED)).unwrap();
        assert_eq!(waiting.join().unwrap(), Ok(vec![]));
    }

    /// Another build can put anything there. A pipe would block whoever opens it.
    #[test]
    fn pipes_in_the_directory_do_not_block() {
        let meeting = tempfile::tempdir().unwrap();
        let own = meeting.path().join("build");
        fs::create_dir(&own).unwrap();
        for name in [ALIVE, ASKED, FILLED] {
            mknodat(CWD, own.join(name), FileType::Fifo, Mode::RWXU, 0).unwrap();
        }
        let path = meeting.path().to_owned();
        let begun = fs::symlink_metadata(own.join(ALIVE)).unwrap().modified().unwrap();
        thread::spawn(move || answer(&path, OsStr::new("build"), &mut Vec::new()));
        let alive = own.join(ALIVE);
        until(|| fs::symlink_metadata(&alive).unwrap().modified().unwrap() > begun);
        let waiting = thread::spawn(move || wait_in(&own));
        until(|| waiting.is_finished());
    }
}
