//! An exec as text.

use buildkit_proto::pb;

use super::{Dump, quote};
use crate::draft::NONE;

impl Dump<'_> {
    pub(super) fn exec(&mut self, op: &pb::Op, exec: &pb::ExecOp) {
        let meta = exec.meta.clone().unwrap_or_default();
        self.list(1, "arg", &meta.args);
        self.list(1, "env", &meta.env);
        if meta.cwd != "/" {
            self.field(1, "cwd", &meta.cwd);
        }
        self.text(1, "user", &meta.user);
        self.text(1, "hostname", &meta.hostname);
        self.text(1, "cgroupParent", &meta.cgroup_parent);
        if exec.network != pb::NetMode::Unset as i32 {
            self.field(1, "network", name(exec.network().as_str_name()));
        }
        if exec.security != pb::SecurityMode::Sandbox as i32 {
            self.field(1, "security", name(exec.security().as_str_name()));
        }
        for host in &meta.extra_hosts {
            self.field(1, "extraHost", &format!("{} {}", quote(&host.host), quote(&host.ip)));
        }
        for limit in &meta.ulimit {
            let pb::Ulimit { name, soft, hard } = limit;
            self.field(1, "ulimit", &format!("{} {soft}:{hard}", quote(name)));
        }
        if let Some(proxy) = &meta.proxy_env {
            self.line(1, "proxyEnv:");
            self.text(2, "http", &proxy.http_proxy);
            self.text(2, "https", &proxy.https_proxy);
            self.text(2, "ftp", &proxy.ftp_proxy);
            self.text(2, "no", &proxy.no_proxy);
            self.text(2, "all", &proxy.all_proxy);
        }
        if !meta.valid_exit_codes.is_empty() {
            self.field(1, "validExitCodes", &format!("{:?}", meta.valid_exit_codes));
        }
        if !meta.remove_mount_stubs_recursive {
            self.line(1, "removeMountStubsRecursive: false");
        }
        for mount in &exec.mounts {
            self.mount(op, mount);
        }
        for secret in &exec.secretenv {
            let optional = if secret.optional { ", optional" } else { "" };
            let value = format!("{} from {}{optional}", quote(&secret.name), quote(&secret.id));
            self.field(1, "secretenv", &value);
        }
        for device in &exec.cdi_devices {
            let optional = if device.optional { ", optional" } else { "" };
            self.field(1, "cdiDevice", &format!("{}{optional}", quote(&device.name)));
        }
    }

    fn mount(&mut self, op: &pb::Op, mount: &pb::Mount) {
        let mut parts = vec![name(mount.mount_type().as_str_name()).to_owned()];
        let is_file = matches!(mount.mount_type(), pb::MountType::Secret | pb::MountType::Ssh);
        if let Some(opt) = &mount.cache_opt {
            parts[0] += &format!(" {}", quote(&opt.id));
            if opt.sharing != pb::CacheSharingOpt::Shared as i32 {
                parts.push(name(opt.sharing().as_str_name()).to_owned());
            }
        }
        if let Some(opt) = &mount.secret_opt {
            parts[0] += &format!(" {}", quote(&opt.id));
            parts.extend(file_options(opt.uid, opt.gid, opt.mode, opt.optional));
        }
        if let Some(opt) = &mount.ssh_opt {
            parts[0] += &format!(" {}", quote(&opt.id));
            parts.extend(file_options(opt.uid, opt.gid, opt.mode, opt.optional));
        }
        if let Some(opt) = mount.tmpfs_opt.filter(|opt| opt.size != 0) {
            parts.push(format!("size {}", opt.size));
        }
        if mount.input != NONE || mount.mount_type() == pb::MountType::Bind {
            parts[0] += &format!(" {}", self.position(op, mount.input));
        }
        if !mount.selector.is_empty() {
            parts.push(format!("selector {}", quote(&mount.selector)));
        }
        if mount.readonly {
            parts.push("readonly".to_owned());
        }
        // Secrets and agents have output 0 although they have no output.
        if mount.output != if is_file { 0 } else { NONE } {
            parts.push(format!("output {}", mount.output));
        } else if mount.mount_type() == pb::MountType::Bind && !mount.readonly {
            parts.push("no output".to_owned());
        }
        if mount.content_cache != pb::MountContentCache::Default as i32 {
            parts.push(format!("contentCache {}", name(mount.content_cache().as_str_name())));
        }
        if !mount.result_id.is_empty() {
            parts.push(format!("resultID {}", quote(&mount.result_id)));
        }
        self.field(1, &format!("mount {}", quote(&mount.dest)), &parts.join(", "));
    }
}

fn file_options(uid: u32, gid: u32, mode: u32, optional: bool) -> Vec<String> {
    let mut options = vec![format!("mode {mode:04o}")];
    if (uid, gid) != (0, 0) {
        options.push(format!("owner {uid}:{gid}"));
    }
    if optional {
        options.push("optional".to_owned());
    }
    options
}

/// The name of an enum value in lower case; BuildKit's is in upper case.
fn name(value: &'static str) -> &'static str {
    match value {
        "BIND" => "bind",
        "SECRET" => "secret",
        "SSH" => "ssh",
        "CACHE" => "cache",
        "TMPFS" => "tmpfs",
        "PRIVATE" => "private",
        "LOCKED" => "locked",
        "HOST" => "host",
        "NONE" => "none",
        "INSECURE" => "insecure",
        "ON" => "on",
        "OFF" => "off",
        other => other,
    }
}
