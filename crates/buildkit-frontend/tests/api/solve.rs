//! Solving and evaluating, on daemons of all releases.

use std::collections::BTreeMap;

use buildkit_frontend::{Build, CacheImport, Error, SolveRequest, SolveResult};
use buildkit_llb::Definition;
use buildkit_proto::frontend;
use fake_gateway::{Call, Engine, Method, Nested, Release};

use crate::{connect, local, solve_ref, source};

#[tokio::test]
async fn solve_asks_for_todays_replies() {
    let (bridge, daemon) = connect(Engine::new(Release::Head)).await;
    let attrs = BTreeMap::from([("ref".to_owned(), "example.com/cache".to_owned())]);
    let import = CacheImport::new("registry", attrs.clone());
    let request = local("context").cache_imports([import]);
    let reference = solve_ref(&bridge, request).await;
    assert_eq!(reference.id(), "ref0");
    // The caller already has the graph.
    assert!(reference.into_definition().unwrap().is_scratch());

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
    let Error::Unsupported(missing) = error else { panic!("{error:?}") };
    assert_eq!(
        (&*missing.id, missing.disabled.as_deref()),
        ("source.http", Some("no network here"))
    );
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
    let result = bridge.solve(SolveRequest::of(build)).await.unwrap();
    assert_eq!(result.metadata["containerimage.config"], b"{}");
    let reference = result.refs.single().unwrap().unwrap();
    assert_eq!(reference.into_definition().unwrap().into_encoded(), made);

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
        let reference = solve_ref(&bridge, local("context").evaluate(true)).await;
        assert_eq!(daemon.methods()[1..], *expect);
        (bridge, daemon, reference)
    };
    let (bridge, daemon, reference) = check(Engine::new(Release::Bookworm), &[Method::Solve]).await;
    assert!(daemon.solves()[0].evaluate);
    // A second call does nothing.
    bridge.evaluate(&reference).await.unwrap();
    assert_eq!(daemon.solves().len(), 1);

    let ancient = Engine::new(Release::Bookworm).without("gateway.solve.evaluate");
    let (_, daemon, _) = check(ancient, &[Method::Solve, Method::StatFile]).await;
    assert!(!daemon.solves()[0].evaluate);
}
