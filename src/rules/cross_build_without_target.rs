//! `cross-build-without-target`: a tool for cross builds that does not know its target.
//!
//! `xx` and similar tools read the target from their environment (xx-info of tonistiigi/xx:
//! `TARGETPLATFORM`, or `TARGETPAIR`, or `TARGETARCH` with `TARGETOS`). A step gets an arg if its
//! text names it, but a text does not name the variables that a tool reads by itself: without them,
//! the tool builds for the building machine.

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::{Action, Exec};
use crate::spec::{Step, Template, Verb, first_of, script};
use crate::text::Text;

/// Prefixes of programs that read the target from their environment: those of tonistiigi/xx,
/// crazy-max/goxx and crazy-max/goreleaser-xx.
const TOOLS: [&str; 3] = ["xx-", "goxx-", "goreleaser-xx"];

/// Variables each of which gives the target architecture.
const TARGETS: [&str; 3] = ["TARGETPLATFORM", "TARGETARCH", "TARGETPAIR"];

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    // True if a stage is written to run on the building machine, regardless of the target.
    let is_written_so = subject.inherited(|stage, base| {
        match (&stage.platform, first_of(&stage.from).value.platform()) {
            (Some(own), _) => names_it(own),
            (None, Some(of_image)) => names_it(of_image),
            (None, None) => base.copied().unwrap_or(false),
        }
    });
    let request = subject.selection.request;
    for (at, selected) in subject.stages() {
        let runs_so = selected.platform == request.build_platform
            && selected.platform != request.target_platform;
        if !is_written_so[at] && !runs_so {
            continue;
        }
        for (written, planned) in subject.steps(at) {
            let Action::Exec(exec) = &planned.action else { continue };
            if TARGETS.iter().any(|name| exec.environment.get(name).is_some()) {
                continue;
            }
            let Some(tool) = tool_of(written, exec) else { continue };
            let message = format!(
                "`{tool}` reads `TARGETPLATFORM` from its environment, but this step does not set it, so it builds for the build platform"
            );
            diagnostics.push(
                Diagnostic::new(Code::CrossBuildWithoutTarget, planned.span, message).hint(
                    "set `args = [\"TARGETPLATFORM\"]` in the step, or in the stage if all its steps build for the target",
                ),
            );
        }
    }
}

fn names_it(platform: &Template) -> bool {
    let mut names_it = false;
    platform.visit_names(&mut |name| names_it |= name.starts_with("BUILD"));
    names_it
}

/// The first tool in a step that does not know its target.
fn tool_of(step: &Step, exec: &Exec) -> Option<String> {
    let commands = match &step.verb {
        Verb::Run(run) => {
            let text = &run.script.value.0;
            let is_worth_it = TOOLS.iter().any(|tool| text.contains(tool));
            // A text that sets the target itself is left alone.
            let sets_target = TARGETS.iter().any(|name| text.contains(name));
            if !is_worth_it || sets_target {
                return None;
            }
            script::commands(text)
        }
        Verb::Exec(_) => vec![exec.args.iter().map(Text::to_string).collect()],
        _ => return None,
    };
    commands.iter().flatten().find_map(|word| tool_in(word))
}

/// The name of a tool in a word, which may be a path, a value, or a command in quotes:
/// `CC=xx-clang`, `$(xx-info arch)`.
fn tool_in(word: &str) -> Option<String> {
    word.split(|c: char| !is_of_name(c)).find_map(|name| {
        let is_tool = TOOLS.iter().any(|tool| match tool.ends_with('-') {
            true => name.len() > tool.len() && name.starts_with(tool),
            false => name == *tool,
        });
        is_tool.then(|| name.to_owned())
    })
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_in_words() {
        for (word, expected) in [
            ("xx-go", Some("xx-go")),
            ("/usr/bin/xx-clang++", Some("xx-clang++")),
            ("CC=xx-clang", Some("xx-clang")),
            ("triple is $(xx-info triple)", Some("xx-info")),
            ("goreleaser-xx", Some("goreleaser-xx")),
            ("goxx-go", Some("goxx-go")),
            ("xx-", None),
            ("prefixxx-go", None),
            ("maxx-value", None),
        ] {
            assert_eq!(tool_in(word).as_deref(), expected, "{word}");
        }
    }
}
