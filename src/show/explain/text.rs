//! An explanation as text for a person.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::notes::{EPOCH, IN_KEYS, OF_CLIENT, SHOWN};
use super::{Build, Explained, Kind, NotCounted, Reason, Stage, Step};

/// Maximum length of a line of the text.
const WIDTH: usize = 100;

/// Maximum length of a command in a comparison.
const MAX_VALUE: usize = 60;

/// Maximum number of lines for a reason.
const MAX_LINES: usize = 4;

/// The width of the column of kinds.
const KIND: usize = 8;

impl Explained {
    /// The document as text.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (at, build) in self.builds.iter().enumerate() {
            if at > 0 {
                text.push('\n');
            }
            build.write(&mut text);
        }
        text
    }
}

impl Build {
    fn write(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "{} for {}\n\nA step runs again if it is edited, if a step before it in its stage runs again, or if one of these\nchanges. Files are compared by content.",
            self.target, self.platform
        );
        for ignored in &self.ignored {
            let patterns = ignored.patterns.join(" ");
            let line = format!("Ignored by {}: {patterns}", ignored.file);
            let _ = writeln!(text, "{}", cut(&line, WIDTH));
        }
        for stage in &self.stages {
            stage.write(self, text);
        }
    }
}

impl Stage {
    fn write(&self, build: &Build, text: &mut String) {
        let mut about = Vec::new();
        if self.is_required {
            about.push("required: none of its files are in the target".to_owned());
        }
        if self.platform != build.platform {
            about.push(format!("runs on {}", self.platform));
        }
        let about =
            if about.is_empty() { String::new() } else { format!(" ({})", about.join("; ")) };
        let _ = writeln!(text, "\n{}{about}", self.name);
        for step in &self.steps {
            step.write(text);
        }
    }
}

impl Step {
    fn write(&self, text: &mut String) {
        let place = format!("{}:{}", self.file, self.line);
        let room = WIDTH.saturating_sub(place.chars().count() + 4);
        let head = cut(&format!("{} {}", self.position, self.name), room);
        let padding = room - head.chars().count();
        let _ = writeln!(text, "  {head}{:padding$}  {place}", "");
        for reason in self.reasons.iter().filter(|reason| reason.is_news()) {
            line(text, reason.kind.word(), &reason.to_string());
        }
        // Files of one origin share a line.
        let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for reason in self.reasons.iter().filter(|reason| reason.kind == Kind::Files) {
            files.entry(&reason.from).or_default().push(&reason.name);
        }
        for (from, names) in files {
            let of = if from.is_empty() { String::new() } else { format!(" of {from}") };
            line(text, Kind::Files.word(), &format!("{}{of}", names.join(" ")));
        }
        if self.is_independent {
            line(text, "link", "does not run again because a step before it does");
        }
        let ignored = grouped(&self.not_counted);
        if !ignored.is_empty() {
            let ignored = ignored.iter().map(|(kind, names)| NotCounted::several(kind, names));
            line(text, "not", &ignored.collect::<Vec<_>>().join("; "));
        }
        for remark in &self.remarks {
            line(text, "note", remark);
        }
    }
}

/// The names of inputs by their kind.
fn grouped(all: &[NotCounted]) -> BTreeMap<&str, Vec<&str>> {
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in all {
        kinds.entry(&one.kind).or_default().push(&one.name);
    }
    kinds
}

impl Reason {
    /// True if the text has a line for it: keys of a step other than these change only with the
    /// build file or with args that have a line.
    fn is_news(&self) -> bool {
        match self.kind {
            Kind::Command => self.note != SHOWN,
            Kind::Setting => {
                self.note == OF_CLIENT
                    || matches!(
                        self.name.as_str(),
                        "include"
                            | "exclude"
                            | "network"
                            | "security"
                            | "device"
                            | EPOCH
                            | "dockerfile"
                    )
            }
            Kind::Files => false,
            _ => true,
        }
    }
}

/// Writes a line of a step, on several lines if it is long.
fn line(text: &mut String, kind: &str, value: &str) {
    let room = WIDTH - KIND - 5;
    let mut rest = value.lines().next().unwrap_or_default();
    let mut kind = kind;
    for number in 1..=MAX_LINES {
        let end = rest.char_indices().nth(room).map_or(rest.len(), |(at, _)| at);
        let is_last = end == rest.len();
        let blank = rest[..end].rfind(' ').filter(|_| !is_last && number < MAX_LINES);
        let (part, next) = match blank {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, ""),
        };
        let _ = writeln!(text, "    {kind:KIND$} {}", cut(part, room));
        if next.is_empty() {
            break;
        }
        (rest, kind) = (next, "");
    }
}

impl Kind {
    /// Its name in texts.
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::NoCache => "always",
            Kind::Command => "command",
            Kind::Arg => "arg",
            Kind::Var => "var",
            Kind::Env => "env",
            Kind::Setting => "key",
            Kind::Stage => "stage",
            Kind::Image => "image",
            Kind::Trigger => "trigger",
            Kind::Git => "git",
            Kind::Url => "url",
            Kind::Files => "files",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.from.is_empty() {
            write!(f, " of {}", self.from)?;
        }
        let join = match self.kind {
            _ if self.name.is_empty() => "",
            Kind::Image => "@",
            Kind::Git => " at ",
            _ => " = ",
        };
        match &self.value {
            Some(value) => write!(f, "{join}{}", shown(value))?,
            None if matches!(self.kind, Kind::Arg | Kind::Var) => f.write_str(" (not set)")?,
            None => {}
        }
        if !self.note.is_empty() && self.note != IN_KEYS {
            write!(f, " ({})", self.note)?;
        }
        Ok(())
    }
}

impl NotCounted {
    fn several(kind: &str, names: &[&str]) -> String {
        let names = names.join(", ");
        match kind {
            "cache" => format!("content of cache {names}"),
            "secret" => format!("value of secret {names}"),
            "ssh" => format!("ssh agent {names}"),
            kind => format!("{kind} {names}"),
        }
    }
}

/// A reason whose value has changed.
pub(super) struct Differing<'a> {
    pub(super) before: &'a Reason,
    pub(super) now: &'a Reason,
}

impl fmt::Display for Differing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, now } = self;
        let (old, new) = (value(before), value(now));
        f.write_str(now.kind.word())?;
        if !now.name.is_empty() {
            write!(f, " {}", now.name)?;
        }
        if old.len().max(new.len()) > MAX_VALUE && now.kind == Kind::Command {
            return f.write_str(" is another text");
        }
        write!(f, " {old} -> {new}")
    }
}

/// The value in a reason, in words.
fn value(reason: &Reason) -> String {
    match &reason.value {
        Some(value) if value.is_empty() => "(empty)".to_owned(),
        Some(value) => shown(value),
        None => "(not set)".to_owned(),
    }
}

/// A text of at most `width` characters.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(3)).collect();
    short.push_str("...");
    short
}

/// A value on one line.
fn shown(value: &str) -> String {
    value
        .chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect()
}
