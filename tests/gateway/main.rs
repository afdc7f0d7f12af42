//! The interface to BuildKit, tested with a fake daemon. No engine is needed.

#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

use fake_gateway as fake;
use fake_gateway::definition;

mod caches;
mod checks;
mod contexts;
mod credentials;
mod dockerfile_builds;
mod dockerfile_checks;
mod dockerfiles;
mod entitlements;
mod epochs;
mod explain;
mod faults;
mod frontend;
mod gates;
mod git;
mod graph;
mod includes;
mod lint;
mod lock;
mod locked_frontend;
mod onbuild;
mod outline;
mod parameters;
mod platforms;
mod records;
mod reports;
mod settings;
mod sizes;
mod subrequests;
mod targets;
mod vcs;
