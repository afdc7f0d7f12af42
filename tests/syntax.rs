//! Compares the TOML parser with the `toml` crate: both accept the same files with the same values.
#![expect(clippy::disallowed_methods, reason = "cases are files")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its case has failed")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use mstage::diagnostic::Diagnostics;
use mstage::source::SourceFile;
use mstage::toml::{Entry, Kind, Value, parse};
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

/// The content of a document, with spans; `None` if it is rejected.
fn ours(text: &str) -> Option<String> {
    let file = SourceFile::new("f", text.as_bytes().to_vec());
    let mut diagnostics = Diagnostics::default();
    let document = parse(&file, &mut diagnostics);
    assert_eq!(document.reliable_until.is_some(), diagnostics.has_errors());
    if diagnostics.has_errors() || !all_dates_exist(&document.entries, &file) {
        return None;
    }
    let mut out = String::new();
    write_table(&document.entries, &mut out);
    Some(out)
}

/// The parser here accepts any text in the form of a date: no key takes one, and its error is
/// reported elsewhere.
fn all_dates_exist(entries: &[Entry<'_>], file: &SourceFile) -> bool {
    fn exist(value: &Value<'_>, file: &SourceFile) -> bool {
        match &value.kind {
            Kind::Datetime => file.slice(value.span).parse::<Datetime>().is_ok(),
            Kind::Array(items) => items.iter().all(|item| exist(item, file)),
            Kind::Table(entries) => all_dates_exist(entries, file),
            Kind::String(_) | Kind::Integer { .. } | Kind::Float | Kind::Boolean(_) => true,
        }
    }
    entries.iter().all(|entry| exist(&entry.value, file))
}

fn write_table(entries: &[Entry<'_>], out: &mut String) {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by(|a, b| a.key.name.cmp(&b.key.name));
    out.push('{');
    for Entry { key, value } in entries {
        let _ = write!(out, "{:?}@{}..{} = ", key.name, key.span.start, key.span.end);
        write_value(value, out);
    }
    out.push('}');
}

fn write_value(value: &Value<'_>, out: &mut String) {
    match &value.kind {
        Kind::String(text) => _ = write!(out, "{text:?}"),
        Kind::Integer { digits, radix } => _ = write!(out, "{digits}#{radix}"),
        Kind::Float => out.push_str("float"),
        Kind::Boolean(flag) => _ = write!(out, "{flag}"),
        Kind::Datetime => out.push_str("date"),
        Kind::Array(items) => {
            out.push('[');
            items.iter().for_each(|item| write_value(item, out));
            out.push(']');
        }
        Kind::Table(entries) => write_table(entries, out),
    }
    let _ = writeln!(out, "@{}..{}", value.span.start, value.span.end);
}

/// The same from the `toml` crate.
fn theirs(text: &str) -> Option<String> {
    let table = DeTable::parse(text).ok()?;
    let mut out = String::new();
    write_their_table(table.get_ref(), &mut out);
    Some(out)
}

fn write_their_table(table: &DeTable<'_>, out: &mut String) {
    out.push('{');
    for (key, value) in table {
        let span = key.span();
        let _ = write!(out, "{:?}@{}..{} = ", key.get_ref(), span.start, span.end);
        write_their_value(value, out);
    }
    out.push('}');
}

fn write_their_value(value: &toml::Spanned<DeValue<'_>>, out: &mut String) {
    match value.get_ref() {
        DeValue::String(text) => _ = write!(out, "{text:?}"),
        DeValue::Integer(number) => _ = write!(out, "{}#{}", number.as_str(), number.radix()),
        DeValue::Float(_) => out.push_str("float"),
        DeValue::Boolean(flag) => _ = write!(out, "{flag}"),
        DeValue::Datetime(_) => out.push_str("date"),
        DeValue::Array(items) => {
            out.push('[');
            items.iter().for_each(|item| write_their_value(item, out));
            out.push(']');
        }
        DeValue::Table(table) => write_their_table(table, out),
    }
    let span = value.span();
    let _ = writeln!(out, "@{}..{}", span.start, span.end);
}

#[track_caller]
fn check(text: &str) -> Option<String> {
    let ours = ours(text);
    assert_eq!(ours, theirs(text), "{text}");
    ours
}

#[test]
fn every_spec_of_the_tests_and_examples() {
    let mut read = 0;
    for directory in ["tests", "examples"] {
        for path in specs(&Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)) {
            if let Ok(text) = fs::read_to_string(&path) {
                read += usize::from(check(&text).is_some());
            }
        }
    }
    assert!(read > 300, "{read}");
}

fn specs(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => specs(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect()
}

#[test]
fn documents_that_are_accepted() {
    for text in [
        "",
        "\u{feff}a = 1",
        "a = 1\r\nb = 2\r\n[c]\r\nd = 3",
        "# only this \u{e9}",
        // Keys.
        "a = 1\n\"a b\" = 2\n'c.d' = 3\n\"\" = 4\nb . 'x' = 5\n1.2 = 6\n-_ = 7",
        "a.b.c = 1\na.b.d = 2\na . \"e\" . f = 3",
        "\"\\u0061\" = 1\n\"\\x62\\e\" = 2",
        // Strings.
        "a = \"\\b\\t\\n\\f\\r\\\"\\\\\\u00e9\\U0001F600\"\nb = '\\n'",
        "a = '''\n\nx\r\ny'''\nb = '''''x'''''\nc = '''\r\n'''",
        "a = \"\"\"\nx \\\n   \n  y\"\"\"\nb = \"\"\"\"\"x\"\"\"\"\"",
        // Scalars.
        "a = +1_000\nb = -0\nc = 0xDEAD_beef\nd = 0o17\ne = 0b1\nf = 123456789012345678901234567890",
        "a = 1.5\nb = -1e+6\nc = inf\nd = -nan\ne = 1_0.0_1",
        "a = true\nb = false",
        "a = 1979-05-27T07:32:00Z\nb = 1979-05-27 07:32\nc = 07:32:00.5\nd = 1979-05-27",
        // Lists and tables in braces.
        "a = [ 1, [ 'x' , ], # y\n { b = 1 } ,\n]",
        "a = { b = 1, c.d = 2, c.e = { f = 3 }, \n # comment\n g = [], }",
        "a = {}\nb = []",
        // Headers.
        "[a]\n[a.b]\n[c.d]\n[c]\nx = 1\n[ e . 'f' ]",
        "[a.b.c]\nx = 1\n[a]\nb.y = 1",
        "[a]\nb.c = 1\n[a.b.d]\nx = 1",
        "[[a]]\nx = 1\n[[a]]\n[a.b]\ny = 1\n[[a.c]]\n[[a.c]]\n[[a]]\n[a.b]",
        "[[a.b]]\n[a]\nx = 1",
        "x = { y = 1 }\n[z.x]\ny.z = 1\n[z]\ny.z = 1",
    ] {
        assert!(check(text).is_some(), "refused: {text}");
    }
    let many: String = (0..100).map(|n| format!("k{n} = {n}\n")).collect();
    assert!(
        check(&format!("{many}[t]\n{many}[t.u]\nx = {{ {} }}", many.replace('\n', ","))).is_some()
    );
    assert!(check(&format!("a = {}{}", "[".repeat(80), "]".repeat(80))).is_some());
    assert!(check(&format!("{} = 1", vec!["a"; 80].join("."))).is_some());
}

#[test]
fn documents_that_are_refused() {
    for text in [
        // Syntax.
        "a",
        "a =",
        "= 1",
        "a = 1 b = 2",
        "a = 1, b = 2",
        "[a",
        "[a]]",
        "[[a]",
        "[]",
        "[a.]",
        "[.a]",
        "[a] b = 1",
        "a. = 1",
        "a..b = 1",
        "a b = 1",
        "\u{e9} = 1",
        "'''a''' = 1",
        "a = [1 2]",
        "a = [1,,2]",
        "a = [,]",
        "a = [",
        "a = {",
        "a = { b }",
        "a = { b = 1 c = 2 }",
        "a = { , }",
        "a = }",
        "a = ]",
        // Strings and comments.
        "a = 'x",
        "a = \"x",
        "a = \"x\ny\"",
        "a = '''x",
        "a = \"\"\"x",
        "a = \"\\q\"",
        "a = \"\\u12\"",
        "a = \"\\ud800\"",
        "a = \"\\U00110000\"",
        "a = 'x\0'",
        "a = \"\u{7f}\"",
        "# \u{1}",
        "a = 1\rb = 2",
        // Scalars.
        "a = 01",
        "a = -01.5",
        "a = 1_",
        "a = _1",
        "a = 1__0",
        "a = 0xg",
        "a = +0x1",
        "a = 0X1",
        "a = 1.",
        "a = .5",
        "a = 1.e5",
        "a = 1e",
        "a = True",
        "a = truest",
        "a = Inf",
        "a = yes",
        "a = 1979-13-45",
        // Duplicates.
        "a = 1\na = 2",
        "a = 1\n\"a\" = 2",
        "a.b = 1\na.b = 2",
        "a = 1\n[a]",
        "[a]\n[a]",
        "[a.b]\n[a]\n[a]",
        "[a]\nb = 1\n[a.b]",
        "[[a]]\n[a]",
        "[a]\n[[a]]",
        "a = []\n[[a]]",
        "a = [{}]\n[[a]]",
        "a.b = 1\n[a]",
        "[a]\nb.c = 1\n[a.b]",
        "[a.b.c]\nx = 1\n[a]\nb.y = 1\n[a.b]",
        "a = { b = 1, b = 2 }",
        "a = { b.c = 1, b.c = 2 }",
        "a = { b = {}, b.c = 1 }",
        // Complete.
        "a = 1\na.b = 2",
        "a = 'x'\n[a.b]",
        "a = {}\na.b = 1",
        "a = {}\n[a.b]",
        "a = []\na.b = 1",
        "a = [{}]\n[a.b]",
        "a = { b.c = 1 }\na.b.d = 2",
        "a = { b.c = 1 }\n[a.b.d]",
        "a = { b = 1, b.c = 2 }",
        // Extended by dotted keys.
        "[a.b]\nx = 1\n[a]\nb.y = 2",
        "[a.b.c]\nx = 1\n[a]\nb.c.y = 2",
        "[[a.b]]\n[a]\nb.y = 2",
    ] {
        assert!(check(text).is_none(), "accepted: {text}");
    }
    let many: String = (0..100).map(|n| format!("k{n} = {n}\n")).collect();
    assert!(check(&format!("{many}'k17' = 1")).is_none());
    assert!(check(&format!("{many}k99.x = 1")).is_none());
    assert!(check(&format!("a = {{ {}k3 = 1 }}", many.replace('\n', ","))).is_none());
    assert!(check(&format!("a = {}{}", "[".repeat(81), "]".repeat(81))).is_none());
    assert!(check(&format!("a = {}{}", "{b=".repeat(81), "}".repeat(81))).is_none());
    assert!(check(&format!("{} = 1", vec!["a"; 81].join("."))).is_none());
    assert!(check(&format!("[{}]", vec!["a"; 81].join("."))).is_none());
}

/// According to TOML, a list of `[[...]]` cannot be extended by dotted keys. The `toml` crate
/// checks only the last list.
#[test]
fn a_list_of_tables_is_not_extended_by_keys_with_dots() {
    let text = "[[a.b]]\n[a]\nb.c.d = 1";
    assert!(ours(text).is_none());
    assert!(theirs(text).is_some());
}
