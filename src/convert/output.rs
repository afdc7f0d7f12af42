//! Writes the build file as text, in order.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::comments;
use super::context::Context;
use super::image::Image;
use super::part::Part;
use super::toml::{Item, Kind, Value, Writer, dotted_key, is_wide, key};
use crate::diagnostic::DockerfileRule;
use crate::dockerfile::Dockerfile;
use crate::source::{Piece, Spanned};

/// Maximum length in bytes of a label's name that is written as a dotted key.
const LONGEST_DOTTED: usize = 128;
/// Maximum length of a table of variables or labels on one line.
const INLINE: usize = 60;

/// The largest number of variables that are written as entries of their stage. More of them are a
/// table of their own.
const ENV_ENTRIES: usize = 8;

/// Maximum length of an `image` on one line, and the maximum number of its keys.
const INLINE_IMAGE: usize = 72;
const INLINE_KEYS: usize = 3;

/// The largest number of settings of an image that are written as entries of their stage.
const IMAGE_ENTRIES: usize = 6;

/// The largest number of args that are written as entries of the file.
const ARG_ENTRIES: usize = 2;

/// Writes the whole build file.
pub(super) fn write(
    context: &Context<'_>,
    syntax: &str,
    mount_sets: &[(String, Value)],
    parts: Vec<Part>,
) -> (String, Vec<Piece>) {
    let mut writer = Writer::default();
    writer.comments(&[format!("syntax={syntax}")]);
    let dockerfile = context.dockerfile;
    comments_of_file(dockerfile, &mut writer);
    // The parts of the only stage need each other, and no other stage is meant, unless an arg could name it.
    let is_chosen = parts
        .first()
        .is_some_and(|part| matches!(&part.from.kind, Kind::Text(base) if base.contains("${")));
    if dockerfile.stages.len() > 1 || parts.len() > 1 && is_chosen {
        let default = context.bases.name(dockerfile.stages.len() - 1);
        writer.entry("default", &Value::text(default));
    }
    if let Some(check) = &dockerfile.directives.check {
        check_entry(check, &mut writer);
    }
    args(context, &mut writer);
    let constants = context.args.constants().into_iter();
    let constants: Vec<_> = constants.map(|(name, value)| (name, Value::text(value))).collect();
    section("vars", &constants, &mut writer);
    section("mounts", mount_sets, &mut writer);
    for part in parts {
        stage(part, &mut writer);
    }
    let trailing = comments::texts(&dockerfile.trailing);
    if !trailing.is_empty() {
        writer.blank();
        writer.comments(&trailing);
    }
    writer.finish()
}

/// The comments that are about the whole Dockerfile.
fn comments_of_file(dockerfile: &Dockerfile, writer: &mut Writer) {
    let from = dockerfile.stages.first().map(|stage| &stage.from);
    let Some(first) = dockerfile.global_args.first().or(from) else { return };
    let of_file = comments::texts(comments::of_file(first).0);
    writer.comments(&of_file);
    if !of_file.is_empty() {
        writer.blank();
    }
}

/// The `check` of the file.
fn check_entry(check: &Spanned<String>, writer: &mut Writer) {
    // The rules for build files find more than those for Dockerfiles: a build that passes would
    // then fail.
    if option(&check.value, "error") == Some("true") {
        writer.comments(&[
            "the Dockerfile has `check=error=true`; in a build file, write `check = { error = true }`"
                .to_owned(),
        ]);
    }
    if let Some(value) = check_value(&check.value) {
        writer.entry("check", &value.at(check.span));
    }
}

/// The args, as entries of the file if they are few.
fn args(context: &Context<'_>, writer: &mut Writer) {
    let args = &context.args.args;
    if args.len() <= ARG_ENTRIES && args.iter().all(|arg| arg.comments.is_empty()) {
        for arg in args {
            writer.entry(&format!("args.{}", key(&arg.name)), &arg.value());
        }
        return;
    }
    writer.blank();
    writer.header(&["args"], None);
    for (at, arg) in args.iter().enumerate() {
        let of_file = match context.dockerfile.global_args.first() {
            Some(first) if at == 0 => comments::of_file(first).0.len(),
            _ => 0,
        };
        writer.comments(arg.comments.get(of_file..).unwrap_or_default());
        writer.entry(&key(&arg.name), &arg.value());
    }
}

/// A table of the file, unless it is empty.
fn section(name: &str, entries: &[(String, Value)], writer: &mut Writer) {
    if entries.is_empty() {
        return;
    }
    writer.blank();
    writer.header(&[name], None);
    for (name, value) in entries {
        writer.entry(&key(name), value);
    }
}

fn stage(mut part: Part, writer: &mut Writer) {
    let steps = std::mem::take(&mut part.steps).into_iter().map(|step| step.item).collect();
    let steps = Value::from(Kind::List(steps));
    let part = &part;
    writer.blank();
    writer.comments(&part.comments);
    writer.header(&["stages", &part.name], Some(part.span));
    let inline_env = inline_env(part);
    let has_env_entries = inline_env.is_none() && part.env.len() <= ENV_ENTRIES;
    let has_env_table = inline_env.is_none() && !has_env_entries;
    let before_env = [
        ("description", part.description.clone().map(Value::text)),
        ("from", Some(part.from.clone())),
        ("platform", part.platform.clone()),
        ("args", part.args.as_deref().map(Value::texts)),
        ("no-args", (!part.no_args.is_empty()).then(|| Value::texts(&part.no_args))),
        ("env", inline_env),
    ];
    part_entries(part, before_env, writer);
    if has_env_entries {
        variables(part, "env.", writer);
    }
    let after_env = [
        ("workdir", part.workdir.clone().map(|(value, _)| value)),
        ("user", part.user.clone()),
        ("shell", part.shell.clone()),
        ("sbom", part.sbom.then(|| Value::literal(true))),
    ];
    part_entries(part, after_env, writer);
    let step_tables = steps_as_tables(&steps);
    if step_tables.is_empty() {
        steps_entry(&steps, writer);
    }
    let inline_image = inline_image(&part.image);
    let has_image_entries = inline_image.is_none()
        && !has_env_table
        && step_tables.is_empty()
        && has_entries(&part.image);
    if let Some(value) = &inline_image {
        writer.comments(&part.image.comments);
        writer.entry("image", value);
    } else if has_image_entries {
        image_entries(&part.image, writer);
    }
    if has_env_table {
        writer.blank();
        writer.header(&["stages", &part.name, "env"], None);
        variables(part, "", writer);
    }
    for step in step_tables {
        step_table(part, step, writer);
    }
    if inline_image.is_none() && !has_image_entries {
        image(part, writer);
    }
}

/// The keys of a stage that have a value, each with the comments of its instruction.
fn part_entries<const N: usize>(
    part: &Part,
    entries: [(&'static str, Option<Value>); N],
    writer: &mut Writer,
) {
    for (name, value) in entries {
        let Some(value) = value else { continue };
        if let Some((_, comments)) = part.key_comments.iter().find(|(key, _)| *key == name) {
            writer.comments(comments);
        }
        writer.entry(name, &value);
    }
}

/// The variables of a stage, one in a line. `before` is written before each name.
fn variables(part: &Part, before: &str, writer: &mut Writer) {
    for (name, variable) in &part.env {
        writer.comments(&variable.comments);
        let value = Value::text(variable.value.clone()).at(variable.span);
        writer.entry(&format!("{before}{}", key(name)), &value);
    }
}

/// The steps as one entry. The only step needs no list, unless that is in one line.
fn steps_entry(steps: &Value, writer: &mut Writer) {
    let Kind::List(items) = &steps.kind else { return };
    match &items[..] {
        [] => {}
        [only] if !only.comments.is_empty() || is_wide("steps", steps) => {
            writer.comments(&only.comments);
            writer.entry("steps", &only.value);
        }
        _ => writer.entry("steps", steps),
    }
}

/// The steps, if they are more readable as tables below each other: in a list, texts of several
/// lines would follow each other without a line break.
fn steps_as_tables(list: &Value) -> &[Item] {
    let Kind::List(steps) = &list.kind else { return &[] };
    let has_comments = steps.iter().any(|step| !step.comments.is_empty());
    let is_better =
        steps.len() > 1 && !has_comments && steps.iter().any(has_block) && !is_wide("steps", list);
    if is_better { steps } else { &[] }
}

fn has_block(step: &Item) -> bool {
    match &step.value.kind {
        Kind::Table(entries) => entries.iter().any(|(_, value)| is_block(value)),
        _ => is_block(&step.value),
    }
}

fn is_block(value: &Value) -> bool {
    matches!(value.kind, Kind::Block(_))
}

fn step_table(part: &Part, step: &Item, writer: &mut Writer) {
    writer.blank();
    let path = ["stages", &part.name, "steps"];
    match &step.value.kind {
        Kind::Table(entries) => writer.item(&path, entries, step.value.origin),
        _ => {
            let run = [("run".to_owned(), step.value.clone())];
            writer.item(&path, &run, step.value.origin);
        }
    }
}

/// The variables of a stage on one line, if they fit and have no comments.
fn inline_env(part: &Part) -> Option<Value> {
    if part.env.is_empty() || part.env.values().any(|variable| !variable.comments.is_empty()) {
        return None;
    }
    let length: usize =
        part.env.iter().map(|(name, variable)| name.len() + variable.value.len() + 7).sum();
    let entries = part.env.iter().map(|(name, variable)| {
        let value = Value::text(variable.value.clone()).at(variable.span);
        (key(name), value)
    });
    (length <= INLINE).then(|| Value::table(entries.collect()))
}

/// The image of a stage on one line, if it fits.
fn inline_image(image: &Image) -> Option<Value> {
    let mut entries: Vec<_> =
        image.entries().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    for (name, of_table) in [("env", &image.env), ("labels", &image.labels)] {
        if !of_table.is_empty() {
            let entries_of_table = of_table.iter().map(|(name, value)| (key(name), value.clone()));
            entries.push((name.to_owned(), Value::table(entries_of_table.collect())));
        }
    }
    let is_short = (2..=INLINE_KEYS).contains(&entries.len());
    let value = Value::table(entries);
    (is_short && value.in_one_line().chars().count() <= INLINE_IMAGE).then_some(value)
}

/// True if an image is written as entries of its stage: it has few settings, and each is short.
fn has_entries(image: &Image) -> bool {
    let tables = [&image.env, &image.labels];
    let count = image.entries().len() + tables.iter().filter(|table| !table.is_empty()).count();
    (1..=IMAGE_ENTRIES).contains(&count) && tables.iter().all(|table| is_short(table))
}

fn image_entries(image: &Image, writer: &mut Writer) {
    writer.comments(&image.comments);
    for (name, value) in image.entries() {
        writer.entry(&format!("image.{name}"), &value);
    }
    for (name, entries) in [("env", &image.env), ("labels", &image.labels)] {
        if !entries.is_empty() {
            writer.entry(&format!("image.{name}"), &short_table(name, entries));
        }
    }
}

fn image(part: &Part, writer: &mut Writer) {
    let image = &part.image;
    if image.is_empty() {
        // Comments without a key of their own are kept.
        writer.comments(&image.comments);
        return;
    }
    let tables = [("env", &image.env), ("labels", &image.labels)];
    let entries = image.entries();
    writer.blank();
    writer.comments(&image.comments);
    // A table of its own needs no header above it.
    if !entries.is_empty() || tables.iter().any(|(_, table)| !table.is_empty() && is_short(table)) {
        writer.header(&["stages", &part.name, "image"], None);
    }
    for (name, value) in entries {
        writer.entry(name, &value);
    }
    // A table with a header of its own ends the table before it, so it comes last.
    let (short, long): (Vec<_>, Vec<_>) =
        tables.into_iter().partition(|(_, entries)| is_short(entries));
    for (name, entries) in short.into_iter().chain(long) {
        table(&part.name, name, entries, writer);
    }
}

/// True if names and values fit on one line.
fn is_short(entries: &IndexMap<String, Value>) -> bool {
    let length = entries.iter().map(|(name, value)| match &value.kind {
        Kind::Text(text) => name.len() + text.len() + 7,
        _ => name.len(),
    });
    length.sum::<usize>() <= INLINE
}

/// A table of names and values, on one line if it is short.
fn table(stage: &str, name: &str, entries: &IndexMap<String, Value>, writer: &mut Writer) {
    if entries.is_empty() {
        return;
    }
    if is_short(entries) {
        writer.entry(name, &short_table(name, entries));
        return;
    }
    writer.blank();
    writer.header(&["stages", stage, "image", name], None);
    for (written, value) in with_keys(name, entries) {
        writer.entry(&written, value);
    }
}

/// A table of names and values on one line.
fn short_table(name: &str, entries: &IndexMap<String, Value>) -> Value {
    let entries = with_keys(name, entries).map(|(written, value)| (written, value.clone()));
    Value::table(entries.collect())
}

/// The entries of a table with their keys as written.
fn with_keys<'e>(
    name: &str,
    entries: &'e IndexMap<String, Value>,
) -> impl Iterator<Item = (String, &'e Value)> {
    let is_labels = name == "labels";
    let tables = if is_labels { names_of_tables(entries) } else { BTreeSet::new() };
    entries.iter().map(move |(written, value)| match is_labels {
        true if is_dotted(written, entries, &tables) => (dotted_key(written), value),
        _ => (key(written), value),
    })
}

/// The names of the tables that dotted keys for these names make.
fn names_of_tables(entries: &IndexMap<String, Value>) -> BTreeSet<&str> {
    let names = entries.keys().filter(|name| name.len() <= LONGEST_DOTTED);
    names.flat_map(|name| prefixes(name)).collect()
}

/// The parts of a name before its dots.
fn prefixes(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('.').map(|(at, _)| &name[..at])
}

/// True if a name can be written as a dotted key: it is not the name of a table, and no table has
/// the name of another entry.
fn is_dotted(name: &str, entries: &IndexMap<String, Value>, tables: &BTreeSet<&str>) -> bool {
    name.len() <= LONGEST_DOTTED
        && !tables.contains(name)
        && !prefixes(name).any(|prefix| entries.contains_key(prefix))
}

/// The `check` of a build file for a directive such as `skip=A,B;error=true`, with the
/// corresponding rules.
fn check_value(text: &str) -> Option<Value> {
    let value = option(text, "skip")?;
    let skip = match value {
        "all" => Value::text("all"),
        names => {
            let rules = names.split(',').filter_map(|rule| {
                DockerfileRule::named(rule.trim()).and_then(DockerfileRule::counterpart)
            });
            let rules: Vec<Value> = rules.map(|rule| Value::text(rule.name())).collect();
            if rules.is_empty() {
                return None;
            }
            Value::list(rules)
        }
    };
    Some(Value::table(vec![("skip".to_owned(), skip)]))
}

/// The value of an option of a `check` directive.
fn option<'t>(text: &'t str, wanted: &str) -> Option<&'t str> {
    let mut options = text.split(';').filter_map(|option| option.split_once('='));
    options.find(|(name, _)| name.trim() == wanted).map(|(_, value)| value.trim())
}
