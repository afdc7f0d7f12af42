//! Lists in one option, as clients write them: separated by commas, fields with a comma in quotes.

/// The fields of a list; none for an empty text. Follows RFC 4180, as `tonistiigi/go-csvvalue`
/// does.
pub(crate) fn fields(text: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (field, behind) = match rest.strip_prefix('"') {
            Some(quoted) => {
                unquote(quoted).ok_or_else(|| format!("a quote is open in `{text}`"))?
            }
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        fields.push(field);
        match behind.strip_prefix(',') {
            Some("") => {
                fields.push(String::new());
                break;
            }
            Some(next) => rest = next,
            None if behind.is_empty() => break,
            None => return Err(format!("something stands behind a quote in `{text}`")),
        }
    }
    Ok(fields)
}

/// The text up to the closing quote, and the rest after it. Two quotes stand for one.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, behind) = rest.split_once('"')?;
        field.push_str(part);
        match behind.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((field, behind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        for (text, expected) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a,b,", &["a", "b", ""]),
            ("\"a,b\",c", &["a,b", "c"]),
            ("\"say \"\"hi\"\"\"", &["say \"hi\""]),
        ] {
            assert_eq!(
                fields(text).as_deref(),
                Ok(&expected.iter().map(|&field| field.to_owned()).collect::<Vec<_>>()[..]),
                "{text}"
            );
        }
        assert!(fields("\"a").is_err());
        assert!(fields("\"a\"b").is_err());
    }
}
