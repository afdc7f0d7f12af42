//! A daemon's requirements on a graph. A real daemon reports violations late and briefly; here they
//! fail first, so that every test of a frontend also tests its graphs.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_proto::frontend::SolveRequest;
use buildkit_proto::pb;
use prost::Message;
use sha2::{Digest, Sha256};

/// The operations of a graph by digest, and its result. `None` for an empty graph.
pub struct Graph {
    pub ops: BTreeMap<String, pb::Op>,
    pub result: Option<pb::Input>,
}

/// The graph in a request.
pub fn of(request: &SolveRequest) -> pb::Definition {
    request.definition.as_ref().expect("a graph").message().expect("a message")
}

/// Reads a graph, or returns its error. `caps` are the daemon's capabilities.
pub fn read(definition: &pb::Definition, caps: &BTreeSet<String>) -> Result<Graph, String> {
    let mut ops = BTreeMap::new();
    let mut result = None;
    for (index, bytes) in definition.def.iter().enumerate() {
        let op =
            pb::Op::decode(bytes.as_slice()).map_err(|error| format!("op {index}: {error}"))?;
        if op.clone().encode_canonical() != *bytes {
            return Err(format!("op {index} is not in canonical form"));
        }
        let digest = digest(bytes);
        if let Some(input) = op.inputs.iter().find(|input| !ops.contains_key(&input.digest)) {
            return Err(format!("op {index} reads {}, which is not before it", input.digest));
        }
        let Some(metadata) = definition.metadata.get(&digest) else {
            return Err(format!("op {index} ({digest}) has no metadata"));
        };
        if let Some(cap) = metadata.caps.keys().find(|&cap| !caps.contains(cap)) {
            return Err(format!("op {index} needs {cap}, which this daemon lacks"));
        }
        if index + 1 == definition.def.len() {
            if op.op.is_some() || op.platform.is_some() || op.inputs.len() != 1 {
                return Err("the last op is not a terminal".to_owned());
            }
            result = op.inputs.first().cloned();
        } else if op.op.is_none() {
            return Err(format!("op {index} has no kind"));
        }
        if ops.insert(digest, op).is_some() {
            return Err(format!("op {index} is there twice"));
        }
    }
    let unknown = definition.metadata.keys().find(|&digest| !ops.contains_key(digest));
    if let Some(digest) = unknown {
        return Err(format!("metadata of {digest}, which is not in the graph"));
    }
    if let Some(source) = &definition.source {
        check_source(source, &ops)?;
    }
    Ok(Graph { ops, result })
}

/// BuildKit's digest of an op.
pub fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn check_source(source: &pb::Source, ops: &BTreeMap<String, pb::Op>) -> Result<(), String> {
    let mut lines = Vec::with_capacity(source.infos.len());
    for info in &source.infos {
        lines.push(1 + info.data.iter().filter(|&&byte| byte == b'\n').count() as i32);
    }
    for (digest, locations) in &source.locations {
        if !ops.contains_key(digest) {
            return Err(format!("a location of {digest}, which is not in the graph"));
        }
        for location in &locations.locations {
            let index = usize::try_from(location.source_index).unwrap_or(usize::MAX);
            let Some(&lines) = lines.get(index) else {
                return Err(format!("a location of {digest} in file {index}, which is not there"));
            };
            for range in &location.ranges {
                let (start, end) = (line(&range.start), line(&range.end));
                if start < 1 || end < start || end > lines {
                    return Err(format!("lines {start} to {end} of {} lines", lines));
                }
            }
        }
    }
    Ok(())
}

fn line(at: &Option<pb::Position>) -> i32 {
    at.as_ref().map_or(0, |at| at.line)
}
