//! The answer to `--call=explain`: for each step of a target, what makes it run again.
//!
//! Input: a [`Selection`] and its [`Plan`], for each platform. Output: an [`Explained`], as text or
//! as JSON, and the differences between two of them. Must not depend on the content of files: that
//! of the build context is not transferred for an explanation.
//!
//! A reason is a part of BuildKit's cache key of the step's op (`CacheMap` in
//! `solver/llbsolver/ops/exec.go` and `file.go`).

mod add;
mod changes;
mod explaining;
mod keys;
mod masked;
mod notes;
mod reasons;
mod remarks;
mod since;
#[cfg(test)]
mod tests;
mod text;

use serde::{Deserialize, Serialize};

use crate::lower::ProcessOptions;

/// The version of the document.
pub const EXPLAIN_VERSION: &str = "1.0.0";

/// The reasons of each step of a target to run again, for each platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// The version of the format.
    version: String,
    /// One for each platform.
    builds: Vec<Build>,
}

/// The files that are left out of the build context.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ignored<'a> {
    /// The name of the ignore file.
    pub file: &'a str,
    /// The patterns of the ignore file, followed by those of the build file. Empty if the build
    /// context is not a directory of the client.
    pub patterns: &'a [String],
}

/// The part of a build that the client decides, apart from the request.
#[derive(Debug, Clone, Copy)]
pub struct ClientSide<'a> {
    /// The files that are left out of the build context.
    pub ignored: Ignored<'a>,
    /// The options for the processes of steps.
    pub process: &'a ProcessOptions,
}

/// The steps for one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Build {
    target: String,
    platform: String,
    /// The files that are left out of the build context.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<IgnoredPatterns>,
    /// In the order of building.
    stages: Vec<Stage>,
}

/// Patterns of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct IgnoredPatterns {
    file: String,
    patterns: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stage {
    name: String,
    platform: String,
    /// True if the stage is only required: the target has none of its files.
    #[serde(default, skip_serializing_if = "is_false")]
    is_required: bool,
    steps: Vec<Step>,
}

/// An op of a stage: a step, several small ones, or the base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    /// Its position as in the progress, such as `[builder 2/5]`.
    position: String,
    /// Its label in the progress.
    name: String,
    file: String,
    line: u32,
    /// The `parallel` step of its stage that contains it, and its branch of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    branch: Option<(usize, usize)>,
    /// True if it does not run again because a step before it does.
    #[serde(default, skip_serializing_if = "is_false")]
    is_independent: bool,
    /// In the order in which BuildKit notices them.
    reasons: Vec<Reason>,
    /// Inputs that never make it run again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    not_counted: Vec<NotCounted>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<String>,
}

/// Something that makes a step run again when it changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Reason {
    kind: Kind,
    /// Its name; empty if the kind says all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    /// The origin of files: a stage, an image or a build context. Empty for the build context.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    from: String,
    /// Its current value. `None` if it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// A remark about the value.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
}

/// The kind of a reason. Parts of the step itself come first, as they are compared without running
/// anything; content of files comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// It runs in every build.
    NoCache,
    /// The command, or the content of a written file.
    Command,
    /// A build arg.
    Arg,
    /// A constant in `[vars]`.
    Var,
    /// An environment variable.
    Env,
    /// Any other key.
    Setting,
    /// The stage that it is based on.
    Stage,
    /// An image.
    Image,
    /// An ONBUILD trigger.
    Trigger,
    /// A git repository.
    Git,
    /// A file at a URL.
    Url,
    /// Files of a build context, a stage or an image, compared by their content.
    Files,
}

impl Kind {
    /// True for names with values.
    fn is_variable(self) -> bool {
        matches!(self, Kind::Arg | Kind::Var | Kind::Env)
    }
}

/// An input that never makes a step run again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct NotCounted {
    kind: String,
    name: String,
}

impl Explained {
    /// An empty document.
    pub fn new() -> Self {
        Self { version: EXPLAIN_VERSION.to_owned(), builds: Vec::new() }
    }

    /// The document as JSON, with a newline at its end.
    pub fn to_json(&self) -> String {
        // Cannot fail: strings, numbers and lists.
        let mut json = serde_json::to_string_pretty(self).unwrap_or_default();
        json.push('\n');
        json
    }

    /// Reads a document. The error is a message for the author.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let how = "write it with `--call=explain,format=json`";
        let document: serde_json::Value = serde_json::from_str(text)
            .map_err(|err| format!("it is not an explanation of mstage: {err}; {how}"))?;
        match document["version"].as_str() {
            Some(EXPLAIN_VERSION) => {}
            Some(other) => {
                return Err(format!(
                    "it has version {other}, but this mstage writes {EXPLAIN_VERSION}: write both with the same mstage"
                ));
            }
            None => return Err(format!("it is not an explanation of mstage; {how}")),
        }
        serde_json::from_value(document)
            .map_err(|err| format!("it is not an explanation of mstage: {err}; {how}"))
    }
}

impl Default for Explained {
    fn default() -> Self {
        Self::new()
    }
}

fn is_false(value: &bool) -> bool {
    !value
}
