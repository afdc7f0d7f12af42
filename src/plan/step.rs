//! One step of a stage, with every value known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::config::History;
use super::environment::Environment;
use super::owner::{Id, Mode, Owner};
use super::path;
use super::scope::Scope;
use super::select::Origin;
use super::stage_scope::{StageScope, extend};
use super::{Action, Copy, Exec, MountKind, PlannedMount, PlannedStep};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::source::{Span, Spanned};
use crate::spec::{
    ArgName, CopyStep, ExecStep, From, Mount, ProcessKeys, RunStep, Sharing, Step, StepKeys,
    Template, Verb, script,
};

/// How long a step's label may get; what is longer is cut.
const MAX_LABEL: usize = 200;

/// What the steps of a stage have in common, and what a stage built from it takes over.
#[derive(Clone)]
pub(super) struct Surroundings<'s> {
    pub(super) environment: Arc<Environment>,
    /// Absolute.
    pub(super) workdir: String,
    /// Empty for root.
    pub(super) user: String,
    pub(super) shell: Arc<[String]>,
    /// Args that every process gets.
    pub(super) args: BTreeSet<&'s str>,
    pub(super) mounts: Vec<PlannedMount>,
    /// Whether the stage starts from nothing at all, its first step's view.
    pub(super) on_scratch: bool,
}

/// Everything that steps look things up in.
pub(super) struct Context<'a, 's> {
    pub(super) scope: &'a Scope<'s>,
    pub(super) origins: &'a BTreeMap<Span, Origin>,
}

/// A step, and what the image's history says of it.
pub(super) fn plan(
    step: &Step,
    surroundings: &Surroundings<'_>,
    context: &Context<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<(PlannedStep, History)> {
    let (action, label, created_by) = match &step.verb {
        Verb::Run(run) => plan_run(run, surroundings, context, diagnostics)?,
        Verb::Exec(exec) => plan_exec(exec, surroundings, context, diagnostics)?,
        Verb::Copy(copy) => plan_copy(copy, surroundings, context, diagnostics)?,
    };
    let values = StageScope { scope: context.scope, environment: &surroundings.environment };
    let name = values.expand_option(step.verb.keys().name.as_ref(), diagnostics)?;
    let label = shorten(&name.unwrap_or(label));
    Some((PlannedStep { label, span: step.span, action }, History::layer(created_by)))
}

type Planned = (Action, String, String);

fn plan_run(
    step: &RunStep,
    surroundings: &Surroundings<'_>,
    context: &Context<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<Planned> {
    let text = &step.script.value.0;
    let process = process(&step.process, Some(text), surroundings, context, diagnostics);
    let shell = match &step.shell {
        Some(shell) => {
            let values =
                StageScope { scope: context.scope, environment: &surroundings.environment };
            values.expand_all(&shell.0, diagnostics)
        }
        None => Some(surroundings.shell.to_vec()),
    };
    let mut exec = process?;
    exec.args = shell?;
    exec.args.push(text.clone());
    let created_by = format!("RUN {}", exec.args.join(" "));
    Some((Action::Exec(exec), text.clone(), created_by))
}

fn plan_exec(
    step: &ExecStep,
    surroundings: &Surroundings<'_>,
    context: &Context<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<Planned> {
    let process = process(&step.process, None, surroundings, context, diagnostics);
    let values = StageScope { scope: context.scope, environment: &surroundings.environment };
    let args = values.expand_all(&step.command.value, diagnostics);
    let mut exec = process?;
    exec.args = args?;
    let words = exec.args.join(" ");
    let created_by = format!("RUN {words}");
    Some((Action::Exec(exec), words, created_by))
}

/// All of a process but what it runs.
fn process(
    keys: &ProcessKeys,
    text: Option<&str>,
    surroundings: &Surroundings<'_>,
    context: &Context<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<Exec> {
    let values = StageScope { scope: context.scope, environment: &surroundings.environment };
    let workdir = step_workdir(&keys.step, surroundings, &values, diagnostics);
    let user = values.expand_option(keys.user.as_ref(), diagnostics);
    let environment = process_environment(keys, text, surroundings, context, diagnostics);
    let workdir = workdir?;
    let mounts = plan_mounts(&keys.mounts, &workdir, &values, context.origins, diagnostics);
    let user = user?.unwrap_or_else(|| surroundings.user.clone());
    let mut mounts = overlay(&surroundings.mounts, mounts);
    let user_owner = Owner::parse(&user).filter(|owner| !owner.is_root());
    for mount in &mut mounts {
        if let MountKind::Cache { owner, .. } = &mut mount.kind {
            owner.clone_from(&user_owner);
        }
    }
    Some(Exec { args: Vec::new(), environment, workdir, user, mounts })
}

/// The stage's environment, the args that the process names or is given, and its own variables.
fn process_environment(
    keys: &ProcessKeys,
    text: Option<&str>,
    surroundings: &Surroundings<'_>,
    context: &Context<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Arc<Environment> {
    let mut args = surroundings.args.clone();
    args.extend(declared_args(&keys.args, context.scope, diagnostics));
    if let Some(text) = text {
        script::visit_names(text, &mut |name| {
            if context.scope.knows(name) {
                args.insert(name);
            }
        });
    }
    let mut environment = Arc::clone(&surroundings.environment);
    for name in args {
        if surroundings.environment.get(name).is_some() {
            continue;
        }
        match context.scope.lookup(name) {
            Ok(Some(value)) => Arc::make_mut(&mut environment).set(name, value),
            Ok(None) => {}
            Err(error) => context.scope.report_lookup(error, diagnostics),
        }
    }
    if !keys.env.0.is_empty() {
        environment = Arc::new(extend(&environment, &keys.env, context.scope, diagnostics));
    }
    environment
}

/// The names of an `args` list that are declared. Any other is reported.
pub(super) fn declared_args<'s>(
    names: &'s [Spanned<ArgName>],
    scope: &Scope<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<&'s str> {
    let (declared, others): (Vec<_>, Vec<_>) =
        names.iter().partition(|name| scope.knows(name.as_str()));
    for name in others {
        let hint = did_you_mean(name.as_str(), scope.names())
            .unwrap_or_else(|| format!("declare it: [args] {} = {{}}", name.value));
        diagnostics.push(
            Diagnostic::new(
                Code::UndefinedName,
                name.span,
                format!("there is no arg `{}`", name.value),
            )
            .hint(hint),
        );
    }
    declared.into_iter().map(|name| name.as_str()).collect()
}

fn plan_copy(
    step: &CopyStep,
    surroundings: &Surroundings<'_>,
    context: &Context<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<Planned> {
    let values = StageScope { scope: context.scope, environment: &surroundings.environment };
    let origin = origin_of(step.from.as_ref(), context.origins);
    let workdir = step_workdir(&step.step, surroundings, &values, diagnostics);
    let sources = values.expand_all(step.sources.as_slice(), diagnostics);
    let to = values.expand_option(step.to.as_ref(), diagnostics);
    let owner = parse_option(step.chown.as_ref(), &values, Owner::parse, diagnostics, |text| {
        (format!("`{text}` is not an owner"), "`user` or `user:group`, by name or number")
    });
    let mode = parse_option(step.chmod.as_ref(), &values, Mode::parse, diagnostics, |text| {
        (
            format!("`{text}` is not a mode"),
            "octal digits such as \"0755\", or a change such as \"u+x,go-w\"",
        )
    });
    let (written, workdir, to) = (sources?, workdir?, to?.unwrap_or_else(|| "./".to_owned()));

    let mut complete = Some(());
    let mut sources = Vec::with_capacity(written.len());
    for (source, template) in written.iter().zip(step.sources.as_slice()) {
        match path::inside(source) {
            Some(path) => sources.push(path),
            None => complete = outside(template.span, source, origin, diagnostics),
        }
    }
    if sources.len() > 1 && !path::is_directory(&to) {
        let span = step.to.as_ref().map_or(step.sources.span, |to| to.span);
        complete = diagnostics.fail(
            Diagnostic::new(
                Code::NotADirectory,
                span,
                format!("several files cannot be copied to one, `{to}`"),
            )
            .hint(format!("a directory ends with a slash: \"{to}/\"")),
        );
    }
    let (owner, mode) = (owner?, mode?);
    if let (true, Some(named), Some(chown)) =
        (surroundings.on_scratch, owner.as_ref().filter(|owner| owner.is_named()), &step.chown)
    {
        complete = diagnostics.fail(named_on_scratch(chown.span, named));
    }
    complete?;

    let from =
        step.from.as_ref().and_then(|from| values.scope.expand(from.template(), diagnostics));
    let label = match &from {
        None => format!("copy {} to {to}", written.join(" ")),
        Some(from) => format!("copy {} from {from} to {to}", written.join(" ")),
    };
    let mut created_by = "COPY".to_owned();
    for (flag, value) in
        [("from", from.as_ref()), ("chown", expanded(&step.chown, &values).as_ref())]
    {
        created_by.extend(value.map(|value| format!(" --{flag}={value}")));
    }
    created_by.extend(expanded(&step.chmod, &values).map(|mode| format!(" --chmod={mode}")));
    created_by.push_str(&format!(" {} {to}", written.join(" ")));
    let destination = path::destination(&workdir, &to);
    Some((Action::Copy(Copy { origin, sources, destination, owner, mode }), label, created_by))
}

/// A value that has been expanded before without a mistake.
fn expanded(template: &Option<Template>, values: &StageScope<'_, '_>) -> Option<String> {
    values.expand(template.as_ref()?, &mut Diagnostics::default())
}

/// A value in a form of its own. The outer `None` is a reported mistake.
fn parse_option<T>(
    template: Option<&Template>,
    values: &StageScope<'_, '_>,
    parse: impl Fn(&str) -> Option<T>,
    diagnostics: &mut Diagnostics,
    problem: impl Fn(&str) -> (String, &'static str),
) -> Option<Option<T>> {
    let Some(template) = template else { return Some(None) };
    let text = values.expand(template, diagnostics)?;
    match parse(&text) {
        Some(value) => Some(Some(value)),
        None => {
            let (message, hint) = problem(&text);
            diagnostics.fail(Diagnostic::new(Code::InvalidValue, template.span, message).hint(hint))
        }
    }
}

fn step_workdir(
    keys: &StepKeys,
    surroundings: &Surroundings<'_>,
    values: &StageScope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    Some(match values.expand_option(keys.workdir.as_ref(), diagnostics)? {
        Some(own) => path::join(&surroundings.workdir, &own),
        None => surroundings.workdir.clone(),
    })
}

/// Mounts with absolute paths. `workdir` is where relative ones are seen from. Those in which a
/// mistake was reported are left out.
pub(super) fn plan_mounts(
    mounts: &[Mount],
    workdir: &str,
    values: &StageScope<'_, '_>,
    origins: &BTreeMap<Span, Origin>,
    diagnostics: &mut Diagnostics,
) -> Vec<PlannedMount> {
    mounts
        .iter()
        .filter_map(|mount| plan_mount(mount, workdir, values, origins, diagnostics))
        .collect()
}

fn plan_mount(
    mount: &Mount,
    workdir: &str,
    values: &StageScope<'_, '_>,
    origins: &BTreeMap<Span, Origin>,
    diagnostics: &mut Diagnostics,
) -> Option<PlannedMount> {
    let (to, span, kind) = match mount {
        Mount::Cache(cache) => {
            let path = values.expand(&cache.path, diagnostics)?;
            let id = values.expand_option(cache.id.as_ref(), diagnostics)?;
            let id = id.unwrap_or_else(|| path::clean(&path));
            let sharing = cache.sharing.unwrap_or(Sharing::Shared);
            let read_only = cache.read_only.unwrap_or(false);
            (path, cache.path.span, MountKind::Cache { id, sharing, read_only, owner: None })
        }
        Mount::Bind(bind) => {
            let source = values.expand(&bind.source, diagnostics)?;
            let to = values.expand_option(bind.to.as_ref().map(|to| &to.value), diagnostics)?;
            let origin = origin_of(bind.from.as_ref(), origins);
            let Some(inside) = path::inside(&source) else {
                return outside(bind.source.span, &source, origin, diagnostics);
            };
            let span = bind.to.as_ref().map_or(bind.source.span, |to| to.span);
            let writable = bind.writable.unwrap_or(false);
            (to.unwrap_or(source), span, MountKind::Bind { origin, source: inside, writable })
        }
    };
    let destination = path::join(workdir, &to);
    if destination == "/" {
        return diagnostics.fail(
            Diagnostic::new(
                Code::InvalidValue,
                span,
                "a mount cannot stand at `/`: it would hide the whole stage",
            )
            .hint("give it a directory of its own with `to`, or set a `workdir`"),
        );
    }
    Some(PlannedMount { destination, kind })
}

/// The stage's mounts, without those in whose place the step has its own, and the step's.
pub(super) fn overlay(inherited: &[PlannedMount], own: Vec<PlannedMount>) -> Vec<PlannedMount> {
    let taken: BTreeSet<&str> = own.iter().map(|mount| mount.destination.as_str()).collect();
    let mut all: Vec<PlannedMount> = inherited
        .iter()
        .filter(|mount| !taken.contains(mount.destination.as_str()))
        .cloned()
        .collect();
    all.extend(own);
    all
}

/// What a `from` means; without one it is the build context.
pub(super) fn origin_of(from: Option<&Spanned<From>>, origins: &BTreeMap<Span, Origin>) -> Origin {
    // `select` has an entry for each `from` of a stage that is built.
    from.and_then(|from| origins.get(&from.span)).copied().unwrap_or(Origin::Context)
}

fn outside<T>(
    span: Span,
    source: &str,
    origin: Origin,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    let (whose, hint) = match origin {
        Origin::Context => ("the build context", "build in a directory that holds both"),
        Origin::Scratch | Origin::Stage(_) | Origin::Image(_) => {
            ("its origin", "paths begin at the root")
        }
    };
    diagnostics.fail(
        Diagnostic::new(Code::PathOutside, span, format!("`{source}` leaves {whose}")).hint(hint),
    )
}

/// A name of a user where there is no file of users.
pub(super) fn named_on_scratch(span: Span, owner: &Owner) -> Diagnostic {
    let name = match (&owner.user, &owner.group) {
        (Id::Number(_), Some(group)) => group,
        (user, _) => user,
    };
    Diagnostic::new(
        Code::NamedOwnerOnScratch,
        span,
        format!("`{name}` cannot be looked up: a stage from `scratch` has no /etc/passwd"),
    )
    .hint("write the number")
}

/// One line, not too long.
fn shorten(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let cut: String = first.chars().take(MAX_LABEL).collect();
    if cut.len() < first.len() || lines.next().is_some() { format!("{cut} ...") } else { cut }
}
