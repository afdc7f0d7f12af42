//! Findings as workflow commands of GitHub Actions, which show them in the changes of a pull
//! request.
//!
//! The syntax and the escapes are those of `packages/core/src/command.ts` of `actions/toolkit`.

use crate::cli::finding::Finding;
use crate::diagnostic::Severity;

/// One line for each finding.
pub(super) fn commands(findings: &[Finding]) -> String {
    findings.iter().map(command).collect()
}

fn command(found: &Finding) -> String {
    let kind = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let path = found.place.as_ref().map_or(&found.build_file, |place| &place.path);
    let mut properties = vec![("file", path.display().to_string())];
    if let Some(place) = &found.place {
        properties.push(("line", place.start.line.to_string()));
        properties.push(("endLine", place.end.line.to_string()));
        // GitHub shows columns only within one line.
        if place.start.line == place.end.line {
            properties.push(("col", place.start.column.to_string()));
            properties.push(("endColumn", place.end.column.to_string()));
        }
    }
    properties.push(("title", found.rule.name().to_owned()));
    let properties: Vec<String> =
        properties.iter().map(|(key, value)| format!("{key}={}", property(value))).collect();
    let help = found.help.iter().map(|help| format!("\nhelp: {help}"));
    let url = found.rule.url().into_iter().map(|url| format!("\n{url}"));
    let text: String = std::iter::once(found.message.clone()).chain(help).chain(url).collect();
    format!("::{kind} {}::{}\n", properties.join(","), data(&text))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(data("100 %\r\n::error::x"), "100 %25%0D%0A::error::x");
        assert_eq!(property("C:\\a,b\n"), "C%3A\\a%2Cb%0A");
    }
}
