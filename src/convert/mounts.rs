//! `RUN --mount=...` as mounts of a step.

use super::context::Context;
use super::files::within_tree;
use super::toml::Value;
use super::words::{self, Names};
use crate::dockerfile::{MountFlag, MountKind};

/// The mounts of a step. `user` is the user set by the Dockerfile's own `USER`: a new cache
/// directory belongs to root in a Dockerfile, and to the user of the step in a build file. The
/// error is BuildKit's message.
pub(super) fn mounts(
    flags: &[MountFlag],
    user: Option<&str>,
    context: &Context<'_>,
    names: &dyn Names,
) -> Result<Vec<Value>, String> {
    let mut values = Vec::with_capacity(flags.len());
    for flag in flags {
        values.push(match &flag.open {
            None => mount(flag, user, context, names)?,
            // A build file needs the type itself, so it is computed from the known variables.
            Some(open) => {
                let kind = words::folded(&open.kind, context.escape(), names);
                let kind = kind.as_deref().unwrap_or(&open.kind);
                mount(&flag.of_type(open, kind)?, user, context, names)?
            }
        });
    }
    Ok(values)
}

fn mount(
    flag: &MountFlag,
    user: Option<&str>,
    context: &Context<'_>,
    names: &dyn Names,
) -> Result<Value, String> {
    let text = |value: &Option<String>| {
        let value = value.as_deref().filter(|value| !value.is_empty());
        value.map(|value| words::value(value, context.escape(), names)).transpose()
    };
    let target = text(&flag.target)?;
    let source = text(&flag.source)?.map(within_tree);
    let from = from_of(flag, context)?;
    let mut entries = Entries::default();
    match flag.kind {
        MountKind::Bind => {
            let source =
                source.unwrap_or_else(|| if from.is_some() { "/" } else { "." }.to_owned());
            let target = target.unwrap_or_else(|| ".".to_owned());
            let same = source == target;
            entries.text("bind", Some(source));
            entries.value("from", from);
            entries.text("to", (!same).then_some(target));
            entries.flag("writable", flag.read_only == Some(false));
        }
        MountKind::Cache => {
            entries.text("cache", Some(target.unwrap_or_else(|| ".".to_owned())));
            entries.text("id", text(&flag.id)?);
            entries.value("from", from);
            entries.text("source", source);
            entries.text("sharing", text(&flag.sharing)?.filter(|sharing| sharing != "shared"));
            entries.text("mode", text(&flag.mode)?);
            let is_root = matches!(user, None | Some("root" | "0" | "root:root" | "0:0"));
            let uid = text(&flag.uid)?.or_else(|| (!is_root).then(|| "0".to_owned()));
            entries.number("uid", uid);
            entries.number("gid", text(&flag.gid)?);
            entries.flag("read-only", flag.read_only == Some(true));
        }
        MountKind::Tmpfs => {
            entries.text("tmpfs", Some(target.unwrap_or_else(|| ".".to_owned())));
            entries.text("size", text(&flag.size)?);
        }
        MountKind::Secret => {
            let (id, to) = secret(text(&flag.id)?, source, target, flag.env.is_some());
            entries.text("secret", Some(id));
            entries.text("to", to);
            entries.text("env", text(&flag.env)?);
            entries.owner(flag, text)?;
            entries.flag("required", flag.required);
        }
        MountKind::Ssh => {
            entries.text("ssh", Some(text(&flag.id)?.unwrap_or_else(|| "default".to_owned())));
            entries.text("to", target);
            entries.owner(flag, text)?;
            entries.flag("required", flag.required);
        }
    }
    Ok(Value::table(entries.0).at(flag.span))
}

/// The `from` of a mount.
fn from_of(flag: &MountFlag, context: &Context<'_>) -> Result<Option<Value>, String> {
    let Some(from) = flag.from.as_deref().filter(|from| !from.is_empty()) else { return Ok(None) };
    if context.bases.is_later(from, context.stage) {
        context.bases.check_circle(context.stage)?;
        return Err(format!(
            "cannot mount from stage \"{from}\" to \"{}\", stage needs to be defined before current command",
            flag.target.as_deref().unwrap_or_default()
        ));
    }
    Ok(Some(context.bases.mounted_from(from)))
}

/// The id of a secret, and the path of its file unless that is the default of build files.
fn secret(
    id: Option<String>,
    source: Option<String>,
    target: Option<String>,
    is_variable: bool,
) -> (String, Option<String>) {
    let id = source
        .or(id)
        .unwrap_or_else(|| file_name(target.as_deref().unwrap_or_default()).to_owned());
    let to = match target {
        None if !is_variable && id.contains('/') => {
            Some(format!("/run/secrets/{}", file_name(&id)))
        }
        target => target.filter(|target| *target != format!("/run/secrets/{id}")),
    };
    (id, to)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The entries of a table.
#[derive(Default)]
struct Entries(Vec<(String, Value)>);

impl Entries {
    fn value(&mut self, key: &str, value: Option<Value>) {
        self.0.extend(value.map(|value| (key.to_owned(), value)));
    }

    fn text(&mut self, key: &str, text: Option<String>) {
        self.value(key, text.map(Value::text));
    }

    fn number(&mut self, key: &str, text: Option<String>) {
        let value = text.map(|text| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            // TOML has no numbers with leading zeros.
            true => Value::literal(text.trim_start_matches('0').parse::<u64>().unwrap_or(0)),
            false => Value::text(text),
        });
        self.value(key, value);
    }

    fn flag(&mut self, key: &str, is_set: bool) {
        self.value(key, is_set.then(|| Value::literal(true)));
    }

    fn owner(
        &mut self,
        flag: &MountFlag,
        text: impl Fn(&Option<String>) -> Result<Option<String>, String>,
    ) -> Result<(), String> {
        self.text("mode", text(&flag.mode)?);
        self.number("uid", text(&flag.uid)?);
        self.number("gid", text(&flag.gid)?);
        Ok(())
    }
}
