//! From a [`Spec`](crate::spec::Spec) to a [`Plan`]: the stages and steps in order, with all values
//! known.
//!
//! Input: the spec, a [`Request`], and [`Facts`] about the images that [`select()`] asked for.
//! Output: a [`Plan`] with only the stages that the target needs, without names, templates and
//! defaults. Must not depend on LLB: see [`crate::lower`].

mod action;
mod check;
mod clear;
mod condition;
mod config;
mod context;
mod environment;
mod epoch;
mod export;
mod facts;
mod file_values;
mod fork;
mod git_url;
mod git_value;
mod image;
mod inherited;
mod layers;
mod merge;
mod needs;
mod origin;
mod owner;
mod parameters;
mod path;
mod planned;
mod platform;
mod reads;
mod remote;
mod report;
mod request;
mod resolve;
mod scope;
mod select;
mod stage_scope;
mod step;
mod triggers;
mod workdir;

pub use self::action::{
    Action, Copy, CopyItem, Exec, Fetch, Git, MountKind, PlannedDevice, PlannedMount, RequiredPath,
    SecretEnv, Unpack, Write,
};
pub use self::check::check_of;
pub use self::config::{ContainerConfig, Empty, HealthcheckConfig, History, ImageConfig, RootFs};
pub use self::context::{
    ContextFact, ContextQuery, ContextSource, Dockerfile, HTTP_FILE, HttpFile, InvalidContext,
    NamedContexts,
};
pub use self::environment::Environment;
pub use self::epoch::epoch_wanted;
pub use self::facts::{Facts, ImageFact, Triggered};
pub(crate) use self::file_values::FileValues;
pub use self::git_url::{GitUrl, InvalidGitUrl};
pub(crate) use self::image::port_range;
pub(crate) use self::needs::may_be_none;
pub use self::needs::{Need, Needs, SecretArg, requests_for_lock, secrets_in_references};
pub use self::origin::{ContextId, ImageId, Origin, StageId};
pub use self::owner::{Id, Mode, Owner};
pub use self::parameters::{Parameter, Parameters, Use};
pub(crate) use self::path::{join, join_workdir};
pub use self::planned::{
    Branch, ContextPaths, Fork, Gate, LinksInKeys, Merged, Plan, PlannedContext, PlannedImage,
    PlannedStage, PlannedStep, Report, Title,
};
pub(crate) use self::platform::of_base as platform_of_base;
pub use self::report::{REPORT_HINT, why_no_report};
pub use self::request::{
    CACHES, Request, SbomScope, Stages, VCS_REVISION, Vcs, as_report, report_of,
    without_credentials,
};
pub use self::resolve::resolve;
pub(crate) use self::scope::{Scope, platform_args};
pub(crate) use self::select::SelectedStage;
pub use self::select::{
    ImageQuery, Selection, default_target, select, select_all, select_alone, select_for_lock,
    select_graph, select_outline,
};
pub use self::triggers::{args_for_triggers, froms_of};
