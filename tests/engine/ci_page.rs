//! Runs the commands of docs/guides/ci.md, against a registry of this machine.

#![expect(clippy::disallowed_methods, reason = "the page is a file")]

use std::fs;

use crate::harness::{Capability, FRONTEND, Project, ROOT, Registry, cannot_run, engine};

/// The registry of the page.
const REGISTRY: &str = "registry.example.com";

/// The variables that runners set, apart from names of images: each is the commit.
const COMMITS: [&str; 4] = ["COMMIT", "GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT"];

#[test]
#[ignore = "needs a BuildKit engine"]
fn the_commands_of_all_jobs_run() {
    if cannot_run(Capability::ContainerdStore) {
        return;
    }
    let registry = Registry::start();
    registry.push("busybox:latest", "busybox:latest");
    let base = registry.name("busybox:latest");
    let project = Project::with_syntax(
        FRONTEND,
        &format!(
            r#"
default = "app"
[stages.app]
from = "{base}"
steps = [
  {{ copy = "nonce" }},
  {{ run = "date >> /cache/log && cp /cache/log /app", mounts = [{{ cache = "/cache" }}] }},
]
[stages.test]
from = "app"
report = "/results"
steps = ["mkdir /results && cp /app /results/"]
"#
        ),
    );
    project.write("nonce", &project.nonce());
    let page = fs::read_to_string(format!("{ROOT}/docs/guides/ci.md")).unwrap();
    let mut scripts =
        vec!["docker buildx build -f mstage.toml --target mstage.lock -o . .".to_owned()];
    scripts.extend(commands(&page));
    assert_eq!(
        scripts.iter().filter(|script| script.contains("--target mstage.caches")).count(),
        4
    );
    assert_eq!(scripts.iter().filter(|script| script.contains("mstage.caches=")).count(), 4);

    let image = registry.name("app");
    let mut variables = format!("IMAGE={image}\nCI_REGISTRY_IMAGE={image}\n");
    for name in COMMITS {
        variables.push_str(&format!("{name}=1\n"));
    }
    for script in scripts {
        let script = script.replace(REGISTRY, image.trim_end_matches("/app"));
        let script = format!("set -eu\n{variables}\n{script}");
        let command = engine().command("bash").args(["-c", &script]).directory(project.path());
        command.minutes(5).run();
    }
    assert!(project.path().join("results/app").exists());
}

/// The shell scripts of the page, and the builds of its jobs.
fn commands(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut blocks = page.split("```");
    while let (Some(_), Some(block)) = (blocks.next(), blocks.next()) {
        let (language, text) = block.split_once('\n').unwrap();
        match language {
            "sh" => {
                // A builder in a container needs an image that cannot be pulled everywhere.
                let lines = text.lines().filter(|line| !line.contains("buildx create"));
                found.push(lines.collect::<Vec<_>>().join("\n"));
            }
            "yaml" => found.extend(builds(text)),
            _ => {}
        }
    }
    found
}

/// The builds in a job, which are on one line, or are a folded string.
fn builds(yaml: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = yaml.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(at) = line.find("docker buildx build") else { continue };
        let mut build = line[at..].to_owned();
        while let Some(more) = lines.next_if(|next| next[..at.min(next.len())].trim().is_empty()) {
            build.push(' ');
            build.push_str(more.trim());
        }
        found.push(build.replace("$$", "$"));
    }
    found
}
