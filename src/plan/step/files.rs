//! Steps that change files without running anything.

use std::borrow::Cow;

use super::{MODE, Planned, Planner, origin_of, outside};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::owner::{Mode, Owner};
use crate::plan::{Action, Copy, CopyItem, Fetch, Git, Unpack, Write, git_value, path, remote};
use crate::source::Span;
use crate::spec::{
    CopyStep, FetchStep, GitStep, MkdirStep, OneOrMany, OwnerKeys, RemoveStep, Sources,
    SymlinkStep, Template, UnpackStep, WriteStep,
};
use crate::text::Text;

/// The owner and the mode that a step gives to its files.
struct Ownership {
    owner: Option<Box<Owner>>,
    mode: Option<Mode>,
    /// Whether they become a layer of their own.
    link: bool,
    /// As flags of Dockerfiles, for the history.
    flags: String,
}

impl Planner<'_, '_> {
    pub(super) fn copy(&self, step: &CopyStep, diagnostics: &mut Diagnostics) -> Option<Planned> {
        let origin = origin_of(step.from.as_ref(), self.context.origins);
        let ownership = self.ownership(&step.files, diagnostics);
        let to = self.values.expand_option(step.to.as_ref(), diagnostics);
        let include = self.patterns(step.include.as_deref(), diagnostics);
        let exclude = self.patterns(step.exclude.as_deref(), diagnostics);
        let to = to?.unwrap_or_else(|| "./".into());

        let mut complete = Some(());
        let mut sources: Vec<(Span, Text, Text)> = Vec::new();
        let mut add = |template: &Template,
                       destination: Option<Text>,
                       diagnostics: &mut Diagnostics| {
            match (self.values.expand(template, diagnostics), destination) {
                (Some(source), Some(destination)) => {
                    sources.push((template.span, source, destination));
                }
                _ => complete = None,
            }
        };
        match &step.sources.value {
            Sources::To(templates) => {
                for template in templates.as_slice() {
                    add(template, Some(to.clone()), diagnostics);
                }
            }
            Sources::Each(pairs) => {
                for (template, destination) in pairs {
                    add(template, self.values.expand(destination, diagnostics), diagnostics);
                }
            }
        }
        let several = matches!(step.sources.value, Sources::To(_)) && sources.len() > 1;
        if several && !path::is_directory(&to) {
            let span = step.to.as_ref().map_or(step.sources.span, |to| to.span);
            complete = diagnostics.fail(
                Diagnostic::new(
                    Code::NotADirectory,
                    span,
                    format!("several files cannot be copied to one, `{to}`"),
                )
                .hint(format!("a directory ends with a slash: \"{to}/\"")),
            );
        }
        if step.parents == Some(true) && step.include.is_some() {
            complete = diagnostics.fail(
                Diagnostic::new(
                    Code::ConflictingKeys,
                    step.sources.span,
                    "a copy has both `parents` and `include`",
                )
                .hint("with `parents`, write the patterns as sources: \"src/./**/*.txt\""),
            );
        }
        let mut items = Vec::with_capacity(sources.len());
        for (span, source, destination) in &sources {
            let destination = path::destination(&self.workdir, destination);
            self.context.scope.spend(destination.len(), *span, diagnostics)?;
            let item = CopyItem::new(source, destination, step);
            match item {
                Some(item) => items.push(item),
                None => complete = diagnostics.fail(outside(*span, source, origin)),
            }
        }
        let (Ownership { owner, mode, link, flags }, include, exclude) =
            (ownership?, include?, exclude?);
        complete?;

        let from = step
            .from
            .as_ref()
            .and_then(|from| self.context.scope.expand(from.template(), diagnostics));
        let destination = match &step.sources.value {
            Sources::To(_) => to.as_str(),
            Sources::Each(_) => "several places",
        };
        let names: Vec<&str> =
            sources.iter().flat_map(|(_, source, _)| [" ", source.as_str()]).collect();
        let names = names.concat();
        let (from_word, from) = from.as_ref().map_or(("", ""), |from| (" from ", from.as_str()));
        let label = ["copy", &names, from_word, from, " to ", destination].concat();
        let created_by = self.record(|| {
            let from_flag = if from_word.is_empty() { "" } else { " --from=" };
            format!("COPY{from_flag}{from}{flags}{names} {destination}")
        });
        let copy = Copy {
            origin,
            items: items.into(),
            owner,
            mode,
            include: include.into(),
            exclude: exclude.into(),
            link,
        };
        Some(Planned { action: Action::Copy(copy), label: label.into(), created_by })
    }

    pub(super) fn fetch(&self, step: &FetchStep, diagnostics: &mut Diagnostics) -> Option<Planned> {
        let ownership = self.ownership(&step.files, diagnostics);
        let url = self.values.expand(&step.url, diagnostics);
        let url = url.and_then(|url| remote::url(url, step.url.span, diagnostics));
        let checksum = self.checked(step.checksum.as_deref(), remote::digest, diagnostics);
        let to = self.values.expand_option(step.to.as_ref(), diagnostics);
        let (url, to) = (url?, to?.unwrap_or_else(|| "./".into()));
        let way_out = "make it a source with a name: [sources.NAME] http = \"...\", name = \"...\"";
        let filename = remote::file_name(&url, step.url.span, way_out, diagnostics);
        let Ownership { owner, mode, link, flags } = ownership?;
        let checksum = match checksum? {
            Some(checksum) => Some(checksum.to_string()),
            None => self.context.locking.url(&url, step.url.span, diagnostics),
        };
        let fetch = Fetch {
            filename: filename?,
            checksum,
            destination: path::destination(&self.workdir, &to).to_string(),
            extract: step.extract.unwrap_or(false),
            strip: step.strip.as_ref().map_or(0, |strip| strip.value),
            owner,
            mode,
            link,
            url: url.to_string(),
        };
        let label = format!("fetch {url} to {to}").into();
        let created_by = self.record(|| format!("ADD{flags} {url} {to}"));
        Some(Planned { action: Action::Fetch(Box::new(fetch)), label, created_by })
    }

    pub(super) fn git(&self, step: &GitStep, diagnostics: &mut Diagnostics) -> Option<Planned> {
        let ownership = self.ownership(&step.files, diagnostics);
        let url = self
            .values
            .expand(&step.url, diagnostics)
            .and_then(|url| git_value::remote(url, step.url.span, diagnostics));
        let reference = self.checked(step.reference.as_ref(), git_value::reference, diagnostics);
        let checksum = self.checked(step.checksum.as_deref(), remote::commit, diagnostics);
        let subdir = self.checked(step.subdir.as_ref(), git_value::subdir, diagnostics);
        let to = self.values.expand_option(step.to.as_ref(), diagnostics);
        let Ownership { owner, mode, link, flags } = ownership?;
        let to = to?.unwrap_or_else(|| "./".into());
        let (url, reference) = (url?.to_string(), reference?.unwrap_or_default().to_string());
        let checksum = checksum?;
        let commit = match &checksum {
            Some(_) => None,
            None => self.context.locking.commit(&url, &reference, step.url.span, diagnostics),
        };
        let git = Git {
            url,
            reference,
            commit,
            checksum: checksum.map(|checksum| checksum.to_string()),
            subdir: subdir?.unwrap_or_default().to_string(),
            keep_git_dir: step.keep_git_dir.unwrap_or(false),
            destination: path::destination(&self.workdir, &to).to_string(),
            owner,
            mode,
            link,
        };
        let named = if git.reference.is_empty() {
            git.url.clone()
        } else {
            format!("{}#{}", git.url, git.reference)
        };
        let label = format!("git {named} to {to}").into();
        let created_by = self.record(|| format!("ADD{flags} {named} {to}"));
        Some(Planned { action: Action::Git(Box::new(git)), label, created_by })
    }

    pub(super) fn unpack(
        &self,
        step: &UnpackStep,
        diagnostics: &mut Diagnostics,
    ) -> Option<Planned> {
        let origin = origin_of(step.from.as_ref(), self.context.origins);
        let owner = self.owner(step.chown.as_ref(), diagnostics);
        let source = self.values.expand(&step.source, diagnostics);
        let to = self.values.expand_option(step.to.as_ref(), diagnostics);
        let (written, to) = (source?, to?.unwrap_or_else(|| "./".into()));
        let Some(source) = path::inside(&written) else {
            return diagnostics.fail(outside(step.source.span, &written, origin));
        };
        // An archive is unpacked into a directory, whether that is written with a slash or not.
        let destination = path::join(&self.workdir, &to);
        let destination = format!("{}/", destination.trim_end_matches('/')).into();
        let strip = step.strip.as_ref().map_or(0, |strip| strip.value);
        let unpack = Unpack {
            origin,
            source,
            destination,
            strip,
            owner: owner?,
            link: step.link.unwrap_or(self.surroundings.link),
        };
        let label = format!("unpack {written} to {to}").into();
        let created_by = self.record(|| format!("ADD {written} {to}"));
        Some(Planned { action: Action::Unpack(unpack), label, created_by })
    }

    pub(super) fn write(&self, step: &WriteStep, diagnostics: &mut Diagnostics) -> Option<Planned> {
        let ownership = self.ownership(&step.files, diagnostics);
        let written = self.values.expand(&step.path, diagnostics);
        let content = match &step.content.value {
            content if !step.expand.unwrap_or(false) => Some(content.text.clone()),
            content => match &content.template {
                Ok(template) => self.values.expand(template, diagnostics),
                Err(problem) => diagnostics.fail(
                    Diagnostic::new(Code::InvalidSubstitution, step.content.span, problem.clone())
                        .hint("`$${` is a literal `${`; without `expand` nothing is replaced"),
                ),
            },
        };
        let written = written?;
        if path::is_directory(&written) {
            return diagnostics.fail(
                Diagnostic::new(
                    Code::InvalidValue,
                    step.path.span,
                    format!("`{written}` is a directory"),
                )
                .hint("name the file"),
            );
        }
        let path = path::join(&self.workdir, &written);
        let Ownership { owner, mode, link, flags } = ownership?;
        let action = Action::Write(Write { path, content: content?, owner, mode, link });
        Some(Planned {
            action,
            label: format!("write {written}").into(),
            created_by: self.record(|| format!("COPY{flags} <<EOF {written}")),
        })
    }

    pub(super) fn mkdir(&self, step: &MkdirStep, diagnostics: &mut Diagnostics) -> Option<Planned> {
        let owner = self.owner(step.chown.as_ref(), diagnostics);
        let mode = self.parse_option(step.chmod.as_ref(), MODE, diagnostics);
        let paths = self.paths(&step.paths.value, diagnostics)?;
        let (owner, mode) = (owner?, mode?);
        let label = format!("mkdir {}", paths.join(" "));
        Some(self.without_flags(Action::Mkdir { paths, owner, mode }, label))
    }

    pub(super) fn remove(
        &self,
        step: &RemoveStep,
        diagnostics: &mut Diagnostics,
    ) -> Option<Planned> {
        let paths = self.paths(&step.paths.value, diagnostics)?;
        let label = format!("remove {}", paths.join(" "));
        let action = Action::Remove { paths, missing_ok: step.missing_ok.unwrap_or(false) };
        Some(self.without_flags(action, label))
    }

    pub(super) fn symlink(
        &self,
        step: &SymlinkStep,
        diagnostics: &mut Diagnostics,
    ) -> Option<Planned> {
        let path = self.path(&step.path, diagnostics);
        let target = self.values.expand(&step.target, diagnostics);
        let (path, target) = (path?, target?);
        let label = format!("symlink {path} to {target}");
        Some(self.without_flags(Action::Symlink { path, target }, label))
    }

    /// A step that Dockerfiles do not have: the history says what the progress says.
    fn without_flags(&self, action: Action, label: String) -> Planned {
        Planned { action, created_by: self.record(|| label.clone()), label: label.into() }
    }

    fn ownership(&self, keys: &OwnerKeys, diagnostics: &mut Diagnostics) -> Option<Ownership> {
        let owner = self.owner(keys.chown.as_ref(), diagnostics);
        let mode = self.parse_option(keys.chmod.as_ref(), MODE, diagnostics);
        let (owner, mode) = (owner?, mode?);
        let mut flags = String::new();
        for (flag, template) in [("chown", &keys.chown), ("chmod", &keys.chmod)] {
            if let Some(template) = template {
                flags
                    .push_str(&format!(" --{flag}={}", self.values.expand(template, diagnostics)?));
            }
        }
        let link = keys.link.unwrap_or(self.surroundings.link);
        Some(Ownership { owner, mode, link, flags })
    }

    fn patterns(
        &self,
        templates: Option<&OneOrMany<Template>>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Text>> {
        templates.map_or(Some(Vec::new()), |templates| {
            self.values.expand_all(templates.as_slice(), diagnostics)
        })
    }

    /// What a file elsewhere must be, where the step says so. `None` is a reported mistake.
    fn checked(
        &self,
        template: Option<&Template>,
        check: fn(Text, Span, &mut Diagnostics) -> Option<Text>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Option<Text>> {
        let Some(template) = template else { return Some(None) };
        let text = self.values.expand(template, diagnostics)?;
        check(text, template.span, diagnostics).map(Some)
    }

    fn paths(
        &self,
        templates: &OneOrMany<Template>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Text>> {
        let templates = templates.as_slice();
        let paths: Vec<Text> =
            templates.iter().filter_map(|template| self.path(template, diagnostics)).collect();
        (paths.len() == templates.len()).then_some(paths)
    }
}

impl CopyItem {
    /// What one source of a copy is. `None` if it leaves its tree.
    fn new(written: &Text, destination: Text, step: &CopyStep) -> Option<Self> {
        let optional = step.optional.unwrap_or(false);
        if !step.parents.unwrap_or(false) {
            let source = path::inside(written)?;
            let reads = source.clone();
            let source = if optional { source.map(missing_allowed) } else { source };
            return Some(Self { source, destination, parents: None, required: None, reads });
        }
        // Behind the pivot `/./` everything is kept; without one it is the whole path.
        let (base, kept) = written.split_once("/./").unwrap_or(("/", written));
        let base = path::inside(&written.piece(base))?;
        let kept = path::inside(&written.piece(kept))?;
        let kept = kept.piece(kept.trim_start_matches('/'));
        let whole = path::join(&base, &kept);
        let plain = !path::has_wildcard(&whole);
        Some(Self {
            source: base,
            destination,
            parents: Some(kept).filter(|kept| !kept.is_empty()),
            required: (plain && !optional).then(|| whole.clone()),
            reads: whole.map(path::before_double_star),
        })
    }
}

/// A pattern that matches what the path names, and may match nothing. Its first part is the pattern:
/// BuildKit wants the directories before a pattern to be there.
fn missing_allowed(path: &str) -> Cow<'_, str> {
    let path = path.trim_start_matches('/');
    let end = path.find('/').unwrap_or(path.len());
    let (first, rest) = path.split_at(end);
    if path::has_wildcard(first) {
        return format!("/{path}").into();
    }
    // Most characters stand for themselves in a class; a backslash is for the others.
    let plain = first.char_indices().find(|(_, c)| c.is_alphanumeric() || "._".contains(*c));
    let (at, c, escape) = match (plain, first.chars().next()) {
        (Some((at, c)), _) => (at, c, ""),
        (None, Some('\\') | None) => return format!("/{path}").into(),
        (None, Some(c)) => (0, c, "\\"),
    };
    let (before, behind) = (&first[..at], &first[at + c.len_utf8()..]);
    format!("/{before}[{escape}{c}]{behind}{rest}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_may_match_nothing() {
        let cases = [
            ("/go.sum", "/[g]o.sum"),
            ("/.env", "/[.]env"),
            ("/-x/a", "/-[x]/a"),
            ("/--/a", "/[\\-]-/a"),
            ("/*/a", "/*/a"),
            ("/[ab]/a", "/[ab]/a"),
            ("/@/a", "/[\\@]/a"),
            ("/\u{e9}t\u{e9}", "/[\u{e9}]t\u{e9}"),
            ("/", "/"),
        ];
        for (path, pattern) in cases {
            assert_eq!(missing_allowed(path), pattern, "{path}");
        }
    }

    #[test]
    fn paths_that_may_be_missing() {
        assert_eq!(missing_allowed("/a/b"), "/[a]/b");
        assert_eq!(missing_allowed("/.env"), "/[.]env");
        assert_eq!(missing_allowed("/*.txt"), "/*.txt");
        assert_eq!(missing_allowed("/"), "/");
    }
}
