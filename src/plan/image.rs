//! The effect of `[image]` and the stage's own settings on the config of the exported image.

use std::collections::BTreeSet;

use super::config::{Empty, HealthcheckConfig, port_names};
use super::environment::Environment;
use super::export::Export;
use super::scope::Scope;
use super::stage_scope::{StageScope, no_program, values_of};
use super::step;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::duration::parse_duration;
use crate::source::Spanned;
use crate::spec::{Command, Duration, Healthcheck, Image, Labels, Scalar, Template, Trigger, User};
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
    let mut settings = Settings { values, os, export, diagnostics };
    // This is their order in the history.
    if let Some(workdir) = &image.workdir {
        settings.workdir(workdir);
    }
    if let Some(user) = &image.user {
        settings.user(user);
    }
    settings.ports(&image.expose);
    settings.volumes(&image.volumes);
    settings.labels(&image.labels);
    if let Some(entrypoint) = &image.entrypoint {
        settings.entrypoint(entrypoint);
    }
    if let Some(cmd) = &image.cmd {
        settings.cmd(cmd);
    }
    if let Some(signal) = &image.stop_signal {
        settings.stop_signal(signal);
    }
    if let Some(healthcheck) = &image.healthcheck {
        settings.healthcheck(healthcheck);
    }
    settings.triggers(&image.on_build);
    settings.annotations(&image.annotations);
    settings.export.base_annotations = image.base_annotations.unwrap_or(false);
    if let Some(author) = &image.author {
        settings.author(author);
    }
}

/// Applies single keys of `[image]`, each with its entry in the history.
struct Settings<'a, 's> {
    values: StageScope<'a, 's>,
    os: &'a str,
    export: &'a mut Export,
    diagnostics: &'a mut Diagnostics,
}

impl Settings<'_, '_> {
    fn workdir(&mut self, workdir: &Template) {
        let before = self.export.config.working_dir.as_str().into();
        let path = self.values.workdir(&before, workdir, self.diagnostics).unwrap_or(before);
        let workdir = self.values.recorded_workdir(workdir, &path);
        self.export.config.working_dir.clone_from(&workdir);
        self.export.record_config(|_| format!("WORKDIR {workdir}"));
    }

    fn user(&mut self, User(user): &User) {
        let user = step::user(user, &self.values, self.diagnostics).unwrap_or_default();
        self.export.config.user = user.to_string();
        self.export.record_config(|config| format!("USER {}", config.user));
    }

    fn ports(&mut self, ports: &[Spanned<Scalar>]) {
        let ports = expose(ports, &self.values, self.diagnostics);
        if !ports.is_empty() {
            self.export.record_config(|_| format!("EXPOSE {}", port_names(&ports)));
            let ports = ports.into_iter().map(|port| (port, Empty {}));
            self.export.config.exposed_ports.extend(ports);
        }
    }

    fn volumes(&mut self, templates: &[Template]) {
        let volumes = self.values.expand_all(templates, self.diagnostics).unwrap_or_default();
        for (volume, template) in volumes.iter().zip(templates) {
            // In `C:/dir`, the colon is part of the path.
            if volume.as_str().get(2..).is_some_and(|rest| rest.contains(":/")) {
                let message = format!("expected a path in the container, found `{volume}`");
                self.diagnostics.push(
                    Diagnostic::new(Code::InvalidValue, template.span, message)
                        .hint("write a directory such as \"/data\"; choose what is mounted there when you run the container"),
                );
            }
        }
        if !volumes.is_empty() {
            self.export.record_config(|_| format!("VOLUME {volumes:?}"));
            let volumes = volumes.iter().map(|volume| (volume.to_string(), Empty {}));
            self.export.config.volumes.extend(volumes);
        }
    }

    fn labels(&mut self, labels: &Labels) {
        for label in labels.0.values() {
            let name = self.values.expand(&label.name, self.diagnostics);
            let value = self.values.expand(&label.value, self.diagnostics).unwrap_or_default();
            let Ok(name) = name else { continue };
            self.export.record_config(|_| format!("LABEL {name}={value}"));
            self.export.config.labels.insert(name.to_string(), value.to_string());
        }
    }

    fn entrypoint(&mut self, entrypoint: &Command) {
        check_program(entrypoint, "entrypoint = []", self.diagnostics);
        let words = self.words(entrypoint);
        self.export.record_config(|_| format!("ENTRYPOINT {words:?}"));
        self.export.config.entrypoint = Some(words);
        self.export.config.cmd = None;
    }

    fn cmd(&mut self, cmd: &Command) {
        // After an entrypoint the words are arguments, which may be empty. A single empty word is a
        // common way to mean no command.
        let entrypoint = self.export.config.entrypoint.as_ref();
        let is_program = self.values.scope.is_whole && entrypoint.is_none_or(Vec::is_empty);
        if is_program || matches!(cmd, Command::List(words) if words.len() == 1) {
            check_program(cmd, "cmd = []", self.diagnostics);
        }
        let words = self.words(cmd);
        self.export.record_config(|_| format!("CMD {words:?}"));
        self.export.config.cmd = Some(words);
        self.export.config.args_escaped = true;
    }

    /// A command in the form of image configs.
    fn words(&self, command: &Command) -> Vec<String> {
        let text = match command {
            Command::List(words) => return plain(words),
            Command::Shell(text) => text,
        };
        let mut words = match &self.export.config.shell {
            Some(shell) => shell.clone(),
            None if self.os == "windows" => WINDOWS_SHELL.map(str::to_owned).to_vec(),
            None => CONTAINER_SHELL.map(str::to_owned).to_vec(),
        };
        words.push(text.clone());
        words
    }

    fn stop_signal(&mut self, signal: &Template) {
        let signal = stop_signal(signal, &self.values, self.diagnostics);
        self.export.config.stop_signal = signal.to_string();
        self.export.record_config(|config| format!("STOPSIGNAL {}", config.stop_signal));
    }

    fn healthcheck(&mut self, healthcheck: &Spanned<Healthcheck>) {
        match healthcheck.cmd() {
            Some(Command::Shell(text)) if text.trim().is_empty() => {
                self.diagnostics.push(no_program(healthcheck.span));
            }
            Some(Command::List(words)) if words.is_empty() => {
                self.diagnostics.push(no_program(healthcheck.span));
            }
            Some(cmd) => check_program(cmd, "none = true", self.diagnostics),
            None => {}
        }
        let planned = plan_healthcheck(healthcheck, &self.values, self.diagnostics);
        self.export.record_config(|_| format!("HEALTHCHECK {:?}", planned.test));
        self.export.config.healthcheck = Some(planned);
    }

    fn triggers(&mut self, triggers: &[Trigger]) {
        for Trigger(instruction) in triggers {
            self.export.record_config(|_| format!("ONBUILD {instruction}"));
            self.export.config.on_build.push(instruction.clone());
        }
    }

    fn annotations(&mut self, annotations: &Labels) {
        for annotation in annotations.0.values() {
            let name = self.values.expand(&annotation.name, self.diagnostics);
            let value = self.values.expand(&annotation.value, self.diagnostics);
            if let (Ok(name), Ok(value)) = (name, value) {
                self.export.annotations.insert(name.to_string(), value.to_string());
            }
        }
    }

    fn author(&mut self, author: &Template) {
        let author = self.values.expand(author, self.diagnostics);
        self.export.author = author.ok().map(|author| author.to_string());
    }
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
    health_duration,
    "a duration of at least 1ms",
    "write a number with a unit, such as \"30s\", \"1m30s\" or \"500ms\"",
);

/// Nanoseconds. Docker accepts nothing shorter than a millisecond but 0, which is the default.
fn health_duration(text: &str) -> Option<i64> {
    parse_duration(text).ok().filter(|&nanoseconds| nanoseconds == 0 || nanoseconds >= 1_000_000)
}

/// Reports a command whose first word is empty. `none` is the way to write no command.
fn check_program(command: &Command, none: &str, diagnostics: &mut Diagnostics) {
    if let Command::List(words) = command
        && let Some(word) = words.first().filter(|word| word.trim().is_empty())
    {
        diagnostics.push(no_program(word.span).hint(format!("for no command, write `{none}`")));
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
        for (text, nanoseconds) in
            [("30s", Some(30_000_000_000)), ("0ms", Some(0)), ("1ms", Some(1_000_000))]
        {
            assert_eq!(health_duration(text), nanoseconds, "{text}");
        }
        for text in ["", "30", "-1s", "1us"] {
            assert_eq!(health_duration(text), None, "{text}");
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
