//! Findings as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), for code scanning
//! of GitHub and others.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use serde_json::{Value, json};

use crate::cli::finding::{Finding, Place, Rule};
use crate::cli::output::{Failure, to_json};
use crate::diagnostic::{Code, DockerfileRule, Severity};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The document, with a newline at the end.
pub(super) fn document(findings: &[Finding]) -> Result<String, Failure> {
    let used: BTreeSet<Rule> = findings.iter().map(|found| found.rule).collect();
    // All rules, so that a service can list them; errors only where they occur.
    let rules = Code::rules().map(Rule::Code);
    let rules = rules.chain(DockerfileRule::ALL.iter().copied().map(Rule::Dockerfile));
    let rules: BTreeSet<Rule> = rules.chain(used).collect();
    let rules: Vec<Rule> = rules.into_iter().collect();
    let results: Vec<Value> = findings.iter().map(|found| result(found, &rules)).collect();
    to_json(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "mstage",
                    "version": env!("CARGO_PKG_VERSION"),
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "informationUri": env!("CARGO_PKG_REPOSITORY"),
                    "rules": rules.iter().map(|rule| descriptor(*rule)).collect::<Vec<_>>(),
                },
            },
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    }))
}

fn descriptor(rule: Rule) -> Value {
    let level = if rule.is_error() { "error" } else { "warning" };
    let mut descriptor = json!({
        "id": rule.name(),
        "shortDescription": { "text": rule.description() },
        "defaultConfiguration": { "level": level },
    });
    if let Some(url) = rule.url() {
        // GitHub shows `help`, and ignores `helpUri`.
        descriptor["helpUri"] = url.as_str().into();
        descriptor["help"] =
            json!({ "text": url, "markdown": format!("[{}]({url})", rule.description()) });
    }
    descriptor
}

fn result(found: &Finding, rules: &[Rule]) -> Value {
    let text = match &found.help {
        Some(help) => format!("{}\nhelp: {help}", found.message),
        None => found.message.clone(),
    };
    let location = match &found.place {
        Some(place) => location(place),
        // GitHub rejects results without a location.
        None => {
            json!({ "physicalLocation": { "artifactLocation": { "uri": uri(&found.build_file) } } })
        }
    };
    let mut result = json!({
        "ruleId": found.rule.name(),
        "ruleIndex": rules.binary_search(&found.rule).unwrap_or_default(),
        "level": match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": { "text": text },
        "locations": [location],
    });
    if !found.related.is_empty() {
        let related = found.related.iter().enumerate().map(|(id, (place, message))| {
            let mut related = self::location(place);
            related["id"] = id.into();
            related["message"] = json!({ "text": message });
            related
        });
        result["relatedLocations"] = related.collect();
    }
    result
}

fn location(place: &Place) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&place.path) },
            "region": {
                "startLine": place.start.line,
                "startColumn": place.start.column,
                "endLine": place.end.line,
                "endColumn": place.end.column,
            },
        },
    })
}

/// A path as a reference relative to the working directory, or as a URI if it is absolute.
fn uri(path: &Path) -> String {
    let mut parts = Vec::new();
    let mut prefix = "";
    for part in path.components() {
        match part {
            Component::RootDir => prefix = "file:///",
            Component::CurDir => {}
            Component::Prefix(of) => parts.push(encoded(&of.as_os_str().to_string_lossy())),
            Component::ParentDir => parts.push("..".to_owned()),
            Component::Normal(name) => parts.push(encoded(&name.to_string_lossy())),
        }
    }
    format!("{prefix}{}", parts.join("/"))
}

/// A part of a path with all but the unreserved characters of RFC 3986 escaped.
fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris() {
        let of = |path: &str| uri(Path::new(path));
        assert_eq!(of("./a b/mstage.toml"), "a%20b/mstage.toml");
        assert_eq!(of("../x:y/\u{e4}"), "../x%3Ay/%C3%A4");
        assert_eq!(of("/srv/a#1"), "file:///srv/a%231");
    }
}
