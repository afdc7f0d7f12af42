//! `[check]`: the file's configuration of advisory rules.

use std::collections::BTreeSet;

use super::read::Read;
use super::reader::Reader;
use super::shape::Shape;
use super::table::table;
use crate::diagnostic::{Check, Code, Diagnostic, Reported, Rules, all};
use crate::rules::unknown_rule::unknown_rule;
use crate::toml::{Kind, Value};

table! {
    /// The handling of findings of [advisory rules](../rules/README.md). By default they are
    /// warnings.
    pub(super) struct CheckTable as "a check" {
        /// Rules to skip: `"all"`, or their names.
        "skip" skip: Option<Skip>,
        /// Rules whose findings fail the build: `true` for all rules, or their names.
        "error" error: Option<Failing>,
    }
}

/// `skip`.
#[derive(Debug, Clone)]
pub(super) struct Skip(Rules);

/// `error`.
#[derive(Debug, Clone)]
pub(super) struct Failing(Rules);

/// The configuration is applied at once, so that it also holds for diagnostics about the rest of
/// the file.
impl Read for Check {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let CheckTable { skip, error } = CheckTable::read(value, reader)?;
        let check = Check {
            skip: skip.map(|Skip(rules)| rules).unwrap_or_default(),
            error: error.map(|Failing(rules)| rules).unwrap_or_default(),
        };
        reader.diagnostics.follow_file(check.clone());
        Ok(check)
    }

    fn shape() -> Shape {
        CheckTable::shape()
    }
}

impl Read for Skip {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        if matches!(&value.kind, Kind::String(word) if word == "all") {
            return Ok(Self(Rules::All));
        }
        read_rules(value, "\"all\" or a list of rules", reader).map(Self)
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Words(vec!["all"]), Shape::Rule.or_list()])
    }
}

impl Read for Failing {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        match value.kind {
            Kind::Boolean(true) => Ok(Self(Rules::All)),
            Kind::Boolean(false) => Ok(Self(Rules::default())),
            _ => read_rules(value, "`true`, `false` or a list of rules", reader).map(Self),
        }
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Boolean, Shape::Rule.or_list()])
    }
}

/// The name of a rule, or a list of names.
fn read_rules(value: Value<'_>, wanted: &str, reader: &mut Reader<'_>) -> Result<Rules, Reported> {
    let span = value.span;
    let names = match value.kind {
        Kind::String(_) => vec![value],
        Kind::Array(names) => names,
        other => return reader.wrong_type(span, &other, wanted),
    };
    let rules = all(names.into_iter().map(|name| read_rule(name, reader)))?;
    Ok(Rules::These(BTreeSet::from_iter(rules)))
}

fn read_rule(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Code, Reported> {
    let span = value.span;
    let name = String::read(value, reader)?;
    Code::rule(&name).ok_or_else(|| {
        let (message, hint) = unknown_rule(&name);
        reader.diagnostics.report(Diagnostic::new(Code::InvalidValue, span, message).hint(hint))
    })
}
