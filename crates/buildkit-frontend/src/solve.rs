//! Requests and results of a solve. A frontend also returns such a result.

use std::collections::BTreeMap;

use buildkit_llb::Definition;
use buildkit_proto::frontend;

use crate::refs::map_values;
use crate::{Attestation, Error, Ref, Refs};

/// A build to be done: see [`Bridge::solve`](crate::Bridge::solve).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SolveRequest {
    /// The subject of the build.
    pub build: Build,
    /// Caches to import. A daemon imports none for a graph unless the frontend names them here: pass on those of
    /// [`Options::cache_imports`](crate::Options::cache_imports).
    pub cache_imports: Vec<CacheImport>,
    /// Build to completion now. Otherwise the build is lazy: nothing is checked, not even the
    /// validity of the graph, until a reference is read or the daemon exports it.
    pub evaluate: bool,
}

/// The subject of a [`SolveRequest`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Build {
    /// A graph.
    Definition(Definition),
    /// The result of another frontend for its options and inputs.
    Frontend {
        /// Its name: `dockerfile.v0`, or `gateway.v0` for an image.
        name: String,
        /// Its options. Like BuildKit's own client, callers should pass on this frontend's
        /// `cache-imports` and `cache-from`.
        opts: BTreeMap<String, String>,
        /// Graphs for it by name: `context`, `dockerfile`.
        inputs: BTreeMap<String, Definition>,
    },
}

/// A cache to import.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheImport {
    /// Its kind: `registry`, `local`, `gha`.
    pub kind: String,
    /// Its location and how to access it.
    pub attrs: BTreeMap<String, String>,
}

impl CacheImport {
    /// A cache of a kind, with the attributes of that kind.
    pub fn new(kind: impl Into<String>, attrs: BTreeMap<String, String>) -> Self {
        Self { kind: kind.into(), attrs }
    }
}

/// The result of a build: BuildKit's `Result`.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct SolveResult {
    /// The file systems.
    pub refs: Refs,
    /// Metadata for exporters and clients, by the names in [`keys`](crate::keys): image config,
    /// platforms, answers to subrequests.
    pub metadata: BTreeMap<String, Vec<u8>>,
    /// Attestations by platform.
    pub attestations: BTreeMap<String, Vec<Attestation>>,
}

// === impl SolveRequest ===

impl SolveRequest {
    /// Asks for a lazy build of a graph, without caches.
    pub fn new(definition: Definition) -> Self {
        Self::of(Build::Definition(definition))
    }

    /// Asks for a lazy build, without caches.
    pub fn of(build: Build) -> Self {
        Self { build, cache_imports: Vec::new(), evaluate: false }
    }

    /// Imports caches.
    pub fn cache_imports(mut self, imports: impl IntoIterator<Item = CacheImport>) -> Self {
        self.cache_imports.extend(imports);
        self
    }

    /// Sets whether to build to completion now.
    pub fn evaluate(mut self, evaluate: bool) -> Self {
        self.evaluate = evaluate;
        self
    }

    pub(crate) fn into_wire(self) -> frontend::SolveRequest {
        let cache_imports = self
            .cache_imports
            .into_iter()
            .map(|cache| frontend::CacheOptionsEntry { r#type: cache.kind, attrs: cache.attrs });
        let request = frontend::SolveRequest {
            allow_result_return: true,
            allow_result_array_ref: true,
            cache_imports: cache_imports.collect(),
            evaluate: self.evaluate,
            ..Default::default()
        };
        match self.build {
            Build::Definition(definition) => {
                frontend::SolveRequest { definition: Some(definition.into_encoded()), ..request }
            }
            Build::Frontend { name, opts, inputs } => frontend::SolveRequest {
                frontend: name,
                frontend_opt: opts,
                frontend_inputs: map_values(inputs, Definition::into_encoded),
                ..request
            },
        }
    }
}

// === impl SolveResult ===

impl SolveResult {
    /// Makes a result of file systems, with nothing said about them.
    pub fn new(refs: Refs) -> Self {
        Self { refs, ..Self::default() }
    }

    /// Adds metadata that exporters and clients read: see [`keys`](crate::keys).
    pub fn with_metadata(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    pub(crate) fn from_wire(response: frontend::SolveResponse) -> Result<Self, Error> {
        let Some(result) = response.result else {
            return Ok(Self { refs: Refs::Single(Ref::new(response.r#ref)), ..Self::default() });
        };
        let mut attestations = BTreeMap::new();
        for (platform, list) in result.attestations {
            let list: Result<_, _> =
                list.attestation.into_iter().map(Attestation::from_wire).collect();
            attestations.insert(platform, list?);
        }
        let refs = Refs::from_wire(result.result);
        Ok(Self { refs, metadata: result.metadata, attestations })
    }

    /// `ref_array` is true if the daemon supports references as messages.
    pub(crate) fn into_wire(mut self, ref_array: bool) -> frontend::Result {
        // Daemons dereference the value of a map entry, which is not sent if it is empty.
        self.attestations.retain(|_, of| !of.is_empty());
        frontend::Result {
            result: Some(self.refs.into_wire(ref_array)),
            metadata: self.metadata,
            attestations: map_values(self.attestations, attestations),
        }
    }
}

fn attestations(list: Vec<Attestation>) -> frontend::Attestations {
    frontend::Attestations { attestation: list.into_iter().map(Attestation::into_wire).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids of a result, those of platforms with the platform.
    fn ids(response: frontend::SolveResponse) -> Vec<String> {
        match SolveResult::from_wire(response).unwrap().refs {
            Refs::Single(reference) => reference.into_iter().map(|of| of.id().to_owned()).collect(),
            Refs::ByPlatform(refs) => {
                let id = |of: Option<Ref>| of.map(|of| of.id().to_owned()).unwrap_or_default();
                refs.into_iter().map(|(platform, of)| format!("{platform}={}", id(of))).collect()
            }
        }
    }

    #[track_caller]
    fn check(result: frontend::result::Result, expect: &[&str]) {
        let result = frontend::Result { result: Some(result), ..Default::default() };
        let response = frontend::SolveResponse { result: Some(result), ..Default::default() };
        assert_eq!(ids(response), expect);
    }

    #[test]
    fn references_in_every_form() {
        use frontend::result::Result as Wire;
        let reference = |id: &str| frontend::Ref { id: id.to_owned(), def: None };
        check(Wire::Ref(reference("r")), &["r"]);
        check(Wire::Ref(reference("")), &[]);
        check(Wire::RefDeprecated("r".to_owned()), &["r"]);
        let refs = [("a", "r"), ("b", "")];
        let by_platform = refs.map(|(platform, id)| (platform.to_owned(), reference(id)));
        check(Wire::Refs(frontend::RefMap { refs: by_platform.into() }), &["a=r", "b="]);
        let deprecated = refs.map(|(platform, id)| (platform.to_owned(), id.to_owned()));
        let deprecated = frontend::RefMapDeprecated { refs: deprecated.into() };
        check(Wire::RefsDeprecated(deprecated), &["a=r", "b="]);

        let oldest = frontend::SolveResponse { r#ref: "r".to_owned(), result: None };
        assert_eq!(ids(oldest), ["r"]);
        assert_eq!(ids(frontend::SolveResponse::default()), [""; 0]);
    }

    #[test]
    fn empty_references_are_sent() {
        use prost::Message;
        let refs = Refs::ByPlatform([("a".to_owned(), None)].into());
        let result = SolveResult { refs, ..SolveResult::default() };
        let result = result.into_wire(true);
        // refs (4): an entry (1) whose value (2) is a reference with an empty definition (2).
        assert_eq!(result.encode_to_vec(), b"\x22\x09\x0a\x07\x0a\x01a\x12\x02\x12\x00");
    }

    #[test]
    fn kinds_of_tomorrow_are_errors() {
        let attestation = frontend::Attestation { kind: 7, ..Default::default() };
        let list = frontend::Attestations { attestation: vec![attestation] };
        let result =
            frontend::Result { attestations: [(String::new(), list)].into(), ..Default::default() };
        let response = frontend::SolveResponse { result: Some(result), ..Default::default() };
        let error = SolveResult::from_wire(response).unwrap_err();
        assert_eq!(error, Error::Reply("an attestation of kind 7".to_owned()));
    }
}
