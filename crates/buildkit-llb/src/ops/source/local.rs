//! Directories of the client.

use super::{Source, json};
use crate::Cap;

/// A directory of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// The name under which the client offers it, e.g. `context`.
    pub name: String,
    /// Whose directory it is.
    pub session: LocalSession,
    /// Only what matches one of these, if there are any.
    pub include_patterns: Vec<String>,
    /// Nothing that matches these, in the syntax of .dockerignore.
    pub exclude_patterns: Vec<String>,
    /// Only these paths, if there are any, and what links in them point to. Wildcards are allowed.
    pub follow_paths: Vec<String>,
    /// Transfers with the same hint continue one another: only what has changed is sent.
    pub shared_key_hint: String,
    /// How changed files are found.
    pub differ: Option<Differ>,
    /// Whether not to send the contents of files, except of files that match these.
    pub metadata_only: Option<Vec<String>>,
}

impl Local {
    /// The directory that a session offers under a name.
    ///
    /// There is no way to leave the session out: two concurrent builds would then share files.
    pub fn new(name: impl Into<String>, session_id: impl Into<String>) -> Local {
        Local {
            name: name.into(),
            session: LocalSession::Id(session_id.into()),
            include_patterns: Vec::new(),
            exclude_patterns: Vec::new(),
            follow_paths: Vec::new(),
            shared_key_hint: String::new(),
            differ: None,
            metadata_only: None,
        }
    }
}

/// Whose directory a [`Local`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalSession {
    /// The session's with this id.
    Id(String),
    /// Any session's of the build; a value that no other build has keeps them apart.
    Unique(String),
}

/// How BuildKit finds out what has changed in a directory since it was last sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Differ {
    /// Not at all: everything is sent. A daemon that cannot ([`Cap::SOURCE_LOCAL_DIFFER`]) compares
    /// metadata instead.
    None,
    /// By size, time, mode and owner, as without a differ.
    Metadata,
}

impl From<Local> for Source {
    fn from(local: Local) -> Source {
        let differ = match local.differ {
            None => "",
            Some(Differ::None) => "none",
            Some(Differ::Metadata) => "metadata",
        };
        let include = json::array(&local.include_patterns);
        let exclude = json::array(&local.exclude_patterns);
        let follow = json::array(&local.follow_paths);
        let source = Source::new(format!("local://{}", local.name)).cap(Cap::SOURCE_LOCAL);
        let source = match local.session {
            LocalSession::Id(id) => {
                source.attr_with(Cap::SOURCE_LOCAL_SESSION_ID, "local.session", id)
            }
            LocalSession::Unique(id) => {
                source.attr_with(Cap::SOURCE_LOCAL_UNIQUE, "local.unique", id)
            }
        };
        let source = source
            // Singular and plural are BuildKit's.
            .attr_with(Cap::SOURCE_LOCAL_INCLUDE_PATTERNS, "local.includepattern", include)
            .attr_with(Cap::SOURCE_LOCAL_EXCLUDE_PATTERNS, "local.excludepatterns", exclude)
            .attr_with(Cap::SOURCE_LOCAL_FOLLOW_PATHS, "local.followpaths", follow)
            .attr_with(
                Cap::SOURCE_LOCAL_SHARED_KEY_HINT,
                "local.sharedkeyhint",
                local.shared_key_hint,
            )
            // Without its capability, as the Dockerfile frontend sends it: it is a wish.
            .attr("local.differ", differ);
        let Some(exceptions) = local.metadata_only else { return source };
        source
            .flag(Cap::SOURCE_LOCAL_METADATA_TRANSFER, "local.metadatatransfer", true)
            .attr("local.metadatatransferexclude", json::array(&exceptions))
    }
}
