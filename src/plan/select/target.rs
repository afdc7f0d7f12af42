//! The target: the stage that the client requests, or the default.

use super::candidates::Candidates;
use super::declared::DeclaredId;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Known, Reported, suggesting};
use crate::plan::request::{REPORT_SUFFIX, Request, report_of, stage_of};
use crate::plan::scope::Scope;
use crate::spec::{From, Spec, StageName, Template};

/// The stage that is built without `--target`, if that is clear.
pub fn default_target<'s>(
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<&'s StageName> {
    let scope = Scope::unreported(spec, request);
    let stages = Candidates::new(spec, &scope, request);
    match find_default(spec, &stages, diagnostics) {
        Ok(at) => Some(stages.stage(at).name),
        // An unclear default is an error only for builds.
        Err(NoDefault::Problem(problem)) if problem.code != Code::NoDefaultTarget => {
            diagnostics.push(problem);
            None
        }
        Err(NoDefault::Problem(_) | NoDefault::Reported(_)) => None,
    }
}

/// The stage to build: the requested one, or the default.
pub(super) fn find_target(
    spec: &Spec,
    request: &Request,
    stages: &Candidates<'_>,
    diagnostics: &mut Diagnostics,
) -> Result<DeclaredId, Reported> {
    let (found, place) = match request.planned_target() {
        None => {
            let place = spec.default.as_ref().map(|default| default.span);
            match find_default(spec, stages, diagnostics) {
                Ok(default) => (default, place),
                Err(NoDefault::Reported(reported)) => return Err(reported),
                Err(NoDefault::Problem(problem)) => return diagnostics.error(problem),
            }
        }
        Some(target) => match stages.declared.find(stage_of(target)) {
            Some(found) if !spec.is_hidden(stages.stage(found).name) => {
                check_report(target, found, stages, diagnostics)?;
                (found, None)
            }
            None if let Some(reported) = spec.error_of_unread(stage_of(target)) => {
                return Err(reported);
            }
            _ => return diagnostics.error(unknown(target, spec, stages)),
        },
    };
    match &stages.stage(found).absence {
        None => Ok(found),
        Some(absence) => {
            let name = stages.name(found);
            diagnostics.error(absence.of_stage(Code::UnknownTarget, place, name))
        }
    }
}

/// The error for an unknown target. The client names it, so it has no location in the file.
fn unknown(target: &str, spec: &Spec, stages: &Candidates<'_>) -> Diagnostic {
    let with_report =
        stages.declared.list.iter().filter(|declared| declared.stage.report.is_some());
    let reports: Vec<String> = with_report.map(|declared| report_of(declared.name)).collect();
    let hint = stages.declared.hint(target, reports.iter().map(String::as_str));
    // In the words of the Dockerfile frontend, which people search for.
    let message = format!("target stage \"{target}\" could not be found");
    let names = spec.shown_stages().chain(reports.iter().map(String::as_str));
    match suggesting(&message, target, names) {
        Some(message) => Diagnostic::without_place(Code::UnknownTarget, message),
        None => Diagnostic::without_place(Code::UnknownTarget, message).maybe_hint(hint),
    }
}

/// The reason why there is no default stage.
pub(super) enum NoDefault {
    /// An error, to be reported if the default is needed.
    Problem(Diagnostic),
    /// An error that was reported.
    Reported(Reported),
}

/// The stage to build if none is requested: the file's default, or the only one that nothing needs.
pub(super) fn find_default(
    spec: &Spec,
    stages: &Candidates<'_>,
    diagnostics: &Diagnostics,
) -> Result<DeclaredId, NoDefault> {
    if let Some(name) = &spec.default {
        return match stages.declared.find(name) {
            Some(found) => Ok(found),
            None if let Some(reported) = spec.error_of_unread(name) => {
                Err(NoDefault::Reported(reported))
            }
            None => {
                let problem = stages.declared.unknown(Code::UnknownTarget, name.span, name);
                Err(NoDefault::Problem(problem))
            }
        };
    }
    // Included stages exist to be used by others. Only a file without stages of its own is
    // about its includes.
    let mut candidates = stages.not_needed();
    if candidates.iter().any(|&at| spec.is_own(stages.stage(at).stage.span)) {
        candidates.retain(|&at| spec.is_own(stages.stage(at).stage.span));
    }
    let computed = stages.declared.list.iter().find_map(|declared| {
        let mut computed: Option<&Template> = None;
        declared.stage.visit_froms(&mut |from| match &from.value {
            From::Name(name) | From::Stage(name) if name.is_open_name() => {
                computed.get_or_insert(name);
            }
            _ => {}
        });
        computed
    });
    let all: Vec<DeclaredId> = stages.list.ids().collect();
    let diagnostic = match (&candidates[..], computed) {
        (&[only], None) => return Ok(only),
        (&[only], _) if stages.list.len() == 1 => return Ok(only),
        (_, Some(computed)) => Diagnostic::new(
            Code::NoDefaultTarget,
            computed.span,
            "the default target is ambiguous: a `from` is computed",
        )
        .hint(format!(
            "choose one of {}: set `default = \"...\"` at the top of the file",
            names(&all, stages)
        )),
        // The part that could not be read may set the default, or refer to all but one.
        _ if let Err(reported) = spec.whole() => return Err(NoDefault::Reported(reported)),
        // Every stage is needed by another: the cycle has been reported.
        (&[], None) if let Err(reported) = diagnostics.no_errors() => {
            return Err(NoDefault::Reported(reported));
        }
        (&[], None) => Diagnostic::without_place(
            Code::NoDefaultTarget,
            "there is no default target: every stage is needed or required by another",
        )
        .hint("set `default = \"...\"` at the top of the file, or pass --target"),
        (several, None) => Diagnostic::without_place(
            Code::NoDefaultTarget,
            format!("the default target is ambiguous: no stage needs {}", names(several, stages)),
        )
        .hint("set `default = \"...\"` at the top of the file, or pass --target"),
    };
    Err(NoDefault::Problem(diagnostic))
}

fn names(places: &[DeclaredId], stages: &Candidates<'_>) -> String {
    Known::new(places.iter().map(|&at| stages.name(at))).list()
}

/// Reports a target that is the report of a stage without one.
fn check_report(
    target: &str,
    at: DeclaredId,
    stages: &Candidates<'_>,
    diagnostics: &mut Diagnostics,
) -> Result<(), Reported> {
    let Some(name) = target.strip_suffix(REPORT_SUFFIX) else { return Ok(()) };
    let stage = stages.stage(at).stage;
    let problem = if stages.list[at].replaced {
        Diagnostic::without_place(
            Code::UnknownTarget,
            format!("there is no target `{target}`: a build context replaces the stage `{name}`"),
        )
        .hint(format!("remove `--build-context {name}=...` to run its steps"))
    } else if stage.report.is_none() {
        // The part that could not be read may declare it.
        stages.declared.whole?;
        Diagnostic::new(
            Code::UnknownTarget,
            stage.span,
            format!("there is no target `{target}`: the stage `{name}` has no report"),
        )
        .hint("set `report = \"/path\"` in the stage to the directory to export")
    } else {
        return Ok(());
    };
    diagnostics.error(problem)
}
