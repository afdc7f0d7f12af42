//! Inputs, warnings, and the end of a frontend.

use std::collections::BTreeMap;

use buildkit_frontend::{
    Attestation, AttestationKind, Bridge, Error, Refs, SolveResult, Status, Subject, SubjectKind,
    Warning,
};
use buildkit_llb::{Range, SourceInfo};
use buildkit_proto::frontend::{self, result};
use buildkit_proto::rpc;
use fake_gateway::{Call, Do, Engine, Method, Release, failure};

use crate::{connect, local, solve_ref, source};

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
    let info = SourceInfo::new("build.toml", "");
    let warning = Warning::new("sha256:aa", "short (line 1)")
        .detail(vec!["more".to_owned()])
        .url("https://example.com/rule")
        .source(info.clone(), vec![Range::lines(1..=2)]);
    let (bridge, daemon) = connect(Engine::new(Release::Head)).await;
    bridge.warn(warning.clone()).await.unwrap();
    let Call::Warn(sent) = &daemon.calls()[1] else { panic!("a warning") };
    assert_eq!((sent.short.as_slice(), &sent.info), (&b"short (line 1)"[..], &Some(info.into())));
    assert_eq!(sent.detail, [b"more"]);

    let (bridge, daemon) = connect(Engine::new(Release::Bookworm)).await;
    bridge.warn(warning).await.unwrap();
    assert_eq!(daemon.methods(), [Method::Ping]);
}

#[tokio::test]
async fn return_one_reference_or_none() {
    let (bridge, daemon) = connect(Engine::new(Release::Head)).await;
    let result = bridge.solve(local("context")).await.unwrap();
    bridge.return_result(result.with_metadata("containerimage.config", "{}")).await.unwrap();
    let returned = daemon.returned().unwrap().result.unwrap();
    assert_eq!(returned.metadata["containerimage.config"], b"{}");
    let reference = frontend::Ref { id: "ref0".to_owned(), def: None };
    assert_eq!(returned.result, Some(result::Result::Ref(reference)));

    // A second one is an error, and the first remains.
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
        SolveResult::new(Refs::ByPlatform(refs.into()))
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
    let mut subject = Subject::new(SubjectKind::Raw, "app");
    subject.digests.push("sha256:aa".to_owned());
    let spdx = "https://spdx.dev/Document";
    let mut attestation = Attestation::new(AttestationKind::Bundle, spdx, Some(reference), "/sbom");
    attestation.metadata.insert("reason".to_owned(), b"sbom".to_vec());
    attestation.subjects.push(subject);
    let mut result = SolveResult::default();
    result.attestations.insert("linux/amd64".to_owned(), vec![attestation]);
    bridge.return_result(result).await.unwrap();
    let returned = daemon.returned().unwrap().result.unwrap();
    let sent = &returned.attestations["linux/amd64"].attestation[0];
    assert_eq!(sent.kind(), frontend::AttestationKind::Bundle);
    assert_eq!(sent.r#ref.as_ref().unwrap().id, "ref0");
    assert_eq!(sent.in_toto_subjects[0].kind(), frontend::InTotoSubjectKind::Raw);
}

#[tokio::test]
async fn return_an_error_of_our_own() {
    let (bridge, daemon) = connect(Engine::new(Release::Head)).await;
    let file = SourceInfo::new("mstage.toml", "# syntax=myorg/mstage\nfrom = 1\n").language("TOML");
    let mut status = Status::new("unknown key `from`").with_source(&file, &[2..=2]);
    status.add(Status::unsupported_subrequest("frontend.nothing"));
    bridge.return_error(status).await.unwrap();

    let error = daemon.returned().unwrap().error.unwrap();
    assert_eq!(
        (error.code, error.message.as_str()),
        (2, "unknown key `from`\nunsupported request frontend.nothing")
    );
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
    let returned = daemon.returned().unwrap().error.unwrap();
    assert_eq!((returned.code, &*returned.message), (2, "building test: exit code: 1"));
    let [details @ .., source] = &returned.details[..] else { panic!("no details") };
    assert_eq!(details, failed.details);
    // Without one, the Dockerfile frontend would add the line with `# syntax`.
    assert_eq!(source.type_url, "github.com/moby/buildkit/errdefs.Source+json");
    assert_eq!(source.value, br#"{"info":{"filename":"","data":""},"ranges":[]}"#);
}

/// The daemon forwards the details of other frontends and of its plugins, which may contain anything.
#[tokio::test]
async fn a_location_that_cannot_be_parsed_is_forwarded() {
    for value in ["5", "[]", "null", "x", r#"{"info":[1]}"#, r#"{"ranges":1}"#] {
        let type_url = "github.com/moby/buildkit/errdefs.Source+json".to_owned();
        let details = vec![rpc::Any { type_url, value: value.into() }];
        let failed = rpc::Status { details, ..failure("failed") };
        let engine = Engine::new(Release::Head).on(Method::Evaluate, Do::Fail(failed.clone()));
        let (bridge, daemon) = connect(engine).await;
        let reference = solve_ref(&bridge, local("context")).await;
        let error = bridge.evaluate(&reference).await.unwrap_err();
        bridge.return_error(error.into()).await.unwrap();
        assert_eq!(daemon.returned().unwrap().error.unwrap().details, failed.details, "{value}");
    }
}

#[tokio::test]
async fn an_error_that_is_too_large_goes_without_its_excerpts() {
    let too_large = rpc::Status { code: 8, ..failure("message larger than max") };
    let engine = Engine::new(Release::Head).on(Method::Return, Do::Fail(too_large));
    let (bridge, daemon) = connect(engine).await;
    let file = SourceInfo::new("mstage.toml", "x");
    let status = Status::new("wrong").with_source(&file, &[1..=1]);
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
