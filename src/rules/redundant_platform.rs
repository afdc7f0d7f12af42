//! `redundant-platform`: a platform that equals the default of a stage or an image.
//!
//! A stage without `platform` has the target's, unless it is based on a stage that sets one; and an
//! image that is only copied from always has the target's. Follows `RedundantTargetPlatform` of
//! Dockerfiles.

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::Origin;
use crate::spec::Template;

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    // True if a stage, or a stage below it, sets a platform.
    let has_platform = subject.inherited(|stage, base: Result<&bool, Origin>| {
        stage.platform.is_some() || base.is_ok_and(|&below| below)
    });
    // Those that set the platform of a stage or an image, and not only replace an inherited one.
    let mut platforms: Vec<&Template> = Vec::new();
    for (at, selected) in subject.stages() {
        let stage = &selected.stage.value;
        let below = match subject.base(at) {
            Origin::Stage(base) => has_platform[base],
            Origin::Context | Origin::Scratch | Origin::Image(_) | Origin::Named(_) => false,
        };
        if !below {
            platforms.extend(&stage.platform);
        }
        stage.visit_froms(&mut |from| {
            let is_base = from.span == stage.from.span;
            if !(is_base && has_platform[at]) {
                platforms.extend(from.platform());
            }
        });
    }
    for template in platforms {
        if template.as_name() == Some("TARGETPLATFORM") {
            diagnostics.push(
                Diagnostic::new(
                    Code::RedundantPlatform,
                    template.span,
                    "redundant `platform`: the target platform is the default",
                )
                .hint("remove it"),
            );
        }
    }
}
