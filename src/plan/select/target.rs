//! The target: the stage that the client requests, or the default.

use std::collections::BTreeSet;

use super::{Stages, report};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Known, suggesting};
use crate::plan::request::Request;
use crate::plan::scope::Scope;
use crate::spec::{From, Spec, StageName, Template};

/// The stage that is built without `--target`, if that is clear.
pub fn default_target<'s>(
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<&'s StageName> {
    let scope = Scope::new(spec, request, &mut Diagnostics::default());
    let stages = Stages::new(spec, &scope, request);
    let mut found = Diagnostics::default();
    let default = find_default(spec, &stages, &mut found);
    // An unclear default is an error only for builds.
    diagnostics.absorb(found, |problem| problem.code != Code::NoDefaultTarget);
    default.map(|at| stages.named.list[at].0)
}

/// The stage to build: the requested one, or the default.
pub(super) fn find_target(
    spec: &Spec,
    request: &Request,
    stages: &Stages<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<usize> {
    let (found, place) = match request.planned_target() {
        None => {
            let place = spec.default.as_ref().map(|default| default.span);
            (find_default(spec, stages, diagnostics)?, place)
        }
        Some(target) => match stages.named.find(report::stage_of(target)) {
            Some(found) => {
                report::check(target, found, stages, diagnostics)?;
                (found, None)
            }
            None if spec.is_unread(report::stage_of(target)) => return None,
            None => return diagnostics.fail(unknown(target, stages)),
        },
    };
    match &stages.presence.absent[found] {
        None => Some(found),
        Some(absence) => {
            let name = stages.named.list[found].0.as_str();
            diagnostics.fail(absence.of_stage(Code::UnknownTarget, place, name))
        }
    }
}

/// The error for an unknown target. The client names it, so it has no location in the file.
fn unknown(target: &str, stages: &Stages<'_>) -> Diagnostic {
    let with_report = stages.named.list.iter().filter(|(_, stage)| stage.report.is_some());
    let reports: Vec<String> = with_report.map(|(name, _)| report::report_of(name)).collect();
    let hint = stages.named.hint(target, reports.iter().map(String::as_str));
    // In the words of the Dockerfile frontend, which people search for.
    let message = format!("target stage \"{target}\" could not be found");
    let names = stages.named.list.iter().map(|(name, _)| name.as_str());
    let names = names.chain(reports.iter().map(String::as_str));
    match suggesting(&message, target, names) {
        Some(message) => Diagnostic::without_place(Code::UnknownTarget, message),
        None => Diagnostic::without_place(Code::UnknownTarget, message).maybe_hint(hint),
    }
}

/// The stage to build if none is requested: the file's default, or the only one that nothing needs.
pub(super) fn find_default(
    spec: &Spec,
    stages: &Stages<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<usize> {
    if let Some(name) = &spec.default {
        let found = stages.named.find(name);
        if spec.is_unread(name) {
            return found;
        }
        return found.or_else(|| {
            diagnostics.fail(stages.named.unknown(Code::UnknownTarget, name.span, name))
        });
    }
    // Included stages are there to be used by others. Only a file without stages of its own is
    // about its includes.
    let mut candidates = stages.not_needed();
    if candidates.iter().any(|&at| spec.is_own(stages.named.list[at].1.span)) {
        candidates.retain(|&at| spec.is_own(stages.named.list[at].1.span));
    }
    let computed = stages.named.list.iter().find_map(|(_, stage)| {
        let mut computed: Option<&Template> = None;
        stage.visit_froms(&mut |from| match &from.value {
            From::Name(name) | From::Stage(name) if name.is_open_name() => {
                computed.get_or_insert(name);
            }
            _ => {}
        });
        computed
    });
    let names = |places: &[usize]| {
        Known::new(places.iter().map(|&at| stages.named.list[at].0.as_str())).list()
    };
    let all: Vec<usize> = (0..stages.named.list.len()).collect();
    let diagnostic = match (&candidates[..], computed) {
        (&[only], None) => return Some(only),
        (&[only], _) if stages.named.list.len() == 1 => return Some(only),
        (_, Some(computed)) => Diagnostic::new(
            Code::NoDefaultTarget,
            computed.span,
            "the default target does not show where a `from` is computed",
        )
        .hint(format!(
            "say which of {} it is: default = \"...\" at the top of the file",
            names(&all)
        )),
        // The part that could not be read may set the default, or refer to all but one.
        _ if !spec.is_whole() => return None,
        // Every stage is needed by another: the cycle has been reported.
        (&[], None) if diagnostics.has_errors() => return None,
        (&[], None) => Diagnostic::without_place(
            Code::NoDefaultTarget,
            "the default target is not clear: another stage needs or requires each",
        )
        .hint("say which it is: default = \"...\" at the top of the file, or --target"),
        (several, None) => Diagnostic::without_place(
            Code::NoDefaultTarget,
            format!("the default target is not clear: no stage needs {}", names(several)),
        )
        .hint("say which it is: default = \"...\" at the top of the file, or --target"),
    };
    diagnostics.fail(diagnostic)
}

impl Stages<'_> {
    /// The stages that no other stage needs or requires, ignoring conditions: the default target
    /// must not depend on the values of args. A test that is based on the tested stage does not
    /// make that stage part of the test.
    pub(super) fn not_needed(&self) -> Vec<usize> {
        let mut not_needed = vec![true; self.named.list.len()];
        for needed in self.presence.needed_elsewhere(&self.named) {
            not_needed[needed] = false;
        }
        let gates = (0..)
            .zip(&self.requires)
            .flat_map(|(of, gates)| gates.iter().map(move |gate| (of, gate.stage)));
        let tests: BTreeSet<(usize, usize)> = gates.collect();
        for at in 0..self.named.list.len() {
            let is_test_of = |&of: &usize| tests.contains(&(of, at));
            for needed in self.needs(at).into_iter().filter(|needed| !is_test_of(needed)) {
                not_needed[needed] = false;
            }
            for gate in &self.requires[at] {
                not_needed[gate.stage] = false;
            }
        }
        (0..not_needed.len()).filter(|&at| not_needed[at]).collect()
    }
}
