//! Suggestions for misspelt names, as BuildKit makes them (`util/suggest`).

use std::cell::Cell;

use super::variables::Variables;

/// Edit distance from which on two names are unrelated.
const FAR: usize = 3;

/// Maximum length of a compared name.
const LONGEST: usize = 100;

/// Maximum number of names compared for one file.
const MOST: usize = 100_000;

/// Finds similar names, up to a limit per file.
#[derive(Debug, Default)]
pub(crate) struct Near {
    compared: Cell<usize>,
}

impl Near {
    /// The most similar variable that is set.
    pub(crate) fn find_in(&self, name: &str, variables: &Variables) -> Option<String> {
        match self.compared.get() < MOST {
            true => self.find(name, variables.names()).map(str::to_owned),
            false => None,
        }
    }

    /// The most similar of some names; the first one of several that are equally similar.
    pub(crate) fn find<'n>(
        &self,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) -> Option<&'n str> {
        let mut nearest = None;
        let mut least = FAR;
        for candidate in known {
            let compared = self.compared.get();
            if candidate == name || compared >= MOST {
                return None;
            }
            if name.len().max(candidate.len()) > LONGEST
                || name.len().abs_diff(candidate.len()) >= FAR * char::MAX_LEN_UTF8
            {
                continue;
            }
            self.compared.set(compared + 1);
            let distance = strsim::levenshtein(name, candidate);
            if distance < least {
                (nearest, least) = (Some(candidate), distance);
            }
        }
        nearest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names() {
        let near = |name, known: &[&'static str]| Near::default().find(name, known.iter().copied());
        assert_eq!(
            near("BULIDPLATFORM", &["TARGETPLATFORM", "BUILDPLATFORM"]),
            Some("BUILDPLATFORM")
        );
        assert_eq!(near("PAHT", &["PATH"]), Some("PATH"));
        assert_eq!(near("version", &["tag"]), None);
        assert_eq!(near("AB", &["A", "B"]), Some("A"));
        assert_eq!(near("A", &["B", "A"]), None, "it is known");
    }
}
