//! Keys and strings.

/// Adds a string in double quotes if that needs no escapes.
pub(super) fn quoted(output: &mut String, text: &str) {
    let needs_escapes = text.contains(['"', '\\']);
    if needs_escapes && !text.contains('\'') && !has_control(text) {
        return between(output, "'", text);
    }
    basic(output, text);
}

/// Adds a string in single quotes if possible.
pub(super) fn script(output: &mut String, text: &str) {
    if has_control(text) {
        return basic(output, text);
    }
    if !text.contains('\'') {
        between(output, "'", text);
    } else if text.contains(['"', '\\']) && !text.contains("'''") && !text.ends_with('\'') {
        between(output, "'''", text);
    } else {
        basic(output, text);
    }
}

fn between(output: &mut String, quotes: &str, text: &str) {
    output.push_str(quotes);
    output.push_str(text);
    output.push_str(quotes);
}

/// A basic string, with escapes where it needs them.
fn basic(output: &mut String, text: &str) {
    output.push('"');
    escaped(output, text);
    output.push('"');
}

/// Text with the escapes of a basic string.
pub(super) fn escaped(output: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| matches!(c, '"' | '\\') || c.is_control()) {
        output.push_str(&rest[..at]);
        let mut chars = rest[at..].chars();
        match chars.next() {
            Some('"') => output.push_str("\\\""),
            Some('\\') => output.push_str("\\\\"),
            Some('\n') => output.push_str("\\n"),
            Some('\r') => output.push_str("\\r"),
            Some('\t') => output.push_str("\\t"),
            c => output.push_str(&format!("\\u{:04x}", c.map_or(0, u32::from))),
        }
        rest = chars.as_str();
    }
    output.push_str(rest);
}

/// A key, in quotes if necessary.
pub(in crate::convert) fn key(name: &str) -> String {
    if is_bare(name) {
        return name.to_owned();
    }
    let mut key = String::new();
    basic(&mut key, name);
    key
}

/// A key whose parts between dots are tables: `org.opencontainers.image.title`.
pub(in crate::convert) fn dotted_key(name: &str) -> String {
    if name.split('.').all(is_bare) { name.to_owned() } else { key(name) }
}

fn is_bare(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// True for a character that must be escaped and therefore cannot be in a literal string.
pub(super) fn is_escaped(c: char) -> bool {
    c != '\t' && c != '\n' && c.is_control()
}

/// True if a text needs escapes to be written in one line.
fn has_control(text: &str) -> bool {
    text.contains(|c: char| c != '\t' && c.is_control())
}
