//! Detects features that a build needs and the engine lacks, before anything is built.

use buildkit_frontend::{Bridge, Status, gateway};
use buildkit_llb::{Cap, Definition, Graph, State};

use super::report::with_places;
use crate::source::{Place, SourceMap};

/// Rejects a graph with an op that the engine does not support, naming the feature and the line
/// that needs it.
pub(super) fn check(
    bridge: &Bridge,
    graph: &Graph,
    target: State,
    definition: &Definition,
    files: &SourceMap,
) -> Result<(), Status> {
    let engine = &bridge.capabilities().llb;
    if definition.caps().all(|cap| engine.supports(cap.id())) {
        return Ok(());
    }
    let mut problems = Vec::new();
    let mut places = Vec::new();
    for vertex in graph.vertices(target) {
        for cap in vertex.caps() {
            let Err(missing) = engine.require(cap.id()) else { continue };
            let problem = explain(cap, missing.disabled.as_deref());
            let place = vertex.locations().first().and_then(|location| {
                let name = &graph.source(location.source)?.filename;
                let file = files.files().find(|file| file.name() == name)?;
                let range = location.range;
                Some(Place { file, lines: range.start.line..=range.end.line })
            });
            let problem = match &place {
                Some(place) => format!("{place}: {problem}"),
                None => problem,
            };
            if problems.last() != Some(&problem) {
                problems.push(problem);
                places.extend(place);
            }
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(with_places(Status::new(problems.join("\n")), places))
}

/// Fails if the engine lacks a capability, before it is used.
pub(super) fn require(bridge: &Bridge, cap: Cap) -> Result<(), Status> {
    let required = bridge.capabilities().llb.require(cap.id());
    required.map_err(|missing| Status::new(explain(cap, missing.disabled.as_deref())))
}

/// Rejects a graph that is too large for one message before it is sent: the engine's error would
/// only be about the message.
pub(super) fn check_size(bridge: &Bridge, definition: &Definition) -> Result<(), Status> {
    let limit = bridge.max_message();
    // The rest of a request is small.
    let size = definition.encoded_len() + (64 << 10);
    if size <= limit {
        return Ok(());
    }
    Err(Status::new(format!(
        "the build is too large for the engine: its {} operations take {:.1} MiB, but the limit is {:.0} MiB; build a smaller target, or join steps",
        definition.digests().len(),
        mib(size),
        mib(limit),
    )))
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// True if the engine shows lines of the build file for a failing step. Docker 20.10 does not:
/// there, the build is run to completion here, so that the location can be added to the message.
pub(super) fn shows_excerpts(bridge: &Bridge) -> bool {
    bridge.capabilities().gateway.supports(gateway::EVALUATE)
}

fn explain(cap: Cap, disabled: Option<&str>) -> String {
    let id = cap.id();
    let what = match FEATURES.iter().find(|(known, _)| *known == cap) {
        Some((_, what)) => format!("{what} (`{id}`)"),
        None => format!("`{id}`"),
    };
    match disabled {
        Some(reason) => format!("the engine has disabled {what}: {reason}"),
        None => format!(
            "the engine does not support {what}, which needs BuildKit {} or later",
            cap.since()
        ),
    }
}

/// The names of capabilities for the author of a build file.
const FEATURES: &[(Cap, &str)] = &[
    // Other uses of these have a fallback.
    (Cap::DIFF_OP, "squashing and merging stages"),
    (Cap::MERGE_OP, "squashing and merging stages"),
    (Cap::EXEC_META_CDI, "devices"),
    (Cap::EXEC_MOUNT_BIND_READWRITE_NO_OUTPUT, "writable bind mounts"),
    (Cap::EXEC_MOUNT_TMPFS_SIZE, "the size of tmpfs mounts"),
    (Cap::EXEC_SECRET_ENV, "secrets as environment variables"),
    // They have no capability of their own; this is one of the same release.
    (Cap::EXEC_VALID_EXIT_CODE, "modes such as `u+x`"),
    (Cap::FILE_COPY_ALWAYS_REPLACE_EXISTING_DEST_PATHS, "copies with modes such as `4755`"),
    (Cap::FILE_COPY_INCLUDE_EXCLUDE_PATTERNS, "`include`, `exclude` and `parents` in copies"),
    (Cap::SOURCE_GIT_CHECKSUM, "checksums of git repositories"),
    (Cap::SOURCE_GIT_FETCH_BY_COMMIT, "`fetch-by-commit` for git repositories"),
    (Cap::SOURCE_GIT_SKIP_SUBMODULES, "git repositories without submodules"),
    (Cap::SOURCE_GIT_SUBDIR, "directories of git repositories"),
    (Cap::SOURCE_OCI_LAYOUT, "images from OCI layouts of the client"),
];
