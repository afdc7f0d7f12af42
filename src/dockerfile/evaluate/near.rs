//! The name that a misspelt one may stand for, as BuildKit suggests it (`util/suggest`).

use std::cell::Cell;

use super::variables::Variables;

/// From so many changes on, a name is another one.
const FAR: usize = 3;

/// The longest name that is compared.
const LONGEST: usize = 100;

/// How many names are compared for one file.
const MOST: usize = 100_000;

/// Looks for near names, as long as a file does not ask for very many.
#[derive(Debug, Default)]
pub(crate) struct Near {
    compared: Cell<usize>,
}

impl Near {
    /// The nearest of the names that have values at a place.
    pub(crate) fn find_in(&self, name: &str, variables: &Variables) -> Option<String> {
        match self.compared.get() < MOST {
            true => self.find(name, variables.names()).map(str::to_owned),
            false => None,
        }
    }

    /// The nearest of some names; the first of those that are equally near.
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
