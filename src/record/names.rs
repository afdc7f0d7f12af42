//! The names of steps in the progress: `[builder 2/5] RUN make`.
//!
//! Follows `prefixCommand` in `frontend/dockerfile/dockerfile2llb/convert.go` of BuildKit, and the
//! counts in `buildDispatchStates`.

use buildkit_llb::Platform;

use super::state::Base;
use super::values::Values;
use crate::dockerfile::{Dockerfile, Instruction, Kind};
use crate::plan::Title;

/// The common parts of the names of all steps of a file.
pub(super) struct FileNames {
    /// The name of each stage; empty if there is only one.
    stages: Vec<String>,
    /// True if names include the platform.
    several_platforms: bool,
}

impl FileNames {
    pub(super) fn new(dockerfile: &Dockerfile, several_platforms: bool) -> Self {
        let stages = dockerfile.stages.iter().enumerate().map(|(index, stage)| {
            let name = stage.header.name.as_ref();
            name.map_or_else(|| format!("stage-{index}"), |name| name.value.to_lowercase())
        });
        let mut stages: Vec<String> = stages.collect();
        if let [only] = &mut stages[..]
            && !has_other_sources(dockerfile, only)
        {
            only.clear();
        }
        Self { stages, several_platforms }
    }

    /// Counts the steps of a stage. Its first `triggers` instructions are those of its base.
    pub(super) fn stage(
        &self,
        index: usize,
        base: &Base,
        instructions: &[&Instruction],
        triggers: usize,
        platform: &Platform,
    ) -> Numbers {
        let own = instructions.iter().skip(triggers);
        let own = own.filter(|instruction| is_step(&instruction.kind)).count();
        let total = usize::from(base.is_counted) + base.triggers.len() + triggers + own;
        let fired = base.triggers.iter().filter(|trigger| is_step_text(trigger)).count();
        Numbers {
            stage: self.stages[index].clone(),
            platform: self.several_platforms.then(|| platform.clone()),
            total,
            done: usize::from(base.is_step) + fired,
            has_base: base.is_step,
        }
    }
}

/// True if BuildKit counts more than one stage. Each image that is copied from counts as one, and
/// so does each mount that is not from a stage (`toCommand`, `detectRunMount`).
fn has_other_sources(dockerfile: &Dockerfile, stage: &str) -> bool {
    let instructions = dockerfile.stages.iter().flat_map(|stage| &stage.instructions);
    instructions.into_iter().any(|instruction| match &instruction.kind {
        Kind::Copy(copy) => copy.from.as_ref().is_some_and(|from| {
            from.value.parse::<i64>().is_err() && !from.value.eq_ignore_ascii_case(stage)
        }),
        Kind::Run(run) => run.mounts.iter().any(|mount| match &mount.from {
            Some(from) => !from.eq_ignore_ascii_case(stage),
            None => true,
        }),
        _ => false,
    })
}

/// True if an instruction counts as a step.
fn is_step(kind: &Kind) -> bool {
    matches!(kind, Kind::Add(_) | Kind::Copy(_) | Kind::Run(_) | Kind::Workdir(_))
}

/// Like [`is_step`], for the text of an instruction.
fn is_step_text(text: &str) -> bool {
    let keyword = text.split_whitespace().next().unwrap_or_default();
    ["ADD", "COPY", "RUN", "WORKDIR"].iter().any(|step| keyword.eq_ignore_ascii_case(step))
}

/// The numbers of a stage's steps.
pub(super) struct Numbers {
    stage: String,
    /// The platform of the stage, if names include it.
    platform: Option<Platform>,
    total: usize,
    done: usize,
    /// True if the base is its first step.
    has_base: bool,
}

impl Numbers {
    /// The name of the base step.
    pub(super) fn from(&self) -> Option<String> {
        self.has_base.then(|| format!("{}FROM", self.place(1, &Values::new())))
    }

    /// The name of the next step. `text` is its instruction.
    pub(super) fn next(&mut self, is_trigger: bool, text: &str, values: &Values) -> Title {
        self.done += 1;
        let mut place = self.place(self.done, values);
        if is_trigger {
            place.push_str("ONBUILD ");
        }
        Title { place, text: with_upper_keyword(text) }
    }

    fn place(&self, number: usize, values: &Values) -> String {
        let platforms = match &self.platform {
            None => String::new(),
            Some(own) => format!("{}{} ", own.id(), other_target(own, values)),
        };
        let stage = match &*self.stage {
            "" => String::new(),
            name => format!("{name} "),
        };
        let width = 1 + self.total.max(1).ilog10() as usize;
        format!("[{platforms}{stage}{number:width$}/{}] ", self.total)
    }
}

/// `->arm64` if the variables of a stage name another platform than its own.
fn other_target(own: &Platform, values: &Values) -> String {
    let Some(target) = target(own, values) else { return String::new() };
    let variant = match target.variant() {
        "" => String::new(),
        variant => format!("/{variant}"),
    };
    if target.os() != own.os() {
        format!("->{}", target.id())
    } else if target.architecture() != own.architecture() {
        format!("->{}{variant}", target.architecture())
    } else {
        String::new()
    }
}

/// The platform that a stage's variables name (`platformFromEnv`).
fn target(own: &Platform, values: &Values) -> Option<Platform> {
    let whole = values.get("TARGETPLATFORM").and_then(|text| text.parse().ok());
    if whole.is_some() {
        return whole;
    }
    let parts = ["TARGETOS", "TARGETARCH", "TARGETVARIANT"]
        .map(|name| values.get(name).map(String::as_str));
    if parts.iter().all(Option::is_none) {
        return None;
    }
    let [os, architecture, variant] = parts.map(|part| part.filter(|part| !part.is_empty()));
    let architecture = architecture.unwrap_or(own.architecture());
    Platform::new(os.unwrap_or(own.os()), architecture, variant.unwrap_or_default()).ok()
}

fn with_upper_keyword(text: &str) -> String {
    let end = text.find(' ').unwrap_or(text.len());
    format!("{}{}", text[..end].to_uppercase(), &text[end..])
}
