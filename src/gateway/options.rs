//! What the client asks for, from the environment that BuildKit starts a frontend with.
//!
//! The keys are those of the Dockerfile frontend (BuildKit's `frontend/dockerui/config.go`), so that
//! every client's options mean the same here.

use std::collections::BTreeMap;
use std::fmt;

use buildkit_llb::{Platform, ResolveMode};
use serde::Deserialize;

use super::bridge::CacheImport;
use crate::plan::Request;

/// What the client asks for.
#[derive(Debug, Clone)]
pub struct Options {
    /// The client's session, from which its files are read.
    pub session_id: String,
    /// The build file's name in its directory.
    pub filename: String,
    /// The name under which the client offers the directory of the build file.
    pub build_file_local: String,
    /// What is built, and with which values.
    pub request: Request,
    /// Where images are looked for.
    pub resolve_mode: ResolveMode,
    /// Caches to use.
    pub cache_imports: Vec<CacheImport>,
    /// A question to answer in place of a build.
    pub subrequest: Option<String>,
    /// All options as they came, for frontends that are started from here.
    pub raw: BTreeMap<String, String>,
}

/// An option whose value means nothing.
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

#[derive(Deserialize)]
struct WorkerJson {
    #[serde(default)]
    platforms: Vec<PlatformJson>,
}

#[derive(Deserialize)]
struct PlatformJson {
    architecture: String,
    os: String,
    #[serde(default)]
    variant: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CacheImportJson {
    r#type: String,
    #[serde(default)]
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
        let build_platform = build_platform(workers)?;
        let mut request = Request::new(build_platform.clone());
        if let Some(platforms) = opts.get("platform").filter(|platforms| !platforms.is_empty()) {
            request.target_platform = single_platform(platforms, &build_platform)?;
        }
        request.build_args = with_prefix(&opts, "build-arg:");
        request.labels = with_prefix(&opts, "label:");
        request.target = opts.remove("target").filter(|target| !target.is_empty());
        let resolve_mode = match opts.get("image-resolve-mode").map(String::as_str) {
            None | Some("" | "default") => ResolveMode::Default,
            Some("pull") => ResolveMode::ForcePull,
            Some("local") => ResolveMode::PreferLocal,
            Some(other) => {
                let problem = format!("`{other}` is none of `default`, `pull` and `local`");
                return Err(invalid("image-resolve-mode", problem));
            }
        };
        if let Some(context) = opts.get("context") {
            let problem = format!(
                "the context `{context}` is not a directory of the client; only those are supported"
            );
            return Err(invalid("context", problem));
        }
        Ok(Self {
            session_id,
            filename: opts.remove("filename").unwrap_or_else(|| "Dockerfile".to_owned()),
            build_file_local: opts
                .remove("dockerfilekey")
                .unwrap_or_else(|| "dockerfile".to_owned()),
            request,
            resolve_mode,
            cache_imports: cache_imports(&opts)?,
            subrequest: opts.remove("requestid"),
            raw,
        })
    }
}

fn invalid(option: &str, problem: impl fmt::Display) -> InvalidOption {
    InvalidOption { option: option.to_owned(), problem: problem.to_string() }
}

fn with_prefix(opts: &BTreeMap<String, String>, prefix: &str) -> BTreeMap<String, String> {
    opts.iter()
        .filter_map(|(key, value)| Some((key.strip_prefix(prefix)?.to_owned(), value.clone())))
        .collect()
}

/// The first platform of the first worker.
fn build_platform(workers: &str) -> Result<Platform, InvalidOption> {
    let problem = |problem: &dyn fmt::Display| invalid("BUILDKIT_WORKERS", problem);
    let workers: Vec<WorkerJson> = if workers.is_empty() {
        Vec::new()
    } else {
        serde_json::from_str(workers).map_err(|err| problem(&err))?
    };
    match workers.first().and_then(|worker| worker.platforms.first()) {
        Some(PlatformJson { architecture, os, variant }) => {
            Platform::new(os, architecture, variant).map_err(|err| problem(&err))
        }
        None => Platform::new("linux", std::env::consts::ARCH, "").map_err(|err| problem(&err)),
    }
}

fn single_platform(list: &str, build_platform: &Platform) -> Result<Platform, InvalidOption> {
    if list.contains(',') {
        return Err(invalid("platform", "several platforms in one build are not supported"));
    }
    Platform::parse(list, build_platform).map_err(|err| invalid("platform", err))
}

/// The newer option is a list in JSON; the older one a list of references, separated by commas.
fn cache_imports(opts: &BTreeMap<String, String>) -> Result<Vec<CacheImport>, InvalidOption> {
    if let Some(json) = opts.get("cache-imports").filter(|json| !json.is_empty()) {
        let imports: Vec<CacheImportJson> =
            serde_json::from_str(json).map_err(|err| invalid("cache-imports", err))?;
        return Ok(imports
            .into_iter()
            .map(|json| CacheImport { kind: json.r#type, attrs: json.attrs })
            .collect());
    }
    let references = opts.get("cache-from").map(String::as_str).unwrap_or_default();
    let import = |reference: &str| CacheImport {
        kind: "registry".to_owned(),
        attrs: BTreeMap::from([("ref".to_owned(), reference.to_owned())]),
    };
    Ok(references.split(',').filter(|reference| !reference.is_empty()).map(import).collect())
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
        assert_eq!(options.session_id, "s");
        assert_eq!(options.request.build_args["A"], "x=y");
        assert_eq!(options.request.labels["l"], "1");
        assert_eq!(options.request.target.as_deref(), Some("test"));
        assert_eq!(options.request.target_platform.to_string(), "linux/amd64");
        assert_eq!(options.resolve_mode, ResolveMode::PreferLocal);
        assert_eq!(options.cache_imports[0].attrs["ref"], "r");
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
                "platform=linux/amd64,linux/arm64",
                "option `platform`: several platforms in one build are not supported",
            ),
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
