//! TOML with a layout for people, and the origin of each piece.
//!
//! Input: [`Value`]s with spans of a Dockerfile. Output: TOML 1.0 text that `taplo fmt` leaves
//! unchanged, and the origin of each piece of it. Must not depend on the keys of the language.
//!
//! The layout follows taplo's defaults: a list is on one line, unless it contains comments or a
//! line of the whole entry would be longer than 80 characters; then every list of the entry is
//! split over several lines.

mod strings;
mod writer;

pub(super) use self::strings::{dotted_key, key};
pub(super) use self::writer::{Writer, is_wide};
use crate::source::Span;

/// A value of the output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    pub(super) kind: Kind,
    /// The span of the Dockerfile that it comes from.
    pub(super) origin: Option<Span>,
}

/// The kinds of values.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A string, in double quotes if that needs no escapes.
    Text(String),
    /// The text of a script, in single quotes if possible.
    Script(String),
    /// Text over several lines, indented with the file. It ends with a line break, and at least one
    /// of its lines is not indented.
    Block(String),
    /// A number or a boolean.
    Literal(String),
    List(Vec<Item>),
    Table(Vec<(String, Value)>),
}

/// An item of a list, with the comments above it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) comments: Vec<String>,
    pub(super) value: Value,
}

impl Value {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Kind::Text(text.into()).into()
    }

    pub(super) fn literal(text: impl ToString) -> Self {
        Kind::Literal(text.to_string()).into()
    }

    pub(super) fn list(values: impl IntoIterator<Item = Value>) -> Self {
        let items = values.into_iter().map(|value| Item { comments: Vec::new(), value });
        Kind::List(items.collect()).into()
    }

    /// A list of strings.
    pub(super) fn texts(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self::list(texts.into_iter().map(|text| Self::text(text.as_ref())))
    }

    pub(super) fn table(entries: Vec<(String, Value)>) -> Self {
        Kind::Table(entries).into()
    }

    /// The value without line breaks between the items of its lists, ignoring its origin.
    pub(super) fn in_one_line(&self) -> String {
        Writer::in_one_line(self)
    }

    pub(super) fn at(mut self, span: Span) -> Self {
        self.origin = Some(span);
        self
    }
}

impl From<Kind> for Value {
    fn from(kind: Kind) -> Self {
        Self { kind, origin: None }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(value: Value, expected: Expect) {
        let mut writer = Writer::default();
        writer.entry("key", &value);
        expected.assert_eq(&writer.finish().0);
    }

    fn texts(texts: &[&str]) -> Value {
        Value::list(texts.iter().map(|&text| Value::text(text)))
    }

    #[test]
    fn short_lists_are_in_one_line() {
        check(
            texts(&["a", "b"]),
            expect![[r#"
            key = ["a", "b"]
        "#]],
        );
        check(
            Value::list([]),
            expect![[r#"
            key = []
        "#]],
        );
    }

    #[test]
    fn all_lists_of_a_long_entry_are_over_several_lines() {
        let table = Value::table(vec![("a".to_owned(), texts(&["b", "c"]))]);
        check(
            Value::list([table, Value::text("x".repeat(70))]),
            expect![[r#"
            key = [
              { a = [
                "b",
                "c",
              ] },
              "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            ]
        "#]],
        );
    }

    #[test]
    fn comments_and_blocks() {
        let block = Item {
            comments: vec!["why".to_owned()],
            value: Kind::Block("a &&\n\n  b\n".to_owned()).into(),
        };
        check(
            Kind::List(vec![block]).into(),
            expect![[r#"
            key = [
              # why
              '''
                a &&

                  b
              ''',
            ]
        "#]],
        );
    }

    #[test]
    fn strings() {
        for (text, plain, as_script) in [
            ("a", "\"a\"", "'a'"),
            ("a \"b\" \\", "'a \"b\" \\'", "'a \"b\" \\'"),
            ("it's", "\"it's\"", "\"it's\""),
            ("it's \"b\"", "\"it's \\\"b\\\"\"", "'''it's \"b\"'''"),
            ("a\nb", "\"a\\nb\"", "\"a\\nb\""),
            ("\"'", "\"\\\"'\"", "\"\\\"'\""),
            ("\u{7f}", "\"\\u007f\"", "\"\\u007f\""),
        ] {
            let as_text = Value::text(text).in_one_line();
            let script = Value::from(Kind::Script(text.to_owned())).in_one_line();
            assert_eq!((&*as_text, &*script), (plain, as_script), "{text:?}");
        }
        assert_eq!(dotted_key("a.b-c"), "a.b-c");
        assert_eq!(dotted_key("a..b"), "\"a..b\"");
        assert_eq!(key("a.b"), "\"a.b\"");
    }

    #[test]
    fn pieces_know_where_they_come_from() {
        let span = Span { start: 7, end: 9 };
        let mut writer = Writer::default();
        writer.entry("key", &Value::list([Value::text("a").at(span)]));
        let (text, origins) = writer.finish();
        let [origin] = origins[..] else { panic!("{origins:?}") };
        assert_eq!((&text[origin.start..origin.end], origin.span), ("\"a\"", span));
    }
}
