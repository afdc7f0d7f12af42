//! The mounts of an exec in the order and with the numbers that BuildKit wants, and what is to be
//! found where each was.

use buildkit_proto::pb;

use crate::ops::mount::{
    BindAccess, BindMount, CacheMount, CacheSharing, ContentCache, Mount, SecretMount, SshMount,
    TmpfsMount,
};
use crate::ops::{Inputs, NONE};
use crate::{Cap, State};

/// The mounts of an exec, as they are encoded one after the other.
#[derive(Default)]
pub(super) struct Mounts {
    pub(super) encoded: Vec<pb::Mount>,
    pub(super) inputs: Inputs,
    /// How many have an output. BuildKit numbers outputs by the order of mounts, whatever the number
    /// that a mount gives itself (`solver/llbsolver/ops/exec.go`), so the two must agree.
    outputs: u32,
    /// Where the first SSH agent is.
    pub(super) first_agent: Option<String>,
}

/// What is to be found where a mount was.
#[derive(Clone, Copy)]
pub(super) enum MountResult {
    Nothing,
    Unchanged(State),
    Output(u32),
}

impl Mounts {
    /// Encodes the root and the mounts. Gives the output of the root, which means nothing if it is
    /// read-only, and what becomes of the mounts in their given order.
    pub(super) fn add_all(
        &mut self,
        root: State,
        readonly_root: bool,
        mounts: Vec<Mount>,
        caps: &mut Vec<Cap>,
    ) -> (u32, Vec<MountResult>) {
        let access = if readonly_root { BindAccess::Readonly } else { BindAccess::Output };
        let root = BindMount { access, ..BindMount::new("/", root) };
        let mut results = vec![MountResult::Nothing; mounts.len()];
        let mut ordered = vec![(0, Mount::Bind(root))];
        ordered.extend((1..).zip(mounts));
        // The sort is stable, so what is mounted over something else stays over it. Secrets and
        // agents stay in their order.
        ordered.sort_by(|(_, a), (_, b)| order(a).cmp(&order(b)));
        let mut root_output = 0;
        let mut agents = 0;
        for (position, mount) in ordered {
            let result = match mount {
                Mount::Bind(mount) => self.bind(mount, caps),
                Mount::Cache(mount) => self.cache(mount, caps),
                Mount::Tmpfs(mount) => self.tmpfs(mount, caps),
                Mount::Secret(mount) => self.secret(mount, caps),
                Mount::Ssh(mount) => {
                    agents += 1;
                    self.ssh(mount, agents - 1, caps)
                }
            };
            if position > 0 {
                results[position - 1] = result;
            } else if let MountResult::Output(output) = result {
                root_output = output;
            }
        }
        (root_output, results)
    }

    fn bind(&mut self, mount: BindMount, caps: &mut Vec<Cap>) -> MountResult {
        if !mount.input.is_scratch() {
            caps.push(Cap::EXEC_MOUNT_BIND);
        }
        if !mount.selector.is_empty() {
            caps.push(Cap::EXEC_MOUNT_SELECTOR);
        }
        if mount.content_cache != ContentCache::Default {
            caps.push(Cap::EXEC_MOUNT_CONTENT_CACHE);
        }
        let result = match mount.access {
            BindAccess::Readonly => MountResult::Unchanged(mount.input),
            BindAccess::NoOutput => {
                caps.push(Cap::EXEC_MOUNT_BIND_READWRITE_NO_OUTPUT);
                MountResult::Nothing
            }
            BindAccess::Output => {
                self.outputs += 1;
                MountResult::Output(self.outputs - 1)
            }
        };
        let encoded = pb::Mount {
            input: self.inputs.position(mount.input),
            output: match result {
                MountResult::Output(output) => i64::from(output),
                MountResult::Nothing | MountResult::Unchanged(_) => NONE,
            },
            readonly: mount.access == BindAccess::Readonly,
            selector: mount.selector,
            content_cache: match mount.content_cache {
                ContentCache::Default => pb::MountContentCache::Default,
                ContentCache::On => pb::MountContentCache::On,
                ContentCache::Off => pb::MountContentCache::Off,
            }
            .into(),
            ..encode(pb::MountType::Bind, mount.dest)
        };
        self.encoded.push(encoded);
        result
    }

    fn cache(&mut self, mount: CacheMount, caps: &mut Vec<Cap>) -> MountResult {
        caps.extend([Cap::EXEC_MOUNT_CACHE, Cap::EXEC_MOUNT_CACHE_SHARING]);
        if !mount.selector.is_empty() {
            caps.push(Cap::EXEC_MOUNT_SELECTOR);
        }
        let sharing = match mount.sharing {
            CacheSharing::Shared => pb::CacheSharingOpt::Shared,
            CacheSharing::Private => pb::CacheSharingOpt::Private,
            CacheSharing::Locked => pb::CacheSharingOpt::Locked,
        };
        let encoded = pb::Mount {
            input: self.inputs.position(mount.input),
            selector: mount.selector,
            readonly: mount.readonly,
            cache_opt: Some(pb::CacheOpt { id: mount.id, sharing: sharing.into() }),
            ..encode(pb::MountType::Cache, mount.dest)
        };
        self.encoded.push(encoded);
        MountResult::Nothing
    }

    fn tmpfs(&mut self, mount: TmpfsMount, caps: &mut Vec<Cap>) -> MountResult {
        caps.push(Cap::EXEC_MOUNT_TMPFS);
        if mount.size > 0 {
            caps.push(Cap::EXEC_MOUNT_TMPFS_SIZE);
        }
        let size = i64::try_from(mount.size).unwrap_or(i64::MAX);
        self.encoded.push(pb::Mount {
            tmpfs_opt: Some(pb::TmpfsOpt { size }),
            ..encode(pb::MountType::Tmpfs, mount.dest)
        });
        MountResult::Nothing
    }

    fn secret(&mut self, mount: SecretMount, caps: &mut Vec<Cap>) -> MountResult {
        caps.push(Cap::EXEC_MOUNT_SECRET);
        let opt = pb::SecretOpt {
            id: mount.id,
            uid: mount.uid,
            gid: mount.gid,
            mode: mount.mode,
            optional: mount.optional,
        };
        self.encoded.push(pb::Mount {
            // Not NONE: the Go client leaves this field alone for secrets and agents.
            output: 0,
            secret_opt: Some(opt),
            ..encode(pb::MountType::Secret, mount.dest)
        });
        MountResult::Nothing
    }

    fn ssh(&mut self, mount: SshMount, number: usize, caps: &mut Vec<Cap>) -> MountResult {
        caps.push(Cap::EXEC_MOUNT_SSH);
        let dest = mount.dest.unwrap_or_else(|| format!("/run/buildkit/ssh_agent.{number}"));
        self.first_agent.get_or_insert_with(|| dest.clone());
        let opt = pb::SshOpt {
            id: mount.id,
            uid: mount.uid,
            gid: mount.gid,
            mode: mount.mode,
            optional: mount.optional,
        };
        self.encoded.push(pb::Mount {
            output: 0,
            ssh_opt: Some(opt),
            ..encode(pb::MountType::Ssh, dest)
        });
        MountResult::Nothing
    }
}

/// The order in which the Go client sends mounts (`Marshal` in `client/llb/exec.go`). Secrets and
/// agents are not sorted among themselves.
fn order(mount: &Mount) -> (u8, &str) {
    match mount {
        Mount::Bind(mount) => (0, &mount.dest),
        Mount::Cache(mount) => (0, &mount.dest),
        Mount::Tmpfs(mount) => (0, &mount.dest),
        Mount::Secret(_) => (1, ""),
        Mount::Ssh(_) => (2, ""),
    }
}

/// A mount of scratch without an output.
fn encode(mount_type: pb::MountType, dest: String) -> pb::Mount {
    pb::Mount {
        input: NONE,
        output: NONE,
        dest,
        mount_type: mount_type.into(),
        ..pb::Mount::default()
    }
}
