//! A BuildKit daemon made of data: it has the capabilities, files and images that a test gives it, behaves as the test
//! says, and records every call.
//!
//! A test describes an [`Engine`], starts it, runs a frontend on the stream, and then looks at the [`Daemon`]: which
//! calls came in which order, with what in them, and what was returned. Nothing here sleeps: order is forced with a
//! [`Gate`], or with [`Engine::together`].
//!
//! Each graph that is sent is checked as a real daemon would check it ([`definition`]), so every test of a frontend is
//! a test of its graphs too.

pub mod containers;
mod daemon;
pub mod definition;
mod engine;
mod files;
mod script;
mod service;

pub use self::containers::Exit;
pub use self::daemon::{Call, Daemon, Method};
pub use self::engine::{Engine, Files, Nested, Release};
pub use self::script::{Do, Gate, failure};
