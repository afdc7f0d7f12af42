//! Attestations of a result: statements about it, such as a list of its packages.

use std::collections::BTreeMap;

use buildkit_proto::frontend;

use crate::{Error, Ref};

/// An in-toto statement, or a directory of them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
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
#[non_exhaustive]
pub enum AttestationKind {
    /// A predicate in a file.
    InToto,
    /// A directory of statements.
    Bundle,
}

/// The subject of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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
#[non_exhaustive]
pub enum SubjectKind {
    /// The result that the attestation belongs to.
    Itself,
    /// By digests.
    Raw,
}

// === impl Attestation ===

impl Attestation {
    /// An attestation without metadata, about the result itself. `path` starts at the root of `reference`.
    pub fn new(
        kind: AttestationKind,
        predicate_type: impl Into<String>,
        reference: Option<Ref>,
        path: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            metadata: BTreeMap::new(),
            reference,
            path: path.into(),
            predicate_type: predicate_type.into(),
            subjects: Vec::new(),
        }
    }

    pub(crate) fn from_wire(wire: frontend::Attestation) -> Result<Self, Error> {
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

    pub(crate) fn into_wire(self) -> frontend::Attestation {
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
    /// A subject by its name, without digests.
    pub fn new(kind: SubjectKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into(), digests: Vec::new() }
    }

    pub(crate) fn from_wire(wire: frontend::InTotoSubject) -> Result<Self, Error> {
        let kind = match wire.kind.try_into() {
            Ok(frontend::InTotoSubjectKind::Self_) => SubjectKind::Itself,
            Ok(frontend::InTotoSubjectKind::Raw) => SubjectKind::Raw,
            Err(_) => return Err(Error::Reply(format!("a subject of kind {}", wire.kind))),
        };
        Ok(Self { kind, name: wire.name, digests: wire.digest })
    }

    pub(crate) fn into_wire(self) -> frontend::InTotoSubject {
        let kind = match self.kind {
            SubjectKind::Itself => frontend::InTotoSubjectKind::Self_,
            SubjectKind::Raw => frontend::InTotoSubjectKind::Raw,
        };
        frontend::InTotoSubject { kind: kind.into(), digest: self.digests, name: self.name }
    }
}
