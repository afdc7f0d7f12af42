//! The `case.toml` of a case.

#![expect(clippy::disallowed_methods, reason = "cases are files")]

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::harness::ROOT;

/// A `case.toml`. Most cases need none.
///
/// A `prepare.sh` beside it creates files that are not committed, such as archives, in a copy of
/// the folder.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Settings {
    /// Options of `docker buildx build` for both builds. `{server}` is the URL of the case's
    /// folder, `{host}` its host, `{folder}` its path, `{base}` the image built from
    /// `base.Dockerfile` by the engine's own frontend, `{long}` a text of 100,000 characters,
    /// `{alpine}` the digest of alpine:3.20.
    pub(super) options: Vec<String>,
    /// Options for the build of `base.Dockerfile`.
    pub(super) base_options: Vec<String>,
    /// The context, if it is not the folder; both build files are in it.
    pub(super) context: Option<String>,
    /// The required base images, besides the usual ones.
    pub(super) images: Vec<String>,
    /// The allowed differences of the spec, with reasons.
    pub(super) differences: Vec<Difference>,
    /// The reason why no engine's own frontend can build the Dockerfile yet; `expected.txt` has the
    /// result of a newer official frontend: `UPDATE_EXPECT=1` together with
    /// `MSTAGE_DOCKERFILE_FRONTEND=docker/dockerfile:1` (or `1-labs`) writes it.
    pub(super) too_new: Option<String>,
    /// The major version of the first engine whose own frontend builds the Dockerfile.
    pub(super) since: u32,
    /// The major version of the first engine that supports it with any frontend, if older engines
    /// do not report that beforehand.
    pub(super) engine: u32,
    /// The error of both builds, if they must fail.
    pub(super) fails: Option<Fails>,
    /// A difference if mstage builds the Dockerfile directly, with its reason.
    pub(super) direct: Option<String>,
    /// A difference between the converted file and the Dockerfile that mstage builds directly, with
    /// its reason.
    pub(super) converted: Option<String>,
    /// A feature that mstage lacks. A case with this key that passes is out of date.
    pub(super) missing: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Difference {
    /// A name in the comparison, such as `config Env` or `/path`; a trailing `*` matches anything.
    pub(super) of: String,
    pub(super) reason: String,
}

/// Texts that the messages of both sides contain.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fails {
    pub(super) dockerfile: String,
    pub(super) mstage: String,
}

impl Settings {
    /// The settings of a case.
    pub(super) fn of(case: &str) -> Self {
        let file = Path::new(ROOT).join("tests/parity").join(case).join("case.toml");
        if !file.exists() {
            return Self::default();
        }
        let text = fs::read_to_string(&file).unwrap();
        toml::from_str(&text).unwrap_or_else(|err| panic!("{}: {err}", file.display()))
    }
}

impl Difference {
    /// True if it allows a difference with this name.
    pub(super) fn covers(&self, name: &str) -> bool {
        match self.of.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == self.of,
        }
    }
}
