//! Stages that are based on several others.

use std::fmt::Write;

use crate::harness::{Capability, Project, engine};

const SPEC: &str = r#"
default = "app"
args = { NONCE = {} }

[stages.base]
from = "busybox"
args = ["NONCE"]
env = { FROM = "base" }
steps = ["mkdir /d && echo gone > /d/gone && echo both > /d/both && echo kept > /d/kept"]

[stages.one]
from = "base"
env = { FROM = "one" }
steps = ["rm /d/gone", "echo one > /d/both && echo one > /d/one && ln /d/one /d/linked && chown 7:8 /d/one && chmod 4750 /d/one"]

[stages.two]
from = "base"
steps = ["echo two > /d/both && echo two > /d/two"]

[stages.files]
from = "scratch"
steps = [{ write = "/files/a", content = "a" }]

[stages.app]
from = { merge = ["base", "one", "two", "files"] }
"#;

#[test]
#[ignore = "needs a BuildKit engine"]
fn the_first_stage_and_what_the_others_changed() {
    let project = Project::new(SPEC);
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    if !engine().has(Capability::MergeOp) {
        let failure = project.fail(&[&nonce]);
        assert!(failure.message.contains("squashing and merging stages"), "{failure}");
        assert!(failure.message.contains("mstage.toml:25"), "{failure}");
        return;
    }
    let image = project.image(&[&nonce]);
    let base = project.image(&[&nonce, "--target", "base"]);
    let layers = |description: serde_json::Value| {
        description["RootFS"]["Layers"].as_array().unwrap().to_owned()
    };
    let (below, all) = (layers(base.inspect()), layers(image.inspect()));
    assert_eq!(all[..below.len()], below, "the layers of the base, once");
    assert_eq!(all.len(), below.len() + 2 + 1 + 1);
    assert!(image.inspect()["Config"]["Env"].as_array().unwrap().contains(&"FROM=base".into()));

    let script =
        "cd /d && for f in *; do echo $f $(cat $f); done; stat -c '%a %u %g %h' one; ls /files";
    let mut expected = String::new();
    for (name, content) in
        [("both", "two"), ("kept", "kept"), ("linked", "one"), ("one", "one"), ("two", "two")]
    {
        writeln!(expected, "{name} {content}").unwrap();
    }
    expected.push_str("4750 7 8 2\na\n");
    assert_eq!(image.run(&["sh", "-c", script]), expected);

    let history =
        engine().docker(["history", "--no-trunc", "--format={{.CreatedBy}}", image.name()]);
    let history = history.run().text();
    let merges: Vec<&str> = history.lines().filter(|line| line.starts_with("MERGE")).collect();
    assert_eq!(merges, ["MERGE files", "MERGE two", "MERGE one", "MERGE one"]);
}
