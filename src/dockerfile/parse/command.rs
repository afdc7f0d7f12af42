//! `RUN`, `CMD`, `ENTRYPOINT`, `SHELL` and `HEALTHCHECK`.

use std::num::IntErrorKind;
use std::ops::Range;

use super::{Json, Parser, Text, json};
use crate::diagnostic::Reported;
use crate::dockerfile::heredoc::Heredoc;
use crate::dockerfile::instruction::{CommandLine, Healthcheck, Kind, Run, ShellText};
use crate::dockerfile::{Word, mount};
use crate::duration::parse_duration;
use crate::source::Spanned;

impl Parser<'_> {
    pub(super) fn run(
        &mut self,
        mut text: Text<'_>,
        heredocs: Vec<Heredoc>,
    ) -> Result<Kind, Reported> {
        let mut flags = self.flags(&mut text);
        let (mounts, devices) = (flags.texts("mount"), flags.texts("device"));
        let (network, security) = (flags.text("network"), flags.text("security"));
        flags.finish();
        // An error in a flag does not hide errors in the rest of the instruction.
        let mounts: Vec<_> =
            mounts.iter().filter_map(|flag| mount::read(flag, self.diagnostics).ok()).collect();
        let devices: Vec<_> = devices
            .iter()
            .filter_map(|flag| mount::read_device(flag, self.diagnostics).ok())
            .collect();
        for (flag, name, values) in [
            (&network, "network", &["default", "none", "host"][..]),
            (&security, "security", &["insecure", "sandbox"]),
        ] {
            if let Some(flag) = flag
                && !values.contains(&&*flag.value)
            {
                _ = self.invalid::<()>(
                    flag.span,
                    match name {
                        "network" => format!("invalid network mode \"{}\"", flag.value),
                        _ => format!("{name} \"{}\" is not valid", flag.value),
                    },
                    format!("expected {}", values.join(", ")),
                );
            }
        }
        let command = self.command_line(&text, text.rest.clone())?;
        let run = Run { command, heredocs, mounts, network, security, devices };
        Ok(Kind::Run(Box::new(run)))
    }

    /// The command of a `CMD` or `ENTRYPOINT`.
    pub(super) fn command(&mut self, text: Text<'_>) -> Result<CommandLine, Reported> {
        self.no_flags(&text);
        self.command_line(&text, text.rest.clone())
    }

    /// A list is run without a shell, everything else by a shell.
    fn command_line(
        &mut self,
        text: &Text<'_>,
        range: Range<usize>,
    ) -> Result<CommandLine, Reported> {
        match json(&text.joined.text()[range.clone()]) {
            Json::Strings(value) => {
                let span = text.joined.span(range, self.file);
                Ok(CommandLine::Exec(Spanned { value, span }))
            }
            Json::OtherValues => self.not_strings(text),
            Json::No => {
                let breaks = text.joined.line_starts();
                let breaks = breaks.filter(|at| range.contains(at) && *at > range.start);
                Ok(CommandLine::Shell(ShellText {
                    breaks: breaks.map(|at| at - range.start).collect(),
                    text: text.joined.word(range, self.file),
                }))
            }
        }
    }

    pub(super) fn shell(&mut self, text: Text<'_>) -> Result<Kind, Reported> {
        self.no_flags(&text);
        let rest = &text.joined.text()[text.rest.clone()];
        match json(rest) {
            Json::Strings(words) if words.is_empty() => self.too_few(&text),
            Json::Strings(words) => Ok(Kind::Shell(words)),
            Json::OtherValues => self.not_strings(&text),
            Json::No if rest.is_empty() => self.too_few(&text),
            Json::No => {
                let message = "SHELL requires the arguments to be in JSON form";
                self.invalid(text.span, message, "write `SHELL [\"/bin/bash\", \"-c\"]`")
            }
        }
    }

    pub(super) fn healthcheck(&mut self, mut text: Text<'_>) -> Result<Kind, Reported> {
        const OPTIONS: [&str; 5] =
            ["interval", "timeout", "start-period", "start-interval", "retries"];
        let range = text.rest.clone();
        let rest = &text.joined.text()[range.clone()];
        if rest.is_empty() {
            return self.too_few(&text);
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let kind = rest[..end].to_ascii_uppercase();
        let command = range.end - rest[end..].trim_start().len()..range.end;
        if kind == "NONE" {
            return match command.is_empty() {
                true => Ok(Kind::Healthcheck(Healthcheck::None)),
                false => self.invalid(
                    text.span,
                    "HEALTHCHECK NONE takes no arguments",
                    "remove the text after NONE",
                ),
            };
        }
        let mut flags = self.flags(&mut text);
        let mut options = Vec::new();
        for option in OPTIONS {
            let value = flags.text(option).filter(|value| !value.value.is_empty());
            options.extend(value.map(|value| (option, value)));
        }
        flags.finish();
        for (option, value) in &mut options {
            if let Err(message) = health_option(option, value) {
                return self.invalid(value.span, message, health_hint(option));
            }
        }
        if kind != "CMD" {
            let message = format!("Unknown type {kind:?} in HEALTHCHECK (try CMD)");
            return self.invalid(text.span, message, "write `HEALTHCHECK CMD command`");
        }
        let is_missing = command.is_empty();
        let command = self.command_line(&text, command)?;
        let is_empty_list = matches!(&command, CommandLine::Exec(words) if words.value.is_empty());
        if is_missing || is_empty_list {
            let message = "Missing command after HEALTHCHECK CMD";
            return self.invalid(text.span, message, "write `HEALTHCHECK CMD command`");
        }
        Ok(Kind::Healthcheck(Healthcheck::Command { command, options }))
    }
}

/// The shortest duration of `HEALTHCHECK` in nanoseconds, besides none.
const LEAST: i64 = 1_000_000;

/// Checks an option of `HEALTHCHECK`, and writes a number without its sign and leading zeros
/// (`parseOptInterval` and `parseHealthcheck` in `frontend/dockerfile/instructions/parse.go` of
/// BuildKit).
fn health_option(name: &str, value: &mut Word) -> Result<(), String> {
    if name != "retries" {
        return match parse_duration(&value.value)? {
            0 | LEAST.. => Ok(()),
            _ => Err(format!("Interval {name:?} cannot be less than 1ms")),
        };
    }
    let written = &value.value;
    let failed = |problem: &str| Err(format!("strconv.ParseInt: parsing {written:?}: {problem}"));
    let number = match written.parse::<i32>() {
        Ok(number) => number,
        Err(err) => {
            return match err.kind() {
                IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => {
                    failed("value out of range")
                }
                _ => failed("invalid syntax"),
            };
        }
    };
    if number < 0 {
        return Err(format!("--retries cannot be negative ({number})"));
    }
    value.value = number.to_string();
    Ok(())
}

fn health_hint(name: &str) -> &'static str {
    match name {
        "retries" => "write a number, such as 3",
        _ => "write a number with a unit, such as 30s, 1m30s or 500ms",
    }
}
