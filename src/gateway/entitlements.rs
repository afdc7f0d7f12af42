//! Steps with privileges that the client and the engine's configuration must allow.
//!
//! The engine rejects a whole graph because of one such step, and reports only the missing
//! entitlement (`Set.Check` in BuildKit's util/entitlements, `ValidateEntitlements` in its
//! solver/llbsolver/vertex.go). So the steps are found here.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_frontend::Status;
use buildkit_llb::{Cap, Definition, Graph, Location, State, Vertex, decode_op};
use buildkit_proto::pb;

use super::report::with_places;
use crate::collect::collect_map;
use crate::source::{Place, SourceMap};

/// An entitlement that client and daemon grant to a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Entitlement {
    Insecure,
    HostNetwork,
    Device,
}

/// The capabilities of ops that may need one.
const CAPS: [Cap; 3] = [Cap::EXEC_META_SECURITY, Cap::EXEC_META_NETWORK, Cap::EXEC_META_CDI];

/// The errors for steps that lack an entitlement.
#[derive(Debug, Clone, Default)]
pub(super) struct Entitlements(BTreeMap<Entitlement, Status>);

/// The steps that need an entitlement.
#[derive(Default)]
struct Steps<'g> {
    locations: BTreeSet<&'g Location>,
    /// The names of their devices.
    devices: BTreeSet<String>,
}

impl Entitlements {
    /// Collects the entitlements that the ops of a graph need. The states are given with their
    /// definitions.
    pub(super) fn of<'d>(
        graph: &Graph,
        states: impl Iterator<Item = (&'d Definition, State)>,
        files: &SourceMap,
    ) -> Self {
        let is_special = |cap| CAPS.contains(&cap);
        let special = states.filter(|(definition, _)| definition.caps().any(is_special));
        let mut found: BTreeMap<Entitlement, Steps<'_>> = BTreeMap::new();
        for vertex in special.flat_map(|(_, state)| graph.vertices(state)) {
            if !vertex.caps().any(is_special) {
                continue;
            }
            for (entitlement, devices) in needed_by(vertex) {
                let steps = found.entry(entitlement).or_default();
                steps.devices.extend(devices);
                steps.locations.extend(vertex.locations().first());
            }
        }
        let failures = found
            .into_iter()
            .map(|(entitlement, steps)| (entitlement, failure(entitlement, &steps, graph, files)));
        Self(collect_map(failures))
    }

    /// True if no step needs any.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Replaces the error of a solve by one that shows the steps with the missing entitlement.
    pub(super) fn explain(&self, status: Status) -> Status {
        let missing = self.0.iter().find(|(entitlement, _)| entitlement.is_missing_in(&status));
        missing.map(|(_, failure)| failure.clone()).unwrap_or(status)
    }
}

impl Entitlement {
    /// Its name in engines and clients.
    fn name(self) -> &'static str {
        match self {
            Self::Insecure => "security.insecure",
            Self::HostNetwork => "network.host",
            Self::Device => "device",
        }
    }

    /// Recognises the error of an engine that lacks it: `security.insecure is not allowed`, `device
    /// vendor.com/gpu=0 is requested by the build but not allowed`.
    fn is_missing_in(self, status: &Status) -> bool {
        let message = status.message();
        match self {
            Self::Insecure | Self::HostNetwork => {
                message.ends_with(&format!("{} is not allowed", self.name()))
            }
            Self::Device => message.ends_with(" requested by the build but not allowed"),
        }
    }

    /// The key in Docker's daemon.json.
    fn docker_setting(self) -> &'static str {
        match self {
            Self::Insecure => "security-insecure",
            Self::HostNetwork => "network-host",
            Self::Device => "device",
        }
    }
}

/// The entitlements that an op needs, with the names of its devices.
fn needed_by(vertex: Vertex<'_>) -> Vec<(Entitlement, Vec<String>)> {
    let Ok(pb::Op { op: Some(pb::op::Op::Exec(exec)), .. }) = decode_op(vertex.bytes()) else {
        return Vec::new();
    };
    let devices: Vec<String> = exec.cdi_devices.iter().map(|device| device.name.clone()).collect();
    [
        (exec.security() == pb::SecurityMode::Insecure, Entitlement::Insecure, Vec::new()),
        (exec.network() == pb::NetMode::Host, Entitlement::HostNetwork, Vec::new()),
        (!devices.is_empty(), Entitlement::Device, devices),
    ]
    .into_iter()
    .filter_map(|(is_needed, entitlement, devices)| is_needed.then_some((entitlement, devices)))
    .collect()
}

fn failure(
    entitlement: Entitlement,
    steps: &Steps<'_>,
    graph: &Graph,
    files: &SourceMap,
) -> Status {
    let name = entitlement.name();
    let allow: Vec<String> = match entitlement {
        Entitlement::Insecure | Entitlement::HostNetwork => vec![format!("--allow {name}")],
        Entitlement::Device => {
            steps.devices.iter().map(|device| format!("--allow device={device}")).collect()
        }
    };
    let mut lines = Vec::new();
    let mut places = Vec::new();
    let mut others = Vec::new();
    for location in &steps.locations {
        let Some(source) = graph.source(location.source) else { continue };
        let range = location.range.start.line..=location.range.end.line;
        lines.push(format!(
            "{}:{}: this step needs the entitlement `{name}`: {name} is not allowed",
            source.filename,
            range.start()
        ));
        match files.files().find(|file| file.name() == source.filename) {
            Some(file) => places.push(Place { file, lines: range }),
            // The Dockerfile of a stage.
            None => others.push((source, range)),
        }
    }
    if lines.is_empty() {
        lines.push(format!("a step needs the entitlement `{name}`: {name} is not allowed"));
    }
    let status = Status::new(lines.join("\n")).help(&format!(
        "allow it with `docker buildx build {}`, and in the daemon: `insecure-entitlements = [\"{name}\"]` in buildkitd.toml, or `\"builder\": {{ \"entitlements\": {{ \"{}\": true }} }}` in Docker's daemon.json",
        allow.join(" "),
        entitlement.docker_setting()
    ));
    let status = others.iter().rev().fold(status, |status, (source, lines)| {
        status.with_source(source, std::slice::from_ref(lines))
    });
    with_places(status, places)
}
