//! Options about a build, which several subcommands have in common.

use std::collections::BTreeMap;
use std::path::PathBuf;

use buildkit_llb::Platform;
use clap::Args;

use super::output::Failure;
use crate::plan::{ContextSource, NamedContexts, Request, Vcs};

/// The options of a build, as in `docker buildx build`.
#[derive(Debug, Clone, Default, Args)]
pub struct BuildOptions {
    /// The target stage
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,
    /// The platforms to build for; by default linux on this machine's processor
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    pub platform: Vec<String>,
    /// A build arg; without a value, that of the environment variable
    #[arg(long = "build-arg", value_name = "NAME=VALUE")]
    pub build_args: Vec<String>,
    /// A further build context: a directory, or what `docker buildx build` takes
    #[arg(long = "build-context", value_name = "NAME=DIR")]
    pub build_contexts: Vec<String>,
    /// The build context, for its .dockerignore; by default the directory of the build file
    #[arg(long, value_name = "DIR")]
    pub context: Option<PathBuf>,
    /// The config of an image: a JSON file that `docker buildx imagetools inspect --format
    /// '{{json .Image}}' NAME` or `docker image inspect NAME` has written. Nothing is claimed about
    /// images that are not given
    #[arg(long = "image", value_name = "NAME=CONFIG.json")]
    pub images: Vec<String>,
}

impl BuildOptions {
    /// The request for each platform, at least one. `environment` returns the value of an
    /// environment variable.
    pub fn requests(
        &self,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<Request>, Failure> {
        let here = own_platform();
        let mut platforms = Vec::with_capacity(self.platform.len());
        for text in &self.platform {
            let platform = Platform::parse(text, &here)
                .map_err(|err| Failure::new(format!("--platform {text}: {err}")))?;
            platforms.push(platform);
        }
        let request = Request {
            target: self.target.clone().filter(|target| !target.is_empty()),
            build_args: build_args(&self.build_args, environment)?,
            contexts: self.contexts()?,
            several_platforms: platforms.len() > 1,
            implicit_platform: platforms.is_empty(),
            vcs: Vcs::stand_in(),
            ..Request::new(here.clone())
        };
        if platforms.is_empty() {
            return Ok(vec![request]);
        }
        let requests = platforms
            .into_iter()
            .map(|target_platform| Request { target_platform, ..request.clone() });
        Ok(requests.collect())
    }

    fn contexts(&self) -> Result<NamedContexts, Failure> {
        let mut contexts = Vec::new();
        for (name, text) in pairs("--build-context", "NAME=DIR", &self.build_contexts)? {
            let source = match ContextSource::parse(text) {
                // Anything without a known scheme is a directory, as in buildx.
                Err(_) if !text.contains("://") && !text.starts_with("target:") => {
                    ContextSource::Local(name.to_owned())
                }
                Err(err) => return Err(Failure::new(format!("--build-context {name}: {err}"))),
                Ok(source) => source,
            };
            contexts.push((name.to_owned(), source));
        }
        Ok(NamedContexts::new(contexts))
    }

    /// The directories of `--build-context`, by name. Other sources are not read.
    pub(super) fn directories(&self) -> BTreeMap<String, PathBuf> {
        let pairs = self.build_contexts.iter().filter_map(|text| text.split_once('='));
        let directories = pairs.filter(|(_, text)| ContextSource::parse(text).is_err());
        directories.map(|(name, text)| (name.to_owned(), PathBuf::from(text))).collect()
    }
}

/// The values of `--build-arg` options.
pub(super) fn build_args(
    given: &[String],
    environment: impl Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut args = BTreeMap::new();
    for arg in given {
        let (name, value) = match arg.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (arg.as_str(), environment(arg)),
        };
        if name.is_empty() {
            return Err(Failure::new(format!("--build-arg {arg}: expected NAME=VALUE")));
        }
        if let Some(value) = value {
            args.insert(name.to_owned(), value);
        }
    }
    Ok(args)
}

/// The parts of values such as `NAME=VALUE`.
pub(super) fn pairs<'v>(
    option: &str,
    form: &str,
    values: &'v [String],
) -> Result<Vec<(&'v str, &'v str)>, Failure> {
    let mut pairs = Vec::with_capacity(values.len());
    for value in values {
        match value.split_once('=') {
            Some((name, value)) if !name.is_empty() && !value.is_empty() => {
                pairs.push((name, value));
            }
            _ => return Err(Failure::new(format!("{option} {value}: expected {form}"))),
        }
    }
    Ok(pairs)
}

/// Linux on this machine's processor, which is what Docker builds for.
fn own_platform() -> Platform {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    };
    Platform::new("linux", architecture, "")
        .or_else(|_| Platform::new("linux", "amd64", ""))
        .expect("linux/amd64 is a platform")
}
