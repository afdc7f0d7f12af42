//! `[args]`: what a build can be given.

use toml::de::DeValue;

use super::read::{Read, Reader, Value, table};
use super::template::{Scalar, Template};
use crate::source::Span;

table! {
    /// What an arg is and what it may be.
    pub(super) struct ArgTable as "an arg" {
        /// The value without `--build-arg`.
        "default" default: Option<Scalar>,
        /// Whether a build that uses the arg must be given it.
        "required" required: Option<bool>,
        /// What the arg is for; shown by `--call=outline`.
        "description" description: Option<String>,
    }
}

/// The declaration of an arg.
#[derive(Debug, Clone)]
pub struct Arg {
    /// Where it is declared.
    pub span: Span,
    /// The value without `--build-arg`; without one the arg is unset.
    pub default: Option<Template>,
    /// Whether a build that uses it must be given it.
    pub required: bool,
    /// What it is for.
    pub description: Option<String>,
}

/// A table, or in short the default.
impl Read for Arg {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span().into();
        if let DeValue::Table(_) = value.get_ref() {
            let ArgTable { default, required, description } = ArgTable::read(value, reader)?;
            return Some(Self {
                span,
                default: default.map(|Scalar(template)| template),
                required: required.unwrap_or(false),
                description,
            });
        }
        let Scalar(default) = Scalar::read(value, reader)?;
        Some(Self { span, default: Some(default), required: false, description: None })
    }
}
