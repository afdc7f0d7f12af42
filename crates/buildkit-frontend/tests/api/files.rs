//! Files of solved references.

use buildkit_frontend::{Error, FileKind, Ref, SolveRequest};
use buildkit_proto::frontend::FileRange;
use buildkit_proto::rpc;
use fake_gateway::{Call, Do, Engine, Method, Release, failure};

use crate::{connect, local, solve_ref, source};

/// The size limit of these tests for a file, in bytes.
const LIMIT: usize = 16 << 20;

#[tokio::test]
async fn read_a_file_or_find_that_there_is_none() {
    for release in Release::ALL {
        let files = [("mstage.toml", "[stages]"), ("empty", "")];
        let (bridge, _) = connect(Engine::new(release).source("local://dockerfile", files)).await;
        let reference = solve_ref(&bridge, local("dockerfile")).await;
        let read = async |path| bridge.read_file(&reference, path, LIMIT).await;
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
    let message = async |reference: &Ref| {
        bridge.read_file(reference, "dir", LIMIT).await.unwrap_err().to_string()
    };
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
        let read = bridge.read_file(&reference, "large", LIMIT).await.unwrap().unwrap();
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

/// Of a file above the size limit, only as much is read as is needed to detect that.
#[tokio::test]
async fn a_file_that_is_too_large() {
    let files = [("large", vec![b'x'; 40 << 20])];
    let (bridge, daemon) =
        connect(Engine::new(Release::Head).source("local://context", files)).await;
    let reference = solve_ref(&bridge, local("context")).await;
    let error = bridge.read_file(&reference, "large", 4 << 20).await.unwrap_err();
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
    assert_eq!(bridge.read_file(&reference, "mstage.toml", LIMIT).await.unwrap().unwrap(), b"x");
    assert_eq!(bridge.read_file(&reference, "secret", LIMIT).await, Ok(None));
}
