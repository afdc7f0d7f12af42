//! Lock files.

use std::collections::BTreeMap;

use mstage::diagnostic::Diagnostics;
use mstage::lock::{Entry, Line, Lock, Upstream, parse, render};
use mstage::source::{SourceFile, SourceMap};

use super::compile::check_diagnostics;

/// Parses a lock file. One without errors must be the same after it is written and read again.
pub fn lock_file(data: &[u8]) {
    let Some(lock) = read(data.to_vec()) else { return };
    let lines = lines(&lock);
    let text = render("mstage.toml", &lines, &[]);
    let again = read(text.clone().into_bytes());
    let again = again.unwrap_or_else(|| panic!("the written lock file has errors:\n{text}"));
    let lines_again = self::lines(&again);
    assert_eq!(lines, lines_again, "the written lock file has other entries:\n{text}");
    assert_eq!(text, render("mstage.toml", &lines_again, &[]));
}

fn read(bytes: Vec<u8>) -> Option<Lock> {
    let files = SourceMap::new(SourceFile::new("mstage.lock", bytes));
    let mut diagnostics = Diagnostics::default();
    let lock = parse(files.main(), &mut diagnostics);
    check_diagnostics(&diagnostics, &files);
    assert_eq!(lock.is_none(), diagnostics.has_errors());
    lock
}

fn lines(lock: &Lock) -> BTreeMap<Upstream, Line> {
    let line = |entry: &Entry| Line { pin: Some(entry.pin.clone()), remark: None };
    lock.entries().iter().map(|(upstream, entry)| (upstream.clone(), line(entry))).collect()
}
