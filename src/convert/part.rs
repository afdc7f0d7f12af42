//! A stage of the build file under construction, and the args for its run steps.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::args::Globals;
use super::bases::TakenNames;
use super::context::Context;
use super::image::Image;
use super::remark::Remark;
use super::toml::{Item, Kind, Value};
use super::{comments, words};
use crate::dockerfile::{Instruction, Word};
use crate::source::Span;

/// A stage of the build file.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) comments: Vec<String>,
    pub(super) description: Option<String>,
    pub(super) from: Value,
    pub(super) platform: Option<Value>,
    pub(super) args: Option<Vec<String>>,
    pub(super) no_args: Vec<String>,
    pub(super) env: IndexMap<String, Variable>,
    pub(super) workdir: Option<(Value, String)>,
    pub(super) user: Option<Value>,
    pub(super) shell: Option<Value>,
    pub(super) steps: Vec<PartStep>,
    pub(super) image: Image,
    pub(super) sbom: bool,
    /// Args that it lists even if no step needs them: they take precedence over inherited
    /// variables.
    pub(super) listed: BTreeSet<String>,
    /// The comments above the instructions that became its keys.
    pub(super) key_comments: Vec<(&'static str, Vec<String>)>,
    /// Names that its strings depend on.
    pub(super) names: BTreeSet<String>,
    /// The names among them that are args but not visible at that place of the Dockerfile.
    pub(super) hidden: BTreeSet<String>,
}

/// A variable of a part.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) value: String,
    pub(super) span: Span,
    pub(super) comments: Vec<String>,
}

/// A step of a part.
#[derive(Debug)]
pub(super) struct PartStep {
    pub(super) item: Item,
    /// The args of a run step, from which `args` and `no-args` follow.
    pub(super) run: Option<RunArgs>,
}

/// An arg that the stage declares.
#[derive(Debug, Clone)]
pub(super) struct VisibleArg {
    /// Its default, if the stage has one of its own.
    pub(super) default: Option<String>,
    /// The number of args that were visible before its first declaration.
    pub(super) number: usize,
}

/// The args of a run step.
#[derive(Debug)]
pub(super) struct RunArgs {
    /// Args that it may read without naming them.
    pub(super) reads: BTreeSet<String>,
    /// The number of args that are visible to it: those with smaller numbers.
    pub(super) visible: usize,
    /// Args that its text names although a Dockerfile does not pass them to it.
    pub(super) hidden: BTreeSet<String>,
}

/// The first part of a stage, from its `FROM`.
pub(super) fn first_part(context: &Context<'_>, index: usize, remarks: &mut Vec<Remark>) -> Part {
    let stage = &context.dockerfile.stages[index];
    let header = &stage.header;
    let globals = Globals { table: context.args };
    let mut text = |word: &Word| {
        words::value(&word.value, context.escape(), &globals).unwrap_or_else(|message| {
            remarks.push(Remark { span: word.span, message, is_error: true });
            String::new()
        })
    };
    let from = match context.bases.base_of(index) {
        Some(base) => Value::text(context.bases.name(base)),
        None => context.bases.image(text(&header.base)),
    };
    let is_first = index == 0 && context.dockerfile.global_args.is_empty();
    let above = match is_first {
        true => comments::of_file(&stage.from).1,
        false => &stage.from.leading,
    };
    let mut above = comments::texts(above);
    let description =
        header.name.as_ref().and_then(|name| comments::take_description(&mut above, &name.value));
    // A stage based on another one has the platform of that stage, and one from scratch the
    // requested platform (`toDispatchState` in `frontend/dockerfile/dockerfile2llb/convert.go` of
    // BuildKit).
    let has_own = context.bases.base_of(index).is_none() && header.base.value != "scratch";
    let platform = header.platform.as_ref().filter(|_| has_own);
    Part {
        comments: above,
        description,
        from: from.at(header.base.span),
        platform: platform.map(|word| Value::text(text(word)).at(word.span)),
        ..Part::new(context.bases.name(index), stage.from.span)
    }
}

/// Names the parts of a stage, and bases each on the one before. The last one has the stage's own
/// name.
pub(super) fn name_parts(parts: &mut [Part], stage: &str, taken: &mut TakenNames) {
    let count = parts.len();
    for at in 0..count {
        parts[at].name = match count - at {
            1 => stage.to_owned(),
            2 if count == 2 => taken.unique(&format!("{stage}-base")),
            _ => taken.unique(&format!("{stage}-{}", at + 1)),
        };
        if at > 0 {
            let origin = parts[at].from.origin;
            parts[at].from = Value { origin, ..Value::text(parts[at - 1].name.clone()) };
        }
    }
}

impl Part {
    pub(super) fn new(name: &str, span: Span) -> Self {
        Self {
            name: name.to_owned(),
            span,
            comments: Vec::new(),
            description: None,
            from: Value::text(""),
            platform: None,
            args: None,
            no_args: Vec::new(),
            env: IndexMap::new(),
            workdir: None,
            user: None,
            shell: None,
            steps: Vec::new(),
            image: Image::default(),
            sbom: false,
            listed: BTreeSet::new(),
            key_comments: Vec::new(),
            names: BTreeSet::new(),
            hidden: BTreeSet::new(),
        }
    }

    /// Keeps the comments of an instruction for the key that it becomes.
    pub(super) fn comment(&mut self, key: &'static str, instruction: &Instruction) {
        let mut above = comments::above(instruction);
        above.extend(instruction.inner.iter().map(|inner| inner.comment.text.clone()));
        if above.is_empty() {
            return;
        }
        match self.key_comments.iter_mut().find(|(known, _)| *known == key) {
            Some((_, comments)) => comments.extend(above),
            None => self.key_comments.push((key, above)),
        }
    }

    /// True if the working directory would be created after the part's first step, which writes to
    /// `destination` or runs as another user. If a part sets a user by name, its steps may create
    /// that user, so the directory is created only before the first step that needs it; a
    /// Dockerfile creates it in place.
    pub(super) fn is_workdir_late(&self, destination: Option<&str>) -> bool {
        let may_wait = self.steps.is_empty() && self.user.as_ref().is_some_and(is_named);
        self.workdir.as_ref().is_some_and(|(_, workdir)| {
            may_wait && !destination.is_some_and(|to| is_certainly_within(to, workdir))
        })
    }

    /// The args of its run steps.
    pub(super) fn runs(&self) -> impl DoubleEndedIterator<Item = &RunArgs> {
        self.steps.iter().filter_map(|step| step.run.as_ref())
    }

    /// Sets `args` and `no-args`: on the stage if they apply to all of its run steps, else on the
    /// steps.
    pub(super) fn settle_args(
        &mut self,
        inherited: &mut BTreeSet<String>,
        visible: &BTreeMap<String, VisibleArg>,
    ) {
        let needed: BTreeSet<String> = self.runs().flat_map(|run| run.reads.clone()).collect();
        let hidden: BTreeSet<String> = self.runs().flat_map(|run| run.hidden.clone()).collect();
        // The first step sees the fewest args, and the last one the most.
        let first = self.runs().next().map_or(0, |run| run.visible);
        let last = self.runs().next_back().map_or(0, |run| run.visible);
        let number = |name: &String| visible.get(name).map_or(usize::MAX, |arg| arg.number);
        let mut of_stage: BTreeSet<String> =
            needed.into_iter().filter(|name| number(name) < first).collect();
        let hidden_everywhere: BTreeSet<String> =
            hidden.into_iter().filter(|name| number(name) >= last).collect();
        of_stage.extend(self.listed.iter().cloned());
        if !of_stage.is_subset(inherited) || !self.listed.is_empty() {
            of_stage.extend(inherited.iter().cloned());
            self.args = Some(of_stage.iter().cloned().collect());
            *inherited = of_stage;
        }
        let of_strings = self.hidden.iter().chain(&self.image.hidden);
        let no_args: BTreeSet<&String> = of_strings.chain(&hidden_everywhere).collect();
        self.no_args = no_args.into_iter().cloned().collect();
        for step in &mut self.steps {
            let Some(run) = &step.run else { continue };
            let args: Vec<&String> =
                run.reads.iter().filter(|name| !inherited.contains(*name)).collect();
            let no_args: Vec<&String> =
                run.hidden.iter().filter(|name| !self.no_args.contains(name)).collect();
            if !args.is_empty() {
                add_key(&mut step.item.value, "args", Value::texts(args));
            }
            if !no_args.is_empty() {
                add_key(&mut step.item.value, "no-args", Value::texts(no_args));
            }
        }
    }
}

/// False for a user that needs no lookup.
fn is_named(user: &Value) -> bool {
    let Kind::Text(user) = &user.kind else { return true };
    let name = user.split(':').next().unwrap_or_default();
    name != "root" && name.parse::<u32>().is_err()
}

/// True for a destination inside the working directory, regardless of its variables.
fn is_certainly_within(destination: &str, workdir: &str) -> bool {
    let rest = match destination.strip_prefix('/') {
        Some(_) => destination.strip_prefix(workdir.trim_end_matches('/')),
        None => Some("/"),
    };
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        && !destination.contains(['$', '\\'])
        && !destination.split('/').any(|part| part == "..")
}

/// Adds a key to a run step, which may be a plain string so far.
fn add_key(step: &mut Value, key: &str, value: Value) {
    if let Kind::Table(entries) = &mut step.kind {
        entries.push((key.to_owned(), value));
        return;
    }
    let origin = step.origin;
    let text = std::mem::replace(step, Value::text(""));
    *step = Value::table(vec![("run".to_owned(), text), (key.to_owned(), value)]);
    step.origin = origin;
}
