//! mstage on a real BuildKit engine, through `docker buildx build` as a user runs it.
//!
//! `cargo engine` runs these tests. Each gets its engine from [`harness::engine`], which finds or
//! creates one, builds the frontend image from the repository and loads it; a missing engine is a
//! failure. `MSTAGE_TEST_ENGINE=bookworm cargo engine` runs them on the oldest supported engine;
//! see `scripts/engine help` for the others.
//!
//! The tests in `fresh` start further engines, which are empty. These are always created by
//! `scripts/engine`, which needs root; the others can use the user's own Docker.
//!
//! The examples are tests too: `examples` reads the expected results from their `expect.toml`.

#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod harness;

mod attestations;
mod caches;
mod calls;
mod ci_page;
mod config;
mod contexts;
mod copies;
mod digests;
#[path = "../common/dockerfiles.rs"]
mod dockerfiles;
mod errors;
mod examples;
mod explain;
mod fresh {
    mod caches;
    mod disk;
    mod faults;
    mod faulty_registry;
    mod gates;
    mod imported_caches;
    mod linked;
    mod lock;
    mod origin;
    mod remote;
    mod reproducible;
    mod soak;
}
mod frontend;
mod gates;
mod kit;
mod limits;
mod lock;
mod merge;
mod mounts;
#[path = "../common/numbers.rs"]
mod numbers;
mod optional;
mod options;
mod parallel;
mod parity;
mod platforms;
mod policies;
mod processes;
mod pruning;
mod reports;
mod reuse;
mod sessions;
mod sources;
mod squash;
mod tutorial;
