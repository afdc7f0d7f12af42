//! The same steps as a Dockerfile's are the same vertices: so a build that has both runs them once.
//!
//! The digests are those that a real daemon reported (Docker 28.5.2, `docker buildx build
//! --progress=rawjson`) for two Dockerfiles; the base is whatever `golang:1.24` was there.
//!
//! ```Dockerfile
//! FROM golang:1.24 AS tools
//! FROM golang:1.24
//! ENV A=b
//! WORKDIR /src
//! COPY <<EOF /etc/a.conf
//! x = 1
//! EOF
//! RUN --mount=type=cache,target=/root/.cache \
//!     --mount=type=cache,target=/c,id=cc,sharing=locked,uid=5 \
//!     --mount=type=tmpfs,target=/t,size=1000 \
//!     --mount=type=bind,from=tools,source=/etc,target=/mnt \
//!     --mount=type=bind,from=tools,target=/rw,rw \
//!     --mount=type=secret,id=s,target=/run/s,required=false \
//!     --mount=type=secret,id=e,env=E \
//!     --mount=type=ssh true
//! COPY --from=tools --chown=nobody:1 --chmod=0640 /etc/passwd /etc/os-release /x/
//! COPY --link --from=tools /etc/passwd /y/
//! RUN --network=none echo hi
//! ```
//!
//! The second one was built with `--add-host db:10.0.0.1 --ulimit nofile=1024:2048 --shm-size 64m
//! --cgroup-parent /builds` and the build arguments `http_proxy=http://p`, `NO_PROXY=localhost` and
//! `BUILDKIT_SANDBOX_HOSTNAME=hh`:
//!
//! ```Dockerfile
//! FROM scratch AS web
//! ADD --chmod=644 --checksum=sha256:01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b \
//!     https://example.invalid/a/b.tar.gz /d/
//! ADD --keep-git-dir=true https://github.com/moby/buildkit.git#v0.12.0:docs /g
//! FROM golang:1.24
//! RUN --mount=type=bind,from=web,target=/w \
//!     --mount=type=cache,target=/k,sharing=private,readonly true
//! COPY --from=web --chmod=u=rwX,go=rX /d /q
//! ```

use buildkit_llb::{
    BindAccess, BindMount, CacheMount, CacheSharing, ChownOpt, CopyAction, Exec, FileName, FileOp,
    Git, Graph, HostIp, Http, Image, Merge, Metadata, MkdirAction, MkfileAction, Mode, NetMode,
    Platform, ProxyEnv, ResolveMode, SecretEnv, SecretMount, SshMount, State, TmpfsMount, Ulimit,
};

/// Adds the steps of the first Dockerfile and compares each digest with the daemon's.
#[test]
fn steps_have_the_digests_of_a_dockerfile() {
    let mut graph = Graph::new();

    let base = golang(
        &mut graph,
        "sha256:58ed743b3f0bc42bff62c266b74cb69db25c12a3367ba14238906175cc64b56d",
    );
    check(&graph, base, "24743e4ff04f43131323a91c8bc18791c970b5c35f7a9979a662d1406a990085");

    let workdir = MkdirAction::new("/src", 0o755).make_parents(true);
    let state = graph.add(FileOp::new(base).then(workdir), Metadata::default());
    check(&graph, state, "36072063eb0e0e8c496e496b3e3fdc0ca9dc6457e893223ff06a5c9fba0f6d29");

    let document = FileOp::new(State::SCRATCH).then(MkfileAction::new("EOF", 0o644, b"x = 1\n"));
    let document = graph.add(document, Metadata::default());
    check(&graph, document, "f24c66a70e2b41c67be307c188be468b3f4526bdec9444e811417a6fc92fd3c0");

    let copy = CopyAction::new(document, "EOF", "/etc/a.conf");
    let copy = copy.create_dest_path(true);
    let state = graph.add(FileOp::new(state).then(copy), Metadata::default());
    check(&graph, state, "c03e8313ce3c670f5ff8e241565f0f73f4211fbb22791e8ee108d7b0a52ec588");

    let cache = MkdirAction::new("/cache", 0o755).owner(Some(ChownOpt::ids(5, 0)));
    let cache = graph.add(FileOp::new(State::SCRATCH).then(cache), Metadata::default());
    check(&graph, cache, "7fb29cd964882eb95af9f3bd2f840dca6c2367a41d606c313e609142f2f26bd7");

    let run = shell(state, "true")
        .mounts(vec![
            CacheMount::new("/root/.cache", "//root/.cache").into(),
            CacheMount::new("/c", "/cc")
                .sharing(CacheSharing::Locked)
                .input(cache)
                .selector("/cache")
                .into(),
            TmpfsMount::new("/t").size(1000).into(),
            BindMount::new("/mnt", base).selector("/etc").into(),
            BindMount::new("/rw", base).access(BindAccess::NoOutput).into(),
            SecretMount::new("/run/s", "s").optional(true).into(),
            SshMount::new("").optional(true).into(),
        ])
        .secret_env(vec![SecretEnv::new("e", "E").optional(true)]);
    let state = graph.add(run, Metadata::default()).root;
    check(&graph, state, "44690be14c291a9b7bd20a4a847cc7c8a1602df321a1b84b3b7dd8cafaf20fe7");

    let copy = |path: &'static str| {
        CopyAction::like_dockerfile(base, path, "/x/")
            .owner(Some(ChownOpt::parse("nobody:1", state)))
            .mode(Some(Mode::Octal(0o640)))
    };
    let copies = FileOp::new(state).then(copy("/etc/passwd")).then(copy("/etc/os-release"));
    let state = graph.add(copies, Metadata::default());
    check(&graph, state, "84378fe71ab15bdbfb3b3c31f9cd60f9be5fab8054d348de0a153e58bd29346b");

    let copy = CopyAction::like_dockerfile(base, "/etc/passwd", "/y/");
    let linked = graph.add(FileOp::new(State::SCRATCH).then(copy), Metadata::default());
    check(&graph, linked, "660f40f9f739278ccf4412d191429d01c7d9b3ed0c6a64374e694e6349701d26");

    let state = graph.add(Merge::new([state, linked]), Metadata::default());
    check(&graph, state, "9afbc8a586eee1f9ecbd186100daa3a045b55b65942ddc787745ea50724d3829");

    let run = shell(state, "echo hi").network(NetMode::None);
    let state = graph.add(run, Metadata::default()).root;
    check(&graph, state, "33adb2347edcff3dc19b5a3501a7ccca0c104e6dee117629571d7be5c6202bb3");
}

#[test]
fn sources_and_settings_have_the_digests_of_a_dockerfile() {
    let mut graph = Graph::new();
    let http = Http::new("https://example.invalid/a/b.tar.gz")
        .checksum(Some(
            "sha256:01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b".into(),
        ))
        .filename(Some(FileName::new("b.tar.gz").expect("a file name")));
    let http = graph.add(http, Metadata::default());
    check(&graph, http, "6a7f41d8f4223bbb5c7fcb7fddc78bde9e704011450aa0856391a57e0e767e07");

    let copy = CopyAction::new(http, "b.tar.gz", "/d/")
        .mode(Some(Mode::Octal(0o644)))
        .create_dest_path(true);
    let web = graph.add(FileOp::new(State::SCRATCH).then(copy), Metadata::default());
    check(&graph, web, "4983ef02988450545d68db7a47fc012525ca79877eff779e837f058cc2341892");

    let git = Git::new("https://github.com/moby/buildkit.git")
        .reference("v0.12.0")
        .subdir("docs")
        .keep_git_dir(true);
    let git = graph.add(git, Metadata::default());
    check(&graph, git, "9729dc497226987493fd9a9b1e770eed554712ce67fe2e1c23aa02f229e4afba");

    let copy = CopyAction::new(git, "/", "/g").create_dest_path(true);
    let web = graph.add(FileOp::new(web).then(copy), Metadata::default());
    check(&graph, web, "d3583c382455fdc86d92cec55a4bb09b89167dcccf79c3f3d46f90170fe9a21b");

    let base = golang(
        &mut graph,
        "sha256:ffba84eab96d156009fc6641eba3a43653767025f24985e3636bf023c934d7c7",
    );
    check(&graph, base, "f06a4fecb03df90b2bf633afdc2d69f5b628e36a3a9b0c420a7f5961a339a319");

    let mut run = shell(base, "true")
        .cwd("/go")
        .mounts(vec![
            BindMount::new("/w", web).into(),
            CacheMount::new("/k", "//k").sharing(CacheSharing::Private).readonly(true).into(),
            TmpfsMount::new("/dev/shm").size(64 << 20).into(),
        ])
        .extra_hosts(vec![HostIp::new("db", "10.0.0.1")].into())
        .hostname("hh")
        .ulimits(vec![Ulimit::new("nofile", 1024, 2048)].into())
        .cgroup_parent("/builds")
        .proxy_env(Some(ProxyEnv::default().http_proxy("http://p").no_proxy("localhost")));
    run.env.pop();
    let state = graph.add(run, Metadata::default()).root;
    check(&graph, state, "39f240b7b31713ae90b1f5334c2680162475e2ca8d55e1068ef58509806cd73e");

    let copy = CopyAction::like_dockerfile(web, "/d", "/q")
        .mode(Some(Mode::Symbolic("u=rwX,go=rX".into())));
    let state = graph.add(FileOp::new(state).then(copy), Metadata::default());
    check(&graph, state, "333ca5903e258eb1f5b1dc737fe9af2a8fb5f8f1d70a16e27609b73c18d4bcc5");
}

#[track_caller]
fn check(graph: &Graph, state: State, digest: &str) {
    assert_eq!(graph.digest(state).unwrap().to_string(), format!("sha256:{digest}"));
}

fn golang(graph: &mut Graph, digest: &str) -> State {
    let image = Image::new(format!("docker.io/library/golang:1.24@{digest}").parse().unwrap())
        .platform(Some(platform()))
        // buildx's setting for a Docker engine.
        .resolve_mode(ResolveMode::PreferLocal);
    graph.add(image, Metadata::default())
}

fn platform() -> Platform {
    "linux/amd64".parse().unwrap()
}

/// A shell in the Dockerfile's environment and working directory.
fn shell(root: State, script: &str) -> Exec<'_> {
    let env = [
        (
            "PATH",
            "/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ),
        ("GOLANG_VERSION", "1.24"),
        ("GOTOOLCHAIN", "local"),
        ("GOPATH", "/go"),
        ("A", "b"),
    ];
    Exec::new(root, "/bin/sh")
        .args(vec!["-c", script])
        .envs(env)
        .cwd("/src")
        .platform(Some(platform()))
}
