//! A graph as a document for programs.

use serde::{Serialize, Serializer};

use super::{From, Graph, Input, Node, NodeId, Step, Way};

/// The version of the document.
pub const GRAPH_VERSION: &str = "1.0.0";

/// The document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'g> {
    /// The ids of the targets.
    targets: Vec<&'g str>,
    /// True if the target is the report of the stage.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_report: bool,
    platforms: &'g [String],
    /// Each after the stages that it takes files from.
    stages: Vec<StageDocument<'g>>,
    edges: Vec<EdgeDocument<'g>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StageDocument<'g> {
    /// Unique in the document.
    id: &'g str,
    name: &'g str,
    #[serde(skip_serializing_if = "str::is_empty")]
    platform: &'g str,
    /// The target platforms for which it is built.
    built_for: &'g [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'g str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<&'g str>,
    file: &'g str,
    lines: [u32; 2],
    /// The target needs or requires it.
    needed: bool,
    /// Its conditions hold in this build.
    exists: bool,
    /// Stages of the same row do not need each other.
    row: usize,
    from: Vec<Origin<'g>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mounts: Vec<Origin<'g>>,
    steps: Vec<StepDocument<'g>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requires: Vec<&'g str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'g str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    squash: bool,
}

/// The place where files come from.
#[derive(Serialize)]
struct Origin<'g> {
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'g str,
}

#[derive(Serialize)]
struct StepDocument<'g> {
    verb: &'g str,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'g str,
    lines: [u32; 2],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    from: Vec<Origin<'g>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    branches: Vec<Vec<StepDocument<'g>>>,
}

#[derive(Serialize)]
struct EdgeDocument<'g> {
    /// The stage that gives something.
    from: &'g str,
    /// The stage that takes it.
    to: &'g str,
    kind: &'static str,
}

impl Serialize for Graph {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let edges = self.edges().into_iter().map(|edge| EdgeDocument {
            from: self.id(edge.giver),
            to: self.id(edge.taker),
            kind: edge.way.word(),
        });
        let document = Document {
            targets: self.roots.iter().map(|&at| self.id(at)).collect(),
            is_report: self.is_report,
            platforms: &self.platforms,
            stages: self.stages.enumerate().map(|(at, node)| self.stage(at, node)).collect(),
            edges: edges.collect(),
        };
        document.serialize(serializer)
    }
}

impl Graph {
    fn id(&self, at: NodeId) -> &str {
        &self.stages[at].label
    }

    fn stage<'g>(&'g self, at: NodeId, node: &'g Node) -> StageDocument<'g> {
        StageDocument {
            id: self.id(at),
            name: &node.name,
            platform: &node.platform,
            built_for: &node.built_for,
            description: node.description.as_deref(),
            condition: node.condition.as_deref(),
            file: &node.file,
            lines: node.lines,
            needed: node.is_needed,
            exists: node.exists,
            row: node.row,
            from: self.origins(&node.bases),
            mounts: self.origins(&node.mounts),
            steps: self.steps(&node.steps),
            requires: node.requires.iter().map(|&at| self.id(at)).collect(),
            report: node.report.as_deref(),
            squash: node.squash,
        }
    }

    fn steps<'g>(&'g self, steps: &'g [Step]) -> Vec<StepDocument<'g>> {
        let documents = steps.iter().map(|step| StepDocument {
            verb: &step.verb,
            text: &step.text,
            lines: step.lines,
            from: self.origins(&step.inputs),
            branches: step.branches.iter().map(|branch| self.steps(branch)).collect(),
        });
        documents.collect()
    }

    fn origins<'g>(&'g self, inputs: &'g [Input]) -> Vec<Origin<'g>> {
        let mut origins = Vec::with_capacity(inputs.len());
        for input in inputs {
            let (kind, name) = match &input.origin {
                From::Stage(at) => ("stage", self.id(*at)),
                From::Scratch => ("scratch", ""),
                From::Image(name) => ("image", name.as_str()),
                From::Source(name) => ("source", name.as_str()),
                From::Context(name) => ("context", name.as_str()),
                From::Dockerfile(name) => ("dockerfile", name.as_str()),
                From::Unknown(name) => ("unknown", name.as_str()),
            };
            origins.push(Origin { kind, name });
        }
        origins
    }
}

impl Way {
    fn word(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Merge => "merge",
            Self::Copy => "copy",
            Self::Mount => "mount",
            Self::Require => "requires",
        }
    }
}
