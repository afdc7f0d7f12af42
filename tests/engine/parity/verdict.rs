//! The result of a case, and the report of all.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::made::Differing;
use super::settings::Difference;
use crate::harness::{Failure, engine};

/// The result of a case.
pub(super) enum Verdict {
    Same,
    /// The engine lacks a feature that the spec needs, and mstage reported that.
    Refused(String),
    /// This engine is too old for the comparison, for this reason.
    NotCompared(&'static str),
    /// mstage lacks the feature.
    Missing(String),
    Different(String),
}

/// A report of all cases that are not equal, and the number that differ.
pub(super) fn report(verdicts: &BTreeMap<&String, Verdict>) -> (String, u32) {
    let mut text = String::new();
    let mut counts = [0; 5];
    for (name, verdict) in verdicts {
        let (kind, line) = match verdict {
            Verdict::Same => (0, None),
            Verdict::Refused(message) => (1, Some(format!("refused: {message}"))),
            Verdict::NotCompared(why) => (2, Some(format!("not compared: {why}"))),
            Verdict::Missing(what) => (3, Some(format!("missing: {what}"))),
            Verdict::Different(how) => (4, Some(format!("DIFFERENT\n{}", how.trim_end()))),
        };
        counts[kind] += 1;
        if let Some(line) = line {
            let _ = writeln!(text, "{name}: {line}");
        }
    }
    let [same, refused, not_compared, missing, different] = counts;
    let _ = write!(
        text,
        "{} cases: {same} the same, {refused} refused, {not_compared} not compared, {missing} missing, \
         {different} different",
        verdicts.len(),
    );
    (text, different)
}

/// Removes the allowed differences of the case; an allowed difference that does not occur is
/// reported.
pub(super) fn judge(differences: &[Differing], allowed: &[Difference]) -> Verdict {
    let mut text = String::new();
    for (name, one, other) in differences {
        if !allowed.iter().any(|listed| listed.covers(name)) {
            let _ = writeln!(text, "  {name}\n    Dockerfile:  {one}\n    mstage:      {other}");
        }
    }
    for listed in allowed {
        if listed.reason.is_empty() {
            let _ = writeln!(text, "  the difference of `{}` has no reason", listed.of);
        }
        // An older engine may make both sides the same.
        if engine().major_version >= 28 && !differences.iter().any(|(name, ..)| listed.covers(name))
        {
            let _ = writeln!(text, "  there is no difference of `{}`", listed.of);
        }
    }
    if text.is_empty() { Verdict::Same } else { Verdict::Different(text) }
}

/// The error after the excerpts of the build file, which could also contain the expected words.
pub(super) fn said(failure: &Failure) -> &str {
    failure.message.rfind("ERROR: ").map_or("", |from| &failure.message[from..])
}

/// An older engine's failure with the missing feature and the location in the spec.
pub(super) fn refusal(failure: &Failure) -> Option<Verdict> {
    let is_old = engine().major_version < 28;
    let line = failure.message.lines().find(|line| is_old && is_refusal(line))?;
    let from = FILES.iter().find_map(|file| line.find(file))?;
    Some(Verdict::Refused(line[from..].trim().to_owned()))
}

/// The prefixes of locations in build files.
const FILES: [&str; 2] = ["mstage.toml:", "Dockerfile:"];

/// `mstage.toml:7: the engine does not support ...`.
fn is_refusal(line: &str) -> bool {
    FILES.iter().flat_map(|file| line.split(file).skip(1)).any(|rest| {
        let message = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        message.len() < rest.len()
            && [": the engine does not support ", ": the engine has disabled "]
                .iter()
                .any(|start| message.starts_with(start))
    })
}
