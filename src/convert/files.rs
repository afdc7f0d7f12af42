//! `COPY` and `ADD` as steps.

use super::comments;
use super::context::Context;
use super::toml::{Item, Kind, Value};
use super::words::{self, Known, Names};
use crate::dockerfile::{
    FileAdd, FileCopy, Heredoc, Instruction, Transfer, Word,
    lex::{self, Modifier, Piece},
};
use crate::plan::{GitUrl, Mode};

/// Converts a `COPY`.
pub(super) fn copy(
    instruction: &Instruction,
    copy: &FileCopy,
    context: &Context<'_>,
    names: &dyn Names,
) -> Result<Vec<Item>, String> {
    let mut keys = Vec::new();
    if let Some(from) = copy.from.as_ref().filter(|from| !from.value.is_empty()) {
        if words::constant(&from.value, context.escape()).as_deref() != Some(&*from.value) {
            return Err("variable expansion is not supported for --from, define a new stage with FROM using ARG \
                        from global scope as a workaround"
                .to_owned());
        }
        if context.bases.is_later(&from.value, context.stage) {
            context.bases.check_circle(context.stage)?;
            let stage = &context.dockerfile.stages[context.stage].header;
            return Err(format!(
                "cannot copy from stage \"{}\", it needs to be defined before current stage \"{}\"",
                from.value,
                stage.name.as_ref().map_or("", |name| &name.value)
            ));
        }
        keys.push(("from".to_owned(), context.bases.copied_from(&from.value)?));
    }
    let parents = copy.parents.then(|| ("parents".to_owned(), Value::literal(true)));
    let files = Files { transfer: &copy.transfer, context, names };
    let mut steps = Vec::new();
    if !copy.transfer.sources.is_empty() {
        let exclude = files.exclude()?;
        let more: Vec<_> = parents.into_iter().chain(exclude).collect();
        let sources: Vec<&Word> = copy.transfer.sources.iter().collect();
        steps.extend(files.steps("copy", &sources, &keys, more)?);
    }
    steps.extend(files.heredocs()?);
    Ok(with_comments(instruction, steps))
}

/// Converts an `ADD`: each source becomes a step with the same effect.
pub(super) fn add(
    instruction: &Instruction,
    add: &FileAdd,
    context: &Context<'_>,
    names: &dyn Names,
) -> Result<Vec<Item>, String> {
    let files = Files { transfer: &add.transfer, context, names };
    let checksum = add.checksum.as_ref().map(|checksum| files.text(checksum)).transpose()?;
    if checksum.as_ref().is_some_and(|sum| !sum.is_empty()) && add.transfer.sources.len() > 1 {
        return Err(
            "checksum can't be specified for multiple sources: write an ADD for each".to_owned()
        );
    }
    let exclude = files.exclude()?;
    let mut steps = Vec::new();
    // Neighbouring files of the context are one step. Later sources overwrite earlier ones.
    let mut local: Vec<&Word> = Vec::new();
    for source in &add.transfer.sources {
        let url = files.text(source)?;
        let (git, is_url) = files.address(&url);
        if git.is_some() || is_url {
            let sources = std::mem::take(&mut local);
            steps.extend(files.local(&sources, add.unpack, exclude.as_ref())?);
        }
        if let Some(git) = git {
            let git = git.map_err(|problem| format!("`{url}`: {problem}"))?;
            steps.extend(files.git(&git, add, checksum.as_deref(), source)?);
        } else if is_url {
            let mut more = Vec::new();
            more.extend(
                checksum.as_ref().map(|sum| ("checksum".to_owned(), Value::text(sum.clone()))),
            );
            if add.unpack == Some(true) {
                more.push(("extract".to_owned(), Value::literal(true)));
            }
            steps.extend(files.steps("fetch", &[source], &[], more)?);
        } else {
            if checksum.as_ref().is_some_and(|sum| !sum.is_empty()) {
                return Err("checksum requires HTTP(S) or Git sources".to_owned());
            }
            local.push(source);
        }
    }
    steps.extend(files.local(&local, add.unpack, exclude.as_ref())?);
    steps.extend(files.heredocs()?);
    Ok(with_comments(instruction, steps))
}

/// True for a path that can only be a directory.
fn is_surely_directory(path: &str) -> bool {
    is_directory(path) || path.is_empty()
}

/// True if a path has the name of an archive.
fn is_archive(path: &str) -> bool {
    const ENDS: [&str; 9] =
        [".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"];
    ENDS.iter().any(|end| path.ends_with(end))
}

/// The sources of a `COPY` or `ADD`.
struct Files<'f> {
    transfer: &'f Transfer,
    context: &'f Context<'f>,
    names: &'f dyn Names,
}

impl Files<'_> {
    fn text(&self, word: &Word) -> Result<String, String> {
        words::value(&word.value, self.context.escape(), self.names)
    }

    /// The repository that a source refers to, and true if it is a URL. If it depends on an arg,
    /// the arg's given or default value decides.
    fn address(&self, text: &str) -> (Option<Result<GitUrl, String>>, bool) {
        let name = text.strip_prefix("${").and_then(|rest| rest.split(['}', ':', '-']).next());
        let value =
            name.and_then(|name| match (self.names.known(name), self.context.given.get(name)) {
                (Known::Value(value), _) => Some(value),
                (Known::Unset | Known::Unknown, Some(value)) => Some(value),
                (Known::Unset | Known::Unknown, None) => {
                    self.context.args.get(name)?.default.as_deref()
                }
            });
        let Some((value, rest)) = value.zip(text.split_once('}').map(|(_, rest)| rest)) else {
            let git = GitUrl::parse(text).map(|url| url.map_err(|err| err.to_string()));
            return (git, is_url(text));
        };
        let whole = format!("{value}{rest}");
        let variable = &text[..text.len() - rest.len()];
        let git = GitUrl::parse(&whole).map(|url| {
            let url = url.map_err(|err| err.to_string())?;
            let remote = url.remote.strip_prefix(value).map(|rest| format!("{variable}{rest}"));
            Ok(GitUrl {
                remote: remote.ok_or("an arg determines more than the start of the value")?,
                ..url
            })
        });
        (git, is_url(&whole))
    }

    /// The step for files of the context, with `ADD`'s default: archives are unpacked regardless of
    /// their names.
    fn local(
        &self,
        sources: &[&Word],
        unpack: Option<bool>,
        exclude: Option<&(String, Value)>,
    ) -> Result<Vec<Value>, String> {
        let mut texts = Vec::new();
        for source in sources {
            texts.push(self.text(source)?);
        }
        if let ([source], [text]) = (sources, &texts[..])
            && unpack != Some(false)
            && (is_archive(text) && !is_archive(&self.destination()?) || unpack == Some(true))
        {
            return self.steps("unpack", &[source], &[], Vec::new());
        }
        if sources.is_empty() {
            return Ok(Vec::new());
        }
        let mut more: Vec<_> = exclude.cloned().into_iter().collect();
        if unpack != Some(false) && !texts.iter().all(|text| is_surely_directory(text)) {
            more.push(("extract".to_owned(), Value::literal(true)));
        }
        self.steps("copy", sources, &[], more)
    }

    /// The destination. An empty one is the working directory.
    fn destination(&self) -> Result<String, String> {
        self.text_or(&self.transfer.destination, "./")
    }

    /// A path, or `other` if the path consists of one variable that is empty.
    fn text_or(&self, word: &Word, other: &str) -> Result<String, String> {
        let text = self.text(word)?;
        if !word.value.contains('$') {
            return Ok(text);
        }
        let pieces = lex::word(&word.value, self.context.escape())
            .map_err(|problem| words::unprocessed(&word.value, &problem))?;
        let [Piece::Variable { name, modifier: Modifier::Plain, .. }] = &pieces[..] else {
            return Ok(text);
        };
        if matches!(self.names.known(name), Known::Value(value) if !value.is_empty()) {
            return Ok(text);
        }
        let is_plain = [format!("${{{name}}}"), format!("${{{name}:-}}")].contains(&text);
        Ok(if is_plain { format!("${{{name}:-{other}}}") } else { text })
    }

    /// The key for the mode of created directories, if it matters. Without it they have 0755.
    fn mode_of_directories(&self, to: &str) -> Option<(String, Value)> {
        let mode = self.transfer.chmod.as_ref().filter(|mode| !mode.value.is_empty())?;
        let known = words::folded(&mode.value, self.context.escape(), self.names);
        let changes_nothing = known.is_some_and(|mode| {
            mode.trim_start_matches('0') == "755" || !mode.bytes().all(|byte| byte.is_ascii_digit())
        });
        let directory = match is_directory(to) {
            true => to.trim_end_matches(['/', '.']),
            false => to.rsplit_once('/').map_or("", |(directory, _)| directory),
        };
        (!changes_nothing && !directory.is_empty())
            .then(|| ("chmod-parents".to_owned(), Value::literal(true)))
    }

    fn exclude(&self) -> Result<Option<(String, Value)>, String> {
        // BuildKit does not expand variables in these.
        let values: Vec<Value> = self
            .transfer
            .exclude
            .iter()
            .map(|word| Value::text(words::literal(&word.value)))
            .collect();
        Ok(one_or_list(values).map(|value| ("exclude".to_owned(), value)))
    }

    /// One step, or one step for each source if the destination has no slash and takes one source
    /// after the other.
    fn steps(
        &self,
        verb: &str,
        sources: &[&Word],
        first: &[(String, Value)],
        more: Vec<(String, Value)>,
    ) -> Result<Vec<Value>, String> {
        let to = self.destination()?;
        let is_directory = is_directory(&to);
        let groups: Vec<&[&Word]> = match is_directory || sources.len() == 1 {
            true => vec![sources],
            false => sources.chunks(1).collect(),
        };
        let mut steps = Vec::new();
        for group in groups {
            let mut values = Vec::new();
            for source in group {
                let path = within_tree(self.text_or(source, "/")?);
                values.push(Value::text(path).at(source.span));
            }
            let mut keys =
                vec![(verb.to_owned(), one_or_list(values).unwrap_or_else(|| Value::list([])))];
            keys.extend(first.iter().cloned());
            keys.extend(self.to(&to));
            let owner = self.owner()?.into_iter();
            keys.extend(owner.filter(|(key, _)| verb != "unpack" || key != "chmod"));
            if verb != "unpack" {
                keys.extend(self.mode_of_directories(&to));
            }
            // A file that matches a pattern is copied under the name of a destination without a
            // slash.
            let may_match = group.iter().any(|source| source.value.contains(['*', '?', '[', '$']));
            if verb == "copy" && !is_directory && may_match {
                keys.push(("rename".to_owned(), Value::literal(true)));
            }
            keys.extend(more.iter().cloned());
            steps.push(Value::table(keys));
        }
        Ok(steps)
    }

    fn to(&self, to: &str) -> Option<(String, Value)> {
        (!matches!(to, "." | "./" | ""))
            .then(|| ("to".to_owned(), Value::text(to).at(self.transfer.destination.span)))
    }

    fn owner(&self) -> Result<Vec<(String, Value)>, String> {
        let mut keys = Vec::new();
        for (key, word) in [("chown", &self.transfer.chown), ("chmod", &self.transfer.chmod)] {
            if let Some(word) = word.as_ref().filter(|word| !word.value.is_empty()) {
                let known = words::folded(&word.value, self.context.escape(), self.names);
                if let Some(mode) = known.filter(|mode| !mode.is_empty() && key == "chmod")
                    && Mode::parse(&mode).is_none()
                {
                    return Err(invalid_mode(&mode));
                }
                keys.push((key.to_owned(), Value::text(self.text(word)?)));
            }
        }
        if self.transfer.link {
            keys.push(("link".to_owned(), Value::literal(true)));
        }
        Ok(keys)
    }

    fn git(
        &self,
        git: &GitUrl,
        add: &FileAdd,
        checksum: Option<&str>,
        source: &Word,
    ) -> Result<Vec<Value>, String> {
        let mut keys = vec![("git".to_owned(), Value::text(git.remote.clone()).at(source.span))];
        let checksum = checksum.filter(|sum| !sum.is_empty());
        if let (Some(own), Some(of_url)) = (checksum, &git.checksum)
            && own != of_url
        {
            return Err(format!(
                "checksum mismatch {own:?} != {of_url:?}: drop that of the flag or of the URL"
            ));
        }
        let checksum = checksum.map(str::to_owned).or_else(|| git.checksum.clone());
        for (key, value) in [
            ("ref", Some(git.reference.clone()).filter(|reference| !reference.is_empty())),
            ("checksum", checksum),
            ("subdir", Some(git.subdir.clone()).filter(|subdir| !subdir.is_empty())),
        ] {
            keys.extend(value.map(|value| (key.to_owned(), Value::text(value))));
        }
        if add.keep_git_dir.is_some_and(|keeps| git.keep_git_dir.is_some_and(|of| of != keeps)) {
            return Err(
                "inconsistent keep-git-dir configuration: drop that of the flag or of the URL"
                    .to_owned(),
            );
        }
        if add.keep_git_dir.or(git.keep_git_dir).unwrap_or(false) {
            keys.push(("keep-git-dir".to_owned(), Value::literal(true)));
        }
        if git.skip_submodules {
            keys.push(("submodules".to_owned(), Value::literal(false)));
        }
        if git.fetch_by_commit {
            keys.push(("fetch-by-commit".to_owned(), Value::literal(true)));
        }
        let to = self.destination()?;
        keys.extend(self.to(&to));
        keys.extend(self.owner()?);
        // The content of the repository is copied into this directory, with or without a trailing
        // slash.
        keys.extend(self.mode_of_directories(&format!("{to}/")));
        Ok(vec![Value::table(keys)])
    }

    /// The files with inline content.
    fn heredocs(&self) -> Result<Vec<Value>, String> {
        let to = self.destination()?;
        let mut steps = Vec::new();
        for heredoc in &self.transfer.heredocs {
            let path = match is_directory(&to) {
                true => format!("{}{}", to.trim_end_matches('.'), heredoc.name),
                false => to.clone(),
            };
            let (content, expand) = self.content(heredoc)?;
            let mut keys = vec![("write".to_owned(), Value::text(path).at(heredoc.span))];
            if expand {
                keys.push(("expand".to_owned(), Value::literal(true)));
            }
            keys.extend(self.owner()?);
            keys.extend(self.mode_of_directories(&to));
            keys.push(("content".to_owned(), content));
            steps.push(Value::table(keys));
        }
        Ok(steps)
    }

    /// The content of a file, and true if variables in it are expanded.
    fn content(&self, heredoc: &Heredoc) -> Result<(Value, bool), String> {
        let text = heredoc.text();
        let (text, expand) = match heredoc.expand {
            false => (text, false),
            true => match &lex::text(&text).map_err(|err| words::unprocessed(&text, &err))?[..] {
                [] => (String::new(), false),
                [lex::Piece::Text(text)] => (text.clone(), false),
                pieces => (words::template(pieces, self.names), true),
            },
        };
        Ok((content_value(text), expand))
    }
}

/// The content of a file, in a form that a build file reads back exactly.
fn content_value(text: String) -> Value {
    let is_plain = text.ends_with('\n')
        && !text.contains('\r')
        && !text.lines().next().is_some_and(is_blank)
        && !text.lines().any(|line| is_blank(line) && !line.is_empty())
        && text.lines().any(|line| !line.is_empty() && !line.starts_with([' ', '\t']));
    if is_plain && text.lines().count() > 1 {
        return Kind::Block(text).into();
    }
    if is_plain || text.is_empty() {
        return Value::text(text);
    }
    // A list of lines is taken literally.
    Value::list(text.split_terminator('\n').map(Value::text))
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// BuildKit's message about a mode (`dispatchCopy` in `convert_copy.go`).
fn invalid_mode(mode: &str) -> String {
    match mode.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!(
            "invalid chmod parameter: '{mode}'. it should be octal string and between 0 and 07777"
        ),
        false => format!("invalid chmod parameter: '{mode}': invalid syntax"),
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// A path as BuildKit's `NormalizePath` reads it: an empty one is the root of the tree, and `..`
/// does not lead out of it.
pub(super) fn within_tree(path: String) -> String {
    if path.is_empty() {
        return "/".to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    let mut leads_out = false;
    for part in path.split('/') {
        match part {
            ".." if parts.last().is_some_and(|last| !["", ".", ".."].contains(last)) => {
                parts.pop();
            }
            ".." => leads_out = true,
            part => parts.push(part),
        }
    }
    // A path without too many `..` stays as it is written.
    if leads_out {
        Some(parts.join("/")).filter(|path| !path.is_empty()).unwrap_or("/".to_owned())
    } else {
        path
    }
}

fn is_directory(to: &str) -> bool {
    to.ends_with('/') || matches!(to, "." | ".." | "") || to.ends_with("/.") || to.ends_with("/..")
}

fn one_or_list(mut values: Vec<Value>) -> Option<Value> {
    match values.len() {
        0 => None,
        1 => values.pop(),
        _ => Some(Value::list(values)),
    }
}

fn with_comments(instruction: &Instruction, steps: Vec<Value>) -> Vec<Item> {
    let mut above = comments::above(instruction);
    above.extend(instruction.inner.iter().map(|inner| inner.comment.text.clone()));
    let items = steps.into_iter().map(|value| Item {
        comments: std::mem::take(&mut above),
        value: if value.origin.is_none() { value.at(instruction.span) } else { value },
    });
    items.collect()
}
