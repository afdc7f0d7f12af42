//! A stage of a Dockerfile as one or several stages of a build file.
//!
//! A stage of a build file has one environment, one working directory, one user and one shell for all of its
//! steps. An instruction that changes them is taken into the stage where nothing before it depends on what it
//! changes. Else it begins another one, which is built from the stage so far: a part.

use std::collections::{BTreeMap, BTreeSet};

use super::args::{ArgTable, DeclaredArg, Globals, PREDEFINED};
use super::image::Image;
use super::step::{self, RunStep, Shell};
use super::toml::{Item, Value};
use super::words::{self, Meaning, Names};
use super::{Context, Remark, comments};
use crate::dockerfile::{ArgPair, Instruction, Kind, Pair, Word};
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
    pub(super) env: Vec<Variable>,
    pub(super) workdir: Option<(Value, String)>,
    pub(super) user: Option<Value>,
    pub(super) shell: Option<Value>,
    pub(super) steps: Vec<PartStep>,
    pub(super) image: Image,
    pub(super) sbom: bool,
    /// Args that it lists whatever its steps read: they go before variables that it inherits.
    listed: BTreeSet<String>,
    /// The comments above the instructions that became its keys.
    pub(super) key_comments: Vec<(&'static str, Vec<String>)>,
    /// Names that its strings depend on.
    names: BTreeSet<String>,
}

/// A variable of a part.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) span: Span,
    pub(super) comments: Vec<String>,
}

/// A step of a part.
#[derive(Debug)]
pub(super) struct PartStep {
    pub(super) item: Item,
    /// What a run step takes from its stage's args, for `args` and `no-args`.
    run: Option<RunArgs>,
}

/// The args of a run step.
#[derive(Debug)]
struct RunArgs {
    /// Args that it may read and does not name.
    reads: BTreeSet<String>,
    /// All args that a Dockerfile passes to it.
    visible: BTreeSet<String>,
    /// Args that its text names, and that a Dockerfile does not pass to it.
    hidden: BTreeSet<String>,
}

/// What holds at the end of a stage, for those that are built from it.
#[derive(Debug, Default, Clone)]
pub(super) struct State {
    /// The args that are visible, with a default of this stage's own where it has one.
    visible: BTreeMap<String, Option<String>>,
    /// The variables that are set.
    env: BTreeSet<String>,
    user: Option<String>,
    shell: Option<Shell>,
    /// The `args` of the last part.
    listed: BTreeSet<String>,
    /// The `ONBUILD` instructions, which a stage that is built from this one begins with.
    triggers: Vec<Instruction>,
}

/// Converts a stage: its parts, and what holds at its end.
pub(super) fn convert_stage(
    context: &Context<'_>,
    index: usize,
    states: &[State],
    remarks: &mut Vec<Remark>,
) -> (Vec<Part>, State) {
    let stage = &context.dockerfile.stages[index];
    let base = context.bases.base_of(index);
    let mut state = base.map(|base| states[base].clone()).unwrap_or_default();
    let triggers = std::mem::take(&mut state.triggers);
    let mut walk = Walk {
        context,
        is_base: context.bases.is_base(index),
        name: context.bases.name(index).to_owned(),
        parts: vec![first_part(context, index, remarks)],
        step_user: None,
        has_run: false,
        image: Image::default(),
        state,
        said_that_it_goes_on: false,
        remarks,
    };
    // What is triggered by a base of the same file is written into the stage.
    let all = triggers.iter().chain(&stage.instructions);
    let all: Vec<&Instruction> = all.collect();
    for (at, instruction) in all.iter().enumerate() {
        walk.instruction(instruction, &all[at + 1..]);
    }
    walk.finish()
}

fn first_part(context: &Context<'_>, index: usize, remarks: &mut Vec<Remark>) -> Part {
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
    // A stage that is built from another has its platform.
    let platform = header.platform.as_ref().filter(|_| context.bases.base_of(index).is_none());
    Part {
        comments: above,
        description,
        from: from.at(header.base.span),
        platform: platform.map(|word| Value::text(text(word)).at(word.span)),
        ..Part::new(context.bases.name(index), stage.from.span)
    }
}

impl Part {
    fn new(name: &str, span: Span) -> Self {
        Self {
            name: name.to_owned(),
            span,
            comments: Vec::new(),
            description: None,
            from: Value::text(""),
            platform: None,
            args: None,
            no_args: Vec::new(),
            env: Vec::new(),
            workdir: None,
            user: None,
            shell: None,
            steps: Vec::new(),
            image: Image::default(),
            sbom: false,
            listed: BTreeSet::new(),
            key_comments: Vec::new(),
            names: BTreeSet::new(),
        }
    }

    /// Keeps the comments above an instruction for the key that it becomes.
    fn comment(&mut self, key: &'static str, instruction: &Instruction) {
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
}

/// A stage on its way to parts.
struct Walk<'w> {
    context: &'w Context<'w>,
    /// Whether other stages are built from it.
    is_base: bool,
    name: String,
    parts: Vec<Part>,
    /// The user of the run steps from here on, where that is a key of the steps.
    step_user: Option<Value>,
    /// Whether the part has a step that runs a program.
    has_run: bool,
    /// What the image says so far.
    image: Image,
    state: State,
    said_that_it_goes_on: bool,
    remarks: &'w mut Vec<Remark>,
}

impl Walk<'_> {
    fn part(&mut self) -> &mut Part {
        let last = self.parts.len() - 1;
        &mut self.parts[last]
    }

    fn instruction(&mut self, instruction: &Instruction, rest: &[&Instruction]) {
        let done = match &instruction.kind {
            Kind::Arg(pairs) => self.args(pairs, instruction),
            Kind::Env(pairs) => self.env(pairs, instruction, rest),
            Kind::User(user) => self.user(user, instruction, rest),
            Kind::Workdir(path) => self.workdir(path, instruction),
            Kind::Shell(words) => {
                self.shell(words, instruction);
                Ok(())
            }
            Kind::Run(run) => {
                let user = self.state.user.clone();
                let shell = self.state.shell.unwrap_or(Shell::Default);
                let names = self.names(None);
                let step =
                    step::run(instruction, run, shell, user.as_deref(), self.context, &names);
                step.map(|step| self.run(step))
            }
            Kind::Copy(copy) => {
                let steps = step::copy(instruction, copy, self.context, &self.names(None));
                steps.map(|steps| self.files(instruction, steps))
            }
            Kind::Add(add) => {
                let steps = step::add(instruction, add, self.context, &self.names(None));
                steps.map(|steps| self.files(instruction, steps))
            }
            _ => self.config(instruction),
        };
        if let Err(message) = done {
            let lost = format!("cannot be said here: {} ({message})", instruction.text);
            let part = self.part();
            match part.key_comments.iter_mut().find(|(key, _)| *key == "from") {
                Some((_, comments)) => comments.push(lost),
                None => part.key_comments.push(("from", vec![lost])),
            }
            self.remarks.push(Remark { span: instruction.span, message, is_error: true });
        }
    }

    // === State ===

    fn args(&mut self, pairs: &[ArgPair], instruction: &Instruction) -> Result<(), String> {
        for pair in pairs {
            let Some(name) = words::constant(&pair.name.value, self.context.escape()) else {
                return Err("an arg's name cannot have a variable in it".to_owned());
            };
            if ["BUILDKIT_SBOM_SCAN_STAGE", "BUILDKIT_SBOM_SCAN_CONTEXT"].contains(&&*name) {
                let is_on = pair.default.as_ref().is_some_and(|default| default.value != "false");
                self.part().sbom |= is_on && name.ends_with("STAGE");
            }
            let declared = self.context.args.get(&name);
            let own = match (declared, &pair.default) {
                (Some(declared), Some(default)) => {
                    let value = words::value(
                        &default.value,
                        self.context.escape(),
                        &self.names(Some(&name)),
                    )?;
                    (declared.default.as_ref() != Some(&value)).then_some(value)
                }
                (Some(declared), None) => declared.global_default.clone(),
                (None, _) => None,
            };
            // An arg goes before a variable that was set above it, once the stage lists it.
            if self.state.env.remove(&name) {
                let is_set_here = self.part().env.iter().any(|variable| variable.name == name);
                if is_set_here || self.has_run {
                    self.begin_part(instruction);
                }
                self.part().listed.insert(name.clone());
            }
            self.state.visible.insert(name, own);
        }
        if self.context.args.args.iter().all(|arg| arg.span != pairs[0].name.span) {
            self.part().comment("from", instruction);
        }
        Ok(())
    }

    fn env(
        &mut self,
        pairs: &[Pair],
        instruction: &Instruction,
        rest: &[&Instruction],
    ) -> Result<(), String> {
        let escape = self.context.escape();
        let mut entries = Vec::new();
        for pair in pairs {
            let name = words::constant(&pair.name.value, escape)
                .ok_or("the name of a variable cannot have a variable in it")?;
            entries.push((name, &pair.value));
        }
        // The values of one instruction are from before it. What one pair sets and another uses is used first.
        let uses =
            |value: &Word, name: &str| words::names(&value.value, escape).iter().any(|n| n == name);
        let sets_what_another_uses = |(at, (name, _)): (usize, &(String, &Word))| {
            entries.iter().enumerate().any(|(other, (_, value))| other != at && uses(value, name))
        };
        let late: Vec<bool> = entries.iter().enumerate().map(sets_what_another_uses).collect();
        if late.iter().all(|&late| late) && entries.len() > 1 {
            return Err("variables of one ENV that are made of each other".to_owned());
        }
        let only_config = !self.is_base
            && rest.iter().all(|instruction| is_config(&instruction.kind))
            && !rest
                .iter()
                .any(|later| entries.iter().any(|(name, _)| mentions(later, name, escape)));
        let mut first = true;
        for is_late in [false, true] {
            for (name, value) in entries
                .iter()
                .zip(&late)
                .filter(|(_, late)| **late == is_late)
                .map(|(entry, _)| entry)
            {
                let used: Vec<String> = words::names(&value.value, escape);
                if self.is_used(name) {
                    let is_of_image =
                        only_config && !used.contains(name) && !self.image.names.contains(name);
                    if is_of_image {
                        let text = words::value(&value.value, escape, &self.names(None))?;
                        self.image.env.retain(|(known, _)| known != name);
                        self.image.env.push((name.clone(), Value::text(text).at(value.span)));
                        if std::mem::take(&mut first) {
                            self.image.comments.extend(comments::above(instruction));
                        }
                        continue;
                    }
                    if self.image.names.contains(name) {
                        self.settle_image();
                    }
                    self.begin_part(instruction);
                }
                let text = words::value(&value.value, escape, &self.names(Some(name)))?;
                let own_comments = if std::mem::take(&mut first) {
                    comments::above(instruction)
                } else {
                    Vec::new()
                };
                let variable = Variable {
                    name: name.clone(),
                    value: text,
                    span: value.span,
                    comments: own_comments,
                };
                // A base image may have a variable of that name, too.
                let is_of_arg = used.contains(name) && self.state.visible.contains_key(name);
                let part = self.part();
                if is_of_arg && !part.env.iter().any(|known| known.name == *name) {
                    part.listed.insert(name.clone());
                }
                part.names.extend(used.into_iter().filter(|used| used != name));
                part.env.retain(|known| known.name != *name);
                part.env.push(variable);
                self.state.env.insert(name.clone());
            }
        }
        Ok(())
    }

    /// Whether something in the part, or of the image, depends on what a variable is set to.
    fn is_used(&mut self, name: &str) -> bool {
        self.has_run || self.image.names.contains(name) || self.part().names.contains(name)
    }

    fn user(
        &mut self,
        user: &Word,
        instruction: &Instruction,
        rest: &[&Instruction],
    ) -> Result<(), String> {
        let text = self.text(user)?;
        let value = Value::text(text.clone()).at(user.span);
        let is_free = !self.has_run && self.parts.last().is_some_and(|part| part.workdir.is_none());
        let runs = rest.iter().filter(|later| matches!(later.kind, Kind::Run(_))).count();
        let goes_elsewhere = rest.iter().any(|later| matches!(later.kind, Kind::Workdir(_)));
        if is_free && self.step_user.is_none() {
            let part = self.part();
            part.user = Some(value);
            part.comment("user", instruction);
        } else if !self.is_base && !goes_elsewhere && runs <= 3 {
            self.step_user = Some(value.clone());
            self.image.user = Some(value);
            self.image.comments.extend(comments::above(instruction));
        } else {
            self.begin_part(instruction);
            self.part().user = Some(value);
            self.part().comment("user", instruction);
        }
        self.state.user = Some(text);
        Ok(())
    }

    fn workdir(&mut self, path: &Word, instruction: &Instruction) -> Result<(), String> {
        let text = self.text(path)?;
        let continued = match &self.part().workdir {
            None => Some(text.clone()),
            Some((_, so_far)) if !text.starts_with(['/', '$']) => {
                Some(format!("{}/{text}", so_far.trim_end_matches('/')))
            }
            Some((_, so_far)) => {
                let below = text.strip_prefix(&**so_far).is_some_and(|rest| rest.starts_with('/'));
                (below || text == *so_far).then(|| text.clone())
            }
        };
        let has_steps = !self.part().steps.is_empty();
        let (workdir, is_new) = match continued.filter(|_| !has_steps && self.step_user.is_none()) {
            Some(path) => (path, false),
            None => (text, true),
        };
        if is_new {
            self.begin_part(instruction);
        }
        let part = self.part();
        part.workdir = Some((Value::text(workdir.clone()).at(path.span), workdir));
        part.comment("workdir", instruction);
        Ok(())
    }

    fn shell(&mut self, words: &[String], instruction: &Instruction) {
        if self.image.has_shell_form {
            self.settle_image();
            self.begin_part(instruction);
        } else if self.has_run {
            self.begin_part(instruction);
        }
        let program = words[0].rsplit(['/', '\\']).next().unwrap_or_default();
        let is_posix = matches!(program, "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh");
        let list = Value::list(words.iter().map(|word| Value::text(words::literal(word))));
        let part = self.part();
        part.shell = Some(list.at(instruction.span));
        part.comment("shell", instruction);
        self.state.shell = Some(Shell::Set { is_posix });
    }

    /// Leaves what the image says so far to the part so far: what comes next would change it.
    fn settle_image(&mut self) {
        let image = std::mem::take(&mut self.image);
        self.part().image = image;
    }

    /// Begins another part, which is built from what there is.
    fn begin_part(&mut self, instruction: &Instruction) {
        let part = self.part();
        let previous = part.name.clone();
        let mut next = Part::new(&previous, instruction.span);
        next.from = Value::text("").at(instruction.span);
        self.parts.push(next);
        self.step_user = None;
        self.has_run = false;
    }

    // === Steps ===

    fn run(&mut self, mut step: RunStep) {
        let visible: BTreeSet<String> = self.state.visible.keys().cloned().collect();
        let mut reads = BTreeSet::new();
        let mut own = Vec::new();
        for (name, default) in &self.state.visible {
            let is_named = step.named.contains(name);
            let is_read = step.reads_others
                || step.reads_tools && super::script::is_read_by_tools(name)
                || super::script::is_read_by_tools(name);
            match default {
                Some(default) if is_named || is_read => {
                    own.push((name.clone(), Value::text(format!("${{{name}-{default}}}"))));
                }
                // A base image may have a variable of that name, which an arg that is only named would not replace.
                None if (!is_named && is_read
                    || step.named.contains(name) && is_often_set(name))
                    && !self.state.env.contains(name) =>
                {
                    reads.insert(name.clone());
                }
                _ => {}
            }
        }
        let hidden: BTreeSet<String> = step
            .named
            .iter()
            .filter(|name| {
                self.context.args.is_known(name)
                    && !visible.contains(*name)
                    && !self.state.env.contains(*name)
            })
            .cloned()
            .collect();
        let run = RunArgs { reads, visible, hidden };
        let mut keys = vec![step.verb];
        if !own.is_empty() {
            keys.push(("env".to_owned(), Value::table(own)));
        }
        keys.extend(self.step_user.clone().map(|user| ("user".to_owned(), user)));
        keys.append(&mut step.keys);
        if step.goes_on && !std::mem::replace(&mut self.said_that_it_goes_on, true) {
            step.comments.push(
                "`set +e` goes on after a command that fails, as Dockerfiles do; without it the step fails there"
                    .to_owned(),
            );
        }
        let value = match &mut keys[..] {
            [(verb, _)] if verb == "run" => keys.remove(0).1,
            [(_, first), ..] => {
                let origin = first.origin;
                let table = Value::table(keys);
                Value { origin, ..table }
            }
            [] => return,
        };
        self.has_run = true;
        self.part()
            .steps
            .push(PartStep { item: Item { comments: step.comments, value }, run: Some(run) });
    }

    fn files(&mut self, instruction: &Instruction, steps: Vec<Item>) {
        let escape = self.context.escape();
        let (transfer, checksum) = match &instruction.kind {
            Kind::Copy(copy) => (&copy.transfer, None),
            Kind::Add(add) => (&add.transfer, add.checksum.as_ref()),
            _ => return,
        };
        let words = transfer.sources.iter().chain([&transfer.destination]).chain(&transfer.chown);
        let words = words.chain(&transfer.chmod).chain(checksum);
        let mut used: BTreeSet<String> =
            words.flat_map(|word| words::names(&word.value, escape)).collect();
        for heredoc in transfer.heredocs.iter().filter(|heredoc| heredoc.expand) {
            used.extend(words::names_of_text(&heredoc.content));
        }
        let part = self.part();
        part.names.extend(used);
        part.steps.extend(steps.into_iter().map(|item| PartStep { item, run: None }));
    }

    fn config(&mut self, instruction: &Instruction) -> Result<(), String> {
        if let Kind::Onbuild(trigger) = &instruction.kind {
            self.state.triggers.push((*trigger.instruction).clone());
        }
        let mut image = std::mem::take(&mut self.image);
        let done = image.take(instruction, self.context.escape(), &self.names(None));
        image.comments.extend(comments::above(instruction));
        self.image = image;
        done.map(|_| ())
    }

    fn text(&mut self, word: &Word) -> Result<String, String> {
        let escape = self.context.escape();
        let used = words::names(&word.value, escape);
        self.part().names.extend(used);
        words::value(&word.value, escape, &self.names(None))
    }

    /// What names mean here; `own` is the variable or arg whose value it is.
    fn names<'n>(&'n self, own: Option<&'n str>) -> Here<'n> {
        Here { table: self.context.args, state: &self.state, part: self.parts.last(), own }
    }

    // === The end ===

    fn finish(mut self) -> (Vec<Part>, State) {
        let image = std::mem::take(&mut self.image);
        self.part().image = image;
        let count = self.parts.len();
        for (at, part) in self.parts.iter_mut().enumerate() {
            part.name = match count - at {
                1 => self.name.clone(),
                2 if count == 2 => format!("{}-base", self.name),
                _ => format!("{}-{}", self.name, at + 1),
            };
        }
        for at in 1..count {
            let name = self.parts[at - 1].name.clone();
            let origin = self.parts[at].from.origin;
            self.parts[at].from = Value { origin, ..Value::text(name) };
        }
        let mut listed = self.state.listed.clone();
        for part in &mut self.parts {
            part.settle_args(&mut listed);
        }
        self.state.listed = listed;
        (self.parts, self.state)
    }
}

impl Part {
    /// Says `args` and `no-args`: of the stage where that holds for all of its run steps, else of the steps.
    fn settle_args(&mut self, inherited: &mut BTreeSet<String>) {
        let runs = || self.steps.iter().filter_map(|step| step.run.as_ref());
        let needed: BTreeSet<String> = runs().flat_map(|run| run.reads.clone()).collect();
        let hidden: BTreeSet<String> = runs().flat_map(|run| run.hidden.clone()).collect();
        let mut of_stage: BTreeSet<String> = needed
            .iter()
            .filter(|name| runs().all(|run| run.visible.contains(*name)))
            .cloned()
            .collect();
        let hidden_everywhere: BTreeSet<String> = hidden
            .iter()
            .filter(|name| runs().all(|run| !run.visible.contains(*name)))
            .cloned()
            .collect();
        of_stage.extend(self.listed.iter().cloned());
        if !of_stage.is_subset(inherited) || !self.listed.is_empty() {
            of_stage.extend(inherited.iter().cloned());
            self.args = Some(of_stage.iter().cloned().collect());
            *inherited = of_stage;
        }
        self.no_args = hidden_everywhere.iter().cloned().collect();
        for step in &mut self.steps {
            let Some(run) = &step.run else { continue };
            let list = |names: Vec<&String>| {
                Value::list(names.into_iter().map(|name| Value::text(name.clone())))
            };
            let args: Vec<&String> =
                run.reads.iter().filter(|name| !inherited.contains(*name)).collect();
            let no_args: Vec<&String> =
                run.hidden.iter().filter(|name| !hidden_everywhere.contains(*name)).collect();
            if !args.is_empty() {
                add_key(&mut step.item.value, "args", list(args));
            }
            if !no_args.is_empty() {
                add_key(&mut step.item.value, "no-args", list(no_args));
            }
        }
    }
}

/// Adds a key to a run step, which may be a text alone.
fn add_key(step: &mut Value, key: &str, value: Value) {
    if let super::toml::Kind::Table(entries) = &mut step.kind {
        entries.push((key.to_owned(), value));
        return;
    }
    let origin = step.origin;
    let text = std::mem::replace(step, Value::text(""));
    *step = Value::table(vec![("run".to_owned(), text), (key.to_owned(), value)]);
    step.origin = origin;
}

/// Whether base images often have a variable of that name.
fn is_often_set(name: &str) -> bool {
    name.ends_with("_VERSION")
        || name.ends_with("_HOME")
        || name.starts_with("LC_")
        || name == "LANG"
}

/// Whether an instruction says something of the image alone.
fn is_config(kind: &Kind) -> bool {
    !matches!(
        kind,
        Kind::Run(_)
            | Kind::Copy(_)
            | Kind::Add(_)
            | Kind::Workdir(_)
            | Kind::Arg(_)
            | Kind::Shell(_)
    )
}

/// Whether an instruction about the image uses a variable.
fn mentions(instruction: &Instruction, name: &str, escape: char) -> bool {
    let uses = |word: &Word| words::names(&word.value, escape).iter().any(|used| used == name);
    match &instruction.kind {
        Kind::Label(pairs) | Kind::Env(pairs) => pairs.iter().any(|pair| uses(&pair.value)),
        Kind::Expose(words) | Kind::Volume(words) => words.iter().any(uses),
        Kind::User(word) | Kind::StopSignal(word) => uses(word),
        _ => false,
    }
}

/// What names mean at a place of a stage.
struct Here<'h> {
    table: &'h ArgTable,
    state: &'h State,
    part: Option<&'h Part>,
    own: Option<&'h str>,
}

impl Names for Here<'_> {
    fn meaning(&self, name: &str) -> Meaning {
        if !words::is_name(name) {
            return Meaning::Never;
        }
        if self.state.env.contains(name) || name == "PATH" {
            return Meaning::Set;
        }
        let is_visible = self.state.visible.contains_key(name);
        let has_default = |arg: &DeclaredArg| arg.default.is_some();
        match is_visible {
            true if self.table.get(name).is_some_and(has_default) => Meaning::Set,
            true if PREDEFINED.contains(&name) => Meaning::Set,
            _ => Meaning::Maybe,
        }
    }

    fn replacement(&self, name: &str) -> Option<String> {
        if self.own == Some(name) {
            let so_far = self.part?.env.iter().find(|variable| variable.name == name)?;
            return Some(so_far.value.clone());
        }
        if self.state.env.contains(name) {
            return None;
        }
        let default = self.state.visible.get(name)?.as_ref()?;
        Some(format!("${{{name}-{default}}}"))
    }
}
