//! The edge towards BuildKit, against a daemon made of data. No engine is needed.

#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod bridge;
mod definition;
mod fake;
mod frontend;
mod subrequests;
mod transport;
