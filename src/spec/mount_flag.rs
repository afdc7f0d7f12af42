//! Mounts in the syntax of Dockerfiles' `--mount` and Compose, converted to the form of build
//! files.
//!
//! Input: a text such as `type=cache,target=/root/.cache`, or a table with such keys. Output: the
//! table of a build file, for hints. Must not depend on the meaning of a mount.

use super::form::quoted;

/// The hint for a text that does not resemble a mount of another tool.
const OTHER: &str = "write a mount as a table, such as `{ cache = \"/PATH\" }` or `{ bind = \"FILE\" }`; a string names a set in [mounts]";

/// Maximum length of a text that a hint converts.
const LONGEST: usize = 200;

/// The keys of `--mount` with another name in build files, by the kind of mount.
const KEYS: &[(&str, &[&str], &str)] = &[
    ("bind", &["target", "dst", "destination", "to"], "to"),
    ("bind", &["rw", "readwrite"], "writable"),
    ("secret", &["target", "dst", "destination", "to"], "to"),
    ("ssh", &["target", "dst", "destination", "to"], "to"),
    ("cache", &["ro", "readonly"], "read-only"),
];

/// The keys of `--mount` that give the value of the mount's own key, by the kind of mount, and a
/// placeholder if none is given.
const OWN: &[(&str, &[&str], &str)] = &[
    ("cache", &["target", "dst", "destination", "path", "to"], "/PATH"),
    ("tmpfs", &["target", "dst", "destination", "path", "to"], "/PATH"),
    ("bind", &["source", "src"], "."),
    ("secret", &["id", "source", "src"], "ID"),
    ("ssh", &["id", "source", "src"], "default"),
];

/// The hint for a text in a list of mounts.
pub(super) fn as_table(text: &str) -> String {
    if text.len() > LONGEST {
        return OTHER.to_owned();
    }
    if !text.contains('=') {
        return match text.split_once(':') {
            // A volume of Compose. A build can mount nothing of the host except the build context.
            Some((source, target)) if target.starts_with('/') => format!(
                "write `{{ cache = {target} }}` to keep a directory between builds, or `{{ bind = {source}, to = {target} }}` for files of the build context",
                source = quoted(source.trim_start_matches("./")),
                target = quoted(target.split(':').next().unwrap_or(target)),
            ),
            _ => OTHER.to_owned(),
        };
    }
    let pairs = text.trim_start_matches("--mount=").split(',').map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, "true"));
        (name.trim(), value.trim())
    });
    let pairs: Vec<_> = pairs.collect();
    let kind = pairs.iter().find(|(name, _)| *name == "type").map_or("bind", |&(_, kind)| kind);
    of_kind(kind, pairs.iter().copied())
}

/// The key among `pairs` that gives the value of the mount's own key in `--mount`.
pub(super) fn own_key<'p>(kind: &str, pairs: &[(&'p str, &'p str)]) -> Option<&'p str> {
    let (_, own_names, _) = OWN.iter().find(|(known, ..)| *known == kind)?;
    pairs.iter().map(|&(name, _)| name).find(|name| own_names.contains(name))
}

/// The table for a mount of a kind with these keys.
pub(super) fn of_kind<'p>(
    kind: &str,
    pairs: impl Iterator<Item = (&'p str, &'p str)> + Clone,
) -> String {
    let Some((_, own_names, default)) = OWN.iter().find(|(known, ..)| *known == kind) else {
        return "write `{ cache = \"/PATH\" }`, `{ bind = \"FILE\" }`, `{ secret = \"ID\" }`, `{ ssh = \"default\" }` or `{ tmpfs = \"/PATH\" }`".to_owned();
    };
    let own =
        pairs.clone().find(|(name, _)| own_names.contains(name)).map_or(*default, |(_, own)| own);
    let mut keys = vec![format!("{kind} = {}", quoted(own))];
    for (name, value) in pairs {
        let is_left_out = name == "type"
            || own_names.contains(&name)
            || kind == "bind" && ["ro", "readonly"].contains(&name);
        if is_left_out {
            continue;
        }
        let row = KEYS.iter().find(|(of, names, _)| *of == kind && names.contains(&name));
        let key = row.map_or(name, |&(.., key)| key);
        keys.push(match value {
            "true" | "false" => format!("{key} = {value}"),
            value => format!("{key} = {}", quoted(value)),
        });
    }
    format!("write `{{ {} }}`", keys.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_dockerfiles() {
        let cases = [
            (
                "type=cache,target=/root/.cache/pip,sharing=locked",
                "write `{ cache = \"/root/.cache/pip\", sharing = \"locked\" }`",
            ),
            (
                "type=cache,id=go,dst=/c,ro",
                "write `{ cache = \"/c\", id = \"go\", read-only = true }`",
            ),
            (
                "type=bind,source=a,target=/y,rw",
                "write `{ bind = \"a\", to = \"/y\", writable = true }`",
            ),
            ("type=bind,target=.", "write `{ bind = \".\", to = \".\" }`"),
            (
                "from=build,source=/out,target=/out,ro",
                "write `{ bind = \"/out\", from = \"build\", to = \"/out\" }`",
            ),
            (
                "type=secret,id=npmrc,target=/root/.npmrc,required",
                "write `{ secret = \"npmrc\", to = \"/root/.npmrc\", required = true }`",
            ),
            ("type=ssh", "write `{ ssh = \"default\" }`"),
            ("--mount=type=tmpfs,target=/t,size=1g", "write `{ tmpfs = \"/t\", size = \"1g\" }`"),
            (
                "./a:/a:ro",
                "write `{ cache = \"/a\" }` to keep a directory between builds, or `{ bind = \"a\", to = \"/a\" }` for files of the build context",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(as_table(text), expected, "{text}");
        }
        assert!(as_table("type=npipe,target=/x").starts_with("write `{ cache = "));
        assert!(as_table("apt").starts_with("write a mount as a table"));
    }
}
