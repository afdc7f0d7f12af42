//! The effect of `[image]` and the stage's own settings on the config of the exported image.

use std::collections::BTreeSet;

use super::config::{ContainerConfig, Empty, HealthcheckConfig, port_names};
use super::environment::Environment;
use super::export::Export;
use super::scope::Scope;
use super::stage_scope::{StageScope, no_program, values_of};
use super::step;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean, list};
use crate::source::Spanned;
use crate::spec::{
    Command, Duration, Healthcheck, Image, Scalar, Template, Trigger, User, cleared,
};
use crate::text::Text;

/// Maximum size of a port in the config, in bytes.
const PORT_SIZE: usize = 64;

/// Docker's default shell for the string forms of commands; that for `run` text is stricter.
const CONTAINER_SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// The same for Windows (`defaultShell` in `dockerfile2llb/defaultshell.go` of BuildKit).
const WINDOWS_SHELL: [&str; 3] = ["cmd", "/S", "/C"];

/// Applies `[image]` to the image of the stage, which is for operating system `os`. `environment`
/// is the image's so far.
pub(super) fn apply(
    image: &Image,
    os: &str,
    environment: &mut Environment,
    export: &mut Export,
    scope: &Scope<'_>,
    diagnostics: &mut Diagnostics,
) {
    let variables = values_of(&image.env, environment, scope, diagnostics);
    for (name, value) in &variables {
        export.record_config(|_| format!("ENV {name}={value}"));
    }
    environment.extend(variables);

    let values = StageScope { scope, environment };
    if let Some(workdir) = &image.workdir {
        let before = export.config.working_dir.as_str().into();
        let path = values.workdir(&before, workdir, diagnostics).unwrap_or(before);
        let workdir = values.recorded_workdir(workdir, &path);
        export.config.working_dir.clone_from(&workdir);
        export.record_config(|_| format!("WORKDIR {workdir}"));
    }
    if let Some(User(user)) = &image.user {
        export.config.user = step::user(user, &values, diagnostics).unwrap_or_default().to_string();
        export.record_config(|config| format!("USER {}", config.user));
    }
    let ports = expose(&image.expose, &values, diagnostics);
    if !ports.is_empty() {
        export.record_config(|_| format!("EXPOSE {}", port_names(&ports)));
        export.config.exposed_ports.extend(ports.into_iter().map(|port| (port, Empty {})));
    }
    let volumes = values.expand_all(&image.volumes, diagnostics).unwrap_or_default();
    for (volume, template) in volumes.iter().zip(&image.volumes) {
        // In `C:/dir`, the colon is part of the path.
        if volume.as_str().get(2..).is_some_and(|rest| rest.contains(":/")) {
            let message = format!("expected a path in the container, found `{volume}`");
            diagnostics.push(
                Diagnostic::new(Code::InvalidValue, template.span, message)
                    .hint("write a directory such as \"/data\"; choose what is mounted there when you run the container"),
            );
        }
    }
    if !volumes.is_empty() {
        export.record_config(|_| format!("VOLUME {volumes:?}"));
        let volumes = volumes.iter().map(|volume| (volume.to_string(), Empty {}));
        export.config.volumes.extend(volumes);
    }
    for label in image.labels.0.values() {
        let name = values.expand(&label.name, diagnostics);
        let value = values.expand(&label.value, diagnostics).unwrap_or_default();
        let Ok(name) = name else { continue };
        export.record_config(|_| format!("LABEL {name}={value}"));
        export.config.labels.insert(name.to_string(), value.to_string());
    }
    if let Some(entrypoint) = &image.entrypoint {
        check_program(entrypoint, "entrypoint = []", diagnostics);
        let words = command(entrypoint, export.config.shell.as_deref(), os);
        export.record_config(|_| format!("ENTRYPOINT {words:?}"));
        export.config.entrypoint = Some(words);
        export.config.cmd = None;
    }
    if let Some(cmd) = &image.cmd {
        // After an entrypoint the words are arguments, which may be empty. A single empty word is a
        // common way to mean no command.
        let is_program =
            scope.is_whole && export.config.entrypoint.as_ref().is_none_or(Vec::is_empty);
        if is_program || matches!(&cmd.value, Command::List(words) if words.len() == 1) {
            check_program(cmd, "cmd = []", diagnostics);
        }
        let words = command(cmd, export.config.shell.as_deref(), os);
        export.record_config(|_| format!("CMD {words:?}"));
        export.config.cmd = Some(words);
        export.config.args_escaped = true;
    }
    if let Some(signal) = &image.stop_signal {
        export.config.stop_signal = stop_signal(signal, &values, diagnostics).to_string();
        export.record_config(|config| format!("STOPSIGNAL {}", config.stop_signal));
    }
    if let Some(healthcheck) = &image.healthcheck {
        match healthcheck.cmd() {
            Some(Command::Shell(text)) if text.trim().is_empty() => {
                diagnostics.push(no_program(healthcheck.span));
            }
            Some(Command::List(words)) if words.is_empty() => {
                diagnostics.push(no_program(healthcheck.span));
            }
            Some(cmd) => check_program(cmd, "none = true", diagnostics),
            None => {}
        }
        let planned = plan_healthcheck(healthcheck, &values, diagnostics);
        export.record_config(|_| format!("HEALTHCHECK {:?}", planned.test));
        export.config.healthcheck = Some(planned);
    }
    for Trigger(instruction) in &image.on_build {
        export.record_config(|_| format!("ONBUILD {instruction}"));
        export.config.on_build.push(instruction.clone());
    }
    for annotation in image.annotations.0.values() {
        let name = values.expand(&annotation.name, diagnostics);
        let value = values.expand(&annotation.value, diagnostics);
        if let (Ok(name), Ok(value)) = (name, value) {
            export.annotations.insert(name.to_string(), value.to_string());
        }
    }
    export.base_annotations = image.base_annotations.unwrap_or(false);
    if let Some(author) = &image.author {
        let author = values.expand(author, diagnostics);
        export.author = author.ok().map(|author| author.to_string());
    }
}

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
pub(super) fn clear(
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

fn stop_signal(
    template: &Template,
    values: &StageScope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Text {
    let Ok(signal) = values.expand(template, diagnostics) else { return Text::default() };
    if !is_signal(&signal) {
        diagnostics.push(
            Diagnostic::new(
                Code::InvalidValue,
                template.span,
                format!("unknown signal `{signal}`"),
            )
            .hint("write a name such as \"SIGTERM\", or a number from 1 to 64 in quotes"),
        );
    }
    signal
}

/// True if a text is a Linux signal, as parsed by `ParseSignal` in `github.com/moby/sys/signal`.
fn is_signal(text: &str) -> bool {
    let name = text.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    // The real-time signals are 34 to 64, counted from both ends.
    if let Some(offset) = name.strip_prefix("RTMIN+") {
        return is_offset(offset, 15);
    }
    if let Some(offset) = name.strip_prefix("RTMAX-") {
        return is_offset(offset, 14);
    }
    SIGNALS.contains(&name)
        || digits(text) && text.parse::<u8>().is_ok_and(|number| (1..=64).contains(&number))
}

fn is_offset(offset: &str, max: u8) -> bool {
    digits(offset) && offset.parse::<u8>().is_ok_and(|offset| (1..=max).contains(&offset))
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The names of Linux's signals.
const SIGNALS: [&str; 36] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL",
    "PIPE", "POLL", "PROF", "PWR", "QUIT", "RTMAX", "RTMIN", "SEGV", "STKFLT", "STOP", "SYS",
    "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU",
    "XFSZ",
];

/// A healthcheck in the form of image configs.
fn plan_healthcheck(
    healthcheck: &Healthcheck,
    values: &StageScope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> HealthcheckConfig {
    let Healthcheck::Run { cmd, interval, timeout, start_period, start_interval, retries } =
        healthcheck
    else {
        return HealthcheckConfig { test: vec!["NONE".to_owned()], ..HealthcheckConfig::default() };
    };
    let test = match cmd {
        Command::List(words) => [vec!["CMD".to_owned()], plain(words)].concat(),
        // Docker runs it with the shell in the image's config, if any.
        Command::Shell(text) => vec!["CMD-SHELL".to_owned(), text.clone()],
    };
    let mut duration = |duration: &Option<Duration>| {
        let Some(Duration(template)) = duration else { return 0 };
        step::parse(values, template, DURATION, diagnostics).unwrap_or(0)
    };
    HealthcheckConfig {
        test,
        interval: duration(interval),
        timeout: duration(timeout),
        start_period: duration(start_period),
        start_interval: duration(start_interval),
        retries: retries.unwrap_or(0),
    }
}

const DURATION: step::Form<i64> = step::Form::new(
    parse_duration,
    "a duration of at least 1ms",
    "write a number with a unit, such as \"30s\", \"1m30s\" or \"500ms\"",
);

/// Nanoseconds, in the syntax of Go's `time.ParseDuration`. Docker accepts nothing shorter than a
/// millisecond.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    if text == "0" {
        return Some(0);
    }
    if text.is_empty() {
        return None;
    }
    let mut total: f64 = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        total += number
            * match &rest[..unit] {
                "ns" => 1.0,
                "us" | "\u{b5}s" | "\u{3bc}s" => 1e3,
                "ms" => 1e6,
                "s" => 1e9,
                "m" => 60e9,
                "h" => 3600e9,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    // Zero in any unit is the default.
    (total == 0.0 || (1e6..i64::MAX as f64).contains(&total)).then_some(total as i64)
}

/// Reports a command whose first word is empty. `none` is the way to write no command.
fn check_program(command: &Command, none: &str, diagnostics: &mut Diagnostics) {
    if let Command::List(words) = command
        && let Some(word) = words.first().filter(|word| word.trim().is_empty())
    {
        diagnostics.push(no_program(word.span).hint(format!("for no command, write `{none}`")));
    }
}

fn command(command: &Command, shell: Option<&[String]>, os: &str) -> Vec<String> {
    match command {
        Command::List(words) => plain(words),
        Command::Shell(text) => {
            let mut words = match shell {
                Some(shell) => shell.to_vec(),
                None if os == "windows" => WINDOWS_SHELL.map(str::to_owned).to_vec(),
                None => CONTAINER_SHELL.map(str::to_owned).to_vec(),
            };
            words.push(text.clone());
            words
        }
    }
}

fn plain(words: &[Spanned<String>]) -> Vec<String> {
    words.iter().map(|word| word.value.clone()).collect()
}

/// The ports as `8080/tcp`, with ranges expanded.
fn expose(
    ports: &[Spanned<Scalar>],
    values: &StageScope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for port in ports {
        let Scalar(template) = &port.value;
        let Ok(text) = values.expand(template, diagnostics) else { continue };
        if template.as_literal() == Some("") {
            diagnostics.push(invalid_port(port, ""));
        }
        // A value may expand to several or none, as for `EXPOSE $PORTS` (`ProcessWords` in
        // BuildKit's `frontend/dockerfile/shell/lex.go`).
        for text in text.split_whitespace() {
            match port_range(text) {
                Some((range, protocol)) => {
                    // A range is short, but a config contains all its members.
                    let size = range.len() * PORT_SIZE;
                    if values.scope.spend(size, port.span, diagnostics).is_ok() {
                        names.extend(range.map(|port| format!("{port}/{protocol}")));
                    }
                }
                None => diagnostics.push(invalid_port(port, text)),
            }
        }
    }
    names
}

fn invalid_port(port: &Spanned<Scalar>, text: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidValue, port.span, format!("invalid port `{text}`")).hint(
                match text.contains(':') {
                    true => "write only the port in the container, such as 80; publish it when you run the container",
                    false => "write a port such as 8080, \"53/udp\" or \"8000-8010\"; the protocols are tcp, udp and sctp",
                },
            )
}

/// The ports in a range such as `8000-8010/tcp`, and their protocol.
pub(crate) fn port_range(text: &str) -> Option<(std::ops::RangeInclusive<u16>, String)> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return None;
    }
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let (first, last) = (port_number(first)?, port_number(last)?);
    (first <= last).then_some((first..=last, protocol))
}

fn port_number(text: &str) -> Option<u16> {
    text.parse::<u16>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, nanoseconds) in [
            ("30s", 30_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5s", 1_500_000_000),
            ("0s", 0),
            ("0", 0),
            ("0ms", 0),
            ("0h0m", 0),
            ("1ms", 1_000_000),
        ] {
            assert_eq!(parse_duration(text), Some(nanoseconds), "{text}");
        }
        for text in ["", "s", "30", "1x", "-1s", "1s s", "1us", "1e400h", "0x", "00", "9999999h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn signals() {
        for text in [
            "SIGTERM",
            "TERM",
            "sigterm",
            "9",
            "64",
            "RTMIN",
            "SIGRTMIN+3",
            "rtmin+15",
            "RTMAX-14",
            "WINCH",
        ] {
            assert!(is_signal(text), "{text}");
        }
        for text in [
            "",
            "0",
            "65",
            "+9",
            "-9",
            "TERM-x",
            "TERM+1",
            "RTMIN+0",
            "RTMIN+16",
            "RTMIN-1",
            "RTMAX-15",
            "RTMAX+1",
            "RTMIN+",
            "RTMIN++1",
            "SIG",
            "SIG9",
            "SIGSIGTERM",
        ] {
            assert!(!is_signal(text), "{text}");
        }
    }

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
