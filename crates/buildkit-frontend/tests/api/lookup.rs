//! Resolving images and other sources.

use buildkit_frontend::{Error, OciLayout, SourceRequest};
use buildkit_llb::{ResolveMode, Source};
use buildkit_proto::frontend::{
    self, ResolveSourceGitResponse, ResolveSourceHttpResponse, ResolveSourceMetaResponse,
};
use buildkit_proto::pb;
use fake_gateway::{Call, Do, Engine, Gate, Method, Release};

use crate::{connect, image, local, solve_ref};

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

        let platform = "linux/arm64".parse().unwrap();
        let request = image(ALPINE).platform(platform).mode(ResolveMode::ForcePull);
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
    assert_eq!((resolved.meta.digest, &*resolved.meta.config), (None, &b"{}"[..]));
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
        "a source policy replaces docker.io/library/alpine:3.20 with https://example.com/alpine.tar, \
         which is not an image"
    );
}

#[tokio::test]
async fn images_in_a_layout_of_the_client() {
    let layout = OciLayout::new("session", "store");
    let reference = format!("store@sha256:{}", "aa".repeat(32));
    let request = image(&reference).layout(layout);
    let (bridge, daemon) = connect(Engine::new(Release::Head)).await;
    bridge.resolve_image(request.clone()).await.unwrap_err();
    let Call::ResolveSourceMeta(sent) = &daemon.calls()[1] else { panic!("the new way") };
    let source = sent.source.as_ref().unwrap();
    assert_eq!(source.identifier, format!("oci-layout://docker.io/library/{reference}"));
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
    let request = |identifier| SourceRequest::new(Source::new(identifier), "");
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
        "this version of BuildKit is too old: it does not support source.metaresolver"
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
