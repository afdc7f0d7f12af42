//! One step of a stage, with every value known.

mod copy;
mod destinations;
mod files;
mod mount;
mod process;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) use self::mount::{check_secrets, plan_mounts, plan_secrets};
pub(super) use self::process::declared_args;
use super::environment::Environment;
use super::owner::{Mode, Owner, is_user};
use super::path::{self, is_within};
use super::scope::Scope;
use super::select::Origin;
use super::stage_scope::StageScope;
use super::{Action, PlannedMount, PlannedStep, SecretEnv};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::lock::Locking;
use crate::source::{Span, Spanned};
use crate::spec::{From, Stage, Step, StepKeys, Template, Verb, first_of};
use crate::text::Text;

/// How long a step's label may get; what is longer is cut.
const MAX_LABEL: usize = 200;

/// How many paths of a stage without a base are remembered, to see whether a program can be there.
const MAX_FILLED: usize = 256;

/// What the steps of a stage have in common, and what a stage built from it takes over.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) environment: Arc<Environment>,
    /// Absolute.
    pub(super) workdir: Text,
    /// Empty for root.
    pub(super) user: Text,
    pub(super) shell: Arc<[Text]>,
    /// Args that every process gets.
    pub(super) args: Arc<[Text]>,
    pub(super) mounts: Arc<[PlannedMount]>,
    pub(super) secret_env: Arc<[SecretEnv]>,
    /// The places of the variables that the file itself sets.
    pub(super) set_here: Arc<BTreeMap<Text, Span>>,
    /// Whether there is no file of users: the stage is from `scratch`, and nothing can have put one there.
    pub(super) on_scratch: bool,
    /// The paths that steps have put files to, in a stage that had none. `None` where more may be there.
    pub(super) filled: Option<Arc<Vec<Text>>>,
    /// The owner of what steps put into the stage, where they name none. Not taken over.
    pub(super) owner: Option<Arc<DefaultOwner>>,
    /// Whether copies are layers of their own. Not taken over.
    pub(super) link: bool,
}

/// The owner that a stage's `chown` names.
pub(super) struct DefaultOwner {
    owner: Owner,
    /// As it is written, for the history.
    text: Text,
    span: Span,
}

impl Surroundings {
    /// Takes into account what a step does to an empty stage.
    pub(super) fn has_done(&mut self, action: &Action) {
        let mut paths = action.changed_paths();
        match action {
            Action::Exec(_) => self.has_changed(),
            Action::Mkdir { .. } | Action::Remove { .. } => {
                self.on_scratch &= !paths.any(|path| is_within(path, "/etc"));
            }
            Action::Symlink { path, .. } => {
                self.fill([path.clone()]);
                self.on_scratch &= !paths.any(|path| is_within(path, "/etc"));
            }
            Action::Copy(_)
            | Action::Fetch(_)
            | Action::Git(_)
            | Action::Unpack(_)
            | Action::Write(_) => {
                self.fill(action.changed_paths().map(Text::from));
                self.on_scratch &=
                    !paths.any(|path| is_within(path, "/etc") || is_within("/etc", path));
            }
        }
    }

    /// Takes into account that a step does something to an empty stage that is not known.
    pub(super) fn has_changed(&mut self) {
        self.filled = None;
        self.on_scratch = false;
    }

    fn fill(&mut self, paths: impl IntoIterator<Item = Text>) {
        if let Some(filled) = &mut self.filled {
            Arc::make_mut(filled).extend(paths);
            // Stages copy the list from their base: a long one is not worth it.
            if filled.len() > MAX_FILLED {
                self.filled = None;
            }
        }
    }

    /// Returns whether a file may be at an absolute path.
    pub(super) fn may_have(&self, path: &str) -> bool {
        let paths = self.filled.as_ref();
        paths.is_none_or(|filled| filled.iter().any(|place| is_within(path, place)))
    }

    /// How many things each process has of it.
    fn len_for_process(&self) -> usize {
        let Self { args, mounts, secret_env, shell, .. } = self;
        args.len() + mounts.len() + secret_env.len() + shell.len()
    }
}

/// Everything that steps look things up in.
pub(super) struct Context<'a, 's> {
    pub(super) scope: &'a Scope<'s>,
    pub(super) origins: &'a BTreeMap<Span, Origin>,
    /// What references are held to.
    pub(super) locking: &'a Locking,
    /// The steps that do not exist, by the places where they are written.
    pub(super) skipped: &'a BTreeSet<Span>,
    /// The stage's environment with args, by their names: most processes get the same ones.
    pub(super) environments: RefCell<BTreeMap<Vec<Text>, Arc<Environment>>>,
    /// Whether the stage is in the history of an image.
    pub(super) records: bool,
}

/// A step in the making: where its values are looked up, and where it stands.
struct Planner<'a, 's> {
    surroundings: &'a Surroundings,
    context: &'a Context<'a, 's>,
    values: StageScope<'a, 's>,
    /// The step's own, absolute.
    workdir: Text,
    /// Its span.
    span: Span,
}

/// What a step does, in three languages.
struct Planned {
    action: Action,
    /// For the progress.
    label: Text,
    /// For the image's history, in the words of Dockerfiles where they have any: tools read it.
    created_by: String,
}

/// A step, and what the image's history says of it.
pub(super) struct RecordedStep {
    pub(super) step: PlannedStep,
    /// Empty where nobody reads the history.
    pub(super) created_by: String,
}

/// A step with every value known. `None` is a reported mistake.
pub(super) fn plan(
    step: &Step,
    surroundings: &Surroundings,
    context: &Context<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<RecordedStep> {
    let keys = step.verb.keys();
    let (name, workdir) = plan_keys(keys, surroundings, context, diagnostics)?;
    let values = StageScope { scope: context.scope, environment: &surroundings.environment };
    let planner = Planner { surroundings, context, values, workdir, span: step.span };
    let planned = match &step.verb {
        Verb::Run(run) => planner.run(run, diagnostics),
        Verb::Exec(exec) => planner.exec(exec, diagnostics),
        Verb::Copy(copy) => planner.copy(copy, diagnostics),
        Verb::Fetch(fetch) => planner.fetch(fetch, diagnostics),
        Verb::Git(git) => planner.git(git, diagnostics),
        Verb::Unpack(unpack) => planner.unpack(unpack, diagnostics),
        Verb::Write(write) => planner.write(write, diagnostics),
        Verb::Mkdir(mkdir) => planner.mkdir(mkdir, diagnostics),
        Verb::Remove(remove) => planner.remove(remove, diagnostics),
        Verb::Symlink(symlink) => planner.symlink(symlink, diagnostics),
        // Its branches are planned by `fork`, step by step, and none has such a step.
        Verb::Parallel(_) => None,
    };
    let Planned { action, label, created_by } = planned?;
    context.scope.spend(created_by.len(), step.span, diagnostics)?;
    let label = name.unwrap_or(label.map(shorten));
    let no_cache = keys.no_cache.unwrap_or(false);
    let step = PlannedStep { label, title: None, span: step.span, no_cache, branch: None, action };
    Some(RecordedStep { step, created_by })
}

/// The name and the working directory of a step.
pub(super) fn plan_keys(
    keys: &StepKeys,
    surroundings: &Surroundings,
    context: &Context<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<(Option<Text>, Text)> {
    let values = StageScope { scope: context.scope, environment: &surroundings.environment };
    let workdir = step_workdir(keys, surroundings, &values, diagnostics);
    let name = values.expand_option(keys.name.as_ref(), diagnostics)?;
    Some((name.map(|name| name.map(shorten)), workdir?))
}

fn step_workdir(
    keys: &StepKeys,
    surroundings: &Surroundings,
    values: &StageScope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<Text> {
    match &keys.workdir {
        Some(own) => values.workdir(&surroundings.workdir, own, diagnostics),
        None => Some(surroundings.workdir.clone()),
    }
}

impl Planner<'_, '_> {
    /// What the history says of the step, where anybody reads it.
    fn record(&self, created_by: impl FnOnce() -> String) -> String {
        if self.context.records { created_by() } else { String::new() }
    }

    /// A value in a form of its own. The outer `None` is a reported mistake.
    fn parse_option<T>(
        &self,
        template: Option<&Template>,
        form: Form<T>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Option<T>> {
        match template {
            None => Some(None),
            Some(template) if self.values.expand(template, diagnostics)?.is_empty() => Some(None),
            Some(template) => parse(&self.values, template, form, diagnostics).map(Some),
        }
    }

    /// The owner that `chown` names, which must be one that can be looked up.
    fn owner(
        &self,
        chown: Option<&Template>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Option<Box<Owner>>> {
        let (owner, span) = match (chown, &self.surroundings.owner) {
            (Some(chown), _) if self.values.expand(chown, diagnostics)?.is_empty() => {
                return Some(None);
            }
            (Some(chown), _) => {
                let form = if chown.as_literal().is_some() { OWNER } else { OWNER_OF_VALUES };
                (parse(&self.values, chown, form, diagnostics)?, chown.span)
            }
            (None, Some(default)) => (default.owner.clone(), default.span),
            (None, None) => return Some(None),
        };
        if self.surroundings.on_scratch && owner.is_named() {
            return diagnostics.fail(named_on_scratch(span, &owner));
        }
        Some(Some(Box::new(owner)))
    }

    /// The path of a file in the stage; an empty one is a mistake.
    fn path(&self, template: &Template, diagnostics: &mut Diagnostics) -> Option<Text> {
        let text = self.values.expand(template, diagnostics)?;
        let path = path::join(&self.workdir, &text);
        self.context.scope.spend(path.len(), template.span, diagnostics)?;
        if path == "/" {
            if self.values.hangs_on_lost_workdir(&self.workdir, &text) {
                return None;
            }
            return diagnostics.fail(Diagnostic::new(
                Code::InvalidValue,
                template.span,
                format!("`{text}` is the root of the whole file system"),
            ));
        }
        Some(path)
    }
}

/// The owner that a stage names for what its steps put into it. A mistake is reported, and taken for none.
pub(super) fn default_owner(
    stage: &Stage,
    values: &StageScope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<DefaultOwner>> {
    let chown = stage.chown.as_ref()?;
    let owner = parse(values, chown, OWNER, diagnostics)?;
    let text = values.expand(chown, diagnostics)?;
    Some(Arc::new(DefaultOwner { owner, text, span: chown.span }))
}

/// How a value is read whose form TOML does not know, and what is said of a wrong one.
pub(super) struct Form<T> {
    parse: fn(&str) -> Option<T>,
    what: &'static str,
    hint: &'static str,
}

impl<T> Form<T> {
    pub(super) const fn new(
        parse: fn(&str) -> Option<T>,
        what: &'static str,
        hint: &'static str,
    ) -> Self {
        Self { parse, what, hint }
    }
}

/// The user that a process runs as.
pub(super) fn user(
    template: &Template,
    values: &StageScope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<Text> {
    let user = values.expand(template, diagnostics)?;
    if is_user(&user) || !diagnostics.is_of_build_file() {
        return Some(user);
    }
    let message = format!("`{user}` is not a user");
    diagnostics.fail(
        Diagnostic::new(Code::InvalidValue, template.span, message)
            .hint("`user` or `user:group`, by name or number"),
    )
}

const OWNER: Form<Owner> = Form {
    parse: Owner::parse,
    what: "an owner",
    hint: "`user` or `user:group`, by name or number",
};

/// A user or group that comes out empty is root, as in Dockerfiles.
const OWNER_OF_VALUES: Form<Owner> = Form { parse: Owner::parse_values, ..OWNER };

const MODE: Form<Mode> = Form {
    parse: Mode::parse,
    what: "a mode",
    hint: "octal digits such as \"0755\", or a change such as \"u+x,go-w\"",
};

/// The value of a template in a form of its own.
pub(super) fn parse<T>(
    values: &StageScope<'_, '_>,
    template: &Template,
    form: Form<T>,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    let text = values.expand(template, diagnostics)?;
    (form.parse)(&text).or_else(|| {
        let message = format!("`{text}` is not {}", form.what);
        diagnostics
            .fail(Diagnostic::new(Code::InvalidValue, template.span, message).hint(form.hint))
    })
}

/// What a `from` means; without one it is the build context.
pub(super) fn origin_of(from: Option<&Spanned<From>>, origins: &BTreeMap<Span, Origin>) -> Origin {
    // `select` has an entry for each `from` of a stage that is built.
    from.and_then(|from| origins.get(&first_of(from).span)).copied().unwrap_or(Origin::Context)
}

/// A source that leaves the tree it is in.
fn outside(span: Span, source: &str, origin: Origin) -> Diagnostic {
    let (whose, hint) = match origin {
        Origin::Context => ("the build context", "build in a directory that holds both"),
        Origin::Scratch | Origin::Stage(_) | Origin::Image(_) | Origin::Named(_) => {
            ("its origin", "paths begin at the root")
        }
    };
    Diagnostic::new(Code::PathOutside, span, format!("`{source}` leaves {whose}")).hint(hint)
}

/// A name of a user where there is no file of users.
pub(super) fn named_on_scratch(span: Span, owner: &Owner) -> Diagnostic {
    let name = owner.looked_up().unwrap_or_default();
    Diagnostic::new(
        Code::NamedOwnerOnScratch,
        span,
        format!("`{name}` cannot be looked up: a stage from `scratch` has no /etc/passwd"),
    )
    .hint("write the number")
}

/// One line, not too long.
fn shorten(text: &str) -> Cow<'_, str> {
    if text.len() <= MAX_LABEL && !text.contains('\n') {
        return text.into();
    }
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let cut = first.char_indices().nth(MAX_LABEL).map_or(first, |(end, _)| &first[..end]);
    let is_all = cut.len() == first.len() && lines.next().is_none();
    if is_all { cut.into() } else { format!("{cut} ...").into() }
}
