//! Builds on an engine with a small disk.

use super::origin::Origin;
use crate::harness::{OwnEngine, engine, succeeded};

/// The size of the report, and the result of the step after it.
const SPEC: &str = r#"
args = { BASE = {}, END = "true", SIZE = "40m" }

[stages.test]
from = "${BASE}"
report = "/out"
steps = ["mkdir /out; head -c ${SIZE} /dev/urandom > /out/large", { name = "last", run = "$END" }]
"#;

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_report_that_does_not_fit_is_told_and_leaves_nothing() {
    let origin = Origin::new();
    let project = origin.project(&origin.frontend, SPEC);
    let result = project.path().join("result").to_str().unwrap().to_owned();
    // Fits once beside the stage, or twice: fails at the second copy, or at the third.
    for (end, size, name) in [
        ("true", "150m", "the report `/out` of `test` does not fit"),
        ("exit 3", "150m", "the report `/out` of `test`, whose step `last` failed, does not fit"),
        ("exit 3", "90m", "the report `/out` of `test`, whose step `last` failed, does not fit"),
    ] {
        // A full disk is fatal for an older engine: it cannot even record that something was
        // removed.
        let node = OwnEngine::start_on_disk("256m");
        origin.registry.show_to(&node);
        let build = |end: &str, size: &str| {
            let [end, size] =
                [("END", end), ("SIZE", size)].map(|(name, value)| format!("{name}={value}"));
            let options = ["--build-arg", &origin.base, "--build-arg", &end, "--build-arg", &size];
            let options = [&options[..], &["--target=test.report", "-o", &result]].concat();
            project.try_build_on(&node, &options)
        };
        let failure = build(end, size).err().expect("it does not fit");
        assert!(failure.to_string().contains(name), "{failure}");
        assert!(failure.to_string().contains("No space left on device"), "{failure}");
        if engine().major_version >= 28 {
            // There is space again: the copies are gone, so the engine can record what it removes.
            node.docker(["builder", "prune", "--force", "--all"]).run();
            succeeded(build("exit 3", "40m"));
            node.docker(["system", "df"]).run();
        }
    }
}
