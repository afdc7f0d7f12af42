//! mstage, a BuildKit frontend: a declarative TOML build spec in place of a Dockerfile.

pub mod analysis;
#[cfg(feature = "cli")]
pub mod cli;
mod collect;
pub mod convert;
mod credentials;
pub mod diagnostic;
pub mod dockerfile;
mod duration;
pub mod gateway;
pub mod id;
pub mod ignore;
pub mod lock;
pub mod lower;
#[cfg(feature = "cli")]
pub mod lsp;
mod null;
mod order;
mod path_pattern;
pub mod plan;
pub mod record;
pub mod reference;
pub mod rules;
mod secret_names;
pub mod show;
pub mod source;
pub mod spec;
pub mod text;
pub mod toml;
