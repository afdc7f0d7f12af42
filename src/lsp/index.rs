//! The names of a document: where they are declared, and where they are used.
//!
//! Input: text that can be parsed. Output: an [`Index`] with ranges in the text. Must not depend on
//! other documents: [`super::names`] finds out what a name means in all files of a build.

mod templates;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use self::templates::{in_script, in_template};
use super::headers::{Written, headers, inner};
use super::language::{Table, item_of, language, takes_template};
use super::meaning::{Meaning, expands, is_outer, meaning};
use super::walk::{At, Visitor, text_of, walk};
use crate::diagnostic::Diagnostics;
use crate::source::SourceFile;
use crate::spec::shape::Key;
use crate::toml::{self, Entry, Kind as Form, Value};

/// The kinds of declared names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Stage,
    Arg,
    Var,
    Source,
    Mounts,
}

impl Kind {
    /// Every kind, with the key of the build file that declares its names.
    pub(super) const KEYS: [(&str, Kind); 5] = [
        ("stages", Kind::Stage),
        ("args", Kind::Arg),
        ("vars", Kind::Var),
        ("sources", Kind::Source),
        ("mounts", Kind::Mounts),
    ];

    /// The kind of names that a key of the build file declares.
    pub(super) fn of_key(key: &str) -> Option<Kind> {
        Self::KEYS.iter().find(|(known, _)| *known == key).map(|&(_, kind)| kind)
    }

    /// The word for it with its article.
    pub(super) fn with_article(self) -> &'static str {
        match self {
            Kind::Stage => "a stage",
            Kind::Arg => "an arg",
            Kind::Var => "a var",
            Kind::Source => "a source",
            Kind::Mounts => "a set of mounts",
        }
    }

    /// The word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Stage => "stage",
            Kind::Arg => "arg",
            Kind::Var => "var",
            Kind::Source => "source",
            Kind::Mounts => "set of mounts",
        }
    }
}

/// A declared name, at one of the places where its declaration is written.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// The range of the name.
    pub(super) range: Range<usize>,
    /// False for further headers of the same declaration.
    pub(super) is_first: bool,
}

/// A use of a name.
#[derive(Debug, Clone)]
pub(super) struct Use {
    pub(super) name: String,
    pub(super) range: Range<usize>,
    pub(super) role: Role,
    /// The stage in which it is used.
    pub(super) stage: Option<String>,
}

/// The things that a use can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A stage.
    Stage,
    /// A stage, a source, or an image.
    Base,
    Source,
    Mounts,
    /// An arg of a list.
    Arg,
    /// An arg or a var that a condition compares.
    Condition,
    /// `${NAME}` in a string.
    Template(Scope),
    /// `$NAME` in a script.
    Script(Scope),
}

/// The environment in which a name is looked up before args.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// None.
    Args,
    /// The name is in the environment of the step, or of the same table.
    Here,
    /// That of the stage.
    Stage,
    /// That of the stage, and of the image's config.
    Image,
    /// That of the base: a variable that is set from its own earlier value.
    Base,
}

/// The variables and the base of a stage, for the stages that are built from it.
#[derive(Debug, Clone, Default)]
pub(super) struct StageFacts {
    pub(super) env: BTreeSet<String>,
    pub(super) image_env: BTreeSet<String>,
    /// The name in its `from`.
    pub(super) base: Option<String>,
}

/// A known key, with its table.
#[derive(Clone, Copy)]
pub(super) struct KnownKey {
    pub(super) what: &'static str,
    pub(super) key: &'static Key,
}

/// A step of a stage.
pub(super) struct StepMark {
    pub(super) stage: String,
    /// Its name, or the beginning of what it does.
    pub(super) label: String,
    pub(super) verb: String,
    pub(super) range: Range<usize>,
}

/// The names of a document.
#[derive(Default)]
pub(super) struct Index {
    pub(super) definitions: Vec<Definition>,
    pub(super) uses: Vec<Use>,
    pub(super) keys: Vec<(Range<usize>, KnownKey)>,
    pub(super) stages: BTreeMap<String, StageFacts>,
    /// The paths of included files without a build context, and their ranges.
    pub(super) includes: Vec<(String, Range<usize>)>,
    /// The steps of stages, without those of branches.
    pub(super) steps: Vec<StepMark>,
    /// The ranges of scripts, with their quotes.
    pub(super) scripts: Vec<Range<usize>>,
    pub(super) headers: Vec<Written>,
}

impl Index {
    /// The names of a text.
    pub(super) fn new(text: &str) -> Self {
        let file = SourceFile::new("", text.as_bytes().to_vec());
        let document = toml::parse(&file, &mut Diagnostics::default());
        let span = file.span(0..text.len());
        let root = Value { kind: Form::Table(document.entries), span };
        let mut reader = Reader { file: &file, index: Index::default(), step: StepKeys::default() };
        walk(&root, &mut reader);
        let mut index = reader.index;
        index.headers = headers(text);
        index.add_further_headers();
        index.definitions.sort_by_key(|definition| definition.range.start);
        index.keys.sort_by_key(|(range, _)| range.start);
        index.uses.sort_by_key(|used| used.range.start);
        index
    }

    /// Adds the places where a declared name is written again.
    fn add_further_headers(&mut self) {
        let known: BTreeSet<usize> =
            self.definitions.iter().map(|definition| definition.range.start).collect();
        for written in &self.headers {
            let mut path: Vec<(&str, Option<&Range<usize>>)> =
                written.inherited.iter().map(|name| (name.as_str(), None)).collect();
            path.extend(written.parts.iter().map(|part| (part.name.as_str(), Some(&part.range))));
            let [(key, _), (name, Some(range)), ..] = path[..] else { continue };
            let Some(kind) = Kind::of_key(key) else { continue };
            if !known.contains(&range.start) {
                let (name, range) = (name.to_owned(), range.clone());
                self.definitions.push(Definition { kind, name, range, is_first: false });
            }
        }
    }

    /// The known key at an offset.
    pub(super) fn key_at(&self, offset: usize) -> Option<(&Range<usize>, KnownKey)> {
        let next = self.keys.partition_point(|(range, _)| range.start <= offset);
        let (range, key) = self.keys[..next].last()?;
        (offset <= range.end).then_some((range, *key))
    }
}

struct Reader<'f> {
    file: &'f SourceFile,
    index: Index,
    step: StepKeys,
}

/// The keys of the current step that decide about the names in its strings.
#[derive(Default)]
struct StepKeys {
    /// The names in its `env`.
    env: BTreeSet<String>,
    /// True if it replaces `${NAME}` in its content.
    expands: bool,
}

impl StepKeys {
    fn new(entries: &[Entry<'_>]) -> Self {
        let mut env = BTreeSet::new();
        for entry in entries.iter().filter(|entry| entry.key.name == "env") {
            if let Form::Table(variables) = &entry.value.kind {
                env.extend(variables.iter().map(|variable| variable.key.name.to_string()));
            }
        }
        Self { env, expands: expands(entries) }
    }
}

/// The stage that contains a place. `None` for a place in a set of mounts, for example.
fn stage_of(at: At<'_>) -> Option<String> {
    match at.path {
        ["stages", stage, ..] => Some((*stage).to_owned()),
        _ => None,
    }
}

impl<'d> Visitor<'d> for Reader<'_> {
    fn table(&mut self, value: &'d Value<'d>, tables: &[&'static Table], _: At<'_>) {
        let is_step = tables.first().is_some_and(|table| table.what().ends_with(" step"));
        if let Form::Table(entries) = &value.kind
            && is_step
        {
            self.step = StepKeys::new(entries);
        }
    }

    fn key(&mut self, entry: &'d Entry<'d>, known: Option<&'static Key>, at: At<'_>) {
        let range = inner(self.file.text(), self.file.range(entry.key.span));
        if let Some(key) = known {
            self.index.keys.push((range, KnownKey { what: at.what(), key }));
            return;
        }
        let name = entry.key.name.to_string();
        match (at.what(), at.key_name(), at.names) {
            ("a build file", key, []) => {
                let Some(kind) = Kind::of_key(key) else { return };
                if kind == Kind::Stage {
                    self.index.stages.entry(name.clone()).or_default();
                }
                self.index.definitions.push(Definition { kind, name, range, is_first: true });
            }
            (_, "when" | "unless", []) => self.use_of(&name, range, Role::Condition, at),
            ("a stage", "env", []) => {
                if let Some(facts) = self.facts(at) {
                    facts.env.insert(name);
                }
            }
            ("an image", "env", []) => {
                if let Some(facts) = self.facts(at) {
                    facts.image_env.insert(name);
                }
            }
            (_, "copy", []) => self.template(self.file.range(entry.key.span), at),
            _ => {}
        }
    }

    fn value(&mut self, value: &'d Value<'d>, at: At<'_>) {
        if let ["stages", stage, "steps"] = at.path
            && !matches!(value.kind, Form::Array(_))
        {
            self.step(stage, value);
        }
        let Some(text) = text_of(value) else { return };
        let whole = self.file.range(value.span);
        let range = inner(self.file.text(), whole.clone());
        match meaning(at) {
            Meaning::Include => self.index.includes.push((text.to_owned(), range)),
            Meaning::Script => self.script(whole, at),
            Meaning::Content if self.step.expands => self.template(whole, at),
            Meaning::Content => {}
            _ if text.contains('$') => {
                if takes_template(at.shape) {
                    self.template(whole, at);
                }
            }
            Meaning::Stage => {
                self.base(text, at);
                self.use_of(text, range, Role::Stage, at);
            }
            Meaning::Base => {
                self.base(text, at);
                self.use_of(text, range, Role::Base, at);
            }
            Meaning::Source => self.use_of(text, range, Role::Source, at),
            Meaning::Mounts => self.use_of(text, range, Role::Mounts, at),
            Meaning::Arg => self.use_of(text, range, Role::Arg, at),
            Meaning::Platform | Meaning::Other => {}
        }
    }
}

impl Reader<'_> {
    fn facts(&mut self, at: At<'_>) -> Option<&mut StageFacts> {
        self.index.stages.get_mut(&stage_of(at)?)
    }

    fn step(&mut self, stage: &str, value: &Value<'_>) {
        let (verb, label) = match &value.kind {
            Form::Table(entries) => {
                let steps = language().table("a stage").and_then(|stage| stage.key("steps"));
                let tables =
                    steps.map(|(_, shape)| language().tables_of(item_of(shape).unwrap_or(shape)));
                let tables = tables.unwrap_or_default();
                let is_verb = |name: &str| {
                    tables.iter().any(|table| table.identity().is_some_and(|key| key.name == name))
                };
                let verb = entries.iter().find(|entry| is_verb(&entry.key.name));
                let name = entries.iter().find(|entry| entry.key.name == "name");
                let label = name.or(verb).map(|entry| self.short(&entry.value));
                (verb.map_or("", |entry| &entry.key.name), label.unwrap_or_default())
            }
            _ => ("run", self.short(value)),
        };
        let (stage, verb) = (stage.to_owned(), verb.to_owned());
        let range = self.file.range(value.span);
        self.index.steps.push(StepMark { stage, label, verb, range });
    }

    /// The first line of a value.
    fn short(&self, value: &Value<'_>) -> String {
        const LONGEST: usize = 60;
        let text = text_of(value).unwrap_or_else(|| self.file.slice(value.span)).trim();
        let line = text.lines().next().unwrap_or_default();
        let short: String = line.chars().take(LONGEST).collect();
        if short.len() < text.len() { short + "..." } else { short }
    }

    /// Remembers the base of a stage; of several that are merged the first.
    fn base(&mut self, text: &str, at: At<'_>) {
        if let ["stages", _, "from", ..] = at.path
            && let Some(facts) = self.facts(at)
        {
            facts.base.get_or_insert_with(|| text.to_owned());
        }
    }

    fn use_of(&mut self, name: &str, range: Range<usize>, role: Role, at: At<'_>) {
        let stage = stage_of(at);
        self.index.uses.push(Use { name: name.to_owned(), range, role, stage });
    }

    /// Adds the names in a string with substitutions.
    fn template(&mut self, whole: Range<usize>, at: At<'_>) {
        let own = match (at.key_name(), at.names) {
            ("env", [name]) => Some(*name),
            _ => None,
        };
        for range in in_template(self.file.text(), whole) {
            let name = self.file.text()[range.clone()].to_owned();
            let scope = match () {
                () if is_outer(at) => Scope::Args,
                () if own == Some(&*name) => Scope::Base,
                () if self.is_in_step_env(&name, at) => Scope::Here,
                () if at.what() == "an image" || at.what() == "a healthcheck" => Scope::Image,
                () => Scope::Stage,
            };
            self.use_of(&name, range, Role::Template(scope), at);
        }
    }

    fn script(&mut self, whole: Range<usize>, at: At<'_>) {
        for range in in_script(self.file.text(), whole.clone()) {
            let name = self.file.text()[range.clone()].to_owned();
            let is_here = self.is_in_step_env(&name, at);
            let scope = if is_here { Scope::Here } else { Scope::Stage };
            self.use_of(&name, range, Role::Script(scope), at);
        }
        self.index.scripts.push(whole);
    }

    fn is_in_step_env(&self, name: &str, at: At<'_>) -> bool {
        matches!(at.path, ["stages", _, "steps", ..])
            && at.what() != "a stage"
            && self.step.env.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"default = "app"
vars.DIR = "/opt/${NAME}"
[args]
NAME = "x"
[stages.build]
from = "golang:${NAME}"
env = { HOME = "/h", PATH = "${HOME}:${PATH}" }
steps = [
  "echo $NAME ${HOME}",
  { run = "echo $NAME", env = { NAME = "y" } },
  { write = "/s", content = "echo ${NAME}" },
  { write = "/t", content = "${NAME}", expand = true },
]
[stages.app]
from = "build"
requires = ["build"]
args = ["NAME"]
when = { NAME = "x" }
mounts = ["apt"]
[stages.app.image]
env.A = "${NAME}"
user = "${A}"
[mounts]
apt = [{ cache = "/c/${NAME}", from = "build" }]
"#;

    #[test]
    fn names_and_what_they_may_be() {
        let index = Index::new(TEXT);
        let uses: Vec<String> = index
            .uses
            .iter()
            .map(|used| {
                assert_eq!(&TEXT[used.range.clone()], used.name);
                format!("{} {:?}", used.name, used.role)
            })
            .collect();
        let expected = [
            "app Stage",
            "NAME Template(Args)",
            "NAME Template(Args)",
            "HOME Template(Stage)",
            "PATH Template(Base)",
            "NAME Script(Stage)",
            "HOME Script(Stage)",
            "NAME Script(Here)",
            "NAME Template(Stage)",
            "build Base",
            "build Stage",
            "NAME Arg",
            "NAME Condition",
            "apt Mounts",
            "NAME Template(Image)",
            "A Template(Image)",
            "NAME Template(Stage)",
            "build Base",
        ];
        assert_eq!(uses, expected);
        let definitions: Vec<String> = index
            .definitions
            .iter()
            .map(|found| format!("{} {} {}", found.kind.word(), found.name, found.is_first))
            .collect();
        let expected = [
            "var DIR true",
            "arg NAME true",
            "stage build true",
            "stage app true",
            "stage app false",
            "set of mounts apt true",
        ];
        assert_eq!(definitions, expected);
        assert_eq!(index.stages["app"].base.as_deref(), Some("build"));
        assert!(index.stages["build"].env.contains("PATH"));
    }
}
