//! Exec: the message for a process and its mounts, and the resulting states.

use buildkit_llb::{
    BindAccess, BindMount, CacheMount, CacheSharing, CdiDevice, ContentCache, Exec, FileOp, HostIp,
    LinuxResources, Metadata, MkdirAction, NetMode, ProxyEnv, SecretEnv, SecretMount, SecurityMode,
    SshMount, State, TmpfsMount, Ulimit,
};
use expect_test::expect;

use crate::{check, image, with_base};

fn shell(root: State, script: &str) -> Exec<'_> {
    Exec::new(root, "/bin/sh").args(vec!["-ec", script])
}

#[test]
fn plain() {
    let (mut graph, base) = with_base();
    let states = graph.add(shell(base, "make\nmake install\n"), Metadata::default());
    assert_eq!(states.mounts, []);
    check(
        &graph,
        states.root,
        expect![[r#"
            #0 sha256:6f855bb6ee2c source docker-image://docker.io/library/base:1
              caps: source.image

            #1 sha256:819f74a70ae7 exec
              inputs: #0
              arg: /bin/sh
              arg: -ec
              arg: |
                make
                make install
              mount /: bind #0, output 0
              caps: exec.meta.base exec.meta.setsdefaultpath exec.mount.bind

            #2 sha256:9a0810c3d71d terminal
              inputs: #1
              caps: constraints platform
        "#]],
    );
}

#[test]
fn all_settings() {
    let (mut graph, base) = with_base();
    let exec = shell(base, "make")
        .envs(vec![("PATH", "/bin"), ("EMPTY", "")])
        .cwd("/src")
        .user("app:app")
        .platform(Some("linux/arm/v7".parse().unwrap()))
        .secret_env(vec![
            SecretEnv::new("token", "TOKEN"),
            SecretEnv::new("other", "OTHER").optional(true),
        ])
        .network(NetMode::Host)
        .security(SecurityMode::Insecure)
        .cdi_devices(vec![CdiDevice::new("vendor.com/gpu=0").optional(true)])
        .extra_hosts(vec![HostIp::new("db", "10.0.0.1")].into())
        .hostname("builder")
        .ulimits(vec![Ulimit::new("nofile", 1024, -1)].into())
        .cgroup_parent("/builds")
        .proxy_env(Some(ProxyEnv::default().http_proxy("http://proxy").no_proxy("localhost")))
        .valid_exit_codes(vec![0, 3, -1]);
    let metadata = Metadata::default().linux_resources(Some(
        LinuxResources::default().memory(1 << 30).memory_swap(-1).cpuset_cpus("0-3"),
    ));
    let states = graph.add(exec, metadata);
    check(
        &graph,
        states.root,
        expect![[r#"
            #0 sha256:6f855bb6ee2c source docker-image://docker.io/library/base:1
              caps: source.image

            #1 sha256:a78246ce3fa8 exec
              inputs: #0
              platform: linux/arm/v7
              arg: /bin/sh
              arg: -ec
              arg: make
              env: PATH=/bin
              env: EMPTY=
              cwd: /src
              user: app:app
              hostname: builder
              cgroupParent: /builds
              network: host
              security: insecure
              extraHost: db 10.0.0.1
              ulimit: nofile 1024:-1
              proxyEnv:
                http: http://proxy
                no: localhost
              validExitCodes: [0, 3, -1]
              mount /: bind #0, output 0
              secretenv: TOKEN from token
              secretenv: OTHER from other, optional
              cdiDevice: vendor.com/gpu=0, optional
              linuxResources: memory 1073741824, memorySwap -1, cpusetCpus 0-3
              caps: exec.meta.base exec.meta.cdi exec.meta.cgroup.parent exec.meta.linux.resources exec.meta.network exec.meta.proxyenv exec.meta.security exec.meta.setsdefaultpath exec.meta.ulimit exec.mount.bind exec.mount.secret exec.secretenv exec.validexitcode

            #2 sha256:ca134ad08371 terminal
              inputs: #1
              caps: constraints platform
        "#]],
    );
}

#[test]
fn mounts_in_the_order_of_the_go_client() {
    let (mut graph, base) = with_base();
    let tools = image(&mut graph, "tools");
    let seed = FileOp::new(State::SCRATCH).then(MkdirAction::new("/cache", 0o755));
    let seed = graph.add(seed, Metadata::default());
    let exec = shell(base, "make").mounts(vec![
        SshMount::new("").into(),
        SecretMount::new("/z", "z").uid(1).gid(2).mode(0).optional(true).into(),
        SecretMount::new("/a", "a").into(),
        TmpfsMount::new("/tmp").size(64 << 20).into(),
        TmpfsMount::new("/run").into(),
        CacheMount::new("/cache", "ns/cache")
            .sharing(CacheSharing::Locked)
            .input(seed)
            .selector("/cache")
            .into(),
        CacheMount::new("/b", "ns/b").sharing(CacheSharing::Private).readonly(true).into(),
        BindMount::new("/opt", tools).access(BindAccess::Output).selector("/opt").into(),
        BindMount::new("/mnt", tools).content_cache(ContentCache::Off).into(),
        BindMount::new("/base", base)
            .access(BindAccess::NoOutput)
            .content_cache(ContentCache::On)
            .into(),
        BindMount::new("/out", State::SCRATCH).access(BindAccess::Output).into(),
        SshMount::new("work").dest(Some("/agent".into())).uid(1).optional(true).into(),
    ]);
    let states = graph.add(exec, Metadata::default());

    assert_eq!(states.mounts.len(), 12);
    let with_states: Vec<_> = (0..12).filter(|&i| states.mounts[i].is_some()).collect();
    assert_eq!(with_states, [7, 8, 10]);
    assert_eq!(states.mounts[8], Some(tools));
    check(
        &graph,
        states.root,
        expect![[r##"
            #0 sha256:6f855bb6ee2c source docker-image://docker.io/library/base:1
              caps: source.image

            #1 sha256:57bfbbca6be2 source docker-image://docker.io/library/tools:1
              caps: source.image

            #2 sha256:6c3ed4414e52 file
              [0] on scratch: mkdir /cache
                mode: 0755
              caps: file.base

            #3 sha256:8d5eafbfef0f exec
              inputs: #0 #2 #1
              arg: /bin/sh
              arg: -ec
              arg: make
              env: SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0
              mount /: bind #0, output 0
              mount /b: cache ns/b, private, readonly
              mount /base: bind #0, no output, contentCache on
              mount /cache: cache ns/cache #2, locked, selector /cache
              mount /mnt: bind #1, readonly, contentCache off
              mount /opt: bind #1, selector /opt, output 1
              mount /out: bind scratch, output 2
              mount /run: tmpfs
              mount /tmp: tmpfs, size 67108864
              mount /z: secret z, mode 0000, owner 1:2, optional
              mount /a: secret a, mode 0400
              mount /run/buildkit/ssh_agent.0: ssh "", mode 0600
              mount /agent: ssh work, mode 0600, owner 1:0, optional
              caps: exec.meta.base exec.meta.setsdefaultpath exec.mount.bind exec.mount.bind.readwrite-nooutput exec.mount.cache exec.mount.cache.content exec.mount.cache.sharing exec.mount.secret exec.mount.selector exec.mount.ssh exec.mount.tmpfs exec.mount.tmpfs.size

            #4 sha256:b04306e23068 terminal
              inputs: #3
              caps: constraints platform
        "##]],
    );

    // The outputs are numbered by the order of the mounts: the root, /opt, /out.
    let copy = |state| buildkit_llb::CopyAction::new(state, "/", "/");
    let op = FileOp::new(states.root)
        .then(copy(states.mounts[10].unwrap()))
        .then(copy(states.mounts[7].unwrap()));
    let state = graph.add(op, Metadata::default());
    let definition = graph.definition(state).to_string();
    assert!(definition.contains("  inputs: #3 #3.2 #3.1\n"), "{definition}");
}

#[test]
fn readonly_root() {
    let (mut graph, base) = with_base();
    let exec = shell(base, "make DESTDIR=/out install")
        .readonly_root(true)
        .mounts(vec![BindMount::new("/out", State::SCRATCH).access(BindAccess::Output).into()]);
    let states = graph.add(exec, Metadata::default());
    assert_eq!(states.root, base);
    check(
        &graph,
        states.mounts[0].unwrap(),
        expect![[r#"
            #0 sha256:6f855bb6ee2c source docker-image://docker.io/library/base:1
              caps: source.image

            #1 sha256:ecca81febe15 exec
              inputs: #0
              arg: /bin/sh
              arg: -ec
              arg: make DESTDIR=/out install
              mount /: bind #0, readonly
              mount /out: bind scratch, output 0
              caps: exec.meta.base exec.meta.setsdefaultpath exec.mount.bind

            #2 sha256:f57a885cdde2 terminal
              inputs: #1
              caps: constraints platform
        "#]],
    );
}

#[test]
fn agent_in_the_environment_is_kept() {
    let (mut graph, base) = with_base();
    let exec = shell(base, "git fetch")
        .envs(vec![("SSH_AUTH_SOCK", "/mine")])
        .mounts(vec![SshMount::new("default").into()]);
    let state = graph.add(exec, Metadata::default()).root;
    check(
        &graph,
        state,
        expect![[r#"
            #0 sha256:6f855bb6ee2c source docker-image://docker.io/library/base:1
              caps: source.image

            #1 sha256:906dc4848599 exec
              inputs: #0
              arg: /bin/sh
              arg: -ec
              arg: git fetch
              env: SSH_AUTH_SOCK=/mine
              mount /: bind #0, output 0
              mount /run/buildkit/ssh_agent.0: ssh default, mode 0600
              caps: exec.meta.base exec.meta.setsdefaultpath exec.mount.bind exec.mount.ssh

            #2 sha256:d5cb94f581c3 terminal
              inputs: #1
              caps: constraints platform
        "#]],
    );
}

#[test]
fn program_and_arguments_in_a_list() {
    let list = |list: &[&str]| {
        let list: Vec<_> = list.iter().map(|&arg| arg.to_owned()).collect();
        Exec::from_args(State::SCRATCH, list)
    };
    assert_eq!(list(&[]), None);
    assert_eq!(list(&["/bin/sh", "-ec", "make"]), Some(shell(State::SCRATCH, "make")));
}
