//! Calls and answers, on daemons of every age.

use std::collections::BTreeMap;

use buildkit_llb::Definition;
use buildkit_proto::frontend::{
    FileRange, ResolveSourceGitResponse, ResolveSourceHttpResponse, ResolveSourceMetaResponse,
    result,
};
use buildkit_proto::{frontend, pb, rpc};
use mstage::gateway::bridge::{
    Attestation, AttestationKind, Bridge, Build, CacheImport, Error, FileKind, ImageMeta,
    ImageRequest, OciLayout, Ref, Refs, ResolveMode, SolveRequest, SolveResult, SourceRequest,
    Status, Subject, SubjectKind, Unsupported, Warning,
};
use prost::Message;

use crate::definition::digest;
use crate::fake::{Call, Daemon, Do, Engine, Gate, Method, Nested, Release, failure};

async fn connect(engine: Engine) -> (Bridge, Daemon) {
    let (io, daemon) = engine.start();
    (Bridge::connect(io).await.unwrap(), daemon)
}

/// The graph that is nothing but a source.
fn source(identifier: &str, attrs: &[(&str, &str)]) -> Definition {
    let attrs = attrs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let source = pb::SourceOp { identifier: identifier.to_owned(), attrs };
    let op = pb::Op { op: Some(pb::op::Op::Source(source)), ..Default::default() }.encode_to_vec();
    let input = pb::Input { digest: digest(&op), index: 0 };
    let terminal = pb::Op { inputs: vec![input], ..Default::default() }.encode_to_vec();
    let metadata = [&op, &terminal].map(|op| (digest(op), pb::OpMetadata::default())).into();
    pb::Definition { def: vec![op, terminal], metadata, source: None }.into()
}

fn local(name: &str) -> SolveRequest {
    SolveRequest::new(source(&format!("local://{name}"), &[]))
}

fn image(reference: &str) -> ImageRequest {
    ImageRequest {
        reference: reference.to_owned(),
        platform: None,
        mode: ResolveMode::Default,
        log_name: format!("[internal] load metadata for {reference}"),
        layout: None,
    }
}

async fn solve_ref(bridge: &Bridge, request: SolveRequest) -> Ref {
    match bridge.solve(request).await.unwrap().refs {
        Refs::Single(Some(reference)) => reference,
        other => panic!("not one reference: {other:?}"),
    }
}

// === What a daemon can do ===

#[tokio::test]
async fn capabilities_of_each_release() {
    let check = async |release, gateway: &str, llb: &str| {
        let (bridge, _) = connect(Engine::new(release)).await;
        let caps = bridge.capabilities();
        let first = |id: &str| caps.gateway.supports(id) || caps.llb.supports(id);
        let has = |ids: &str| ids.split(' ').map(|id| if first(id) { '1' } else { '0' }).collect();
        let has: [String; 2] = [
            has("frontend.inputs gateway.evaluate source.metaresolver"),
            has("mergeop passthroughop"),
        ];
        assert_eq!(has, [gateway, llb], "{release:?}");
        assert_eq!(caps.workers[0].platforms[0].architecture, "amd64");
    };
    check(Release::Bookworm, "100", "00").await;
    check(Release::Trixie, "111", "00").await;
    check(Release::Forky, "111", "10").await;
    check(Release::Head, "111", "11").await;
}

#[tokio::test]
async fn what_is_missing_is_told_from_what_is_switched_off() {
    let (bridge, _) = connect(Engine::new(Release::Trixie)).await;
    let llb = &bridge.capabilities().llb;
    let message = |id| llb.require(id).unwrap_err().to_string();
    assert_eq!(message("passthroughop"), "this BuildKit is too old: it has no passthroughop");
    assert_eq!(
        message("mergeop"),
        "this BuildKit has mergeop switched off: only enabled with containerd image store backend"
    );
    assert_eq!(llb.require("source.image"), Ok(()));
    assert!(llb.iter().any(|id| id == "source.image"));
    assert!(!llb.iter().any(|id| id == "mergeop"));
}

#[tokio::test]
async fn a_daemon_that_does_not_say_has_the_baseline() {
    let (bridge, _) = connect(Engine::new(Release::Bookworm).silent()).await;
    let caps = bridge.capabilities();
    assert_eq!(
        caps.gateway.iter().collect::<Vec<_>>(),
        ["readfile", "resolveimage", "solve.base", "solve.inlinereturn"]
    );
    assert_eq!(caps.llb.iter().count(), 29);
    assert!(caps.llb.supports("soruce.http.uidgid"));
    assert!(!caps.llb.supports("exec.mount.ssh"));

    let error = bridge.return_result(SolveResult::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "this BuildKit is too old: it has no return");
}

// === Solving ===

#[tokio::test]
async fn solve_asks_for_todays_replies() {
    let (bridge, daemon) = connect(Engine::new(Release::Head)).await;
    let attrs = BTreeMap::from([("ref".to_owned(), "example.com/cache".to_owned())]);
    let request = SolveRequest {
        cache_imports: vec![CacheImport { kind: "registry".to_owned(), attrs: attrs.clone() }],
        ..local("context")
    };
    let reference = solve_ref(&bridge, request).await;
    assert_eq!(reference.id(), "ref0");
    // The caller has the graph already.
    assert_eq!(reference.definition, None);

    let [sent] = &daemon.solves()[..] else { panic!("one solve") };
    assert!(sent.allow_result_return && sent.allow_result_array_ref && !sent.evaluate);
    let cache = frontend::CacheOptionsEntry { r#type: "registry".to_owned(), attrs };
    assert_eq!(sent.cache_imports, [cache]);
}

#[tokio::test]
async fn a_graph_that_the_daemon_cannot_do_is_not_sent() {
    let (bridge, daemon) =
        connect(Engine::new(Release::Forky).disabled("source.http", "no network here")).await;
    let mut definition = source("https://example.com/", &[]).to_proto();
    for metadata in definition.metadata.values_mut() {
        metadata.caps = [("source.http".to_owned(), true)].into();
    }
    let error = bridge.solve(SolveRequest::new(definition.into())).await.unwrap_err();
    let disabled = Some("no network here".to_owned());
    let unsupported = Unsupported { id: "source.http".to_owned(), disabled };
    assert_eq!(error, Error::Unsupported(unsupported));
    assert_eq!(daemon.methods(), [Method::Ping]);
}

#[tokio::test]
async fn an_empty_graph_gives_no_reference() {
    let (bridge, _) = connect(Engine::new(Release::Head)).await;
    let result = bridge.solve(SolveRequest::new(Definition::default())).await.unwrap();
    assert_eq!(result, SolveResult::default());
    assert_eq!(result.refs.iter().count(), 0);
}

#[tokio::test]
async fn a_nested_frontend_gives_its_graph() {
    let made = source("docker-image://docker.io/library/busybox:latest", &[]).into_encoded();
    let answer = Nested {
        definition: made.clone(),
        metadata: [("containerimage.config".to_owned(), b"{}".to_vec())].into(),
        ..Default::default()
    };
    let (bridge, daemon) =
        connect(Engine::new(Release::Bookworm).frontend("dockerfile.v0", answer)).await;
    let opts = BTreeMap::from([("target".to_owned(), "base".to_owned())]);
    let inputs = BTreeMap::from([("context".to_owned(), source("local://context", &[]))]);
    let build = Build::Frontend {
        name: "dockerfile.v0".to_owned(),
        opts: opts.clone(),
        inputs: inputs.clone(),
    };
    let result = bridge.solve(SolveRequest { build, ..local("unused") }).await.unwrap();
    assert_eq!(result.metadata["containerimage.config"], b"{}");
    assert_eq!(result.refs.iter().next().unwrap().definition, Some(made));

    let [sent] = &daemon.solves()[..] else { panic!("one solve") };
    assert_eq!(sent.frontend_opt, opts);
    assert_eq!(sent.frontend_inputs["context"], inputs["context"].clone().into_encoded());
    assert_eq!((sent.frontend.as_str(), &sent.definition), ("dockerfile.v0", &None));
}

#[tokio::test]
async fn evaluate_by_whatever_the_daemon_has() {
    let check = async |engine: Engine, expect: &[Method]| {
        let (bridge, daemon) = connect(engine.source("local://context", [("a", "")])).await;
        let reference = solve_ref(&bridge, local("context")).await;
        bridge.evaluate(&reference).await.unwrap();
        assert_eq!(daemon.methods()[2..], *expect);
        daemon
    };
    check(Engine::new(Release::Head), &[Method::Evaluate]).await;
    // Not StatFile: that would unpack images.
    let daemon = check(Engine::new(Release::Bookworm), &[Method::Solve]).await;
    let [lazy, eager] = &daemon.solves()[..] else { panic!("two solves") };
    assert!(eager.evaluate);
    assert_eq!(lazy, &frontend::SolveRequest { evaluate: false, ..eager.clone() });

    let ancient = Engine::new(Release::Bookworm).without("gateway.solve.evaluate");
    let daemon = check(ancient, &[Method::StatFile]).await;
    assert!(matches!(&daemon.calls()[2], Call::StatFile(request) if request.path == "."));
}

#[tokio::test]
async fn solve_and_evaluate_at_once() {
    let check = async |engine: Engine, expect: &[Method]| {
        let (bridge, daemon) = connect(engine.source("local://context", [("a", "")])).await;
        let reference =
            solve_ref(&bridge, SolveRequest { evaluate: true, ..local("context") }).await;
        assert_eq!(daemon.methods()[1..], *expect);
        (bridge, daemon, reference)
    };
    let (bridge, daemon, reference) = check(Engine::new(Release::Bookworm), &[Method::Solve]).await;
    assert!(daemon.solves()[0].evaluate);
    // Again is no work.
    bridge.evaluate(&reference).await.unwrap();
    assert_eq!(daemon.solves().len(), 1);

    let ancient = Engine::new(Release::Bookworm).without("gateway.solve.evaluate");
    let (_, daemon, _) = check(ancient, &[Method::Solve, Method::StatFile]).await;
    assert!(!daemon.solves()[0].evaluate);
}

// === Files ===

#[tokio::test]
async fn read_a_file_or_find_that_there_is_none() {
    for release in Release::ALL {
        let files = [("mstage.toml", "[stages]"), ("empty", "")];
        let (bridge, _) = connect(Engine::new(release).source("local://dockerfile", files)).await;
        let reference = solve_ref(&bridge, local("dockerfile")).await;
        let read = async |path| bridge.read_file(&reference, path).await;
        assert_eq!(read("mstage.toml").await.unwrap().unwrap(), b"[stages]");
        assert_eq!(read("empty").await.unwrap().unwrap(), b"");
        assert_eq!(read("mstage.toml.dockerignore").await, Ok(None));
    }
}

#[tokio::test]
async fn other_failures_are_not_taken_for_missing_files() {
    let (bridge, _) =
        connect(Engine::new(Release::Head).source("local://dockerfile", [("dir/file", "")]).on(
            Method::ReadFile,
            Do::Fail(rpc::Status { code: 13, ..failure("oops: no such file or directory") }),
        ))
        .await;
    let reference = solve_ref(&bridge, local("dockerfile")).await;
    let message =
        async |reference: &Ref| bridge.read_file(reference, "dir").await.unwrap_err().to_string();
    assert_eq!(message(&reference).await, "oops: no such file or directory");
    assert_eq!(message(&reference).await, "dir is not a regular file");
    let missing = solve_ref(&bridge, local("elsewhere")).await;
    assert_eq!(message(&missing).await, "failed to load: no local source elsewhere");
}

#[tokio::test]
async fn large_files_are_read_in_parts() {
    let part = 4 << 20;
    let check = async |size: usize, parts: &[i64]| {
        let data: Vec<u8> = (0..size).map(|at| (at / 1000) as u8).collect();
        let files = [("large", data.clone())];
        let (bridge, daemon) =
            connect(Engine::new(Release::Head).source("local://context", files)).await;
        let reference = solve_ref(&bridge, local("context")).await;
        let read = bridge.read_file(&reference, "large").await.unwrap().unwrap();
        // Not `assert_eq`, which would print all of it.
        assert!(read == data, "{size} bytes came back as {}", read.len());
        let ranges = daemon.calls().into_iter().filter_map(|call| match call {
            Call::ReadFile(request) => request.range,
            _ => None,
        });
        let expect = parts.iter().map(|&offset| FileRange { offset, length: part });
        assert!(ranges.eq(expect));
    };
    check(1, &[0]).await;
    check(part as usize, &[0, part]).await;
    check(4 << 20, &[0, part]).await;
}

/// Of a file that is larger than any that is read whole no more is asked for than shows it.
#[tokio::test]
async fn a_file_that_is_too_large() {
    let files = [("large", vec![b'x'; 40 << 20])];
    let (bridge, daemon) =
        connect(Engine::new(Release::Head).source("local://context", files)).await;
    let reference = solve_ref(&bridge, local("context")).await;
    let error = bridge.read_file(&reference, "large").await.unwrap_err();
    assert_eq!(error, Error::TooLarge { limit: 4 << 20 });
    let reads = daemon.methods().into_iter().filter(|&method| method == Method::ReadFile).count();
    assert_eq!(reads, 2);
}

#[tokio::test]
async fn stat_and_read_dir() {
    let files = [("a", "12"), ("sub/b", ""), ("sub/deep/c", "")];
    let (bridge, _) =
        connect(Engine::new(Release::Bookworm).source("local://context", files)).await;
    let reference = solve_ref(&bridge, local("context")).await;

    let stat = bridge.stat(&reference, "a").await.unwrap().unwrap();
    assert_eq!((stat.kind, stat.mode, stat.size), (FileKind::File, 0o644, 2));
    let root = bridge.stat(&reference, ".").await.unwrap().unwrap();
    assert_eq!((root.kind, root.mode), (FileKind::Directory, 0o755));
    assert_eq!(bridge.stat(&reference, "b").await, Ok(None));

    let list = bridge.read_dir(&reference, "sub", "").await.unwrap().unwrap();
    let list: Vec<_> = list.into_iter().map(|entry| (entry.path, entry.kind)).collect();
    assert_eq!(list, [("b".to_owned(), FileKind::File), ("deep".to_owned(), FileKind::Directory)]);
    assert_eq!(bridge.read_dir(&reference, "none", "").await, Ok(None));
}

#[tokio::test]
async fn only_the_paths_that_were_asked_for_are_there() {
    let files = [("mstage.toml", "x"), ("secret", "y")];
    let (bridge, _) = connect(Engine::new(Release::Head).source("local://dockerfile", files)).await;
    let attrs = [("local.followpaths", r#"["mstage.toml","mstage.toml.dockerignore"]"#)];
    let request = SolveRequest::new(source("local://dockerfile", &attrs));
    let reference = solve_ref(&bridge, request).await;
    assert_eq!(bridge.read_file(&reference, "mstage.toml").await.unwrap().unwrap(), b"x");
    assert_eq!(bridge.read_file(&reference, "secret").await, Ok(None));
}

// === Images and other sources ===

const ALPINE: &str = "docker.io/library/alpine:3.20";

#[tokio::test]
async fn images_on_every_release() {
    for release in Release::ALL {
        let engine = Engine::new(release).image(ALPINE, "sha256:aa", r#"{"os":"linux"}"#).image_on(
            "linux/arm64",
            ALPINE,
            "sha256:aa",
            r#"{"os":"linux","architecture":"arm64"}"#,
        );
        let (bridge, daemon) = connect(engine).await;
        let resolved = bridge.resolve_image(image(ALPINE)).await.unwrap();
        assert_eq!(resolved.reference, ALPINE);
        assert_eq!(resolved.meta.digest.as_deref(), Some("sha256:aa"));
        assert_eq!(resolved.meta.config, br#"{"os":"linux"}"#);

        let platform = pb::Platform {
            os: "linux".to_owned(),
            architecture: "arm64".to_owned(),
            ..Default::default()
        };
        let request =
            ImageRequest { platform: Some(platform), mode: ResolveMode::Pull, ..image(ALPINE) };
        let resolved = bridge.resolve_image(request).await.unwrap();
        assert_eq!(resolved.meta.config, br#"{"os":"linux","architecture":"arm64"}"#);

        let (log_name, mode) = match daemon.calls().swap_remove(2) {
            Call::ResolveSourceMeta(request) => (request.log_name, request.resolve_mode),
            Call::ResolveImageConfig(request) => (request.log_name, request.resolve_mode),
            other => panic!("{other:?}"),
        };
        assert_eq!(log_name, "[internal] load metadata for docker.io/library/alpine:3.20");
        assert_eq!(mode, "pull");
        let old = release == Release::Bookworm;
        assert_eq!(daemon.methods()[1] == Method::ResolveImageConfig, old, "{release:?}");

        let error = bridge.resolve_image(image("docker.io/library/nope:1")).await.unwrap_err();
        let Error::Status(status) = error else { panic!("{error:?}") };
        assert_eq!(status.code(), 5);
    }
}

#[tokio::test]
async fn an_image_in_an_old_store_has_no_digest() {
    let (bridge, _) = connect(Engine::new(Release::Bookworm).image(ALPINE, "", "{}")).await;
    let resolved = bridge.resolve_image(image(ALPINE)).await.unwrap();
    assert_eq!(resolved.meta, ImageMeta { digest: None, config: b"{}".to_vec() });
}

#[tokio::test]
async fn a_policy_may_put_another_source_in_place() {
    let identifier = format!("docker-image://{ALPINE}");
    let redirect = |to: &str, image| ResolveSourceMetaResponse {
        source: Some(pb::SourceOp { identifier: to.to_owned(), ..Default::default() }),
        image,
        ..Default::default()
    };
    let to_image = redirect(
        "docker-image://example.com/mine:1",
        Some(frontend::ResolveSourceImageResponse::default()),
    );
    let (bridge, _) = connect(Engine::new(Release::Head).meta(&identifier, to_image)).await;
    let resolved = bridge.resolve_image(image(ALPINE)).await.unwrap();
    assert_eq!(resolved.reference, "example.com/mine:1");

    let to_http = redirect("https://example.com/alpine.tar", None);
    let (bridge, _) = connect(Engine::new(Release::Head).meta(&identifier, to_http)).await;
    assert_eq!(
        bridge.resolve_image(image(ALPINE)).await.unwrap_err().to_string(),
        "a source policy replaces docker.io/library/alpine:3.20 by https://example.com/alpine.tar, \
         which is not an image"
    );
}

#[tokio::test]
async fn images_in_a_layout_of_the_client() {
    let request = ImageRequest {
        layout: Some(OciLayout { session_id: "session".to_owned(), store_id: "store".to_owned() }),
        ..image("store@sha256:aa")
    };
    let (bridge, daemon) = connect(Engine::new(Release::Head)).await;
    bridge.resolve_image(request.clone()).await.unwrap_err();
    let Call::ResolveSourceMeta(sent) = &daemon.calls()[1] else { panic!("the new way") };
    let source = sent.source.as_ref().unwrap();
    assert_eq!(source.identifier, "oci-layout://store@sha256:aa");
    let attrs = [("oci.session", "session"), ("oci.store", "store")];
    assert!(source.attrs.iter().map(|(key, value)| (&**key, &**value)).eq(attrs));

    let (bridge, daemon) = connect(Engine::new(Release::Bookworm)).await;
    bridge.resolve_image(request).await.unwrap_err();
    let Call::ResolveImageConfig(sent) = &daemon.calls()[1] else { panic!("the old way") };
    assert_eq!((sent.resolver_type, &*sent.session_id, &*sent.store_id), (1, "session", "store"));
}

#[tokio::test]
async fn git_and_http() {
    let source =
        |identifier: &str| pb::SourceOp { identifier: identifier.to_owned(), ..Default::default() };
    let git = "git://github.com/moby/buildkit.git#v0.32.0";
    let git_meta = ResolveSourceMetaResponse {
        source: Some(source(git)),
        git: Some(ResolveSourceGitResponse {
            checksum: "aaaa".to_owned(),
            r#ref: "refs/tags/v0.32.0".to_owned(),
            commit_checksum: "bbbb".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let http = "https://example.com/a.tar";
    let http_meta = ResolveSourceMetaResponse {
        source: Some(source(http)),
        http: Some(ResolveSourceHttpResponse {
            checksum: "sha256:cc".to_owned(),
            filename: "a.tar".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let engine =
        |release| Engine::new(release).meta(git, git_meta.clone()).meta(http, http_meta.clone());
    let request = |identifier| SourceRequest {
        source: source(identifier),
        platform: None,
        mode: ResolveMode::Default,
        log_name: String::new(),
        with_commit: false,
    };
    let (bridge, _) = connect(engine(Release::Head)).await;
    let meta = bridge.resolve_source(request(git)).await.unwrap().git.unwrap();
    assert_eq!(
        (&*meta.reference, &*meta.checksum, meta.commit.as_deref()),
        ("refs/tags/v0.32.0", "aaaa", Some("bbbb"))
    );
    let meta = bridge.resolve_source(request(http)).await.unwrap().http.unwrap();
    assert_eq!((&*meta.digest, &*meta.filename, meta.last_modified), ("sha256:cc", "a.tar", None));

    let (bridge, _) = connect(engine(Release::Bookworm)).await;
    assert_eq!(
        bridge.resolve_source(request(git)).await.unwrap_err().to_string(),
        "this BuildKit is too old: it has no source.metaresolver"
    );
}

#[tokio::test]
async fn an_answer_about_nothing_is_an_error() {
    let identifier = format!("docker-image://{ALPINE}");
    let empty = ResolveSourceMetaResponse::default();
    let (bridge, _) = connect(Engine::new(Release::Head).meta(&identifier, empty)).await;
    let error = bridge.resolve_image(image(ALPINE)).await.unwrap_err();
    assert!(matches!(error, Error::Reply(_)), "{error:?}");
}

#[tokio::test]
async fn calls_run_at_once() {
    let engine = Engine::new(Release::Head)
        .image(ALPINE, "sha256:aa", "{}")
        .together(Method::ResolveSourceMeta, 3);
    let (bridge, _) = connect(engine).await;
    let (a, b, c) = tokio::join!(
        bridge.resolve_image(image(ALPINE)),
        bridge.resolve_image(image(ALPINE)),
        bridge.resolve_image(image(ALPINE)),
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
}

#[tokio::test]
async fn a_slow_call_holds_no_other_up() {
    let gate = Gate::new();
    let engine = Engine::new(Release::Head)
        .source("local://context", [("a", "1")])
        .image(ALPINE, "sha256:aa", "{}")
        .on(Method::ResolveSourceMeta, Do::Answer)
        .on(Method::ResolveSourceMeta, Do::Wait(gate.clone()));
    let (bridge, daemon) = connect(engine).await;
    bridge.resolve_image(image(ALPINE)).await.unwrap();
    let slow = bridge.resolve_image(image(ALPINE));
    let quick = async {
        gate.reached().await;
        solve_ref(&bridge, local("context")).await;
        gate.open();
    };
    let (slow, ()) = tokio::join!(slow, quick);
    slow.unwrap();
    assert_eq!(daemon.methods()[2..], [Method::ResolveSourceMeta, Method::Solve]);
}

// === Inputs and warnings ===

#[tokio::test]
async fn inputs() {
    let input = source("local://context", &[]);
    let engine = Engine::new(Release::Bookworm).input("base", input.clone());
    let (bridge, daemon) = connect(engine).await;
    let inputs = BTreeMap::from([("base".to_owned(), input)]);
    assert_eq!(bridge.inputs().await, Ok(&inputs));
    assert_eq!(bridge.inputs().await, Ok(&inputs));
    assert_eq!(daemon.methods(), [Method::Ping, Method::Inputs], "they are asked for once");

    let (bridge, _) = connect(Engine::new(Release::Bookworm).without("frontend.inputs")).await;
    assert_eq!(bridge.inputs().await, Ok(&BTreeMap::new()));
}

#[tokio::test]
async fn warnings_where_there_are_any() {
    let info = pb::SourceInfo { filename: "mstage.toml".to_owned(), ..Default::default() };
    let warning = Warning {
        digest: "sha256:aa".to_owned(),
        level: 1,
        short: "short (line 1)".to_owned(),
        detail: vec!["more".to_owned()],
        url: "https://example.com/rule".to_owned(),
        source: Some((info.clone(), vec![pb::Range::default()])),
    };
    let (bridge, daemon) = connect(Engine::new(Release::Head)).await;
    bridge.warn(warning.clone()).await.unwrap();
    let Call::Warn(sent) = &daemon.calls()[1] else { panic!("a warning") };
    assert_eq!((sent.short.as_slice(), &sent.info), (&b"short (line 1)"[..], &Some(info)));
    assert_eq!(sent.detail, [b"more"]);

    let (bridge, daemon) = connect(Engine::new(Release::Bookworm)).await;
    bridge.warn(warning).await.unwrap();
    assert_eq!(daemon.methods(), [Method::Ping]);
}

// === The end ===

#[tokio::test]
async fn return_one_reference_or_none() {
    let (bridge, daemon) = connect(Engine::new(Release::Head)).await;
    let result = bridge.solve(local("context")).await.unwrap();
    let metadata = BTreeMap::from([("containerimage.config".to_owned(), b"{}".to_vec())]);
    bridge.return_result(SolveResult { metadata, ..result }).await.unwrap();
    let returned = daemon.returned().unwrap().result.unwrap();
    assert_eq!(returned.metadata["containerimage.config"], b"{}");
    let reference = frontend::Ref { id: "ref0".to_owned(), def: None };
    assert_eq!(returned.result, Some(result::Result::Ref(reference)));

    // A second one is an error, and the first stands.
    let error = bridge.return_result(SolveResult::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "gateway result is already set");

    let (bridge, daemon) = connect(Engine::new(Release::Head)).await;
    bridge.return_result(SolveResult::default()).await.unwrap();
    let returned = daemon.returned().unwrap().result.unwrap();
    assert_eq!(returned.result, Some(result::Result::Ref(frontend::Ref::default())));
}

#[tokio::test]
async fn return_several_platforms() {
    let result = async |bridge: &Bridge| {
        let reference = solve_ref(bridge, local("context")).await;
        let refs = [("linux/amd64".to_owned(), Some(reference)), ("linux/arm64".to_owned(), None)];
        SolveResult { refs: Refs::ByPlatform(refs.into()), ..Default::default() }
    };
    let ids = [("linux/amd64", "ref0"), ("linux/arm64", "")];
    let ids = ids.map(|(platform, id)| (platform.to_owned(), id.to_owned()));

    let (bridge, daemon) = connect(Engine::new(Release::Head)).await;
    bridge.return_result(result(&bridge).await).await.unwrap();
    let Some(result::Result::Refs(map)) = daemon.returned().unwrap().result.unwrap().result else {
        panic!("references")
    };
    assert!(map.refs.into_iter().map(|(platform, of)| (platform, of.id)).eq(ids.clone()));

    let (bridge, daemon) = connect(Engine::new(Release::Bookworm).without("proto.refarray")).await;
    bridge.return_result(result(&bridge).await).await.unwrap();
    let returned = daemon.returned().unwrap().result.unwrap().result;
    let refs = BTreeMap::from(ids);
    let deprecated = frontend::RefMapDeprecated { refs };
    assert_eq!(returned, Some(result::Result::RefsDeprecated(deprecated)));

    let (bridge, daemon) = connect(Engine::new(Release::Bookworm).without("returnmap")).await;
    let error = bridge.return_result(result(&bridge).await).await.unwrap_err();
    assert!(matches!(error, Error::Unsupported(_)));
    assert_eq!(daemon.returned(), None);
}

#[tokio::test]
async fn return_attestations() {
    let (bridge, daemon) = connect(Engine::new(Release::Head)).await;
    let reference = solve_ref(&bridge, local("context")).await;
    let attestation = Attestation {
        kind: AttestationKind::Bundle,
        metadata: [("reason".to_owned(), b"sbom".to_vec())].into(),
        reference: Some(reference),
        path: "/sbom".to_owned(),
        predicate_type: "https://spdx.dev/Document".to_owned(),
        subjects: vec![Subject {
            kind: SubjectKind::Raw,
            name: "app".to_owned(),
            digests: vec!["sha256:aa".to_owned()],
        }],
    };
    let attestations = [("linux/amd64".to_owned(), vec![attestation])].into();
    bridge.return_result(SolveResult { attestations, ..Default::default() }).await.unwrap();
    let returned = daemon.returned().unwrap().result.unwrap();
    let sent = &returned.attestations["linux/amd64"].attestation[0];
    assert_eq!(sent.kind(), frontend::AttestationKind::Bundle);
    assert_eq!(sent.r#ref.as_ref().unwrap().id, "ref0");
    assert_eq!(sent.in_toto_subjects[0].kind(), frontend::InTotoSubjectKind::Raw);
}

#[tokio::test]
async fn return_an_error_of_our_own() {
    let (bridge, daemon) = connect(Engine::new(Release::Head)).await;
    let text = "# syntax=myorg/mstage\nfrom = 1\n";
    let status = Status::new("unknown key `from`")
        .with_source("mstage.toml", text.as_bytes(), "TOML", &[2..=2], None)
        .with_subrequest("frontend.nothing");
    bridge.return_error(status).await.unwrap();

    let error = daemon.returned().unwrap().error.unwrap();
    assert_eq!((error.code, error.message.as_str()), (2, "unknown key `from`"));
    let details: Vec<_> = error
        .details
        .iter()
        .map(|detail| (detail.type_url.as_str(), std::str::from_utf8(&detail.value).unwrap()))
        .collect();
    assert_eq!(
        details,
        [
            (
                "github.com/moby/buildkit/errdefs.Source+json",
                r#"{"info":{"filename":"mstage.toml","data":"IyBzeW50YXg9bXlvcmcvbXN0YWdlCmZyb20gPSAxCg==","language":"TOML"},"ranges":[{"start":{"line":2},"end":{"line":2}}]}"#
            ),
            ("github.com/moby/buildkit/errdefs.Subrequest+json", r#"{"name":"frontend.nothing"}"#),
        ]
    );
}

#[tokio::test]
async fn an_error_of_the_daemon_is_forwarded_whole() {
    let details = vec![
        rpc::Any {
            type_url: "github.com/moby/buildkit/errdefs.Vertex+json".to_owned(),
            value: br#"{"digest":"sha256:aa"}"#.to_vec(),
        },
        rpc::Any { type_url: "of.tomorrow".to_owned(), value: vec![0, 255] },
    ];
    let failed = rpc::Status { details, ..failure("exit code: 1") };
    let engine = Engine::new(Release::Head).on(Method::Evaluate, Do::Fail(failed.clone()));
    let (bridge, daemon) = connect(engine).await;
    let reference = solve_ref(&bridge, local("context")).await;
    let error = bridge.evaluate(&reference).await.unwrap_err();

    let status = Status::from(error).context("building test");
    assert!(status.details("errdefs.Vertex").eq([br#"{"digest":"sha256:aa"}"#]));
    assert_eq!(status.details("errdefs.Vert").count(), 0);
    bridge.return_error(status).await.unwrap();
    let message = "building test: exit code: 1".to_owned();
    assert_eq!(daemon.returned().unwrap().error.unwrap(), rpc::Status { message, ..failed });
}

#[tokio::test]
async fn an_error_that_is_too_large_goes_without_its_excerpts() {
    let too_large = rpc::Status { code: 8, ..failure("message larger than max") };
    let engine = Engine::new(Release::Head).on(Method::Return, Do::Fail(too_large));
    let (bridge, daemon) = connect(engine).await;
    let status = Status::new("wrong").with_source("mstage.toml", b"x", "TOML", &[1..=1], None);
    bridge.return_error(status).await.unwrap();
    let error = daemon.returned().unwrap().error.unwrap();
    let [place] = &error.details[..] else { panic!("{error:?}") };
    let place: serde_json::Value = serde_json::from_slice(&place.value).unwrap();
    assert_eq!(
        (&place["info"]["filename"], &place["info"]["data"]),
        (&"mstage.toml".into(), &"".into())
    );
    assert_eq!(place["ranges"][0]["start"]["line"], 1);
    assert_eq!(error.message, "wrong");
}
