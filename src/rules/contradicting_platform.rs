//! `contradicting-platform`: a platform other than that of the base stage.
//!
//! The files of the base are for its platform: its programs do not run on another one, and an image
//! that contains them would declare the wrong platform.

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::id::IdVec;
use crate::plan::{Origin, StageId};
use crate::spec::{Stage, Template};

/// The platform of a stage's files, as written.
#[derive(Clone, Copy, PartialEq)]
enum Written<'s> {
    /// There are no platform-specific files, or the platform is unknown.
    Any,
    /// The value of an arg.
    Name(&'s str),
    /// A platform.
    Literal(&'s str),
}

/// The default platform of a stage.
const TARGET: Written<'static> = Written::Name("TARGETPLATFORM");

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    let mut written: IdVec<StageId, Written<'_>> = IdVec::default();
    for (at, selected) in subject.stages() {
        let stage = &selected.stage.value;
        let own = stage.platform.as_ref().map(Written::new);
        let base = subject.base(at);
        let below = match base {
            Origin::Stage(base) => written[base],
            Origin::Image(_) => of_image(stage).or(own).unwrap_or(TARGET),
            Origin::Context | Origin::Scratch | Origin::Named(_) => Written::Any,
        };
        written.push(match below {
            // Files added to an empty base are for the platform of the stage.
            Written::Any if !stage.steps.is_empty() => own.unwrap_or(Written::Any),
            below => below,
        });
        let (Some(platform), Some(own), Origin::Stage(base)) = (&stage.platform, own, base) else {
            continue;
        };
        if own == below || own == Written::Any || below == Written::Any {
            continue;
        }
        let are_names = matches!((own, below), (Written::Name(_), Written::Name(_)));
        let base_platform = &subject.selection.stages[base].platform;
        if !are_names && selected.platform == *base_platform {
            continue;
        }
        let (name, base) = (subject.name(at), subject.name(base));
        let message = format!("stage `{name}` has a different platform than its base `{base}`");
        diagnostics
            .push(Diagnostic::new(Code::ContradictingPlatform, platform.span, message).hint(
            "start from an image of that platform, and copy the files that you need `from` the other stage",
        ));
    }
}

impl<'s> Written<'s> {
    fn new(template: &'s Template) -> Self {
        match (template.as_name(), template.as_literal()) {
            (Some(name), _) => Written::Name(name),
            (None, Some(text)) => Written::Literal(text),
            (None, None) => Written::Any,
        }
    }
}

/// The explicit platform of a base image.
fn of_image(stage: &Stage) -> Option<Written<'_>> {
    crate::spec::first_of(&stage.from).platform().map(Written::new)
}
