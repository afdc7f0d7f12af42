//! Git repositories.

use super::any::Source;
use crate::Cap;
use crate::path::absolute;

/// A git repository at a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Git {
    /// The URL: `https://…`, `http://…`, `ssh://…`, `git://…` or `user@host:path`, without a
    /// fragment or query.
    pub remote: String,
    /// The commit, tag or branch; for a bare name, branches take precedence over tags. Empty is the
    /// default branch.
    pub reference: String,
    /// The subdirectory to use. Empty is the whole repository.
    pub subdir: String,
    /// The commit that the reference must resolve to, or a prefix of its hash.
    pub checksum: Option<String>,
    /// Keep `.git`.
    pub keep_git_dir: bool,
    /// Leave submodules out.
    pub skip_submodules: bool,
    /// Fetch `checksum`, which must then be a full hash, without resolving the reference.
    pub fetch_by_commit: bool,
    /// Timestamps of the files.
    pub mtime: Option<GitMtime>,
    /// The id of the secret that holds a token for HTTP. Optional on the client.
    pub auth_token_secret: String,
    /// The id of the secret that holds a header for HTTP. Optional on the client.
    pub auth_header_secret: String,
    /// The host keys to trust for SSH, in the format of known_hosts. BuildKit's Go client asks the
    /// host for them if none are given; this crate does no network I/O.
    pub known_ssh_hosts: String,
    /// The id of the agent to use for SSH. Empty is `default`.
    pub mount_ssh_sock: String,
    /// The required signature of the commit or tag.
    pub signature: Option<GitSignature>,
    /// A bundle to take the commit from instead of fetching it. Needs `checksum`.
    pub bundle: Option<GitBundle>,
    /// Create a single file `bundle` instead of a work tree.
    pub checkout_bundle: bool,
}

impl Git {
    /// A repository at its default branch, with the default ids of secrets in BuildKit's clients.
    pub fn new(remote: impl Into<String>) -> Git {
        Git {
            remote: remote.into(),
            auth_token_secret: AUTH_TOKEN.to_owned(),
            auth_header_secret: AUTH_HEADER.to_owned(),
            ..Git::default()
        }
    }

    /// The identifier: host and path without the protocol, so that a repository has one cache for
    /// all protocols, and the reference and directory as a fragment.
    fn identifier(&self) -> String {
        let mut identifier = match Address::parse(&self.remote) {
            Some(Address { host, path, .. }) => match absolute(path) {
                path if path == "/" => format!("git://{host}/"),
                path => format!("git://{host}{path}"),
            },
            None => return format!("git://{}", self.remote),
        };
        let subdir = absolute(&self.subdir);
        if !self.reference.is_empty() || subdir != "/" {
            identifier.push('#');
            identifier.push_str(&self.reference);
        }
        if subdir != "/" {
            identifier.push(':');
            identifier.push_str(&subdir[1..]);
        }
        identifier
    }
}

setters! { Git {
    reference: impl Into<String>,
    subdir: impl Into<String>,
    checksum: Option<String>,
    keep_git_dir: bool,
    skip_submodules: bool,
    fetch_by_commit: bool,
    mtime: Option<GitMtime>,
    auth_token_secret: impl Into<String>,
    auth_header_secret: impl Into<String>,
    known_ssh_hosts: impl Into<String>,
    mount_ssh_sock: impl Into<String>,
    signature: Option<GitSignature>,
    bundle: Option<GitBundle>,
    checkout_bundle: bool,
} }

/// Timestamps of the files of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum GitMtime {
    /// The time of the checkout, the default.
    Checkout,
    /// The time of the commit.
    Commit,
}

/// A signature to be verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GitSignature {
    /// The public key, OpenPGP or SSH.
    pub public_key: String,
    /// Reject expired keys.
    pub reject_expired_keys: bool,
    /// Require a signed tag.
    pub require_signed_tag: bool,
    /// Check the commit's signature even if there is a signed tag.
    pub ignore_signed_tag: bool,
}

impl GitSignature {
    /// A signature with this key.
    pub fn new(public_key: impl Into<String>) -> GitSignature {
        GitSignature { public_key: public_key.into(), ..GitSignature::default() }
    }
}

setters! { GitSignature {
    reject_expired_keys: bool,
    require_signed_tag: bool,
    ignore_signed_tag: bool,
} }

/// A bundle of commits in a registry or in a store of the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GitBundle {
    /// `docker-image+blob://…@sha256:…` or `oci-layout+blob://…@sha256:…`.
    pub locator: String,
    /// For a store of the client, the session that provides it.
    pub session_id: String,
    /// For a store of the client, its name in that session.
    pub store_id: String,
}

impl GitBundle {
    /// A bundle in a registry, or with [`session_id`](Self::session_id) in a store of the client.
    pub fn new(locator: impl Into<String>) -> GitBundle {
        GitBundle { locator: locator.into(), ..GitBundle::default() }
    }
}

setters! { GitBundle {
    session_id: impl Into<String>,
    store_id: impl Into<String>,
} }

impl From<Git> for Source {
    fn from(git: Git) -> Source {
        let is_ssh = Address::parse(&git.remote).is_some_and(|address| address.is_ssh);
        let is_subdir = absolute(&git.subdir) != "/";
        let mtime = match git.mtime {
            None => "",
            Some(GitMtime::Checkout) => "checkout",
            Some(GitMtime::Commit) => "commit",
        };
        let mut source = Source::new(git.identifier())
            .cap(Cap::SOURCE_GIT)
            .attr_with(Cap::SOURCE_GIT_FULL_URL, "git.fullurl", git.remote)
            .flag(Cap::SOURCE_GIT_KEEP_DIR, "git.keepgitdir", git.keep_git_dir)
            .attr_with(Cap::SOURCE_GIT_CHECKSUM, "git.checksum", git.checksum.unwrap_or_default())
            .flag(Cap::SOURCE_GIT_SKIP_SUBMODULES, "git.skipsubmodules", git.skip_submodules)
            .attr_with(Cap::SOURCE_GIT_MTIME, "git.mtime", mtime)
            .flag(Cap::SOURCE_GIT_FETCH_BY_COMMIT, "git.fetchbycommit", git.fetch_by_commit)
            .flag(Cap::SOURCE_GIT_CHECKOUT_BUNDLE, "git.checkoutbundle", git.checkout_bundle);
        if is_subdir {
            source = source.cap(Cap::SOURCE_GIT_SUBDIR);
        }
        // The default ids need no capability: a daemon that does not support them fetches without
        // secrets.
        for (key, id, default) in [
            ("git.authtokensecret", git.auth_token_secret, AUTH_TOKEN),
            ("git.authheadersecret", git.auth_header_secret, AUTH_HEADER),
        ] {
            source = if id == default {
                source.attr(key, id)
            } else {
                source.attr_with(Cap::SOURCE_GIT_HTTP_AUTH, key, id)
            };
        }
        if is_ssh {
            let sock = git.mount_ssh_sock;
            let sock = if sock.is_empty() { "default".to_owned() } else { sock };
            source = source
                .attr_with(
                    Cap::SOURCE_GIT_KNOWN_SSH_HOSTS,
                    "git.knownsshhosts",
                    git.known_ssh_hosts,
                )
                .attr_with(Cap::SOURCE_GIT_MOUNT_SSH_SOCK, "git.mountsshsock", sock);
        }
        if let Some(signature) = git.signature {
            let cap = Cap::SOURCE_GIT_SIGNATURE_VERIFY;
            source = source
                .attr_with(cap, "git.sig.pubkey", signature.public_key)
                .flag(cap, "git.sig.rejectexpired", signature.reject_expired_keys)
                .flag(cap, "git.sig.requiresignedtag", signature.require_signed_tag)
                .flag(cap, "git.sig.ignoresignedtag", signature.ignore_signed_tag);
        }
        if let Some(bundle) = git.bundle {
            source = source
                .attr_with(Cap::SOURCE_GIT_BUNDLE, "git.bundle", bundle.locator)
                .attr("oci.session", bundle.session_id)
                .attr("oci.store", bundle.store_id);
        }
        source
    }
}

/// `GitAuthTokenKey` and `GitAuthHeaderKey` in `client/llb/source.go`.
const AUTH_TOKEN: &str = "GIT_AUTH_TOKEN";
const AUTH_HEADER: &str = "GIT_AUTH_HEADER";

/// The parts of a repository's URL that are in the identifier.
struct Address<'a> {
    is_ssh: bool,
    host: &'a str,
    path: &'a str,
}

impl<'a> Address<'a> {
    /// Parses a URL as far as BuildKit's `util/gitutil` does for the identifier.
    fn parse(remote: &'a str) -> Option<Address<'a>> {
        if let Some((scheme, rest)) = remote.split_once("://") {
            let is_ssh = scheme.eq_ignore_ascii_case("ssh");
            if !is_ssh && !["http", "https", "git"].iter().any(|s| scheme.eq_ignore_ascii_case(s)) {
                return None;
            }
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            return Some(Address { is_ssh, host, path });
        }
        let (user, rest) = remote.split_once('@')?;
        let (host, path) = rest.split_once(':')?;
        let is_address = !user.is_empty()
            && user.chars().all(|c| is_word(c) || c == '_')
            && !host.is_empty()
            && host.chars().all(|c| is_word(c) || c == '.');
        is_address.then_some(Address { is_ssh: true, host, path })
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        let check = |remote: &str, reference: &str, subdir: &str, identifier: &str| {
            let reference = reference.to_owned();
            let subdir = subdir.to_owned();
            let git = Git { reference, subdir, ..Git::new(remote) };
            assert_eq!(Source::from(git).identifier, identifier);
        };
        check("https://github.com/moby/buildkit.git", "", "", "git://github.com/moby/buildkit.git");
        check("https://u:p@host:8443/a/b.git", "v1", "", "git://host:8443/a/b.git#v1");
        check("ssh://git@host/a.git", "v1", "/x/../y/", "git://host/a.git#v1:y");
        check(
            "git@github.com:moby/buildkit.git",
            "",
            "sub",
            "git://github.com/moby/buildkit.git#:sub",
        );
        check("https://host", "main", "", "git://host/#main");
        check("file:///srv/a", "main", "", "git://file:///srv/a");
    }
}
