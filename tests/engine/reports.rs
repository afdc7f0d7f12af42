//! Reports of stages: exported even if a step fails.

use serde_json::{Value, json};

use crate::harness::{Files, Project, engine};

const DOCUMENT: &str = "mstage-report.json";

/// `END` is the second step.
const SPEC: &str = r#"
default = "app"

[args]
NONCE = {}
END = "true"

[stages.base]
from = "busybox"
args = ["NONCE"]
steps = [{ name = "prepare", run = "mkdir /out && ln -s out /alias && echo $NONCE > /out/nonce" }]

[stages.test]
from = "base"
workdir = "/work"
report = "../alias/${DIRECTORY}"
env = { DIRECTORY = "results" }
steps = [
  { name = "first", run = "mkdir /out/results && cat /proc/sys/kernel/random/uuid > /out/results/first && ln -s first /out/results/link" },
  { name = "second", run = "cat /proc/sys/kernel/random/uuid > /out/results/second && $END" },
  { name = "third", run = "echo third > /out/results/third" },
]

[stages.app]
from = "base"
requires = ["test"]
"#;

fn project() -> (Project, String) {
    let project = Project::new(SPEC);
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    (project, nonce)
}

#[track_caller]
fn document(files: &Files) -> Value {
    document_in(files, "")
}

/// The document of one of several platforms.
#[track_caller]
fn document_in(files: &Files, directory: &str) -> Value {
    serde_json::from_str(files[&format!("{directory}{DOCUMENT}")].text()).unwrap()
}

#[track_caller]
fn codes(files: &Files) -> Vec<Value> {
    codes_in(&document(files))
}

/// The exit codes of the steps.
#[track_caller]
fn codes_in(document: &Value) -> Vec<Value> {
    document["steps"].as_array().unwrap().iter().map(|step| step["exitCode"].clone()).collect()
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_report_of_steps_that_pass_and_of_one_that_fails() {
    let (project, nonce) = project();
    let passed = project.files(&[&nonce, "--target=test.report"]);
    assert_eq!(passed.paths(), ["first", "link", DOCUMENT, "second", "third"]);
    assert_eq!(passed["third"].text(), "third\n");
    let first = json!({ "name": "first", "file": "mstage.toml", "line": 19, "exitCode": 0 });
    assert_eq!(document(&passed)["stage"], "test");
    assert_eq!(document(&passed)["passed"], true);
    assert_eq!(document(&passed)["steps"][0], first);
    assert_eq!(codes(&passed), [0, 0, 0]);

    let failing = ["--build-arg=END=exit 3", &nonce, "--target=test.report"];
    let failed = project.files(&failing);
    assert_eq!(failed.paths(), ["first", "link", DOCUMENT, "second"]);
    assert_eq!(document(&failed)["passed"], false);
    assert_eq!(codes(&failed), [json!(0), json!(3), Value::Null]);
    // Steps that passed stay in the cache, and failed ones are tried again.
    assert_eq!(failed["first"].text(), passed["first"].text());
    let again = project.files(&failing);
    assert_eq!(again["first"].text(), failed["first"].text());
    assert_ne!(again["second"].text(), failed["second"].text());

    // A gate runs the same steps.
    let failure = project.fail(&failing[..2]);
    assert!(failure.message.contains("exit code: 3"), "{failure}");
    let build = project.build(&[&nonce]);
    let steps: Vec<_> = build.progress.steps().collect();
    assert!(steps.iter().filter(|step| step.name.contains("[test ")).count() >= 3, "{build}");
    assert!(steps.iter().all(|step| step.is_cached()), "{build}");
}

/// The client exits with the code of the step that failed, after it has exported the report.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_call_has_the_exit_code_of_the_step() {
    let (project, nonce) = project();
    let files = Files::of(|output| {
        let options = ["--build-arg=END=exit 3", &nonce, "--target=test", output];
        let finished = project.call("mstage.toml", "report", &options);
        assert_eq!(finished.status.code(), Some(3), "{}", finished.stderr);
        let text = finished.text();
        assert!(
            text.starts_with("test failed: exit code 3 of `second` (mstage.toml:20)"),
            "{text}"
        );
    });
    assert_eq!(files.paths(), ["first", "link", DOCUMENT, "second"]);
    assert_eq!(codes(&files), [json!(0), json!(3), Value::Null]);

    let options = [nonce.as_str(), "--target=test.report"];
    let finished = project.call("mstage.toml", "report,format=json", &options);
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
    assert_eq!(document["passed"], true);
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn the_client_says_that_steps_have_failed() {
    let (project, nonce) = project();
    let build = project.build(&[&nonce, "--build-arg=END=exit 4", "--target=test.report"]);
    let failed = build.progress.steps().find(|step| step.name.ends_with("] second")).unwrap();
    assert!(failed.failed(), "{build}");
    let says = |warning: &String| warning == "test failed: exit code 4 of `second` (line 20)";
    let warns = build.progress.warnings.iter().any(says);
    assert!(warns || engine().major_version < 23, "{build}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn what_is_not_the_stages_own_fails_the_build() {
    let spec = r#"
default = "test"
args = { NONCE = {}, BASE = "true", GATE = "true", TEST = "true" }

[stages.base]
from = "busybox"
args = ["NONCE"]
steps = ["$BASE"]

[stages.gate]
from = "busybox"
args = ["NONCE"]
steps = ["$GATE"]

[stages.after]
from = "test"
steps = ["true"]

[stages.test]
from = "base"
requires = ["gate", "after"]
report = "/out"
steps = ["mkdir -p /out && $TEST"]
"#;
    let project = Project::new(spec);
    // A step that runs when another one fails is stopped, and BuildKit can lose the input of its
    // next step (moby/buildkit#6808 describes the same): no build uses results of a failed one.
    let options = |arg: &'static str| {
        let nonce = format!("--build-arg=NONCE={} {arg}", project.nonce());
        [nonce, format!("--build-arg={arg}"), "--target=test.report".to_owned()]
    };
    for (arg, code) in [("BASE=exit 5", 5), ("GATE=exit 6", 6)] {
        let options = options(arg);
        let failure = project.fail(&options.each_ref().map(String::as_str));
        assert!(failure.message.contains(&format!("exit code: {code}")), "{failure}");
    }
    let options = options("TEST=exit 7");
    let options = options.each_ref().map(String::as_str);
    assert_eq!(codes(&project.files(&options)), [7]);
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_report_that_is_not_there_a_large_one_and_one_file() {
    let project = Project::new(
        r#"
default = "large"
args = { NONCE = {}, END = "true" }

[stages.base]
from = "busybox"
args = ["NONCE"]

[stages.missing]
from = "base"
report = "/no/such/directory"
steps = ["$END"]

[stages.large]
from = "base"
report = "/out"
steps = ['''
mkdir /out
head -c 40000000 /dev/urandom > /out/large
sha256sum < /out/large > /out/sum
$END
''']

[stages.one]
from = "base"
report = "/coverage.out"
steps = ["echo covered > /coverage.out; $END"]

[stages.nothing]
from = "scratch"
report = "/out"
"#,
    );
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    for (end, code) in [("true", 0), ("exit 1", 1)] {
        let end = format!("--build-arg=END={end}");
        let files =
            |stage: &str| project.files(&[&nonce, &end, &format!("--target={stage}.report")]);
        let missing = files("missing");
        assert_eq!((missing.paths(), codes(&missing)), (vec![DOCUMENT], vec![code.into()]));
        let one = files("one");
        assert_eq!(one.paths(), ["coverage.out", DOCUMENT]);
        assert_eq!(one["coverage.out"].text(), "covered\n");
        let large = files("large");
        assert_eq!(large["large"].content.len(), 40_000_000);
        let sum: String = sha256(&large["large"].content);
        assert_eq!(large["sum"].text(), format!("{sum}  -\n"));
    }
    let nothing = project.files(&["--target=nothing.report"]);
    assert_eq!((nothing.paths(), codes(&nothing)), (vec![DOCUMENT], vec![]));
}

fn sha256(content: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// If one of several concurrent branches fails, the results of the others are unknown.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_report_of_parallel_steps() {
    let project = Project::new(
        r#"
args = { NONCE = {} }

[stages.test]
from = "busybox"
args = ["NONCE"]
report = "/out"
steps = [
  "mkdir /out",
  { parallel = [
    { steps = ["echo 1 > /out/one", "echo 2 > /out/two; exit 9"] },
    "echo 3 > /out/three",
  ] },
  "true",
]
"#,
    );
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    let files = project.files(&[&nonce, "--target=test.report"]);
    assert_eq!(codes(&files), [json!(0), json!(0), json!(9), Value::Null, Value::Null]);
    assert_eq!(files.paths(), [DOCUMENT, "one", "two"]);
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn reports_of_two_platforms() {
    let project = Project::new(
        r#"
args = { NONCE = {} }

[stages.test]
from = "busybox"
platform = "${BUILDPLATFORM}"
args = ["NONCE"]
report = "/out"
steps = ["mkdir /out && echo $TARGETARCH > /out/arch && test $TARGETARCH != arm64"]
"#,
    );
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    let options = [&nonce, "--target=test.report", "--platform=linux/amd64,linux/arm64"];
    if !engine().has_containerd_store() {
        return project.fail(&options).assert_refused_by_client("Multi-platform build");
    }
    let files = project.files(&options);
    for (platform, arch, passed) in
        [("linux_amd64", "amd64", true), ("linux_arm64", "arm64", false)]
    {
        assert_eq!(files[&format!("{platform}/arch")].text(), format!("{arch}\n"));
        let document = document_in(&files, &format!("{platform}/"));
        assert_eq!(document["passed"], passed);
        assert_eq!(document["platform"], format!("linux/{arch}"));
    }
}

/// All platforms wait for the one process that fails, which cannot say for which of them it runs.
#[test]
#[ignore = "needs a BuildKit engine"]
fn reports_of_platforms_that_share_their_failing_step() {
    let project = Project::new(
        r#"
args = { NONCE = {} }

[stages.test]
from = "busybox"
platform = "${BUILDPLATFORM}"
args = ["NONCE"]
report = "/out"
steps = [
  "mkdir /out && echo $NONCE > /out/nonce",
  "cat /proc/sys/kernel/random/uuid > /out/id && exit 3",
  { when = { TARGETARCH = "arm64" }, run = "true" },
]
"#,
    );
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    let platforms = "--platform=linux/amd64,linux/arm/v7,linux/arm64";
    let options = [&nonce, "--target=test.report", platforms];
    if !engine().has_containerd_store() {
        return project.fail(&options).assert_refused_by_client("Multi-platform build");
    }
    let files = project.files(&options);
    for (platform, codes) in [
        ("linux_amd64", vec![json!(0), json!(3)]),
        ("linux_arm_v7", vec![json!(0), json!(3)]),
        ("linux_arm64", vec![json!(0), json!(3), Value::Null]),
    ] {
        assert_eq!(codes_in(&document_in(&files, &format!("{platform}/"))), codes, "{platform}");
        // It has run once.
        assert_eq!(files[&format!("{platform}/id")].text(), files["linux_amd64/id"].text());
    }
}

/// The platform of the step's program does not matter: here it is the engine's own, as under an
/// emulator.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_report_of_a_foreign_platform() {
    let project = Project::new(
        r#"
[stages.test]
from = { image = "busybox:latest", platform = "linux/amd64" }
report = "/out"
steps = ["mkdir /out && echo found > /out/file && exit 3"]
"#,
    );
    let files = project.files(&["--target=test.report", "--platform=linux/s390x"]);
    assert_eq!(document(&files)["platform"], "linux/s390x");
    assert_eq!((files["file"].text(), codes(&files)), ("found\n", vec![json!(3)]));
}

/// Mounts of a step are not in the report, and no link leads out of the stage.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_report_has_the_files_of_the_stage_and_no_others() {
    let project = Project::new(
        r#"
args = { NONCE = {}, END = "true", AT = "/out" }

[stages.test]
from = "busybox"
args = ["NONCE"]
report = "${AT}"
steps = [
  { run = '''
    mkdir -p /out/cache /out/memory && cd /out
    echo seen > /out/cache/seen
    echo two > one; ln one two
    ln -s /proc/self/environ absolute; ln -s nowhere dangling
    mkfifo pipe; mknod device c 1 3
    echo locked > locked; chmod 000 locked
    printf x > "$(printf 'odd\377')"
    ln -s / /root-of-all; ln -s proc/self /processes; ln -s /../../out /above
    ''', mounts = [{ cache = "/out/cache" }, { tmpfs = "/out/memory" }] },
  "$END",
]
"#,
    );
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    for end in ["true", "exit 3"] {
        let end = format!("--build-arg=END={end}");
        let options = |at: &str| {
            [
                nonce.clone(),
                end.clone(),
                "--target=test.report".into(),
                format!("--build-arg=AT={at}"),
            ]
        };
        for at in ["/out", "/above", "/root-of-all/out"] {
            let files = project.files(&options(at).each_ref().map(String::as_str));
            let paths = ["absolute", "dangling", "locked", DOCUMENT, "one", "two"];
            // Older engines leave the empty directories of mount points.
            let of_stage = files.paths().into_iter().filter(|at| !["cache", "memory"].contains(at));
            assert_eq!(of_stage.collect::<Vec<_>>(), paths, "{at}");
            assert_eq!(files["locked"].text(), "locked\n");
        }
        // Files that the engine mounts for a step are not in the stage.
        let hosts = project.files(&options("/etc/hosts").each_ref().map(String::as_str));
        assert!(!hosts.paths().contains(&"hosts") || hosts["hosts"].content.is_empty());
        for (at, why) in [
            ("/root-of-all", "the root of the file system cannot be a report"),
            ("/processes", "a report cannot be in `/proc`: the engine mounts it"),
        ] {
            let failure = project.fail(&options(at).each_ref().map(String::as_str));
            assert!(failure.to_string().contains(why), "{at}\n{failure}");
            assert!(failure.message.contains("mstage.toml:7"), "{at}\n{failure}");
        }
    }
}
