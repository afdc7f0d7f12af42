//! Which variables the text of a run step names.

use super::name::is_variable;

/// Calls `visit` with each name that the text may take from its environment: `$NAME`, `${NAME...}`,
/// `$env:NAME` of PowerShell and `%NAME%` of Windows' command line. It may name more than the shell
/// will look up (in single quotes, say), never less.
pub(crate) fn visit_names<'t>(text: &'t str, visit: &mut dyn FnMut(&'t str)) {
    let mut rest = text;
    while let Some(at) = rest.find(['$', '%']) {
        let sign = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        let name = if sign == b'$' {
            let name = rest.strip_prefix('{').unwrap_or(rest);
            // `${#NAME}` and `${!NAME}` look NAME up too.
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

fn leading_name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

fn strip_prefix_ignore_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix))?;
    text.get(prefix.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

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
