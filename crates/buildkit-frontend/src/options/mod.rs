//! The options that the daemon and its client pass to every frontend.
//!
//! The names are those of the Dockerfile frontend (BuildKit's `frontend/dockerui/config.go`), so
//! that every client's options have the same meaning in every frontend.

mod attestations;
mod json;
mod process;
mod values;

use std::collections::BTreeMap;

use buildkit_llb::{Platform, ResolveMode};

pub use self::attestations::Scanner;
pub use self::process::ProcessOptions;
pub use self::values::{InvalidOption, Options};
use crate::CacheImport;

/// The sessions of a client, which provide its directories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sessions {
    /// The session that the build belongs to.
    pub id: String,
    /// The sessions of directories that are provided by another one, by the names of the
    /// directories.
    pub of_directories: BTreeMap<String, String>,
    /// The shared keys of named contexts, which let a transfer of the directory continue an earlier
    /// one.
    pub shared_keys: BTreeMap<String, String>,
}

impl Sessions {
    /// A session that provides all directories itself.
    pub fn new(id: impl Into<String>) -> Sessions {
        Sessions { id: id.into(), ..Sessions::default() }
    }
}

impl Options {
    /// The sessions that provide the client's directories (`local-sessionid:NAME` and
    /// `sharedkey:localdir:NAME`).
    pub fn sessions(&self) -> Sessions {
        Sessions {
            id: self.session_id().to_owned(),
            of_directories: self.with_prefix("local-sessionid:"),
            shared_keys: self.with_prefix("sharedkey:localdir:"),
        }
    }

    /// The name of the build file in its directory (`filename`; `--file`). By default,
    /// `Dockerfile`.
    pub fn filename(&self) -> &str {
        self.get("filename").unwrap_or("Dockerfile")
    }

    /// The name under which the client offers the directory of the build file (`dockerfilekey`). By
    /// default, that is `dockerfile`; if the build context is not a directory of the client, the
    /// build file is in the context.
    pub fn build_file_directory(&self) -> Option<&str> {
        self.get("dockerfilekey")
    }

    /// The build context, if it is not the client's directory `context`: a git repository or a URL
    /// (`context`, or the option that `contextkey` names).
    pub fn context(&self) -> Option<&str> {
        self.non_empty(self.get("contextkey").unwrap_or("context"))
    }

    /// The subdirectory that is the context; empty for all of it (`contextsubdir`).
    pub fn context_subdir(&self) -> &str {
        self.get("contextsubdir").unwrap_or_default()
    }

    /// True to keep the `.git` of a context from git (the build arg
    /// `BUILDKIT_CONTEXT_KEEP_GIT_DIR`).
    pub fn keeps_git_dir(&self) -> bool {
        self.get("build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR").and_then(parse_bool).unwrap_or(false)
    }

    /// Named build contexts (`context:NAME`; `--build-context`), in the client's syntax:
    /// `docker-image://...`, `local:NAME`, `input:NAME`, a URL.
    pub fn named_contexts(&self) -> BTreeMap<String, String> {
        self.with_prefix("context:")
    }

    /// The image configs of [inputs](crate::Connection::inputs) that are images, by the names of the inputs
    /// (`input-metadata:NAME`).
    pub fn input_configs(&self) -> Result<BTreeMap<String, Vec<u8>>, InvalidOption> {
        json::input_configs(self)
    }

    /// The target to build (`target`; `--target`).
    pub fn target(&self) -> Option<&str> {
        self.non_empty("target")
    }

    /// Build args (`build-arg:NAME`; `--build-arg`). The client also sends `HTTP_PROXY` and the like as such.
    pub fn build_args(&self) -> BTreeMap<String, String> {
        self.with_prefix("build-arg:")
    }

    /// Labels for the image (`label:NAME`; `--label`).
    pub fn labels(&self) -> BTreeMap<String, String> {
        self.with_prefix("label:")
    }

    /// The names of the stages to build without cache (`no-cache`); an empty list means all of them
    /// (`--no-cache`).
    pub fn no_cache(&self) -> Option<Vec<String>> {
        self.get("no-cache").map(|names| match names {
            "" => Vec::new(),
            names => names.split(',').map(str::to_owned).collect(),
        })
    }

    /// The commit that is built (`vcs:revision`), if the client knows it.
    pub fn vcs_revision(&self) -> Option<&str> {
        self.non_empty("vcs:revision")
    }

    /// The URL of the repository that is built (`vcs:source`), if the client knows it. May contain
    /// credentials.
    pub fn vcs_source(&self) -> Option<&str> {
        self.non_empty("vcs:source")
    }

    /// The platforms that the default worker can run, its own first.
    pub fn worker_platforms(&self) -> Result<Vec<Platform>, InvalidOption> {
        json::worker_platforms(self.workers())
    }

    /// The platform that steps run on: the worker's own, or else that of this process.
    pub fn build_platform(&self) -> Result<Platform, InvalidOption> {
        match self.worker_platforms()?.into_iter().next() {
            Some(platform) => Ok(platform),
            None => Platform::new("linux", std::env::consts::ARCH, "")
                .map_err(|err| InvalidOption::new("BUILDKIT_WORKERS", err)),
        }
    }

    /// The platforms to build for, without duplicates (`platform`; `--platform`): at least one. The
    /// default is the [build platform](Options::build_platform).
    pub fn target_platforms(&self) -> Result<Vec<Platform>, InvalidOption> {
        let build_platform = self.build_platform()?;
        let Some(list) = self.non_empty("platform") else { return Ok(vec![build_platform]) };
        let mut platforms = Vec::new();
        for text in list.split(',') {
            let platform = Platform::parse(text, &build_platform)
                .map_err(|err| InvalidOption::new("platform", err))?;
            if !platforms.contains(&platform) {
                platforms.push(platform);
            }
        }
        Ok(platforms)
    }

    /// True if the result must have the form of images for several platforms, even if it is for one
    /// (`multi-platform`, the build arg `BUILDKIT_MULTI_PLATFORM`; by default, if there are
    /// several). Fails if several are not allowed.
    pub fn multi_platform(&self) -> Result<bool, InvalidOption> {
        let count = self.target_platforms()?.len();
        let options = ["build-arg:BUILDKIT_MULTI_PLATFORM", "multi-platform"];
        let given = options.into_iter().find_map(|name| Some((name, self.non_empty(name)?)));
        let Some((name, text)) = given else { return Ok(count > 1) };
        match parse_bool(text) {
            Some(false) if count > 1 => {
                let problem = format!("`{text}` is not allowed with {count} platforms");
                Err(InvalidOption::new(name, problem))
            }
            Some(wanted) => Ok(wanted),
            None => {
                Err(InvalidOption::new(name, format!("expected `true` or `false`, found `{text}`")))
            }
        }
    }

    /// The place to look for images (`image-resolve-mode`; `--pull`).
    pub fn resolve_mode(&self) -> Result<ResolveMode, InvalidOption> {
        match self.get("image-resolve-mode").unwrap_or_default() {
            "" | "default" => Ok(ResolveMode::Default),
            "pull" => Ok(ResolveMode::ForcePull),
            "local" => Ok(ResolveMode::PreferLocal),
            other => {
                let problem = format!("expected `default`, `pull` or `local`, found `{other}`");
                Err(InvalidOption::new("image-resolve-mode", problem))
            }
        }
    }

    /// Settings for the processes of steps (`add-hosts`, `ulimit`, `memory` and others; `--add-host` and the like).
    pub fn process(&self) -> Result<ProcessOptions, InvalidOption> {
        process::read(self)
    }

    /// The prefix for the ids of cache mounts (the build arg `BUILDKIT_CACHE_MOUNT_NS`); usually
    /// empty.
    pub fn cache_namespace(&self) -> &str {
        self.get("build-arg:BUILDKIT_CACHE_MOUNT_NS").unwrap_or_default()
    }

    /// Caches to import (`cache-imports`, and `cache-from` of older clients; `--cache-from`).
    pub fn cache_imports(&self) -> Result<Vec<CacheImport>, InvalidOption> {
        json::cache_imports(self)
    }

    /// The scanner for an SBOM, if the client requests one (`attest:sbom`; `--sbom`). The daemon
    /// itself runs it on the result; a frontend runs it only for anything else.
    pub fn sbom_scanner(&self) -> Result<Option<Scanner>, InvalidOption> {
        attestations::scanner(self)
    }

    /// The name of a subrequest to answer instead of a build (`requestid`; `--call`): see
    /// [`Answer`](crate::Answer).
    pub fn subrequest(&self) -> Option<&str> {
        self.get("requestid")
    }
}

impl Sessions {
    /// The session that provides a directory of the client. Every [`Local`](buildkit_llb::Local)
    /// source should have it: without it, two concurrent builds could share files.
    pub fn of(&self, directory: &str) -> &str {
        self.of_directories.get(directory).unwrap_or(&self.id)
    }
}

/// Parses a boolean as Go's `strconv.ParseBool` does; `None` if it is invalid.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
