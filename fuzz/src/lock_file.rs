//! Lock files.

use std::collections::BTreeMap;

use mstage::diagnostic::Diagnostics;
use mstage::lock::{Entry, FrontendLine, Line, Lock, Upstream, parse, render};
use mstage::source::{SourceFile, SourceMap};

use super::compile::check_diagnostics;

/// Parses a lock file. One without errors must be the same after it is written and read again.
pub fn lock_file(data: &[u8]) {
    let Some(lock) = read(data.to_vec()) else { return };
    let (frontend, lines) = (frontend(&lock), lines(&lock));
    let text = render("mstage.toml", frontend.as_ref(), &lines, &[]);
    let again = read(text.clone().into_bytes());
    let again = again.unwrap_or_else(|| panic!("the written lock file has errors:\n{text}"));
    let (frontend_again, lines_again) = (self::frontend(&again), self::lines(&again));
    assert_eq!(frontend, frontend_again, "the written lock file has another frontend:\n{text}");
    assert_eq!(lines, lines_again, "the written lock file has other entries:\n{text}");
    assert_eq!(text, render("mstage.toml", frontend_again.as_ref(), &lines_again, &[]));
}

fn read(bytes: Vec<u8>) -> Option<Lock> {
    let files = SourceMap::new(SourceFile::new("mstage.lock", bytes));
    let mut diagnostics = Diagnostics::default();
    let lock = parse(files.main(), &mut diagnostics);
    check_diagnostics(&diagnostics, &files);
    assert_eq!(lock.is_err(), diagnostics.has_errors());
    lock.ok()
}

fn frontend(lock: &Lock) -> Option<FrontendLine> {
    let recorded = lock.frontend()?;
    Some(FrontendLine { image: recorded.image.clone(), line: line(&recorded.entry) })
}

fn lines(lock: &Lock) -> BTreeMap<Upstream, Line> {
    lock.entries().iter().map(|(upstream, entry)| (upstream.clone(), line(entry))).collect()
}

fn line(entry: &Entry) -> Line {
    Line { pin: Some(entry.pin.clone()), remark: None }
}
