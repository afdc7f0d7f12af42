//! The client's options, from the environment in which BuildKit starts a frontend.
//!
//! The keys are those of the Dockerfile frontend (BuildKit's `frontend/dockerui/config.go`), so
//! that all options of clients have the same meaning.

mod attestations;
mod process;

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use buildkit_llb::{Platform, ResolveMode};
use serde::Deserialize;

pub use self::attestations::Scanner;
use super::dockerfile::CONFIG;
use crate::lower::{ProcessSettings, Sessions};
use crate::null::{absent, absent_in_map};
use crate::plan::{
    ContextSource, NamedContexts, Request, SbomScope, Stages, Vcs, truth, without_credentials,
};
use buildkit_frontend::{CacheImport, Status};

/// The client's options.
#[derive(Debug, Clone)]
pub struct Options {
    /// The client's sessions, which provide its files.
    pub sessions: Sessions,
    /// The build file's name in its directory.
    pub filename: String,
    /// The client's name for the directory of the build file, if set: then the build file is read
    /// from it, even if the context is elsewhere.
    pub build_file_local: Option<String>,
    /// The build context, if it is not a directory of the client: a git repository or a URL.
    pub context: Option<String>,
    /// The subdirectory that is the context; empty for all of it.
    pub context_subdir: String,
    /// Keep the `.git` of a context from git.
    pub keep_git_dir: bool,
    /// The image configs of named contexts that are results of other builds, by their inputs.
    pub input_configs: BTreeMap<String, Vec<u8>>,
    /// The request for the first platform.
    pub request: Request,
    /// The platforms to build for, at least one.
    pub platforms: Vec<Platform>,
    /// Return the result in the form for several platforms, even if there is one.
    pub multi_platform: bool,
    /// The place to look for images.
    pub resolve_mode: ResolveMode,
    /// Settings of the processes of run steps.
    pub process: ProcessSettings,
    /// Prefix for the ids of cache mounts.
    pub cache_namespace: String,
    /// The scanner for an SBOM, if requested.
    pub scanner: Option<Scanner>,
    /// Caches to import.
    pub cache_imports: Vec<CacheImport>,
    /// The subrequest to answer instead of a build.
    pub subrequest: Option<String>,
    /// All options unchanged, for nested frontends.
    pub raw: BTreeMap<String, String>,
}

/// An option with an invalid value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidOption {
    option: String,
    problem: String,
}

impl fmt::Display for InvalidOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "option `{}`: {}", self.option, self.problem)
    }
}

impl std::error::Error for InvalidOption {}

impl From<InvalidOption> for Status {
    fn from(invalid: InvalidOption) -> Self {
        Self::new(invalid.to_string())
    }
}

#[derive(Deserialize)]
struct WorkerJson {
    #[serde(default, deserialize_with = "absent")]
    platforms: Vec<PlatformJson>,
}

#[derive(Deserialize)]
struct PlatformJson {
    architecture: String,
    os: String,
    #[serde(default, deserialize_with = "absent")]
    variant: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CacheImportJson {
    r#type: String,
    #[serde(default, deserialize_with = "absent_in_map")]
    attrs: BTreeMap<String, String>,
}

impl Options {
    /// Reads them from environment variables.
    pub fn from_env(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, InvalidOption> {
        let mut session_id = String::new();
        let mut workers = String::new();
        let mut opts = BTreeMap::new();
        for (name, value) in variables {
            if name == "BUILDKIT_SESSION_ID" {
                session_id = value;
            } else if name == "BUILDKIT_WORKERS" {
                workers = value;
            } else if name.starts_with("BUILDKIT_FRONTEND_OPT_")
                && let Some((key, value)) = value.split_once('=')
            {
                opts.insert(key.to_owned(), value.to_owned());
            }
        }
        Self::new(session_id, &workers, opts)
    }

    fn new(
        session_id: String,
        workers: &str,
        mut opts: BTreeMap<String, String>,
    ) -> Result<Self, InvalidOption> {
        let raw = opts.clone();
        let worker_platforms = worker_platforms(workers)?;
        let build_platform = match worker_platforms.first() {
            Some(platform) => platform.clone(),
            None => Platform::new("linux", std::env::consts::ARCH, "")
                .map_err(|err| invalid("BUILDKIT_WORKERS", err))?,
        };
        let platforms = target_platforms(opts.get("platform"), &build_platform)?;
        let multi_platform = multi_platform(&opts, platforms.len())?;
        let request = Request {
            target: opts.remove("target").filter(|target| !target.is_empty()),
            build_args: with_prefix(&opts, "build-arg:"),
            labels: with_prefix(&opts, "label:"),
            target_platform: platforms[0].clone(),
            implicit_platform: opts.get("platform").is_none_or(String::is_empty),
            several_platforms: multi_platform,
            contexts: named_contexts(&opts)?,
            vcs: Vcs {
                revision: opts.get("vcs:revision").filter(|text| !text.is_empty()).cloned(),
                source: opts
                    .get("vcs:source")
                    .filter(|text| !text.is_empty())
                    .map(|url| without_credentials(url)),
            },
            runnable_platforms: worker_platforms,
            sbom: sbom_scope(&opts)?,
            no_cache: no_cache(opts.get("no-cache").map(String::as_str)),
            ..Request::new(build_platform)
        };
        let resolve_mode = match opts.get("image-resolve-mode").map(String::as_str) {
            None | Some("" | "default") => ResolveMode::Default,
            Some("pull") => ResolveMode::ForcePull,
            Some("local") => ResolveMode::PreferLocal,
            Some(other) => {
                let problem = format!("`{other}` is none of `default`, `pull` and `local`");
                return Err(invalid("image-resolve-mode", problem));
            }
        };
        let context_key = opts.remove("contextkey").unwrap_or_else(|| "context".to_owned());
        Ok(Self {
            sessions: Sessions {
                id: session_id,
                of_directories: with_prefix(&opts, "local-sessionid:"),
                shared_keys: with_prefix(&opts, "sharedkey:localdir:"),
            },
            filename: opts.remove("filename").unwrap_or_else(|| "Dockerfile".to_owned()),
            build_file_local: opts.remove("dockerfilekey"),
            context: opts.remove(&context_key).filter(|context| !context.is_empty()),
            context_subdir: opts.remove("contextsubdir").unwrap_or_default(),
            keep_git_dir: opts
                .get("build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR")
                .and_then(|text| truth(text))
                .unwrap_or(false),
            input_configs: input_configs(&opts)?,
            request,
            platforms,
            multi_platform,
            resolve_mode,
            process: process::settings(&opts)?,
            cache_namespace: opts.remove("build-arg:BUILDKIT_CACHE_MOUNT_NS").unwrap_or_default(),
            scanner: attestations::scanner(&opts)?,
            cache_imports: cache_imports(&opts)?,
            subrequest: opts.remove("requestid"),
            raw,
        })
    }

    /// The request for each platform.
    pub fn requests(&self) -> Vec<Request> {
        let for_platform = |platform: &Platform| Request {
            target_platform: platform.clone(),
            ..self.request.clone()
        };
        self.platforms.iter().map(for_platform).collect()
    }
}

pub(super) fn invalid(option: &str, problem: impl fmt::Display) -> InvalidOption {
    InvalidOption { option: option.to_owned(), problem: problem.to_string() }
}

fn with_prefix(opts: &BTreeMap<String, String>, prefix: &str) -> BTreeMap<String, String> {
    opts.iter()
        .filter_map(|(key, value)| Some((key.strip_prefix(prefix)?.to_owned(), value.clone())))
        .collect()
}

/// The platforms of the first worker.
fn worker_platforms(workers: &str) -> Result<Vec<Platform>, InvalidOption> {
    let problem = |problem: &dyn fmt::Display| invalid("BUILDKIT_WORKERS", problem);
    let workers: Vec<WorkerJson> = if workers.is_empty() {
        Vec::new()
    } else {
        serde_json::from_str::<Option<_>>(workers).map_err(|err| problem(&err))?.unwrap_or_default()
    };
    let platforms = workers.into_iter().next().map_or_else(Vec::new, |worker| worker.platforms);
    let platform = |PlatformJson { architecture, os, variant }: PlatformJson| {
        Platform::new(&os, &architecture, &variant).map_err(|err| problem(&err))
    };
    platforms.into_iter().map(platform).collect()
}

/// The requested platforms, or else that of the worker; without duplicates.
fn target_platforms(
    list: Option<&String>,
    build_platform: &Platform,
) -> Result<Vec<Platform>, InvalidOption> {
    let Some(list) = list.filter(|list| !list.is_empty()) else {
        return Ok(vec![build_platform.clone()]);
    };
    let mut platforms = Vec::new();
    for text in list.split(',') {
        let platform =
            Platform::parse(text, build_platform).map_err(|err| invalid("platform", err))?;
        if !platforms.contains(&platform) {
            platforms.push(platform);
        }
    }
    Ok(platforms)
}

fn multi_platform(opts: &BTreeMap<String, String>, count: usize) -> Result<bool, InvalidOption> {
    let said = ["build-arg:BUILDKIT_MULTI_PLATFORM", "multi-platform"]
        .into_iter()
        .find_map(|name| Some((name, opts.get(name).filter(|text| !text.is_empty())?)));
    let Some((name, text)) = said else { return Ok(count > 1) };
    match truth(text) {
        Some(false) if count > 1 => {
            Err(invalid(name, format!("`{text}` does not go with {count} platforms")))
        }
        Some(wanted) => Ok(wanted),
        None => Err(invalid(name, format!("`{text}` is not `true` or `false`"))),
    }
}

/// The scope of an SBOM, set in Dockerfiles by args with these names.
fn sbom_scope(opts: &BTreeMap<String, String>) -> Result<SbomScope, InvalidOption> {
    const CONTEXT: &str = "build-arg:BUILDKIT_SBOM_SCAN_CONTEXT";
    const STAGE: &str = "build-arg:BUILDKIT_SBOM_SCAN_STAGE";
    let context = match opts.get(CONTEXT).filter(|text| !text.is_empty()) {
        None => false,
        Some(text) => truth(text)
            .ok_or_else(|| invalid(CONTEXT, format!("`{text}` is not `true` or `false`")))?,
    };
    let stages = match opts.get(STAGE).filter(|text| !text.is_empty()) {
        None => Stages::None,
        Some(text) => match truth(text) {
            Some(true) => Stages::All,
            Some(false) => Stages::None,
            None => Stages::Named(text.split(',').map(str::to_owned).collect()),
        },
    };
    Ok(SbomScope { context, stages })
}

/// An empty value means all stages.
fn no_cache(text: Option<&str>) -> Stages {
    match text {
        None => Stages::None,
        Some("") => Stages::All,
        Some(names) => Stages::Named(names.split(',').map(str::to_owned).collect()),
    }
}

fn named_contexts(opts: &BTreeMap<String, String>) -> Result<NamedContexts, InvalidOption> {
    let contexts = with_prefix(opts, "context:").into_iter().map(|(name, text)| {
        match ContextSource::parse(&text) {
            Ok(ContextSource::Target(target)) if !opts.contains_key("requestid") => {
                let problem = format!("bake has not built its target `{target}`");
                Err(invalid(&format!("context:{name}"), problem))
            }
            Ok(source) => Ok((name, source)),
            Err(err) => Err(invalid(&format!("context:{name}"), err)),
        }
    });
    Ok(NamedContexts::new(contexts.collect::<Result<Vec<_>, _>>()?))
}

/// The image configs in the metadata of inputs: JSON with values in base64.
fn input_configs(
    opts: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Vec<u8>>, InvalidOption> {
    let mut configs = BTreeMap::new();
    for (input, json) in with_prefix(opts, "input-metadata:") {
        let problem = |err: &dyn fmt::Display| invalid(&format!("input-metadata:{input}"), err);
        let metadata: Option<BTreeMap<String, Option<String>>> =
            serde_json::from_str(&json).map_err(|err| problem(&err))?;
        if let Some(config) = metadata.unwrap_or_default().remove(CONFIG).flatten() {
            let config = BASE64_STANDARD.decode(config).map_err(|err| problem(&err))?;
            configs.insert(input, config);
        }
    }
    Ok(configs)
}

/// The newer option is a JSON list; the older one is a list of references, separated by commas.
fn cache_imports(opts: &BTreeMap<String, String>) -> Result<Vec<CacheImport>, InvalidOption> {
    let mut imports = Vec::new();
    if let Some(json) = opts.get("cache-imports").filter(|json| !json.is_empty()) {
        let list: Option<Vec<CacheImportJson>> =
            serde_json::from_str(json).map_err(|err| invalid("cache-imports", err))?;
        imports.extend(
            list.unwrap_or_default()
                .into_iter()
                .map(|CacheImportJson { r#type, attrs }| CacheImport { kind: r#type, attrs }),
        );
    }
    let references = opts.get("cache-from").map(String::as_str).unwrap_or_default();
    for reference in references.split(',').filter(|reference| !reference.is_empty()) {
        let attrs = BTreeMap::from([("ref".to_owned(), reference.to_owned())]);
        let import = CacheImport { kind: "registry".to_owned(), attrs };
        if !imports.contains(&import) {
            imports.push(import);
        }
    }
    Ok(imports)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKERS: &str =
        r#"[{"id":"w","labels":{},"platforms":[{"architecture":"amd64","os":"linux"}]}]"#;

    fn options(opts: &[&str]) -> Result<Options, InvalidOption> {
        let fixed = [("BUILDKIT_SESSION_ID", "s"), ("BUILDKIT_WORKERS", WORKERS), ("PATH", "/bin")];
        let variables = opts
            .iter()
            .enumerate()
            .map(|(n, opt)| (format!("BUILDKIT_FRONTEND_OPT_{n}"), opt.to_string()));
        Options::from_env(
            fixed
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into_iter()
                .chain(variables),
        )
    }

    #[test]
    fn what_buildx_sends() {
        let options = options(&[
            "filename=mstage.toml",
            "build-arg:A=x=y",
            "label:l=1",
            "target=test",
            "image-resolve-mode=local",
            "no-such-option=1",
            r#"cache-imports=[{"Type":"registry","Attrs":{"ref":"r"}}]"#,
        ])
        .unwrap();
        assert_eq!(options.filename, "mstage.toml");
        assert_eq!(options.sessions.id, "s");
        assert_eq!(options.request.build_args["A"], "x=y");
        assert_eq!(options.request.labels["l"], "1");
        assert_eq!(options.request.target.as_deref(), Some("test"));
        assert_eq!(options.request.target_platform.to_string(), "linux/amd64");
        assert_eq!(options.resolve_mode, ResolveMode::PreferLocal);
        assert_eq!(options.cache_imports[0].attrs["ref"], "r");
    }

    #[test]
    fn platforms() {
        let one = options(&[]).unwrap();
        assert_eq!((one.platforms.len(), one.multi_platform), (1, false));
        let two = options(&["platform=linux/arm/v7,linux/amd64/v2,linux/arm"]).unwrap();
        let names: Vec<_> =
            two.requests().iter().map(|of| of.target_platform.to_string()).collect();
        assert_eq!(names, ["linux/arm/v7", "linux/amd64/v2"]);
        assert!(two.multi_platform && two.request.several_platforms);
        assert!(options(&["multi-platform=1"]).unwrap().multi_platform);
        let overridden = options(&["multi-platform=0", "build-arg:BUILDKIT_MULTI_PLATFORM=1"]);
        assert!(overridden.unwrap().multi_platform);
        assert_eq!(
            options(&["platform=linux/amd64,linux/arm64", "multi-platform=0"])
                .unwrap_err()
                .to_string(),
            "option `multi-platform`: `0` does not go with 2 platforms"
        );
    }

    #[test]
    fn contexts() {
        let options = options(&[
            "contextkey=ctx",
            "ctx=https://host/a.git",
            "dockerfilekey=files",
            "contextsubdir=sub",
            "build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR=1",
            "context:base=input:base::0",
            r#"input-metadata:base::0={"containerimage.config":"e30="}"#,
            "local-sessionid:files=other",
            "sharedkey:localdir:base=key",
        ])
        .unwrap();
        assert_eq!(options.context.as_deref(), Some("https://host/a.git"));
        assert_eq!(options.build_file_local.as_deref(), Some("files"));
        assert_eq!(options.context_subdir, "sub");
        assert!(options.keep_git_dir);
        assert_eq!(options.input_configs["base::0"], b"{}");
        assert_eq!(options.sessions.of("files"), "other");
        assert_eq!(options.sessions.of("context"), "s");
        assert_eq!(options.sessions.shared_keys["base"], "key");
    }

    #[test]
    fn no_cache() {
        assert_eq!(options(&[]).unwrap().request.no_cache, Stages::None);
        assert_eq!(options(&["no-cache="]).unwrap().request.no_cache, Stages::All);
        let some = options(&["no-cache=A,b"]).unwrap().request.no_cache;
        assert!(some.covers("a") && some.covers("b") && !some.covers("c"));
    }

    #[test]
    fn older_clients() {
        let options = options(&["cache-from=a,b"]).unwrap();
        assert_eq!(options.filename, "Dockerfile");
        assert_eq!(options.cache_imports.len(), 2);
    }

    #[test]
    fn bad_values_name_their_option() {
        for (opt, message) in [
            (
                "image-resolve-mode=x",
                "option `image-resolve-mode`: `x` is none of `default`, `pull` and `local`",
            ),
            (
                "context:a=what:ever",
                "option `context:a`: `what:ever` is none of a directory, an image, a git repository, a URL, an OCI layout \
                 and a target",
            ),
            ("multi-platform=maybe", "option `multi-platform`: `maybe` is not `true` or `false`"),
        ] {
            assert_eq!(options(&[opt]).unwrap_err().to_string(), message);
        }
        assert!(
            options(&["cache-imports={"])
                .unwrap_err()
                .to_string()
                .starts_with("option `cache-imports`: ")
        );
    }
}
