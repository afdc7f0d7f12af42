//! Steps that run a process: `run` and `exec`.

use std::sync::Arc;

use super::mount::{overlay, plan_mounts, plan_secrets};
use super::{Planned, Planner};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::plan::environment::Environment;
use crate::plan::owner::Owner;
use crate::plan::scope::Scope;
use crate::plan::stage_scope::extend;
use crate::plan::{Action, Exec, MountKind, PlannedDevice};
use crate::source::Spanned;
use crate::spec::{ArgName, ExecStep, Network, ProcessKeys, RunStep, Security, script};

impl Planner<'_, '_> {
    pub(super) fn run(&self, step: &RunStep, diagnostics: &mut Diagnostics) -> Option<Planned> {
        let text = &step.script.value.0;
        let process = self.process(&step.process, Some(text), diagnostics);
        let shell = match &step.shell {
            Some(shell) => self.values.expand_all(&shell.0, diagnostics),
            None => Some(self.surroundings.shell.to_vec()),
        };
        let mut exec = process?;
        let shell = shell?;
        let created_by = if text.starts_with("#!") {
            exec.script = Some(text.clone());
            format!("RUN {text}")
        } else {
            exec.args = shell;
            exec.args.push(text.clone());
            format!("RUN {}", exec.args.join(" "))
        };
        Some(Planned { action: Action::Exec(exec), label: text.clone(), created_by })
    }

    pub(super) fn exec(&self, step: &ExecStep, diagnostics: &mut Diagnostics) -> Option<Planned> {
        let process = self.process(&step.process, None, diagnostics);
        let args = self.values.expand_all(&step.command.value, diagnostics);
        let mut exec = process?;
        exec.args = args?;
        let label = exec.args.join(" ");
        let created_by = format!("RUN {label}");
        Some(Planned { action: Action::Exec(exec), label, created_by })
    }

    /// All of a process but what it runs.
    fn process(
        &self,
        keys: &ProcessKeys,
        text: Option<&str>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Exec> {
        let user = self.values.expand_option(keys.user.as_ref().map(|user| &user.0), diagnostics);
        let environment = self.environment(keys, text, diagnostics);
        let origins = self.context.origins;
        let mounts = plan_mounts(&keys.mounts, &self.workdir, &self.values, origins, diagnostics);
        let secret_env = plan_secrets(&keys.mounts, &self.values, diagnostics);
        let devices = keys.devices.iter().filter_map(|device| {
            let name = self.values.expand(&device.name, diagnostics)?;
            Some(PlannedDevice { name, required: device.required })
        });
        let devices = devices.collect();
        let user = user?.unwrap_or_else(|| self.surroundings.user.clone());
        let mut mounts = overlay(&self.surroundings.mounts, mounts);
        let users = Owner::parse(&user).filter(|owner| !owner.is_root());
        for mount in &mut mounts {
            if let MountKind::Cache { owner: owner @ None, .. } = &mut mount.kind {
                owner.clone_from(&users);
            }
        }
        Some(Exec {
            args: Vec::new(),
            script: None,
            environment,
            workdir: self.workdir.clone(),
            user,
            mounts,
            secret_env: [self.surroundings.secret_env.clone(), secret_env].concat(),
            network: keys.network.filter(|network| *network != Network::Sandbox),
            security: keys.security.unwrap_or(Security::Sandbox),
            devices,
        })
    }

    /// The stage's environment, the args that the process names or is given, and its own variables.
    fn environment(
        &self,
        keys: &ProcessKeys,
        text: Option<&str>,
        diagnostics: &mut Diagnostics,
    ) -> Arc<Environment> {
        let scope = self.context.scope;
        let mut args = self.surroundings.args.clone();
        args.extend(declared_args(&keys.args, scope, diagnostics));
        if let Some(text) = text {
            script::visit_names(text, &mut |name| {
                if scope.knows(name) {
                    args.insert(name);
                }
            });
        }
        let mut environment = Arc::clone(&self.surroundings.environment);
        for name in args {
            if self.surroundings.environment.get(name).is_some() {
                continue;
            }
            match scope.lookup(name) {
                Ok(Some(value)) => Arc::make_mut(&mut environment).set(name, value),
                Ok(None) => {}
                Err(error) => scope.report_lookup(error, diagnostics),
            }
        }
        if !keys.env.0.is_empty() {
            environment = Arc::new(extend(&environment, &keys.env, scope, diagnostics));
        }
        environment
    }
}

/// The names of an `args` list that are declared. Any other is reported.
pub(in crate::plan) fn declared_args<'s>(
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
