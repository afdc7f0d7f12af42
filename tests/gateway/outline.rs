//! `--call=outline`: args on which a build of the target depends only through sources.

use crate::fake::{Daemon, Engine, Release};
use crate::frontend::{build_with, returned};

const SPEC: &str = r#"default = "app"
[args]
RUNC_VERSION = "v1.3.0"
TINI_COMMIT = "de40ad007797e0dcd8b7126f27bb87401d224240"
MIRROR = "https://example.com"
SUM = ""
BASE = "3.20"
CLIENT = "x"
OTHER = "y"
SHADOWED = "z"
REPLACED = "z"
[vars]
FILES = "${MIRROR}/files"
[sources.runc]
git = "https://example.com/runc.git"
ref = "${RUNC_VERSION}"
[sources.tini]
git = "https://example.com/tini.git"
checksum = "${TINI_COMMIT}"
[sources.file]
http = "${FILES}/a"
checksum = "${SUM}"
[sources.base]
image = "alpine:${BASE}"
[sources.given]
http = "https://example.com/${CLIENT}"
[sources.unneeded]
http = "https://example.com/${OTHER}"
[sources.both]
http = "https://example.com/${SHADOWED}"
[stages.both]
from = "scratch"
[stages.replaced]
from = "scratch"
workdir = "/${REPLACED}"
[stages.unneeded-stage]
from = "unneeded"
[stages.app]
from = "base"
steps = [
  { copy = ".", from = "runc", to = "/runc/" },
  { run = "ls /tini", mounts = [{ bind = "/", from = { source = "tini" }, to = "/tini" }] },
  { copy = "a", from = "file", to = "/" },
  { copy = "a", from = "given", to = "/" },
  { copy = ".", from = "both", to = "/both/" },
  { copy = "a", from = "replaced", to = "/" },
]
"#;

fn args(daemon: &Daemon) -> Vec<String> {
    let document = &returned(daemon).result.unwrap().metadata["result.json"];
    let document: serde_json::Value = serde_json::from_slice(document).unwrap();
    let args = document["args"].as_array().unwrap().iter();
    args.map(|arg| arg["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn args_of_sources() {
    let engine =
        || Engine::new(Release::Forky).source("local://dockerfile", [("mstage.toml", SPEC)]);
    let options = [
        "requestid=frontend.outline",
        "context:given=docker-image://alpine",
        "context:replaced=docker-image://alpine",
    ];
    let found = args(&build_with(engine(), &options).await);
    assert_eq!(found, ["RUNC_VERSION", "TINI_COMMIT", "MIRROR", "SUM", "BASE"]);
    let options = ["requestid=frontend.outline", "target=unneeded-stage"];
    assert_eq!(args(&build_with(engine(), &options).await), ["OTHER"]);
}
