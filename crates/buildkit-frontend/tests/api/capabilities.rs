//! The capabilities of daemons.

use buildkit_frontend::SolveResult;
use fake_gateway::{Engine, Release};

use crate::connect;

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
        assert_eq!(caps.workers[0].platforms[0].to_string(), "linux/amd64");
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
    assert_eq!(
        message("passthroughop"),
        "this version of BuildKit is too old: it does not support passthroughop"
    );
    assert_eq!(
        message("mergeop"),
        "mergeop is disabled in this BuildKit: only enabled with containerd image store backend"
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
    assert_eq!(
        error.to_string(),
        "this version of BuildKit is too old: it does not support return"
    );
}
