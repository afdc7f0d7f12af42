//! Adds explanations to errors of the engine.

use buildkit_frontend::Status;

/// Adds an explanation if the engine's own message is unclear.
pub(super) fn explained(status: Status) -> Status {
    match help(status.message()) {
        Some(help) => status.help(&help),
        None => status,
    }
}

/// The texts are those of `copy/copy.go` of `github.com/tonistiigi/fsutil`, of
/// `cache/contenthash/checksum.go` and of `solver/llbsolver/file/backend.go` of BuildKit.
fn help(message: &str) -> Option<String> {
    if let Some(path) = after(message, "cannot copy to non-directory: ") {
        let path = in_root(path);
        return Some(format!(
            "{path} is a directory in the copied files, but a link or a file in the base; if /bin and /lib are links, as in most images, name the directories usr/bin and usr/lib"
        ));
    }
    if let Some(path) = after(message, "cannot replace to directory ") {
        let path = in_root(path.split_once(" with file").map_or(path, |(path, _)| path));
        return Some(format!(
            "{path} is a file in the copied files, but a directory in the base: remove the directory first, or copy to another name"
        ));
    }
    if message.contains(" stripped of ") && message.ends_with(" not found") {
        return Some(
            "no path in the archive is that deep, or the file is not a tar archive: lower or remove `strip`"
                .to_owned(),
        );
    }
    if after(message, "failed to calculate checksum of ref ").is_some()
        && message.ends_with("\": not found")
    {
        return Some(
            "the path does not exist, or is a broken link; set `optional = true` if it may be missing"
                .to_owned(),
        );
    }
    let missing = message
        .ends_with(": no such file or directory")
        .then(|| after(message, "lstat /"))
        .flatten();
    missing.map(|_| {
        "the directory of the pattern does not exist; set `optional = true` if it may be missing"
            .to_owned()
    })
}

fn after<'m>(message: &'m str, text: &str) -> Option<&'m str> {
    message.split_once(text).map(|(_, rest)| rest)
}

/// The path in a root file system that the engine has mounted in a temporary directory:
/// `.../buildkit1234/bin`, and `.../overlay2/ID/merged/bin` with Docker's older image store.
fn in_root(path: &str) -> &str {
    let path = path.trim();
    if let Some(at) = path.find("/merged/").filter(|_| path.contains("/overlay2/")) {
        return &path[at + "/merged".len()..];
    }
    let mounted = path.match_indices("/buildkit").find_map(|(at, word)| {
        let rest = &path[at + word.len()..];
        let end = rest.find('/')?;
        (end > 0 && rest[..end].bytes().all(|byte| byte.is_ascii_digit())).then(|| &rest[end..])
    });
    mounted.unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_mounts() {
        assert_eq!(in_root("/var/lib/docker/buildkit/cachemounts/buildkit1246748418/bin"), "/bin");
        assert_eq!(in_root("/tmp/buildkit-mount1/buildkit12/usr/x"), "/usr/x");
        assert_eq!(in_root("/var/lib/docker/overlay2/r8wn4m/merged/bin"), "/bin");
        assert_eq!(in_root("/bin"), "/bin");
    }

    #[test]
    fn errors_with_help() {
        for (message, part) in [
            ("cannot copy to non-directory: /var/lib/x/buildkit12/bin", "/bin is a directory"),
            ("cannot replace to directory /x/buildkit1/etc with file", "/etc is a file"),
            ("/a.tar stripped of 2/*/*/* not found", "`strip`"),
            ("failed to calculate checksum of ref a::b: \"/link\": not found", "is a broken link"),
            ("lstat /no/such: no such file or directory", "the pattern"),
        ] {
            assert!(help(message).is_some_and(|help| help.contains(part)), "{message}");
        }
        assert_eq!(help("process \"x\" did not complete successfully: exit code: 1"), None);
    }
}
