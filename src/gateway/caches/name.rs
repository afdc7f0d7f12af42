//! The names of caches as directories, and the file that lists them.
//!
//! A directory is `[NAMESPACE@]ID[=VARIANT]`, with `/` as `+` and other special characters
//! percent-encoded, so that it is one path component that every client can write.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::lower::Cache;

/// The file that lists the caches of an export.
pub(super) const INDEX: &str = "mstage-caches.json";

/// The version of that file.
const VERSION: u32 = 1;

/// Maximum size of that file, in bytes.
pub(super) const MAX_INDEX: usize = 4 << 20;

/// Maximum length of a directory's name, in bytes. File systems accept 255.
const MAX_NAME: usize = 200;

/// The list of caches in an export.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Index {
    version: u32,
    pub(super) caches: Vec<Entry>,
}

/// A cache in an export.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Its id, with its namespace.
    pub(super) id: String,
    /// Its initial content and owner. Empty for an empty directory of root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) variant: String,
    /// Its directory.
    pub(super) directory: String,
}

impl Index {
    pub(super) fn new<'c>(caches: impl IntoIterator<Item = &'c Cache>) -> Self {
        let entry = |cache: &Cache| Entry {
            id: match cache.namespace.is_empty() {
                true => cache.id.clone(),
                false => format!("{}/{}", cache.namespace, cache.id),
            },
            variant: cache.variant.clone(),
            directory: directory(cache),
        };
        Self { version: VERSION, caches: caches.into_iter().map(entry).collect() }
    }

    /// Parses the file. Returns the end of a sentence about an invalid one.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let index: Self = serde_json::from_slice(text)
            .map_err(|err| format!("is not a list of caches: {err}"))?;
        match index.version {
            VERSION => Ok(index),
            other => Err(format!("has version {other}, but this mstage knows {VERSION}")),
        }
    }

    /// True if the export has a cache.
    pub(super) fn has(&self, cache: &Cache) -> bool {
        let directory = directory(cache);
        self.caches.iter().any(|entry| entry.directory == directory)
    }

    /// The file, which ends with a newline.
    pub(super) fn to_json(&self) -> Vec<u8> {
        // Texts and numbers can always be written.
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }
}

/// The directory of a cache in an export.
pub(super) fn directory(cache: &Cache) -> String {
    let Cache { namespace, id, variant, .. } = cache;
    let mut name = String::new();
    if !namespace.is_empty() {
        escape(namespace, &mut name);
        name.push('@');
    }
    escape(id, &mut name);
    if !variant.is_empty() {
        name.push('=');
        escape(variant, &mut name);
    }
    if name.len() <= MAX_NAME {
        return name;
    }
    // The list of caches has the id.
    let digest = buildkit_llb::Digest::of(name.as_bytes()).to_string();
    digest.replacen(':', "-", 1)
}

fn escape(text: &str, name: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'/' => name.push('+'),
            // A name must not be `.` or `..`.
            b'.' if name.is_empty() => name.push_str("%2E"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => {
                name.push(char::from(byte));
            }
            // Writing to a string cannot fail.
            _ => drop(write!(name, "%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use buildkit_llb::CacheMount;

    use super::*;

    fn cache(namespace: &str, id: &str, variant: &str) -> Cache {
        Cache {
            namespace: namespace.to_owned(),
            id: id.to_owned(),
            variant: variant.to_owned(),
            has_content: false,
            mount: CacheMount::new("/cache", format!("{namespace}/{id}")),
        }
    }

    #[test]
    fn directories() {
        for (namespace, id, variant, expected) in [
            ("", "/root/.cache/go-build", "", "+root+.cache+go-build"),
            ("", "app-target", "", "app-target"),
            ("ci", "app", "1000:1000 0700", "ci@app=1000%3A1000%200700"),
            ("", "..", "", "%2E."),
            ("", "a+b@c=d%", "", "a%2Bb%40c%3Dd%25"),
            ("", "caf\u{e9}\n", "", "caf%C3%A9%0A"),
        ] {
            assert_eq!(directory(&cache(namespace, id, variant)), expected);
        }
        let long = directory(&cache("", &"x".repeat(300), ""));
        assert!(long.starts_with("sha256-") && long.len() < MAX_NAME, "{long}");
    }

    /// Different caches never have the same directory.
    #[test]
    fn directories_differ() {
        let parts = ["", "a", "a/b", "a+b", "a@b", "a=b", "%", "+", "@", "="];
        let mut seen = BTreeSet::new();
        for namespace in parts {
            for id in parts {
                for variant in parts {
                    assert!(seen.insert(directory(&cache(namespace, id, variant))));
                }
            }
        }
    }

    #[test]
    fn the_index() {
        let index = Index::new(&[cache("", "/c", ""), cache("ns", "/c", "1000")]);
        expect_test::expect![[r#"
            {
              "version": 1,
              "caches": [
                {
                  "id": "/c",
                  "directory": "+c"
                },
                {
                  "id": "ns//c",
                  "variant": "1000",
                  "directory": "ns@+c=1000"
                }
              ]
            }
        "#]]
        .assert_eq(&String::from_utf8(index.to_json()).unwrap());
    }

    #[test]
    fn lists_of_caches() {
        let caches = [cache("", "/c", ""), cache("ns", "/c", "1000")];
        let index = Index::parse(&Index::new(&caches).to_json()).unwrap();
        assert!(index.has(&caches[0]) && index.has(&caches[1]) && !index.has(&cache("", "c", "")));
        for (text, problem) in [
            ("", "is not a list of caches: EOF"),
            ("{}", "is not a list of caches: missing field"),
            (r#"{"version": 2, "caches": []}"#, "has version 2, but this mstage knows 1"),
        ] {
            let error = Index::parse(text.as_bytes()).unwrap_err();
            assert!(error.starts_with(problem), "{error}");
        }
    }
}
