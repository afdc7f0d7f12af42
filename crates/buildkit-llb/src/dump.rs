//! A definition as text, for people to read and for tests to compare.
//!
//! The text is made from the encoded bytes, not from the Rust values that they were made from, and
//! shows everything that is not the default. Common values are omitted: an empty constraint, the
//! working directory `/`, the mode -1 that keeps a mode, and so on. A small change of a graph
//! should change little of the text. It is not meant to be parsed.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use buildkit_proto::pb;

use crate::draft::NONE;
use crate::metadata::CUSTOM_NAME;
use crate::{Definition, Platform, decode_op};

mod exec;
mod file;

impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proto = &self.to_proto();
        let mut dump = Dump { out: String::new(), proto, ordinals: BTreeMap::new() };
        for (ordinal, digest) in self.digests().iter().enumerate() {
            dump.ordinals.insert(String::from(*digest), ordinal);
        }
        if self.is_scratch() {
            dump.line(0, "scratch");
        }
        for (ordinal, (digest, bytes)) in self.digests().iter().zip(&proto.def).enumerate() {
            if ordinal > 0 {
                dump.out.push('\n');
            }
            let digest = String::from(*digest);
            let shown = if f.alternate() { &digest } else { short(&digest) };
            let title = format!("#{ordinal} {shown}");
            match decode_op(bytes) {
                Ok(op) => {
                    dump.title(&title, &op);
                    dump.name(&digest);
                    dump.op(&op, bytes);
                }
                Err(error) => dump.line(0, &format!("{title} cannot be decoded: {error}")),
            }
            dump.metadata(&digest);
        }
        dump.infos();
        f.write_str(&dump.out)
    }
}

/// A text under construction.
struct Dump<'a> {
    out: String,
    proto: &'a pb::Definition,
    /// The position of each op in the definition, by digest.
    ordinals: BTreeMap<String, usize>,
}

impl Dump<'_> {
    fn title(&mut self, title: &str, op: &pb::Op) {
        use pb::op::Op;

        let title = match &op.op {
            None => format!("{title} terminal"),
            Some(Op::Source(source)) => format!("{title} source {}", quote(&source.identifier)),
            Some(Op::Exec(_)) => format!("{title} exec"),
            Some(Op::File(_)) => format!("{title} file"),
            Some(Op::Build(_)) => format!("{title} build"),
            Some(Op::Merge(_)) => format!("{title} merge"),
            Some(Op::Diff(_)) => format!("{title} diff"),
            Some(Op::Passthrough(op)) => format!("{title} passthrough {}", quote(&op.id)),
        };
        self.line(0, &title);
    }

    /// The name shown to users, at the top of an op's metadata.
    fn name(&mut self, digest: &str) {
        let metadata = self.proto.metadata.get(digest);
        if let Some(name) = metadata.and_then(|metadata| metadata.description.get(CUSTOM_NAME)) {
            self.field(1, "name", name);
        }
    }

    fn op(&mut self, op: &pb::Op, bytes: &[u8]) {
        use pb::op::Op;

        if op.clone().encode_canonical() != bytes {
            self.line(1, "bytes: not canonical");
        }
        if !op.inputs.is_empty() {
            let inputs: Vec<_> = op.inputs.iter().map(|input| self.reference(input)).collect();
            self.field(1, "inputs", &inputs.join(" "));
        }
        if let Some(platform) = &op.platform {
            let shown = Platform::try_from(platform.clone()).ok();
            let shown = shown.filter(|shown| pb::Platform::from(shown.clone()) == *platform);
            let shown = shown.map_or_else(|| format!("{platform:?}"), |shown| shown.id());
            self.field(1, "platform", &shown);
        }
        match (&op.constraints, &op.op) {
            (None, Some(_)) => self.line(1, "constraints: absent"),
            (Some(_), None) => self.line(1, "constraints: present"),
            _ => {}
        }
        self.list(1, "constraint", op.constraints.iter().flat_map(|c| &c.filter));
        match &op.op {
            None => {}
            Some(Op::Source(source)) => {
                for (key, value) in &source.attrs {
                    self.field(1, key, value);
                }
            }
            Some(Op::Exec(exec)) => self.exec(op, exec),
            Some(Op::File(file)) => {
                for (i, action) in file.actions.iter().enumerate() {
                    self.action(op, i, action, i + 1 == file.actions.len());
                }
            }
            Some(Op::Build(build)) => self.field(1, "op", &format!("{build:?}")),
            Some(Op::Merge(merge)) => {
                let positions = merge.inputs.iter().map(|input| input.input);
                let is_usual = positions.clone().eq(0..op.inputs.len() as i64);
                let merged: Vec<_> = positions.map(|input| self.position(op, input)).collect();
                let merged = if is_usual { String::new() } else { merged.join(" ") };
                self.text(1, "merged", &merged);
            }
            Some(Op::Diff(diff)) => {
                let lower = diff.lower.map(|lower| self.position(op, lower.input));
                let upper = diff.upper.map(|upper| self.position(op, upper.input));
                self.field(1, "lower", lower.as_deref().unwrap_or("absent"));
                self.field(1, "upper", upper.as_deref().unwrap_or("absent"));
            }
            Some(Op::Passthrough(passthrough)) => {
                for &output in &passthrough.outputs {
                    let output = self.position(op, output);
                    self.field(1, "output", &output);
                }
            }
        }
    }

    fn metadata(&mut self, digest: &str) {
        let proto = self.proto;
        let Some(metadata) = proto.metadata.get(digest) else {
            return self.line(1, "metadata: absent");
        };
        for (key, value) in metadata.description.iter().filter(|(key, _)| *key != CUSTOM_NAME) {
            self.field(1, key, value);
        }
        if metadata.ignore_cache {
            self.line(1, "ignoreCache");
        }
        if let Some(export_cache) = metadata.export_cache {
            self.field(1, "exportCache", &export_cache.value.to_string());
        }
        if let Some(group) = &metadata.progress_group {
            let weak = if group.weak { ", weak" } else { "" };
            let text = format!("{} {}{weak}", quote(&group.id), quote(&group.name));
            self.field(1, "progressGroup", &text);
        }
        if let Some(resources) = &metadata.linux_resources {
            self.field(1, "linuxResources", &linux_resources(resources));
        }
        if !metadata.caps.is_empty() {
            let caps = metadata.caps.iter();
            let caps = caps.map(|(cap, &on)| if on { cap.clone() } else { format!("!{cap}") });
            self.field(1, "caps", &caps.collect::<Vec<_>>().join(" "));
        }
        let locations = proto.source.as_ref().and_then(|source| source.locations.get(digest));
        for location in locations.iter().flat_map(|locations| &locations.locations) {
            self.location(location);
        }
    }

    fn location(&mut self, location: &pb::Location) {
        let infos = self.proto.source.as_ref().map(|source| &source.infos);
        let index = usize::try_from(location.source_index).ok();
        let info = index.and_then(|index| infos?.get(index));
        let file = info.map_or_else(
            || format!("source {}", location.source_index),
            |info| info.filename.clone(),
        );
        let ranges = location.ranges.iter().map(|range| {
            let start = range.start.unwrap_or_default();
            let end = range.end.unwrap_or_default();
            if start == end { place(start) } else { format!("{}-{}", place(start), place(end)) }
        });
        self.field(1, "at", &format!("{file}:{}", ranges.collect::<Vec<_>>().join(",")));
    }

    fn infos(&mut self) {
        let source = self.proto.source.as_ref();
        for info in source.iter().flat_map(|source| &source.infos) {
            let (file, size) = (quote(&info.filename), info.data.len());
            self.out.push('\n');
            self.line(0, &format!("source {file}, {size} bytes of {}", quote(&info.language)));
            if let Some(definition) = &info.definition {
                let definition = Definition::from(definition.clone());
                let head = definition.head().map_or("scratch".to_owned(), String::from);
                self.field(1, "definition", short(&head));
            }
        }
    }

    /// An op's input by its position in the definition.
    fn reference(&self, input: &pb::Input) -> String {
        let mut text = match self.ordinals.get(&input.digest) {
            Some(ordinal) => format!("#{ordinal}"),
            None => format!("missing {}", input.digest),
        };
        if input.index != 0 {
            text += &format!(".{}", input.index);
        }
        text
    }

    /// The meaning of an input number of an op: scratch, an input, or the result of a file action.
    fn position(&self, op: &pb::Op, position: i64) -> String {
        if position == NONE {
            return "scratch".to_owned();
        }
        let input = usize::try_from(position).ok().and_then(|position| op.inputs.get(position));
        match input {
            Some(input) => self.reference(input),
            None => format!("[{}]", position - op.inputs.len() as i64),
        }
    }

    fn list<'a>(&mut self, indent: usize, key: &str, values: impl IntoIterator<Item = &'a String>) {
        for value in values {
            self.field(indent, key, value);
        }
    }

    /// A field that is omitted if it is empty.
    fn text(&mut self, indent: usize, key: &str, value: &str) {
        if !value.is_empty() {
            self.field(indent, key, value);
        }
    }

    /// A key and a value. A value of several lines is a block, with `|` if it ends with a line
    /// break and `|-` if not; a value with invisible characters is quoted.
    fn field(&mut self, indent: usize, key: &str, value: &str) {
        if let Some((first, rest)) = value.split_once('\n')
            && !(first.is_empty() && rest.is_empty())
            && value.split('\n').all(|line| is_plain(&line.replace('\t', "")))
        {
            self.line(
                indent,
                &format!("{key}: {}", if value.ends_with('\n') { "|" } else { "|-" }),
            );
            value.split_terminator('\n').for_each(|line| self.line(indent + 1, line));
        } else if is_plain(value) && !value.is_empty() && !value.starts_with([' ', '"', '|']) {
            self.line(indent, &format!("{key}: {value}"));
        } else {
            self.line(indent, &format!("{key}: {value:?}"));
        }
    }

    fn line(&mut self, indent: usize, text: &str) {
        let indent = if text.is_empty() { 0 } else { 2 * indent };
        writeln!(self.out, "{:indent$}{text}", "").expect("writing to a string does not fail");
    }
}

fn is_plain(line: &str) -> bool {
    !line.ends_with(char::is_whitespace) && !line.contains(|c: char| c.is_control())
}

fn linux_resources(resources: &pb::LinuxResources) -> String {
    let pb::LinuxResources {
        memory,
        memory_swap,
        cpu_shares,
        cpu_period,
        cpu_quota,
        cpuset_cpus,
        cpuset_mems,
    } = resources;
    let texts = [
        ("memory", memory.to_string()),
        ("memorySwap", memory_swap.to_string()),
        ("cpuShares", cpu_shares.to_string()),
        ("cpuPeriod", cpu_period.to_string()),
        ("cpuQuota", cpu_quota.to_string()),
        ("cpusetCpus", cpuset_cpus.clone()),
        ("cpusetMems", cpuset_mems.clone()),
    ];
    let texts = texts.iter().filter(|(_, text)| !text.is_empty() && text != "0");
    texts.map(|(key, text)| format!("{key} {text}")).collect::<Vec<_>>().join(", ")
}

fn place(position: pb::Position) -> String {
    match position.character {
        0 => position.line.to_string(),
        character => format!("{}.{character}", position.line),
    }
}

/// A word in a list: quoted if it could not be recognised as one word.
fn quote(word: &str) -> String {
    let is_plain = !word.is_empty()
        && !word.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"' || c == ',');
    if is_plain { word.to_owned() } else { format!("{word:?}") }
}

/// A prefix of a digest that is long enough to distinguish ops.
fn short(digest: &str) -> &str {
    digest.get(..SHORT).unwrap_or(digest)
}

const SHORT: usize = "sha256:".len() + 12;
