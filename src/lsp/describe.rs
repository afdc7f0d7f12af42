//! Texts about keys and names, for hovers and completions.
//!
//! The texts about keys are those of the reference.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::document::Document;
use super::index::Kind;
use super::names::{Names, Symbol};
use crate::diagnostic::{Code, Diagnostics};
use crate::show;
use crate::source::SourceFile;
use crate::spec::shape::{Key, Shape};
use crate::toml::{self, Kind as Form, Value};

/// Common platforms, and the names of those of the build.
pub(super) const PLATFORMS: [&str; 11] = [
    "linux/amd64",
    "linux/arm64",
    "linux/arm/v7",
    "linux/arm/v6",
    "linux/386",
    "linux/ppc64le",
    "linux/riscv64",
    "linux/s390x",
    "windows/amd64",
    "${BUILDPLATFORM}",
    "${TARGETPLATFORM}",
];

/// The names that every build has, with what they are.
const PREDEFINED: [(&str, &str); 12] = [
    ("BUILDARCH", "The architecture of the machine that builds, such as `amd64`."),
    ("BUILDOS", "The operating system of the machine that builds."),
    ("BUILDPLATFORM", "The platform of the machine that builds, such as `linux/amd64`."),
    ("BUILDVARIANT", "The variant of the architecture of the machine that builds."),
    ("TARGETARCH", "The architecture of the result, such as `arm64`."),
    ("TARGETOS", "The operating system of the result."),
    ("TARGETPLATFORM", "The platform of the result, such as `linux/arm/v7`."),
    ("TARGETSTAGE", "The target of the build."),
    ("TARGETVARIANT", "The variant of the architecture of the result, such as `v7`."),
    ("VCS_REVISION", "The commit of the checkout, if the client sends it."),
    ("VCS_SOURCE", "The URL of the repository, if the client sends it."),
    ("SOURCE_DATE_EPOCH", "The time of the result in seconds since 1970."),
];

/// The names that every build has.
pub(super) fn predefined<'n>() -> impl Iterator<Item = &'n str> {
    PREDEFINED.iter().map(|&(name, _)| name)
}

/// True for a name that every build has.
pub(super) fn is_predefined(name: &str) -> bool {
    predefined().any(|known| known == name)
}

/// The text of the reference about a key.
pub(super) fn docs(key: &Key) -> String {
    let required = if key.required { " **Required.**" } else { "" };
    format!("{}{required}", key.docs)
}

/// The values of a key, without links.
pub(super) fn takes(shape: &Shape) -> String {
    let text = show::takes(shape);
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some((before, link)) = rest.split_once('[') {
        plain.push_str(before);
        match link.split_once("](") {
            Some((words, target)) => {
                plain.push_str(words);
                rest = target.split_once(')').map_or("", |(_, rest)| rest);
            }
            None => {
                plain.push('[');
                rest = link;
            }
        }
    }
    plain.push_str(rest);
    plain.replace('`', "")
}

/// The URL of the reference.
pub(super) fn reference(what: &str) -> String {
    const PAGE: &str =
        concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/reference/build-file.md");
    let words = what.split(' ').skip(1).map(|word| word.replace('`', ""));
    format!("{PAGE}#{}", words.collect::<Vec<_>>().join("-"))
}

/// A rule, with its page.
pub(super) fn rule(rule: Code) -> String {
    let url = rule.url().unwrap_or_default();
    format!("**{}** (rule)\n\n{}\n\n[Page of the rule]({url})", rule.name(), rule.description())
}

/// An arg, a var or a predefined name.
pub(super) fn name(names: &Names, name: &str) -> Option<String> {
    let declared = [Kind::Arg, Kind::Var].into_iter().find_map(|kind| symbol(names, kind, name));
    declared.or_else(|| about_predefined(name))
}

/// A declared name: its kind, its declaration in short, and where that is.
pub(super) fn symbol(names: &Names, kind: Kind, name: &str) -> Option<String> {
    let symbol = Symbol { kind, name: name.to_owned() };
    let places = names.definitions(&symbol);
    let place = places.first()?;
    let mut text = format!("`{name}` ({})", kind.word());
    with_declaration(place.document, kind, name, &mut |declaration| {
        summary(declaration, place.document, kind, &mut text);
    });
    add_place(place.document, place.range.start, &mut text);
    Some(text)
}

/// The texts of [`symbol`] for all names of a kind. Each document is parsed once.
pub(super) fn all(names: &Names, kind: Kind) -> BTreeMap<String, String> {
    let key = Kind::KEYS.iter().find(|(_, known)| *known == kind).map_or("", |(key, _)| key);
    let mut texts = BTreeMap::new();
    for document in &names.documents {
        let file = SourceFile::new("", document.valid_text().as_bytes().to_vec());
        let tree = toml::parse(&file, &mut Diagnostics::default());
        let declared = tree.entries.iter().find(|entry| entry.key.name == key);
        let Some(Form::Table(entries)) = declared.map(|declared| &declared.value.kind) else {
            continue;
        };
        for declared in entries {
            let mut text = format!("`{}` ({})", declared.key.name, kind.word());
            summary(&declared.value, document, kind, &mut text);
            let start = file.range(declared.key.span).start;
            add_place(document, start, &mut text);
            texts.entry(declared.key.name.to_string()).or_insert(text);
        }
    }
    texts
}

/// Adds the file and the line of a declaration.
fn add_place(document: &Document, start: usize, text: &mut String) {
    let line = document.lines.line(start) + 1;
    let file = document.path.rsplit('/').next().unwrap_or_default();
    let _ = write!(text, "\n\n{file}:{line}");
}

/// The text about a predefined name.
pub(super) fn about_predefined(name: &str) -> Option<String> {
    let found = PREDEFINED.iter().find(|(known, _)| *known == name);
    found.map(|(_, docs)| format!("`{name}` (predefined)\n\n{docs}"))
}

/// Calls `see` with the value of a declaration.
fn with_declaration(document: &Document, kind: Kind, name: &str, see: &mut dyn FnMut(&Value<'_>)) {
    let file = SourceFile::new("", document.valid_text().as_bytes().to_vec());
    let tree = toml::parse(&file, &mut Diagnostics::default());
    let key = Kind::KEYS.iter().find(|(_, known)| *known == kind).map_or("", |(key, _)| key);
    let root = Value { kind: Form::Table(tree.entries), span: file.span(0..0) };
    if let Some(found) = entry(&root, key).and_then(|table| entry(table, name)) {
        see(found);
    }
}

fn entry<'v, 'd>(value: &'v Value<'d>, name: &str) -> Option<&'v Value<'d>> {
    let Form::Table(entries) = &value.kind else { return None };
    entries.iter().find(|entry| entry.key.name == name).map(|entry| &entry.value)
}

/// Maximum number of characters of a value in a text.
const MAX_VALUE: usize = 200;

/// A value as it is written, cut if it is long.
fn short(value: &Value<'_>, document: &Document) -> String {
    let range = value.span.start as usize..value.span.end as usize;
    let written = document.text.get(range).unwrap_or_default();
    let short: String = written.chars().take(MAX_VALUE).collect();
    if short.len() < written.len() { short + "..." } else { short }
}

/// Adds what a declaration says: its description, and its most important keys as they are written.
fn summary(declaration: &Value<'_>, document: &Document, kind: Kind, text: &mut String) {
    if let Some(Form::String(description)) =
        entry(declaration, "description").map(|value| &value.kind)
    {
        let _ = write!(text, "\n\n{description}");
    }
    let keys: &[&str] = match kind {
        Kind::Stage => &["from", "platform", "workdir", "user", "requires", "report"],
        Kind::Arg => &["default", "values", "pattern", "type", "required"],
        Kind::Source => &["git", "http", "image", "context", "ref", "checksum"],
        Kind::Var | Kind::Mounts => &[],
    };
    let mut lines = Vec::new();
    if let Form::Table(_) = declaration.kind {
        for key in keys {
            if let Some(value) = entry(declaration, key) {
                lines.push(format!("{key} = {}", short(value, document)));
            }
        }
        if let Some(Form::Array(steps)) = entry(declaration, "steps").map(|steps| &steps.kind) {
            let plural = if steps.len() == 1 { "" } else { "s" };
            lines.push(format!("# {} step{plural}", steps.len()));
        }
    } else {
        lines.push(short(declaration, document));
    }
    if !lines.is_empty() {
        let _ = write!(text, "\n\n```toml\n{}\n```", lines.join("\n"));
    }
}
