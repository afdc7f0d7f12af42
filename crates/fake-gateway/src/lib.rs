//! A fake BuildKit daemon: it has the capabilities, files and images that a test gives it, behaves
//! as scripted, and records every call.
//!
//! A test describes an [`Engine`], starts it, runs a frontend on the stream, and then inspects the
//! [`Daemon`]: the calls in order with their content, and the returned result. Nothing here sleeps:
//! order is enforced with a [`Gate`], or with [`Engine::together`].
//!
//! Each received graph is checked as a real daemon would check it ([`definition`]), so that every
//! test of a frontend also tests its graphs.

pub mod containers;
mod daemon;
pub mod definition;
mod engine;
mod files;
mod recorder;
mod script;
mod service;

pub use self::containers::Exit;
pub use self::daemon::{Call, Daemon, Method};
pub use self::engine::{Engine, Files, Nested, Release};
pub use self::script::{Do, Gate, failure};
