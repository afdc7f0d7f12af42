//! The names in strings: `${NAME}` in templates, `$NAME` in scripts.

use std::ops::Range;

use crate::spec::script;

/// The ranges of the names in the substitutions of a string, which is given with its quotes.
pub(super) fn in_template(text: &str, whole: Range<usize>) -> Vec<Range<usize>> {
    let token = text.get(whole.clone()).unwrap_or_default();
    let bytes = token.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(sign) = token[at..].find('$').map(|sign| at + sign) {
        let rest = &token[sign..];
        at = if rest.starts_with("$${") {
            sign + 3
        } else if let Some(name) = rest.strip_prefix("${") {
            let len = name.bytes().take_while(|&byte| is_of_name(byte)).count();
            if len > 0 && !bytes[sign + 2].is_ascii_digit() {
                let start = whole.start + sign + 2;
                found.push(start..start + len);
            }
            sign + 2 + len
        } else {
            sign + 1
        };
    }
    found
}

/// The ranges of the names in a script, which is given with its quotes.
pub(super) fn in_script(text: &str, whole: Range<usize>) -> Vec<Range<usize>> {
    let token = text.get(whole.clone()).unwrap_or_default();
    let mut found = Vec::new();
    script::visit_names(token, &mut |name| {
        let start = whole.start + name.as_ptr().addr().saturating_sub(token.as_ptr().addr());
        found.push(start..start + name.len());
    });
    found
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_templates() {
        for (text, expected) in [
            ("'${A}/${B:-${C}}'", &["A", "B", "C"][..]),
            ("'$${A} ${B#v}'", &["B"]),
            ("'${} ${1} $A ${'", &[]),
            ("\u{e4}${\u{e4}}${A}", &["A"]),
        ] {
            let found = in_template(text, 0..text.len());
            let names: Vec<&str> = found.into_iter().map(|range| &text[range]).collect();
            assert_eq!(names, expected, "{text}");
        }
    }
}
