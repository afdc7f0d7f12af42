//! `unreached-stage`: a stage that nothing needs, that is not the default and that has no
//! description.
//!
//! Any stage may be intended for `--target`. Such a stage has a `description`, which
//! `--call=targets` shows, or a `report`. Without a `default`, every stage that nothing needs is a
//! target of the file. A stage of an included file may be needed by other builds.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{From, Spec, Template};

/// Maximum number of different computed names to compare with each stage.
const MAX_COMPUTED: usize = 100;

pub(super) fn check(spec: &Spec, diagnostics: &mut Diagnostics) {
    let Some(default) = &spec.default else { return };
    if !spec.stages.contains_key(default.value.as_str()) {
        return;
    }
    let mut needed: BTreeSet<&str> = BTreeSet::from([default.value.as_str()]);
    let mut computed: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (own, stage) in &spec.stages {
        needed.extend(stage.requires.iter().map(|name| name.as_str()));
        stage.visit_froms(&mut |from| match (&from.value, from.template().as_literal()) {
            (
                From::Image { .. } | From::Source(_) | From::Context(_) | From::Dockerfile { .. },
                _,
            ) => {}
            // A stage's own name means the image.
            (From::Name(_), Some(name)) if name == own.as_str() => {}
            (_, Some(name)) => {
                needed.insert(name);
            }
            (_, None) => {
                let template = from.template();
                if template.is_open_name() && !names_no_stage(template, spec) {
                    computed.insert(template.ends());
                }
            }
        });
    }
    // With so many computed names, any stage may be meant.
    if computed.len() > MAX_COMPUTED {
        return;
    }
    for (name, stage) in spec.stages.iter().filter(|(_, stage)| spec.is_own(stage.span)) {
        let text = name.as_str();
        let may_be = |&(start, end): &(&str, &str)| {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        };
        let is_target = stage.description.is_some() || stage.report.is_some();
        if is_target || needed.contains(text) || computed.iter().any(may_be) {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                Code::UnreachedStage,
                stage.span,
                format!("stage `{name}` is never used: the default target is `{}`", default.value),
            )
            .hint("remove it, or give it a `description`, which --call=targets shows")
            .about(text),
        );
    }
}

/// True if a computed `from` is certainly an image: an arg or a constant that contains one.
fn names_no_stage(template: &Template, spec: &Spec) -> bool {
    let value = template.as_name().and_then(|name| {
        let arg = spec.args.0.get(name).and_then(|arg| arg.default.as_ref());
        arg.or(spec.vars.0.get(name).map(|var| &var.0))
    });
    // No stage has such a name.
    value.is_some_and(|value| {
        let (start, end) = value.ends();
        [start, end].iter().any(|text| text.contains([':', '/', '.', '@']))
    })
}
