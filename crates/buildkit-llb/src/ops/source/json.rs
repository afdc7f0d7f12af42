//! Lists of texts as JSON, for some attributes of sources.
//!
//! BuildKit accepts any JSON here, but the bytes are part of the op's digest, so they must equal
//! those of Go's `encoding/json`.

/// A JSON array; empty for an empty list.
pub(super) fn array(texts: &[String]) -> String {
    let mut json = String::new();
    for text in texts {
        json.push(if json.is_empty() { '[' } else { ',' });
        string(&mut json, text);
    }
    if !json.is_empty() {
        json.push(']');
    }
    json
}

fn string(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\0'..'\u{20}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                json.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            character => json.push(character),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_writes_it() {
        let texts = ["a", "!**/b \"c\\d\"", "<&>", "\n\u{1}\u{7f}\u{8}", "ä\u{2028}"];
        let texts = texts.map(str::to_owned);
        let expected = r#"["a","!**/b \"c\\d\"","\u003c\u0026\u003e","\n\u0001␡\b","ä\u2028"]"#;
        assert_eq!(array(&texts), expected.replace('␡', "\u{7f}"));
        assert_eq!(array(&[]), "");
    }
}
