//! The graph of a build: its stages, and what they take from each other (`--call=graph`).
//!
//! Input: a [`Selection`] for each platform. Output: a [`Graph`], and renderings of it, one file
//! each: a tree in text, JSON, Mermaid, dot and SVG. Must not depend on lookups: a value from the
//! environment of a base image is shown as written. The same graph gives the same bytes.

mod card;
mod collect;
mod document;
mod dot;
mod elements;
mod instructions;
mod layout;
mod mermaid;
mod order;
mod steps;
mod svg;
mod text;
mod width;

use std::collections::{BTreeMap, BTreeSet};

pub use self::document::GRAPH_VERSION;
use crate::convert::ReadDockerfile;
use crate::id::{Id, IdVec, ids};
use crate::plan::Selection;
use crate::source::SourceMap;

ids! {
    /// A stage of a graph.
    NodeId;
}

/// The stages of a build file, with those that a build of the target does not need.
#[derive(Debug, Clone)]
pub struct Graph {
    /// Each after the stages that it takes files from.
    stages: IdVec<NodeId, Node>,
    /// The target for each platform; without a default target, the stages that no other needs.
    roots: Vec<NodeId>,
    /// The target platforms.
    platforms: Vec<String>,
    /// True if the target is the report of a stage.
    is_report: bool,
}

/// A stage, for one or several of the target platforms.
#[derive(Debug, Clone)]
struct Node {
    name: String,
    /// The target platforms for which it is built.
    built_for: Vec<String>,
    /// Its own platform.
    platform: String,
    /// Its name, with a platform if there are several with that name.
    label: String,
    description: Option<String>,
    /// The conditions under which it exists.
    condition: Option<String>,
    file: String,
    /// Its lines in the file, from 1.
    lines: [u32; 2],
    /// Its base, and the stages that are merged into it.
    bases: Vec<Input>,
    steps: Vec<Step>,
    /// The origins of its own mounts, which all of its run steps have.
    mounts: Vec<Input>,
    /// The stages that must build for it to succeed.
    requires: Vec<NodeId>,
    /// The path of its report.
    report: Option<String>,
    /// True if its layers become one.
    squash: bool,
    /// True if it is the target, for any platform.
    is_target: bool,
    /// True if the target needs or requires it.
    is_needed: bool,
    /// False if its conditions exclude it from this build.
    exists: bool,
    /// The number of stages on the longest way to it: stages with the same number do not need each
    /// other.
    row: usize,
}

/// A step in short.
#[derive(Debug, Clone)]
struct Step {
    /// Its verb, or the keyword of its instruction.
    verb: String,
    /// Its name, or what it does, in one line.
    text: String,
    /// True if the text is a name, which replaces the verb.
    is_named: bool,
    lines: [u32; 2],
    inputs: Vec<Input>,
    /// The branches of a `parallel` step.
    branches: Vec<Vec<Step>>,
}

/// Files that a stage takes from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Input {
    way: Way,
    origin: From,
}

/// The way in which a stage uses another. The first of several ways is the most important one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Base,
    Merge,
    Copy,
    Mount,
    Require,
}

/// The place where files come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum From {
    Stage(NodeId),
    Scratch,
    /// An image, by its reference.
    Image(String),
    /// A source of the build file, by its name.
    Source(String),
    /// A named build context, by its name.
    Context(String),
    /// A Dockerfile, by its path and its target.
    Dockerfile(String),
    /// Something that depends on a value that is not known, as written.
    Unknown(String),
}

/// An edge from the stage that gives something to the one that takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Edge {
    giver: NodeId,
    taker: NodeId,
    way: Way,
}

impl Graph {
    /// Collects the stages of selections, one for each target platform. `dockerfile` is the
    /// Dockerfile that the spec was converted from, if any.
    pub fn new(
        selections: &[Selection<'_>],
        files: &SourceMap,
        dockerfile: Option<&ReadDockerfile>,
    ) -> Self {
        collect::collect(selections, files, dockerfile)
    }

    /// The edges between stages, one for each pair and direction, by the most important way.
    fn edges(&self) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (taker, node) in self.stages.enumerate() {
            let mut ways: BTreeMap<NodeId, Way> = BTreeMap::new();
            for (giver, way) in node.givers() {
                ways.entry(giver).and_modify(|known| *known = way.min(*known)).or_insert(way);
            }
            let required = node.requires.iter().filter(|giver| !ways.contains_key(giver));
            let required = required.map(|&giver| Edge { giver, taker, way: Way::Require });
            let required: Vec<Edge> = required.collect();
            edges.extend(ways.into_iter().map(|(giver, way)| Edge { giver, taker, way }));
            edges.extend(required);
        }
        edges
    }

    /// The stages in rows: each takes files only from rows above.
    fn rows(&self, which: impl Fn(&Node) -> bool) -> Vec<Vec<NodeId>> {
        let mut rows: Vec<Vec<NodeId>> = Vec::new();
        for (at, node) in self.stages.enumerate().filter(|(_, node)| which(node)) {
            if rows.len() <= node.row {
                rows.resize_with(node.row + 1, Vec::new);
            }
            rows[node.row].push(at);
        }
        rows.retain(|row| !row.is_empty());
        rows
    }

    /// The text for a place where files come from.
    fn name_of(&self, origin: &From) -> String {
        match origin {
            From::Stage(at) => self.stages[*at].label.clone(),
            From::Scratch => "scratch".to_owned(),
            From::Image(name) | From::Dockerfile(name) | From::Unknown(name) => name.clone(),
            From::Source(name) => format!("source {name}"),
            From::Context(name) => format!("context {name}"),
        }
    }
}

impl Node {
    /// Everything that it takes from elsewhere, in order.
    fn inputs(&self) -> impl Iterator<Item = &Input> {
        let steps = self.steps.iter().flat_map(Step::all_inputs);
        self.bases.iter().chain(&self.mounts).chain(steps)
    }

    /// The stages that it takes files from.
    fn givers(&self) -> impl Iterator<Item = (NodeId, Way)> {
        self.inputs().filter_map(|input| match input.origin {
            From::Stage(at) => Some((at, input.way)),
            _ => None,
        })
    }

    /// Its own platform, if it is not the one that it is built for.
    fn other_platform(&self) -> Option<&str> {
        let is_usual = self.built_for.iter().all(|platform| *platform == self.platform);
        (!is_usual).then_some(&self.platform)
    }
}

impl Step {
    /// Its inputs, and those of its branches.
    fn all_inputs(&self) -> impl Iterator<Item = &Input> {
        let branches = self.branches.iter().flatten();
        self.inputs.iter().chain(branches.flat_map(|step| &step.inputs))
    }

    /// The verb and the text, in one line.
    fn line(&self) -> String {
        match (self.is_named, &*self.text) {
            (true, text) => text.to_owned(),
            (false, "") => self.verb.clone(),
            (false, text) => format!("{} {text}", self.verb),
        }
    }
}

/// The text of a list, in one line.
fn joined(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let items: Vec<_> = items.into_iter().collect();
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    items.join(", ")
}

/// The items of a list, each once, in order.
fn distinct<T: Ord + Clone>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}

/// The number of an id, for formats that need names without special characters.
fn number(at: NodeId) -> usize {
    at.index()
}
