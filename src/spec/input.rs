//! `[sources.NAME]`: named sources, as bases of stages and for copies.

use super::names::Names;
use super::read::Read;
use super::reader::Reader;
use super::shape::Shape;
use super::table::table;
use super::template::{MaybeEmpty, Template};
use crate::diagnostic::{Code, Diagnostic, Reported, list};
use crate::source::{Span, Spanned};
use crate::toml::Value;

/// A named source.
#[derive(Debug, Clone)]
pub enum Input {
    /// A git repository.
    Git {
        /// Its URL.
        url: Template,
        /// A branch, a tag or a commit; the default branch without one.
        reference: Option<Template>,
        /// The commit that it must resolve to.
        checksum: Option<Template>,
        /// The subdirectory to use.
        subdir: Option<Template>,
        /// Keep `.git`.
        keep_git_dir: bool,
        /// Fetch submodules too.
        submodules: bool,
        /// Fetch the commit without resolving the reference.
        fetch_by_commit: Option<Spanned<bool>>,
    },
    /// A file at a URL.
    Http {
        /// Its URL.
        url: Template,
        /// The required digest.
        checksum: Option<Template>,
        /// Its name; by default the last component of the URL.
        name: Option<Template>,
        /// Use the content of the file, which is an archive.
        extract: bool,
    },
    /// An image.
    Image {
        /// Its reference.
        reference: Template,
        /// The platform, if it is not the stage's.
        platform: Option<Template>,
    },
    /// A named build context of the client.
    Context(Template),
}

table! {
    /// A named source: one of `git`, `http`, `image` and `context`.
    pub(super) struct InputTable as "a source" {
        /// The URL of a git repository: https, ssh or git.
        "git" git: Option<Template>,
        /// The URL of a file, http or https.
        "http" http: Option<Template>,
        /// The reference of an image.
        "image" image: Option<Template>,
        /// The name of a build context, which `--build-context NAME=...` gives.
        "context" context: Option<Template>,
        /// A branch, a tag or a commit of the repository. By default, the default branch.
        "ref" reference: Option<MaybeEmpty>,
        /// The commit to which the reference must resolve, or the required digest of the file:
        /// "sha256:...".
        "checksum" checksum: Option<MaybeEmpty>,
        /// The subdirectory of the repository to use.
        "subdir" subdir: Option<MaybeEmpty>,
        /// Keep the `.git` directory.
        "keep-git-dir" keep_git_dir: Option<Spanned<bool>>,
        /// Fetch submodules too; the default is `true`.
        "submodules" submodules: Option<Spanned<bool>>,
        /// Fetch the commit in `checksum` or `ref` without resolving the reference.
        "fetch-by-commit" fetch_by_commit: Option<Spanned<bool>>,
        /// The name of the file. By default, the last component of its URL.
        "name" name: Option<Template>,
        /// Use the content of the file, which is an archive.
        "extract" extract: Option<Spanned<bool>>,
        /// The platform of the image, if it is not the stage's.
        "platform" platform: Option<Template>,
    }
}

/// The additional keys of each kind.
const KEYS: [(&str, &[&str]); 4] = [
    ("git", &["ref", "checksum", "subdir", "keep-git-dir", "submodules", "fetch-by-commit"]),
    ("http", &["checksum", "name", "extract"]),
    ("image", &["platform"]),
    ("context", &[]),
];

impl Input {
    /// Calls `visit` with each name that the source may use.
    pub fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        Names::visit_names(self, visit);
    }
}

impl Read for Input {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        let before = reader.diagnostics.count();
        let table = InputTable::read(value, reader)?;
        table.check(span, reader)?;
        let InputTable { git, http, image, context, platform, name, .. } = table;
        let [reference, checksum, subdir] = [table.reference, table.checksum, table.subdir]
            .map(|value| value.map(|MaybeEmpty(template)| template));
        match (git, http, image, context) {
            (Some(url), ..) => Ok(Input::Git {
                url,
                reference,
                checksum,
                subdir,
                keep_git_dir: is_set(table.keep_git_dir),
                submodules: table.submodules.is_none_or(|flag| flag.value),
                fetch_by_commit: table.fetch_by_commit,
            }),
            (_, Some(url), ..) => {
                Ok(Input::Http { url, checksum, name, extract: is_set(table.extract) })
            }
            (_, _, Some(reference), _) => Ok(Input::Image { reference, platform }),
            (.., Some(context)) => Ok(Input::Context(context)),
            (None, None, None, None) => {
                // An unknown key that was reported may have held the kind.
                reader.diagnostics.no_errors_since(before)?;
                let kinds = list(KEYS.map(|(kind, _)| kind));
                let message = format!("a source needs one of {kinds}");
                reader.diagnostics.error(
                    Diagnostic::new(Code::MissingKey, span, message)
                        .hint("`git = \"https://...\"` or `http = \"https://...\"`"),
                )
            }
        }
    }

    fn shape() -> Shape {
        InputTable::shape()
    }
}

impl InputTable {
    /// Reports keys that exclude each other.
    fn check(&self, span: Span, reader: &mut Reader<'_>) -> Result<(), Reported> {
        let kinds = [&self.git, &self.http, &self.image, &self.context];
        let mut given = KEYS.iter().zip(kinds).filter(|(_, value)| value.is_some());
        let Some(((kind, keys), _)) = given.next() else { return Ok(()) };
        if let Some(((other, _), _)) = given.next() {
            let message = format!("a source has both `{kind}` and `{other}`");
            return reader.diagnostics.error(
                Diagnostic::new(Code::ConflictingKeys, span, message)
                    .hint("declare two sources with different names"),
            );
        }
        let further = [
            ("ref", self.reference.as_ref().map(|value| value.span)),
            ("checksum", self.checksum.as_ref().map(|value| value.span)),
            ("subdir", self.subdir.as_ref().map(|value| value.span)),
            ("keep-git-dir", self.keep_git_dir.as_ref().map(|value| value.span)),
            ("submodules", self.submodules.as_ref().map(|value| value.span)),
            ("fetch-by-commit", self.fetch_by_commit.as_ref().map(|value| value.span)),
            ("name", self.name.as_ref().map(|value| value.span)),
            ("extract", self.extract.as_ref().map(|value| value.span)),
            ("platform", self.platform.as_ref().map(|value| value.span)),
        ];
        let mut checked = Ok(());
        for (key, span) in further {
            let Some(span) = span.filter(|_| !keys.contains(&key)) else { continue };
            let message = format!("`{key}` is not allowed in a source with `{kind}`");
            let others = KEYS.iter().filter(|(_, keys)| keys.contains(&key)).map(|(kind, _)| kind);
            checked = reader.diagnostics.error(
                Diagnostic::new(Code::ConflictingKeys, span, message)
                    .hint(format!("`{key}` is for {}", list(others))),
            );
        }
        checked
    }
}

fn is_set(flag: Option<Spanned<bool>>) -> bool {
    flag.is_some_and(|flag| flag.value)
}
