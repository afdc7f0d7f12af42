//! `on-build`: instructions that run in builds based on an image.
//!
//! Input: the text of a Dockerfile instruction. Output: the text for the image config. Must not
//! depend on the meaning of instructions: the engine's own Dockerfile frontend runs them.

use super::instruction_forms::{INSTRUCTIONS, form_of};
use super::names::Names;
use super::read::Read;
use super::reader::Reader;
use super::shape::Shape;
use super::text::dedent;
use crate::diagnostic::{Code, Diagnostic, Reported, list, nearest};
use crate::text::Text;
use crate::toml::Value;

/// An instruction, in the form of image configs.
#[derive(Debug, Clone)]
pub struct Trigger(pub String);

impl Read for Trigger {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        let text = Text::read(value, reader)?.map(dedent);
        match recorded(&text) {
            Ok(trigger) => Ok(Self(trigger)),
            Err((message, hint)) => reader
                .diagnostics
                .error(Diagnostic::new(Code::InvalidValue, span, message).hint(hint)),
        }
    }

    fn shape() -> Shape {
        Shape::Text
    }
}

/// Its text belongs to a Dockerfile, so it uses no names of the build file.
impl Names for Trigger {
    fn visit_names(&self, _: &mut dyn FnMut(&str)) {}
}

/// The instruction as BuildKit records it: continued lines are joined and comments between them
/// removed, but here-documents are kept (`parser.Parse` and `parseOnBuild` in frontend/dockerfile).
/// The error is a message and a hint.
fn recorded(text: &str) -> Result<String, (String, String)> {
    let mut lines = text.lines().skip_while(is_left_out);
    let Some(first) = lines.next() else {
        return error(
            "an `on-build` entry has no instruction",
            "write an instruction, such as \"RUN make\"",
        );
    };
    let (mut trigger, mut goes_on) = continued(first.trim_start());
    while goes_on {
        let Some(line) = lines.find(|line| !is_left_out(line)) else { break };
        let (part, more) = continued(line);
        trigger.push_str(part.as_str());
        goes_on = more;
    }
    check_word(trigger.split_whitespace().next().unwrap_or_default())?;
    for name in heredocs(&trigger) {
        loop {
            let Some(line) = lines.next() else {
                return Err((
                    format!("unterminated here-document `{name}` in `on-build`"),
                    format!("end it with a line `{name}`"),
                ));
            };
            trigger.push('\n');
            // For `<<-EOF`, the last line may be indented with tabs, which BuildKit removes.
            if line.trim_start_matches('\t') == name {
                trigger.push_str(&name);
                break;
            }
            trigger.push_str(line);
        }
    }
    match lines.find(|line| !is_left_out(line)) {
        Some(_) => error(
            "an `on-build` entry has several instructions",
            "write each instruction as its own string; a line that ends with a backslash continues",
        ),
        None => Ok(trigger),
    }
}

fn error<T>(message: &str, hint: &str) -> Result<T, (String, String)> {
    Err((message.to_owned(), hint.to_owned()))
}

fn is_left_out(line: &&str) -> bool {
    line.trim().is_empty() || is_comment(line)
}

fn is_comment(line: &&str) -> bool {
    line.trim_start().starts_with('#')
}

/// A line without its trailing backslash, and true if it had one.
fn continued(line: &str) -> (String, bool) {
    let trimmed = line.trim_end_matches([' ', '\t', '\r']);
    match trimmed.strip_suffix('\\') {
        Some(part) if !part.ends_with('\\') => (part.to_owned(), true),
        _ => (line.trim_end_matches(['\r', '\n']).to_owned(), false),
    }
}

/// Checks the instruction's name as BuildKit does (`parseOnBuild`), and that the instruction
/// exists.
fn check_word(word: &str) -> Result<(), (String, String)> {
    let instruction = word.to_ascii_uppercase();
    let (message, hint) = match instruction.as_str() {
        "ONBUILD" => (
            "an `on-build` entry cannot begin with ONBUILD".to_owned(),
            "remove the word: `on-build` already says it".to_owned(),
        ),
        "FROM" | "MAINTAINER" => (
            format!("{instruction} is not allowed in `on-build`"),
            format!(
                "Dockerfiles reject ONBUILD {instruction} too: put it in the build that starts from this image"
            ),
        ),
        _ if form_of(&instruction).is_some() => return Ok(()),
        _ => {
            let hint = match nearest(&instruction, instruction_names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let refused = ["FROM", "MAINTAINER", "ONBUILD"];
                    format!(
                        "expected one of {}",
                        list(instruction_names().filter(|name| !refused.contains(name)))
                    )
                }
            };
            (format!("unknown instruction `{word}`"), hint)
        }
    };
    Err((message, hint))
}

fn instruction_names() -> impl Iterator<Item = &'static str> {
    INSTRUCTIONS.iter().map(|&(name, _)| name)
}

/// The names of the here-documents in an instruction, in order.
fn heredocs(instruction: &str) -> Vec<String> {
    let word = instruction.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    if !["ADD", "COPY", "RUN"].contains(&word.as_str()) {
        return Vec::new();
    }
    let begins = instruction.split_whitespace().filter_map(|word| {
        let (before, name) = word.split_once("<<")?;
        let name = name.strip_prefix('-').unwrap_or(name);
        let name = name.trim_matches(['\'', '"']);
        let is_number = before.bytes().all(|byte| byte.is_ascii_digit());
        let is_name = !name.is_empty() && !name.contains(['<', '$', '(', '\'', '"']);
        (is_number && is_name).then(|| name.to_owned())
    });
    begins.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded() {
        let cases = [
            ("RUN make", "RUN make"),
            ("  run make", "run make"),
            ("RUN a \\\n  && b \\\n# note\n\n  && c\n", "RUN a   && b   && c"),
            ("RUN <<EOF\na\n\n# kept\nb\nEOF\n", "RUN <<EOF\na\n\n# kept\nb\nEOF"),
            ("COPY <<-\"A\" <<B /x/\n1\n\tA\n2\nB", "COPY <<-\"A\" <<B /x/\n1\nA\n2\nB"),
            ("ENV A=<<B", "ENV A=<<B"),
            ("RUN echo a\\\\", "RUN echo a\\\\"),
        ];
        for (text, expected) in cases {
            assert_eq!(recorded(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_refused() {
        for text in
            ["", " \n# x", "ONBUILD RUN a", "onbuild run a", "from a", "MAINTAINER a", "make"]
        {
            assert!(recorded(text).is_err(), "{text}");
        }
        for text in ["RUN a\nRUN b", "RUN <<EOF\na", "RUN <<EOF\na\nEOF\nRUN b"] {
            assert!(recorded(text).is_err(), "{text}");
        }
    }
}
