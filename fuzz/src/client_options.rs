//! The variables in which a client passes its options.

use mstage::gateway::Options;
use mstage::source::SourceFile;

use super::compile::compile;

/// A build file that uses as many options as possible.
const SPEC: &str = r#"
default = "app"

[args]
VERSION = "1"
OPTIONAL = {}

[stages.lib]
from = "alpine"
platform = "build"
steps = ['make', { copy = "src" }]

[stages.test]
from = "lib"
steps = ['make test']
report = "/out"

[stages.app]
from = "debian:${VERSION}"
args = ["OPTIONAL", "TARGETARCH"]
requires = ["test"]
steps = [
  { run = 'echo "$OPTIONAL"', mounts = [{ cache = "/c" }, { secret = "s" }] },
  { copy = "/lib", from = "lib" },
  { copy = "x", from = { context = "docs" } },
]
image = { cmd = "x", labels = { a = "${VERSION}" } }
"#;

/// Reads options, one in a line, and compiles a build file with them. A line that begins with
/// `BUILDKIT_` is a variable of its own.
pub fn client_options(data: &[u8]) {
    let Ok(options) = Options::new(buildkit_frontend::Options::from_variables(variables(data)))
    else {
        return;
    };
    let requests = options.requests();
    assert!(!requests.is_empty(), "there is a platform");
    // Each platform takes as long as the first.
    let requests = &requests[..requests.len().min(4)];
    let _ = compile(&SourceFile::new("mstage.toml", SPEC.into()), None, requests);
}

/// The environment of a frontend with the options in a text.
pub(crate) fn variables(data: &[u8]) -> Vec<(String, String)> {
    let mut variables = vec![
        ("BUILDKIT_SESSION_ID".to_owned(), "the-session".to_owned()),
        (
            "BUILDKIT_WORKERS".to_owned(),
            r#"[{"platforms":[{"architecture":"amd64","os":"linux"}]}]"#.to_owned(),
        ),
    ];
    for (number, line) in String::from_utf8_lossy(data).lines().enumerate() {
        variables.push(match line.split_once('=') {
            Some((name, value)) if name.starts_with("BUILDKIT_") => {
                (name.to_owned(), value.to_owned())
            }
            _ => (format!("BUILDKIT_FRONTEND_OPT_{number}"), line.to_owned()),
        });
    }
    variables
}
