//! The cache mounts of a plan: their directories, and the ops that export what they contain.

use std::collections::BTreeSet;
use std::fmt::Write;

use buildkit_llb::{
    BindAccess, BindMount, CacheMount, Exec, FileOp, Graph, Metadata, MkfileAction, Mount, NetMode,
    ProxyEnv, State, Timestamp,
};

use super::Lowering;
use super::settings::{Program, Settings};
use crate::plan::{Id, MountKind, Owner, PlannedMount};

/// The mount point of a cache in the container of [`Program`].
pub const CACHE: &str = "/cache";

/// The mount point of the files with which [`Program`] fills a cache.
pub const SOURCE: &str = "/source";

/// The directory in which [`Program`] writes.
pub const OUTPUT: &str = "/output";

/// The mount point of the directory in which [`Program`] and the frontend meet.
pub const MEETING: &str = "/meeting";

/// The id of that directory, a cache that all builds share. Each build has a directory in it.
pub const MEETING_ID: &str = "mstage.caches/meeting";

/// The arg of [`Program`] that waits until caches are filled.
pub const WAIT: &str = "wait-for-caches";

/// The mount point of an empty directory, by which a step waits for its caches. No image has files
/// there.
const WAITED: &str = "/dev/mstage-caches";

/// The variable that makes an op of [`Program`] differ in every build. The content of a cache is
/// not part of an op's key, and `ignore_cache` would empty it.
const NONCE: &str = "MSTAGE_CACHES";

/// A cache directory that steps mount.
#[derive(Debug, Clone)]
pub struct Cache {
    /// The prefix of its id; may be empty.
    pub namespace: String,
    /// Its id, without the prefix.
    pub id: String,
    /// Its initial content and owner, which distinguish it from other caches with this id. Empty
    /// for an empty directory of root.
    pub variant: String,
    /// True if it begins with files of a stage, an image or a context.
    pub has_content: bool,
    /// Its mount at [`CACHE`].
    pub mount: CacheMount<'static>,
}

impl Lowering<'_> {
    /// Records the cache of a mount, once for each directory of the engine.
    pub(super) fn record_cache(
        &mut self,
        planned: &PlannedMount,
        mount: &CacheMount<'_>,
        settings: &Settings,
    ) {
        let MountKind::Cache { id, owner, mode, origin, .. } = &planned.kind else { return };
        let key = (mount.id.to_string(), mount.input);
        if self.caches.contains_key(&key) {
            return;
        }
        let is_empty = mount.input.is_scratch();
        let mut cache = CacheMount::new(CACHE, mount.id.to_string());
        cache.sharing = mount.sharing;
        cache.input = mount.input;
        // In a cache that begins empty, it is a directory of the cache itself.
        if !is_empty {
            cache.selector = mount.selector.to_string().into();
        }
        let variant = match is_empty {
            true => String::new(),
            false => variant(owner.as_deref(), *mode, origin.is_some()),
        };
        let namespace = settings.cache_namespace.clone();
        let has_content = origin.is_some();
        let id = id.to_string();
        let cache = Cache { namespace, id, variant, has_content, mount: cache };
        self.caches.insert(key, cache);
    }
}

impl Lowering<'_> {
    /// A mount by which a step waits until its new caches are filled.
    ///
    /// The mount is an empty directory that the frontend's program makes, once the frontend lets
    /// it pass. It runs only if the step does: the step's key contains the program and the ids, but
    /// not the source of the caches. The result is not exported, so that on another engine with an
    /// imported cache it is a key without a result.
    pub(super) fn wait_for_caches(
        &mut self,
        mounts: &[PlannedMount],
        settings: &Settings,
    ) -> Option<Mount<'static>> {
        let Program { image, path, platform, nonce } = settings.waits.as_ref()?;
        let mut ids: BTreeSet<String> = BTreeSet::new();
        for mount in mounts {
            if let MountKind::Cache { id, owner, mode, origin: None, .. } = &mount.kind {
                let variant = variant(owner.as_deref(), *mode, false);
                ids.insert(format!("{}/{id} {variant}", settings.cache_namespace));
            }
        }
        let names: Vec<&str> = ids.iter().map(String::as_str).collect();
        if names.is_empty() {
            return None;
        }
        let output = BindMount::new(OUTPUT, State::SCRATCH).access(BindAccess::Output);
        let mut exec = Exec::new(*image, path.clone());
        exec.args =
            [WAIT, MEETING].into_iter().chain(names).map(|arg| arg.to_owned().into()).collect();
        exec.readonly_root = true;
        exec.platform = Some(platform.clone());
        exec.network = NetMode::None;
        exec.mounts = vec![output.into(), CacheMount::new(MEETING, MEETING_ID).into()];
        // Proxies are not part of an op's key, but the process gets them.
        exec.proxy_env = Some(ProxyEnv::default().no_proxy(nonce.clone()));
        let mut metadata = Metadata::named("[caches] wait until new caches are filled");
        metadata.export_cache = Some(false);
        let waited = self.graph.add(exec, metadata).mounts.first().copied().flatten()?;
        Some(BindMount::new(WAITED, waited).into())
    }
}

/// Describes how a cache begins.
fn variant(owner: Option<&Owner>, mode: Option<u32>, has_content: bool) -> String {
    let mut text = String::new();
    if let Some(Owner { user, group }) = owner {
        for id in [Some(user), group.as_ref()].into_iter().flatten() {
            let separator = if text.is_empty() { "" } else { ":" };
            // Writing to a string cannot fail.
            let _ = match id {
                Id::Number(number) => write!(text, "{separator}{number}"),
                Id::Name(name) => write!(text, "{separator}{name}"),
            };
        }
    }
    if let Some(mode) = mode {
        let _ = write!(text, " {mode:04o}");
    }
    if has_content {
        text.push_str(" from");
    }
    text.trim_start().to_owned()
}

impl Program {
    /// A process of the program.
    fn exec(&self, args: &[&str], mounts: Vec<Mount<'static>>) -> Exec<'static> {
        let mut exec = Exec::new(self.image, self.path.clone());
        exec.args = args.iter().map(|arg| arg.to_string().into()).collect();
        exec.readonly_root = true;
        exec.env = vec![(NONCE.into(), self.nonce.clone().into())];
        exec.platform = Some(self.platform.clone());
        exec.mounts = mounts;
        exec.network = NetMode::None;
        exec
    }

    /// Adds a process that reads a cache and writes to [`OUTPUT`], which begins as `before`.
    pub fn read(
        &self,
        graph: &mut Graph,
        cache: &Cache,
        before: State,
        args: &[&str],
        label: &str,
    ) -> State {
        self.work(graph, cache, before, None, args, label)
    }

    /// Adds a process that fills a cache from a file system at [`SOURCE`].
    pub fn fill(
        &self,
        graph: &mut Graph,
        cache: &Cache,
        source: State,
        args: &[&str],
        label: &str,
    ) -> State {
        self.work(graph, cache, State::SCRATCH, Some(source), args, label)
    }

    fn work(
        &self,
        graph: &mut Graph,
        cache: &Cache,
        before: State,
        source: Option<State>,
        args: &[&str],
        label: &str,
    ) -> State {
        let mut output = BindMount::new(OUTPUT, before);
        output.access = BindAccess::Output;
        let mut mounts: Vec<Mount<'_>> = vec![output.into(), cache.mount.clone().into()];
        mounts.extend(source.map(|source| BindMount::new(SOURCE, source).into()));
        let exec = self.exec(args, mounts);
        let states = graph.add(exec, Metadata::named(label));
        states.mounts.first().copied().flatten().unwrap_or(before)
    }
}

/// Adds a file with a fixed time, so that it is the same in every build.
pub fn add_file(
    graph: &mut Graph,
    before: State,
    path: &str,
    content: &[u8],
    epoch: Option<i64>,
    label: &str,
) -> State {
    let mut file = MkfileAction::new(path, 0o644, content);
    file.timestamp = Some(Timestamp::from_seconds(epoch.unwrap_or_default()));
    graph.add(FileOp::new(before).then(file), Metadata::named(label))
}
