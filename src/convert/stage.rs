//! A stage of a Dockerfile as one or several stages of a build file.
//!
//! A stage of a build file has one environment, one working directory, one user and one shell for
//! all of its steps. An instruction that changes them is moved to the stage's keys if nothing
//! before it depends on the change. Otherwise it begins another stage, which is based on the stage
//! so far: a part.

mod variables;

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::ahead::Ahead;
use super::comments;
use super::context::Context;
use super::files;
use super::fold::fold_last_parts;
use super::image::Image;
use super::part::{Part, PartStep, first_part};
use super::remark::Remark;
use super::run::{self, RunStep};
use super::sbom::{SCAN_STAGE, is_enabled};
use super::state::{Here, Shell, State};
use super::toml::{Item, Value};
use super::words;
use crate::dockerfile::{Instruction, Kind, Word};

/// Maximum number of run steps that set their user themselves instead of a separate stage for them.
const MOST_STEPS_OF_USER: usize = 3;

/// Converts a stage: its parts, and the state at its end.
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
    if base.is_none() {
        state.is_from_scratch = stage.header.base.value == "scratch";
    }
    let mut walk = Walk {
        context,
        is_base: context.bases.is_base(index),
        is_chosen: context.bases.is_chosen(index),
        parts: vec![first_part(context, index, remarks)],
        step_user: None,
        has_run: false,
        image: Image::default(),
        state,
        said_that_it_goes_on: false,
        hidden: RefCell::default(),
        lost: RefCell::default(),
        remarks,
    };
    // Triggers of a base in the same file are written into the stage.
    let all = triggers.iter().chain(&stage.instructions);
    let all: Vec<&Instruction> = all.collect();
    walk.take_user_of_image(&all);
    let ahead = Ahead::new(&all, context.escape());
    for (at, instruction) in all.iter().enumerate() {
        walk.instruction(instruction, &ahead, at);
    }
    walk.finish()
}

/// The conversion of a stage to parts.
struct Walk<'w> {
    context: &'w Context<'w>,
    /// True if other stages are based on it.
    is_base: bool,
    /// True if other stages may be based on it, depending on an arg.
    is_chosen: bool,
    parts: Vec<Part>,
    /// The user of the following run steps, if it is set on the steps.
    step_user: Option<Value>,
    /// True if the part has a step that runs a program.
    has_run: bool,
    /// The image's config so far.
    image: Image,
    state: State,
    said_that_it_goes_on: bool,
    /// Args in the instruction's strings that are not visible at that place of the Dockerfile.
    hidden: RefCell<BTreeSet<String>>,
    /// Args in the instruction's strings whose default cannot be written there.
    lost: RefCell<BTreeSet<String>>,
    remarks: &'w mut Vec<Remark>,
}

/// The message about an arg in [`State::lost`].
fn lost_default(name: &str) -> String {
    format!("the default of the arg `{name}` depends on a variable that has been set again since")
}

/// The message about an arg that is used with a modifier, and whose default depends on a variable.
fn modified_default(name: &str) -> String {
    format!("the default of the arg `{name}` depends on a variable, and it is used with a modifier")
}

impl Walk<'_> {
    fn part(&mut self) -> &mut Part {
        let last = self.parts.len() - 1;
        &mut self.parts[last]
    }

    fn instruction(&mut self, instruction: &Instruction, ahead: &Ahead, at: usize) {
        let done = self.convert(instruction, ahead, at);
        let modified = self.lost.take().into_iter().map(|name| modified_default(&name));
        let lost = self.lost_name(instruction).map(|name| lost_default(&name));
        // The values may still be equal: whether they are depends on the base image.
        for message in modified.chain(lost) {
            self.remarks.push(Remark { span: instruction.span, message, is_error: false });
        }
        self.hide();
        if let Err(message) = done {
            let lost = format!("cannot be converted: {} ({message})", instruction.text);
            let part = self.part();
            match part.key_comments.iter_mut().find(|(key, _)| *key == "from") {
                Some((_, comments)) => comments.push(lost),
                None => part.key_comments.push(("from", vec![lost])),
            }
            self.remarks.push(Remark { span: instruction.span, message, is_error: true });
        }
    }

    fn convert(
        &mut self,
        instruction: &Instruction,
        ahead: &Ahead,
        at: usize,
    ) -> Result<(), String> {
        match &instruction.kind {
            Kind::Arg(pairs) => self.args(pairs, instruction),
            Kind::Env(pairs) => self.env(pairs, instruction, ahead, at),
            Kind::User(user) => self.user(user, instruction, ahead, at),
            Kind::Workdir(path) => self.workdir(path, instruction),
            Kind::Shell(words) => {
                self.shell(words, instruction);
                Ok(())
            }
            Kind::Run(run) => {
                let user = self.state.user.clone();
                let shell = self.state.shell.unwrap_or(Shell::Default);
                let names = self.names(None);
                let step = run::run(instruction, run, shell, user.as_deref(), self.context, &names);
                step.map(|step| self.run(instruction, step))
            }
            Kind::Copy(copy) => {
                let steps = files::copy(instruction, copy, self.context, &self.names(None));
                steps.map(|steps| self.files(instruction, steps))
            }
            Kind::Add(add) => {
                let steps = files::add(instruction, add, self.context, &self.names(None));
                steps.map(|steps| self.files(instruction, steps))
            }
            _ => self.config(instruction),
        }
    }

    /// An arg in the words of an instruction whose default cannot be written any more.
    fn lost_name(&self, instruction: &Instruction) -> Option<String> {
        if self.state.lost.is_empty() {
            return None;
        }
        let mut names = words::names_of(instruction, self.context.escape()).into_iter();
        names.find(|name| self.state.lost.contains(name) && !self.state.env.contains(name))
    }

    // === State ===

    /// Repeats the user of the base if it is set only in its image config, and something depends on
    /// it.
    fn take_user_of_image(&mut self, instructions: &[&Instruction]) {
        for instruction in instructions {
            match instruction.kind {
                Kind::Run(_) | Kind::Workdir(_) => {
                    self.part().user = self.state.image_user.take().map(Value::text);
                    return;
                }
                Kind::User(_) => return,
                _ => {}
            }
        }
    }

    fn user(
        &mut self,
        user: &Word,
        instruction: &Instruction,
        ahead: &Ahead,
        at: usize,
    ) -> Result<(), String> {
        let mut text = self.text(user)?;
        // A build file allows no empty user, only a value that may be empty.
        if text.is_empty() {
            text.push_str("${MSTAGE_UNSET:-}");
        }
        let value = Value::text(text.clone()).at(user.span);
        let is_free = !self.has_run && self.parts.last().is_some_and(|part| part.workdir.is_none());
        let runs = ahead.runs(at);
        let is_said_again = self.is_base && !self.is_chosen && runs == 0 && !text.contains('$');
        self.state.image_user = None;
        if is_free && self.step_user.is_none() {
            let part = self.part();
            part.user = Some(value);
            part.comment("user", instruction);
        } else if !ahead.is_moved(at)
            && (!self.is_base && runs <= MOST_STEPS_OF_USER || is_said_again)
        {
            self.state.image_user = is_said_again.then(|| text.clone());
            self.step_user = Some(value.clone());
            self.image.user = Some(value);
            self.image.hidden.extend(self.hidden.borrow().iter().cloned());
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
        // Each `WORKDIR` creates a directory, in a layer of its own.
        let part = self.part();
        let is_new = part.workdir.is_some() || !part.steps.is_empty() || self.step_user.is_some();
        if is_new {
            self.begin_part(instruction);
        }
        let part = self.part();
        part.workdir = Some((Value::text(text.clone()).at(path.span), text));
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

    /// Hides args from the part that its strings name but that are not visible there.
    fn hide(&mut self) {
        let mut hidden = self.hidden.take();
        self.part().hidden.append(&mut hidden);
    }

    /// Assigns the image's config so far to the current part, because a later instruction would
    /// change its meaning.
    fn settle_image(&mut self) {
        let mut image = std::mem::take(&mut self.image);
        // Triggers are not inherited by a stage: they belong to the last part.
        self.image.on_build = std::mem::take(&mut image.on_build);
        self.part().image = image;
    }

    /// Begins another part, which is based on the current one.
    fn begin_part(&mut self, instruction: &Instruction) {
        let part = self.part();
        let previous = part.name.clone();
        let mut next = Part::new(&previous, instruction.span);
        next.from = Value::text("").at(instruction.span);
        // The user that was set on the steps applies to the whole next part.
        if let Some(user) = self.step_user.take() {
            next.user = Some(user);
            self.image.user = None;
            self.state.image_user = None;
        }
        self.parts.push(next);
        self.has_run = false;
    }

    // === Steps ===

    /// Creates the working directory before a step, which writes to `destination` or runs as
    /// another user.
    fn make_workdir(&mut self, instruction: &Instruction, destination: Option<&str>) {
        if self.part().is_workdir_late(destination) {
            self.begin_part(instruction);
        }
    }

    fn run(&mut self, instruction: &Instruction, mut step: RunStep<'_>) {
        if self.step_user.is_some() {
            self.make_workdir(instruction, None);
        }
        let (run, own) = run::args_of(&step, &self.state, self.context.args);
        if let Some((name, _)) = own.iter().find(|(name, _)| self.state.lost.contains(name)) {
            let message = lost_default(name);
            self.remarks.push(Remark { span: instruction.span, message, is_error: false });
        }
        let mut keys = vec![step.verb];
        if !own.is_empty() {
            keys.push(("env".to_owned(), Value::table(own)));
        }
        keys.extend(self.step_user.clone().map(|user| ("user".to_owned(), user)));
        keys.append(&mut step.keys);
        if step.goes_on && !std::mem::replace(&mut self.said_that_it_goes_on, true) {
            step.comments.push(
                "`set +e` continues after a failed command, as the Dockerfile does; remove it to fail the step"
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
        self.make_workdir(instruction, words::destination(instruction));
        let mut used: Vec<String> = words::names_of(instruction, escape).into_iter().collect();
        words::add_names_of_defaults(&mut used, &self.names(None));
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
        image.hidden.append(&mut self.hidden.borrow_mut());
        self.image = image;
        done.map(|_| ())
    }

    fn text(&mut self, word: &Word) -> Result<String, String> {
        let escape = self.context.escape();
        let used = words::names_with_defaults(&word.value, escape, &self.names(None));
        self.part().names.extend(used);
        words::value(&word.value, escape, &self.names(None))
    }

    /// The meaning of names here; `own` is the variable or arg whose value is converted.
    fn names<'n>(&'n self, own: Option<&'n str>) -> Here<'n> {
        let (table, part) = (self.context.args, self.parts.last());
        Here { table, state: &self.state, part, own, hidden: &self.hidden, lost: &self.lost }
    }

    fn is_visible(&self, arg: &str) -> bool {
        self.state.visible.contains_key(arg)
    }

    // === The end ===

    fn finish(mut self) -> (Vec<Part>, State) {
        let scans = self.state.values.get(SCAN_STAGE).filter(|_| self.is_visible(SCAN_STAGE));
        let scans = scans.or_else(|| self.context.globals.get(SCAN_STAGE));
        let header = &self.context.dockerfile.stages[self.context.stage].header;
        let name = header.name.as_ref().map_or("", |name| &*name.value);
        self.part().sbom = scans.is_some_and(|value| is_enabled(value, name));
        let image = std::mem::take(&mut self.image);
        self.part().image = image;
        if !self.is_base {
            fold_last_parts(&mut self.parts);
        }
        let mut listed = self.state.listed.clone();
        for part in &mut self.parts {
            part.settle_args(&mut listed, &self.state.visible);
        }
        self.state.listed = listed;
        (self.parts, self.state)
    }
}
