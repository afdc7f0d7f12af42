//! The client's options for attestations.
//!
//! Follows `frontend/attestations/parse.go` of BuildKit.

use std::collections::BTreeMap;

use super::values::{InvalidOption, Options};
use crate::csv;

/// A program that scans a file system for an SBOM.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scanner {
    /// Its image, as the client writes it. May be without a registry and a tag.
    pub image: String,
    /// Its settings, by name: it gets them as `BUILDKIT_SCAN_NAME` (`docs/attestations/sbom-protocol.md` of BuildKit).
    pub parameters: BTreeMap<String, String>,
}

/// The default scanner.
const DEFAULT_SCANNER: &str = "docker/buildkit-syft-scanner:stable-1";

/// The prefixes of the options, before the kind of attestation in upper or lower case.
const PREFIXES: [&str; 2] = ["attest:", "build-arg:BUILDKIT_ATTEST_"];

/// The scanner for an SBOM. The other kind of attestation, provenance, is made by the engine.
pub(super) fn scanner(options: &Options) -> Result<Option<Scanner>, InvalidOption> {
    let mut scanner = None;
    for (option, text) in options.iter() {
        let kind = PREFIXES.iter().find_map(|prefix| option.strip_prefix(prefix));
        match kind.map(str::to_ascii_lowercase).as_deref() {
            Some("sbom") => scanner = Some(parse(option, text)?),
            None | Some("provenance") => {}
            Some(other) => {
                let problem = format!("expected `sbom` or `provenance`, found `{other}`");
                return Err(InvalidOption::new(option, problem));
            }
        }
    }
    Ok(scanner)
}

fn parse(option: &str, text: &str) -> Result<Scanner, InvalidOption> {
    let mut scanner = Scanner { image: DEFAULT_SCANNER.to_owned(), parameters: BTreeMap::new() };
    for field in csv::fields(text).map_err(|err| InvalidOption::new(option, err))? {
        let (name, value) = field.split_once('=').unwrap_or((&field, ""));
        if name == "generator" {
            value.clone_into(&mut scanner.image);
        } else {
            scanner.parameters.insert(name.to_owned(), value.to_owned());
        }
    }
    if scanner.image.is_empty() {
        return Err(InvalidOption::new(option, "the generator has no name"));
    }
    Ok(scanner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(option: &str, value: &str) -> Result<Option<Scanner>, String> {
        let mut options = Options::default();
        options.set(option, value);
        options.sbom_scanner().map_err(|err| err.to_string())
    }

    #[test]
    fn scanners() {
        let image = |option, value| read(option, value).map(|found| found.map(|found| found.image));
        assert_eq!(image("attest:sbom", ""), Ok(Some(DEFAULT_SCANNER.to_owned())));
        assert_eq!(
            image("build-arg:BUILDKIT_ATTEST_SBOM", "generator=a:1"),
            Ok(Some("a:1".to_owned()))
        );
        assert_eq!(image("attest:provenance", "mode=max"), Ok(None));
        let found =
            read("attest:sbom", "generator=a,LEVEL=1").map(|found| found.map(|of| of.parameters));
        assert_eq!(found, Ok(Some(BTreeMap::from([("LEVEL".to_owned(), "1".to_owned())]))));
    }

    #[test]
    fn wrong_ones() {
        assert_eq!(
            read("attest:other", ""),
            Err("option `attest:other`: expected `sbom` or `provenance`, found `other`".to_owned())
        );
        assert_eq!(
            read("attest:sbom", "generator="),
            Err("option `attest:sbom`: the generator has no name".to_owned())
        );
    }
}
