//! Steps that change files without running anything.

use super::{MODE, Planned, Planner, outside};
use crate::credentials::redacted;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported, all};
use crate::plan::owner::{Mode, Owner};
use crate::plan::{Action, Fetch, Git, Unpack, Write, git_value, path, remote};
use crate::source::Span;
use crate::spec::{
    FetchStep, GitStep, MkdirStep, OneOrMany, OwnerKeys, RemoveStep, SymlinkStep, Template,
    UnpackStep, WriteStep,
};
use crate::text::Text;

/// The owner and the mode that a step sets.
pub(super) struct Ownership {
    pub(super) owner: Option<Box<Owner>>,
    pub(super) mode: Option<Mode>,
    /// Put the files into a separate layer.
    pub(super) link: bool,
    /// The corresponding flags of Dockerfiles, for the history.
    pub(super) flags: String,
}

impl Planner<'_, '_> {
    pub(super) fn fetch(
        &self,
        step: &FetchStep,
        diagnostics: &mut Diagnostics,
    ) -> Result<Planned, Reported> {
        let ownership = self.ownership(&step.files, diagnostics);
        let url = self.values.expand(&step.url, diagnostics);
        let url = url.and_then(|url| remote::url(url, step.url.span, diagnostics));
        let checksum = self.checked(step.checksum.as_deref(), remote::digest, diagnostics);
        let to = self.values.expand_option(step.to.as_ref(), diagnostics);
        let (url, to) = (url?, to?.unwrap_or_else(|| "./".into()));
        let way_out = "declare it as a source with a name: [sources.NAME] with `http = \"...\"` and `name = \"...\"`";
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
        let shown = redacted(&url);
        let label = format!("fetch {shown} to {to}").into();
        let created_by = self.record(|| format!("ADD{flags} {shown} {to}"));
        Ok(Planned { action: Action::Fetch(Box::new(fetch)), label, created_by })
    }

    pub(super) fn git(
        &self,
        step: &GitStep,
        diagnostics: &mut Diagnostics,
    ) -> Result<Planned, Reported> {
        let ownership = self.ownership(&step.files, diagnostics);
        let url = self
            .values
            .expand(&step.url, diagnostics)
            .and_then(|url| git_value::remote(url, step.url.span, diagnostics));
        let reference = self.checked(step.reference.as_deref(), git_value::reference, diagnostics);
        let checksum = self.checked(step.checksum.as_deref(), remote::commit, diagnostics);
        let subdir = self.checked(step.subdir.as_deref(), git_value::subdir, diagnostics);
        let to = self.values.expand_option(step.to.as_ref(), diagnostics);
        let Ownership { owner, mode, link, flags } = ownership?;
        let to = to?.unwrap_or_else(|| "./".into());
        let (url, reference) = (url?.to_string(), reference?.unwrap_or_default().to_string());
        let checksum = checksum?;
        let fetch_by_commit = step.fetch_by_commit;
        remote::fetch_by_commit(fetch_by_commit, checksum.as_deref(), &reference, diagnostics)?;
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
            skip_submodules: step.submodules == Some(false),
            fetch_by_commit: fetch_by_commit.is_some_and(|flag| flag.value),
            destination: path::destination(&self.workdir, &to).to_string(),
            owner,
            mode,
            link,
        };
        let mut named = redacted(&git.url).into_owned();
        if !git.reference.is_empty() {
            named = format!("{named}#{}", git.reference);
        }
        let label = format!("git {named} to {to}").into();
        let created_by = self.record(|| format!("ADD{flags} {named} {to}"));
        Ok(Planned { action: Action::Git(Box::new(git)), label, created_by })
    }

    pub(super) fn unpack(
        &self,
        step: &UnpackStep,
        diagnostics: &mut Diagnostics,
    ) -> Result<Planned, Reported> {
        let origin = self.context.origins.of_option(step.from.as_ref());
        let owner = self.owner(step.chown.as_ref(), diagnostics);
        let source = self.values.expand(&step.source, diagnostics);
        let to = self.values.expand_option(step.to.as_ref(), diagnostics);
        let (written, to) = (source?, to?.unwrap_or_else(|| "./".into()));
        let Some(source) = path::inside(&written) else {
            return diagnostics.error(outside(step.source.span, &written, origin));
        };
        let (source, _) = path::source_of(source);
        // An archive is unpacked into a directory, with or without a trailing slash.
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
        Ok(Planned { action: Action::Unpack(unpack), label, created_by })
    }

    pub(super) fn write(
        &self,
        step: &WriteStep,
        diagnostics: &mut Diagnostics,
    ) -> Result<Planned, Reported> {
        let ownership = self.ownership(&step.files, diagnostics);
        let written = self.values.expand(&step.path, diagnostics);
        let content =
            match &step.content.value {
                content if !step.expand.unwrap_or(false) => Ok(content.text.clone()),
                content => match &content.template {
                    Ok(template) => self.values.expand(template, diagnostics),
                    Err(problem) => diagnostics.error(problem.diagnostic().hint(
                        "write `$${` for a literal `${`, or remove `expand` to replace nothing",
                    )),
                },
            };
        let written = written?;
        if path::is_directory(&written) {
            return diagnostics.error(
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
        Ok(Planned {
            action,
            label: format!("write {written}").into(),
            created_by: self.record(|| format!("COPY{flags} <<EOF {written}")),
        })
    }

    pub(super) fn mkdir(
        &self,
        step: &MkdirStep,
        diagnostics: &mut Diagnostics,
    ) -> Result<Planned, Reported> {
        let owner = self.owner(step.chown.as_ref(), diagnostics);
        let mode = self.parse_option(step.chmod.as_ref(), MODE, diagnostics);
        let paths = self.paths(&step.paths.value, diagnostics)?;
        let (owner, mode) = (owner?, mode?);
        let label = format!("mkdir {}", paths.join(" "));
        Ok(self.without_flags(Action::Mkdir { paths, owner, mode }, label))
    }

    pub(super) fn remove(
        &self,
        step: &RemoveStep,
        diagnostics: &mut Diagnostics,
    ) -> Result<Planned, Reported> {
        let paths = self.paths(&step.paths.value, diagnostics)?;
        let label = format!("remove {}", paths.join(" "));
        let action = Action::Remove { paths, missing_ok: step.missing_ok.unwrap_or(false) };
        Ok(self.without_flags(action, label))
    }

    pub(super) fn symlink(
        &self,
        step: &SymlinkStep,
        diagnostics: &mut Diagnostics,
    ) -> Result<Planned, Reported> {
        let path = self.path(&step.path, diagnostics);
        let target = self.values.expand(&step.target, diagnostics);
        let (path, target) = (path?, target?);
        let label = format!("symlink {path} to {target}");
        Ok(self.without_flags(Action::Symlink { path, target }, label))
    }

    /// A step without an equivalent in Dockerfiles: the history has the label of the progress.
    fn without_flags(&self, action: Action, label: String) -> Planned {
        Planned { action, created_by: self.record(|| label.clone()), label: label.into() }
    }

    pub(super) fn ownership(
        &self,
        keys: &OwnerKeys,
        diagnostics: &mut Diagnostics,
    ) -> Result<Ownership, Reported> {
        let owner = self.owner(keys.chown.as_deref(), diagnostics);
        let mode = self.parse_option(keys.chmod.as_deref(), MODE, diagnostics);
        let (owner, mode) = (owner?, mode?);
        let mode = match mode {
            Some(Mode::Octal(bits)) if keys.chmod_parents == Some(true) => {
                Some(Mode::Everywhere(bits))
            }
            mode => mode,
        };
        let mut flags = String::new();
        if let (None, Some(default)) = (&keys.chown, &self.surroundings.owner) {
            flags.push_str(&format!(" --chown={}", default.text));
        }
        for (flag, template) in [("chown", &keys.chown), ("chmod", &keys.chmod)] {
            if let Some(template) = template {
                flags
                    .push_str(&format!(" --{flag}={}", self.values.expand(template, diagnostics)?));
            }
        }
        let link = keys.link.unwrap_or(self.surroundings.link);
        Ok(Ownership { owner, mode, link, flags })
    }

    pub(super) fn patterns(
        &self,
        templates: Option<&OneOrMany<Template>>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<Text>, Reported> {
        templates.map_or(Ok(Vec::new()), |templates| {
            self.values.expand_all(templates.as_slice(), diagnostics)
        })
    }

    /// The checksum of a remote file, if the step has one.
    fn checked(
        &self,
        template: Option<&Template>,
        check: fn(Text, Span, &mut Diagnostics) -> Result<Text, Reported>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Text>, Reported> {
        let Some(template) = template else { return Ok(None) };
        let text = self.values.expand(template, diagnostics)?;
        remote::checked(text, template, check, diagnostics)
    }

    fn paths(
        &self,
        templates: &OneOrMany<Template>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<Text>, Reported> {
        let templates = templates.as_slice();
        all(templates.iter().map(|template| self.path(template, diagnostics)))
    }
}
