//! What `[image]` and the stage itself make of the config of the exported image.

use std::collections::BTreeSet;

use super::config::{ContainerConfig, Empty, History, port_names};
use super::environment::Environment;
use super::path;
use super::scope::Scope;
use super::stage_scope::{StageScope, extend};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Spanned;
use crate::spec::{Command, Image, Scalar};

/// Docker's default for the string forms of commands; `run` text has a stricter one.
const CONTAINER_SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// Applies `[image]` to the config that the stage has so far, and returns what the history says of it.
pub(super) fn apply(
    image: &Image,
    config: &mut ContainerConfig,
    scope: &Scope<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<History> {
    let mut history = Vec::new();
    let before = Environment::from_entries(config.env.iter().map(String::as_str));
    let environment = extend(&before, &image.env, scope, diagnostics);
    for name in image.env.0.keys() {
        history.push(History::config(format!(
            "ENV {name}={}",
            environment.get(name.as_str()).unwrap_or_default()
        )));
    }
    config.env = environment.to_entries();

    let values = StageScope { scope, environment: &environment };
    if let Some(workdir) = &image.workdir {
        let own = values.expand(workdir, diagnostics).unwrap_or_default();
        config.working_dir = path::join(&config.working_dir, &own);
        history.push(History::config(format!("WORKDIR {}", config.working_dir)));
    }
    if let Some(user) = &image.user {
        config.user = values.expand(user, diagnostics).unwrap_or_default();
        history.push(History::config(format!("USER {}", config.user)));
    }
    let ports = expose(&image.expose, &values, diagnostics);
    if !ports.is_empty() {
        history.push(History::config(format!("EXPOSE {}", port_names(&ports))));
        config.exposed_ports.extend(ports.into_iter().map(|port| (port, Empty {})));
    }
    for (name, template) in &image.labels.0 {
        let value = values.expand(template, diagnostics).unwrap_or_default();
        history.push(History::config(format!("LABEL {name}={value}")));
        config.labels.insert(name.as_str().to_owned(), value);
    }
    if let Some(entrypoint) = &image.entrypoint {
        let words = command(entrypoint, config.shell.as_deref());
        history.push(History::config(format!("ENTRYPOINT {words:?}")));
        config.entrypoint = Some(words);
        config.cmd = None;
    }
    if let Some(cmd) = &image.cmd {
        let words = command(cmd, config.shell.as_deref());
        history.push(History::config(format!("CMD {words:?}")));
        config.cmd = Some(words);
        config.args_escaped = true;
    }
    history
}

fn command(command: &Command, shell: Option<&[String]>) -> Vec<String> {
    match command {
        Command::List(words) => words.clone(),
        Command::Shell(text) => {
            let mut words = match shell {
                Some(shell) => shell.to_vec(),
                None => CONTAINER_SHELL.map(str::to_owned).to_vec(),
            };
            words.push(text.clone());
            words
        }
    }
}

/// The ports as `8080/tcp`, ranges as their members.
fn expose(
    ports: &[Spanned<Scalar>],
    values: &StageScope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for port in ports {
        let Scalar(template) = &port.value;
        let Some(text) = values.expand(template, diagnostics) else { continue };
        match port_range(&text) {
            Some((range, protocol)) => names.extend(range.map(|port| format!("{port}/{protocol}"))),
            None => diagnostics.push(
                Diagnostic::new(Code::InvalidValue, port.span, format!("`{text}` is not a port"))
                    .hint("8080, \"53/udp\" or \"8000-8010\"; tcp, udp or sctp"),
            ),
        }
    }
    names
}

fn port_range(text: &str) -> Option<(std::ops::RangeInclusive<u16>, String)> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return None;
    }
    let number = |text: &str| {
        text.parse::<u16>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first..=last, protocol))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports() {
        assert_eq!(port_range("8080"), Some((8080..=8080, "tcp".to_owned())));
        assert_eq!(port_range("53/UDP"), Some((53..=53, "udp".to_owned())));
        assert_eq!(port_range("8000-8010/tcp"), Some((8000..=8010, "tcp".to_owned())));
        for text in ["", "x", "70000", "-1", "+1", "2-1", "80/http", "80/"] {
            assert_eq!(port_range(text), None, "{text}");
        }
    }
}
