//! Adds explanations to errors of the engine.

use buildkit_frontend::Status;

/// Adds an explanation if the engine's own message is unclear. For a Dockerfile, it names no keys of
/// build files.
pub(super) fn explained(status: Status, is_from_dockerfile: bool) -> Status {
    match reason(status.message()) {
        Some((reason, Some(way_out))) if !is_from_dockerfile => {
            status.help(&format!("{reason}; {way_out}"))
        }
        Some((reason, _)) => status.help(&reason),
        None => status,
    }
}

/// The reason for an error, and the way out by a key of build files, if there is one.
///
/// The texts are those of `copy/copy.go` of `github.com/tonistiigi/fsutil`, of
/// `cache/contenthash/checksum.go` and of `solver/llbsolver/file/backend.go` of BuildKit.
fn reason(message: &str) -> Option<(String, Option<&'static str>)> {
    const OPTIONAL: Option<&str> = Some("set `optional = true` if it may be missing");
    if let Some(path) = after(message, "cannot copy to non-directory: ") {
        let path = in_root(path);
        let reason = format!(
            "{path} is a directory in the copied files, but a link or a file in the base; if /bin and /lib are links, as in most images, name the directories usr/bin and usr/lib"
        );
        return Some((reason, None));
    }
    if let Some(path) = after(message, "cannot replace to directory ") {
        let path = in_root(path.split_once(" with file").map_or(path, |(path, _)| path));
        let reason = format!(
            "{path} is a file in the copied files, but a directory in the base: remove the directory first, or copy to another name"
        );
        return Some((reason, None));
    }
    if message.contains(" stripped of ") && message.ends_with(" not found") {
        let reason = "no path in the archive is that deep, or the file is not a tar archive";
        return Some((reason.to_owned(), Some("lower or remove `strip`")));
    }
    if after(message, "failed to calculate checksum of ref ").is_some()
        && message.ends_with("\": not found")
    {
        return Some(("the path does not exist, or is a broken link".to_owned(), OPTIONAL));
    }
    let is_missing =
        message.ends_with(": no such file or directory") && after(message, "lstat /").is_some();
    is_missing.then(|| ("the directory of the pattern does not exist".to_owned(), OPTIONAL))
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
            let of_build_file = explained(Status::new(message), false).message().to_owned();
            assert!(of_build_file.contains(part), "{of_build_file}");
            let of_dockerfile = explained(Status::new(message), true).message().to_owned();
            assert!(of_dockerfile.contains("\n  help: "), "{of_dockerfile}");
            assert!(!of_dockerfile.contains('`'), "{of_dockerfile}");
        }
        let other = "process \"x\" did not complete successfully: exit code: 1";
        assert_eq!(explained(Status::new(other), false).message(), other);
    }
}
