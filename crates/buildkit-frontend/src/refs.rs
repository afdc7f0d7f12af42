//! File systems that the daemon has made or will make.

use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::Definition;
use buildkit_proto::{Encoded, frontend, pb};

use crate::Error;

/// The file systems of a result; `None` is the empty one.
#[derive(Debug, Clone, PartialEq)]
pub enum Refs {
    /// Of a build for one platform.
    Single(Option<Ref>),
    /// Of a build for several, by the ids that metadata lists.
    ByPlatform(BTreeMap<String, Option<Ref>>),
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

// === impl Refs ===

impl Refs {
    /// Returns the file system of a build for one platform, and an error for that of several.
    pub fn single(self) -> Result<Option<Ref>, Error> {
        match self {
            Self::Single(reference) => Ok(reference),
            Self::ByPlatform(_) => Err(Error::Reply("several results for one graph".to_owned())),
        }
    }

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

    pub(crate) fn from_wire(result: Option<frontend::result::Result>) -> Self {
        use frontend::result::Result as Wire;
        match result {
            None => Self::default(),
            Some(Wire::RefDeprecated(id)) => Self::Single(Ref::new(id)),
            Some(Wire::RefsDeprecated(map)) => Self::ByPlatform(map_values(map.refs, Ref::new)),
            Some(Wire::Ref(reference)) => Self::Single(Ref::from_wire(reference)),
            Some(Wire::Refs(map)) => Self::ByPlatform(map_values(map.refs, Ref::from_wire)),
        }
    }

    pub(crate) fn into_wire(self, ref_array: bool) -> frontend::result::Result {
        use frontend::result::Result as Wire;
        match (self, ref_array) {
            (Self::Single(reference), true) => Wire::Ref(Ref::into_wire(reference)),
            (Self::Single(reference), false) => Wire::RefDeprecated(Ref::into_wire(reference).id),
            (Self::ByPlatform(refs), true) => {
                Wire::Refs(frontend::RefMap { refs: map_values(refs, Ref::into_map_value) })
            }
            (Self::ByPlatform(refs), false) => Wire::RefsDeprecated(frontend::RefMapDeprecated {
                refs: map_values(refs, |of| Ref::into_wire(of).id),
            }),
        }
    }
}

/// Changes the values of a map.
///
/// It inserts: [`Iterator::collect`] sorts first, with a sort that is compiled for each type of iterator.
pub(crate) fn map_values<V, W>(
    map: BTreeMap<String, V>,
    change: impl Fn(V) -> W,
) -> BTreeMap<String, W> {
    let mut changed = BTreeMap::new();
    for (key, value) in map {
        changed.insert(key, change(value));
    }
    changed
}

/// The empty file system.
impl Default for Refs {
    fn default() -> Self {
        Self::Single(None)
    }
}

// === impl Ref ===

impl Ref {
    pub(crate) fn new(id: String) -> Option<Self> {
        (!id.is_empty()).then_some(Self { id, definition: None, evaluation: Evaluation::Open })
    }

    /// Its id, which means something in this run of the frontend only.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the graph that makes it, to build on. Only a reference that another frontend made
    /// ([`Build::Frontend`](crate::Build::Frontend)) has one; of others this is the graph of the empty file system.
    pub fn into_definition(self) -> Result<Definition, Error> {
        Definition::try_from(self.definition.unwrap_or_default())
            .map_err(|err| Error::Reply(format!("no graph of a result: {err}")))
    }

    pub(crate) fn from_wire(reference: frontend::Ref) -> Option<Self> {
        Some(Self { definition: reference.def, ..Self::new(reference.id)? })
    }

    pub(crate) fn into_wire(this: Option<Self>) -> frontend::Ref {
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
