//! The options as received from the client, by name.

use std::collections::BTreeMap;
use std::fmt;

use crate::Status;

/// The environment in which BuildKit starts a frontend.
///
/// An option is parsed and checked when its method is called, so that a frontend does not fail
/// because of an invalid option that it does not use. Each method names the client's option, and
/// the flag of `docker buildx build` for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    session_id: String,
    workers: String,
    opts: BTreeMap<String, String>,
}

/// An option with an invalid value. Its message names the option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidOption {
    option: String,
    problem: String,
}

impl Options {
    /// Reads this process's environment.
    #[expect(clippy::disallowed_methods, reason = "BuildKit's options are environment variables")]
    pub fn from_env() -> Self {
        // A variable that is not UTF-8 is not an option of any client.
        let variables = std::env::vars_os();
        Self::from_variables(variables.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// Reads environment variables. For tests of a frontend.
    ///
    /// ```
    /// use buildkit_frontend::Options;
    ///
    /// let variables = [("BUILDKIT_SESSION_ID", "s"), ("BUILDKIT_FRONTEND_OPT_0", "build-arg:VERSION=1=2")];
    /// let options = Options::from_variables(variables.map(|(name, value)| (name.into(), value.into())));
    /// assert_eq!(options.build_args()["VERSION"], "1=2");
    /// ```
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut options = Self::default();
        for (name, value) in variables {
            if name == "BUILDKIT_SESSION_ID" {
                options.session_id = value;
            } else if name == "BUILDKIT_WORKERS" {
                options.workers = value;
            } else if name.starts_with("BUILDKIT_FRONTEND_OPT_")
                && let Some((key, value)) = value.split_once('=')
            {
                options.opts.insert(key.to_owned(), value.to_owned());
            }
        }
        options
    }

    /// Returns an unparsed option of the client.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.opts.get(name).map(String::as_str)
    }

    /// Returns an unparsed option, unless it is empty.
    pub fn non_empty(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Sets an option, for nested frontends: see [`Build::Frontend`](crate::Build::Frontend).
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.opts.insert(name.into(), value.into());
    }

    /// Returns all unparsed options of the client, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.opts.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the options whose names have a prefix such as `build-arg:`, by the rest of their
    /// names.
    pub fn with_prefix(&self, prefix: &str) -> BTreeMap<String, String> {
        let mut named = BTreeMap::new();
        for (name, value) in self.iter() {
            if let Some(rest) = name.strip_prefix(prefix) {
                named.insert(rest.to_owned(), value.to_owned());
            }
        }
        named
    }

    /// The id of the session that the build belongs to.
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// The platforms of the workers, as JSON.
    pub(super) fn workers(&self) -> &str {
        &self.workers
    }
}

impl InvalidOption {
    /// Makes the error of an option. Also for a frontend's own options.
    pub fn new(option: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self { option: option.into(), problem: problem.to_string() }
    }
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
