//! Tests that the current engine does not support. They are reported as not run, and counted.

use std::io::Write as _;
use std::thread;

use super::engine::{Engine, engine};

/// A capability that not every supported engine or client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capability {
    /// `docker build` without buildx, which was released with Docker 20.10.
    ClientWithoutBuildx,
    /// containerd's image store. With Docker's own store, the client refuses attestations, OCI
    /// layouts as results, and every kind of cache except inline.
    ContainerdStore,
    /// A frontend of its own for current Dockerfiles. The frontend's image is built there, and copied to
    /// other engines.
    CurrentDockerfiles,
    /// Copies that give their time to directories too.
    DirectoryTimes,
    /// An image store that can merge layers (MergeOp and DiffOp of LLB).
    MergeOp,
}

/// The tests that need a capability, by the last two parts of their paths.
const TESTS: [(Capability, &[&str]); 5] = [
    (Capability::ClientWithoutBuildx, &["caches::for_the_oldest_client"]),
    (
        Capability::ContainerdStore,
        &[
            "caches::in_a_directory",
            "caches::in_a_registry",
            "ci_page::the_commands_of_all_jobs_run",
            "gates::no_gate_runs_again_behind_an_imported_cache",
            "remote::nodes_share_a_cache_in_a_registry",
        ],
    ),
    (
        Capability::CurrentDockerfiles,
        &[
            "frontend::mstage_builds_itself",
            "random::both_frontends_make_the_same_of_random_dockerfiles",
        ],
    ),
    (Capability::DirectoryTimes, &["reproducible::copies_from_two_checkouts_have_one_digest"]),
    (
        Capability::MergeOp,
        &[
            "linked::linked_copies_do_not_pull_their_base",
            "parallel::branches_run_at_once",
            "parallel::the_last_branch_wins_for_files_and_for_directories",
        ],
    ),
];

impl Engine {
    /// True if the engine and its client have the capability.
    pub(crate) fn has(&self, capability: Capability) -> bool {
        match capability {
            Capability::ClientWithoutBuildx => self.major_version == 20,
            Capability::DirectoryTimes => self.major_version > 20,
            Capability::ContainerdStore => self.has_containerd_store(),
            Capability::CurrentDockerfiles | Capability::MergeOp => self.major_version >= 28,
        }
    }
}

/// True if the engine lacks a capability, so that the running test must end. Reports it on the real
/// standard error, which the test harness does not capture.
///
/// # Panics
///
/// If the test is not listed in [`TESTS`].
#[must_use]
pub(crate) fn cannot_run(capability: Capability) -> bool {
    let name = thread::current().name().expect("a test has a thread of its name").to_owned();
    let (_, tests) = TESTS.iter().find(|(listed, _)| *listed == capability).expect("it has a row");
    assert!(
        tests.iter().any(|test| name.ends_with(test)),
        "{name} is not listed at {capability:?}"
    );
    if engine().has(capability) {
        return false;
    }
    let line = format!("test {name} ... not run: the engine lacks {capability:?}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("the line is written");
    true
}

/// Otherwise, an engine that lost a capability would pass with fewer tests.
#[test]
#[ignore = "needs a BuildKit engine"]
fn each_engine_runs_all_tests_but_these() {
    let not_run: Vec<&str> = TESTS
        .iter()
        .filter(|(capability, _)| !engine().has(*capability))
        .flat_map(|(_, tests)| *tests)
        .copied()
        .collect();
    let expected = match engine().major_version {
        28.. => 1,
        _ => 11,
    };
    assert_eq!(not_run.len(), expected, "{not_run:?}");
}
