//! Steps that run a process: `run` and `exec`.

use std::sync::Arc;

use super::mount::{check_secrets, overlay, plan_mounts, plan_secrets};
use super::{Form, Planned, Planner, parse};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::plan::environment::Environment;
use crate::plan::owner::Owner;
use crate::plan::scope::Scope;
use crate::plan::stage_scope::values_of;
use crate::plan::{Action, Exec, MountKind, PlannedDevice};
use crate::source::Spanned;
use crate::spec::{ArgName, ExecStep, Network, ProcessKeys, RunStep, Security, User, script};
use crate::text::Text;

/// Estimated size in bytes of an item that a process has from its stage.
const INHERITED: usize = 128;

const DEVICE: Form<Text> = Form {
    parse: |text| is_device(text).then(|| text.into()),
    what: "a device",
    hint: "write its CDI name, such as \"vendor.com/class=name\", or a class",
};

/// True if a text names devices: `vendor/class=name`, `vendor/class=*`, `vendor/class`, or a class
/// that the engine defines.
///
/// Follows `parseDevice` in `solver/llbsolver/cdidevices/manager.go` of BuildKit and the names of
/// `tags.cncf.io/container-device-interface`.
fn is_device(text: &str) -> bool {
    let (kind, name) = text.split_once('=').unwrap_or((text, "*"));
    let is_kind = match kind.split_once('/') {
        Some((vendor, class)) => is_word(vendor, b"_-.") && is_word(class, b"_-"),
        None => is_word(kind, b"_-."),
    };
    is_kind && (matches!(name, "*" | "") || is_word(name, b"_-.:"))
}

fn is_word(word: &str, others: &[u8]) -> bool {
    is_end(word.bytes().next())
        && is_end(word.bytes().next_back())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
}

impl Planner<'_, '_> {
    pub(super) fn run(
        &self,
        step: &RunStep,
        diagnostics: &mut Diagnostics,
    ) -> Result<Planned, Reported> {
        let text = &step.script.value.0;
        let process = self.process(&step.process, Some(text), diagnostics);
        let shell = match &step.shell {
            Some(shell) => self.values.command(&shell.0, diagnostics).map(Arc::from),
            None => Ok(Arc::clone(&self.surroundings.shell)),
        };
        let mut exec = process?;
        let shell = shell?;
        let is_script = text.starts_with("#!");
        let created_by = self.record(|| {
            let shell = if is_script { "" } else { &format!("{} ", shell.join(" ")) };
            format!("RUN {shell}{text}")
        });
        if is_script {
            exec.script = Some(text.clone());
        } else {
            exec.args = shell.iter().chain([text]).cloned().collect();
            self.check_program(&exec, diagnostics)?;
        }
        Ok(Planned { action: Action::Exec(exec), label: text.clone(), created_by })
    }

    pub(super) fn exec(
        &self,
        step: &ExecStep,
        diagnostics: &mut Diagnostics,
    ) -> Result<Planned, Reported> {
        let process = self.process(&step.process, None, diagnostics);
        let args = self.values.command(&step.command.value, diagnostics);
        let mut exec = process?;
        exec.args = args?.into();
        self.check_program(&exec, diagnostics)?;
        let label = exec.args.join(" ");
        let created_by = self.record(|| format!("RUN {label}"));
        Ok(Planned { action: Action::Exec(exec), label: label.into(), created_by })
    }

    /// Reports a process in a stage without files to run.
    fn check_program(&self, exec: &Exec, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
        let is_mounted = exec.mounts.iter().any(|mount| match &mount.kind {
            MountKind::Bind { .. } | MountKind::Cache { .. } => true,
            MountKind::Secret { .. } | MountKind::Ssh { .. } | MountKind::Tmpfs { .. } => false,
        });
        let has_files = self.surroundings.filled.as_ref().is_none_or(|filled| !filled.is_empty());
        let may_be_there = |program: &str| match program.starts_with('/') {
            true => self.surroundings.may_have(program),
            false => has_files,
        };
        let program = exec.args.first().filter(|_| !is_mounted);
        let Some(program) = program.filter(|program| !may_be_there(program)) else {
            return Ok(());
        };
        let (why, hint) = match has_files {
            false => (
                "has no files yet",
                "start from an image, or copy the program first; `write`, `mkdir` and `copy` need no shell",
            ),
            true => (
                "no step adds it",
                "start from an image, or copy the program first; use `{ exec = [...] }` to run a program without a shell",
            ),
        };
        let message = format!("there is no `{program}`: the stage starts from `scratch` and {why}");
        diagnostics.error(Diagnostic::new(Code::NoProgram, self.span, message).hint(hint))
    }

    /// Everything about a process except its command.
    fn process(
        &self,
        keys: &ProcessKeys,
        text: Option<&Text>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Exec, Reported> {
        let inherited = self.surroundings.len_for_process() * INHERITED;
        self.context.scope.spend(inherited, self.span, diagnostics)?;
        let user = match &keys.user {
            Some(User(user)) => super::user(user, &self.values, diagnostics).map(Some),
            None => Ok(None),
        };
        let environment = self.environment(keys, text, diagnostics);
        let origins = self.context.origins;
        let mounts = plan_mounts(&keys.mounts, &self.workdir, &self.values, origins, diagnostics);
        let secret_env = plan_secrets(&keys.mounts, &self.values, diagnostics);
        let own = |name: &str| keys.env.0.get(name).map(|value| value.span);
        let of_arg = |name: &str| {
            let is_arg = self.surroundings.environment.get(name).is_none()
                && environment.get(name).is_some();
            is_arg.then_some(self.span)
        };
        let of_stage = |name: &str| self.surroundings.set_here.get(name).copied();
        check_secrets(
            &secret_env,
            |name: &str| own(name).or_else(|| of_stage(name)).or_else(|| of_arg(name)),
            diagnostics,
        );
        check_secrets(
            &self.surroundings.secret_env,
            |name: &str| own(name).or_else(|| of_arg(name)),
            diagnostics,
        );
        let devices = keys.devices.iter().filter_map(|device| {
            let name = parse(&self.values, &device.name, DEVICE, diagnostics).ok()?;
            Some(PlannedDevice { name, required: device.required })
        });
        let devices = devices.collect();
        let user = user?.unwrap_or_else(|| self.surroundings.user.clone());
        let mut mounts = overlay(&self.surroundings.mounts, mounts);
        let users = Owner::parse(&user).filter(|owner| !owner.is_root()).map(Box::new);
        for mount in &mut mounts {
            if let MountKind::Cache { owner: owner @ None, .. } = &mut mount.kind {
                owner.clone_from(&users);
            }
        }
        Ok(Exec {
            args: Box::default(),
            script: None,
            environment,
            workdir: self.workdir.clone(),
            user,
            mounts: mounts.into(),
            secret_env: self.surroundings.secret_env.iter().cloned().chain(secret_env).collect(),
            network: keys.network.filter(|network| *network != Network::Sandbox),
            security: keys.security.unwrap_or(Security::Sandbox),
            devices,
        })
    }

    /// The stage's environment, the args that the process names or lists, and its own variables.
    fn environment(
        &self,
        keys: &ProcessKeys,
        text: Option<&Text>,
        diagnostics: &mut Diagnostics,
    ) -> Arc<Environment> {
        let scope = self.context.scope;
        let environment = &self.surroundings.environment;
        let mut args = self.surroundings.args.to_vec();
        args.extend(declared_args(&keys.args, scope, diagnostics));
        declared_args(&keys.no_args, scope, diagnostics);
        if let Some(text) = text {
            let is_hidden = |name: &str| keys.no_args.iter().any(|hidden| hidden.as_str() == name);
            script::visit_names(text, &mut |name| {
                if scope.knows(name) && !environment.hides(name) && !is_hidden(name) {
                    args.push(text.piece(name));
                }
            });
        }
        args.retain(|name| {
            let Some(value) = environment.get(name).filter(|_| !environment.yields(name)) else {
                return true;
            };
            if environment.shadows(name) && !keys.env.0.contains_key(name.as_str()) {
                scope.note_shadowed(name, value, self.span);
            }
            false
        });
        args.sort();
        args.dedup();
        let known = self.context.environments.borrow().get(&args).map(Arc::clone);
        let with_args = known.unwrap_or_else(|| {
            let with_args = self.with_args(&args, diagnostics);
            self.context.environments.borrow_mut().insert(args, Arc::clone(&with_args));
            with_args
        });
        if keys.env.0.is_empty() {
            return with_args;
        }
        let mut environment = (*with_args).clone();
        environment.extend(values_of(&keys.env, &with_args, scope, diagnostics));
        Arc::new(environment)
    }

    /// The stage's environment with the values of args.
    fn with_args(&self, args: &[Text], diagnostics: &mut Diagnostics) -> Arc<Environment> {
        let scope = self.context.scope;
        let mut values = Vec::with_capacity(args.len());
        for name in args {
            match scope.lookup(name) {
                Ok(Some(value)) => values.push((name.clone(), value)),
                Ok(None) => {}
                Err(error) => {
                    scope.report_lookup(error, diagnostics);
                }
            }
        }
        let environment = &self.surroundings.environment;
        if values.is_empty() {
            return Arc::clone(environment);
        }
        let mut environment = (**environment).clone();
        environment.extend(values);
        Arc::new(environment)
    }
}

fn is_end(byte: Option<u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric())
}

/// The declared names in an `args` list. Any other is reported.
pub(in crate::plan) fn declared_args(
    names: &[Spanned<ArgName>],
    scope: &Scope<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<Text> {
    let (declared, others): (Vec<_>, Vec<_>) =
        names.iter().partition(|name| scope.knows(name.as_str()));
    for name in others {
        let hint = scope
            .did_you_mean(name.as_str())
            .unwrap_or_else(|| format!("declare it in [args]: `{} = {{}}`", name.value));
        diagnostics.push(
            Diagnostic::new(
                Code::UndefinedName,
                name.span,
                format!("there is no arg `{}`", name.value),
            )
            .hint(hint),
        );
    }
    declared.into_iter().map(|name| name.as_text().clone()).collect()
}
