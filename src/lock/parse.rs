//! From text to a [`Lock`].

use std::collections::BTreeMap;

use super::upstream::Table;
use super::{Entry, InvalidPin, Lock, RecordedFrontend, TARGET, Upstream, frontend};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported, did_you_mean, list};
use crate::source::{SourceFile, Span};
use crate::toml::{self, Document, Entry as TomlEntry, Key, Kind};

/// The version of the file format.
pub(super) const VERSION: &str = "1";

/// Parses a lock file and reports all errors in it.
pub fn parse(file: &SourceFile, diagnostics: &mut Diagnostics) -> Result<Lock, Reported> {
    let found = Diagnostics::default();
    let mut reader = Reader { file, found, frontend: None, entries: BTreeMap::new() };
    if let Some(span) = file.not_text() {
        reader.wrong(span, "the lock file is not UTF-8 text", rewrite());
    } else {
        let Document { entries, reliable_until } = toml::parse(file, &mut reader.found);
        reader.found.hint_where_none(&rewrite());
        // After a syntax error, tables may be wrong.
        if reliable_until.is_none() {
            reader.document(entries);
        }
    }
    let Reader { found, frontend, entries, .. } = reader;
    let complete = found.no_errors();
    diagnostics.absorb(found, |_| true);
    complete.map(|()| Lock { name: file.name().to_owned(), frontend, entries })
}

/// The hint for an unreadable lock file.
fn rewrite() -> String {
    format!("remove it, and write it again by building with `--target {TARGET} -o .`")
}

struct Reader<'a> {
    file: &'a SourceFile,
    found: Diagnostics,
    frontend: Option<RecordedFrontend>,
    entries: BTreeMap<Upstream, Entry>,
}

impl Reader<'_> {
    fn document(&mut self, entries: Vec<TomlEntry<'_>>) {
        let mut is_versioned = false;
        for TomlEntry { key: Key { name, span }, value } in entries {
            let name = name.as_ref();
            match (value.kind, Table::named(name)) {
                (Kind::Integer { digits, .. }, _) if name == "version" => {
                    is_versioned = true;
                    if digits != VERSION {
                        let message = format!("unsupported lock file version {digits}");
                        self.wrong(
                            span,
                            message,
                            format!("this frontend supports version {VERSION}"),
                        );
                    }
                }
                (Kind::Table(entries), None) if name == frontend::TABLE => {
                    entries.iter().for_each(|entry| self.frontend(entry));
                }
                (Kind::Table(entries), Some(table)) => {
                    entries.iter().for_each(|entry| self.entry(table, entry));
                }
                _ if name == "version" => {
                    let hint = format!("write `version = {VERSION}`");
                    self.wrong(span, "expected an integer as the value of `version`", hint);
                    is_versioned = true;
                }
                (_, table) if name == frontend::TABLE || table.is_some() => {
                    let message = format!("expected a table as the value of `{name}`");
                    self.wrong(span, message, format!("write `[{name}]`, and its entries below"));
                }
                _ => {
                    let tables = Table::ALL.map(Table::name);
                    let known = ["version", frontend::TABLE].into_iter().chain(tables);
                    let hint = did_you_mean(name, known.clone())
                        .unwrap_or_else(|| format!("expected one of {}", list(known)));
                    self.wrong(span, format!("unknown key `{name}` in a lock file"), hint);
                }
            }
        }
        if !is_versioned {
            let start = self.file.span(0..0);
            self.wrong(start, "the lock file has no version", format!("add `version = {VERSION}`"));
        }
    }

    fn entry(&mut self, table: Table, entry: &TomlEntry<'_>) {
        let Ok((upstream, entry)) = self.checked(table, entry) else { return };
        if let Some(first) = self.entries.get(&upstream) {
            let first = first.span;
            let twice = format!("`{upstream}` is listed twice");
            self.more_than_one(entry.span, twice, first);
        }
        self.entries.insert(upstream, entry);
    }

    /// The entry has the form of an image's.
    fn frontend(&mut self, entry: &TomlEntry<'_>) {
        let checked = self.checked(Table::Images, entry);
        let Ok((Upstream::Image(image), entry)) = checked else { return };
        if let Some(first) = &self.frontend {
            let first = first.entry.span;
            self.more_than_one(entry.span, "only one frontend can be recorded".to_owned(), first);
        }
        self.frontend = Some(RecordedFrontend { image, entry });
    }

    fn more_than_one(&mut self, span: Span, message: String, first: Span) {
        let twice = Diagnostic::new(Code::InvalidLock, span, message)
            .hint("remove one of them")
            .related(first, "the other entry");
        self.found.push(twice);
    }

    /// A key and its pin.
    fn checked(
        &mut self,
        table: Table,
        TomlEntry { key, value: pin }: &TomlEntry<'_>,
    ) -> Result<(Upstream, Entry), Reported> {
        let span = key.span.join(pin.span);
        let checked = Upstream::parse(table, &key.name).and_then(|upstream| match &pin.kind {
            Kind::String(text) => {
                upstream.check(text)?;
                Ok((upstream, text.to_string()))
            }
            _ => Err(InvalidPin {
                problem: format!("expected a string as the value of `{}`", key.name),
                hint: "write \"sha256:...\", or a commit for git",
            }),
        });
        match checked {
            Ok((upstream, pin)) => Ok((upstream, Entry { pin, span })),
            Err(InvalidPin { problem, hint }) => Err(self.wrong(span, problem, hint)),
        }
    }

    fn wrong(
        &mut self,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Reported {
        self.found.report(Diagnostic::new(Code::InvalidLock, span, message).hint(hint))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::diagnostic::render;
    use crate::source::SourceMap;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let files = SourceMap::new(SourceFile::new("mstage.lock", text.as_bytes().to_vec()));
        let mut diagnostics = Diagnostics::default();
        let lock = parse(files.main(), &mut diagnostics);
        assert_eq!(lock.is_ok(), !diagnostics.has_errors());
        let frontend = lock
            .iter()
            .flat_map(Lock::frontend)
            .map(|frontend| format!("frontend {} {}\n", frontend.image, &frontend.entry.pin[..10]));
        let entries = lock.iter().flat_map(|lock| lock.entries());
        let entries =
            entries.map(|(upstream, entry)| format!("{upstream:?} {}\n", &entry.pin[..10]));
        let errors = diagnostics.errors();
        let errors = errors.into_iter().map(|error| render::diagnostic(error, &files) + "\n");
        expected.assert_eq(&frontend.chain(entries).chain(errors).collect::<String>());
    }

    #[test]
    fn right_ones() {
        let text = r#"version = 1

[frontend]
"myorg/mstage:1" = "sha256:DIGEST"

[images]
"alpine:3.20" = "sha256:DIGEST"

[git]
"https://h/a.git#v1" = "COMMIT"

[urls]
'https://h/a' = "sha256:DIGEST"
"#;
        let text = text.replace("DIGEST", &"d".repeat(64)).replace("COMMIT", &"c".repeat(40));
        check(
            &text,
            expect![[r#"
            frontend docker.io/myorg/mstage:1 sha256:ddd
            Image(Reference { repository: "docker.io/library/alpine", tag: Some("3.20"), digest: None }) sha256:ddd
            Git { url: "https://h/a.git", reference: "v1" } cccccccccc
            Url("https://h/a") sha256:ddd
        "#]],
        );
        check("version = 1\n", expect![""]);
        // Its digest was unknown.
        check("version = 1\n[frontend]\n", expect![""]);
    }

    #[test]
    fn wrong_ones() {
        let digest = "d".repeat(64);
        check(
            "",
            expect![[r#"
                mstage.lock:1: the lock file has no version
                  help: add `version = 1`
            "#]],
        );
        check(
            "version = 2\n[image]\n",
            expect![[r#"
                mstage.lock:1: unsupported lock file version 2
                  help: this frontend supports version 1
                mstage.lock:2: unknown key `image` in a lock file
                  help: did you mean `images`?
            "#]],
        );
        check(
            "version = 1\n[images\n",
            expect![[r#"
                mstage.lock:2: unterminated header: expected `]`
                  help: remove it, and write it again by building with `--target mstage.lock -o .`
            "#]],
        );
        let twice = format!(
            "version = 1\n[images]\n\"alpine\" = \"sha256:{digest}\"\n\"alpine:latest\" = \"sha256:{digest}\"\n"
        );
        check(
            &twice,
            expect![[r#"
            mstage.lock:4: `alpine` is listed twice
              help: remove one of them
              mstage.lock:3: the other entry
        "#]],
        );
        check(
            "version = 1\n[images]\n\"A\" = \"sha256:1\"\n\"a\" = \"sha256:1\"\n\"b\" = 1\n[git]\nx = \"main\"\n",
            expect![[r#"
                mstage.lock:3: invalid image reference `A`: the name must be lowercase
                  help: "docker.io/library/alpine:3.20"
                mstage.lock:4: invalid digest `sha256:1`
                  help: write `sha256:` and 64 lowercase hexadecimal digits
                mstage.lock:5: expected a string as the value of `b`
                  help: write "sha256:...", or a commit for git
                mstage.lock:7: invalid commit `main`
                  help: write all 40 lowercase hexadecimal digits of the hash
            "#]],
        );
    }

    #[test]
    fn wrong_frontends() {
        let digest = "d".repeat(64);
        check(
            &format!(
                "version = 1\n[frontend]\n\"a\" = \"sha256:{digest}\"\n\"b\" = \"sha256:{digest}\"\n"
            ),
            expect![[r#"
                mstage.lock:4: only one frontend can be recorded
                  help: remove one of them
                  mstage.lock:3: the other entry
            "#]],
        );
        check(
            &format!("version = 1\n[frontend]\n\"a@sha256:{digest}\" = \"sha256:1\"\n"),
            expect![[r#"
                mstage.lock:3: `a@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd` already contains a digest
                  help: write the name and the tag as the key, the digest as the value
            "#]],
        );
        check(
            "version = \"1\"\nfrontend = \"a\"\n[front]\n",
            expect![[r#"
                mstage.lock:1: expected an integer as the value of `version`
                  help: write `version = 1`
                mstage.lock:2: expected a table as the value of `frontend`
                  help: write `[frontend]`, and its entries below
                mstage.lock:3: unknown key `front` in a lock file
                  help: expected one of `version`, `frontend`, `images`, `git` and `urls`
            "#]],
        );
    }

    #[test]
    fn bytes_that_are_not_text() {
        let file = SourceFile::new("mstage.lock", b"version = \xff".to_vec());
        let mut diagnostics = Diagnostics::default();
        assert!(parse(&file, &mut diagnostics).is_err());
        assert_eq!(diagnostics.errors()[0].code, Code::InvalidLock);
    }
}
