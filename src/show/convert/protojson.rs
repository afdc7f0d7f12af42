//! LLB's messages in the JSON form of protocol buffers: fields without a value are omitted, 64-bit
//! numbers are strings, bytes are base64, and the names are those of BuildKit's
//! `solver/pb/ops.proto`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use buildkit_proto::pb;
use serde_json::{Map, Value};

pub(super) fn op(op: &pb::Op) -> Value {
    let kind = match &op.op {
        None => ("", Value::Null),
        Some(pb::op::Op::Exec(exec)) => ("exec", self::exec(exec)),
        Some(pb::op::Op::Source(source)) => (
            "source",
            object([
                ("identifier", text(&source.identifier)),
                ("attrs", texts_by_name(&source.attrs)),
            ]),
        ),
        Some(pb::op::Op::File(file)) => {
            ("file", object([("actions", list(&file.actions, file_action))]))
        }
        Some(pb::op::Op::Build(build)) => ("build", self::build(build)),
        Some(pb::op::Op::Merge(merge)) => {
            ("merge", object([("inputs", list(&merge.inputs, |of| input(of.input)))]))
        }
        Some(pb::op::Op::Diff(diff)) => (
            "diff",
            object([
                ("lower", some(diff.lower.as_ref(), |of| input(of.input))),
                ("upper", some(diff.upper.as_ref(), |of| input(of.input))),
            ]),
        ),
        Some(pb::op::Op::Passthrough(pass)) => (
            "passthrough",
            object([
                ("id", text(&pass.id)),
                ("outputs", list(&pass.outputs, |output| Value::from(output.to_string()))),
            ]),
        ),
    };
    object([
        kind,
        (
            "inputs",
            list(&op.inputs, |of| {
                object([("digest", text(&of.digest)), ("index", int64(of.index))])
            }),
        ),
        ("platform", some(op.platform.as_ref(), platform)),
        (
            "constraints",
            some(op.constraints.as_ref(), |of| object([("filter", texts(&of.filter))])),
        ),
    ])
}

pub(super) fn source(source: &pb::Source) -> Value {
    let locations = |of: &pb::Locations| object([("locations", list(&of.locations, location))]);
    object([
        ("locations", by_name(&source.locations, locations)),
        (
            "infos",
            list(&source.infos, |info| {
                object([
                    ("filename", text(&info.filename)),
                    ("data", bytes(&info.data)),
                    ("definition", some(info.definition.as_ref(), definition)),
                    ("language", text(&info.language)),
                ])
            }),
        ),
    ])
}

pub(super) fn export_cache(export: &pb::ExportCache) -> Value {
    object([("Value", flag(export.value))])
}

pub(super) fn progress_group(group: &pb::ProgressGroup) -> Value {
    object([("id", text(&group.id)), ("name", text(&group.name)), ("weak", flag(group.weak))])
}

/// With numbers as in Go's `encoding/json`, since this message is not written by `protojson`.
pub(super) fn linux_resources(resources: &pb::LinuxResources) -> Value {
    object([
        ("memory", number(resources.memory)),
        ("memorySwap", number(resources.memory_swap)),
        ("cpuShares", number(resources.cpu_shares)),
        ("cpuPeriod", number(resources.cpu_period)),
        ("cpuQuota", number(resources.cpu_quota)),
        ("cpusetCpus", text(&resources.cpuset_cpus)),
        ("cpusetMems", text(&resources.cpuset_mems)),
    ])
}

fn platform(platform: &pb::Platform) -> Value {
    object([
        ("Architecture", text(&platform.architecture)),
        ("OS", text(&platform.os)),
        ("Variant", text(&platform.variant)),
        ("OSVersion", text(&platform.os_version)),
        ("OSFeatures", texts(&platform.os_features)),
    ])
}

fn exec(exec: &pb::ExecOp) -> Value {
    object([
        ("meta", some(exec.meta.as_ref(), meta)),
        ("mounts", list(&exec.mounts, mount)),
        (
            "network",
            word(pb::NetMode::try_from(exec.network).map(|of| of.as_str_name()), exec.network),
        ),
        (
            "security",
            word(
                pb::SecurityMode::try_from(exec.security).map(|of| of.as_str_name()),
                exec.security,
            ),
        ),
        (
            "secretenv",
            list(&exec.secretenv, |of| {
                object([
                    ("ID", text(&of.id)),
                    ("name", text(&of.name)),
                    ("optional", flag(of.optional)),
                ])
            }),
        ),
        (
            "cdiDevices",
            list(&exec.cdi_devices, |of| {
                object([("name", text(&of.name)), ("optional", flag(of.optional))])
            }),
        ),
    ])
}

fn meta(meta: &pb::Meta) -> Value {
    object([
        ("args", texts(&meta.args)),
        ("env", texts(&meta.env)),
        ("cwd", text(&meta.cwd)),
        ("user", text(&meta.user)),
        ("proxyEnv", some(meta.proxy_env.as_ref(), proxies)),
        (
            "extraHosts",
            list(&meta.extra_hosts, |of| object([("Host", text(&of.host)), ("IP", text(&of.ip))])),
        ),
        ("hostname", text(&meta.hostname)),
        (
            "ulimit",
            list(&meta.ulimit, |of| {
                object([
                    ("Name", text(&of.name)),
                    ("Soft", int64(of.soft)),
                    ("Hard", int64(of.hard)),
                ])
            }),
        ),
        ("cgroupParent", text(&meta.cgroup_parent)),
        ("removeMountStubsRecursive", flag(meta.remove_mount_stubs_recursive)),
        ("validExitCodes", list(&meta.valid_exit_codes, |&code| Value::from(code))),
    ])
}

fn proxies(of: &pb::ProxyEnv) -> Value {
    object([
        ("httpProxy", text(&of.http_proxy)),
        ("httpsProxy", text(&of.https_proxy)),
        ("ftpProxy", text(&of.ftp_proxy)),
        ("noProxy", text(&of.no_proxy)),
        ("allProxy", text(&of.all_proxy)),
    ])
}

fn mount(mount: &pb::Mount) -> Value {
    let kind = pb::MountType::try_from(mount.mount_type).map(|of| of.as_str_name());
    let content = pb::MountContentCache::try_from(mount.content_cache).map(|of| of.as_str_name());
    object([
        ("input", int64(mount.input)),
        ("selector", text(&mount.selector)),
        ("dest", text(&mount.dest)),
        ("output", int64(mount.output)),
        ("readonly", flag(mount.readonly)),
        ("mountType", word(kind, mount.mount_type)),
        ("TmpfsOpt", some(mount.tmpfs_opt.as_ref(), |of| object([("size", int64(of.size))]))),
        ("cacheOpt", some(mount.cache_opt.as_ref(), cache)),
        (
            "secretOpt",
            some(mount.secret_opt.as_ref(), |of: &pb::SecretOpt| {
                secret_file(&of.id, of.uid, of.gid, of.mode, of.optional)
            }),
        ),
        (
            "SSHOpt",
            some(mount.ssh_opt.as_ref(), |of: &pb::SshOpt| {
                secret_file(&of.id, of.uid, of.gid, of.mode, of.optional)
            }),
        ),
        ("resultID", text(&mount.result_id)),
        ("contentCache", word(content, mount.content_cache)),
    ])
}

fn cache(of: &pb::CacheOpt) -> Value {
    let sharing = pb::CacheSharingOpt::try_from(of.sharing).map(|of| of.as_str_name());
    object([("ID", text(&of.id)), ("sharing", word(sharing, of.sharing))])
}

fn secret_file(id: &str, uid: u32, gid: u32, mode: u32, optional: bool) -> Value {
    object([
        ("ID", text(id)),
        ("uid", number(uid)),
        ("gid", number(gid)),
        ("mode", number(mode)),
        ("optional", flag(optional)),
    ])
}

fn file_action(action: &pb::FileAction) -> Value {
    let what = match &action.action {
        None => ("", Value::Null),
        Some(pb::file_action::Action::Copy(copy)) => ("copy", self::copy(copy)),
        Some(pb::file_action::Action::Mkfile(file)) => (
            "mkfile",
            object([
                ("path", text(&file.path)),
                ("mode", number(file.mode)),
                ("data", bytes(&file.data)),
                ("owner", some(file.owner.as_ref(), owner)),
                ("timestamp", int64(file.timestamp)),
            ]),
        ),
        Some(pb::file_action::Action::Mkdir(directory)) => (
            "mkdir",
            object([
                ("path", text(&directory.path)),
                ("mode", number(directory.mode)),
                ("makeParents", flag(directory.make_parents)),
                ("owner", some(directory.owner.as_ref(), owner)),
                ("timestamp", int64(directory.timestamp)),
            ]),
        ),
        Some(pb::file_action::Action::Rm(remove)) => (
            "rm",
            object([
                ("path", text(&remove.path)),
                ("allowNotFound", flag(remove.allow_not_found)),
                ("allowWildcard", flag(remove.allow_wildcard)),
            ]),
        ),
        Some(pb::file_action::Action::Symlink(link)) => (
            "symlink",
            object([
                ("oldpath", text(&link.oldpath)),
                ("newpath", text(&link.newpath)),
                ("owner", some(link.owner.as_ref(), owner)),
                ("timestamp", int64(link.timestamp)),
            ]),
        ),
    };
    object([
        what,
        ("input", int64(action.input)),
        ("secondaryInput", int64(action.secondary_input)),
        ("output", int64(action.output)),
    ])
}

fn copy(copy: &pb::FileActionCopy) -> Value {
    object([
        ("src", text(&copy.src)),
        ("dest", text(&copy.dest)),
        ("owner", some(copy.owner.as_ref(), owner)),
        ("mode", number(copy.mode)),
        ("followSymlink", flag(copy.follow_symlink)),
        ("dirCopyContents", flag(copy.dir_copy_contents)),
        ("attemptUnpackDockerCompatibility", flag(copy.attempt_unpack_docker_compatibility)),
        ("createDestPath", flag(copy.create_dest_path)),
        ("allowWildcard", flag(copy.allow_wildcard)),
        ("allowEmptyWildcard", flag(copy.allow_empty_wildcard)),
        ("timestamp", int64(copy.timestamp)),
        ("includePatterns", texts(&copy.include_patterns)),
        ("excludePatterns", texts(&copy.exclude_patterns)),
        ("alwaysReplaceExistingDestPaths", flag(copy.always_replace_existing_dest_paths)),
        ("modeStr", text(&copy.mode_str)),
        ("requiredPaths", texts(&copy.required_paths)),
    ])
}

fn owner(owner: &pb::ChownOpt) -> Value {
    object([("user", some(owner.user.as_ref(), user)), ("group", some(owner.group.as_ref(), user))])
}

fn user(of: &pb::UserOpt) -> Value {
    match &of.user {
        None => object([]),
        Some(pb::user_opt::User::ByName(named)) => {
            let named = object([("name", text(&named.name)), ("input", int64(named.input))]);
            object([("byName", named)])
        }
        // A member of a oneof is written even if it is 0.
        Some(pb::user_opt::User::ById(id)) => object([("byID", Value::from(*id))]),
    }
}

fn build(build: &pb::BuildOp) -> Value {
    object([
        ("builder", int64(build.builder)),
        ("inputs", by_name(&build.inputs, |of| input(of.input))),
        ("def", some(build.def.as_ref(), definition)),
        ("attrs", texts_by_name(&build.attrs)),
    ])
}

fn definition(definition: &pb::Definition) -> Value {
    object([
        ("def", list(&definition.def, |op| bytes(op))),
        ("metadata", by_name(&definition.metadata, metadata)),
        ("Source", some(definition.source.as_ref(), source)),
    ])
}

fn metadata(metadata: &pb::OpMetadata) -> Value {
    object([
        ("ignoreCache", flag(metadata.ignore_cache)),
        ("description", texts_by_name(&metadata.description)),
        ("exportCache", some(metadata.export_cache.as_ref(), export_cache)),
        ("caps", by_name(&metadata.caps, |&cap| Value::from(cap))),
        ("progressGroup", some(metadata.progress_group.as_ref(), progress_group)),
    ])
}

fn location(location: &pb::Location) -> Value {
    object([
        ("sourceIndex", number(location.source_index)),
        (
            "ranges",
            list(&location.ranges, |range| {
                object([
                    ("start", some(range.start.as_ref(), position)),
                    ("end", some(range.end.as_ref(), position)),
                ])
            }),
        ),
    ])
}

fn position(of: &pb::Position) -> Value {
    object([("line", number(of.line)), ("character", number(of.character))])
}

fn input(input: i64) -> Value {
    object([("input", int64(input))])
}

// === Values; omitted ones are `Null` ===

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let mut object = Map::new();
    for (name, value) in fields {
        if !value.is_null() {
            object.insert(name.to_owned(), value);
        }
    }
    Value::Object(object)
}

fn text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

fn bytes(bytes: &[u8]) -> Value {
    text(&BASE64_STANDARD.encode(bytes))
}

fn flag(flag: bool) -> Value {
    if flag { true.into() } else { Value::Null }
}

fn number<T: Default + PartialEq + Into<Value>>(number: T) -> Value {
    if number == T::default() { Value::Null } else { number.into() }
}

fn int64(number: i64) -> Value {
    if number == 0 { Value::Null } else { number.to_string().into() }
}

/// The name of an enum value; its number if it is unknown.
fn word<E>(known: Result<&'static str, E>, value: i32) -> Value {
    if value == 0 { Value::Null } else { known.map_or_else(|_| value.into(), Value::from) }
}

fn some<T>(value: Option<&T>, json: impl Fn(&T) -> Value) -> Value {
    value.map(json).unwrap_or_default()
}

fn list<T>(values: &[T], json: impl Fn(&T) -> Value) -> Value {
    if values.is_empty() { Value::Null } else { values.iter().map(json).collect() }
}

fn texts(texts: &[String]) -> Value {
    list(texts, |text| text.as_str().into())
}

fn by_name<T>(values: &BTreeMap<String, T>, json: impl Fn(&T) -> Value) -> Value {
    if values.is_empty() {
        return Value::Null;
    }
    let mut object = Map::new();
    for (name, value) in values {
        object.insert(name.clone(), json(value));
    }
    Value::Object(object)
}

fn texts_by_name(values: &BTreeMap<String, String>) -> Value {
    by_name(values, |text| text.as_str().into())
}
