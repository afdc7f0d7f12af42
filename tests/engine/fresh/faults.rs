//! Failures around a build end it with a clear error, and leave no process running.

use super::faulty_registry::FaultyRegistry;
use super::origin::Origin;
use crate::harness::{outcome, succeeded};

/// The frontend's command line in its container.
const FRONTEND_PROCESS: &str = "/mstage-frontend";

/// The step prints a word once it runs, and never ends.
const ENDLESS: &str = r#"
args = { BASE = {} }

[stages.a]
from = "${BASE}"
steps = [{ copy = "nonce" }, "echo begun; sleep 43210"]
"#;

/// `begun` and a line break in base64, as in the progress.
const BEGUN: &str = "YmVndW4K";

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_cancelled_build_leaves_nothing_running() {
    let origin = Origin::new();
    let node = origin.node();
    let registry = FaultyRegistry::start(&node);
    let project = origin.project(&origin.frontend, ENDLESS);
    let silent = format!("BASE={}", registry.name("silent"));
    for (base, reached) in [(&origin.base, BEGUN), (&silent, "5001/silent")] {
        // An interrupt from the keyboard, and an abrupt end of the client.
        for signal in ["INT", "KILL"] {
            let running = project.start_on(&node, &["--build-arg", base]);
            running.wait_for(reached);
            running.signal(signal);
            let failure = outcome(running.finish()).err().expect("the build never ends by itself");
            if signal == "INT" {
                assert!(failure.message.contains("canceled"), "{failure}");
            }
            node.wait_until_gone("43210");
            node.wait_until_gone(FRONTEND_PROCESS);
        }
    }
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_registry_that_does_it_wrong_is_an_error_at_the_image() {
    let origin = Origin::new();
    let node = origin.node();
    let registry = FaultyRegistry::start(&node);
    let mut faults = vec![("refusing", 3, "403 Forbidden"), ("garbage", 3, "text/html")];
    if node.has_containerd_store() {
        // A layer is fetched by the first step that needs it. Older stores retry for more than a
        // minute.
        faults.push(("torn", 4, "unexpected commit digest"));
    }
    for (repository, line, says) in faults {
        let spec = format!(
            "\n[stages.a]\nfrom = \"{}\"\nsteps = [{{ exec = [\"/nothing\"] }}]\n",
            registry.name(repository)
        );
        let project = origin.project(&origin.frontend, &spec);
        let failure = project.try_build_on(&node, &["--output=type=cacheonly"]).err();
        let failure = failure.unwrap_or_else(|| panic!("{repository} was good enough"));
        let place = format!("mstage.toml:{line}");
        assert!(failure.message.contains(&place), "{repository}\n{failure}");
        assert!(failure.message.contains(says), "{repository}\n{failure}");
        node.wait_until_gone(FRONTEND_PROCESS);
    }
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_daemon_that_is_killed_ends_the_build_and_goes_on_after_it_has_started_again() {
    let origin = Origin::new();
    let mut node = origin.node();
    let project = origin.project(&origin.frontend, ENDLESS);
    let running = project.start_on(&node, &["--build-arg", &origin.base]);
    running.wait_for(BEGUN);
    node.crash();
    let failure = outcome(running.finish()).err().expect("the build never ends by itself");
    assert!(!failure.message.is_empty(), "it ended without a word");

    node.start_again();
    origin.registry.show_to(&node);
    project.set_spec(&ENDLESS.replace("sleep 43210", "true"));
    let options = ["--build-arg", &origin.base, "--output=type=cacheonly"];
    succeeded(project.try_build_on(&node, &options));
    node.wait_until_gone(FRONTEND_PROCESS);
}
