//! Names that are nearly others: what somebody who misspelt one may have meant.
//!
//! A hint must not take longer than the check that it goes with, whatever is in a file: long names are
//! not compared at all, many names not one by one, and who misspells very many gets hints for the first.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::list;

/// The longest name that is compared.
const LONGEST: usize = 100;

/// How many names are compared one by one.
const FEW: usize = 100;

/// How many misspelt names are compared with those of a table.
const MAX_HINTS: usize = 1_000;

/// How many names a list shows.
const SHOWN: usize = 20;

/// Names of which another may be a misspelt one.
pub struct Known<'n> {
    names: Vec<&'n str>,
    /// The places of names by what is left of them without one character, and by themselves. Names that are
    /// one slip apart have something in common here.
    shortened: OnceLock<BTreeMap<String, Vec<usize>>>,
    /// For how many names a hint has been looked for.
    hints: AtomicUsize,
}

impl<'n> Known<'n> {
    /// These names.
    pub fn new(names: impl IntoIterator<Item = &'n str>) -> Self {
        let names = names.into_iter().collect();
        Self { names, shortened: OnceLock::new(), hints: AtomicUsize::new(0) }
    }

    /// The first known name that is one slip away: a character too many, one too few, another one, or two
    /// neighbours exchanged.
    pub fn one_slip(&self, name: &str) -> Option<&'n str> {
        let near = |known: &&str| distance(name, known, 1) == Some(1);
        if self.names.len() <= FEW || name.len() > LONGEST {
            return self.names.iter().copied().find(near);
        }
        let shortened = self.shortened.get_or_init(|| {
            let mut index: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            let names = self.names.iter().enumerate().filter(|(_, name)| name.len() <= LONGEST);
            for (at, name) in names {
                for short in without_one(name) {
                    index.entry(short).or_default().push(at);
                }
            }
            index
        });
        let candidates = without_one(name).filter_map(|short| shortened.get(&short));
        candidates.flatten().map(|&at| self.names[at]).filter(near).min()
    }

    /// `did you mean ...?` for the nearest name among these and `others`.
    pub fn did_you_mean<'a>(
        &'a self,
        name: &str,
        others: impl IntoIterator<Item = &'a str>,
    ) -> Option<String> {
        if self.hints.fetch_add(1, Ordering::Relaxed) >= MAX_HINTS {
            return None;
        }
        let others = others.into_iter().take(FEW);
        if self.names.len() <= FEW {
            did_you_mean(name, self.names.iter().copied().chain(others))
        } else {
            did_you_mean(name, self.one_slip(name).into_iter().chain(others))
        }
    }

    /// All of them, in backquotes; of very many the first.
    pub fn list(&self) -> String {
        match self.names.split_at_checked(SHOWN) {
            Some((first, rest)) if rest.len() > 1 => {
                let first: Vec<_> = first.iter().map(|name| format!("`{name}`")).collect();
                format!("{} and {} more", first.join(", "), rest.len())
            }
            _ => list(&self.names),
        }
    }
}

/// The known name that is nearest to a misspelt one, where one is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Every short name is near to none at all.
    if name.is_empty() {
        return None;
    }
    known
        .into_iter()
        .filter_map(|candidate| {
            let limit = (candidate.len().max(name.len()) / 3).max(1);
            Some((distance(name, candidate, limit)?, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// `did you mean ...?` for the nearest known name.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// A message about a name in a Dockerfile with its suggestion, as BuildKit has it (`WrapError` in `util/suggest`).
/// `None` where no known name is near.
pub fn suggesting<'a>(
    message: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    /// How many slips a name may have, less one, and how many names are compared.
    const FAR: usize = 3;
    const MOST: usize = 1000;
    if name.len() > LONGEST {
        return None;
    }
    let name = name.to_lowercase();
    let distance = |candidate: &&str| strsim::levenshtein(&name, &candidate.to_lowercase());
    let candidates = known.into_iter().take(MOST).filter(|candidate| candidate.len() <= LONGEST);
    let nearest = candidates.min_by_key(distance)?;
    (distance(&nearest) < FAR).then(|| format!("{message} (did you mean {nearest}?)"))
}

/// How many slips two names are apart, where that is not more than a limit.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    if a.len().max(b.len()) > LONGEST || a.len().abs_diff(b.len()) > limit * char::MAX_LEN_UTF8 {
        return None;
    }
    Some(strsim::damerau_levenshtein(a, b)).filter(|&distance| distance <= limit)
}

/// The name itself, and what is left of it without each of its characters.
fn without_one(name: &str) -> impl Iterator<Item = String> + '_ {
    let short =
        name.char_indices().map(|(at, c)| [&name[..at], &name[at + c.len_utf8()..]].concat());
    std::iter::once(name.to_owned()).chain(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names() {
        assert_eq!(nearest("stesp", ["steps", "stages"]), Some("steps"));
        assert_eq!(nearest("form", ["from", "env"]), Some("from"));
        assert_eq!(nearest("quite-else", ["from", "env"]), None);
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(nearest(&long, [&*long]), None);
    }

    #[test]
    fn one_slip_among_few_and_among_many() {
        let others: Vec<String> = (0..1000).map(|n| format!("another-{n}")).collect();
        for many in [false, true] {
            let others = others.iter().map(String::as_str).filter(|_| many);
            let known = Known::new(["builder", "tester"].into_iter().chain(others));
            for name in ["bulder", "buiilder", "buidler", "builter", "builderx", "uilder"] {
                assert_eq!(known.one_slip(name), Some("builder"), "{name}");
            }
            for name in ["builder", "build", "bduiler", "x", ""] {
                assert_eq!(known.one_slip(name), None, "{name}");
            }
            let hint = known.did_you_mean("bulder", ["builds"]);
            assert_eq!(hint.as_deref(), Some("did you mean `builder`?"));
        }
    }

    #[test]
    fn very_many_misspelt_names_get_no_hint() {
        let known = Known::new(["builder"]);
        let hints = (0..MAX_HINTS + 5).filter_map(|_| known.did_you_mean("bulder", []));
        assert_eq!(hints.count(), MAX_HINTS);
    }

    #[test]
    fn very_many_are_not_all_listed() {
        let names: Vec<String> = (0..25).map(|n| n.to_string()).collect();
        let all = |count: usize| Known::new(names[..count].iter().map(String::as_str)).list();
        assert!(all(25).starts_with("`0`, `1`, ") && all(25).ends_with("`19` and 5 more"));
        assert!(all(21).ends_with("`19` and `20`"));
        assert_eq!(all(2), "`0` and `1`");
    }
}
