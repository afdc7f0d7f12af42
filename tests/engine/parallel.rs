//! Branches that run concurrently and are merged in order.

use crate::harness::{Build, Capability, Project, cannot_run, engine};

/// The labels of the steps of branches that ran.
fn ran(build: &Build) -> Vec<&str> {
    let steps = build.progress.steps().filter(|step| step.ran());
    let mut names: Vec<&str> =
        steps.filter_map(|step| Some(step.name.split_once("] ")?.1)).collect();
    names.sort_unstable();
    names
}

/// Each branch waits for the other through a cache directory: unless both run concurrently, each
/// gives up.
#[test]
#[ignore = "needs a BuildKit engine"]
fn branches_run_at_once() {
    if cannot_run(Capability::MergeOp) {
        return;
    }
    let project = Project::new(
        r#"
args = { NONCE = {} }

[stages.app]
from = "busybox"
args = ["NONCE"]
mounts = [{ cache = "/meet", id = "meet-${NONCE}" }]
steps = [{ parallel = [
  '''
    touch /meet/a
    for second in $(seq 60); do test -e /meet/b && break; sleep 1; done
    test -e /meet/b
  ''',
  '''
    touch /meet/b
    for second in $(seq 60); do test -e /meet/a && break; sleep 1; done
    test -e /meet/a
  ''',
] }]
"#,
    );
    project.build(&[&format!("--build-arg=NONCE={}", project.nonce())]);
}

const SPEC: &str = r#"
args = { NONCE = {}, A = "1" }

[stages.app]
from = "busybox"
args = ["NONCE"]
workdir = "/work"
env = { LEVEL = "1" }
user = "1000"
steps = [
  { name = "before", user = "root", run = '''
    mkdir -p /in/gone /in/again && echo old > /in/gone/file && echo old > /in/again/old && echo old > /in/shared && echo base > /in/base
    chown -R 1000 /in
  ''' },
  { name = "fork", parallel = [
    { name = "a", run = 'echo "a$A $LEVEL $(id -u) $PWD" > /in/a && echo a > /in/shared' },
    { steps = [
      { name = "b", workdir = "deep", run = 'pwd > /in/b && rm -r /in/gone && echo b > /in/shared' },
      { name = "also b", run = 'test -e /in/b && test ! -e /in/a && rm -r /in/again && mkdir /in/again && echo new > /in/again/new' },
    ] },
    { name = "c", remove = "/in/base" },
  ] },
  { name = "after", run = 'cat /in/a /in/b /in/shared > /in/all' },
]
"#;

#[test]
#[ignore = "needs a BuildKit engine"]
fn what_branches_change_is_merged_in_their_order() {
    // If they run in order, a branch sees the earlier ones.
    let apart = if engine().has(Capability::MergeOp) { "test ! -e /in/a" } else { "test -e /in/a" };
    let project = Project::new(&SPEC.replace("test ! -e /in/a", apart));
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    let image = project.image(&[&nonce]);
    let found = image.run(&["sh", "-c", "cd /in && find . | sort && cat all again/new"]);
    let files = ".\n./a\n./again\n./again/new\n./all\n./b\n./shared\n";
    assert_eq!(found, format!("{files}a1 1 1000 /work\n/work/deep\nb\nnew\n"));
    let description = image.inspect();
    let layers = description["RootFS"]["Layers"].as_array().unwrap().len();
    // The base has one; the working directory and each step of the stage add one.
    let base = crate::harness::inspect("busybox")["RootFS"]["Layers"].as_array().unwrap().len();
    assert_eq!(layers, base + 7);

    let changed = project.build(&[&nonce, "--build-arg=A=2"]);
    if engine().has(Capability::MergeOp) {
        assert_eq!(ran(&changed), ["a", "after"], "{changed}");
    } else {
        assert!(changed.progress.warnings.is_empty() || engine().major_version >= 23, "{changed}");
        assert_eq!(ran(&changed), ["a", "after", "also b", "b", "c"], "{changed}");
    }
}

/// A documented difference from steps that run one after the other.
#[test]
#[ignore = "needs a BuildKit engine"]
fn the_last_branch_wins_for_files_and_for_directories() {
    if cannot_run(Capability::MergeOp) {
        return;
    }
    let project = Project::new(
        r#"
args = { NONCE = {} }

[stages.app]
from = "busybox"
args = ["NONCE"]
steps = [
  { run = 'mkdir /d && echo x > /d/x' },
  { parallel = ['chmod 700 /d; echo 1 > /list', 'echo y > /d/y; echo 2 >> /list', 'ln /d/x /x'] },
]
"#,
    );
    let image = project.image(&[&format!("--build-arg=NONCE={}", project.nonce())]);
    assert_eq!(image.run(&["sh", "-c", "stat -c %a /d; cat /list /x"]), "755\n2\nx\n");
}
