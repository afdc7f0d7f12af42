//! Suggestions for misspelt names.
//!
//! A suggestion must not take longer than the check it belongs to, whatever the file contains: long
//! names are not compared at all, large sets of names are indexed, and only the first misspelt
//! names of a file get suggestions.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::list;

/// Maximum length of a compared name.
const LONGEST: usize = 100;

/// Maximum number of names that are compared one by one.
const FEW: usize = 100;

/// Maximum number of misspelt names that are compared with a set.
const MAX_HINTS: usize = 1_000;

/// Maximum number of names in a printed list.
const SHOWN: usize = 20;

/// A set of valid names to compare misspelt ones with.
pub struct Known<'n> {
    names: Vec<&'n str>,
    /// The indexes of names, by the name itself and by each form of it with one character removed.
    /// Names that differ by one edit share an entry.
    shortened: OnceLock<BTreeMap<String, Vec<usize>>>,
    /// The number of names for which a suggestion was requested.
    hints: AtomicUsize,
}

impl<'n> Known<'n> {
    /// These names.
    pub fn new(names: impl IntoIterator<Item = &'n str>) -> Self {
        let names = names.into_iter().collect();
        Self { names, shortened: OnceLock::new(), hints: AtomicUsize::new(0) }
    }

    /// The first known name at an edit distance of one: a character added, removed or replaced, or
    /// two neighbours swapped.
    pub fn one_slip(&self, name: &str) -> Option<&'n str> {
        if self.names.len() <= FEW || name.len() > LONGEST {
            return self.names.iter().copied().find(|known| is_one_slip(name, known));
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
        candidates
            .flatten()
            .map(|&at| self.names[at])
            .filter(|known| is_one_slip(name, known))
            .min()
    }

    /// `did you mean ...?` with the most similar of these names and `others`.
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

    /// All names in backquotes; of a large set the first ones.
    pub fn list(&self) -> String {
        match self.names.split_at_checked(SHOWN) {
            Some((first, rest)) if rest.len() > 1 => {
                let first: Vec<_> = first.iter().map(|name| format!("`{name}`")).collect();
                format!("{} and {} more", first.join(", "), rest.len())
            }
            _ => list(&self.names),
        }
    }

    /// A hint with all names of a kind, such as "stages"; `None` if there are none.
    pub fn list_of(&self, kind: &str) -> Option<String> {
        (!self.names.is_empty()).then(|| format!("the {kind} are {}", self.list()))
    }
}

/// The known name that is most similar to a misspelt one, if it is similar enough.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Otherwise every short name would be similar to the empty one.
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

/// `did you mean ...?` with the most similar known name.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// A message about a name in a Dockerfile with a suggestion, in BuildKit's form (`WrapError` in
/// `util/suggest`). `None` if no known name is similar.
pub fn suggesting<'a>(
    message: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    /// Edit distance from which on names are unrelated, and the maximum number of compared names.
    const FAR: usize = 3;
    const MOST: usize = 1000;
    if name.len() > LONGEST {
        return None;
    }
    let name = name.to_lowercase();
    let candidates = known.into_iter().take(MOST).filter(|candidate| candidate.len() <= LONGEST);
    let ((distance, _), nearest) = candidates
        .map(|candidate| (distances(&name, &candidate.to_lowercase()), candidate))
        .min_by_key(|(distances, _)| *distances)?;
    (distance < FAR).then(|| format!("{message} (did you mean {nearest}?)"))
}

/// The edit distance that BuildKit uses, and one for which two swapped letters are one edit.
fn distances(a: &str, b: &str) -> (usize, usize) {
    (strsim::levenshtein(a, b), strsim::damerau_levenshtein(a, b))
}

fn is_one_slip(name: &str, known: &str) -> bool {
    distance(name, known, 1) == Some(1)
}

/// The edit distance of two names, if it does not exceed a limit.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    if a.len().max(b.len()) > LONGEST || a.len().abs_diff(b.len()) > limit * char::MAX_LEN_UTF8 {
        return None;
    }
    Some(strsim::damerau_levenshtein(a, b)).filter(|&distance| distance <= limit)
}

/// The name itself, and each form of it with one character removed.
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
