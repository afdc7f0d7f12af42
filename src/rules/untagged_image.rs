//! `untagged-image`: an image without a tag or a digest.
//!
//! It is whatever `latest` happens to be on the day of the build. Names similar to that of a stage
//! are reported by another rule.

use std::collections::BTreeSet;

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::{ImageQuery, Origin};
use crate::spec::{From, Input};

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    // The client chooses the image of a named build context; others are pinned to a digest, here or
    // in a lock file.
    let may_be_latest = subject.selection.images.map(may_be_latest);
    if !may_be_latest.iter().any(|&may_be| may_be) {
        return;
    }
    let near_stages = diagnostics.places(Code::NearStageName);
    let mut told = BTreeSet::new();
    for (_, selected) in subject.stages() {
        if selected.replaced {
            continue;
        }
        selected.stage.visit_froms(&mut |from| {
            let Origin::Image(at) = subject.selection.origins.of(from) else { return };
            if !may_be_latest[at] {
                return;
            }
            // Their values were checked when the stages were selected.
            let scope = &subject.selection.scope;
            let Ok(mut text) = scope.value(from.template()) else { return };
            let mut place = from.span;
            let source = subject.selection.spec.sources.get(text.as_str());
            let may_be_source = matches!(from.value, From::Name(_) | From::Source(_));
            if let (Some(Input::Image { reference, .. }), true) =
                (source.map(|source| &source.value), may_be_source)
            {
                let Ok(of_source) = scope.value(reference) else { return };
                (text, place) = (of_source, reference.span);
            }
            let name = text.rsplit('/').next().unwrap_or(&text);
            let tagged = name.contains([':', '@']);
            if !tagged && !near_stages.contains(&place) && told.insert(text.clone()) {
                diagnostics.push(
                    Diagnostic::new(
                        Code::UntaggedImage,
                        place,
                        format!(
                            "`{text}` has no tag, so it means `{text}:latest`, which changes over time"
                        ),
                    )
                    .hint("add a version: \"NAME:VERSION\""),
                );
            }
        });
    }
}

fn may_be_latest(image: &ImageQuery) -> bool {
    let reference = &image.reference;
    image.context.is_none() && reference.digest().is_none() && reference.tag() == Some("latest")
}
