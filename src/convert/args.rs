//! The args of a Dockerfile as the `[args]` of a build file.
//!
//! A Dockerfile declares an arg before the first `FROM`, in stages, or both, each time with or
//! without a default of its own. A build file declares it once. If the defaults differ, the arg has
//! none there, and each place that uses it includes its own.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::bases::Bases;
use super::comments;
use super::remark::Remark;
use super::toml::Value;
use super::words::{self, Known, Meaning, Names};
use crate::collect::collect_map;
use crate::dockerfile::lex::{self, Modifier, Piece};
use crate::dockerfile::{ArgPair, Dockerfile, Instruction, Kind};
use crate::source::Span;

/// The args of the build file.
pub(super) struct ArgTable {
    /// In the order of their declarations in the Dockerfile.
    pub(super) args: Vec<DeclaredArg>,
    by_name: BTreeMap<String, usize>,
    /// Constants for args with a stage's own default, used with modifiers; their names by their
    /// values.
    constants: RefCell<BTreeMap<String, String>>,
}

/// An arg of the build file.
pub(super) struct DeclaredArg {
    pub(super) name: String,
    /// Its default in the build file.
    pub(super) default: Option<String>,
    /// Its default before the first `FROM`, if that is not the build file's.
    pub(super) global_default: Option<String>,
    pub(super) is_global: bool,
    pub(super) description: Option<String>,
    pub(super) comments: Vec<String>,
    pub(super) span: Span,
}

/// The args that are defined without a declaration, and visible to a stage that declares them.
/// Follows `defaultArgs` in `frontend/dockerfile/dockerfile2llb/platform.go` of BuildKit.
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

/// True for args that every process gets without a declaration.
fn is_proxy(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"].contains(&&*name)
}

/// True if the default of a predefined arg is the arg itself, or something else if the arg is
/// unset, as in `ARG BUILDPLATFORM=${BUILDPLATFORM:-linux/amd64}`: a predefined arg is always set.
fn keeps_its_value(name: &str, pair: &ArgPair, escape: char) -> bool {
    let Some(default) = pair.default.as_ref().filter(|_| PREDEFINED.contains(&name)) else {
        return false;
    };
    let pieces = lex::word(&default.value, escape).unwrap_or_default();
    let [Piece::Variable { name: named, modifier, .. }] = &pieces[..] else { return false };
    let may_be_empty = name.ends_with("VARIANT");
    let is_itself = match modifier {
        Modifier::Plain => true,
        Modifier::Default { colon, .. } => !(*colon && may_be_empty),
        _ => false,
    };
    named == name && is_itself
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
    /// A text with the same meaning everywhere.
    Shared(String),
    /// A text that depends on the variables of its stage.
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
                    // Nothing can refer to it; only the environment of processes has it.
                    let message = format!("`{name}` is not a valid arg name in a build file");
                    remarks.push(Remark { span: pair.name.span, message, is_error: false });
                    continue;
                }
                let is_predefined = is_proxy(&name) || PREDEFINED.contains(&&*name);
                if is_predefined && pair.default.is_none()
                    || stage.is_none() && keeps_its_value(&name, pair, escape)
                {
                    continue;
                }
                // Errors in a stage's defaults are reported when the stage is converted.
                if let (None, Some(default)) = (stage, &pair.default)
                    && let Err(problem) = lex::word(&default.value, escape)
                {
                    let message = words::unprocessed(&default.value, &problem);
                    remarks.push(Remark { span: default.span, message, is_error: true });
                }
                let found = by_name.entry(name.clone()).or_insert_with(|| {
                    order.push(name);
                    Vec::new()
                });
                found.push(Declaration { stage, pair, instruction });
            }
        }
        let table = Self::declared(dockerfile, &order, &by_name, &BTreeSet::new());
        // A default may refer to an arg that turns out to have none in the build file.
        let open = table.args.iter().filter(|arg| arg.global_default.is_some());
        let open: BTreeSet<String> = open.map(|arg| arg.name.clone()).collect();
        match open.is_empty() {
            true => table,
            false => Self::declared(dockerfile, &order, &by_name, &open),
        }
    }

    /// Declares the args in order. `open` are those with a default before the first `FROM` that is
    /// not the build file's.
    fn declared(
        dockerfile: &Dockerfile,
        order: &[String],
        by_name: &BTreeMap<String, Vec<Declaration<'_>>>,
        open: &BTreeSet<String>,
    ) -> Self {
        let escape = dockerfile.directives.escape.char();
        let constants = RefCell::default();
        let mut table = Self { args: Vec::new(), by_name: BTreeMap::new(), constants };
        let globals = table.global_defaults(dockerfile, open);
        for name in order {
            let arg = table.declare(name, &by_name[name], &globals, escape);
            table.by_name.insert(name.clone(), table.args.len());
            table.args.push(arg);
        }
        table.drop_unused_constants();
        table
    }

    /// Drops the constants that no default refers to.
    fn drop_unused_constants(&mut self) {
        let defaults =
            self.args.iter().flat_map(|arg| arg.default.iter().chain(&arg.global_default));
        let mut texts: Vec<String> = defaults.cloned().collect();
        let mut used = BTreeSet::new();
        while let Some(text) = texts.pop() {
            let names = words::names_of_template(&text);
            for (value, name) in self.constants.get_mut() {
                if names.contains(name) && used.insert(name.clone()) {
                    texts.push(value.clone());
                }
            }
        }
        self.constants.get_mut().retain(|_, name| used.contains(name));
    }

    /// The arg of this name.
    pub(super) fn get(&self, name: &str) -> Option<&DeclaredArg> {
        self.by_name.get(name).map(|&index| &self.args[index])
    }

    /// True if a build file substitutes an arg's value for a name.
    pub(super) fn is_known(&self, name: &str) -> bool {
        self.by_name.contains_key(name) || PREDEFINED.contains(&name)
    }

    /// The name of a constant for an arg's value with this default.
    pub(super) fn constant(&self, name: &str, default: &str) -> String {
        self.constant_of(name, format!("${{{name}-{default}}}"))
    }

    /// The name of a constant with this value, which begins with `name`.
    fn constant_of(&self, name: &str, value: String) -> String {
        let mut constants = self.constants.borrow_mut();
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

    fn is_constant(&self, name: &str) -> bool {
        self.constants.borrow().values().any(|constant| constant == name)
    }

    /// The constants by name.
    pub(super) fn constants(&self) -> BTreeMap<String, String> {
        let constants = self.constants.borrow();
        collect_map(constants.iter().map(|(value, name)| (name.clone(), value.clone())))
    }

    /// The defaults of the args before the first `FROM`, by the offsets of their names. Each may
    /// refer to the args declared above it.
    fn global_defaults(
        &self,
        dockerfile: &Dockerfile,
        open: &BTreeSet<String>,
    ) -> BTreeMap<u32, FoundDefault> {
        let escape = dockerfile.directives.escape.char();
        let kinds = dockerfile.global_args.iter().map(|instruction| &instruction.kind);
        let pairs: Vec<&ArgPair> = kinds
            .filter_map(|kind| if let Kind::Arg(pairs) = kind { Some(pairs) } else { None })
            .flatten()
            .collect();
        let name_of = |pair: &ArgPair| words::constant(&pair.name.value, escape);
        let mut last = BTreeMap::new();
        for (at, pair) in pairs.iter().enumerate().filter(|(_, pair)| pair.default.is_some()) {
            last.extend(name_of(pair).map(|name| (name, at)));
        }
        let mut above = BTreeMap::new();
        let mut defaults = BTreeMap::new();
        for (at, pair) in pairs.iter().enumerate() {
            let Some(name) = name_of(pair) else { continue };
            let Some(default) = &pair.default else {
                above.entry(name).or_insert(None);
                continue;
            };
            let mut names = Above {
                table: self,
                above: &above,
                own: &name,
                last: &last,
                open,
                at,
                is_plain: false,
            };
            let value = words::value(&default.value, escape, &names);
            names.is_plain = true;
            let plain = words::value(&default.value, escape, &names).unwrap_or_default();
            let so_far = value.as_ref().ok().map(|text| SoFar { text: text.clone(), plain });
            above.insert(name, so_far);
            let default = value.map_or(FoundDefault::OfStage, FoundDefault::Shared);
            defaults.insert(pair.name.span.start, default);
        }
        defaults
    }

    fn declare(
        &self,
        name: &str,
        declarations: &[Declaration<'_>],
        globals: &BTreeMap<u32, FoundDefault>,
        escape: char,
    ) -> DeclaredArg {
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
                // A default in a stage may depend on variables set earlier in the stage.
                Some(default)
                    if !is_global && words::constant(&default.value, escape).is_none() =>
                {
                    FoundDefault::OfStage
                }
                Some(default) => match globals.get(&declaration.pair.name.span.start) {
                    Some(global) if is_global => global.clone(),
                    _ => words::value(&default.value, escape, &Globals { table: self })
                        .map_or(FoundDefault::OfStage, FoundDefault::Shared),
                },
            };
            found.push((is_global, default));
        }
        let global =
            found.iter().rfind(|(is_global, _)| *is_global).map(|(_, default)| default.clone());
        let is_global = global.is_some();
        let global_default = global.as_ref().and_then(FoundDefault::shared).map(str::to_owned);
        // A stage that declares it without a default uses the global one.
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

/// The values of the args before the first `FROM`, as far as they are known: the client's or the
/// default. Fails if a default cannot be expanded.
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
                Err(problem) => {
                    let message = words::unprocessed(&default.value, &problem);
                    remarks.push(Remark { span: default.span, message, is_error: true });
                }
            }
        }
    }
    values
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

/// Every `ARG` with its stage, including those that a stage triggers in other stages of the file.
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

/// The default of an arg, up to a declaration.
struct SoFar {
    text: String,
    /// The same without references to args that are declared again.
    plain: String,
}

/// The meaning of names in the default of an arg before the first `FROM`.
struct Above<'t> {
    table: &'t ArgTable,
    /// The defaults of the args above it.
    above: &'t BTreeMap<String, Option<SoFar>>,
    /// Its own name, which refers to its previous default.
    own: &'t str,
    /// For each arg, the last declaration with a default.
    last: &'t BTreeMap<String, usize>,
    /// The args whose default here is not the build file's.
    open: &'t BTreeSet<String>,
    at: usize,
    /// True while computing [`SoFar::plain`].
    is_plain: bool,
}

impl Names for Above<'_> {
    fn meaning(&self, name: &str) -> Meaning {
        match self.above.get(name) {
            _ if !words::is_name(name) => Meaning::Never,
            Some(Some(_)) => Meaning::Set,
            Some(None) if name != self.own => Meaning::Maybe,
            None if PREDEFINED.contains(&name) || self.table.is_constant(name) => Meaning::Set,
            Some(None) | None => Meaning::Never,
        }
    }

    fn replacement(&self, name: &str) -> Option<String> {
        let SoFar { text, plain } = self.above.get(name)?.as_ref()?;
        let changes =
            self.open.contains(name) || self.last.get(name).is_some_and(|&last| last >= self.at);
        // Args that refer to each other alternately would depend on each other's values.
        let needs_own = text.contains(&format!("${{{}-", self.own));
        match name == self.own {
            true if self.is_plain => Some(plain.clone()),
            true => Some(text.clone()),
            false if changes && self.is_plain || needs_own => Some(plain.clone()),
            false => changes.then(|| format!("${{{name}-{text}}}")),
        }
    }

    fn constant(&self, name: &str) -> Option<String> {
        self.replacement(name).map(|value| self.table.constant_of(name, value))
    }
}
