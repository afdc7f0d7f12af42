//! Requests and results of a solve. A frontend also returns such a result.

use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::Definition;
use buildkit_proto::{Encoded, frontend, pb};

use crate::Error;

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
pub struct CacheImport {
    /// Its kind: `registry`, `local`, `gha`.
    pub kind: String,
    /// Its location and how to access it.
    pub attrs: BTreeMap<String, String>,
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

/// The file systems of a result; `None` is the empty one.
#[derive(Debug, Clone, PartialEq)]
pub enum Refs {
    /// Of a build for one platform.
    Single(Option<Ref>),
    /// Of a build for several, by the ids that metadata lists.
    ByPlatform(BTreeMap<String, Option<Ref>>),
}

impl Refs {
    /// Returns the file system of a build for one platform, and an error for that of several.
    pub fn single(self) -> Result<Option<Ref>, Error> {
        match self {
            Self::Single(reference) => Ok(reference),
            Self::ByPlatform(_) => Err(Error::Reply("several results for one graph".to_owned())),
        }
    }
}

/// A file system that the daemon has made or will make. Never the empty one: that one has no id,
/// and cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Ref {
    id: String,
    pub(crate) definition: Option<Encoded<pb::Definition>>,
    pub(crate) evaluation: Evaluation,
}

/// The way to evaluate a [`Ref`] if the daemon has no call for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Evaluation {
    /// Nothing.
    Done,
    /// Repeat this request with evaluation. Reading the file system would also work, but that pulls
    /// and unpacks images, which evaluation does not.
    Repeat(Arc<frontend::SolveRequest>),
    /// Use the daemon's call, or read the file system.
    Open,
}

/// An in-toto statement, or a directory of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Attestation {
    /// A statement or a directory.
    pub kind: AttestationKind,
    /// The purpose, by the names `reason` and `sbom-core` (BuildKit's `solver/result/attestation.go`).
    pub metadata: BTreeMap<String, Vec<u8>>,
    /// The file system that has its files. One that is returned needs it: buildx crashes without.
    pub reference: Option<Ref>,
    /// Its path there.
    pub path: String,
    /// The type of its predicate: `https://spdx.dev/Document`.
    pub predicate_type: String,
    /// Its subjects. Empty is the result itself.
    pub subjects: Vec<Subject>,
}

/// The form of an attestation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttestationKind {
    /// A predicate in a file.
    InToto,
    /// A directory of statements.
    Bundle,
}

/// The subject of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The way in which it is named.
    pub kind: SubjectKind,
    /// Its name.
    pub name: String,
    /// Digests, for [`SubjectKind::Raw`].
    pub digests: Vec<String>,
}

/// The way in which a subject is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// The result that the attestation belongs to.
    Itself,
    /// By digests.
    Raw,
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
                frontend_inputs: inputs
                    .into_iter()
                    .map(|(name, definition)| (name, definition.into_encoded()))
                    .collect(),
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
    pub(crate) fn into_wire(self, ref_array: bool) -> frontend::Result {
        let list = |list: Vec<Attestation>| frontend::Attestations {
            attestation: list.into_iter().map(Attestation::into_wire).collect(),
        };
        // Daemons dereference the value of a map entry, which is not sent if it is empty.
        let attestations = self.attestations.into_iter().filter(|(_, of)| !of.is_empty());
        frontend::Result {
            result: Some(self.refs.into_wire(ref_array)),
            metadata: self.metadata,
            attestations: attestations.map(|(platform, of)| (platform, list(of))).collect(),
        }
    }
}

// === impl Refs ===

impl Refs {
    /// Returns all file systems but the empty ones.
    pub fn iter(&self) -> impl Iterator<Item = &Ref> {
        let (single, several) = match self {
            Self::Single(reference) => (reference.as_ref(), None),
            Self::ByPlatform(refs) => (None, Some(refs.values().flatten())),
        };
        single.into_iter().chain(several.into_iter().flatten())
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Ref> {
        let (single, several) = match self {
            Self::Single(reference) => (reference.as_mut(), None),
            Self::ByPlatform(refs) => (None, Some(refs.values_mut().flatten())),
        };
        single.into_iter().chain(several.into_iter().flatten())
    }

    fn from_wire(result: Option<frontend::result::Result>) -> Self {
        use frontend::result::Result as Wire;
        match result {
            None => Self::default(),
            Some(Wire::RefDeprecated(id)) => Self::Single(Ref::new(id)),
            Some(Wire::RefsDeprecated(map)) => Self::ByPlatform(
                map.refs.into_iter().map(|(platform, id)| (platform, Ref::new(id))).collect(),
            ),
            Some(Wire::Ref(reference)) => Self::Single(Ref::from_wire(reference)),
            Some(Wire::Refs(map)) => Self::ByPlatform(
                map.refs.into_iter().map(|(platform, of)| (platform, Ref::from_wire(of))).collect(),
            ),
        }
    }

    fn into_wire(self, ref_array: bool) -> frontend::result::Result {
        use frontend::result::Result as Wire;
        match (self, ref_array) {
            (Self::Single(reference), true) => Wire::Ref(Ref::into_wire(reference)),
            (Self::Single(reference), false) => Wire::RefDeprecated(Ref::into_wire(reference).id),
            (Self::ByPlatform(refs), true) => Wire::Refs(frontend::RefMap {
                refs: refs.into_iter().map(|(key, of)| (key, Ref::into_map_value(of))).collect(),
            }),
            (Self::ByPlatform(refs), false) => Wire::RefsDeprecated(frontend::RefMapDeprecated {
                refs: refs.into_iter().map(|(key, of)| (key, Ref::into_wire(of).id)).collect(),
            }),
        }
    }
}

/// The empty file system.
impl Default for Refs {
    fn default() -> Self {
        Self::Single(None)
    }
}

// === impl Ref ===

impl Ref {
    fn new(id: String) -> Option<Self> {
        (!id.is_empty()).then_some(Self { id, definition: None, evaluation: Evaluation::Open })
    }

    /// Its id, which means something in this run of the frontend only.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the graph that makes it, to build on. Only a reference that another frontend made
    /// ([`Build::Frontend`]) has one; of others this is the graph of the empty file system.
    pub fn into_definition(self) -> Result<Definition, Error> {
        let invalid = |err| Error::Reply(format!("no graph of a result: {err}"));
        Definition::try_from(self.definition.unwrap_or_default()).map_err(invalid)
    }

    fn from_wire(reference: frontend::Ref) -> Option<Self> {
        Some(Self { definition: reference.def, ..Self::new(reference.id)? })
    }

    fn into_wire(this: Option<Self>) -> frontend::Ref {
        // The daemon takes the definition from its own records.
        frontend::Ref { id: this.map(|this| this.id).unwrap_or_default(), def: None }
    }

    /// A reference as the value of a map. prost omits an empty value, and daemons dereference the
    /// missing value (`llbBridgeForwarder.Return` in `frontend/gateway/gateway.go`) and crash. So
    /// an empty reference has an empty definition.
    fn into_map_value(this: Option<Self>) -> frontend::Ref {
        let def = this.is_none().then(Encoded::default);
        frontend::Ref { def, ..Self::into_wire(this) }
    }
}

// === impl Attestation ===

impl Attestation {
    fn from_wire(wire: frontend::Attestation) -> Result<Self, Error> {
        let kind = match wire.kind.try_into() {
            Ok(frontend::AttestationKind::InToto) => AttestationKind::InToto,
            Ok(frontend::AttestationKind::Bundle) => AttestationKind::Bundle,
            Err(_) => return Err(Error::Reply(format!("an attestation of kind {}", wire.kind))),
        };
        let subjects: Result<_, _> =
            wire.in_toto_subjects.into_iter().map(Subject::from_wire).collect();
        Ok(Self {
            kind,
            metadata: wire.metadata,
            reference: wire.r#ref.and_then(Ref::from_wire),
            path: wire.path,
            predicate_type: wire.in_toto_predicate_type,
            subjects: subjects?,
        })
    }

    fn into_wire(self) -> frontend::Attestation {
        let kind = match self.kind {
            AttestationKind::InToto => frontend::AttestationKind::InToto,
            AttestationKind::Bundle => frontend::AttestationKind::Bundle,
        };
        frontend::Attestation {
            kind: kind.into(),
            metadata: self.metadata,
            r#ref: Some(Ref::into_wire(self.reference)),
            path: self.path,
            in_toto_predicate_type: self.predicate_type,
            in_toto_subjects: self.subjects.into_iter().map(Subject::into_wire).collect(),
        }
    }
}

// === impl Subject ===

impl Subject {
    fn from_wire(wire: frontend::InTotoSubject) -> Result<Self, Error> {
        let kind = match wire.kind.try_into() {
            Ok(frontend::InTotoSubjectKind::Self_) => SubjectKind::Itself,
            Ok(frontend::InTotoSubjectKind::Raw) => SubjectKind::Raw,
            Err(_) => return Err(Error::Reply(format!("a subject of kind {}", wire.kind))),
        };
        Ok(Self { kind, name: wire.name, digests: wire.digest })
    }

    fn into_wire(self) -> frontend::InTotoSubject {
        let kind = match self.kind {
            SubjectKind::Itself => frontend::InTotoSubjectKind::Self_,
            SubjectKind::Raw => frontend::InTotoSubjectKind::Raw,
        };
        frontend::InTotoSubject { kind: kind.into(), digest: self.digests, name: self.name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids of a result, those of platforms with the platform.
    fn ids(response: frontend::SolveResponse) -> Vec<String> {
        match SolveResult::from_wire(response).unwrap().refs {
            Refs::Single(reference) => reference.into_iter().map(|of| of.id).collect(),
            Refs::ByPlatform(refs) => {
                let id = |of: Option<Ref>| of.map(|of| of.id).unwrap_or_default();
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
