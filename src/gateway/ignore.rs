//! Ignore files: which files of the build context are not sent.

/// The patterns of an ignore file, as BuildKit's `local.excludepatterns` takes them.
///
/// Follows `frontend/dockerfile/dockerignore` of BuildKit: `#` in the first column begins a comment,
/// `!` brings back, and a slash at the beginning means nothing.
pub(super) fn patterns(text: &str) -> Vec<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines().filter(|line| !line.starts_with('#')).filter_map(pattern).collect()
}

fn pattern(line: &str) -> Option<String> {
    let line = line.trim();
    let (invert, path) = match line.strip_prefix('!') {
        Some(path) => ("!", path.trim()),
        None => ("", line),
    };
    if path.is_empty() {
        return (!invert.is_empty()).then(|| invert.to_owned());
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|&last| last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let clean = if parts.is_empty() { ".".to_owned() } else { parts.join("/") };
    Some(format!("{invert}{clean}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_patterns() {
        let text =
            "\u{feff}# comment\n\n target \n/.git/\n!keep/./this\n  # not a comment\na/../b\n";
        assert_eq!(patterns(text), ["target", ".git", "!keep/this", "# not a comment", "b"]);
    }
}
