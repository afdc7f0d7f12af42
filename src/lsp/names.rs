//! The meaning of names: what a use refers to, in all files of a build.
//!
//! Input: the documents of a build. Output: for a position its symbol, and for a symbol where it is
//! declared and used.

use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use super::document::Document;
use super::index::{Kind, Role, Scope, StageFacts, Use};

/// A declared name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Symbol {
    pub(super) kind: Kind,
    pub(super) name: String,
}

/// A place of a symbol.
pub(super) struct Place<'n> {
    pub(super) document: &'n Document,
    pub(super) range: Range<usize>,
    /// The use; `None` for a declaration.
    pub(super) used: Option<&'n Use>,
}

/// The names of a build.
pub(super) struct Names {
    pub(super) documents: Vec<Rc<Document>>,
    declared: BTreeSet<Symbol>,
}

impl Names {
    /// The names of these documents.
    pub(super) fn new(documents: Vec<Rc<Document>>) -> Self {
        let mut declared = BTreeSet::new();
        for definition in documents.iter().flat_map(|document| &document.index.definitions) {
            declared.insert(Symbol { kind: definition.kind, name: definition.name.clone() });
        }
        Self { documents, declared }
    }

    /// True if a name is declared.
    pub(super) fn has(&self, kind: Kind, name: &str) -> bool {
        self.declared.contains(&Symbol { kind, name: name.to_owned() })
    }

    /// The declared names of a kind, in order.
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.declared.iter().filter(move |symbol| symbol.kind == kind).map(|symbol| &*symbol.name)
    }

    /// The symbol that a use refers to.
    pub(super) fn target(&self, used: &Use) -> Option<Symbol> {
        let name = used.name.as_str();
        let kind = match used.role {
            Role::Stage => Kind::Stage,
            Role::Source => Kind::Source,
            Role::Mounts => Kind::Mounts,
            // In a stage, its own name means the image.
            Role::Base if used.stage.as_deref() == Some(name) => Kind::Source,
            Role::Base if self.has(Kind::Stage, name) => Kind::Stage,
            Role::Base => Kind::Source,
            Role::Arg => Kind::Arg,
            Role::Condition => self.arg_or_var(name),
            Role::Template(scope) | Role::Script(scope) => {
                if self.is_env(used, scope) {
                    return None;
                }
                match used.role {
                    // A var is not in the environment.
                    Role::Script(_) => Kind::Arg,
                    _ => self.arg_or_var(name),
                }
            }
        };
        let symbol = Symbol { kind, name: name.to_owned() };
        self.declared.contains(&symbol).then_some(symbol)
    }

    fn arg_or_var(&self, name: &str) -> Kind {
        if self.has(Kind::Var, name) { Kind::Var } else { Kind::Arg }
    }

    /// True if a name is a variable of the environment where it is used.
    pub(super) fn is_env(&self, used: &Use, scope: Scope) -> bool {
        let Some(stage) = &used.stage else { return false };
        let facts = self.facts(stage);
        match scope {
            Scope::Args => false,
            Scope::Here => true,
            Scope::Stage => self.inherits(Some(stage), &used.name),
            Scope::Image => {
                facts.is_some_and(|facts| facts.image_env.contains(&used.name))
                    || self.inherits(Some(stage), &used.name)
            }
            Scope::Base => self.inherits(facts.and_then(|facts| facts.base.as_deref()), &used.name),
        }
    }

    fn facts(&self, stage: &str) -> Option<&StageFacts> {
        self.documents.iter().find_map(|document| document.index.stages.get(stage))
    }

    /// True if a stage has a variable in its own environment, or in that of a stage that it is
    /// built from.
    fn inherits(&self, stage: Option<&str>, name: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut stage = stage;
        while let Some(current) = stage.filter(|stage| seen.insert(*stage)) {
            let Some(facts) = self.facts(current) else { break };
            if facts.env.contains(name) {
                return true;
            }
            stage = facts.base.as_deref();
        }
        false
    }

    /// The variables of a stage's environment, its own and inherited ones.
    pub(super) fn env_of(&self, stage: &str) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut stage = Some(stage);
        while let Some(facts) =
            stage.filter(|stage| seen.insert(*stage)).and_then(|stage| self.facts(stage))
        {
            names.extend(facts.env.iter().map(String::as_str));
            stage = facts.base.as_deref();
        }
        names
    }

    /// The symbol at an offset of a document, and the range of its name.
    pub(super) fn symbol_at(
        &self,
        document: &Document,
        offset: usize,
    ) -> Option<(Symbol, Range<usize>)> {
        let is_here = |range: &Range<usize>| range.start <= offset && offset <= range.end;
        let definition =
            document.index.definitions.iter().find(|definition| is_here(&definition.range));
        if let Some(found) = definition {
            let symbol = Symbol { kind: found.kind, name: found.name.clone() };
            return Some((symbol, found.range.clone()));
        }
        let mut uses = document.index.uses.iter().filter(|used| is_here(&used.range));
        uses.find_map(|used| Some((self.target(used)?, used.range.clone())))
    }

    /// The places where a symbol is declared, its first one first.
    pub(super) fn definitions(&self, symbol: &Symbol) -> Vec<Place<'_>> {
        let mut places = Vec::new();
        for is_first in [true, false] {
            for document in &self.documents {
                let definitions = document.index.definitions.iter().filter(|found| {
                    found.is_first == is_first
                        && found.kind == symbol.kind
                        && found.name == symbol.name
                });
                places.extend(definitions.map(|found| Place {
                    document,
                    range: found.range.clone(),
                    used: None,
                }));
            }
        }
        places
    }

    /// The places where a symbol is used.
    pub(super) fn uses(&self, symbol: &Symbol) -> Vec<Place<'_>> {
        let mut places = Vec::new();
        for document in &self.documents {
            let uses = document.index.uses.iter();
            let uses = uses.filter(|used| used.name == symbol.name);
            let uses = uses.filter(|used| self.target(used).as_ref() == Some(symbol));
            places.extend(uses.map(|used| Place {
                document,
                range: used.range.clone(),
                used: Some(used),
            }));
        }
        places
    }

    /// True if a name is that of a variable in any environment of the build.
    pub(super) fn is_any_env(&self, name: &str) -> bool {
        let mut facts = self.documents.iter().flat_map(|document| document.index.stages.values());
        facts.any(|facts| facts.env.contains(name) || facts.image_env.contains(name))
            || self.documents.iter().flat_map(|document| &document.index.uses).any(|used| {
                used.name == name
                    && matches!(used.role, Role::Template(Scope::Here) | Role::Script(Scope::Here))
            })
    }
}
