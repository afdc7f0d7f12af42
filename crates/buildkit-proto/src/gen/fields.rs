// This file is written by tests/bootstrap.rs.
/// [`Definition`](crate::pb::Definition)
pub mod definition {
    pub const DEF: u32 = 1;
    pub const METADATA: u32 = 2;
    pub const SOURCE: u32 = 3;
}
/// [`Op`](crate::pb::Op)
pub mod op {
    pub const INPUTS: u32 = 1;
    pub const EXEC: u32 = 2;
    pub const SOURCE: u32 = 3;
    pub const FILE: u32 = 4;
    pub const BUILD: u32 = 5;
    pub const MERGE: u32 = 6;
    pub const DIFF: u32 = 7;
    pub const PASSTHROUGH: u32 = 8;
    pub const PLATFORM: u32 = 10;
    pub const CONSTRAINTS: u32 = 11;
}
/// [`Input`](crate::pb::Input)
pub mod input {
    pub const DIGEST: u32 = 1;
    pub const INDEX: u32 = 2;
}
/// [`Platform`](crate::pb::Platform)
pub mod platform {
    pub const ARCHITECTURE: u32 = 1;
    pub const OS: u32 = 2;
    pub const VARIANT: u32 = 3;
    pub const OS_VERSION: u32 = 4;
    pub const OS_FEATURES: u32 = 5;
}
/// [`WorkerConstraints`](crate::pb::WorkerConstraints)
pub mod worker_constraints {
    pub const FILTER: u32 = 1;
}
/// [`ExecOp`](crate::pb::ExecOp)
pub mod exec_op {
    pub const META: u32 = 1;
    pub const MOUNTS: u32 = 2;
    pub const NETWORK: u32 = 3;
    pub const SECURITY: u32 = 4;
    pub const SECRETENV: u32 = 5;
    pub const CDI_DEVICES: u32 = 6;
}
/// [`Meta`](crate::pb::Meta)
pub mod meta {
    pub const ARGS: u32 = 1;
    pub const ENV: u32 = 2;
    pub const CWD: u32 = 3;
    pub const USER: u32 = 4;
    pub const PROXY_ENV: u32 = 5;
    pub const EXTRA_HOSTS: u32 = 6;
    pub const HOSTNAME: u32 = 7;
    pub const ULIMIT: u32 = 9;
    pub const CGROUP_PARENT: u32 = 10;
    pub const REMOVE_MOUNT_STUBS_RECURSIVE: u32 = 11;
    pub const VALID_EXIT_CODES: u32 = 12;
}
/// [`HostIP`](crate::pb::HostIp)
pub mod host_ip {
    pub const HOST: u32 = 1;
    pub const IP: u32 = 2;
}
/// [`Ulimit`](crate::pb::Ulimit)
pub mod ulimit {
    pub const NAME: u32 = 1;
    pub const SOFT: u32 = 2;
    pub const HARD: u32 = 3;
}
/// [`SecretEnv`](crate::pb::SecretEnv)
pub mod secret_env {
    pub const ID: u32 = 1;
    pub const NAME: u32 = 2;
    pub const OPTIONAL: u32 = 3;
}
/// [`CDIDevice`](crate::pb::CdiDevice)
pub mod cdi_device {
    pub const NAME: u32 = 1;
    pub const OPTIONAL: u32 = 2;
}
/// [`ProxyEnv`](crate::pb::ProxyEnv)
pub mod proxy_env {
    pub const HTTP_PROXY: u32 = 1;
    pub const HTTPS_PROXY: u32 = 2;
    pub const FTP_PROXY: u32 = 3;
    pub const NO_PROXY: u32 = 4;
    pub const ALL_PROXY: u32 = 5;
}
/// [`Mount`](crate::pb::Mount)
pub mod mount {
    pub const INPUT: u32 = 1;
    pub const SELECTOR: u32 = 2;
    pub const DEST: u32 = 3;
    pub const OUTPUT: u32 = 4;
    pub const READONLY: u32 = 5;
    pub const MOUNT_TYPE: u32 = 6;
    pub const TMPFS_OPT: u32 = 19;
    pub const CACHE_OPT: u32 = 20;
    pub const SECRET_OPT: u32 = 21;
    pub const SSH_OPT: u32 = 22;
    pub const RESULT_ID: u32 = 23;
    pub const CONTENT_CACHE: u32 = 24;
}
/// [`TmpfsOpt`](crate::pb::TmpfsOpt)
pub mod tmpfs_opt {
    pub const SIZE: u32 = 1;
}
/// [`CacheOpt`](crate::pb::CacheOpt)
pub mod cache_opt {
    pub const ID: u32 = 1;
    pub const SHARING: u32 = 2;
}
/// [`SecretOpt`](crate::pb::SecretOpt)
pub mod secret_opt {
    pub const ID: u32 = 1;
    pub const UID: u32 = 2;
    pub const GID: u32 = 3;
    pub const MODE: u32 = 4;
    pub const OPTIONAL: u32 = 5;
}
/// [`SSHOpt`](crate::pb::SshOpt)
pub mod ssh_opt {
    pub const ID: u32 = 1;
    pub const UID: u32 = 2;
    pub const GID: u32 = 3;
    pub const MODE: u32 = 4;
    pub const OPTIONAL: u32 = 5;
}
/// [`SourceOp`](crate::pb::SourceOp)
pub mod source_op {
    pub const IDENTIFIER: u32 = 1;
    pub const ATTRS: u32 = 2;
}
/// [`FileOp`](crate::pb::FileOp)
pub mod file_op {
    pub const ACTIONS: u32 = 2;
}
/// [`FileAction`](crate::pb::FileAction)
pub mod file_action {
    pub const INPUT: u32 = 1;
    pub const SECONDARY_INPUT: u32 = 2;
    pub const OUTPUT: u32 = 3;
    pub const COPY: u32 = 4;
    pub const MKFILE: u32 = 5;
    pub const MKDIR: u32 = 6;
    pub const RM: u32 = 7;
    pub const SYMLINK: u32 = 8;
}
/// [`FileActionCopy`](crate::pb::FileActionCopy)
pub mod file_action_copy {
    pub const SRC: u32 = 1;
    pub const DEST: u32 = 2;
    pub const OWNER: u32 = 3;
    pub const MODE: u32 = 4;
    pub const FOLLOW_SYMLINK: u32 = 5;
    pub const DIR_COPY_CONTENTS: u32 = 6;
    pub const ATTEMPT_UNPACK_DOCKER_COMPATIBILITY: u32 = 7;
    pub const CREATE_DEST_PATH: u32 = 8;
    pub const ALLOW_WILDCARD: u32 = 9;
    pub const ALLOW_EMPTY_WILDCARD: u32 = 10;
    pub const TIMESTAMP: u32 = 11;
    pub const INCLUDE_PATTERNS: u32 = 12;
    pub const EXCLUDE_PATTERNS: u32 = 13;
    pub const ALWAYS_REPLACE_EXISTING_DEST_PATHS: u32 = 14;
    pub const MODE_STR: u32 = 15;
    pub const REQUIRED_PATHS: u32 = 16;
}
/// [`FileActionMkFile`](crate::pb::FileActionMkFile)
pub mod file_action_mk_file {
    pub const PATH: u32 = 1;
    pub const MODE: u32 = 2;
    pub const DATA: u32 = 3;
    pub const OWNER: u32 = 4;
    pub const TIMESTAMP: u32 = 5;
}
/// [`FileActionSymlink`](crate::pb::FileActionSymlink)
pub mod file_action_symlink {
    pub const OLDPATH: u32 = 1;
    pub const NEWPATH: u32 = 2;
    pub const OWNER: u32 = 3;
    pub const TIMESTAMP: u32 = 4;
}
/// [`FileActionMkDir`](crate::pb::FileActionMkDir)
pub mod file_action_mk_dir {
    pub const PATH: u32 = 1;
    pub const MODE: u32 = 2;
    pub const MAKE_PARENTS: u32 = 3;
    pub const OWNER: u32 = 4;
    pub const TIMESTAMP: u32 = 5;
}
/// [`FileActionRm`](crate::pb::FileActionRm)
pub mod file_action_rm {
    pub const PATH: u32 = 1;
    pub const ALLOW_NOT_FOUND: u32 = 2;
    pub const ALLOW_WILDCARD: u32 = 3;
}
/// [`ChownOpt`](crate::pb::ChownOpt)
pub mod chown_opt {
    pub const USER: u32 = 1;
    pub const GROUP: u32 = 2;
}
/// [`UserOpt`](crate::pb::UserOpt)
pub mod user_opt {
    pub const BY_NAME: u32 = 1;
    pub const BY_ID: u32 = 2;
}
/// [`NamedUserOpt`](crate::pb::NamedUserOpt)
pub mod named_user_opt {
    pub const NAME: u32 = 1;
    pub const INPUT: u32 = 2;
}
/// [`MergeOp`](crate::pb::MergeOp)
pub mod merge_op {
    pub const INPUTS: u32 = 1;
}
/// [`MergeInput`](crate::pb::MergeInput)
pub mod merge_input {
    pub const INPUT: u32 = 1;
}
/// [`DiffOp`](crate::pb::DiffOp)
pub mod diff_op {
    pub const LOWER: u32 = 1;
    pub const UPPER: u32 = 2;
}
/// [`LowerDiffInput`](crate::pb::LowerDiffInput)
pub mod lower_diff_input {
    pub const INPUT: u32 = 1;
}
/// [`UpperDiffInput`](crate::pb::UpperDiffInput)
pub mod upper_diff_input {
    pub const INPUT: u32 = 1;
}
/// [`PassthroughOp`](crate::pb::PassthroughOp)
pub mod passthrough_op {
    pub const ID: u32 = 1;
    pub const OUTPUTS: u32 = 2;
}
/// [`BuildOp`](crate::pb::BuildOp)
pub mod build_op {
    pub const BUILDER: u32 = 1;
    pub const INPUTS: u32 = 2;
    pub const DEF: u32 = 3;
    pub const ATTRS: u32 = 4;
}
/// [`BuildInput`](crate::pb::BuildInput)
pub mod build_input {
    pub const INPUT: u32 = 1;
}
/// [`OpMetadata`](crate::pb::OpMetadata)
pub mod op_metadata {
    pub const IGNORE_CACHE: u32 = 1;
    pub const DESCRIPTION: u32 = 2;
    pub const EXPORT_CACHE: u32 = 4;
    pub const CAPS: u32 = 5;
    pub const PROGRESS_GROUP: u32 = 6;
    pub const LINUX_RESOURCES: u32 = 7;
}
/// [`ExportCache`](crate::pb::ExportCache)
pub mod export_cache {
    pub const VALUE: u32 = 1;
}
/// [`ProgressGroup`](crate::pb::ProgressGroup)
pub mod progress_group {
    pub const ID: u32 = 1;
    pub const NAME: u32 = 2;
    pub const WEAK: u32 = 3;
}
/// [`LinuxResources`](crate::pb::LinuxResources)
pub mod linux_resources {
    pub const MEMORY: u32 = 1;
    pub const MEMORY_SWAP: u32 = 2;
    pub const CPU_SHARES: u32 = 3;
    pub const CPU_PERIOD: u32 = 4;
    pub const CPU_QUOTA: u32 = 5;
    pub const CPUSET_CPUS: u32 = 6;
    pub const CPUSET_MEMS: u32 = 7;
}
/// [`Source`](crate::pb::Source)
pub mod source {
    pub const LOCATIONS: u32 = 1;
    pub const INFOS: u32 = 2;
}
/// [`Locations`](crate::pb::Locations)
pub mod locations {
    pub const LOCATIONS: u32 = 1;
}
/// [`SourceInfo`](crate::pb::SourceInfo)
pub mod source_info {
    pub const FILENAME: u32 = 1;
    pub const DATA: u32 = 2;
    pub const DEFINITION: u32 = 3;
    pub const LANGUAGE: u32 = 4;
}
/// [`Location`](crate::pb::Location)
pub mod location {
    pub const SOURCE_INDEX: u32 = 1;
    pub const RANGES: u32 = 2;
}
/// [`Range`](crate::pb::Range)
pub mod range {
    pub const START: u32 = 1;
    pub const END: u32 = 2;
}
/// [`Position`](crate::pb::Position)
pub mod position {
    pub const LINE: u32 = 1;
    pub const CHARACTER: u32 = 2;
}
