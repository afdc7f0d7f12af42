//! Resolution of the spec's sources.

use buildkit_llb::Platform;

use super::from::{FromLookup, Meaning, Outside};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Known, Reported};
use crate::plan::context::{ContextSource, HttpFile};
use crate::plan::git_url::GitUrl;
use crate::plan::platform::platform_of;
use crate::plan::{git_value, remote};
use crate::reference::Reference;
use crate::source::Span;
use crate::spec::{Input, Template};
use crate::text::Text;

impl FromLookup<'_, '_> {
    /// The source with that name, if any. A build context of the client with its name replaces it.
    pub(super) fn source(
        &self,
        name: &str,
        source: &Input,
        platform: &Platform,
        diagnostics: &mut Diagnostics,
    ) -> Result<Meaning, Reported> {
        match self.context(name, platform) {
            Some(context) => Ok(context),
            None => self.input(name, source, platform, diagnostics),
        }
    }

    /// The error for an undeclared source.
    pub(super) fn unknown_source(&self, span: Span, name: &str) -> Diagnostic {
        let known = Known::new(self.spec.sources.keys().map(|name| name.as_str()));
        let hint =
            known.did_you_mean(name, []).unwrap_or_else(|| match self.spec.sources.is_empty() {
                true => format!("declare it in [sources.{name}]"),
                false => format!("the sources are {}", known.list()),
            });
        Diagnostic::new(Code::UnknownSource, span, format!("there is no source `{name}`"))
            .hint(hint)
    }

    fn input(
        &self,
        name: &str,
        input: &Input,
        platform: &Platform,
        diagnostics: &mut Diagnostics,
    ) -> Result<Meaning, Reported> {
        match input {
            Input::Git {
                url,
                reference,
                checksum,
                subdir,
                keep_git_dir,
                submodules,
                fetch_by_commit,
            } => {
                let at = url.span;
                let remote = self
                    .expand(url, diagnostics)
                    .and_then(|text| git_value::remote(text, at, diagnostics));
                let reference = self.checked(reference.as_ref(), git_value::reference, diagnostics);
                let commit = self.checked(checksum.as_ref(), remote::commit, diagnostics);
                let subdir = self.checked(subdir.as_ref(), git_value::subdir, diagnostics);
                let (remote, commit) = (remote?.to_string(), commit?);
                let reference = reference?.unwrap_or_default().to_string();
                let by_commit = *fetch_by_commit;
                remote::fetch_by_commit(by_commit, commit.as_deref(), &reference, diagnostics)?;
                let locked = match &commit {
                    Some(_) => None,
                    None => self.request.locking.commit(&remote, &reference, at, diagnostics),
                };
                let git = GitUrl {
                    remote,
                    reference: locked.unwrap_or(reference),
                    checksum: commit.map(|commit| commit.to_string()),
                    subdir: subdir?.unwrap_or_default().to_string(),
                    keep_git_dir: Some(*keep_git_dir),
                    skip_submodules: !submodules,
                    fetch_by_commit: by_commit.is_some_and(|flag| flag.value),
                    ..GitUrl::default()
                };
                Ok(Meaning::Outside(Outside::Source(name.to_owned(), ContextSource::Git(git), at)))
            }
            Input::Http { url, checksum, name: called, extract } => {
                let (called, checksum) = (called.as_ref(), checksum.as_ref());
                let file = self.http(url, called, checksum, *extract, diagnostics)?;
                let (name, source) = (name.to_owned(), ContextSource::Http(file));
                Ok(Meaning::Outside(Outside::Source(name, source, url.span)))
            }
            Input::Image { reference, platform: own } => {
                let own = own.as_ref();
                self.declared_image(reference, own, platform, diagnostics)
            }
            Input::Context(context) => {
                let text = self.expand(context, diagnostics)?;
                self.given_context(&text, context.span, platform, diagnostics)
            }
        }
    }

    /// A download. `called` is the name of the file.
    fn http(
        &self,
        url: &Template,
        called: Option<&Template>,
        checksum: Option<&Template>,
        extract: bool,
        diagnostics: &mut Diagnostics,
    ) -> Result<HttpFile, Reported> {
        let at = url.span;
        let url = self.expand(url, diagnostics);
        let url = url.and_then(|url| remote::url(url, at, diagnostics));
        let checksum = self.checked(checksum, remote::digest, diagnostics);
        let name = match called {
            Some(name) => self
                .expand(name, diagnostics)
                .and_then(|text| remote::named(text, name.span, diagnostics)),
            None => url.as_ref().map_err(|&reported| reported).and_then(|url| {
                remote::file_name(url, at, "set it with `name = \"...\"`", diagnostics)
            }),
        };
        let (url, name) = (url?, name?);
        let checksum = match checksum? {
            Some(checksum) => Some(checksum.to_string()),
            None => self.request.locking.url(&url, at, diagnostics),
        };
        Ok(HttpFile { name, url: url.to_string(), checksum, extract })
    }

    /// An image, or the build context of the client with its reference as a name. `own` is the
    /// platform in the source, `platform` the default.
    fn declared_image(
        &self,
        reference: &Template,
        own: Option<&Template>,
        platform: &Platform,
        diagnostics: &mut Diagnostics,
    ) -> Result<Meaning, Reported> {
        let text = self.expand(reference, diagnostics)?;
        let build_platform = &self.request.build_platform;
        let platform = match own {
            Some(own) => &platform_of(own, self.scope, build_platform, diagnostics)?,
            None => platform,
        };
        if let Some(context) = self.context(&text, platform) {
            return Ok(context);
        }
        let at = reference.span;
        let image = match Reference::parse(&text) {
            Ok(image) => self.request.locking.image(image, at, diagnostics),
            Err(err) => {
                let message = err.to_string();
                return diagnostics.error(Diagnostic::new(Code::InvalidReference, at, message));
            }
        };
        Ok(Meaning::Outside(Outside::DeclaredImage(image, platform.clone(), at)))
    }

    fn expand(&self, template: &Template, diagnostics: &mut Diagnostics) -> Result<Text, Reported> {
        self.scope.expand(template, diagnostics)
    }

    /// A checked optional value.
    fn checked(
        &self,
        template: Option<&Template>,
        check: fn(Text, Span, &mut Diagnostics) -> Result<Text, Reported>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Text>, Reported> {
        let Some(template) = template else { return Ok(None) };
        let text = self.expand(template, diagnostics)?;
        remote::checked(text, template, check, diagnostics)
    }
}
