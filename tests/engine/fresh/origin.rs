//! The registry from which empty engines get everything that a build needs.

use crate::harness::{OwnEngine, Project, Registry};

/// A registry with the frontend and a base image.
pub(super) struct Origin {
    pub(super) registry: Registry,
    /// The frontend, as in a syntax line.
    pub(super) frontend: String,
    /// The digest of the frontend.
    pub(super) digest: String,
    /// The base image, pinned to its digest, as a build arg.
    pub(super) base: String,
}

impl Origin {
    pub(super) fn new() -> Self {
        let registry = Registry::start();
        let base = registry.push("busybox:latest", "busybox:latest");
        let base = format!("BASE={}@{base}", registry.name("busybox"));
        let digest = registry.push("myorg/mstage", "myorg/mstage:1");
        Self { frontend: registry.name("myorg/mstage:1"), registry, digest, base }
    }

    /// An empty engine that can access the registry.
    pub(super) fn node(&self) -> OwnEngine {
        let own = OwnEngine::start();
        self.registry.show_to(&own);
        own
    }

    /// A project that uses this frontend. The content of its file `nonce` is unique.
    pub(super) fn project(&self, syntax: &str, spec: &str) -> Project {
        let project = Project::with_syntax(syntax, spec);
        project.write("nonce", &project.nonce());
        project
    }
}
