//! The effect of `clear` in `[image]` on the config that a stage inherits.

use std::collections::BTreeSet;

use super::config::ContainerConfig;
use super::environment::Environment;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean, list};
use crate::source::Spanned;
use crate::spec::cleared;

/// The parts of the inherited config that `clear` can name.
const CLEARABLE: [&str; 11] = [
    "env",
    "expose",
    "volumes",
    "labels",
    "entrypoint",
    "cmd",
    "user",
    "workdir",
    "shell",
    "stop-signal",
    "healthcheck",
];

/// Removes the named parts from the config that a stage inherits. A missing part is not an error:
/// the next version of the base may have it.
pub(super) fn apply(
    names: &[Spanned<String>],
    environment: &mut Environment,
    config: &mut ContainerConfig,
    diagnostics: &mut Diagnostics,
) {
    let mut variables = BTreeSet::new();
    for name in names {
        match name.split_once('.').map_or((name.as_str(), None), |(what, one)| (what, Some(one))) {
            ("env", None) => *environment = Environment::default(),
            ("env", Some(one)) => {
                variables.insert(one);
            }
            ("labels", None) => config.labels.clear(),
            ("labels", Some(one)) => {
                config.labels.remove(one);
            }
            ("expose", None) => config.exposed_ports.clear(),
            ("volumes", None) => config.volumes.clear(),
            ("entrypoint", None) => config.entrypoint = None,
            ("cmd", None) => config.cmd = None,
            ("user", None) => config.user.clear(),
            ("workdir", None) => "/".clone_into(&mut config.working_dir),
            ("shell", None) => config.shell = None,
            ("stop-signal", None) => config.stop_signal.clear(),
            ("healthcheck", None) => config.healthcheck = None,
            _ => {
                let hint = clearable_like(name)
                    .or_else(|| did_you_mean(name, CLEARABLE))
                    .unwrap_or_else(|| format!("{}, `env.NAME` or `labels.NAME`", list(CLEARABLE)));
                diagnostics.push(
                    Diagnostic::new(
                        Code::InvalidValue,
                        name.span,
                        format!("`{}` cannot be cleared", name.value),
                    )
                    .hint(hint),
                );
            }
        }
    }
    if !variables.is_empty() {
        environment.retain(|name| !variables.contains(name));
    }
}

/// The name for `clear` that is similar to an unknown one: from another tool, or in another
/// spelling.
fn clearable_like(name: &str) -> Option<String> {
    let (what, one) = name.split_once('.').map_or((name, None), |(what, one)| (what, Some(one)));
    let known = cleared(what, &CLEARABLE)?;
    let one = one.filter(|_| ["env", "labels"].contains(&known));
    Some(match one {
        Some(one) => format!("write \"{known}.{one}\""),
        None => format!("write \"{known}\""),
    })
}
