//! Directories of the client.

use super::any::Source;
use super::json;
use crate::Cap;

/// A directory of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Local {
    /// The name under which the client offers it, e.g. `context`.
    pub name: String,
    /// The session that provides it.
    pub session: LocalSession,
    /// Transfer only files that match one of these, if any.
    pub include_patterns: Vec<String>,
    /// Transfer no files that match these, in the syntax of .dockerignore.
    pub exclude_patterns: Vec<String>,
    /// Transfer only these paths, if any, and the targets of links in them. Wildcards are allowed.
    pub follow_paths: Vec<String>,
    /// Transfers with the same hint are incremental: only changes are sent.
    pub shared_key_hint: String,
    /// The method to detect changed files.
    pub differ: Option<Differ>,
    /// Transfer only metadata, except for files that match these.
    pub metadata_only: Option<Vec<String>>,
}

impl Local {
    /// The directory that a session offers under a name.
    ///
    /// The session is mandatory: without it, two concurrent builds could share files.
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

setters! { Local {
    session: LocalSession,
    include_patterns: Vec<String>,
    exclude_patterns: Vec<String>,
    follow_paths: Vec<String>,
    shared_key_hint: impl Into<String>,
    differ: Option<Differ>,
    metadata_only: Option<Vec<String>>,
} }

/// The session that provides a [`Local`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalSession {
    /// The session with this id.
    Id(String),
    /// Any session of the build. The value must be unique to the build, so that builds do not share
    /// files.
    Unique(String),
}

/// The way BuildKit detects changes in a directory since the last transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Differ {
    /// None: everything is sent. A daemon without [`Cap::SOURCE_LOCAL_DIFFER`] compares metadata
    /// instead.
    None,
    /// By size, time, mode and owner, the default.
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
            // Singular and plural as in BuildKit.
            .attr_with(Cap::SOURCE_LOCAL_INCLUDE_PATTERNS, "local.includepattern", include)
            .attr_with(Cap::SOURCE_LOCAL_EXCLUDE_PATTERNS, "local.excludepatterns", exclude)
            .attr_with(Cap::SOURCE_LOCAL_FOLLOW_PATHS, "local.followpaths", follow)
            .attr_with(
                Cap::SOURCE_LOCAL_SHARED_KEY_HINT,
                "local.sharedkeyhint",
                local.shared_key_hint,
            )
            // Sent without its capability, as in the Dockerfile frontend: best effort.
            .attr("local.differ", differ);
        let Some(exceptions) = local.metadata_only else { return source };
        source
            .flag(Cap::SOURCE_LOCAL_METADATA_TRANSFER, "local.metadatatransfer", true)
            .attr("local.metadatatransferexclude", json::array(&exceptions))
    }
}
