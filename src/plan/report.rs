//! The report of a stage: files that are exported even if a step fails.

use super::path::{self, is_within};
use super::planned::Report;
use super::stage_scope::StageScope;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::spec::Template;
use crate::text::Text;

/// The directories that the engine mounts for every process, so that their content is never part of
/// a stage (`withDefaultMounts` in BuildKit's executor/oci/spec.go).
const MOUNTED: [&str; 3] = ["/dev", "/proc", "/sys"];

/// The hint for a report at an invalid path.
pub const REPORT_HINT: &str = "name the directory that the steps write their results to";

/// The reason why an absolute, clean path cannot be a report, if any.
pub fn why_no_report(path: &str) -> Option<String> {
    if path == "/" {
        return Some("the root of the file system cannot be a report".to_owned());
    }
    let mounted = MOUNTED.iter().find(|mounted| is_within(path, mounted))?;
    Some(format!("a report cannot be in `{mounted}`: the engine mounts it anew for each step"))
}

/// The report of a stage whose steps run in `workdir`.
pub(super) fn plan(
    written: &Template,
    workdir: &Text,
    values: &StageScope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Result<Report, Reported> {
    let own = values.expand(written, diagnostics)?;
    let path = path::join(workdir, &own);
    if let Some(why) = why_no_report(&path) {
        if values.hangs_on_lost_workdir(workdir, &own) {
            return Err(diagnostics.told_elsewhere());
        }
        return diagnostics
            .error(Diagnostic::new(Code::InvalidValue, written.span, why).hint(REPORT_HINT));
    }
    Ok(Report { path, span: written.span })
}
