//! `--call=explain`: what it says about steps is what the engine does with them.

use std::collections::BTreeSet;

use mstage::show::Explained;

use crate::harness::{Build, Project};

/// Steps that a change of `A`, `B` or a file reaches in different ways.
const SPEC: &str = r#"
default = "app"

[args]
NONCE = {}
A = "1"
B = "1"

[stages.builder]
from = "busybox"
workdir = "/src"
env = { OF_STAGE = "x" }
steps = [
  { name = "begin", run = "echo $NONCE > /nonce", network = "none" },
  { name = "read A", run = "echo $A > /a && echo same > /same" },
  { name = "after A", run = "true", mounts = [{ cache = "/cache" }, { secret = "id" }] },
]

[stages.other]
from = "busybox"
steps = [
  { name = "begin other", run = "echo $NONCE" },
  { name = "read B", run = "echo $B > /b" },
]

[stages.check]
from = "builder"
steps = [{ name = "check", run = "test -e /a" }]

[stages.app]
from = "busybox"
requires = ["check"]
steps = [
  { name = "begin app", run = "echo $NONCE" },
  { name = "take same", copy = "/same", from = "builder", to = "/x/" },
  { name = "after same", run = "true" },
  { name = "take a", copy = "/a", from = "builder", to = "/y/" },
  { name = "after a", run = "true" },
  { name = "linked", copy = "dir/file", to = "/linked/", link = true },
  { name = "take b", copy = "/b", from = "other", to = "/z/" },
]
"#;

fn explained(project: &Project, options: &[&str]) -> Explained {
    let finished = project.call("mstage.toml", "explain,format=json", options);
    assert!(finished.status.success(), "{}", finished.stderr);
    Explained::from_json(&finished.text()).unwrap()
}

fn names(build: &Build, has_run: bool) -> BTreeSet<String> {
    let steps = build.progress.steps();
    let steps = steps.filter(|step| if has_run { step.ran() } else { step.is_cached() });
    let names = steps.filter_map(|step| step.name.split_once("] "));
    names.map(|(_, name)| name.to_owned()).collect()
}

/// The steps that a comparison names, with `true` for those that certainly run again.
fn expected(text: &str) -> BTreeSet<(String, bool)> {
    let lines = text.lines().filter_map(|line| line.split_once("] ")?.1.split_once(": "));
    let step = |(name, why): (&str, &str)| (name.to_owned(), !why.starts_with("if "));
    lines.map(step).collect()
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_comparison_predicts_what_runs_again() {
    let project = Project::new(SPEC).with("dir/file", "1");
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    let first = [nonce.as_str()];
    project.build(&first);
    let before = explained(&project, &first);
    for args in [&[nonce.as_str(), "--build-arg=A=2"], &[nonce.as_str(), "--build-arg=B=2"]] {
        let text = explained(&project, args).since(&before);
        let expected = expected(&text);
        assert!(expected.iter().any(|(_, is_certain)| *is_certain), "{text}");
        let build = project.build(args);
        let (ran, cached) = (names(&build, true), names(&build, false));
        for (name, is_certain) in &expected {
            assert!(!is_certain || !cached.contains(name), "{name} was cached:\n{text}");
        }
        for name in &ran {
            let is_expected = expected.iter().any(|(known, _)| known == name);
            // Images and required stages have ops of their own. A linked layer is kept, but the op
            // that puts it onto the layers below has its name.
            let is_other = ["FROM ", "requires ", "waits ", "linked"]
                .iter()
                .any(|other| name.starts_with(other));
            assert!(is_expected || is_other, "{name} ran:\n{text}");
        }
    }
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn text_and_schema() {
    let project = Project::new(SPEC);
    let finished = project.call("mstage.toml", "explain", &["--target=other"]);
    let text = finished.text();
    assert!(text.starts_with("other for linux/"), "{text}{}", finished.stderr);
    assert!(text.contains("[other 3/3] read B"), "{text}");
    assert!(text.contains("arg      B = 1\n"), "{text}");
    let schema = project.call("mstage.toml", "schema", &[]).text();
    assert_eq!(schema.trim_end(), mstage::show::schema(&mstage::spec::shape()).trim_end());
}
