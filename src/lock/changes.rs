//! The differences between a lock file and the one that replaces it, for the author.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{FrontendLine, Line, Lock, RecordedFrontend, Upstream};

/// Maximum number of listed changes.
const MAX_LISTED: usize = 50;

/// A summary of the pins that a new lock file adds or changes, one a line. `None` if there are none.
pub fn changes(
    name: &str,
    old: Option<&Lock>,
    frontend: Option<&FrontendLine>,
    lines: &BTreeMap<Upstream, Line>,
) -> Option<String> {
    let mut changed = Vec::new();
    let mut added = Vec::new();
    if let Some(FrontendLine { image, line: Line { pin: Some(pin), .. } }) = frontend {
        let shown = Upstream::Image(image.clone());
        match old.and_then(Lock::frontend) {
            Some(RecordedFrontend { image: known, entry }) if known != image => {
                let known = Upstream::Image(known.clone());
                changed.push(format!("frontend {known}: {} -> {shown}: {pin}", entry.pin));
            }
            Some(RecordedFrontend { entry, .. }) if entry.pin == *pin => {}
            Some(RecordedFrontend { entry, .. }) => {
                changed.push(format!("frontend {shown}: {} -> {pin}", entry.pin));
            }
            None => added.push(format!("frontend {shown}: {pin}")),
        }
    }
    for (upstream, line) in lines {
        let Some(pin) = &line.pin else { continue };
        let known = old.and_then(|old| old.entries().get(upstream)).map(|entry| &entry.pin);
        match known {
            Some(known) if known == pin => {}
            Some(known) => changed.push(format!("{upstream}: {known} -> {pin}")),
            None => added.push(format!("{upstream}: {pin}")),
        }
    }
    let counts = [(changed.len(), "changed"), (added.len(), "new")];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    if counts.is_empty() {
        return None;
    }
    let mut text = format!("{name}: {}", counts.join(", "));
    let all = changed.iter().chain(&added);
    for change in all.take(MAX_LISTED) {
        let _ = write!(text, "\n  {change}");
    }
    let left = (changed.len() + added.len()).saturating_sub(MAX_LISTED);
    if left > 0 {
        let _ = write!(text, "\n  and {left} more");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::{parse, render};
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::source::SourceFile;

    fn pinned(pins: &[(&str, char)]) -> BTreeMap<Upstream, Line> {
        let line = |&(image, digit): &(&str, char)| {
            let pin = Some(format!("sha256:{}", digit.to_string().repeat(64)));
            (Upstream::Image(image.parse().unwrap()), Line { pin, remark: None })
        };
        pins.iter().map(line).collect()
    }

    #[test]
    fn changed_and_new_pins() {
        let before = pinned(&[("a:1", 'a'), ("b:1", 'b')]);
        let text = render("mstage.toml", None, &before, &[]);
        let file = SourceFile::new("mstage.lock", text.into_bytes());
        let old = parse(&file, &mut Diagnostics::default()).unwrap();
        assert_eq!(changes("mstage.lock", Some(&old), None, &before), None);
        let now = pinned(&[("a:1", 'a'), ("b:1", 'c'), ("c:1", 'd')]);
        expect![[r#"
            mstage.lock: 1 changed, 1 new
              b:1: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb -> sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
              c:1: sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"#]].assert_eq(&changes("mstage.lock", Some(&old), None, &now).unwrap());
        assert!(
            changes("mstage.lock", None, None, &now).unwrap().starts_with("mstage.lock: 3 new\n")
        );
    }

    #[test]
    fn another_frontend() {
        let line = |image: &str, digit: char| {
            let pin = Some(format!("sha256:{}", digit.to_string().repeat(64)));
            FrontendLine { image: image.parse().unwrap(), line: Line { pin, remark: None } }
        };
        let none = BTreeMap::new();
        let before = line("myorg/mstage:1", 'a');
        let text = render("mstage.toml", Some(&before), &none, &[]);
        let file = SourceFile::new("mstage.lock", text.into_bytes());
        let old = parse(&file, &mut Diagnostics::default()).unwrap();
        let changes = |old, now: &FrontendLine| changes("mstage.lock", old, Some(now), &none);
        assert_eq!(changes(Some(&old), &before), None);
        expect![[r#"
            mstage.lock: 1 changed
              frontend myorg/mstage:1: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa -> sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"#]]
        .assert_eq(&changes(Some(&old), &line("myorg/mstage:1", 'b')).unwrap());
        expect![[r#"
            mstage.lock: 1 changed
              frontend myorg/mstage:1: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa -> other/mstage: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"#]]
        .assert_eq(&changes(Some(&old), &line("other/mstage", 'b')).unwrap());
        expect![[r#"
            mstage.lock: 1 new
              frontend myorg/mstage:1: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"#]]
        .assert_eq(&changes(None, &before).unwrap());
    }
}
