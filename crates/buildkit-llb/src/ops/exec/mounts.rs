//! The mounts of an exec in BuildKit's order and numbering, and the states after the exec.

use std::borrow::Cow;

use buildkit_proto::fields::{cache_opt, exec_op, mount, secret_opt, ssh_opt, tmpfs_opt};
use buildkit_proto::pb;

use crate::caps::Caps;
use crate::draft::{Inputs, NONE};
use crate::ops::mount::{
    BindAccess, BindMount, CacheMount, CacheSharing, ContentCache, Mount, SecretMount, SshMount,
    TmpfsMount,
};
use crate::wire::Writer;
use crate::{Cap, State};

/// The root and the mounts of an exec, in the order in which they are written.
pub(super) struct Mounts<'m> {
    root: &'m Mount<'m>,
    mounts: &'m [Mount<'m>],
    /// The given positions in sorted order, the root's being 0. `None` if they are sorted already,
    /// as usual.
    order: Option<Vec<usize>>,
}

/// The state of a mount after the exec.
#[derive(Clone, Copy)]
pub(super) enum MountResult {
    Nothing,
    Unchanged(State),
    Output(u32),
}

impl<'m> Mounts<'m> {
    pub(super) fn sorted(root: &'m Mount<'m>, mounts: &'m [Mount<'m>]) -> Mounts<'m> {
        let mut sorted = Mounts { root, mounts, order: None };
        if !std::iter::once(root).chain(mounts).is_sorted_by_key(order) {
            let mut places: Vec<usize> = (0..=mounts.len()).collect();
            // The sort is stable, so overlapping mounts, secrets and agents keep their order.
            places.sort_by_key(|&place| order(sorted.at(place)));
            sorted.order = Some(places);
        }
        sorted
    }

    /// The root at 0, or a mount after it.
    fn at(&self, place: usize) -> &'m Mount<'m> {
        place.checked_sub(1).map_or(self.root, |at| &self.mounts[at])
    }

    /// Each with its given position.
    fn iter(&self) -> impl Iterator<Item = (usize, &'m Mount<'m>)> {
        let place = |at: usize| self.order.as_ref().map_or(at, |order| order[at]);
        (0..=self.mounts.len()).map(place).map(|place| (place, self.at(place)))
    }

    /// The path of the first SSH agent's socket.
    pub(super) fn first_agent(&self) -> Option<Cow<'m, str>> {
        self.iter().find_map(|(_, mount)| match mount {
            Mount::Ssh(agent) => Some(agent_dest(agent, 0)),
            _ => None,
        })
    }

    /// Writes them, and returns the resulting states of the root, and of the mounts in the given
    /// order.
    pub(super) fn write(
        &self,
        exec: &mut Writer,
        inputs: &mut Inputs,
        caps: &mut Caps,
    ) -> (MountResult, Vec<MountResult>) {
        let mut of_root = MountResult::Nothing;
        let mut results = vec![MountResult::Nothing; self.mounts.len()];
        // BuildKit numbers outputs by the order of mounts, regardless of the number in a mount
        // (`solver/llbsolver/ops/exec.go`), so the two must agree.
        let mut outputs = 0;
        let mut agents = 0;
        for (place, mount) in self.iter() {
            exec.message(exec_op::MOUNTS, |message| match mount {
                Mount::Bind(mount) => {
                    let result = match mount.access {
                        BindAccess::Readonly => MountResult::Unchanged(mount.input),
                        BindAccess::NoOutput => MountResult::Nothing,
                        BindAccess::Output => {
                            outputs += 1;
                            MountResult::Output(outputs - 1)
                        }
                    };
                    *place.checked_sub(1).map_or(&mut of_root, |at| &mut results[at]) = result;
                    write_bind(mount, result, inputs, caps, message);
                }
                Mount::Cache(mount) => write_cache(mount, inputs, caps, message),
                Mount::Tmpfs(mount) => write_tmpfs(mount, caps, message),
                Mount::Secret(mount) => write_secret(mount, caps, message),
                Mount::Ssh(mount) => {
                    write_ssh(mount, agents, caps, message);
                    agents += 1;
                }
            });
        }
        (of_root, results)
    }
}

fn write_bind(
    bind: &BindMount<'_>,
    result: MountResult,
    inputs: &mut Inputs,
    caps: &mut Caps,
    message: &mut Writer,
) {
    caps.insert_if(!bind.input.is_scratch(), Cap::EXEC_MOUNT_BIND);
    caps.insert_if(!bind.selector.is_empty(), Cap::EXEC_MOUNT_SELECTOR);
    caps.insert_if(bind.content_cache != ContentCache::Default, Cap::EXEC_MOUNT_CONTENT_CACHE);
    let no_output = bind.access == BindAccess::NoOutput;
    caps.insert_if(no_output, Cap::EXEC_MOUNT_BIND_READWRITE_NO_OUTPUT);
    message.number(mount::INPUT, inputs.position(bind.input));
    message.text(mount::SELECTOR, &bind.selector);
    message.text(mount::DEST, &bind.dest);
    let output = match result {
        MountResult::Output(output) => i64::from(output),
        MountResult::Nothing | MountResult::Unchanged(_) => NONE,
    };
    message.number(mount::OUTPUT, output);
    message.flag(mount::READONLY, bind.access == BindAccess::Readonly);
    message.number(mount::MOUNT_TYPE, pb::MountType::Bind as i64);
    let content_cache = match bind.content_cache {
        ContentCache::Default => pb::MountContentCache::Default,
        ContentCache::On => pb::MountContentCache::On,
        ContentCache::Off => pb::MountContentCache::Off,
    };
    message.number(mount::CONTENT_CACHE, content_cache as i64);
}

fn write_cache(cache: &CacheMount<'_>, inputs: &mut Inputs, caps: &mut Caps, message: &mut Writer) {
    caps.insert(Cap::EXEC_MOUNT_CACHE);
    caps.insert(Cap::EXEC_MOUNT_CACHE_SHARING);
    caps.insert_if(!cache.selector.is_empty(), Cap::EXEC_MOUNT_SELECTOR);
    message.number(mount::INPUT, inputs.position(cache.input));
    message.text(mount::SELECTOR, &cache.selector);
    message.text(mount::DEST, &cache.dest);
    message.number(mount::OUTPUT, NONE);
    message.flag(mount::READONLY, cache.readonly);
    message.number(mount::MOUNT_TYPE, pb::MountType::Cache as i64);
    message.message(mount::CACHE_OPT, |opt| {
        opt.text(cache_opt::ID, &cache.id);
        let sharing = match cache.sharing {
            CacheSharing::Shared => pb::CacheSharingOpt::Shared,
            CacheSharing::Private => pb::CacheSharingOpt::Private,
            CacheSharing::Locked => pb::CacheSharingOpt::Locked,
        };
        opt.number(cache_opt::SHARING, sharing as i64);
    });
}

fn write_tmpfs(tmpfs: &TmpfsMount<'_>, caps: &mut Caps, message: &mut Writer) {
    caps.insert(Cap::EXEC_MOUNT_TMPFS);
    caps.insert_if(tmpfs.size > 0, Cap::EXEC_MOUNT_TMPFS_SIZE);
    message.number(mount::INPUT, NONE);
    message.text(mount::DEST, &tmpfs.dest);
    message.number(mount::OUTPUT, NONE);
    message.number(mount::MOUNT_TYPE, pb::MountType::Tmpfs as i64);
    message.message(mount::TMPFS_OPT, |opt| {
        opt.number(tmpfs_opt::SIZE, i64::try_from(tmpfs.size).unwrap_or(i64::MAX));
    });
}

/// Secrets and agents have output 0: the Go client does not set this field for them.
fn write_secret(secret: &SecretMount<'_>, caps: &mut Caps, message: &mut Writer) {
    caps.insert(Cap::EXEC_MOUNT_SECRET);
    message.number(mount::INPUT, NONE);
    message.text(mount::DEST, &secret.dest);
    message.number(mount::MOUNT_TYPE, pb::MountType::Secret as i64);
    message.message(mount::SECRET_OPT, |opt| {
        opt.text(secret_opt::ID, &secret.id);
        opt.number(secret_opt::UID, secret.uid);
        opt.number(secret_opt::GID, secret.gid);
        opt.number(secret_opt::MODE, secret.mode);
        opt.flag(secret_opt::OPTIONAL, secret.optional);
    });
}

fn write_ssh(agent: &SshMount<'_>, number: usize, caps: &mut Caps, message: &mut Writer) {
    caps.insert(Cap::EXEC_MOUNT_SSH);
    message.number(mount::INPUT, NONE);
    message.text(mount::DEST, &agent_dest(agent, number));
    message.number(mount::MOUNT_TYPE, pb::MountType::Ssh as i64);
    message.message(mount::SSH_OPT, |opt| {
        opt.text(ssh_opt::ID, &agent.id);
        opt.number(ssh_opt::UID, agent.uid);
        opt.number(ssh_opt::GID, agent.gid);
        opt.number(ssh_opt::MODE, agent.mode);
        opt.flag(ssh_opt::OPTIONAL, agent.optional);
    });
}

/// The path of an agent's socket; `number` is its index among those of the exec.
fn agent_dest<'m>(agent: &SshMount<'m>, number: usize) -> Cow<'m, str> {
    match &agent.dest {
        Some(dest) => dest.clone(),
        None => format!("/run/buildkit/ssh_agent.{number}").into(),
    }
}

/// The sort key for the Go client's order of mounts (`Marshal` in `client/llb/exec.go`). Secrets
/// and agents are not sorted among themselves.
fn order<'m>(mount: &'m Mount<'_>) -> (u8, &'m str) {
    match mount {
        Mount::Bind(mount) => (0, &mount.dest),
        Mount::Cache(mount) => (0, &mount.dest),
        Mount::Tmpfs(mount) => (0, &mount.dest),
        Mount::Secret(_) => (1, ""),
        Mount::Ssh(_) => (2, ""),
    }
}
