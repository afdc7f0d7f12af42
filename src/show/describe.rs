//! The answer to `--call=subrequests.describe`: the supported subrequests (BuildKit's
//! `frontend/subrequests/describe.go`).

use serde::Serialize;

use super::columns::columns;
use super::{
    CONVERT_VERSION, EXPLAIN_VERSION, GRAPH_VERSION, LINT_VERSION, OUTLINE_VERSION, REPORT_VERSION,
    SCHEMA_VERSION, TARGETS_VERSION,
};

/// The version of the document.
pub const DESCRIBE_VERSION: &str = "1.0.0";

/// A supported subrequest.
#[derive(Debug, Serialize)]
struct Request {
    name: &'static str,
    version: &'static str,
    r#type: &'static str,
    description: &'static str,
    opts: Vec<Named>,
    inputs: Option<Vec<Named>>,
    metadata: Vec<Named>,
    refs: Option<Vec<Named>>,
}

#[derive(Debug, Serialize)]
struct Named {
    name: &'static str,
    description: &'static str,
}

/// All supported subrequests.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Description(Vec<Request>);

impl Description {
    /// Makes the document.
    pub fn of_all() -> Self {
        let target = ("target", "Target stage");
        let both: &[&'static str] = &["result.json", "result.txt"];
        let with_status: &[&'static str] = &["result.json", "result.txt", "result.statuscode"];
        Self(vec![
            request(
                "frontend.outline",
                OUTLINE_VERSION,
                "List the args, secrets and other inputs of a target",
                &[target],
                both,
            ),
            request("frontend.targets", TARGETS_VERSION, "List all targets", &[], both),
            request("frontend.lint", LINT_VERSION, "Check the build file", &[target], with_status),
            request(
                "frontend.convertllb",
                CONVERT_VERSION,
                "Convert the build file to LLB",
                &[target],
                &both[..1],
            ),
            request(
                "frontend.convert",
                "1.0.0",
                "Convert a Dockerfile to a build file",
                &[],
                with_status,
            ),
            request(
                "frontend.graph",
                GRAPH_VERSION,
                "Show the stages of a build and what they take from each other",
                &[target],
                both,
            ),
            request(
                "frontend.explain",
                EXPLAIN_VERSION,
                "Show what makes each step of a target run again",
                &[target],
                both,
            ),
            request(
                "frontend.report",
                REPORT_VERSION,
                "Run a stage and show the summary of its report",
                &[target],
                with_status,
            ),
            request(
                "frontend.schema",
                SCHEMA_VERSION,
                "Print the JSON Schema of build files",
                &[],
                both,
            ),
            request(
                "frontend.subrequests.describe",
                DESCRIBE_VERSION,
                "List available subrequest types",
                &[],
                both,
            ),
        ])
    }

    /// The document as text, as clients print it.
    pub fn to_text(&self) -> String {
        let rows = self.0.iter().map(row);
        let rows: Vec<[&str; 3]> =
            std::iter::once(["NAME", "VERSION", "DESCRIPTION"]).chain(rows).collect();
        columns(&rows, 1)
    }
}

fn row(request: &Request) -> [&str; 3] {
    let name = request.name.strip_prefix("frontend.").unwrap_or(request.name);
    [name, request.version, request.description]
}

fn request(
    name: &'static str,
    version: &'static str,
    description: &'static str,
    opts: &[(&'static str, &'static str)],
    metadata: &[&'static str],
) -> Request {
    let opts = opts.iter().map(|&(name, description)| Named { name, description });
    let metadata = metadata.iter().map(|&name| Named { name, description: "" });
    Request {
        name,
        version,
        r#type: "rpc",
        description,
        opts: opts.collect(),
        inputs: None,
        metadata: metadata.collect(),
        refs: None,
    }
}
