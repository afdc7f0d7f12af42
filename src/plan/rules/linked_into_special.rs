//! `linked-into-special`: linked files in a directory that is a link, or a special one, in most images.
//!
//! A linked layer is made without a look at what is below. A directory of it replaces a symbolic link of
//! that name: a linked copy to `/bin/app` leaves a `/bin` with nothing else in it. And it has the mode of
//! any other directory, where `/tmp` must be writable for all.

use super::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::path::is_within;
use crate::plan::select::Origin;
use crate::plan::{Action, CopyItem};

/// Directories, and what a linked layer does to them.
const SPECIAL: [(&str, Special); 10] = [
    ("/bin", LINK),
    ("/sbin", LINK),
    ("/lib", LINK),
    ("/lib32", LINK),
    ("/lib64", LINK),
    ("/libx32", LINK),
    ("/var/run", LINK),
    ("/var/lock", LINK),
    ("/tmp", MODE),
    ("/var/tmp", MODE),
];

/// What happens, and what to do.
type Special = (&'static str, &'static str);

const LINK: Special = (
    "is a link in many images, which a linked layer replaces by a directory",
    "link = false, or the directory that is meant: /usr/bin, /usr/lib, /run",
);
const MODE: Special = ("is writable for all, which a linked layer ends", "link = false");

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    // Whether there may be such a directory below: not on a stage that began with nothing.
    let on_image = subject.inherited(|_, base: Result<&bool, Origin>| match base {
        Ok(&on_image) => on_image,
        Err(Origin::Image(image)) => subject.plan.images[image].has_layers,
        Err(_) => false,
    });
    for (stage, on_image) in subject.plan.stages.iter().zip(on_image) {
        for step in stage.steps.iter().filter(|step| on_image && step.action.links()) {
            let special = SPECIAL.iter().find(|(directory, _)| {
                step.action.destinations().any(|destination| is_within(destination, directory))
            });
            if let Some((directory, (why, hint))) = special {
                diagnostics.push(
                    Diagnostic::new(
                        Code::LinkedIntoSpecial,
                        step.span,
                        format!("`{directory}` {why}"),
                    )
                    .hint(*hint),
                );
            }
        }
    }
}

impl Action {
    /// Whether it becomes a layer of its own.
    fn links(&self) -> bool {
        match self {
            Action::Copy(copy) => copy.link,
            Action::Fetch(fetch) => fetch.link,
            Action::Git(git) => git.link,
            Action::Unpack(unpack) => unpack.link,
            Action::Write(write) => write.link,
            Action::Exec(_)
            | Action::Mkdir { .. }
            | Action::Remove { .. }
            | Action::Symlink { .. } => false,
        }
    }

    /// Where it puts files: absolute paths, those of directories with a slash at their end.
    pub(super) fn destinations(&self) -> impl Iterator<Item = &str> {
        let (items, other): (&[CopyItem], Option<&str>) = match self {
            Action::Copy(copy) => (&copy.items, None),
            Action::Fetch(fetch) => (&[], Some(&fetch.destination)),
            Action::Git(git) => (&[], Some(&git.destination)),
            Action::Unpack(unpack) => (&[], Some(&unpack.destination)),
            Action::Write(write) => (&[], Some(&write.path)),
            Action::Exec(_)
            | Action::Mkdir { .. }
            | Action::Remove { .. }
            | Action::Symlink { .. } => (&[], None),
        };
        items.iter().map(|item| item.destination.as_str()).chain(other)
    }
}
