//! The client's request: the options of every frontend, as a request to this one.
//!
//! Input: [`buildkit_frontend::Options`]. Output: [`Options`], every value checked.

use std::collections::BTreeMap;
use std::fmt;

use buildkit_frontend::{
    CacheImport, InvalidOption, ProcessOptions, Scanner, Sessions, parse_bool,
};
use buildkit_llb::{Platform, ResolveMode};

use crate::plan::{
    CACHES, ContextSource, NamedContexts, Request, SbomScope, Stages, Vcs, without_credentials,
};

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
    pub process: ProcessOptions,
    /// Prefix for the ids of cache mounts.
    pub cache_namespace: String,
    /// The source from which new caches are filled, if any.
    pub caches: Option<ContextSource>,
    /// The scanner for an SBOM, if requested.
    pub scanner: Option<Scanner>,
    /// Caches to import.
    pub cache_imports: Vec<CacheImport>,
    /// The subrequest to answer instead of a build.
    pub subrequest: Option<String>,
    /// All options unchanged, for nested frontends.
    pub raw: buildkit_frontend::Options,
}

impl Options {
    /// Checks the options of a client.
    pub fn new(raw: buildkit_frontend::Options) -> Result<Self, InvalidOption> {
        let worker_platforms = raw.worker_platforms()?;
        let build_platform = raw.build_platform()?;
        let platforms = raw.target_platforms()?;
        let multi_platform = raw.multi_platform()?;
        let mut contexts = named_contexts(&raw)?;
        let caches = contexts.take(CACHES);
        let request = Request {
            target: raw.target().map(str::to_owned),
            build_args: raw.build_args(),
            labels: raw.labels(),
            target_platform: platforms[0].clone(),
            implicit_platform: raw.non_empty("platform").is_none(),
            several_platforms: multi_platform,
            contexts,
            vcs: Vcs {
                revision: raw.vcs_revision().map(str::to_owned),
                source: raw.vcs_source().map(without_credentials),
            },
            runnable_platforms: worker_platforms,
            sbom: sbom_scope(&raw)?,
            no_cache: match raw.no_cache() {
                None => Stages::None,
                Some(names) if names.is_empty() => Stages::All,
                Some(names) => Stages::Named(names),
            },
            ..Request::new(build_platform)
        };
        Ok(Self {
            sessions: raw.sessions(),
            filename: raw.filename().to_owned(),
            build_file_local: raw.build_file_directory().map(str::to_owned),
            context: raw.context().map(str::to_owned),
            context_subdir: raw.context_subdir().to_owned(),
            keep_git_dir: raw.keeps_git_dir(),
            resolve_mode: raw.resolve_mode()?,
            input_configs: raw.input_configs()?,
            request,
            platforms,
            multi_platform,
            process: raw.process()?,
            cache_namespace: raw.cache_namespace().to_owned(),
            caches,
            scanner: raw.sbom_scanner()?,
            cache_imports: raw.cache_imports()?,
            subrequest: raw.subrequest().map(str::to_owned),
            raw,
        })
    }

    /// The request for each platform.
    pub fn requests(&self) -> Vec<Request> {
        self.platforms
            .iter()
            .map(|platform: &Platform| Request {
                target_platform: platform.clone(),
                ..self.request.clone()
            })
            .collect()
    }
}

/// Makes the error of an option.
pub(super) fn invalid(option: &str, problem: impl fmt::Display) -> InvalidOption {
    InvalidOption::new(option, problem)
}

/// The options that Dockerfiles set with args of these names.
fn sbom_scope(options: &buildkit_frontend::Options) -> Result<SbomScope, InvalidOption> {
    const CONTEXT: &str = "build-arg:BUILDKIT_SBOM_SCAN_CONTEXT";
    const STAGE: &str = "build-arg:BUILDKIT_SBOM_SCAN_STAGE";
    let context = match options.non_empty(CONTEXT) {
        None => false,
        Some(text) => parse_bool(text).ok_or_else(|| {
            invalid(CONTEXT, format!("expected `true` or `false`, found `{text}`"))
        })?,
    };
    let stages = match options.non_empty(STAGE) {
        None => Stages::None,
        Some(text) => match parse_bool(text) {
            Some(true) => Stages::All,
            Some(false) => Stages::None,
            None => Stages::Named(text.split(',').map(str::to_owned).collect()),
        },
    };
    Ok(SbomScope { context, stages })
}

fn named_contexts(options: &buildkit_frontend::Options) -> Result<NamedContexts, InvalidOption> {
    let contexts = options.named_contexts().into_iter().map(|(name, text)| {
        match ContextSource::parse(&text) {
            Ok(ContextSource::Target(target)) if options.subrequest().is_none() => {
                let problem = format!("bake did not build its target `{target}`");
                Err(invalid(&format!("context:{name}"), problem))
            }
            Ok(source) => Ok((name, source)),
            Err(err) => Err(invalid(&format!("context:{name}"), err)),
        }
    });
    Ok(NamedContexts::new(contexts.collect::<Result<Vec<_>, _>>()?))
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
        let fixed = fixed.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Options::new(buildkit_frontend::Options::from_variables(fixed.into_iter().chain(variables)))
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
            "option `multi-platform`: `0` is not allowed with 2 platforms"
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
                "option `image-resolve-mode`: expected `default`, `pull` or `local`, found `x`",
            ),
            (
                "context:a=what:ever",
                "option `context:a`: expected a directory, an image, a git repository, a URL, an OCI layout \
                 or a target, found `what:ever`",
            ),
            (
                "multi-platform=maybe",
                "option `multi-platform`: expected `true` or `false`, found `maybe`",
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
