//! Hints for invalid image references, and recognition of digests.

pub use buildkit_llb::{InvalidReference, Reference};

/// A hint for an invalid image reference, if its text shows what was intended.
pub(crate) fn hint_about(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    Some(match words[..] {
        [image, word, name] if word.eq_ignore_ascii_case("as") => {
            format!("put the stage name in the header, [stages.{name}], and write `from = \"{image}\"`")
        }
        [flag, image, ..] if let Some(platform) = flag.strip_prefix("--platform=") => {
            format!(
                "write the platform as a key: `from = \"{image}\"`, `platform = \"{platform}\"`"
            )
        }
        _ if starts(text, &["https://", "http://", "git://", "ssh://", "git@"]) => {
            "declare it as a source: [sources.NAME] with `git = \"URL\"` or `http = \"URL\"`".to_owned()
        }
        _ if starts(text, &["./", "../", "/"]) => {
            "use a build context for a directory: write `{ context = \"NAME\" }` and pass `--build-context NAME=PATH`"
                .to_owned()
        }
        _ if starts(text, &["docker-image://", "oci-layout://"]) => {
            "this form is only for --build-context; write the image as \"NAME:TAG\"".to_owned()
        }
        _ => return None,
    })
}

fn starts(text: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| text.starts_with(start))
}

/// An image that replaces one whose name is unknown.
pub(crate) fn placeholder(name: &'static str) -> Reference {
    Reference::parse(name).expect("the names of placeholders are right")
}

/// Returns true for a digest of an algorithm that registries use.
pub fn is_digest(text: &str) -> bool {
    Reference::is_digest(text)
}

/// True if a text consists of lower-case hex digits, the form in which engines write and compare
/// hashes.
pub fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
