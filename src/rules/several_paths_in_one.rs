//! `several-paths-in-one`: one text with spaces where paths are expected, as in `COPY`.
//!
//! In a list with a single path, spaces are part of the name.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{OneOrMany, Sources, Stage, StageName, Template, Verb};

pub(super) fn check(_: &StageName, stage: &Stage, diagnostics: &mut Diagnostics) {
    for step in stage.all_steps() {
        match &step.verb {
            Verb::Copy(copy) => {
                if let Sources::To(sources) = &copy.sources.value {
                    check_path("copy", sources, diagnostics);
                }
                for (key, patterns) in [("include", &copy.include), ("exclude", &copy.exclude)] {
                    if let Some(patterns) = patterns {
                        check_path(key, patterns, diagnostics);
                    }
                }
            }
            Verb::Mkdir(mkdir) => check_path("mkdir", &mkdir.paths.value, diagnostics),
            Verb::Remove(remove) => check_path("remove", &remove.paths.value, diagnostics),
            _ => {}
        }
    }
}

fn check_path(key: &str, paths: &OneOrMany<Template>, diagnostics: &mut Diagnostics) {
    let OneOrMany::One(path) = paths else { return };
    let Some(text) = path.as_literal() else { return };
    let words: Vec<&str> = text.split(' ').collect();
    // `a - b` and names that begin or end with a space are names: their parts are not paths of
    // their own.
    if words.len() < 2 || !words.iter().all(is_path) {
        return;
    }
    let list: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
    let message = format!("`{text}` is one path that contains a space");
    diagnostics.push(Diagnostic::new(Code::SeveralPathsInOne, path.span, message).hint(format!(
        "write `{key} = [{}]` for several paths; if the space is intended, write `{key} = [\"{text}\"]`",
        list.join(", ")
    )));
}

fn is_path(word: &&str) -> bool {
    word.contains(|c: char| c.is_alphanumeric() || "*.".contains(c))
}
