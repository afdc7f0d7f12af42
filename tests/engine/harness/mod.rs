//! The harness of the tests: the engine, builds of small projects, and their results.

mod capability;
mod command;
mod engine;
mod files;
mod image;
mod own;
mod page;
mod progress;
mod project;
mod registry;
mod running;
mod server;
mod service;

pub(crate) use self::capability::{Capability, cannot_run};
pub(crate) use self::command::{Command, Finished};
pub(crate) use self::engine::{Engine, FRONTEND, ROOT, engine};
pub(crate) use self::files::Files;
pub(crate) use self::image::{Image, inspect};
pub(crate) use self::own::OwnEngine;
pub(crate) use self::page::{Block, blocks};
pub(crate) use self::progress::{Progress, Vertex};
pub(crate) use self::project::{
    Build, Failure, Project, build, build_by_plugin, build_within, failed, outcome, succeeded,
};
pub(crate) use self::registry::Registry;
pub(crate) use self::server::Server;
pub(crate) use self::service::Service;
