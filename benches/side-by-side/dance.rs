//! Cache mounts that survive a runner without mstage: one build copies them to the client, and one
//! copies them back, as the action `buildkit-cache-dance` does.

use std::fmt::Write as _;
use std::path::Path;

use crate::harness::{Command, OwnEngine};

/// The ids of a project's cache mounts in its Dockerfile.
fn ids(project: &str) -> &'static [&'static str] {
    match project {
        "rust-cached" => &["/usr/local/cargo/registry", "to-ascii-target"],
        "node-nginx" => &["/root/.npm"],
        "go-whoami" => &["/go/pkg/mod", "/root/.cache/go-build"],
        _ => panic!("{project} has no cache mounts here"),
    }
}

/// A build that copies the contents of the cache mounts to an empty directory. Nothing of it may be
/// cached yet.
pub(crate) fn export(engine: &OwnEngine, project: &str, to: &Path) -> Command {
    let text = format!(
        "FROM busybox AS out\nRUN {}mkdir /out && cp -a /caches/. /out/\n\
         FROM scratch\nCOPY --from=out /out /\n",
        mounts(project)
    );
    build(engine, &text, to, &format!("--output=type=local,dest={}", to.display()))
}

/// A build that copies a directory into the cache mounts. Nothing of it may be cached yet.
pub(crate) fn import(engine: &OwnEngine, project: &str, from: &Path) -> Command {
    let text = format!(
        "FROM busybox\nRUN {}--mount=type=bind,target=/in cp -a /in/. /caches/\n",
        mounts(project)
    );
    build(engine, &text, from, "--output=type=cacheonly")
}

/// A build of a Dockerfile's text.
fn build(engine: &OwnEngine, text: &str, context: &Path, output: &str) -> Command {
    let command = engine.docker(["buildx", "build", "--progress=plain", "--file=-", output]);
    command.arg(context).input(text).minutes(30)
}

/// The flags that mount each cache at a directory of its own.
fn mounts(project: &str) -> String {
    let mut flags = String::new();
    for (number, id) in ids(project).iter().enumerate() {
        let _ = write!(flags, "--mount=type=cache,id={id},target=/caches/{number} ");
    }
    flags
}
