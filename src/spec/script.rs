//! The variables in the text of a run step. Its commands are in [`super::shell`].

use super::name::{is_variable, leading_name};

/// Calls `visit` with each variable that the text may read: `$NAME`, `${NAME...}`, `$env:NAME` of
/// PowerShell and `%NAME%` of Windows' command line. It may find more names than the shell expands
/// (for example, in single quotes), but never fewer.
pub(crate) fn visit_names<'t>(text: &'t str, visit: &mut dyn FnMut(&'t str)) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'$' | b'%')) {
        let sign = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        let name = if sign == b'$' {
            let name = rest.strip_prefix('{').unwrap_or(rest);
            // `${#NAME}` and `${!NAME}` also read NAME.
            let name = name.trim_start_matches(['#', '!']);
            leading_name(strip_prefix_ignore_case(name, "env:").unwrap_or(name))
        } else {
            let name = leading_name(rest);
            if rest[name.len()..].starts_with(['%', ':']) { name } else { "" }
        };
        if is_variable(name) {
            visit(name);
        }
    }
}

/// Calls `visit` with each name outside of substitutions: one that is set (`NAME=`), or that is an
/// argument of a command (`read NAME`, `for NAME in`).
pub(crate) fn visit_plain<'t>(text: &'t str, visit: &mut dyn FnMut(&'t str)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(start) = bytes[at..].iter().position(is_part).map(|skip| at + skip) {
        let len = bytes[start..].iter().take_while(|byte| is_part(byte)).count();
        let before = text[..start].trim_end_matches(['#', '!']);
        let is_named = before.ends_with('$') || before.ends_with("${");
        if !is_named {
            visit(&text[start..start + len]);
        }
        at = start + len;
    }
}

fn is_part(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

/// The words of the commands of a text in a POSIX shell, with `>FILE` and `<FILE` for redirections.
pub(crate) fn commands(text: &str) -> Vec<Vec<String>> {
    let commands = super::shell::read(text).commands.into_iter().map(|command| {
        let words = command.words.into_iter().map(|word| word.text.into_owned());
        words.chain(command.files.iter().map(|(sign, file)| format!("{sign}{file}"))).collect()
    });
    commands.filter(|words: &Vec<String>| !words.is_empty()).collect()
}

fn strip_prefix_ignore_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix))?;
    text.get(prefix.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names() {
        let mut names = Vec::new();
        visit_plain("A=1 read -r B; echo $C ${D} ${#E} x_2", &mut |name| names.push(name));
        assert_eq!(names, ["A", "1", "read", "r", "B", "echo", "x_2"]);
    }

    #[test]
    fn names_in_scripts() {
        for (text, expected) in [
            ("echo $A ${B} \"$C\" '$D'", &["A", "B", "C", "D"][..]),
            ("echo ${A:-$B} ${#C} ${!D} ${E%%.*}", &["A", "B", "C", "D", "E"]),
            ("Write-Host $env:A ${env:B} $Env:C", &["A", "B", "C"]),
            ("echo %A% 100% %B:~0,3%", &["A", "B"]),
            ("$(cmd) $$ $1 $? $-", &[]),
            ("x=$A$B", &["A", "B"]),
            ("awk '{print $1}' 50%", &[]),
        ] {
            let mut names = Vec::new();
            visit_names(text, &mut |name| names.push(name));
            assert_eq!(names, expected, "{text}");
        }
    }
}
