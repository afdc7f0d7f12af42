//! The inputs of a build of a stage: args, secrets and agents.
//!
//! Input: the values of a build. Output: the inputs of the target and of the stages it needs, by
//! line. Follows `frontend/dockerfile/dockerfile2llb/outline.go` of BuildKit.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::MountKind;
use super::evaluate::{
    Globals, Graph, Images, Input, MountValue, Step, Values, description, from_values, walk,
};

/// The inputs of a build of a stage.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DockerfileOutline {
    /// The name of the stage, in lower case; empty if it has none.
    pub name: String,
    /// Its description from a comment.
    pub description: String,
    /// Its args.
    pub args: Vec<OutlinedArg>,
    /// Its secrets.
    pub secrets: Vec<OutlinedInput>,
    /// Its SSH agents.
    pub ssh: Vec<OutlinedInput>,
}

/// An arg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlinedArg {
    /// Its name.
    pub name: String,
    /// Its description from a comment.
    pub description: String,
    /// Its value in this build; empty if unset.
    pub value: String,
    /// The lines of its declaration.
    pub lines: RangeInclusive<u32>,
}

/// A secret or an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlinedInput {
    /// Its id.
    pub name: String,
    /// True if the build fails without it.
    pub required: bool,
    /// The lines of its first use.
    pub lines: RangeInclusive<u32>,
}

/// The inputs that a stage uses itself, without those of its base.
#[derive(Debug, Clone, Default)]
struct OwnUse {
    /// The args that its instructions declare.
    args: BTreeMap<String, OutlinedArg>,
    /// The names that it uses: those in its `FROM`, and those that it declares.
    used: BTreeSet<String>,
    secrets: BTreeMap<String, OutlinedInput>,
    ssh: BTreeMap<String, OutlinedInput>,
}

/// Outlines the target. `None` if no stage has its name.
pub fn outline(input: &Input<'_>, images: &dyn Images) -> Option<DockerfileOutline> {
    let globals = Globals::new(input);
    let graph = Graph::new(input, &globals, images);
    let target = graph.target(input)?;
    let stages = &input.dockerfile.stages;
    let mut uses: Vec<OwnUse> = Vec::with_capacity(stages.len());
    for (index, stage) in stages.iter().enumerate() {
        let mut used = match graph.bases[index] {
            // The args that the base declares are taken from the base, which is visited too.
            Some(base) => uses[base].used.clone(),
            None => BTreeSet::new(),
        };
        let values = from_values(stage, &globals, input);
        used.extend(values.base.matched);
        used.extend(values.platform.into_iter().flat_map(|platform| platform.matched));
        uses.push(OwnUse { used, ..OwnUse::default() });
    }
    let reachable = graph.reachable(target);
    walk(input, &globals, &graph, images, &reachable, &mut |step| {
        uses[step.stage].take(step, input);
    });

    let header = &stages[target].header;
    let name = header.name.as_ref().map(|name| name.value.to_lowercase()).unwrap_or_default();
    let comments = input.comments(&stages[target].from);
    let mut outline = DockerfileOutline {
        description: description(&comments, &name).to_owned(),
        name,
        ..DockerfileOutline::default()
    };
    let mut seen: [BTreeSet<String>; 3] = Default::default();
    for index in graph.in_order(target) {
        let own = &uses[index];
        let mut used = own.used.clone();
        let mut open: Vec<String> = used.iter().cloned().collect();
        while let Some(name) = open.pop() {
            let global = globals.args.get(&name).filter(|_| !own.args.contains_key(&name));
            let names = global.into_iter().flat_map(|global| &global.names);
            open.extend(names.filter(|&name| used.insert(name.clone())).cloned());
        }
        let [args, secrets, ssh] = &mut seen;
        let declared = used.iter().filter_map(|name| match own.args.get(name) {
            Some(arg) => Some(arg.clone()),
            None => {
                let arg = globals.args.get(name)?;
                Some(OutlinedArg {
                    name: name.clone(),
                    description: arg.description.clone(),
                    value: arg.value.clone(),
                    lines: arg.lines.clone(),
                })
            }
        });
        outline.args.extend(declared.filter(|arg| args.insert(arg.name.clone())));
        let new = own.secrets.values().filter(|secret| secrets.insert(secret.name.clone()));
        outline.secrets.extend(new.cloned());
        let new = own.ssh.values().filter(|socket| ssh.insert(socket.name.clone()));
        outline.ssh.extend(new.cloned());
    }
    outline.args.sort_by_key(|arg| *arg.lines.start());
    outline.secrets.sort_by_key(|input| *input.lines.start());
    outline.ssh.sort_by_key(|input| *input.lines.start());
    Some(outline)
}

impl OwnUse {
    /// Adds the inputs of an instruction.
    fn take(&mut self, step: &Step<'_>, input: &Input<'_>) {
        match &step.values {
            Values::Args(args) => {
                let comments = match step.is_trigger {
                    true => Vec::new(),
                    false => input.comments(step.instruction),
                };
                for arg in args {
                    self.used.insert(arg.name.clone());
                    if arg.is_global {
                        continue;
                    }
                    let found = OutlinedArg {
                        name: arg.name.clone(),
                        description: description(&comments, &arg.name).to_owned(),
                        value: arg.value.clone().unwrap_or_default(),
                        lines: step.lines.clone(),
                    };
                    self.args.insert(arg.name.clone(), found);
                }
            }
            Values::Mounts(mounts) => mounts.iter().for_each(|mount| self.mount(mount, step)),
            Values::Pairs(_) | Values::Sources(_) | Values::Words(_) | Values::None => {}
        }
    }

    fn mount(&mut self, mount: &MountValue, step: &Step<'_>) {
        let (inputs, name) = match mount.kind {
            MountKind::Secret => (&mut self.secrets, secret_id(mount)),
            MountKind::Ssh if mount.id.is_empty() => (&mut self.ssh, "default"),
            MountKind::Ssh => (&mut self.ssh, mount.id.as_str()),
            MountKind::Bind | MountKind::Cache | MountKind::Tmpfs => return,
        };
        inputs.entry(name.to_owned()).or_insert_with(|| OutlinedInput {
            name: name.to_owned(),
            required: mount.required,
            lines: step.lines.clone(),
        });
    }
}

/// The id of a secret: its source, or the name of the file that it is mounted as.
fn secret_id(mount: &MountValue) -> &str {
    match (&*mount.source, &*mount.id) {
        ("", "") => mount.target.trim_end_matches('/').rsplit('/').next().unwrap_or_default(),
        ("", id) => id,
        (source, _) => source,
    }
}
