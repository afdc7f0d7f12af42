//! The answer to `--call=convertllb`: the graph of a build as JSON (BuildKit's
//! `frontend/subrequests/convertllb`).

mod protojson;

use std::collections::BTreeMap;

use buildkit_llb::{Definition, decode_op};
use buildkit_proto::pb;
use prost::DecodeError;
use serde::Serialize;
use serde_json::Value;

use crate::collect::collect_map;
/// The version of the document.
pub const CONVERT_VERSION: &str = "0.1.0";

/// A graph.
#[derive(Debug, Serialize)]
pub struct Converted {
    /// Each op by its digest, as `protojson` writes it.
    def: BTreeMap<String, Value>,
    /// The metadata of each op.
    metadata: BTreeMap<String, Metadata>,
    source: Value,
}

/// `llb.OpMetadata` of BuildKit's Go client, whose JSON differs from that of the message.
#[derive(Debug, Serialize)]
struct Metadata {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ignore_cache: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    description: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    export_cache: Option<Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    caps: BTreeMap<String, bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress_group: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    linux_resources: Option<Value>,
}

impl Converted {
    /// Makes the document. Fails for a graph with an invalid op, which may come from another
    /// frontend.
    pub fn new(definition: &Definition) -> Result<Self, DecodeError> {
        let proto = definition.to_proto();
        let mut def = BTreeMap::new();
        for (digest, op) in definition.digests().iter().zip(&proto.def) {
            def.insert(digest.to_string(), protojson::op(&decode_op(op)?));
        }
        let metadata = proto.metadata.iter();
        let metadata = metadata.map(|(digest, metadata)| (digest.clone(), Metadata::new(metadata)));
        let source = proto.source.unwrap_or_default();
        Ok(Self { def, metadata: collect_map(metadata), source: protojson::source(&source) })
    }
}

impl Metadata {
    fn new(metadata: &pb::OpMetadata) -> Self {
        Self {
            ignore_cache: metadata.ignore_cache,
            description: metadata.description.clone(),
            export_cache: metadata.export_cache.as_ref().map(protojson::export_cache),
            caps: metadata.caps.clone(),
            progress_group: metadata.progress_group.as_ref().map(protojson::progress_group),
            linux_resources: metadata.linux_resources.as_ref().map(protojson::linux_resources),
        }
    }
}
