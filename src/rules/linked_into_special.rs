//! `linked-into-special`: linked files in a directory that most images have as a link or with a
//! special mode.
//!
//! A linked layer is made independently of the layers below. If it contains a directory, this
//! replaces a symbolic link with that name: a linked copy to `/bin/app` leaves a `/bin` with
//! nothing else in it. The directory also has the default mode, although `/tmp`, for example, must
//! be writable for all. A tree copied to `/` has the same effect with its directories, which are
//! unknown; and so does an archive, linked or not, since unpacking replaces a link by a directory.

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::id::IdVec;
use crate::path_pattern::is_within;
use crate::plan::Origin;
use crate::plan::{Action, CopyItem, Plan, StageId};
use crate::text::Text;

/// Directories, with the effect of a linked layer on them.
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

/// The effect, and the hint.
type Special = (&'static str, &'static str);

const LINK: Special = (
    "is a symbolic link in many images, and a linked layer replaces it with a directory",
    "set `link = false`, or use the directory it points to: /usr/bin, /usr/lib, /run",
);
const MODE: Special =
    ("is writable for everyone, and a linked layer removes that permission", "set `link = false`");

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    for (stage, on_image) in subject.plan.stages.iter().zip(on_image(subject.plan)) {
        for step in stage.steps.iter().filter(|_| on_image) {
            if let Some((message, hint)) = find(&step.action) {
                diagnostics
                    .push(Diagnostic::new(Code::LinkedIntoSpecial, step.span, message).hint(hint));
            }
        }
    }
}

/// The message about a step, and the hint.
fn find(action: &Action) -> Option<(String, &'static str)> {
    let links = action.is_linked();
    if let Some((directory, (why, hint))) =
        action.ends().filter(|_| links).find_map(|end| special_directory(&end))
    {
        return Some((format!("`{directory}` {why}"), hint));
    }
    let destination = match action {
        Action::Copy(copy) => {
            let tree = copy
                .items
                .iter()
                .find(|item| links && item.may_be_tree() && is_over_special(&item.end()));
            &*tree?.destination
        }
        Action::Git(git) => {
            Some(&*git.destination).filter(|path| links && is_over_special(path))?
        }
        Action::Unpack(unpack) => {
            Some(&*unpack.destination).filter(|path| is_over_special(path))?
        }
        Action::Fetch(fetch) => {
            Some(&*fetch.destination).filter(|path| fetch.extract && is_over_special(path))?
        }
        Action::Exec(_)
        | Action::Write(_)
        | Action::Mkdir { .. }
        | Action::Remove { .. }
        | Action::Symlink { .. } => return None,
    };
    let hint = if matches!(action, Action::Copy(_) | Action::Git(_)) { TREE } else { ARCHIVE };
    let message = format!(
        "copying a tree to `{destination}` can replace `bin` or `lib` with a directory; in many images they are symbolic links"
    );
    Some((message, hint))
}

fn special_directory(destination: &str) -> Option<&'static (&'static str, Special)> {
    SPECIAL.iter().find(|(directory, _)| is_within(destination, directory))
}

/// The hint for a linked tree.
const TREE: &str = "if the tree has such directories, name them usr/bin and usr/lib, or set `link = false`; for a single file, write `to = \"/NAME\"`";
/// The hint for an archive.
const ARCHIVE: &str = "if the archive has such directories, unpack it elsewhere and copy the files to /usr/bin and /usr/lib";

/// True if a directory contains a special one that is a link.
fn is_over_special(directory: &str) -> bool {
    let mut links = SPECIAL.iter().filter(|(_, special)| *special == LINK);
    links.any(|(special, _)| is_within(special, directory))
}

/// True if a tree is copied to a directory that contains links in many images: if the tree has
/// directories with their names, the engine's error needs an explanation.
pub(crate) fn puts_trees_over_links(plan: &Plan) -> bool {
    let stages = plan.stages.iter().zip(on_image(plan)).filter(|(_, on_image)| *on_image);
    stages.flat_map(|(stage, _)| &stage.steps).any(|step| match &step.action {
        Action::Copy(copy) => {
            let mut items = copy.items.iter();
            !copy.link && items.any(|item| item.may_be_tree() && is_over_special(&item.destination))
        }
        _ => false,
    })
}

/// For each stage, true if it may have such directories: false if it is based on nothing.
fn on_image(plan: &Plan) -> IdVec<StageId, bool> {
    let mut found: IdVec<StageId, bool> = IdVec::default();
    for stage in &plan.stages {
        found.push(match stage.base {
            Origin::Stage(base) => found[base],
            Origin::Image(image) => plan.images[image].has_layers,
            Origin::Named(_) | Origin::Context | Origin::Scratch => false,
        });
    }
    found
}

impl CopyItem {
    /// True if the source may be a directory: names of files usually contain a dot.
    fn may_be_tree(&self) -> bool {
        let name = self.named().rsplit('/').next().unwrap_or_default();
        !name.trim_start_matches('.').contains('.')
    }
}

impl Action {
    /// The absolute paths that contain its files, as far as they are known.
    fn ends(&self) -> impl Iterator<Item = Text> {
        let items: &[CopyItem] = match self {
            Action::Copy(copy) => &copy.items,
            _ => &[],
        };
        let others = self.destinations().filter(|_| items.is_empty());
        items.iter().map(CopyItem::end).chain(others.map(Text::from))
    }
}
