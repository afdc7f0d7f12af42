//! The effect of a stage's own settings on its steps and on its image.

use std::sync::Arc;

use crate::diagnostic::Diagnostics;
use crate::plan::clear;
use crate::plan::environment::Environment;
use crate::plan::export::Export;
use crate::plan::origin::Origins;
use crate::plan::scope::Scope;
use crate::plan::stage_scope::{StageScope, values_of};
use crate::plan::step::{self, Surroundings};
use crate::plan::workdir::PendingWorkdir;
use crate::spec::{Stage, User};
use crate::text::Text;

/// The settings of a stage, and the results so far that they change.
pub(super) struct StageSettings<'a, 's> {
    pub(super) stage: &'a Stage,
    pub(super) scope: &'a Scope<'s>,
    pub(super) origins: &'a Origins,
    /// The surroundings of the stage's steps.
    pub(super) surroundings: &'a mut Surroundings,
    /// The variables of its image.
    pub(super) recorded: &'a mut Environment,
    pub(super) export: &'a mut Export,
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl StageSettings<'_, '_> {
    /// Applies the settings. Returns the step that creates the stage's working directory.
    pub(super) fn apply(mut self) -> Option<PendingWorkdir> {
        let inherited_user = self.surroundings.user.clone();
        if let Some(image) = &self.stage.image {
            let config = &mut self.export.config;
            clear::apply(&image.clear, self.recorded, config, self.diagnostics);
        }
        self.args();
        self.env();
        let environment = Arc::clone(&self.surroundings.environment);
        let values = StageScope { scope: self.scope, environment: &environment };
        self.user(&values);
        self.shell(&values);
        let make_workdir = self.workdir(&values, &inherited_user);
        self.mounts(&values);
        self.surroundings.link = self.stage.link.unwrap_or(false);
        self.surroundings.owner = step::default_owner(self.stage, &values, self.diagnostics);
        make_workdir
    }

    fn args(&mut self) {
        let Self { stage, scope, .. } = *self;
        let listed = match &stage.args {
            Some(args) => step::declared_args(args, scope, self.diagnostics).into(),
            None => Arc::clone(&self.surroundings.args),
        };
        let hidden = step::declared_args(&stage.no_args, scope, self.diagnostics);
        // An arg without a value leaves the variable unchanged.
        let given: Option<Vec<Text>> = stage.args.is_some().then(|| {
            listed
                .iter()
                .filter(|name: &&Text| matches!(scope.lookup(name), Ok(Some(_))))
                .cloned()
                .collect()
        });
        let says_nothing = given.as_ref().is_none_or(Vec::is_empty) && hidden.is_empty();
        if !(says_nothing && self.surroundings.environment.sees_all_args()) {
            let own = Arc::make_mut(&mut self.surroundings.environment);
            for environment in [own, &mut *self.recorded] {
                environment.set_args(given.as_deref(), hidden.iter().cloned());
            }
        }
        self.surroundings.args = listed;
    }

    fn env(&mut self) {
        let env = &self.stage.env;
        if env.0.is_empty() {
            return;
        }
        let environment = &self.surroundings.environment;
        let variables = values_of(env, environment, self.scope, self.diagnostics);
        for (name, value) in &variables {
            self.export.record_config(|_| format!("ENV {name}={value}"));
        }
        self.recorded.extend(variables.iter().cloned());
        Arc::make_mut(&mut self.surroundings.environment).extend(variables);
        let places = env.0.iter().map(|(name, value)| (name.as_text().clone(), value.span));
        Arc::make_mut(&mut self.surroundings.set_here).extend(places);
    }

    fn user(&mut self, values: &StageScope<'_, '_>) {
        let Some(User(user)) = &self.stage.user else { return };
        let user = step::user(user, values, self.diagnostics).unwrap_or_default();
        self.export.record_config(|_| format!("USER {user}"));
        self.export.config.user = user.to_string();
        self.surroundings.user = user;
    }

    fn shell(&mut self, values: &StageScope<'_, '_>) {
        let Some(shell) = &self.stage.shell else { return };
        let shell = values.command(&shell.0, self.diagnostics).unwrap_or_default();
        self.export.record_config(|_| format!("SHELL {shell:?}"));
        self.export.config.shell = Some(shell.iter().map(Text::to_string).collect());
        self.surroundings.shell = shell.into();
    }

    /// Sets the working directory. Returns the step that creates it.
    fn workdir(
        &mut self,
        values: &StageScope<'_, '_>,
        inherited_user: &str,
    ) -> Option<PendingWorkdir> {
        let workdir = self.stage.workdir.as_ref()?;
        let before = self.surroundings.workdir.clone();
        let path = values.workdir(&before, workdir, self.diagnostics);
        let path = path.unwrap_or_else(|_| before.clone());
        self.export.config.working_dir = values.recorded_workdir(workdir, &path);
        self.surroundings.workdir = path.clone();
        if path == "/" {
            self.export.record_config(|_| "WORKDIR /".to_owned());
            return None;
        }
        Some(PendingWorkdir::new(
            self.stage,
            workdir.span,
            self.surroundings,
            (before, inherited_user),
            self.diagnostics,
        ))
    }

    /// Plans the mounts and secrets of all steps, and reports secrets with the name of a variable.
    fn mounts(&mut self, values: &StageScope<'_, '_>) {
        let Self { stage, surroundings, diagnostics, .. } = self;
        let Some(mounts) = &stage.mounts else {
            // The inherited secrets have been compared with the inherited variables.
            let set_here = |name: &str| stage.env.0.get(name).map(|value| value.span);
            return step::check_secrets(&surroundings.secret_env, set_here, diagnostics);
        };
        let workdir = &surroundings.workdir;
        surroundings.mounts =
            step::plan_mounts(mounts, workdir, values, self.origins, diagnostics).into();
        surroundings.secret_env = step::plan_secrets(mounts, values, diagnostics).into();
        let set_here = |name: &str| surroundings.set_here.get(name).copied();
        step::check_secrets(&surroundings.secret_env, set_here, diagnostics);
    }
}
