//! What the client asks for.

use std::collections::BTreeMap;

use buildkit_llb::Platform;

use super::check::flag;
use super::context::NamedContexts;
use crate::diagnostic::Diagnostics;
use crate::lock::{LOCKED, Lock, Locking};

/// What the client asks for, apart from the file itself.
#[derive(Debug, Clone)]
pub struct Request {
    /// `--target`.
    pub target: Option<String>,
    /// The value of `TARGETSTAGE`, where it is not what the target says: a Dockerfile knows its last stage by the name
    /// that it has there.
    pub target_stage: Option<String>,
    /// The stage that is planned, where it is another than the target: one that is needed to plan that.
    pub stage: Option<String>,
    /// `--build-arg`.
    pub build_args: BTreeMap<String, String>,
    /// `--label`.
    pub labels: BTreeMap<String, String>,
    /// The platform of the machine that builds.
    pub build_platform: Platform,
    /// The platforms that the engine says it can run processes of; empty where it does not say.
    pub runnable_platforms: Vec<Platform>,
    /// The platform that the result is for.
    pub target_platform: Platform,
    /// Whether that is the building machine's own because the client asks for none. Then a base image of another
    /// platform keeps its own, as in Dockerfiles (`implicitTarget` in BuildKit's `dockerfile2llb/platform.go`).
    pub implicit_platform: bool,
    /// Whether the result is one of several, so that names should tell them apart.
    pub several_platforms: bool,
    /// `--build-context`.
    pub contexts: NamedContexts,
    /// `--no-cache` and `--no-cache-filter`.
    pub no_cache: Stages,
    /// What an SBOM covers besides the target.
    pub sbom: SbomScope,
    /// What references are held to.
    pub locking: Locking,
    /// The commit that is built, where it is known.
    pub vcs: Vcs,
    /// `SOURCE_DATE_EPOCH`: what is made gets this time, in seconds since 1970.
    pub epoch: Option<i64>,
    /// The value of `${SOURCE_DATE_EPOCH}`, once it is known what the word stands for that the client or the file
    /// gives: a number, or empty where there is no time.
    pub epoch_value: Option<String>,
}

/// What is known of the repository that is built from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vcs {
    /// The commit, as the client or git tells it.
    pub revision: Option<String>,
    /// The URL of the repository, without credentials.
    pub source: Option<String>,
}

/// The predefined arg for the commit that is built.
pub const VCS_REVISION: &str = "VCS_REVISION";

/// The predefined arg for the repository that it is from.
pub(super) const VCS_SOURCE: &str = "VCS_SOURCE";

/// A URL without a password, and for HTTP without a user, which may be a token. An address such as `git@host:path` has none.
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let Some((user, host)) = authority.rsplit_once('@') else { return url.to_owned() };
    let user = user.split_once(':').map_or(user, |(user, _)| user);
    if scheme.starts_with("http") || user.is_empty() {
        format!("{scheme}://{host}{path}")
    } else {
        format!("{scheme}://{user}@{host}{path}")
    }
}

/// What an SBOM covers besides the target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SbomScope {
    /// Whether it covers the build context.
    pub context: bool,
    /// The stages that it covers, besides those that say so themselves.
    pub stages: Stages,
}

/// Some stages of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Stages {
    /// None.
    #[default]
    None,
    /// All.
    All,
    /// Those with these names, in upper or lower case.
    Named(Vec<String>),
}

/// What Go's `strconv.ParseBool` takes, as all clients write it.
pub fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

impl Request {
    /// What the target is called that is planned, which may be the report of a stage.
    pub(super) fn planned_target(&self) -> Option<&str> {
        self.stage.as_deref().or(self.target.as_deref())
    }

    /// Holds references to a lock file, if there is one, and as strictly as the client wants it.
    pub fn hold_to(&mut self, lock: Option<Lock>, diagnostics: &mut Diagnostics) {
        let hint = "without it, what is not in the lock file is a warning";
        self.locking = Locking::new(lock, flag(self, LOCKED, hint, diagnostics));
    }

    /// Whether a platform is the one that is built for because the client asks for none.
    pub fn is_implicit(&self, platform: &Platform) -> bool {
        self.implicit_platform && *platform == self.target_platform
    }

    /// Whether processes of a platform can be expected to run. Variants of an architecture are not told
    /// apart: engines do not list all that they run.
    pub fn can_run(&self, platform: &Platform) -> bool {
        let fits = |known: &Platform| {
            known.os() == platform.os() && known.architecture() == platform.architecture()
        };
        self.runnable_platforms.is_empty() || self.runnable_platforms.iter().any(fits)
    }
}

impl Stages {
    /// Whether a stage is one of them.
    pub fn covers(&self, stage: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| name.eq_ignore_ascii_case(stage)),
        }
    }
}

impl Request {
    /// A build of the default target for the building machine's own platform.
    pub fn new(platform: Platform) -> Self {
        Self {
            target_stage: None,
            target: None,
            stage: None,
            build_args: BTreeMap::new(),
            labels: BTreeMap::new(),
            build_platform: platform.clone(),
            runnable_platforms: Vec::new(),
            target_platform: platform,
            implicit_platform: true,
            several_platforms: false,
            contexts: NamedContexts::default(),
            no_cache: Stages::None,
            sbom: SbomScope::default(),
            locking: Locking::default(),
            vcs: Vcs::default(),
            epoch: None,
            epoch_value: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials() {
        for (url, expected) in [
            ("https://host/a.git", "https://host/a.git"),
            ("https://user:pass@host/a.git", "https://host/a.git"),
            ("https://token@host:8443/a.git#x@y", "https://host:8443/a.git#x@y"),
            ("https://us@er:p@ss@host/a", "https://host/a"),
            ("ssh://git@host/a.git", "ssh://git@host/a.git"),
            ("ssh://git:pass@host/a.git", "ssh://git@host/a.git"),
            ("git@host:a/b.git", "git@host:a/b.git"),
            ("/srv/a.git", "/srv/a.git"),
        ] {
            assert_eq!(without_credentials(url), expected, "{url}");
        }
    }
}
