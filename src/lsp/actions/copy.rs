//! A string such as `COPY --from=a x y` in a list of steps, as a table.

use super::Fix;
use crate::diagnostic::Code;
use crate::lsp::document::Document;
use crate::lsp::findings::Finding;

/// The flags of the instruction that are keys of the step.
const FLAGS: [&str; 3] = ["from", "chown", "chmod"];

/// The step that a Dockerfile instruction in a string would be.
pub(super) fn fix(document: &Document, finding: &Finding) -> Option<Fix> {
    if !matches!(finding.code, Code::DockerfileInstruction | Code::DockerfileForm) {
        return None;
    }
    let scripts = &document.index.scripts;
    let script = scripts
        .iter()
        .find(|script| script.start <= finding.range.start && finding.range.start < script.end)?;
    let token = &document.text[script.clone()];
    let inner = token.trim_matches(['"', '\'']);
    // What needs more than words is for a person to write.
    if inner.contains(['\n', '\\', '"', '\'', '$', '[', '<']) {
        return None;
    }
    let step = step(inner)?;
    let title = format!("Change to `{step}`");
    Some(Fix { title, edits: vec![(script.clone(), step)], is_preferred: true })
}

/// The step for an instruction in words.
fn step(instruction: &str) -> Option<String> {
    let mut words = instruction.split_whitespace();
    let verb = words.next()?.to_ascii_uppercase();
    let words: Vec<&str> = words.collect();
    if verb == "RUN" {
        let is_plain = !words.is_empty() && !words[0].starts_with("--");
        return is_plain.then(|| format!("\"{}\"", words.join(" ")));
    }
    // An archive or a URL is another verb.
    let is_copy = match verb.as_str() {
        "COPY" => true,
        "ADD" => !words.iter().any(|word| word.contains("://") || word.contains(".t")),
        _ => false,
    };
    if !is_copy {
        return None;
    }
    let flags: Vec<&str> =
        words.iter().copied().take_while(|word| word.starts_with("--")).collect();
    let paths = &words[flags.len()..];
    let (to, sources) = paths.split_last().filter(|(_, sources)| !sources.is_empty())?;
    let list = sources.iter().map(|source| format!("\"{source}\"")).collect::<Vec<_>>().join(", ");
    let mut keys = vec![match sources {
        [_] => format!("copy = {list}"),
        _ => format!("copy = [{list}]"),
    }];
    for flag in flags {
        let (name, value) = flag.trim_start_matches('-').split_once('=')?;
        let key = FLAGS.iter().find(|known| **known == name)?;
        keys.push(format!("{key} = \"{value}\""));
    }
    keys.push(format!("to = \"{to}\""));
    Some(format!("{{ {} }}", keys.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_as_steps() {
        for (instruction, expected) in [
            ("COPY a /b", Some("{ copy = \"a\", to = \"/b\" }")),
            (
                "copy --from=x --chown=1:1 a b /c/",
                Some("{ copy = [\"a\", \"b\"], from = \"x\", chown = \"1:1\", to = \"/c/\" }"),
            ),
            ("RUN make all", Some("\"make all\"")),
            ("COPY --link a b", None),
            ("COPY a", None),
            ("ADD https://example.org/x /y", None),
            ("WORKDIR /x", None),
        ] {
            assert_eq!(step(instruction).as_deref(), expected, "{instruction}");
        }
    }
}
