//! Links to missing files in optional copies.
//!
//! BuildKit follows a link that it copies by its name, and fails while it computes the
//! checksum of the missing file (`lazyChecksum` in `cache/contenthash/checksum.go`), even if the
//! copy is optional. So directories of the client are inspected before the graph is made. Only
//! builds with `optional` pay for that: one transfer of these paths, and a call for each. In stages
//! and images BuildKit's error remains: they would have to be built before they can be inspected.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_frontend::{Bridge, Status};
use buildkit_llb::Local;
use futures_util::future::try_join_all;

use super::build_file::Directory;
use crate::collect::collect_map;
use crate::lower::{MainSource, Settings};
use crate::path_pattern::exactly;
use crate::plan::{Action, ContextSource, Copy, Origin, Plan};
use crate::text::Text;

/// A directory of the client: its name, and the patterns that are excluded from it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    directory: String,
    ignore: Vec<String>,
}

/// Removes optional sources that are links to missing files from the copies.
pub(super) async fn leave_out(
    bridge: &Bridge,
    settings: &Settings,
    plans: &mut [Plan],
) -> Result<(), Status> {
    let mut wanted: BTreeMap<Place, BTreeSet<Text>> = BTreeMap::new();
    for plan in plans.iter() {
        for copy in plan.stages.iter().flat_map(|stage| &stage.steps).filter_map(copy_of) {
            let paths: Vec<&Text> =
                copy.items.iter().filter_map(|item| item.optional.as_ref()).collect();
            if !paths.is_empty()
                && let Some(place) = place(copy.origin, plan, settings)
            {
                wanted.entry(place).or_default().extend(paths.into_iter().cloned());
            }
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let looked_into =
        wanted.into_iter().map(|(place, paths)| look_into(bridge, settings, place, paths));
    let dangling = collect_map(try_join_all(looked_into).await?);
    for plan in plans {
        for at in plan.stages.ids() {
            for step in 0..plan.stages[at].steps.len() {
                let Some(copy) = copy_of(&plan.stages[at].steps[step]) else { continue };
                let place = place(copy.origin, plan, settings);
                let Some(dangling) = place.and_then(|place| dangling.get(&place)) else { continue };
                let Action::Copy(copy) = &mut plan.stages[at].steps[step].action else { continue };
                for item in &mut copy.items {
                    if item.optional.as_ref().is_some_and(|path| dangling.contains(path)) {
                        item.leave_out();
                    }
                }
            }
        }
    }
    Ok(())
}

fn copy_of(step: &crate::plan::PlannedStep) -> Option<&Copy> {
    match &step.action {
        Action::Copy(copy) => Some(copy),
        _ => None,
    }
}

/// The directory of the client for an origin.
fn place(origin: Origin, plan: &Plan, settings: &Settings) -> Option<Place> {
    match origin {
        Origin::Context => matches!(settings.context.source, MainSource::Local)
            .then(|| Place { directory: "context".to_owned(), ignore: settings.ignore.clone() }),
        Origin::Named(at) => match &plan.named_contexts[at] {
            named if let ContextSource::Local(directory) = &named.source => {
                Some(Place { directory: directory.clone(), ignore: named.fact.ignore.clone() })
            }
            _ => None,
        },
        Origin::Scratch | Origin::Stage(_) | Origin::Image(_) => None,
    }
}

/// Finds the links to missing files among paths.
async fn look_into(
    bridge: &Bridge,
    settings: &Settings,
    place: Place,
    paths: BTreeSet<Text>,
) -> Result<(Place, BTreeSet<Text>), Status> {
    let Place { directory, ignore } = &place;
    let follow = paths.iter().map(|path| exactly(path.trim_start_matches('/')).into_owned());
    let local = Local::new(directory, settings.sessions.of(directory))
        .exclude_patterns(ignore.clone())
        .follow_paths(follow.collect())
        .shared_key_hint(format!("{directory}-optional"));
    let files = Directory::local(local, "[internal] look for optional files");
    let files = files.open(bridge.connection()).await?;
    let asked = paths.iter().map(|path| async {
        let is_dangling = files.is_dangling(bridge, path).await?;
        Ok::<_, Status>(is_dangling.then(|| path.clone()))
    });
    let dangling = try_join_all(asked).await?.into_iter().flatten().collect();
    Ok((place, dangling))
}
