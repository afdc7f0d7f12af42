//! The frontend's own program in a container, which reads and fills caches.
#![expect(clippy::disallowed_methods, reason = "files are copied")]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::meeting;
use crate::gateway::copier::{Source, Tree, mebibytes, remove_entries, set_times, size};
use crate::lower::WAIT;

/// Copies a cache to a new directory.
pub(super) const EXPORT: &str = "export-cache";
/// Writes the size of a cache to a file.
pub(super) const MEASURE: &str = "measure-cache";
/// Writes a file if a cache is new.
pub(super) const CHECK: &str = "check-cache";
/// Fills a new cache.
pub(super) const FILL: &str = "fill-cache";
/// Like [`FILL`], for files that have lost their owners: they get the owner of the cache.
pub(super) const FILL_OWNED: &str = "fill-cache-of-owner";

/// The directory of a cache in which files are copied until all are there. If it exists and nothing
/// fills the cache, an import was cut short.
const UNFINISHED: &str = ".mstage-unfinished";

/// True if the program was started to read or fill caches, and not to answer a client.
pub(in crate::gateway) fn is_asked_for(args: &[OsString]) -> bool {
    let verbs = [EXPORT, MEASURE, CHECK, FILL, FILL_OWNED, WAIT, meeting::SERVE];
    args.first().is_some_and(|arg| verbs.iter().any(|verb| arg == verb))
}

/// Reads or fills a cache. Returns a line for each file that is left out.
pub(in crate::gateway) fn work(args: &[OsString]) -> Result<Vec<String>, String> {
    let paths: Vec<&OsStr> = args.iter().map(|arg| &**arg).collect();
    match paths[..] {
        [verb, name, from, to] if verb == EXPORT => {
            export(&name.to_string_lossy(), Path::new(from), Path::new(to))
        }
        [verb, name, from, to] if verb == MEASURE => {
            let written = fs::write(to, size(Path::new(from)).to_string());
            written.map_err(|err| format!("cannot measure {}: {err}", name.display()))?;
            Ok(Vec::new())
        }
        [verb, name, cache, to] if verb == CHECK => {
            let checked = is_new(Path::new(cache))
                .and_then(|is_new| if is_new { fs::write(to, "") } else { Ok(()) });
            checked.map_err(|err| format!("cannot read {}: {err}", name.display()))?;
            Ok(Vec::new())
        }
        [verb, name, from, cache] if verb == FILL || verb == FILL_OWNED => {
            let keeps_owners = verb == FILL;
            fill(&name.to_string_lossy(), Path::new(from), Path::new(cache), keeps_owners)
        }
        [verb, directory, ..] if verb == WAIT => meeting::wait(Path::new(directory)),
        [verb, directory, build] if verb == meeting::SERVE => {
            let served = meeting::serve(Path::new(directory), build);
            served.map(|()| Vec::new()).map_err(|err| err.to_string())
        }
        _ => Err("unexpected arguments".to_owned()),
    }
}

/// Copies a cache, which other builds may use at the same time.
fn export(name: &str, from: &Path, to: &Path) -> Result<Vec<String>, String> {
    let mut tree = Tree::new(Source::InUse);
    if let Err(err) = tree.copy_directory(from, to) {
        remove_entries(to);
        return Err(failure("export", name, from, &err));
    }
    Ok(tree.into_notes(name))
}

/// True if nothing has used a cache yet, apart from an import that was cut short.
fn is_new(cache: &Path) -> Result<bool, Error> {
    for entry in fs::read_dir(cache)? {
        if entry?.file_name() != UNFINISHED {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Fills a cache if it is new. All files appear at once, so that no build takes a file for whole
/// that is not. Another build may fill or use the cache at the same time.
fn fill(name: &str, from: &Path, cache: &Path, keeps_owners: bool) -> Result<Vec<String>, String> {
    let unfinished = cache.join(UNFINISHED);
    let filled = || {
        // Held until the process ends. Not all file systems have locks.
        let lock = File::open(cache)?;
        let _ = flock(&lock, FlockOperation::LockExclusive);
        let source = fs::symlink_metadata(from)?;
        if !source.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        let _ = fs::remove_dir_all(&unfinished);
        if !is_new(cache)? {
            return Ok(Vec::new());
        }
        fs::create_dir(&unfinished)?;
        let owner = fs::symlink_metadata(cache)?;
        let owner = (!keeps_owners).then_some((owner.uid(), owner.gid()));
        let mut tree = Tree::new(Source::Stays).owned_by(owner);
        let copied = tree.copy(from, &unfinished).and_then(|()| {
            // A build that does not import may have begun to use it.
            if is_new(cache)? { publish(&unfinished, cache, &source) } else { Ok(()) }
        });
        // An engine with a full disk cannot remove the files of a failed step itself.
        let _ = fs::remove_dir_all(&unfinished);
        copied.map(|()| tree.into_notes(name))
    };
    filled().map_err(|err: Error| failure("import", name, from, &err))
}

/// Moves the files of a finished import into their cache.
fn publish(unfinished: &Path, cache: &Path, source: &Metadata) -> Result<(), Error> {
    for entry in fs::read_dir(unfinished)? {
        let entry = entry?;
        fs::rename(entry.path(), cache.join(entry.file_name()))?;
    }
    fs::remove_dir(unfinished)?;
    set_times(cache, source)
}

fn failure(verb: &str, name: &str, from: &Path, err: &Error) -> String {
    match err.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => format!(
            "cannot {verb} {name}: {err}\n  help: it takes another {} on the engine's disk: free space with `docker buildx prune`",
            mebibytes(size(from))
        ),
        _ => format!("cannot {verb} {name}: {err}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&OsStr]) -> Result<Vec<String>, String> {
        let args: Vec<OsString> = args.iter().map(|&arg| arg.to_owned()).collect();
        assert!(is_asked_for(&args));
        work(&args)
    }

    /// Exported and imported, a cache is what it was, also after an import that was cut short.
    #[test]
    fn there_and_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir_all(path("cache/d")).unwrap();
        fs::write(path("cache/d/file"), "text").unwrap();
        fs::hard_link(path("cache/d/file"), path("cache/link")).unwrap();
        fs::create_dir_all(path("new").join(UNFINISHED)).unwrap();
        fs::write(path("new").join(UNFINISHED).join("half"), "").unwrap();
        let (cache, out, new) = (path("cache"), path("out"), path("new"));
        let name = OsStr::new("the cache `c`");
        assert_eq!(run(&[EXPORT.as_ref(), name, cache.as_ref(), out.as_ref()]), Ok(vec![]));
        assert_eq!(run(&[CHECK.as_ref(), name, new.as_ref(), path("is-new").as_ref()]), Ok(vec![]));
        assert!(path("is-new").exists());
        for verb in [FILL, FILL_OWNED] {
            assert_eq!(run(&[verb.as_ref(), name, out.as_ref(), new.as_ref()]), Ok(vec![]));
            assert_eq!(fs::read_to_string(path("new/link")).unwrap(), "text");
            assert_eq!(fs::metadata(path("new/d/file")).unwrap().nlink(), 2);
            assert_eq!(fs::read_dir(&new).unwrap().count(), 2);
        }
        let time = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
        assert_eq!(time(&new), time(&cache));
        assert_eq!(time(&new.join("d")), time(&cache.join("d")));
        assert_eq!(run(&[CHECK.as_ref(), name, new.as_ref(), path("no").as_ref()]), Ok(vec![]));
        assert!(!path("no").exists());
    }

    /// Builds that import at the same time fill a cache once.
    #[test]
    fn a_cache_is_filled_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for number in 0..40 {
            fs::create_dir_all(path("from").join(format!("{number}/d"))).unwrap();
            fs::write(path("from").join(format!("{number}/d/file")), "text").unwrap();
        }
        for round in 0..3 {
            let cache = path(&format!("cache{round}"));
            fs::create_dir(&cache).unwrap();
            let args = [FILL.into(), "c".into(), path("from").into(), cache.clone().into()];
            std::thread::scope(|scope| {
                let fills: Vec<_> = (0..4).map(|_| scope.spawn(|| work(&args))).collect();
                for fill in fills {
                    assert_eq!(fill.join().unwrap(), Ok(vec![]));
                }
            });
            assert_eq!(fs::read_dir(&cache).unwrap().count(), 40);
            assert_eq!(fs::read_to_string(cache.join("39/d/file")).unwrap(), "text");
        }
    }

    /// A cache that a build uses although an import of it was cut short is not emptied.
    #[test]
    fn remains_of_an_import_do_not_make_a_cache_new() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir(path("from")).unwrap();
        fs::create_dir_all(path("cache").join(UNFINISHED)).unwrap();
        fs::write(path("cache/file"), "used").unwrap();
        let args = [CHECK.into(), "c".into(), path("cache").into(), path("is-new").into()];
        assert_eq!(work(&args), Ok(vec![]));
        assert!(!path("is-new").exists());
        let args = [FILL.into(), "c".into(), path("from").into(), path("cache").into()];
        assert_eq!(work(&args), Ok(vec![]));
        assert_eq!(fs::read_to_string(path("cache/file")).unwrap(), "used");
        assert_eq!(fs::read_dir(path("cache")).unwrap().count(), 1);
    }

    /// A link in a source cannot lead to files outside it.
    #[test]
    fn a_link_is_no_source() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir_all(path("outside/d")).unwrap();
        fs::create_dir(path("cache")).unwrap();
        std::os::unix::fs::symlink("outside", path("from")).unwrap();
        let args = [FILL.into(), "c".into(), path("from").into(), path("cache").into()];
        assert!(work(&args).unwrap_err().contains("cannot import c: "));
        assert_eq!(fs::read_dir(path("cache")).unwrap().count(), 0);
    }

    /// A cache that has been used is not touched.
    #[test]
    fn only_new_caches_are_filled() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for name in ["from", "cache"] {
            fs::create_dir(path(name)).unwrap();
            fs::write(path(name).join("file"), name).unwrap();
        }
        let args = [FILL.into(), "c".into(), path("from").into(), path("cache").into()];
        assert_eq!(work(&args), Ok(vec![]));
        assert_eq!(fs::read_to_string(path("cache/file")).unwrap(), "cache");
        let failed =
            [FILL.into(), "the cache `c`".into(), path("none").into(), path("none").into()];
        assert!(work(&failed).unwrap_err().starts_with("cannot import the cache `c`: "));
    }
}
