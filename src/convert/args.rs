//! The args of a Dockerfile as the `[args]` of a build file.
//!
//! A Dockerfile declares an arg before the first `FROM`, in stages, or both, each time with a default of its
//! own or without one. A build file declares it once. Where the defaults differ, it has none there, and each
//! place that uses the arg says its own.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Remark;
use super::bases::Bases;
use super::comments;
use super::toml::Value;
use super::words::{self, Known, Meaning, Names};
use crate::dockerfile::{ArgPair, Dockerfile, Instruction, Kind, lex};
use crate::source::Span;

/// The args of the build file.
pub(super) struct ArgTable {
    /// In the order in which the Dockerfile declares them.
    pub(super) args: Vec<DeclaredArg>,
    by_name: BTreeMap<String, usize>,
    /// Constants for args with a default of one stage, where a modifier needs their value: by their values.
    constants: RefCell<BTreeMap<String, String>>,
}

/// An arg of the build file.
pub(super) struct DeclaredArg {
    pub(super) name: String,
    /// Its default in the build file.
    pub(super) default: Option<String>,
    /// Its default before the first `FROM`, where that is not the build file's.
    pub(super) global_default: Option<String>,
    pub(super) is_global: bool,
    pub(super) description: Option<String>,
    pub(super) comments: Vec<String>,
    pub(super) span: Span,
}

/// The args that are defined without a declaration, and visible to a stage that declares them. Follows
/// `defaultArgs` in `frontend/dockerfile/dockerfile2llb/platform.go` of BuildKit.
pub(super) const PREDEFINED: [&str; 9] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "TARGETSTAGE",
];

/// Args that every process gets without a declaration.
fn is_proxy(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"].contains(&&*name)
}

/// One declaration of an arg.
struct Declaration<'d> {
    stage: Option<usize>,
    pair: &'d ArgPair,
    instruction: &'d Instruction,
}

/// The default of one declaration.
#[derive(Debug, Clone, PartialEq)]
enum FoundDefault {
    None,
    /// A text that means the same everywhere.
    Shared(String),
    /// It depends on the variables of its stage.
    OfStage,
}

impl FoundDefault {
    fn shared(&self) -> Option<&str> {
        match self {
            FoundDefault::Shared(text) => Some(text),
            FoundDefault::None | FoundDefault::OfStage => None,
        }
    }
}

impl ArgTable {
    pub(super) fn new(dockerfile: &Dockerfile, bases: &Bases, remarks: &mut Vec<Remark>) -> Self {
        let escape = dockerfile.directives.escape.char();
        let mut by_name: BTreeMap<String, Vec<Declaration<'_>>> = BTreeMap::new();
        let mut order: Vec<String> = Vec::new();
        for (stage, instruction) in declarations(dockerfile, bases) {
            let Kind::Arg(pairs) = &instruction.kind else { continue };
            for pair in pairs {
                let Some(name) = words::constant(&pair.name.value, escape) else { continue };
                if !words::is_name(&name) {
                    let message = format!("an arg cannot be named `{name}` in a build file");
                    remarks.push(Remark { span: pair.name.span, message, is_error: true });
                    continue;
                }
                let is_predefined = is_proxy(&name) || PREDEFINED.contains(&&*name);
                if is_predefined && pair.default.is_none() {
                    continue;
                }
                // Those of a stage are told where the stage is converted.
                if let (None, Some(default)) = (stage, &pair.default)
                    && let Err(message) = lex::word(&default.value, escape)
                {
                    remarks.push(Remark { span: default.span, message, is_error: true });
                }
                let found = by_name.entry(name.clone()).or_insert_with(|| {
                    order.push(name);
                    Vec::new()
                });
                found.push(Declaration { stage, pair, instruction });
            }
        }
        let constants = RefCell::default();
        let mut table = Self { args: Vec::new(), by_name: BTreeMap::new(), constants };
        for name in order {
            let arg = table.declare(&name, &by_name[&name], escape);
            table.by_name.insert(name, table.args.len());
            table.args.push(arg);
        }
        table
    }

    /// An arg of this name.
    pub(super) fn get(&self, name: &str) -> Option<&DeclaredArg> {
        self.by_name.get(name).map(|&index| &self.args[index])
    }

    /// Returns `true` for a name in whose place a build file puts an arg's value.
    pub(super) fn is_known(&self, name: &str) -> bool {
        self.by_name.contains_key(name) || PREDEFINED.contains(&name)
    }

    /// Returns the name of a constant that is an arg's value, or this default where it is not given.
    pub(super) fn constant(&self, name: &str, default: &str) -> String {
        let mut constants = self.constants.borrow_mut();
        let value = format!("${{{name}-{default}}}");
        if let Some(known) = constants.get(&value) {
            return known.clone();
        }
        let mut number = 1;
        let constant = loop {
            let candidate = format!("{name}_{number}");
            let is_taken = constants.values().any(|taken| *taken == candidate);
            if !is_taken && !self.is_known(&candidate) {
                break candidate;
            }
            number += 1;
        };
        constants.insert(value, constant.clone());
        constant
    }

    /// Returns the constants by their names.
    pub(super) fn constants(&self) -> BTreeMap<String, String> {
        let constants = self.constants.borrow();
        constants.iter().map(|(value, name)| (name.clone(), value.clone())).collect()
    }

    fn declare(&self, name: &str, declarations: &[Declaration<'_>], escape: char) -> DeclaredArg {
        let first = &declarations[0];
        let mut comments = comments::above(first.instruction);
        let description = comments::take_description(&mut comments, name);
        // The comments above several args belong to the first.
        if !is_first_pair(first) {
            comments.clear();
        }
        let mut found: Vec<(bool, FoundDefault)> = Vec::new();
        for declaration in declarations {
            let is_global = declaration.stage.is_none();
            let default = match &declaration.pair.default {
                None => FoundDefault::None,
                // A default of a stage may depend on what the stage has set before.
                Some(default)
                    if !is_global && words::constant(&default.value, escape).is_none() =>
                {
                    FoundDefault::OfStage
                }
                Some(default) => {
                    let previous = found.iter().rev().find_map(|(_, default)| default.shared());
                    let names = Redeclared { table: self, name, previous };
                    words::value(&default.value, escape, &names)
                        .map_or(FoundDefault::OfStage, FoundDefault::Shared)
                }
            };
            found.push((is_global, default));
        }
        let global =
            found.iter().rfind(|(is_global, _)| *is_global).map(|(_, default)| default.clone());
        let is_global = global.is_some();
        let global_default = global.as_ref().and_then(FoundDefault::shared).map(str::to_owned);
        // A stage that declares it without a default has the global one.
        let expected = global.unwrap_or_else(|| found[0].1.clone());
        let agreed = found.iter().all(|(of_global, default)| {
            *of_global || *default == expected || is_global && *default == FoundDefault::None
        }) && expected != FoundDefault::OfStage;
        let default = expected.shared().filter(|_| agreed).map(str::to_owned);
        DeclaredArg {
            name: name.to_owned(),
            global_default: if agreed { None } else { global_default },
            default,
            is_global,
            description,
            comments,
            span: first.pair.name.span,
        }
    }
}

/// The values of the args before the first `FROM`, as far as they are known: what is given, or the default. A default
/// that must not be used fails.
pub(super) fn globals(
    dockerfile: &Dockerfile,
    given: &BTreeMap<String, String>,
    remarks: &mut Vec<Remark>,
) -> BTreeMap<String, String> {
    let escape = dockerfile.directives.escape.char();
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for instruction in &dockerfile.global_args {
        let Kind::Arg(pairs) = &instruction.kind else { continue };
        for pair in pairs {
            let Some(name) = words::constant(&pair.name.value, escape) else { continue };
            if let Some(value) = given.get(&name) {
                values.insert(name, value.clone());
                continue;
            }
            let Some(default) = &pair.default else { continue };
            let Ok(pieces) = lex::word(&default.value, escape) else { continue };
            let known = |name: &str| match values.get(name) {
                Some(value) => Known::Value(value),
                None if PREDEFINED.contains(&name) => Known::Unknown,
                None => Known::Unset,
            };
            match words::fold(&pieces, &known) {
                Ok(Some(value)) => {
                    values.insert(name, value);
                }
                Ok(None) => {
                    values.remove(&name);
                }
                Err(message) => {
                    remarks.push(Remark { span: default.span, message, is_error: true });
                }
            }
        }
    }
    values
}

/// The arg by which a Dockerfile says that a stage belongs to the SBOM.
pub(super) const SCAN_STAGE: &str = "BUILDKIT_SBOM_SCAN_STAGE";

/// The arg by which a Dockerfile says that the build context belongs to the SBOM.
const SCAN_CONTEXT: &str = "BUILDKIT_SBOM_SCAN_CONTEXT";

/// Returns whether a stage is meant by a list of stages, or by `true` (`isEnabledForStage` in
/// `frontend/dockerfile/dockerfile2llb/convert.go` of BuildKit).
pub(super) fn is_enabled(value: &str, stage: &str) -> bool {
    match value {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => true,
        "0" | "f" | "F" | "FALSE" | "false" | "False" => false,
        stages => stages.split(',').any(|name| name == stage),
    }
}

/// Returns whether an SBOM of a stage, or of the last one, is to have what is in the build context.
pub fn scans_context(
    dockerfile: &Dockerfile,
    given: &BTreeMap<String, String>,
    target: Option<usize>,
) -> bool {
    let Some(target) = target.or(dockerfile.stages.len().checked_sub(1)) else { return false };
    let escape = dockerfile.directives.escape.char();
    let bases = Bases::new(dockerfile);
    let mut chain = vec![target];
    while let Some(base) = chain.last().and_then(|&stage| bases.base_of(stage)) {
        chain.push(base);
    }
    let globals = globals(dockerfile, given, &mut Vec::new());
    let mut value = globals.get(SCAN_CONTEXT).cloned();
    for stage in chain.into_iter().rev() {
        for instruction in &dockerfile.stages[stage].instructions {
            let Kind::Arg(pairs) = &instruction.kind else { continue };
            for pair in pairs.iter().filter(|pair| pair.name.value == SCAN_CONTEXT) {
                let default = pair.default.as_ref();
                let default = default.and_then(|word| words::constant(&word.value, escape));
                let own = given.get(SCAN_CONTEXT).cloned().or(default);
                value = own.or_else(|| globals.get(SCAN_CONTEXT).cloned());
            }
        }
    }
    let name = dockerfile.stages[target].header.name.as_ref();
    value.is_some_and(|value| is_enabled(&value, name.map_or("", |name| &name.value)))
}

impl DeclaredArg {
    /// Its entry in `[args]`.
    pub(super) fn value(&self) -> Value {
        let default = self.default.as_ref().map(|default| Value::text(default.clone()));
        let description = self.description.as_ref().map(|text| Value::text(text.clone()));
        match (default, description) {
            (Some(default), None) => default,
            (default, description) => Value::table(
                [("default", default), ("description", description)]
                    .into_iter()
                    .filter_map(|(key, value)| Some((key.to_owned(), value?)))
                    .collect(),
            ),
        }
        .at(self.span)
    }
}

/// Every `ARG`, with its stage: those that a stage triggers in others of the file are among them.
fn declarations<'d>(
    dockerfile: &'d Dockerfile,
    bases: &Bases,
) -> impl Iterator<Item = (Option<usize>, &'d Instruction)> {
    let global = dockerfile.global_args.iter().map(|instruction| (None, instruction));
    let stages = dockerfile.stages.iter().enumerate().flat_map(move |(index, stage)| {
        let is_base = bases.is_base(index);
        stage.instructions.iter().map(move |instruction| {
            let instruction = match &instruction.kind {
                Kind::Onbuild(trigger) if is_base => &*trigger.instruction,
                _ => instruction,
            };
            (Some(index), instruction)
        })
    });
    global.chain(stages)
}

fn is_first_pair(declaration: &Declaration<'_>) -> bool {
    let Kind::Arg(pairs) = &declaration.instruction.kind else { return false };
    pairs.first().is_some_and(|first| first.name.span == declaration.pair.name.span)
}

/// The meaning of names before the first `FROM`, and in `FROM` itself.
pub(super) struct Globals<'t> {
    pub(super) table: &'t ArgTable,
}

impl Names for Globals<'_> {
    fn meaning(&self, name: &str) -> Meaning {
        match self.table.get(name) {
            _ if !words::is_name(name) => Meaning::Never,
            Some(arg) if arg.is_global && arg.default.is_some() => Meaning::Set,
            Some(arg) if !arg.is_global => Meaning::Never,
            Some(_) => Meaning::Maybe,
            None if PREDEFINED.contains(&name) => Meaning::Set,
            None => Meaning::Never,
        }
    }

    fn replacement(&self, name: &str) -> Option<String> {
        let default = self.table.get(name)?.global_default.as_ref()?;
        Some(format!("${{{name}-{default}}}"))
    }
}

/// The same, where an arg is declared again: its own name is its default so far.
struct Redeclared<'t> {
    table: &'t ArgTable,
    name: &'t str,
    previous: Option<&'t str>,
}

impl Names for Redeclared<'_> {
    fn meaning(&self, name: &str) -> Meaning {
        match name == self.name {
            true if self.previous.is_some() => Meaning::Set,
            true => Meaning::Never,
            false => Globals { table: self.table }.meaning(name),
        }
    }

    fn replacement(&self, name: &str) -> Option<String> {
        match name == self.name {
            true => self.previous.map(str::to_owned),
            false => Globals { table: self.table }.replacement(name),
        }
    }
}
