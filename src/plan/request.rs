//! The client's request.

use std::collections::BTreeMap;

use buildkit_frontend::parse_bool;
use buildkit_llb::Platform;

use super::context::NamedContexts;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::lock::{LOCKED, Lock, Locking};
use crate::spec::StageName;

/// The client's request, apart from the file itself.
#[derive(Debug, Clone)]
pub struct Request {
    /// `--target`.
    pub target: Option<String>,
    /// The value of `TARGETSTAGE`, if it differs from the target: a Dockerfile's last stage may
    /// have another name in the build file.
    pub target_stage: Option<String>,
    /// The stage to plan, if it is not the target: one that is needed for planning the target.
    pub stage: Option<String>,
    /// `--build-arg`.
    pub build_args: BTreeMap<String, String>,
    /// `--label`.
    pub labels: BTreeMap<String, String>,
    /// The platform of the building machine.
    pub build_platform: Platform,
    /// The platforms whose processes the engine can run; empty if it does not report them.
    pub runnable_platforms: Vec<Platform>,
    /// The platform of the result.
    pub target_platform: Platform,
    /// True if that is the building machine's own because the client requests none. Then a base
    /// image of another platform keeps its own, as in Dockerfiles (`implicitTarget` in BuildKit's
    /// `dockerfile2llb/platform.go`).
    pub implicit_platform: bool,
    /// True if there are several results, so that names should include the platform.
    pub several_platforms: bool,
    /// `--build-context`.
    pub contexts: NamedContexts,
    /// `--no-cache` and `--no-cache-filter`.
    pub no_cache: Stages,
    /// The scope of an SBOM besides the target.
    pub sbom: SbomScope,
    /// The pins of references.
    pub locking: Locking,
    /// The commit that is built, if known.
    pub vcs: Vcs,
    /// True if the build file is a Dockerfile: then each `WORKDIR` is a layer.
    pub is_dockerfile: bool,
    /// `SOURCE_DATE_EPOCH`: the timestamp of created files, in seconds since 1970.
    pub epoch: Option<i64>,
    /// The value of `${SOURCE_DATE_EPOCH}`, after the keyword from the client or the file has been
    /// resolved: a number, or empty if there is no time.
    pub epoch_value: Option<String>,
}

/// The version control data of a build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vcs {
    /// The commit, from the client or from git.
    pub revision: Option<String>,
    /// The URL of the repository, without credentials.
    pub source: Option<String>,
}

impl Vcs {
    /// A commit and a repository for checks, which do not read the checkout: with them, a use of
    /// `VCS_REVISION` or `VCS_SOURCE` is not an error.
    pub fn stand_in() -> Self {
        Self {
            revision: Some("0".repeat(40)),
            source: Some("https://example.com/source.git".to_owned()),
        }
    }
}

/// The predefined arg with the commit that is built.
pub const VCS_REVISION: &str = "VCS_REVISION";

/// The predefined arg with the URL of its repository.
pub(super) const VCS_SOURCE: &str = "VCS_SOURCE";

/// A URL without a password, and for HTTP without a user, which may be a token. A URL such as
/// `git@host:path` is unchanged.
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

/// The target that exports what cache mounts contain, and the build context from which new ones are
/// filled.
pub const CACHES: &str = "mstage.caches";

/// The suffix of a target that is the report of a stage. Names of stages have no dots, so such a
/// target is never a stage.
pub(super) const REPORT_SUFFIX: &str = ".report";

/// The target for the report of a stage.
pub fn report_of(stage: &StageName) -> String {
    format!("{stage}{REPORT_SUFFIX}")
}

/// The target for the report of a target, which may be one already.
pub fn as_report(target: &str) -> String {
    format!("{}{REPORT_SUFFIX}", stage_of(target))
}

/// The stage of a target, which may be its report.
pub(super) fn stage_of(target: &str) -> &str {
    target.strip_suffix(REPORT_SUFFIX).unwrap_or(target)
}

/// The scope of an SBOM besides the target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SbomScope {
    /// Include the build context.
    pub context: bool,
    /// The stages to include, besides those with `sbom = true`.
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
    /// Those with these names, which are case-insensitive.
    Named(Vec<String>),
}

impl Request {
    /// The name of the planned target, which may be the report of a stage.
    pub(super) fn planned_target(&self) -> Option<&str> {
        self.stage.as_deref().or(self.target.as_deref())
    }

    /// Returns true if the planned target is the report of a stage.
    pub(super) fn plans_report(&self) -> bool {
        self.planned_target().is_some_and(|target| target.ends_with(REPORT_SUFFIX))
    }

    /// True if one of mstage's own build args is set. `hint` describes the behaviour without it.
    pub fn flag(&self, name: &str, hint: &str, diagnostics: &mut Diagnostics) -> bool {
        let Some(text) = self.build_args.get(name).filter(|text| !text.is_empty()) else {
            return false;
        };
        parse_bool(text).unwrap_or_else(|| {
            let message = format!("--build-arg {name}={text}: expected `true` or `false`");
            diagnostics.push(Diagnostic::without_place(Code::InvalidArg, message).hint(hint));
            false
        })
    }

    /// Applies a lock file, if there is one, as strictly as the client requests.
    pub fn hold_to(&mut self, lock: Option<Lock>, diagnostics: &mut Diagnostics) {
        let hint = "remove it to get a warning for references that are not in the lock file";
        self.locking = Locking::new(lock, self.flag(LOCKED, hint, diagnostics));
    }

    /// True if a platform is the target platform only because the client requests none.
    pub fn is_implicit(&self, platform: &Platform) -> bool {
        self.implicit_platform && *platform == self.target_platform
    }

    /// True if processes of a platform are expected to run. Variants of an architecture are
    /// ignored: engines do not list all that they can run.
    pub fn can_run(&self, platform: &Platform) -> bool {
        self.runnable_platforms.is_empty()
            || self.runnable_platforms.iter().any(|known: &Platform| {
                known.os() == platform.os() && known.architecture() == platform.architecture()
            })
    }
}

impl Stages {
    /// True if a stage is one of them.
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
            is_dockerfile: false,
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
