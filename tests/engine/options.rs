//! The client's settings for processes, as seen by a process.

use crate::harness::{Project, engine};

/// The output of a step's command. `nonce` separates the tests in the cache.
fn seen(command: &str, options: &[&str]) -> String {
    let project = Project::new(&format!(
        r#"
default = "a"
[args]
NONCE = ""
[stages.run]
from = "busybox:latest"
args = ["NONCE"]
steps = ['{command} > /seen']
[stages.a]
from = "scratch"
steps = [{{ copy = "/seen", from = "run" }}]
"#
    ));
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    project.files(&[options, &[&nonce]].concat())["seen"].text().trim().to_owned()
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn hosts_limits_memory_files_and_network() {
    let hosts = seen("cat /etc/hosts", &["--add-host=database:10.0.0.5"]);
    assert!(
        hosts.lines().any(|line| line.contains("10.0.0.5") && line.contains("database")),
        "{hosts}"
    );
    let network = seen("ls /sys/class/net", &["--network=none"]);
    assert_eq!(network, "lo");
    // 20.10 supports neither of these; mstage reports that (`gateway/settings.rs`).
    if engine().major_version >= 23 {
        let shm = seen("df -k /dev/shm", &["--shm-size=32m"]);
        assert!(shm.contains("32768"), "{shm}");
        assert_eq!(seen("ulimit -n", &["--ulimit=nofile=512:1024"]), "512");
    }
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn the_name_of_the_machine() {
    assert_eq!(seen("hostname", &["--build-arg=BUILDKIT_SANDBOX_HOSTNAME=sandbox"]), "sandbox");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn no_cache_for_all_stages_or_for_some() {
    let project = Project::new(
        r#"
default = "b"
[stages.a]
from = "busybox:latest"
steps = ["echo a > /a"]
[stages.b]
from = "busybox:latest"
steps = [{ copy = "/a", from = "a" }, "echo b > /b"]
"#,
    );
    project.build(&[]);
    let ran = |options: &[&str]| {
        let built = project.build(options);
        let ran = |text: &str| {
            let found = built.progress.steps().find(|step| step.name.contains(text));
            found.unwrap_or_else(|| panic!("no step {text}\n{built}")).ran()
        };
        (ran("echo a"), ran("echo b"))
    };
    assert_eq!(ran(&[]), (false, false));
    assert_eq!(ran(&["--no-cache-filter=a"]), (true, false));
    assert_eq!(ran(&["--no-cache"]), (true, true));
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_bad_value_is_an_error() {
    let project = Project::new("\n[stages.a]\nfrom = \"scratch\"\n");
    let failure = project.fail(&["--build-arg=BUILDKIT_MULTI_PLATFORM=perhaps"]);
    assert!(failure.message.contains("perhaps"), "{failure}");
}
