//! What is returned: the files for each platform, and what exporters and clients read beside them.
//!
//! Follows `frontend/dockerui/build.go` of BuildKit.

use std::collections::BTreeMap;

use buildkit_llb::Platform;
use serde_json::json;

use super::bridge::{Ref, Refs, SolveResult, Status};
use super::dockerfile::CONFIG;
use crate::plan::Plan;

/// The time of what is made, in the metadata.
const EPOCH: &str = "source.date.epoch";

/// The result of the plans, whose files are `refs`. `several`: in the form of an image for several
/// platforms, even if it is for one.
pub(super) fn assemble(
    plans: &[Plan],
    refs: Vec<Refs>,
    several: bool,
) -> Result<SolveResult, Status> {
    let mut metadata = BTreeMap::new();
    let mut files = BTreeMap::new();
    let mut single = None;
    for (plan, refs) in plans.iter().zip(refs) {
        let reference = refs.single()?;
        let id = plan.platform.id();
        let suffix = if several { format!("/{id}") } else { String::new() };
        let mut add =
            |name: &str, value: Vec<u8>| metadata.insert(format!("{name}{suffix}"), value);
        add(CONFIG, plan.config.to_json());
        if let Some(base) = &plan.base_config {
            add("containerimage.base.config", base.clone());
        }
        if let Some(epoch) = plan.epoch {
            add(EPOCH, epoch.to_string().into_bytes());
        }
        for (name, value) in &plan.annotations {
            let kind = if several {
                format!("annotation-manifest[{id}]")
            } else {
                "annotation".to_owned()
            };
            metadata.insert(format!("{kind}.{name}"), value.clone().into_bytes());
        }
        if several {
            files.insert(id, reference);
        } else {
            single = reference;
        }
    }
    metadata.extend([platforms(plans)]);
    let refs = if several { Refs::ByPlatform(files) } else { Refs::Single(single) };
    Ok(SolveResult { refs, metadata, ..SolveResult::default() })
}

/// The result of plans whose files are `refs`, and no images: they have no config.
pub(super) fn of_files(plans: &[Plan], refs: Vec<Option<Ref>>, several: bool) -> SolveResult {
    let mut metadata = BTreeMap::from([platforms(plans)]);
    for plan in plans {
        if let Some(epoch) = plan.epoch {
            let suffix = if several { format!("/{}", plan.platform.id()) } else { String::new() };
            metadata.insert(format!("{EPOCH}{suffix}"), epoch.to_string().into_bytes());
        }
    }
    let refs = if several {
        Refs::ByPlatform(plans.iter().map(|plan| plan.platform.id()).zip(refs).collect())
    } else {
        Refs::Single(refs.into_iter().flatten().next())
    };
    SolveResult { refs, metadata, ..SolveResult::default() }
}

/// The platforms of a result, as its metadata has them.
fn platforms(plans: &[Plan]) -> (String, Vec<u8>) {
    let platforms: Vec<_> = plans.iter().map(|plan| platform(&plan.platform)).collect();
    ("refs.platforms".to_owned(), json!({ "Platforms": platforms }).to_string().into_bytes())
}

fn platform(platform: &Platform) -> serde_json::Value {
    let mut parts = json!({ "architecture": platform.architecture(), "os": platform.os() });
    for (name, part) in [("variant", platform.variant()), ("os.version", platform.os_version())] {
        if !part.is_empty() {
            parts[name] = part.into();
        }
    }
    json!({ "ID": platform.id(), "Platform": parts })
}
