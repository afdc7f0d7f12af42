//! One step of a stage, with all values known.

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
use super::origin::{Origin, Origins};
use super::owner::{Mode, Owner, is_user};
use super::path::{self, is_within};
use super::scope::Scope;
use super::stage_scope::StageScope;
use super::{Action, PlannedMount, PlannedStep, SecretEnv};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::lock::Locking;
use crate::source::Span;
use crate::spec::{Stage, Step, StepId, StepKeys, Template, Verb};
use crate::text::Text;

/// Maximum length of a step's label; longer ones are truncated.
const MAX_LABEL: usize = 200;

/// Maximum number of recorded paths in a stage without a base, for checking whether it contains a
/// program.
const MAX_FILLED: usize = 256;

/// The common settings of a stage's steps, which stages based on it inherit.
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
    /// The spans of the variables that the file itself sets.
    pub(super) set_here: Arc<BTreeMap<Text, Span>>,
    /// True if there is no `/etc/passwd`: the stage is based on `scratch`, and no step can have
    /// created one.
    pub(super) on_scratch: bool,
    /// The paths that steps have written to, in a stage without a base. `None` if there may be
    /// others.
    pub(super) filled: Option<Arc<Vec<Text>>>,
    /// The default owner of files that steps create. Not inherited.
    pub(super) owner: Option<Arc<DefaultOwner>>,
    /// The default of `link` for copies. Not inherited.
    pub(super) link: bool,
}

/// The owner in a stage's `chown`.
pub(super) struct DefaultOwner {
    owner: Owner,
    /// Its text, for the history.
    text: Text,
    span: Span,
}

impl Surroundings {
    /// Records the effect of a step on an initially empty stage.
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

    /// Records a step with an unknown effect on an initially empty stage.
    pub(super) fn has_changed(&mut self) {
        self.filled = None;
        self.on_scratch = false;
    }

    fn fill(&mut self, paths: impl IntoIterator<Item = Text>) {
        if let Some(filled) = &mut self.filled {
            Arc::make_mut(filled).extend(paths);
            // Stages copy the list from their base, so it is kept short.
            if filled.len() > MAX_FILLED {
                self.filled = None;
            }
        }
    }

    /// True if a file may exist at an absolute path.
    pub(super) fn may_have(&self, path: &str) -> bool {
        let paths = self.filled.as_ref();
        paths.is_none_or(|filled| filled.iter().any(|place| is_within(path, place)))
    }

    /// The number of items that each process has from it.
    fn len_for_process(&self) -> usize {
        let Self { args, mounts, secret_env, shell, .. } = self;
        args.len() + mounts.len() + secret_env.len() + shell.len()
    }
}

/// The context for planning steps.
pub(super) struct Context<'a, 's> {
    pub(super) scope: &'a Scope<'s>,
    pub(super) origins: &'a Origins,
    /// The pins of references.
    pub(super) locking: &'a Locking,
    /// The steps that do not exist in this build.
    pub(super) skipped: &'a BTreeSet<StepId>,
    /// The stage's environment with args, by the names of the args: most processes share one.
    pub(super) environments: RefCell<BTreeMap<Vec<Text>, Arc<Environment>>>,
    /// True if the stage is in the history of an image.
    pub(super) records: bool,
}

/// The state of planning a step.
struct Planner<'a, 's> {
    surroundings: &'a Surroundings,
    context: &'a Context<'a, 's>,
    values: StageScope<'a, 's>,
    /// The step's own, absolute.
    workdir: Text,
    /// Its span.
    span: Span,
}

/// An action with its descriptions.
struct Planned {
    action: Action,
    /// For the progress.
    label: Text,
    /// For the image's history, in the syntax of Dockerfiles if possible: tools parse it.
    created_by: String,
}

/// A step with its entry in the image's history.
pub(super) struct RecordedStep {
    pub(super) step: PlannedStep,
    /// Empty if the history is not used.
    pub(super) created_by: String,
}

/// Plans a step.
pub(super) fn plan(
    step: &Step,
    surroundings: &Surroundings,
    context: &Context<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Result<RecordedStep, Reported> {
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
        // Its branches are planned by `fork`, step by step; they contain no such step.
        Verb::Parallel(_) => Err(diagnostics.told_elsewhere()),
    };
    let Planned { action, label, created_by } = planned?;
    context.scope.spend(created_by.len(), step.span, diagnostics)?;
    let label = name.unwrap_or(label.map(shorten));
    let no_cache = keys.no_cache.unwrap_or(false);
    let (span, written) = (step.span, Some(step.id));
    let step = PlannedStep {
        label,
        title: None,
        span,
        written,
        no_cache,
        branch: None,
        instruction: None,
        action,
    };
    Ok(RecordedStep { step, created_by })
}

/// The name and the working directory of a step.
pub(super) fn plan_keys(
    keys: &StepKeys,
    surroundings: &Surroundings,
    context: &Context<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Result<(Option<Text>, Text), Reported> {
    let values = StageScope { scope: context.scope, environment: &surroundings.environment };
    let workdir = step_workdir(keys, surroundings, &values, diagnostics);
    let name = values.expand_option(keys.name.as_ref(), diagnostics)?;
    Ok((name.map(|name| name.map(shorten)), workdir?))
}

fn step_workdir(
    keys: &StepKeys,
    surroundings: &Surroundings,
    values: &StageScope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Result<Text, Reported> {
    match &keys.workdir {
        Some(own) => values.workdir(&surroundings.workdir, own, diagnostics),
        None => Ok(surroundings.workdir.clone()),
    }
}

impl Planner<'_, '_> {
    /// The history entry of the step, if it is used.
    fn record(&self, created_by: impl FnOnce() -> String) -> String {
        if self.context.records { created_by() } else { String::new() }
    }

    /// Parses an optional value.
    fn parse_option<T>(
        &self,
        template: Option<&Template>,
        form: Form<T>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<T>, Reported> {
        match template {
            None => Ok(None),
            Some(template) if self.values.expand(template, diagnostics)?.is_empty() => Ok(None),
            Some(template) => parse(&self.values, template, form, diagnostics).map(Some),
        }
    }

    /// The owner in `chown`. A name must be in a stage in which it can be looked up.
    fn owner(
        &self,
        chown: Option<&Template>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Box<Owner>>, Reported> {
        let (owner, span) = match (chown, &self.surroundings.owner) {
            (Some(chown), _) if self.values.expand(chown, diagnostics)?.is_empty() => {
                return Ok(None);
            }
            (Some(chown), _) => {
                let form = if chown.as_literal().is_some() { OWNER } else { OWNER_OF_VALUES };
                (parse(&self.values, chown, form, diagnostics)?, chown.span)
            }
            (None, Some(default)) => (default.owner.clone(), default.span),
            (None, None) => return Ok(None),
        };
        if self.surroundings.on_scratch && owner.is_named() {
            return diagnostics.error(named_on_scratch(span, &owner));
        }
        Ok(Some(Box::new(owner)))
    }

    /// The path of a file in the stage; an empty one is an error.
    fn path(&self, template: &Template, diagnostics: &mut Diagnostics) -> Result<Text, Reported> {
        let text = self.values.expand(template, diagnostics)?;
        let path = path::join(&self.workdir, &text);
        self.context.scope.spend(path.len(), template.span, diagnostics)?;
        if path == "/" {
            if self.values.hangs_on_lost_workdir(&self.workdir, &text) {
                return Err(diagnostics.told_elsewhere());
            }
            return diagnostics.error(Diagnostic::new(
                Code::InvalidValue,
                template.span,
                format!("`{text}` is the root of the file system"),
            ));
        }
        Ok(path)
    }
}

/// The stage's default owner of files that its steps create. An error is reported, and counts as
/// none.
pub(super) fn default_owner(
    stage: &Stage,
    values: &StageScope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<DefaultOwner>> {
    let chown = stage.chown.as_ref()?;
    let owner = parse(values, chown, OWNER, diagnostics).ok()?;
    let text = values.expand(chown, diagnostics).ok()?;
    Some(Arc::new(DefaultOwner { owner, text, span: chown.span }))
}

/// A syntax of values that TOML does not check, with its error message.
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

/// The user of a process.
pub(super) fn user(
    template: &Template,
    values: &StageScope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Result<Text, Reported> {
    let user = values.expand(template, diagnostics)?;
    if is_user(&user) || !diagnostics.is_of_build_file() {
        return Ok(user);
    }
    let message = format!("invalid user `{user}`");
    diagnostics.error(
        Diagnostic::new(Code::InvalidValue, template.span, message)
            .hint("write `user` or `user:group`, by name or number"),
    )
}

const OWNER: Form<Owner> = Form {
    parse: Owner::parse,
    what: "an owner",
    hint: "write `user` or `user:group`, by name or number",
};

/// A user or group that is empty after its variables are replaced is root, as in Dockerfiles.
const OWNER_OF_VALUES: Form<Owner> = Form { parse: Owner::parse_values, ..OWNER };

const MODE: Form<Mode> = Form {
    parse: Mode::parse,
    what: "a mode",
    hint: "write octal digits such as \"0755\", or a change such as \"u+x,go-w\"",
};

/// Parses the value of a template.
pub(super) fn parse<T>(
    values: &StageScope<'_, '_>,
    template: &Template,
    form: Form<T>,
    diagnostics: &mut Diagnostics,
) -> Result<T, Reported> {
    let text = values.expand(template, diagnostics)?;
    (form.parse)(&text).ok_or_else(|| {
        let message = format!("expected {}, found `{text}`", form.what);
        diagnostics
            .report(Diagnostic::new(Code::InvalidValue, template.span, message).hint(form.hint))
    })
}

/// The error for a source outside of its tree.
fn outside(span: Span, source: &str, origin: Origin) -> Diagnostic {
    let (whose, hint) = match origin {
        Origin::Context => ("the build context", "build in a directory that contains both"),
        Origin::Scratch | Origin::Stage(_) | Origin::Image(_) | Origin::Named(_) => {
            ("its source", "paths start at the root")
        }
    };
    Diagnostic::new(Code::PathOutside, span, format!("`{source}` is outside {whose}")).hint(hint)
}

/// The error for the name of a user in a stage without `/etc/passwd`.
pub(super) fn named_on_scratch(span: Span, owner: &Owner) -> Diagnostic {
    let name = owner.looked_up().unwrap_or_default();
    Diagnostic::new(
        Code::NamedOwnerOnScratch,
        span,
        format!("cannot look up `{name}`: a stage from `scratch` has no /etc/passwd"),
    )
    .hint("use a numeric id")
}

/// The text in one line, truncated if necessary.
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
