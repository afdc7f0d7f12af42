//! Copies of files.

use std::borrow::Cow;

use buildkit_llb::{CopyAction, FileAction, FileOp, State};

use super::Lowering;
use super::file::{chown, directory_of, made_directory, mode, split};
use super::site::StepSite;
use crate::path_pattern::{NOTHING, has_wildcard, quoted};
use crate::plan::{self, Copy, CopyItem};

/// The directory into which files are first copied.
const PICKED: &str = "/picked/";

impl Lowering<'_> {
    /// The actions of a copy.
    pub(super) fn copy<'p>(&mut self, copy: &'p Copy, step: &StepSite<'_>) -> Vec<FileAction<'p>> {
        let from = self.state_of(copy.origin);
        let owner = chown(copy.owner.as_deref(), step.root);
        let mut actions: Vec<FileAction<'p>> = Vec::with_capacity(copy.items.len());
        for item in &copy.items {
            let required = item.required.iter().map(|required| Cow::from(&required.path));
            let required = required.filter(|_| step.settings.engine.required_paths);
            let action = self
                .selection(copy, item, from, item.destination.as_str())
                .owner(owner.clone())
                .mode(copy.mode.as_ref().map(mode))
                .required_paths(required.collect())
                .allow_empty_wildcard(!item.must_match)
                .attempt_unpack(copy.unpack);
            if may_match_nothing(item) && sets_directories(copy) && item.destination.ends_with('/')
            {
                // If nothing matches, no directory is created: the matches are first copied with
                // the mode, then copied from there without one.
                let picking = action.dest(PICKED);
                let picked = self
                    .graph
                    .add(FileOp::new(State::SCRATCH).then(picking), step.metadata.clone());
                let destination = item.destination.as_str();
                let copied = CopyAction::like_dockerfile(picked, "/[p]icked", destination);
                let (owner, attempt_unpack) = (owner.clone(), copy.unpack);
                actions.push(copied.owner(owner).attempt_unpack(attempt_unpack).into());
                continue;
            }
            actions.extend(made_directory(directory_for(item), copy.mode.as_ref(), &owner));
            actions.push(action.into());
        }
        if !step.settings.engine.required_paths {
            actions.extend(self.prove(copy, from, step));
        }
        actions
    }

    /// Makes the step fail if a required path is missing, on an engine that cannot check this in
    /// the copy itself.
    ///
    /// The paths are first copied to an intermediate file system, without the content of
    /// directories that are named themselves. From there each path is copied without a pattern,
    /// which fails for a missing path. The returned action copies nothing; it only makes the step
    /// depend on the check.
    fn prove(
        &mut self,
        copy: &Copy,
        from: State,
        step: &StepSite<'_>,
    ) -> Option<FileAction<'static>> {
        let mut picking = FileOp::new(State::SCRATCH);
        let mut required = Vec::new();
        for item in &copy.items {
            let Some(plan::RequiredPath { path, kept }) = &item.required else { continue };
            let base = path.strip_suffix(kept.as_str()).unwrap_or("/");
            let mut picked = self.selection(copy, item, from, base);
            picked.exclude_patterns.push(format!("{}/?*", quoted(kept)).into());
            picking = picking.then(picked);
            required.push(path.as_str());
        }
        if required.is_empty() {
            return None;
        }
        let picked = self.graph.add(picking, step.metadata.clone());
        let mut proof = FileOp::new(State::SCRATCH);
        for path in required {
            proof = proof.then(
                CopyAction::new(picked, path, format!("{}/", split(path).0.trim_end_matches('/')))
                    .create_dest_path(true),
            );
        }
        let proof = self.graph.add(proof, step.metadata.clone());
        let nothing = CopyAction::like_dockerfile(proof, NOTHING, "/");
        Some(nothing.into())
    }

    /// The copy action for an item, from an origin to a destination.
    fn selection<'a>(
        &self,
        copy: &'a Copy,
        item: &'a CopyItem,
        from: State,
        destination: &'a str,
    ) -> CopyAction<'a> {
        // The cache key of a copy with patterns covers the targets of links in the tree, although
        // the links are copied as such; since BuildKit v0.25 only of those at the top of the root
        // (`includedPaths` in cache/contenthash/checksum.go). Then an excluded target must exist,
        // and its changes repeat the step. The root itself is no link, so nothing must be followed.
        // Copies of Dockerfiles keep the key that docker/dockerfile gives them.
        let is_partial_root = item.source == "/" && !copy.exclude.is_empty();
        let follows_links = self.plan.is_from_dockerfile || !is_partial_root;
        let parents = item.parents.iter().map(Cow::from);
        CopyAction::like_dockerfile(from, &item.source, destination)
            .follow_symlink(follows_links)
            .include_patterns(parents.chain(copy.include.iter().map(Cow::from)).collect())
            .exclude_patterns(copy.exclude.iter().map(Cow::from).collect())
    }
}

fn may_match_nothing(item: &CopyItem) -> bool {
    item.parents.is_none() && !item.must_match && has_wildcard(&item.source)
}

/// True if directories created by the copy would get its mode.
fn sets_directories(copy: &Copy) -> bool {
    matches!(copy.mode, Some(plan::Mode::Octal(bits)) if bits != 0o755)
}

/// The directory into which an item is copied.
fn directory_for(item: &CopyItem) -> Cow<'_, str> {
    let directory = directory_of(&item.destination);
    match &item.required {
        Some(required) if required.kept.contains('/') => {
            format!("{directory}/{}", split(&required.kept).0).into()
        }
        _ => directory.into(),
    }
}
