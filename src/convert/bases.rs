//! The names of stages, and the meaning of names in `FROM` and `--from`.
//!
//! Follows `dispatchStates` in `frontend/dockerfile/dockerfile2llb/convert.go` of BuildKit: `FROM`
//! can refer to earlier stages only, `--from` to any, and of two stages with the same name the last
//! one counts.

use std::collections::{BTreeMap, BTreeSet};

use super::toml::Value;
use super::words;
use crate::dockerfile::{CommandLine, Dockerfile, DockerfileStage, Instruction, Kind};
use crate::order::dependencies_first;

/// The stages by name and index.
pub(super) struct Bases {
    /// The name of each stage in the build file.
    names: Vec<String>,
    /// The same names, for lookups.
    known: BTreeSet<String>,
    /// The name of each in the Dockerfile, in lower case.
    written: Vec<Option<String>>,
    /// The stages with each of these names, in order.
    by_written: BTreeMap<String, Vec<usize>>,
    /// The base of each, if it is a stage.
    base_of: Vec<Option<usize>>,
    /// The stages that others are based on.
    has_children: BTreeSet<usize>,
    /// The stages that the last one needs.
    needed: BTreeSet<usize>,
    /// The last stage whose base depends on an arg.
    last_computed: Option<usize>,
    /// The stages that copy files from each other in a cycle.
    circular: BTreeSet<usize>,
}

impl Bases {
    pub(super) fn new(dockerfile: &Dockerfile) -> Self {
        let stages = &dockerfile.stages;
        let written: Vec<Option<String>> = stages
            .iter()
            .map(|stage| stage.header.name.as_ref().map(|name| name.value.to_lowercase()))
            .collect();
        let mut by_written: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, name) in written.iter().enumerate() {
            if let Some(name) = name {
                by_written.entry(name.clone()).or_default().push(index);
            }
        }
        let names = names_of(stages, &written);
        let escape = dockerfile.directives.escape.char();
        let base_of = stages.iter().enumerate().map(|(index, stage)| {
            let base = words::constant(&stage.header.base.value, escape)?;
            by_written.get(&*base)?.iter().rev().copied().find(|&earlier| earlier < index)
        });
        let base_of: Vec<Option<usize>> = base_of.collect();
        let has_children = base_of.iter().flatten().copied().collect();
        let last_computed = stages
            .iter()
            .rposition(|stage| words::constant(&stage.header.base.value, escape).is_none());
        let (needed, circular) = (BTreeSet::new(), BTreeSet::new());
        let known = names.iter().cloned().collect();
        let mut bases = Self {
            names,
            known,
            written,
            by_written,
            base_of,
            has_children,
            needed,
            last_computed,
            circular,
        };
        let taken_from: Vec<Vec<usize>> =
            stages.iter().map(|stage| bases.taken_from(stage)).collect();
        // `FROM` can refer to earlier stages only, so it is never part of a cycle
        // (`validateCircularDependency`).
        let order =
            dependencies_first(stages.len(), 0..stages.len(), |stage| taken_from[stage].clone());
        let circular = order.cycles.into_iter().flatten().collect();
        let target = stages.len().checked_sub(1);
        let order = dependencies_first(stages.len(), target, |stage| {
            let base = bases.base_of[stage];
            taken_from[stage].iter().copied().chain(base).collect()
        });
        bases.needed = order.nodes.into_iter().collect();
        bases.circular = circular;
        bases
    }

    /// The stages whose files a stage copies or mounts.
    fn taken_from(&self, stage: &DockerfileStage) -> Vec<usize> {
        let instructions = stage.instructions.iter();
        instructions.flat_map(origins).filter_map(|from| self.stage(from)).collect()
    }

    /// The stage for a name or a number in `from`.
    fn stage(&self, from: &str) -> Option<usize> {
        match from.parse() {
            Ok(at) if at < self.names.len() => Some(at),
            _ => self.last_named(&from.to_lowercase()),
        }
    }

    /// The name of a stage in the build file.
    pub(super) fn name(&self, index: usize) -> &str {
        &self.names[index]
    }

    /// The names of all stages.
    pub(super) fn taken(&self) -> TakenNames {
        let mut taken = TakenNames::default();
        for name in &self.names {
            taken.unique(name);
        }
        taken
    }

    /// The stage that a stage is based on.
    pub(super) fn base_of(&self, index: usize) -> Option<usize> {
        self.base_of[index]
    }

    /// True if another stage is based on this one, or may be, depending on an arg.
    pub(super) fn is_base(&self, index: usize) -> bool {
        self.has_children.contains(&index) || self.is_chosen(index)
    }

    /// True if an arg may make this stage the base of another one.
    pub(super) fn is_chosen(&self, index: usize) -> bool {
        let is_above = self.last_computed.is_some_and(|last| index < last);
        is_above && self.written[index].is_some()
    }

    /// True for the name of a stage of the build file, or of a part of one.
    fn is_stage(&self, name: &str) -> bool {
        let hyphens = name.match_indices('-').map(|(at, _)| &name[..at]);
        hyphens.chain([name]).any(|beginning| self.known.contains(beginning))
    }

    /// The last stage with a name, which is in lower case.
    fn last_named(&self, name: &str) -> Option<usize> {
        self.by_written.get(name)?.last().copied()
    }

    /// An image, in a form that cannot be mistaken for a stage.
    pub(super) fn image(&self, reference: String) -> Value {
        let value = Value::text(reference.clone());
        // A name that depends on an arg may be that of a stage: `FROM binaries-$TARGETOS`.
        match self.is_stage(&reference) && !reference.contains("${") {
            true => Value::table(vec![("image".to_owned(), value)]),
            false => value,
        }
    }

    /// True if `from` is the name or index of the stage itself or of a later one, and the stage is
    /// needed by the last one: BuildKit rejects such a copy.
    pub(super) fn is_later(&self, from: &str, stage: usize) -> bool {
        self.stage(from).is_some_and(|origin| origin >= stage) && self.needed.contains(&stage)
    }

    /// Fails for a stage in a cycle.
    pub(super) fn check_circle(&self, stage: usize) -> Result<(), String> {
        if !self.circular.contains(&stage) {
            return Ok(());
        }
        let name = self.written[stage].clone().unwrap_or_else(|| format!("stage-{stage}"));
        Err(format!("circular dependency detected on stage: {name}"))
    }

    /// Resolves the `--from` of a copy. Fails for a number that no stage has.
    pub(super) fn copied_from(&self, from: &str) -> Result<Value, String> {
        if let Ok(number) = from.parse::<i64>() {
            let stage = usize::try_from(number).ok().and_then(|number| self.names.get(number));
            return match stage {
                Some(name) => Ok(Value::text(name.clone())),
                None => Err(format!("invalid stage index {number}")),
            };
        }
        Ok(self.mounted_from(from))
    }

    /// Resolves the `from` of a mount.
    pub(super) fn mounted_from(&self, from: &str) -> Value {
        let name = from.to_lowercase();
        let stage = self.last_named(&name);
        match stage {
            Some(stage) => Value::text(self.names[stage].clone()),
            None => self.image(from.to_owned()),
        }
    }
}

/// The name of each stage in the build file. `written` are their names in the Dockerfile.
fn names_of(stages: &[DockerfileStage], written: &[Option<String>]) -> Vec<String> {
    let mut taken = TakenNames::default();
    let mut names = vec![String::new(); stages.len()];
    // Of two stages with the same name, the last one keeps it.
    for (index, name) in written.iter().enumerate().rev() {
        if let Some(name) = name {
            names[index] = taken.unique(&name.replace('.', "-"));
        }
    }
    for (index, stage) in stages.iter().enumerate() {
        if !names[index].is_empty() {
            continue;
        }
        let is_last = index + 1 == stages.len();
        let name = match is_last {
            true => product(stage)
                .unwrap_or_else(|| if stages.len() == 1 { "app" } else { "runtime" }.to_owned()),
            false => format!("stage-{index}"),
        };
        names[index] = taken.unique(&name);
    }
    names
}

/// The names in the `--from` of a copy and of the mounts of a `RUN`.
fn origins(instruction: &Instruction) -> impl Iterator<Item = &str> {
    let (copied, mounts) = match &instruction.kind {
        Kind::Copy(copy) => (copy.from.as_ref().map(|from| &*from.value), &[][..]),
        Kind::Run(run) => (None, &run.mounts[..]),
        _ => (None, &[][..]),
    };
    copied.into_iter().chain(mounts.iter().filter_map(|mount| mount.from.as_deref()))
}

/// Used names, each with the number to try first at its next use.
#[derive(Default)]
pub(super) struct TakenNames(BTreeMap<String, usize>);

impl TakenNames {
    /// Reserves a name, with a number if it is already in use.
    pub(super) fn unique(&mut self, name: &str) -> String {
        let Some(&next) = self.0.get(name) else {
            self.0.insert(name.to_owned(), 2);
            return name.to_owned();
        };
        let mut number = next;
        let mut candidate = format!("{name}-{number}");
        while self.0.contains_key(&candidate) {
            number += 1;
            candidate = format!("{name}-{number}");
        }
        self.0.insert(name.to_owned(), number + 1);
        self.0.insert(candidate.clone(), 2);
        candidate
    }
}

/// The program that a stage's image runs, if it is suitable as the name of a stage.
fn product(stage: &DockerfileStage) -> Option<String> {
    let (mut entrypoint, mut cmd) = (None, None);
    for instruction in &stage.instructions {
        match &instruction.kind {
            Kind::Entrypoint(command) => entrypoint = Some(command),
            Kind::Cmd(command) => cmd = Some(command),
            _ => {}
        }
    }
    let CommandLine::Exec(words) = entrypoint.or(cmd)? else { return None };
    let program = words.value.first()?.rsplit('/').next()?.to_lowercase();
    let program = program.split('.').next()?.to_owned();
    let is_name = program.starts_with(|c: char| c.is_ascii_lowercase())
        && program.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
    // Programs that run others say nothing about the stage.
    const RUNNERS: [&str; 18] = [
        "sh",
        "bash",
        "node",
        "npm",
        "yarn",
        "pnpm",
        "python",
        "python3",
        "java",
        "ruby",
        "php",
        "dotnet",
        "tini",
        "dumb-init",
        "gunicorn",
        "uvicorn",
        "entrypoint",
        "docker-entrypoint",
    ];
    (is_name && !RUNNERS.contains(&&*program)).then_some(program)
}
