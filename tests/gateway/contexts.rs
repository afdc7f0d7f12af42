//! The sources of the build file and the build context, and named contexts.

use std::collections::BTreeSet;

use buildkit_llb::{Definition, Graph, Image, Metadata};
use buildkit_proto::frontend::ResolveSourceMetaResponse;
use buildkit_proto::pb;
use mstage::gateway::run;

use crate::fake::{Call, Do, Engine, Gate, Method, Release, failure};
use crate::frontend::{CONFIG, build_with, engine, error, ops, returned, sources};

const SPEC: &str = "[stages.a]\nfrom = 'scratch'\nsteps = [{ copy = 'x' }]\n";

#[tokio::test]
async fn a_repository_holds_context_and_build_file() {
    let repository = "git://example.com/a.git#main:sub";
    let engine = Engine::new(Release::Head)
        .source(repository, [("mstage.toml", SPEC), (".dockerignore", "x")]);
    let options =
        ["context=https://example.com/a.git#main:sub", "build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR=1"];
    let daemon = build_with(engine, &options).await;
    let ops = ops(&daemon);
    let sources = sources(&ops);
    assert_eq!(sources.keys().collect::<Vec<_>>(), [&repository]);
    assert_eq!(sources[repository]["git.keepgitdir"], "true");
    assert!(returned(&daemon).error.is_none());
    assert!(!daemon.methods().contains(&Method::Inputs), "nothing else can be the context");
}

#[tokio::test]
async fn a_build_file_of_the_client_goes_with_any_context() {
    let engine = Engine::new(Release::Head).source("local://files", [("mstage.toml", SPEC)]);
    let options =
        ["context=https://example.com/a.git", "dockerfilekey=files", "local-sessionid:files=other"];
    let daemon = build_with(engine, &options).await;
    assert!(sources(&ops(&daemon)).contains_key("git://example.com/a.git"));
    let Call::Solve(first) =
        daemon.calls().into_iter().find(|call| call.method() == Method::Solve).unwrap()
    else {
        unreachable!("the method is Solve")
    };
    let text = String::from_utf8_lossy(first.definition.as_ref().unwrap().as_bytes()).into_owned();
    assert!(text.contains("local://files") && text.contains("other"));
}

/// A reply to a lookup of an image that a source policy replaces.
fn replaced(identifier: &str) -> ResolveSourceMetaResponse {
    let source = pb::SourceOp { identifier: identifier.to_owned(), ..Default::default() };
    ResolveSourceMetaResponse { source: Some(source), ..Default::default() }
}

/// Here the policy replaces the image by another one, and that one by a directory of the client.
/// The stage and the ignore file are those of the directory.
#[tokio::test]
async fn a_source_policy_replaces_the_image_of_a_context() {
    const SPEC: &str = "[stages.a]\nfrom = 'base'\nsteps = [{ copy = '/x', from = 'base' }]\n";
    let engine = |last: &str| {
        Engine::new(Release::Head)
            .source("local://dockerfile", [("mstage.toml", SPEC)])
            .source("local://files", [(".dockerignore", "tmp")])
            .meta("docker-image://docker.io/library/alpine:3", replaced("docker-image://first:1"))
            .meta("docker-image://docker.io/library/first:1", replaced(last))
    };
    let options = ["context:base=docker-image://alpine:3"];
    let daemon = build_with(engine("local://files"), &options).await;
    assert!(returned(&daemon).error.is_none(), "{:?}", returned(&daemon).error);
    let ops = ops(&daemon);
    let sources = sources(&ops);
    assert_eq!(sources.keys().collect::<Vec<_>>(), [&"local://files"]);
    assert_eq!(sources["local://files"]["local.excludepatterns"], r#"["tmp"]"#);

    let (message, _) = error(&build_with(engine("docker-image://alpine:3"), &options).await);
    assert!(message.contains("a source policy replaces docker.io/library/"), "{message}");
    let (message, _) = error(&build_with(engine("what://ever"), &options).await);
    assert!(message.contains("replaces docker.io/library/first:1 with what://ever"), "{message}");
}

/// A call, a lock file and an export of caches plan like a build.
#[tokio::test]
async fn what_a_source_policy_replaces_is_replaced_in_every_plan() {
    const SPEC: &str = "[stages.a]\nfrom = 'alpine:3'\n\
        steps = [{ copy = '/x', from = 'base' }, { run = 'x', mounts = [{ cache = '/c' }] }]\n";
    let digest = format!("sha256:{}", "a".repeat(64));
    for target in [
        "requestid=frontend.explain",
        "requestid=frontend.lint",
        "target=mstage.lock",
        "target=mstage.caches",
    ] {
        let engine = Engine::new(Release::Head)
            .image("docker.io/library/alpine:3", &digest, CONFIG)
            .source("local://dockerfile", [("mstage.toml", SPEC)])
            .source("local://files", [(".dockerignore", "")])
            .meta("docker-image://docker.io/library/base:1", replaced("local://files"));
        let options = ["context:base=docker-image://base:1", "source=myorg/mstage", target];
        let daemon = build_with(engine, &options).await;
        let returned = returned(&daemon);
        assert!(returned.error.is_none(), "{target}: {:?}", returned.error);
    }
}

/// As for Dockerfiles: the files of an image that is no build context must come from an image.
#[tokio::test]
async fn a_source_policy_does_not_replace_an_image_of_the_file() {
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", [("mstage.toml", "[stages.a]\nfrom = 'alpine:3'\n")])
        .meta("docker-image://docker.io/library/alpine:3", replaced("local://files"));
    let (message, _) = error(&build_with(engine, &[]).await);
    assert!(message.contains("with local://files, which is not an image"), "{message}");
    assert!(message.contains("help: name an image in the policy; only a named"), "{message}");
}

#[tokio::test]
async fn one_file_of_the_web_is_build_file_and_context() {
    let url = "https://example.com/mstage.toml";
    let daemon = build_with(
        Engine::new(Release::Head).source(url, [("context", SPEC)]),
        &[&format!("context={url}")],
    )
    .await;
    let ops = ops(&daemon);
    assert_eq!(sources(&ops)[url]["http.filename"], "context");
    assert!(returned(&daemon).error.is_none());
}

/// An archive of a kind that BuildKit does not unpack is treated as the build file.
#[tokio::test]
async fn a_large_file_of_the_web_is_no_build_file() {
    let url = "https://example.com/x.zip";
    let zip = [b"PK".to_vec(), vec![0; 17 << 20]].concat();
    let engine = Engine::new(Release::Head).source(url, [("context", zip)]);
    let (message, _) = error(&build_with(engine, &[&format!("context={url}")]).await);
    assert!(message.starts_with("cannot read `context`: it is larger than 4 MiB; "), "{message}");
}

#[tokio::test]
async fn a_context_that_is_none_names_the_option() {
    for (context, message) in [
        (
            "ftp://example.com/a",
            "option `context`: expected a git repository or a URL, found `ftp://example.com/a`",
        ),
        (
            "https://example.com/a.git?x=1",
            "option `context`: `https://example.com/a.git?x=1`: unexpected query \"x\": expected `ref`, ",
        ),
    ] {
        let daemon = build_with(Engine::new(Release::Head), &[&format!("context={context}")]).await;
        assert!(error(&daemon).0.starts_with(message), "{}", error(&daemon).0);
    }
}

/// The result of another build of the client.
fn input() -> Definition {
    let mut graph = Graph::new();
    let state = graph
        .add(Image::new("docker.io/library/alpine:3.20".parse().unwrap()), Metadata::default());
    graph.definition(state)
}

#[tokio::test]
async fn another_build_gives_the_context() {
    let image = "docker-image://docker.io/library/alpine:3.20";
    // The daemon's answer if the client offers no such directory.
    let engine = Engine::new(Release::Head)
        .source(image, [("mstage.toml", SPEC)])
        .input("context", input())
        .input("dockerfile", input())
        .on(Method::ReadFile, Do::Fail(failure("no such directory of the client: dockerfile")));
    let daemon = build_with(engine, &[]).await;
    assert_eq!(daemon.methods().iter().filter(|&&method| method == Method::Inputs).count(), 1);
    assert_eq!(sources(&ops(&daemon)).keys().collect::<Vec<_>>(), [&image]);
}

/// As if another frontend started this one with generated files, in the session of its client.
#[tokio::test]
async fn another_build_counts_more_than_the_clients_directories() {
    const OTHER: &str = "[stages.other]\nfrom = 'scratch'\n";
    let image = "docker-image://docker.io/library/alpine:3.20";
    let engine = || {
        Engine::new(Release::Head)
            .source("local://dockerfile", [("mstage.toml", OTHER)])
            .source("local://context", [("x", ""), (".dockerignore", "x")])
            .source(image, [("mstage.toml", SPEC)])
    };
    let daemon =
        build_with(engine().input("context", input()).input("dockerfile", input()), &[]).await;
    assert_eq!(sources(&ops(&daemon)).keys().collect::<Vec<_>>(), [&image]);

    // Only the context: the build file is the client's.
    let daemon = build_with(engine().input("context", input()), &["target=other"]).await;
    assert!(returned(&daemon).error.is_none(), "{:?}", returned(&daemon).error);

    // A directory that is configured for the build file takes precedence.
    let options = ["dockerfilekey=dockerfile", "target=other"];
    let daemon = build_with(engine().input("dockerfile", input()), &options).await;
    assert!(returned(&daemon).error.is_none(), "{:?}", returned(&daemon).error);
}

#[tokio::test]
async fn the_ignore_file_of_the_context_holds_for_a_build_file_of_another_build() {
    let image = "docker-image://docker.io/library/alpine:3.20";
    let engine = |files: &[(&'static str, &'static str)]| {
        Engine::new(Release::Head)
            .source("local://context", [("x", ""), (".dockerignore", "secret")])
            .source(image, files.iter().copied())
            .input("dockerfile", input())
    };
    let daemon = build_with(engine(&[("mstage.toml", SPEC)]), &[]).await;
    assert_eq!(sources(&ops(&daemon))["local://context"]["local.excludepatterns"], r#"["secret"]"#);

    let own = [("mstage.toml", SPEC), ("mstage.toml.dockerignore", "mine")];
    let daemon = build_with(engine(&own), &[]).await;
    assert_eq!(sources(&ops(&daemon))["local://context"]["local.excludepatterns"], r#"["mine"]"#);
}

/// BuildKit cannot tell an empty ignore file of a Dockerfile from none.
#[tokio::test]
async fn an_empty_ignore_file_of_a_dockerfile_does_not_count() {
    let own = [("Dockerfile", "FROM scratch\nCOPY . /\n"), ("Dockerfile.dockerignore", "")];
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", own)
        .source("local://context", [("x", ""), (".dockerignore", "secret")]);
    let daemon = build_with(engine, &["filename=Dockerfile"]).await;
    assert_eq!(sources(&ops(&daemon))["local://context"]["local.excludepatterns"], r#"["secret"]"#);
}

#[tokio::test]
async fn what_is_wrong_with_an_input_is_told() {
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", [("mstage.toml", SPEC)])
        .on(Method::Inputs, Do::Fail(failure("the build is gone")));
    assert_eq!(error(&build_with(engine, &[]).await).0, "the build is gone");
}

#[tokio::test]
async fn a_directory_that_cannot_be_read_is_the_error_where_there_are_no_inputs() {
    let engine = Engine::new(Release::Bookworm)
        .on(Method::ReadFile, Do::Fail(failure("the client is gone")))
        .on(Method::ReadFile, Do::Fail(failure("the client is gone")))
        .on(Method::ReadFile, Do::Fail(failure("the client is gone")));
    let daemon = build_with(engine, &[]).await;
    assert_eq!(error(&daemon).0, "cannot read `mstage.toml`: the client is gone");
}

#[tokio::test]
async fn an_input_is_a_base_with_its_config() {
    use base64::Engine as _;
    let spec = "[stages.a]\nfrom = 'base'\nsteps = ['make']\n";
    let config = CONFIG.replace("PATH=/bin", "PATH=/of-the-input");
    let config = base64::prelude::BASE64_STANDARD.encode(config);
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", [("mstage.toml", spec)])
        .input("base::0", input());
    let metadata = format!(r#"input-metadata:base::0={{"containerimage.config":"{config}"}}"#);
    let daemon = build_with(engine, &["context:base=input:base::0", &metadata]).await;
    let ops = ops(&daemon);
    assert!(sources(&ops).contains_key("docker-image://docker.io/library/alpine:3.20"));
    let exec = ops.iter().find_map(|op| match &op.op {
        Some(pb::op::Op::Exec(exec)) => exec.meta.clone(),
        _ => None,
    });
    assert_eq!(exec.unwrap().env, ["PATH=/of-the-input"]);
}

#[tokio::test]
async fn an_input_that_was_not_handed_over_is_named() {
    let spec = "[stages.a]\nfrom = 'base'\n";
    let engine = Engine::new(Release::Head).source("local://dockerfile", [("mstage.toml", spec)]);
    let daemon = build_with(engine, &["context:base=input:x"]).await;
    assert_eq!(
        error(&daemon).0,
        "the client did not send the input `x` of the build context `base`"
    );
}

#[tokio::test]
async fn a_directory_with_a_name_has_its_own_ignore_file() {
    let spec = "[stages.a]\nfrom = 'scratch'\nsteps = [{ copy = 'docs', from = 'other' }]\n";
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", [("mstage.toml", spec)])
        .source("local://dir", [(".dockerignore", "*.tmp")]);
    let options =
        ["context:other=local:dir", "local-sessionid:dir=s2", "sharedkey:localdir:other=key"];
    let daemon = build_with(engine, &options).await;
    let ops = ops(&daemon);
    let attrs = sources(&ops)["local://dir"];
    assert_eq!(attrs["local.excludepatterns"], r#"["*.tmp"]"#);
    assert_eq!(attrs["local.followpaths"], r#"["docs"]"#);
    assert_eq!(attrs["local.session"], "s2");
    assert_eq!(attrs["local.sharedkeyhint"], "context:other-key");
}

#[tokio::test]
async fn an_ignore_file_of_a_directory_with_a_name_may_be_wrong() {
    let spec = "[stages.a]\nfrom = 'scratch'\nsteps = [{ copy = 'docs', from = 'other' }]\n";
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", [("mstage.toml", spec)])
        .source("local://dir", [(".dockerignore", "*.tmp\n[")]);
    let daemon = build_with(engine, &["context:other=local:dir"]).await;
    let (message, _) = error(&daemon);
    assert!(
        message.starts_with(".dockerignore of the build context other:2: invalid pattern `[`"),
        "{message}"
    );
}

#[tokio::test]
async fn an_image_of_the_clients_disk_is_looked_up_there() {
    let spec = "[stages.a]\nfrom = 'base'\nsteps = ['make']\n";
    let digest = format!("sha256:{}", "a".repeat(64));
    let reference = format!("docker.io/library/base:latest@{digest}");
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", [("mstage.toml", spec)])
        .layout(&reference, &digest, CONFIG);
    let daemon = build_with(engine, &[&format!("context:base=oci-layout://disk@{digest}")]).await;
    let ops = ops(&daemon);
    let attrs = sources(&ops)[&format!("oci-layout://{reference}")[..]];
    assert_eq!((&attrs["oci.store"][..], &attrs["oci.session"][..]), ("disk", "the-session"));

    // The oldest engine would ask a registry for it.
    let engine =
        Engine::new(Release::Bookworm).source("local://dockerfile", [("mstage.toml", spec)]);
    let daemon = build_with(engine, &[&format!("context:base=oci-layout://disk@{digest}")]).await;
    let (message, _) = error(&daemon);
    assert_eq!(
        message,
        format!(
            "mstage.toml:2: base:latest@{digest} for linux/amd64: the engine does not support images from OCI layouts of the client (`source.ocilayout`), which needs BuildKit 0.11 or later"
        )
    );
    assert!(!daemon.methods().contains(&Method::ResolveImageConfig));
}

/// Nothing is requested twice, and nothing that an ordinary build does not need.
#[tokio::test]
async fn reading_begins_while_the_daemon_is_asked_what_it_can_do() {
    let gate = Gate::new();
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", [("mstage.toml", SPEC)])
        .source("local://context", [("x", "")])
        .on(Method::Ping, Do::Wait(gate.clone()));
    let (io, daemon) = engine.start();
    let variables =
        [("BUILDKIT_FRONTEND_OPT_0", "filename=mstage.toml"), ("BUILDKIT_SESSION_ID", "s")];
    let build = run(io, variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let all_read = async {
        let reads =
            || daemon.methods().iter().filter(|&&method| method == Method::ReadFile).count();
        while reads() < 4 {
            tokio::task::yield_now().await;
        }
        gate.open();
    };
    let (built, ()) = tokio::join!(build, all_read);
    built.unwrap();
    let mut methods = daemon.methods();
    methods.sort();
    use Method::{Inputs, Ping, ReadFile, Return, Solve};
    let reads = [ReadFile; 4];
    assert_eq!(methods, [&[Ping, Solve, Solve, Solve], &reads[..], &[Inputs, Return]].concat());
}

#[tokio::test]
async fn a_target_that_bake_has_not_built_is_no_matter_of_questions() {
    const SPEC: &str = "[stages.a]\nfrom = 'base'\nsteps = ['true']\n";
    let engine = || engine().source("local://dockerfile", [("mstage.toml", SPEC)]);
    let option = "context:base=target:base";
    for question in ["outline", "targets", "lint"] {
        let daemon =
            build_with(engine(), &[option, &format!("requestid=frontend.{question}")]).await;
        let result = returned(&daemon).result.unwrap();
        let document = String::from_utf8_lossy(&result.metadata["result.json"]).into_owned();
        assert!(!document.contains("buildError"), "{question}: {document}");
    }
    let daemon = build_with(engine(), &[option]).await;
    let (message, _) = error(&daemon);
    assert!(message.contains("bake did not build its target `base`"), "{message}");
}

/// A misspelt stage is treated as an image. A name with a tag or a registry is never that of a
/// stage.
#[tokio::test]
async fn an_image_that_is_not_found_may_be_a_stage() {
    for (from, help) in [
        ("'bulder'", "\n  help: there is no stage `bulder`: did you mean `builder`?"),
        ("'gone'", "\n  help: there is no stage `gone`: the stages are `a` and `builder`"),
        ("'a'", "\n  help: `a` is also a stage, but inside that stage its name means the image"),
        ("'gone:1'", ""),
        ("{ image = 'bulder' }", ""),
    ] {
        let spec = format!(
            "default = 'a'\n[stages.builder]\nfrom = 'scratch'\n[stages.a]\nfrom = 'scratch'\n\
             steps = [{{ copy = '/x', from = {from} }}]\n"
        );
        let engine = engine().source("local://dockerfile", [("mstage.toml", spec.as_str())]);
        let message = returned(&build_with(engine, &[]).await).error.unwrap().message;
        assert!(message.ends_with(&format!(": not found{help}")), "{message}");
    }
}

/// A link to a missing file would fail the copy, and only the files show that: one lookup for all
/// optional files.
#[tokio::test]
async fn optional_files_are_looked_for_once() {
    let spec = r#"[stages.a]
from = "scratch"
steps = [
  { copy = ["a.txt", "missing"], to = "/x/", optional = true },
  { copy = "missing", to = "/y", optional = true },
  { copy = "*.md", to = "/z/" },
]
"#;
    let engine = engine().source("local://dockerfile", [("mstage.toml", spec)]);
    let daemon = build_with(engine, &["platform=linux/amd64,linux/arm64"]).await;
    assert!(returned(&daemon).error.is_none());
    let calls = daemon.calls();
    let asked: Vec<String> = calls
        .iter()
        .filter_map(|call| match call {
            Call::StatFile(request) => Some(format!("stat {}", request.path)),
            Call::ReadDir(request) => {
                Some(format!("list {} {}", request.dir_path, request.include_pattern))
            }
            _ => None,
        })
        .collect();
    let asked: BTreeSet<&str> = asked.iter().map(String::as_str).collect();
    assert_eq!(asked, BTreeSet::from(["stat /a.txt", "stat /missing", "list / missing"]));

    let plain = spec.replace(", optional = true", "");
    let engine = self::engine().source("local://dockerfile", [("mstage.toml", plain.as_str())]);
    let daemon = build_with(engine, &[]).await;
    let looks = |call: &Call| matches!(call, Call::StatFile(_) | Call::ReadDir(_));
    assert!(!daemon.calls().iter().any(looks));
}
