//! The capabilities of daemons for LLB: their names, and the BuildKit versions that introduced
//! them.
//!
//! Must not depend on the capabilities of an actual daemon. An op's capabilities are sent with it;
//! a daemon that lacks one rejects the graph instead of ignoring unknown fields.

use std::fmt;

/// A capability of a daemon. Sorted by name.
///
/// Two capabilities in BuildKit's source are missing here: `file.copy.modestring` and
/// `exec.meta.removemountstubs.recursive` are not registered in any daemon (`init` in
/// `solver/pb/caps.go`), so requiring them breaks the build.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cap(u8);

impl Cap {
    /// BuildKit's name for it.
    pub fn id(self) -> &'static str {
        ALL[usize::from(self.0)].0
    }

    /// The first version of BuildKit with it, e.g. `0.10`.
    pub fn since(self) -> &'static str {
        ALL[usize::from(self.0)].1
    }

    /// The capability with a name.
    pub fn find(id: &str) -> Option<Cap> {
        ALL.binary_search_by_key(&id, |&(id, _)| id).ok().map(|at| Cap(at as u8))
    }

    /// Its index among all of them.
    pub(crate) fn number(self) -> usize {
        usize::from(self.0)
    }

    /// All capabilities known to this crate.
    pub fn all() -> impl Iterator<Item = Cap> {
        (0..ALL.len()).map(|at| Cap(at as u8))
    }
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl fmt::Debug for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cap({})", self.id())
    }
}

/// A set of capabilities, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Caps(u128);

impl Caps {
    pub(crate) fn insert(&mut self, cap: Cap) {
        self.0 |= 1 << cap.0;
    }

    pub(crate) fn insert_if(&mut self, needed: bool, cap: Cap) {
        if needed {
            self.insert(cap);
        }
    }

    pub(crate) fn union(self, other: Caps) -> Caps {
        Caps(self.0 | other.0)
    }

    /// The capabilities in order.
    pub(crate) fn iter(self) -> impl Iterator<Item = Cap> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let first = rest.trailing_zeros();
            rest &= rest.wrapping_sub(1);
            (first < u128::BITS).then_some(Cap(first as u8))
        })
    }
}

impl FromIterator<Cap> for Caps {
    fn from_iter<I: IntoIterator<Item = Cap>>(caps: I) -> Caps {
        let mut set = Caps::default();
        caps.into_iter().for_each(|cap| set.insert(cap));
        set
    }
}

/// Declares the constants and a table of them, which is indexed by their numbers.
macro_rules! caps {
    ($($(#[doc = $doc:literal])* $name:ident = $id:literal, $since:literal;)*) => {
        /// Counts them.
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "named like the constants")]
        enum Number { $($name),* }

        impl Cap {
            $($(#[doc = $doc])* pub const $name: Cap = Cap(Number::$name as u8);)*
        }

        /// Their names and versions, sorted by name: BuildKit writes them in that order.
        const ALL: &[(&str, &str)] = &[$(($id, $since)),*];
    };
}

caps! {
    /// For clients: caches in Azure.
    REMOTE_CACHE_AZBLOB = "cache.azblob", "0.11";
    /// For clients: caches on GitHub.
    REMOTE_CACHE_GHA = "cache.gha", "0.9";
    /// For clients: caches in S3.
    REMOTE_CACHE_S3 = "cache.s3", "0.11";
    /// Constraints on workers.
    CONSTRAINTS = "constraints", "0.3";
    /// [`Diff`](crate::Diff).
    DIFF_OP = "diffop", "0.10";
    /// For clients: containers see cgroups.
    EXEC_CGROUPS_MOUNTED = "exec.cgroup", "0.3";
    /// Processes.
    EXEC_META_BASE = "exec.meta.base", "0.3";
    /// Devices.
    EXEC_META_CDI = "exec.meta.cdi", "0.20";
    /// The parent of a container's cgroup.
    EXEC_META_CGROUP_PARENT = "exec.meta.cgroup.parent", "0.10";
    /// Limits of memory and processors.
    EXEC_META_LINUX_RESOURCES = "exec.meta.linux.resources", "0.31";
    /// Networks other than the sandbox's.
    EXEC_META_NETWORK = "exec.meta.network", "0.3";
    /// For clients: the daemon has a network that records traffic through a proxy.
    EXEC_META_NETWORK_PROXY = "exec.meta.network.proxy", "0.31";
    /// Proxy variables that are not part of the cache key.
    EXEC_META_PROXY = "exec.meta.proxyenv", "0.3";
    /// Privileged containers.
    EXEC_META_SECURITY = "exec.meta.security", "0.5";
    /// For clients: privileged containers can access devices.
    EXEC_META_SECURITY_DEVICES_V1 = "exec.meta.security.devices.v1", "0.7";
    /// The daemon sets `PATH` if the environment lacks it.
    EXEC_META_SETS_DEFAULT_PATH = "exec.meta.setsdefaultpath", "0.3";
    /// Limits per process.
    EXEC_META_ULIMIT = "exec.meta.ulimit", "0.10";
    /// Bind mounts.
    EXEC_MOUNT_BIND = "exec.mount.bind", "0.3";
    /// Writable bind mounts whose changes are discarded.
    EXEC_MOUNT_BIND_READWRITE_NO_OUTPUT = "exec.mount.bind.readwrite-nooutput", "0.7";
    /// Cache mounts.
    EXEC_MOUNT_CACHE = "exec.mount.cache", "0.3";
    /// The choice of a cache key by content or by history for mounts.
    EXEC_MOUNT_CONTENT_CACHE = "exec.mount.cache.content", "0.13";
    /// Sharing modes of cache mounts.
    EXEC_MOUNT_CACHE_SHARING = "exec.mount.cache.sharing", "0.3";
    /// Secrets.
    EXEC_MOUNT_SECRET = "exec.mount.secret", "0.3";
    /// Mounts of a directory of a state.
    EXEC_MOUNT_SELECTOR = "exec.mount.selector", "0.3";
    /// SSH agents.
    EXEC_MOUNT_SSH = "exec.mount.ssh", "0.3";
    /// File systems in memory.
    EXEC_MOUNT_TMPFS = "exec.mount.tmpfs", "0.3";
    /// The size of file systems in memory.
    EXEC_MOUNT_TMPFS_SIZE = "exec.mount.tmpfs.size", "0.10";
    /// Secrets as environment variables.
    EXEC_SECRET_ENV = "exec.secretenv", "0.10";
    /// Exit codes other than 0 that count as success.
    EXEC_VALID_EXIT_CODE = "exec.validexitcode", "0.17";
    /// For clients: annotations of images.
    ANNOTATIONS = "exporter.image.annotations", "0.11";
    /// For clients: attestations of images.
    ATTESTATIONS = "exporter.image.attestations", "0.11";
    /// For clients: several exporters in a build.
    MULTIPLE_EXPORTERS = "exporter.multiple", "0.13";
    /// For clients: exporters of the client.
    SESSION_EXPORTER = "exporter.session", "0.21";
    /// For clients: exporters support `SOURCE_DATE_EPOCH`.
    SOURCE_DATE_EPOCH = "exporter.sourcedateepoch", "0.11";
    /// File ops.
    FILE_BASE = "file.base", "0.5";
    /// Copies that replace directories by files and files by directories.
    FILE_COPY_ALWAYS_REPLACE_EXISTING_DEST_PATHS = "file.copy.alwaysreplaceexistingdestpaths", "0.14";
    /// Include and exclude patterns of copies.
    FILE_COPY_INCLUDE_EXCLUDE_PATTERNS = "file.copy.includeexcludepatterns", "0.9";
    /// Required paths of copies.
    FILE_COPY_REQUIRED_PATHS = "file.copy.requiredpaths", "0.26";
    /// For clients: removing a link keeps its target.
    FILE_RM_NO_FOLLOW_SYMLINK = "file.rm.nofollowsymlink", "0.10";
    /// Removing by pattern.
    FILE_RM_WILDCARD = "file.rm.wildcard", "0.7";
    /// Making symbolic links.
    FILE_SYMLINK_CREATE = "file.symlink.create", "0.19";
    /// For clients: garbage collection by free space.
    GC_FREE_SPACE_FILTER = "gc.freespacefilter", "0.17";
    /// For clients: filters on the history of builds.
    HISTORY_FILTERS = "history.filter", "0.20";
    /// [`Merge`](crate::Merge).
    MERGE_OP = "mergeop", "0.10";
    /// [`Metadata::description`](crate::Metadata::description) and names.
    META_DESCRIPTION = "meta.description", "0.3";
    /// [`Metadata::export_cache`](crate::Metadata::export_cache).
    META_EXPORT_CACHE = "meta.exportcache", "0.3";
    /// [`Metadata::ignore_cache`](crate::Metadata::ignore_cache).
    META_IGNORE_CACHE = "meta.ignorecache", "0.3";
    /// [`Passthrough`](crate::Passthrough).
    PASSTHROUGH_OP = "passthroughop", "0.31";
    /// Platforms of ops.
    PLATFORM = "platform", "0.3";
    /// The owner of a file from a URL. The typo is BuildKit's and cannot be fixed.
    SOURCE_HTTP_UID_GID = "soruce.http.uidgid", "0.3";
    /// The file from which a BuildOp reads its graph.
    BUILD_OP_LLB_FILENAME = "source.buildop.llbfilename", "0.3";
    /// Git repositories.
    SOURCE_GIT = "source.git", "0.3";
    /// Repositories from a bundle.
    SOURCE_GIT_BUNDLE = "source.git.bundle", "0.30";
    /// Repositories as a bundle.
    SOURCE_GIT_CHECKOUT_BUNDLE = "source.git.checkoutbundle", "0.30";
    /// A commit that a repository must be at.
    SOURCE_GIT_CHECKSUM = "source.git.checksum", "0.22";
    /// Fetching a commit without resolving the ref.
    SOURCE_GIT_FETCH_BY_COMMIT = "source.git.fetchbycommit", "0.30";
    /// The full URL of a repository.
    SOURCE_GIT_FULL_URL = "source.git.fullurl", "0.3";
    /// Secrets for repositories over HTTP.
    SOURCE_GIT_HTTP_AUTH = "source.git.httpauth", "0.8";
    /// Repositories with their `.git`.
    SOURCE_GIT_KEEP_DIR = "source.git.keepgitdir", "0.3";
    /// Known hosts for repositories over SSH.
    SOURCE_GIT_KNOWN_SSH_HOSTS = "source.git.knownsshhosts", "0.8";
    /// The agent for repositories over SSH.
    SOURCE_GIT_MOUNT_SSH_SOCK = "source.git.mountsshsock", "0.8";
    /// File times of a repository.
    SOURCE_GIT_MTIME = "source.git.mtime", "0.29";
    /// Signatures of commits and tags.
    SOURCE_GIT_SIGNATURE_VERIFY = "source.git.signatureverify", "0.26";
    /// Repositories without their submodules.
    SOURCE_GIT_SKIP_SUBMODULES = "source.git.skipsubmodules", "0.24";
    /// A directory of a repository.
    SOURCE_GIT_SUBDIR = "source.git.subdir", "0.9";
    /// Files from a URL.
    SOURCE_HTTP = "source.http", "0.3";
    /// Secrets for files from a URL.
    SOURCE_HTTP_AUTH = "source.http.auth", "0.21";
    /// A digest that a file must have.
    SOURCE_HTTP_CHECKSUM = "source.http.checksum", "0.3";
    /// Headers of requests.
    SOURCE_HTTP_HEADER = "source.http.header", "0.21";
    /// The mode of a file from a URL.
    SOURCE_HTTP_PERM = "source.http.perm", "0.3";
    /// Signatures of files from a URL.
    SOURCE_HTTP_SIGNATURE_VERIFY = "source.http.signatureverify", "0.28";
    /// Images as sources.
    SOURCE_IMAGE = "source.image", "0.3";
    /// A digest that an image must have.
    SOURCE_IMAGE_CHECKSUM = "source.image.checksum", "0.25";
    /// Only the lowest layers of an image.
    SOURCE_IMAGE_LAYER_LIMIT = "source.image.layerlimit", "0.11";
    /// [`ResolveMode::ForcePull`](crate::ResolveMode::ForcePull).
    SOURCE_IMAGE_RESOLVE_MODE = "source.image.resolvemode", "0.3";
    /// Single blobs of a registry or of an OCI layout.
    SOURCE_IMAGE_BLOB = "source.imageblob", "0.28";
    /// Directories of the client.
    SOURCE_LOCAL = "source.local", "0.3";
    /// The method to detect changed files of a directory.
    SOURCE_LOCAL_DIFFER = "source.local.differ", "0.9";
    /// Exclude patterns of a directory.
    SOURCE_LOCAL_EXCLUDE_PATTERNS = "source.local.excludepatterns", "0.3";
    /// Only some paths of a directory, following links.
    SOURCE_LOCAL_FOLLOW_PATHS = "source.local.followpaths", "0.3";
    /// Include patterns of a directory.
    SOURCE_LOCAL_INCLUDE_PATTERNS = "source.local.includepatterns", "0.3";
    /// Directories without the contents of files.
    SOURCE_LOCAL_METADATA_TRANSFER = "source.local.metadatatransfer", "0.21";
    /// Directories of a given session.
    SOURCE_LOCAL_SESSION_ID = "source.local.sessionid", "0.3";
    /// A hint to continue an earlier transfer.
    SOURCE_LOCAL_SHARED_KEY_HINT = "source.local.sharedkeyhint", "0.3";
    /// Directories that are not shared with other builds.
    SOURCE_LOCAL_UNIQUE = "source.local.unique", "0.3";
    /// OCI layouts as sources.
    SOURCE_OCI_LAYOUT = "source.ocilayout", "0.11";
    /// For clients: policies about sources.
    SOURCE_POLICY = "source.policy", "0.11";
    /// For clients: policies decided by the client.
    SOURCE_POLICY_SESSION = "source.policy.session", "0.26";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_by_name() {
        assert_eq!(Cap::find("mergeop"), Some(Cap::MERGE_OP));
        assert_eq!(Cap::MERGE_OP.since(), "0.10");
        assert_eq!(Cap::all().filter_map(|cap| Cap::find(cap.id())).count(), ALL.len());
    }

    #[test]
    fn each_name_once_and_in_order() {
        assert!(ALL.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(ALL.len() <= u128::BITS as usize);
    }

    #[test]
    fn sets_are_in_order() {
        let set: Caps = [Cap::SOURCE_OCI_LAYOUT, Cap::CONSTRAINTS, Cap::MERGE_OP, Cap::CONSTRAINTS]
            .into_iter()
            .collect();
        assert!(set.iter().eq([Cap::CONSTRAINTS, Cap::MERGE_OP, Cap::SOURCE_OCI_LAYOUT]));
        assert!(Caps::from_iter(Cap::all()).iter().eq(Cap::all()));
        assert!(Caps::default().iter().eq([]));
    }

    #[test]
    fn what_no_daemon_knows_is_absent() {
        assert_eq!(Cap::find("file.copy.modestring"), None);
        assert_eq!(Cap::find("exec.meta.removemountstubs.recursive"), None);
    }
}
