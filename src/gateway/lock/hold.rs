//! Reads the lock file of a build, and pins the build's references to it.

use crate::diagnostic::Diagnostics;
use crate::gateway::options::Options;
use crate::lock::parse;
use crate::rules;
use crate::source::{SourceFile, SourceMap};
use crate::spec::Spec;

/// The options of a build with the pins of its lock file, if there is one; the lock file is added
/// to the build's files. `None` means that the diagnostics contain errors, and that nothing more
/// can be found.
pub(in crate::gateway) fn hold(
    options: &Options,
    lock: Option<SourceFile>,
    spec: Option<Spec>,
    files: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> (Options, Option<Spec>) {
    let has_file = lock.is_some();
    let lock = lock.and_then(|file| parse(files.add(file), diagnostics));
    let spec = spec.filter(|_| lock.is_some() || !has_file);
    if let (Some(lock), Some(spec)) = (&lock, spec.as_ref().filter(|spec| spec.is_whole())) {
        rules::check_lock(lock, spec, diagnostics);
    }
    let mut options = options.clone();
    options.request.hold_to(lock, diagnostics);
    (options, spec)
}
