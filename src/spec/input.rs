//! `[sources.NAME]`: inputs with a name, for stages to start from and to copy from.

use super::names::Names;
use super::read::{Read, Reader};
use super::shape::Shape;
use super::table::table;
use super::template::{MaybeEmpty, Template};
use crate::diagnostic::{Code, Diagnostic, list};
use crate::source::Spanned;
use crate::toml::Value;

/// A named input.
#[derive(Debug, Clone)]
pub enum Input {
    /// A git repository.
    Git {
        /// Its URL.
        url: Template,
        /// A branch, a tag or a commit; the default branch without one.
        reference: Option<Template>,
        /// The commit that it must be.
        checksum: Option<Template>,
        /// The directory of it that is taken.
        subdir: Option<Template>,
        /// Whether `.git` is kept.
        keep_git_dir: bool,
        /// Whether submodules are fetched too.
        submodules: bool,
        /// Whether the commit is fetched without asking what the reference is now.
        fetch_by_commit: Option<Spanned<bool>>,
    },
    /// A file from the web.
    Http {
        /// Its URL.
        url: Template,
        /// The digest that it must have.
        checksum: Option<Template>,
        /// What it is called; the last part of its URL without one.
        name: Option<Template>,
        /// Whether it is an archive, of which the content is taken.
        extract: bool,
    },
    /// An image.
    Image {
        /// Its reference.
        reference: Template,
        /// For which platform, where it is not the stage's.
        platform: Option<Template>,
    },
    /// A build context that the client names.
    Context(Template),
}

table! {
    /// A named input: one of `git`, `http`, `image` and `context`.
    pub(super) struct InputTable as "a source" {
        /// The URL of a git repository: https, ssh or git.
        "git" git: Option<Template>,
        /// The URL of a file, http or https.
        "http" http: Option<Template>,
        /// The reference of an image.
        "image" image: Option<Template>,
        /// The name of a build context, which `--build-context NAME=...` gives.
        "context" context: Option<Template>,
        /// A branch, a tag or a commit of the repository. The default branch is the default.
        "ref" reference: Option<MaybeEmpty>,
        /// The commit that the repository must be at, or the digest that the file must have: "sha256:...".
        "checksum" checksum: Option<MaybeEmpty>,
        /// The directory of the repository to take.
        "subdir" subdir: Option<MaybeEmpty>,
        /// Whether to keep the `.git` directory.
        "keep-git-dir" keep_git_dir: Option<Spanned<bool>>,
        /// Whether to get the submodules too. They come unless this is `false`.
        "submodules" submodules: Option<Spanned<bool>>,
        /// Whether to fetch the commit of `checksum` or `ref` without asking what the reference is now.
        "fetch-by-commit" fetch_by_commit: Option<Spanned<bool>>,
        /// What the file is called. The last part of its URL is the default.
        "name" name: Option<Template>,
        /// Whether the file is an archive, of which the content is meant.
        "extract" extract: Option<Spanned<bool>>,
        /// The platform of the image, where it is not the stage's.
        "platform" platform: Option<Template>,
    }
}

/// Which further keys each kind has.
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
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span;
        let before = reader.diagnostics.count();
        let table = InputTable::read(value, reader)?;
        // What it says may have been said by a key that it does not have.
        let is_told = reader.diagnostics.count() > before;
        let kinds = [&table.git, &table.http, &table.image, &table.context];
        let said = KEYS.iter().zip(kinds).filter_map(|(keys, kind)| kind.as_ref().map(|_| keys));
        let said: Vec<_> = said.collect();
        let (kind, keys) = match said[..] {
            [(kind, keys)] => (*kind, *keys),
            [] if is_told => return None,
            [] => {
                let kinds = list(KEYS.map(|(kind, _)| kind));
                let message = format!("a source needs one of {kinds}");
                return reader.diagnostics.fail(
                    Diagnostic::new(Code::MissingKey, span, message)
                        .hint("`git = \"https://...\"` or `http = \"https://...\"`"),
                );
            }
            [(one, _), (other, _), ..] => {
                let message = format!("a source has both `{one}` and `{other}`");
                return reader.diagnostics.fail(
                    Diagnostic::new(Code::ConflictingKeys, span, message)
                        .hint("one source is one thing: give each a name of its own"),
                );
            }
        };
        let further = [
            ("ref", table.reference.as_ref().map(|value| value.span)),
            ("checksum", table.checksum.as_ref().map(|value| value.span)),
            ("subdir", table.subdir.as_ref().map(|value| value.span)),
            ("keep-git-dir", table.keep_git_dir.as_ref().map(|value| value.span)),
            ("submodules", table.submodules.as_ref().map(|value| value.span)),
            ("fetch-by-commit", table.fetch_by_commit.as_ref().map(|value| value.span)),
            ("name", table.name.as_ref().map(|value| value.span)),
            ("extract", table.extract.as_ref().map(|value| value.span)),
            ("platform", table.platform.as_ref().map(|value| value.span)),
        ];
        let mut fits = true;
        for (key, span) in further {
            let Some(span) = span.filter(|_| !keys.contains(&key)) else { continue };
            fits = false;
            let message = format!("a source that is `{kind}` has no `{key}`");
            let others = KEYS.iter().filter(|(_, keys)| keys.contains(&key)).map(|(kind, _)| kind);
            reader.diagnostics.push(
                Diagnostic::new(Code::ConflictingKeys, span, message)
                    .hint(format!("`{key}` is for {}", list(others))),
            );
        }
        let InputTable { git, http, image, context, reference, checksum, subdir, .. } = table;
        let [reference, checksum, subdir] =
            [reference, checksum, subdir].map(|value| value.map(|MaybeEmpty(template)| template));
        let is_set = |flag: Option<Spanned<bool>>| flag.is_some_and(|flag| flag.value);
        let input = match (git, http, image) {
            (Some(url), ..) => Input::Git {
                url,
                reference,
                checksum,
                subdir,
                keep_git_dir: is_set(table.keep_git_dir),
                submodules: table.submodules.is_none_or(|flag| flag.value),
                fetch_by_commit: table.fetch_by_commit,
            },
            (_, Some(url), _) => {
                Input::Http { url, checksum, name: table.name, extract: is_set(table.extract) }
            }
            (.., Some(reference)) => Input::Image { reference, platform: table.platform },
            (None, None, None) => Input::Context(context?),
        };
        fits.then_some(input)
    }

    fn shape() -> Shape {
        InputTable::shape()
    }
}
