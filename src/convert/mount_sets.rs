//! Repeated mounts as `[mounts]`: a named set that steps refer to.

use std::collections::BTreeMap;

use super::bases::TakenNames;
use super::part::Part;
use super::toml::{Kind, Value};

/// Names for caches of tools, by a word of their paths or ids.
const TOOLS: [(&str, &str); 20] = [
    ("apk", "apk"),
    ("apt", "apt"),
    ("bundle", "bundle"),
    ("cargo", "cargo"),
    ("ccache", "ccache"),
    ("composer", "composer"),
    ("dnf", "dnf"),
    ("gems", "gems"),
    ("go", "go"),
    ("gradle", "gradle"),
    ("m2", "maven"),
    ("npm", "npm"),
    ("nuget", "nuget"),
    ("pip", "pip"),
    ("pnpm", "pnpm"),
    ("poetry", "poetry"),
    ("sccache", "sccache"),
    ("uv", "uv"),
    ("yarn", "yarn"),
    ("yum", "yum"),
];

/// Minimum number of steps that share a single mount for it to get a name. A list of several mounts
/// gets one with its second use.
const USES_OF_ONE: usize = 3;

/// Gives a name to each list of mounts that several steps have, and replaces the list by it. A list
/// of one mount becomes that mount.
pub(super) fn name_repeated(parts: &mut [Part]) -> Vec<(String, Value)> {
    let texts: Vec<String> = lists(parts).map(|mounts| mounts.in_one_line()).collect();
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for text in &texts {
        *uses.entry(text).or_default() += 1;
    }
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    let mut taken = TakenNames::default();
    let mut sets = Vec::new();
    for (mounts, text) in lists(parts).zip(&texts) {
        let Kind::List(items) = &mut mounts.kind else { continue };
        let fewest = if items.len() == 1 { USES_OF_ONE } else { 2 };
        // The args of a stage are not visible in a set.
        if uses[text.as_str()] < fewest || text.contains("${") {
            if items.len() == 1
                && let Some(only) = items.pop()
            {
                *mounts = only.value;
            }
            continue;
        }
        let name = match names.get(text.as_str()) {
            Some(name) => name.clone(),
            None => {
                let name = taken.unique(&name_of(text, items.iter().map(|item| &item.value)));
                sets.push((name.clone(), mounts.clone()));
                names.insert(text, name.clone());
                name
            }
        };
        *mounts = Value { kind: Kind::Text(name), origin: mounts.origin };
    }
    sets
}

/// The lists of mounts of all steps.
fn lists(parts: &mut [Part]) -> impl Iterator<Item = &mut Value> {
    let steps = parts.iter_mut().flat_map(|part| &mut part.steps);
    steps.filter_map(|step| {
        let Kind::Table(entries) = &mut step.item.value.kind else { return None };
        let (_, mounts) = entries.iter_mut().find(|(key, _)| key == "mounts")?;
        matches!(mounts.kind, Kind::List(_)).then_some(mounts)
    })
}

/// A name for mounts: that of the tool whose cache it is, or else the last word of the first
/// mount's path or id.
fn name_of<'v>(text: &str, mut mounts: impl Iterator<Item = &'v Value>) -> String {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let tool = words.find_map(|word| TOOLS.iter().find(|(known, _)| *known == word));
    if let Some((_, name)) = tool {
        return (*name).to_owned();
    }
    let first = mounts.next().and_then(|mount| match &mount.kind {
        Kind::Table(entries) => entries.first(),
        _ => None,
    });
    let (kind, path) = match first {
        Some((kind, Value { kind: Kind::Text(path), .. })) => (kind.as_str(), path.as_str()),
        _ => ("", ""),
    };
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_lowercase();
    let name = last.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    match name {
        "" => match kind {
            "bind" => "context".to_owned(),
            kind => kind.to_owned(),
        },
        name => name.replace(|c: char| !matches!(c, 'a'..='z' | '0'..='9' | '-' | '_'), "-"),
    }
}
