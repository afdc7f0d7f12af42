//! `--call=explain`: what makes each step run again.
//!
//! A case is a build file in `explain/`, with the options of the client and the patterns of an
//! ignore file in comments. Its text is beside it; `UPDATE_EXPECT=1` writes it again.
#![expect(clippy::disallowed_methods, reason = "cases are files")]

use std::fs;
use std::path::Path;

use expect_test::expect_file;

use crate::fake::{Daemon, Engine, Release};
use crate::frontend::{CONFIG, build_with};
use crate::subrequests::{entry, text};

/// The answer for a build file.
async fn explain(name: &str, file: String) -> Daemon {
    let comments = |kind: &str| -> Vec<String> {
        let prefix = format!("# {kind}: ");
        file.lines().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
    };
    let ignored = comments("ignore").join("\n").replace(' ', "\n");
    let name = if name.ends_with("Dockerfile") { "Dockerfile" } else { "mstage.toml" };
    let mut options = comments("option");
    options.push("requestid=frontend.explain".to_owned());
    options.push(format!("filename={name}"));
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let mut engine = Engine::new(Release::Head)
        .source("local://dockerfile", [(name, file.as_str())])
        .source("local://context", [(".dockerignore", ignored.as_str())]);
    for (image, digest) in [("alpine:3.20", "a"), ("golang:1.24", "b"), ("golang:1.25", "c")] {
        let image = format!("docker.io/library/{image}");
        engine = engine.image(&image, &format!("sha256:{}", digest.repeat(64)), CONFIG);
    }
    build_with(engine, &options).await
}

#[tokio::test]
async fn cases() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gateway/explain");
    let mut names: Vec<String> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".txt") && !name.ends_with(".json"))
        .collect();
    names.sort();
    assert!(names.len() > 2);
    for name in names {
        let file = fs::read_to_string(directory.join(&name)).unwrap();
        let daemon = explain(&name, file).await;
        assert_eq!(entry(&daemon, "version"), "1.0.0");
        let found = text(&daemon);
        let secrets = ["abcdefgh", "password", "token@", "=secret"];
        let json = entry(&daemon, "result.json");
        for secret in secrets {
            assert!(!found.contains(secret) && !json.contains(secret), "{name}: {secret}");
        }
        assert!(found.lines().all(|line| line.chars().count() <= 100), "{name}:\n{found}");
        expect_file![directory.join(format!("{name}.txt"))].assert_eq(&found);
        if name == "epoch.toml" {
            expect_file![directory.join(format!("{name}.json"))].assert_eq(&json);
        }
    }
}
