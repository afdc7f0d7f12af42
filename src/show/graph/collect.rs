//! Collects the stages of selections.

use std::collections::{BTreeMap, BTreeSet};

use super::instructions::Instructions;
use super::steps::{Describer, lines};
use super::width::shown;
use super::{From, Graph, Input, Node, NodeId, Way};
use crate::collect::collect_map;
use crate::convert::ReadDockerfile;
use crate::id::IdVec;
use crate::plan::{ContextSource, FileValues, Origin, Selection, StageId};
use crate::source::{SourceMap, Spanned};
use crate::spec::{self, Conditions, Spec, Stage, StepId, Template};

/// The predefined args that differ between target platforms.
const OF_PLATFORM: [&str; 5] =
    ["TARGETPLATFORM", "TARGETOS", "TARGETOSVERSION", "TARGETARCH", "TARGETVARIANT"];

/// Collects the stages of selections, one for each target platform.
pub(super) fn collect(
    selections: &[Selection<'_>],
    files: &SourceMap,
    dockerfile: Option<&ReadDockerfile>,
) -> Graph {
    let Some(first) = selections.first() else {
        return Graph {
            stages: IdVec::default(),
            roots: Vec::new(),
            platforms: Vec::new(),
            is_report: false,
        };
    };
    let instructions = dockerfile.map(|read| Instructions::new(&read.dockerfile));
    let mut collector = Collector {
        files,
        dockerfile: dockerfile.zip(instructions.as_ref()),
        varying: varying_names(first.spec),
        is_single: selections.len() == 1,
        stages: IdVec::default(),
        known: BTreeMap::new(),
        roots: Vec::new(),
    };
    for selection in selections {
        collector.add(selection);
    }
    if dockerfile.is_none() {
        collector.add_absent(first.spec);
    }
    let Collector { mut stages, roots, .. } = collector;
    label(&mut stages);
    number_rows(&mut stages);
    let platforms = selections.iter().map(|of| of.request().target_platform.to_string());
    let is_report = first.is_report;
    Graph { stages, roots, platforms: platforms.collect(), is_report }
}

struct Collector<'c> {
    files: &'c SourceMap,
    dockerfile: Option<(&'c ReadDockerfile, &'c Instructions<'c>)>,
    /// The args and constants whose values differ between target platforms.
    varying: BTreeSet<String>,
    is_single: bool,
    stages: IdVec<NodeId, Node>,
    /// The stages of earlier platforms. Those that are the same for another one are not repeated.
    known: BTreeMap<Key, NodeId>,
    roots: Vec<NodeId>,
}

/// The identity of a stage: with the same identity, it is the same for several platforms.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    name: String,
    platform: String,
    origins: Vec<String>,
    skipped: Vec<StepId>,
    /// The target platform, if the stage uses it.
    target: Option<String>,
}

impl Collector<'_> {
    fn add(&mut self, selection: &Selection<'_>) {
        let values = FileValues::new(selection);
        let mut nodes: IdVec<StageId, Option<NodeId>> = selection.stages.map(|_| None);
        let groups = self.groups(selection);
        for group in &groups {
            let at = self.node(selection, &values, group, &nodes);
            for &part in group {
                nodes[part] = Some(at);
            }
        }
        let names: BTreeMap<&str, StageId> =
            collect_map(selection.stages.enumerate().map(|(at, stage)| (stage.name.as_str(), at)));
        for (at, selected) in selection.stages.enumerate().filter(|(_, stage)| !stage.replaced) {
            let Some(taker) = nodes[at] else { continue };
            let required = selected.stage.requires.iter();
            let required = required.filter_map(|name| nodes[*names.get(name.value.as_str())?]);
            let known = std::mem::take(&mut self.stages[taker].requires);
            self.stages[taker].requires = super::distinct(known.into_iter().chain(required));
        }
        let roots = match selection.target {
            Some(target) => vec![target],
            None => selection.shipped.clone(),
        };
        for root in roots.into_iter().filter_map(|root| nodes[root]) {
            if !std::mem::replace(&mut self.stages[root].is_target, true) {
                self.roots.push(root);
            }
        }
    }

    /// The stages that are shown as one: those that a stage of a Dockerfile was converted to.
    fn groups(&self, selection: &Selection<'_>) -> Vec<Vec<StageId>> {
        let Some((read, _)) = self.dockerfile else {
            return selection.stages.ids().map(|at| vec![at]).collect();
        };
        let mut groups: BTreeMap<usize, Vec<StageId>> = BTreeMap::new();
        for (at, stage) in selection.stages.enumerate() {
            if let Some(&index) = read.stages.get(stage.name.as_str()) {
                groups.entry(index).or_default().push(at);
            }
        }
        let mut groups: Vec<Vec<StageId>> = groups.into_values().collect();
        // After everything that it needs.
        groups.sort_by_key(|group| group.last().copied());
        groups
    }

    /// The node of a stage: a new one, or that of an earlier platform.
    fn node(
        &mut self,
        selection: &Selection<'_>,
        values: &FileValues<'_, '_>,
        group: &[StageId],
        nodes: &IdVec<StageId, Option<NodeId>>,
    ) -> NodeId {
        let target = selection.request().target_platform.to_string();
        // Without a target, nothing is left out.
        let is_needed =
            selection.target.is_none() || group.iter().any(|&at| selection.stages[at].needed);
        let key = (!self.is_single).then(|| self.key(selection, group, nodes));
        if let Some(&known) = key.as_ref().and_then(|key| self.known.get(key)) {
            let node = &mut self.stages[known];
            node.is_needed |= is_needed;
            node.built_for.push(target);
            return known;
        }
        let node = self.described(selection, values, group, nodes, is_needed);
        let at = self.stages.push(node);
        if let Some(key) = key {
            self.known.insert(key, at);
        }
        at
    }

    fn key(
        &self,
        selection: &Selection<'_>,
        group: &[StageId],
        nodes: &IdVec<StageId, Option<NodeId>>,
    ) -> Key {
        let mut varies = false;
        let mut origins = Vec::new();
        let mut skipped = Vec::new();
        for &at in group {
            let selected = &selection.stages[at];
            skipped.extend(&selected.skipped);
            selected.stage.visit_names(&mut |name| varies |= self.varying.contains(name));
            selected.stage.visit_froms(&mut |from| {
                origins.push(match selection.origins.at(from) {
                    Some(Origin::Image(at)) => {
                        let query = &selection.images[at];
                        format!("{} {}", query.reference, query.platform)
                    }
                    Some(Origin::Stage(at)) => format!("{:?}", nodes[at]),
                    Some(Origin::Named(at)) => selection.contexts[at].name.clone(),
                    Some(Origin::Scratch | Origin::Context) | None => String::new(),
                });
            });
        }
        let last = group.last().map(|&at| &selection.stages[at]);
        Key {
            name: last.map(|stage| stage.name.to_string()).unwrap_or_default(),
            platform: last.map(|stage| stage.platform.to_string()).unwrap_or_default(),
            origins,
            skipped,
            target: varies.then(|| selection.request().target_platform.to_string()),
        }
    }

    fn described(
        &self,
        selection: &Selection<'_>,
        values: &FileValues<'_, '_>,
        group: &[StageId],
        nodes: &IdVec<StageId, Option<NodeId>>,
        is_needed: bool,
    ) -> Node {
        let files = self.files;
        // A group is never empty.
        let (first, last) = (group[0], group[group.len() - 1]);
        let origin = |from: &Spanned<spec::From>| origin_of(from, selection, nodes, files);
        let mut steps = Vec::new();
        let mut mounts = Vec::new();
        for &at in group {
            let selected = &selection.stages[at];
            let describer = Describer { values, files, at, selected, origin: &origin };
            // A stage that is replaced by a build context runs nothing.
            if selected.replaced {
                continue;
            }
            match self.dockerfile {
                None => steps.extend(describer.steps(&selected.stage.steps)),
                Some((_, instructions)) => {
                    for step in &selected.stage.steps {
                        let described = describer.steps(std::slice::from_ref(step));
                        for described in described {
                            instructions.add(described, step.span, files, &mut steps);
                        }
                    }
                }
            }
            let own = selected.stage.mounts.iter().flat_map(|own| describer.mounts(own));
            mounts.extend(own);
        }
        let bases = selection.stages[first].stage.bases();
        let bases = bases.take(if selection.stages[first].replaced { 1 } else { usize::MAX });
        let bases = bases.enumerate().map(|(number, from)| Input {
            way: if number == 0 { Way::Base } else { Way::Merge },
            origin: origin(from),
        });
        let selected = &selection.stages[last];
        let report = selected.stage.report.as_ref().filter(|_| !selected.replaced);
        let describer = Describer { values, files, at: last, selected, origin: &origin };
        let text = |template: &Template| describer.text(template);
        let declared = self.declared(selected.name.as_str(), selection.stages[first].stage, files);
        let end = steps.iter().map(|step| step.lines[1]).max().unwrap_or_default();
        Node {
            lines: [declared.lines[0], declared.lines[1].max(end)],
            bases: bases.collect(),
            platform: selected.platform.to_string(),
            built_for: vec![selection.request().target_platform.to_string()],
            steps,
            mounts: super::distinct(mounts),
            report: report.map(text),
            is_needed,
            exists: true,
            ..declared
        }
    }

    /// The node of a stage as declared, without the parts that depend on the build.
    fn declared(&self, name: &str, stage: &Spanned<Stage>, files: &SourceMap) -> Node {
        let place = files.place(stage.span);
        let whole = stage.all_steps().map(|step| lines(step.span, files)[1]).max();
        let (start, end) = (*place.lines.start(), *place.lines.end());
        Node {
            name: self.name_of(name),
            label: String::new(),
            built_for: Vec::new(),
            platform: String::new(),
            description: stage.description.as_deref().map(shown),
            condition: condition(stage, files),
            file: place.file.name().to_owned(),
            lines: [start, end.max(whole.unwrap_or(end))],
            bases: Vec::new(),
            steps: Vec::new(),
            mounts: Vec::new(),
            requires: Vec::new(),
            report: None,
            squash: stage.squash.as_ref().is_some_and(|squash| squash.value),
            is_target: false,
            is_needed: false,
            exists: true,
            row: 0,
        }
    }

    /// The user's name of a stage.
    fn name_of(&self, name: &str) -> String {
        let stage = self.dockerfile.and_then(|(read, _)| {
            let &index = read.stages.get(name)?;
            let header = &read.dockerfile.stages[index].header;
            Some(match &header.name {
                Some(name) => name.value.to_lowercase(),
                None => format!("stage-{index}"),
            })
        });
        shown(&stage.unwrap_or_else(|| name.to_owned()))
    }

    /// Adds the stages that do not exist in this build.
    fn add_absent(&mut self, spec: &Spec) {
        let known: BTreeSet<String> = self.stages.iter().map(|node| node.name.clone()).collect();
        let absent = spec.stages.iter().filter(|(name, _)| !known.contains(name.as_str()));
        for (name, stage) in absent {
            let base = shown(self.files.written(stage.from.template().span));
            self.stages.push(Node {
                bases: vec![Input { way: Way::Base, origin: From::Unknown(base) }],
                exists: false,
                ..self.declared(name.as_str(), stage, self.files)
            });
        }
    }
}

/// The place where the files of a `from` come from.
fn origin_of(
    from: &Spanned<spec::From>,
    selection: &Selection<'_>,
    nodes: &IdVec<StageId, Option<NodeId>>,
    files: &SourceMap,
) -> From {
    // A client that asks for a graph need not give the build contexts.
    let as_written = || {
        let text = shown(files.written(from.template().span));
        match &from.value {
            spec::From::Context(_) => From::Context(text),
            _ => From::Unknown(text),
        }
    };
    match selection.origins.at(from) {
        None | Some(Origin::Context) => as_written(),
        Some(Origin::Scratch) => From::Scratch,
        Some(Origin::Stage(at)) => nodes[at].map_or_else(as_written, From::Stage),
        Some(Origin::Image(at)) => {
            let query = &selection.images[at];
            match &query.context {
                Some(context) => From::Context(shown(context)),
                None => From::Image(shown(&query.reference.familiar())),
            }
        }
        Some(Origin::Named(at)) => {
            let query = &selection.contexts[at];
            match (&query.source, query.declared) {
                (ContextSource::Dockerfile(dockerfile), _) => {
                    let target = dockerfile.target.iter().map(|target| format!(" ({target})"));
                    let target: String = target.collect();
                    From::Dockerfile(shown(&format!("{}{target}", dockerfile.file)))
                }
                (_, Some(_)) => From::Source(shown(&query.name)),
                (_, None) => From::Context(shown(&query.name)),
            }
        }
    }
}

/// The conditions of a stage, in words.
fn condition(stage: &Stage, files: &SourceMap) -> Option<String> {
    let Conditions { when, unless } = &stage.conditions;
    let text = |template: &Template| match template.as_literal() {
        Some(text) => text.to_owned(),
        None => files.written(template.span).to_owned(),
    };
    let when = when.iter().map(|when| format!("when {}", when.describe(text)));
    let unless = unless.iter().map(|unless| format!("unless {}", unless.describe(text)));
    let parts: Vec<String> = when.chain(unless).collect();
    (!parts.is_empty()).then(|| shown(&parts.join(", ").replace('`', "")))
}

/// The args and constants whose values differ between target platforms, directly or through others.
fn varying_names(spec: &Spec) -> BTreeSet<String> {
    let mut users: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let vars = spec.vars.0.iter().map(|(name, value)| (name.as_str(), &value.0));
    let args = spec.args.0.iter();
    let args = args.filter_map(|(name, arg)| Some((name.as_str(), arg.default.as_ref()?)));
    for (name, value) in vars.chain(args) {
        value.visit_names(&mut |used| users.entry(used.to_owned()).or_default().push(name));
    }
    let mut varying: BTreeSet<String> = OF_PLATFORM.map(str::to_owned).into();
    let mut next: Vec<String> = OF_PLATFORM.map(str::to_owned).into();
    while let Some(name) = next.pop() {
        for user in users.get(&name).into_iter().flatten() {
            if varying.insert((*user).to_owned()) {
                next.push((*user).to_owned());
            }
        }
    }
    varying
}

/// Sets the labels: names, with platforms where there are several stages of a name.
fn label(stages: &mut IdVec<NodeId, Node>) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for node in stages.iter() {
        *counts.entry(node.name.clone()).or_default() += 1;
    }
    for node in stages {
        node.label = match counts.get(&node.name) {
            Some(2..) => format!("{} {}", node.name, super::joined(&node.built_for)),
            _ => node.name.clone(),
        };
    }
}

/// Numbers the rows. Stages come after those that they take files from.
fn number_rows(stages: &mut IdVec<NodeId, Node>) {
    for at in stages.ids() {
        let below = stages[at].givers().filter(|(giver, _)| *giver < at);
        let below = below.map(|(giver, _)| stages[giver].row + 1).max();
        stages[at].row = below.unwrap_or(0);
    }
}
