//! Values without secrets.

use std::collections::BTreeSet;

use crate::credentials::redacted_text;
use crate::plan::{Action, Plan, Selection};
use crate::secret_names::looks_secret;

/// Replacement for a secret.
pub(super) const MASK: &str = "xxxxx";

/// Shorter values are likely to be part of other words.
const MIN_SECRET: usize = 4;

/// The values of args and variables whose names suggest secrets.
pub(super) struct Masked(Vec<String>);

impl Masked {
    /// Collects them from a build.
    pub(super) fn of(selection: &Selection<'_>, plan: &Plan) -> Self {
        let mut secrets = BTreeSet::new();
        let args = selection.spec.args.0.keys().map(|name| name.as_str());
        for name in args.filter(|name| looks_secret(name)) {
            secrets.extend(selection.scope.known_value(name).map(|value| value.to_string()));
        }
        for step in plan.stages.iter().flat_map(|stage| &stage.steps) {
            if let Action::Exec(exec) = &step.action {
                let variables = exec.environment.iter();
                let secret = variables.filter(|(name, _)| looks_secret(name));
                secrets.extend(secret.map(|(_, value)| value.to_owned()));
            }
        }
        Self(secrets.into_iter().filter(|value| value.len() >= MIN_SECRET).collect())
    }

    /// A text without secrets and without credentials in URLs.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = redacted_text(text).into_owned();
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), MASK);
            }
        }
        text
    }

    /// The value of an arg or a variable.
    pub(super) fn value(&self, name: &str, value: &str) -> String {
        match looks_secret(name) && !value.is_empty() {
            true => MASK.to_owned(),
            false => self.text(value),
        }
    }
}
