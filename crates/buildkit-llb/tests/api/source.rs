//! Sources: their identifiers, attributes and capabilities.

use buildkit_llb::{
    Differ, FileName, Git, GitBundle, GitMtime, GitSignature, Http, HttpSignature, Image, Local,
    LocalSession, OciLayout, Platform, RecordType, ResolveMode, Source,
};
use buildkit_proto::pb;
use expect_test::expect;

use crate::check_op;

fn arm64() -> Option<Platform> {
    Some("linux/arm64/v8".parse().unwrap())
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).into()
}

#[test]
fn image() {
    check_op(
        Image::new("docker.io/library/alpine:3".parse().unwrap()),
        expect![[r#"
            #0 sha256:95eaa3b48028 source docker-image://docker.io/library/alpine:3
              caps: source.image

            #1 sha256:976e7e00c18d terminal
              inputs: #0
              caps: constraints platform
        "#]],
    );
    let image = Image::new("docker.io/library/alpine:3".parse().unwrap())
        .platform(arm64())
        .resolve_mode(ResolveMode::ForcePull)
        .record_type(RecordType::Internal)
        .layer_limit(Some(2))
        .checksum(Some("sha256:abc".into()));
    check_op(
        image,
        expect![[r#"
            #0 sha256:ae8a30916ddc source docker-image://docker.io/library/alpine:3
              platform: linux/arm64
              image.checksum: sha256:abc
              image.layerlimit: 2
              image.recordtype: internal
              image.resolvemode: pull
              caps: source.image source.image.checksum source.image.layerlimit source.image.resolvemode

            #1 sha256:b3f8e4015f63 terminal
              inputs: #0
              caps: constraints platform
        "#]],
    );
}

#[test]
fn image_wishes_need_no_capability() {
    let image = Image::new("docker.io/library/alpine:3".parse().unwrap())
        .resolve_mode(ResolveMode::PreferLocal)
        .record_type(RecordType::Frontend)
        .layer_limit(Some(0))
        .checksum(Some(String::new()));
    check_op(
        image,
        expect![[r#"
            #0 sha256:8c9d668c76c1 source docker-image://docker.io/library/alpine:3
              image.recordtype: frontend
              image.resolvemode: local
              caps: source.image

            #1 sha256:af7233f43cbd terminal
              inputs: #0
              caps: constraints platform
        "#]],
    );
}

#[test]
fn local() {
    check_op(
        Local::new("context", "s1"),
        expect![[r#"
            #0 sha256:fbe4a890a9f1 source local://context
              local.session: s1
              caps: source.local source.local.sessionid

            #1 sha256:174407ed9a63 terminal
              inputs: #0
              caps: constraints platform
        "#]],
    );
    let local = Local::new("context", "s1")
        .include_patterns(texts(["a", "b \"c\""]))
        .exclude_patterns(texts(["**/*.o", "!<keep>.o"]))
        .follow_paths(texts(["src"]))
        .shared_key_hint("context")
        .differ(Some(Differ::None))
        .metadata_only(Some(texts(["*.md"])));
    check_op(
        local,
        expect![[r##"
            #0 sha256:259e7c2fa824 source local://context
              local.differ: none
              local.excludepatterns: ["**/*.o","!\u003ckeep\u003e.o"]
              local.followpaths: ["src"]
              local.includepattern: ["a","b \"c\""]
              local.metadatatransfer: true
              local.metadatatransferexclude: ["*.md"]
              local.session: s1
              local.sharedkeyhint: context
              caps: source.local source.local.excludepatterns source.local.followpaths source.local.includepatterns source.local.metadatatransfer source.local.sessionid source.local.sharedkeyhint

            #1 sha256:03741c093661 terminal
              inputs: #0
              caps: constraints platform
        "##]],
    );
}

#[test]
fn local_of_any_session() {
    let local = Local::new("context", "")
        .session(LocalSession::Unique("u1".into()))
        .differ(Some(Differ::Metadata))
        .metadata_only(Some(Vec::new()));
    check_op(
        local,
        expect![[r#"
            #0 sha256:8d832ee1b6bd source local://context
              local.differ: metadata
              local.metadatatransfer: true
              local.unique: u1
              caps: source.local source.local.metadatatransfer source.local.unique

            #1 sha256:a4f1dcdb36b9 terminal
              inputs: #0
              caps: constraints platform
        "#]],
    );
}

#[test]
fn git() {
    check_op(
        Git::new("https://github.com/moby/buildkit.git"),
        expect![[r#"
            #0 sha256:8435518ef264 source git://github.com/moby/buildkit.git
              git.authheadersecret: GIT_AUTH_HEADER
              git.authtokensecret: GIT_AUTH_TOKEN
              git.fullurl: https://github.com/moby/buildkit.git
              caps: source.git source.git.fullurl

            #1 sha256:d0235b1cbdac terminal
              inputs: #0
              caps: constraints platform
        "#]],
    );
    let git = Git::new("https://github.com/moby/buildkit.git")
        .reference("v0.12.0")
        .subdir("docs")
        .checksum(Some("abcdef".into()))
        .keep_git_dir(true)
        .skip_submodules(true)
        .fetch_by_commit(true)
        .mtime(Some(GitMtime::Commit))
        .auth_token_secret("token")
        .auth_header_secret(String::new())
        .signature(Some(
            GitSignature::new("key")
                .reject_expired_keys(true)
                .require_signed_tag(true)
                .ignore_signed_tag(true),
        ))
        .bundle(Some(
            GitBundle::new("oci-layout+blob://x@sha256:abc").session_id("s1").store_id("store"),
        ))
        .checkout_bundle(true);
    check_op(
        git,
        expect![[r#"
            #0 sha256:a711b868c444 source git://github.com/moby/buildkit.git#v0.12.0:docs
              git.authtokensecret: token
              git.bundle: oci-layout+blob://x@sha256:abc
              git.checkoutbundle: true
              git.checksum: abcdef
              git.fetchbycommit: true
              git.fullurl: https://github.com/moby/buildkit.git
              git.keepgitdir: true
              git.mtime: commit
              git.sig.ignoresignedtag: true
              git.sig.pubkey: key
              git.sig.rejectexpired: true
              git.sig.requiresignedtag: true
              git.skipsubmodules: true
              oci.session: s1
              oci.store: store
              caps: source.git source.git.bundle source.git.checkoutbundle source.git.checksum source.git.fetchbycommit source.git.fullurl source.git.httpauth source.git.keepgitdir source.git.mtime source.git.signatureverify source.git.skipsubmodules source.git.subdir

            #1 sha256:4ecccb5897a9 terminal
              inputs: #0
              caps: constraints platform
        "#]],
    );
}

#[test]
fn git_over_ssh() {
    check_op(
        Git::new("git@github.com:moby/buildkit.git"),
        expect![[r#"
            #0 sha256:681a213837de source git://github.com/moby/buildkit.git
              git.authheadersecret: GIT_AUTH_HEADER
              git.authtokensecret: GIT_AUTH_TOKEN
              git.fullurl: git@github.com:moby/buildkit.git
              git.mountsshsock: default
              caps: source.git source.git.fullurl source.git.mountsshsock

            #1 sha256:b3519ebc3ec2 terminal
              inputs: #0
              caps: constraints platform
        "#]],
    );
    let git = Git::new("ssh://git@github.com/moby/buildkit.git")
        .reference("main")
        .mtime(Some(GitMtime::Checkout))
        .known_ssh_hosts("github.com ssh-ed25519 AAAA\n")
        .mount_ssh_sock("work");
    check_op(
        git,
        expect![[r#"
            #0 sha256:a8cd951a1439 source git://github.com/moby/buildkit.git#main
              git.authheadersecret: GIT_AUTH_HEADER
              git.authtokensecret: GIT_AUTH_TOKEN
              git.fullurl: ssh://git@github.com/moby/buildkit.git
              git.knownsshhosts: |
                github.com ssh-ed25519 AAAA
              git.mountsshsock: work
              git.mtime: checkout
              caps: source.git source.git.fullurl source.git.knownsshhosts source.git.mountsshsock source.git.mtime

            #1 sha256:b0c3312a59c6 terminal
              inputs: #0
              caps: constraints platform
        "#]],
    );
}

#[test]
fn http() {
    check_op(
        Http::new("https://example.com/a.tar.gz"),
        expect![[r#"
            #0 sha256:1dc7045561aa source https://example.com/a.tar.gz
              caps: source.http

            #1 sha256:c0908bf1729d terminal
              inputs: #0
              caps: constraints platform
        "#]],
    );
    let http = Http::new("https://example.com/a.tar.gz")
        .checksum(Some("sha256:abc".into()))
        .filename(Some(FileName::literal("b")))
        .perm(Some(0o644))
        .uid(1)
        .gid(2)
        .auth_header_secret(Some("token".into()))
        .accept(Some("text/plain".into()))
        .user_agent(Some("mstage".into()))
        .signature(Some(HttpSignature::new("key", "sig")));
    check_op(
        http,
        expect![[r#"
            #0 sha256:e81d61b8288f source https://example.com/a.tar.gz
              http.authheadersecret: token
              http.checksum: sha256:abc
              http.filename: b
              http.gid: 2
              http.header.accept: text/plain
              http.header.user-agent: mstage
              http.perm: 0644
              http.sig.pubkey: key
              http.sig.signature: sig
              http.uid: 1
              caps: soruce.http.uidgid source.http source.http.auth source.http.checksum source.http.header source.http.perm source.http.signatureverify

            #1 sha256:19f2915a0e3e terminal
              inputs: #0
              caps: constraints platform
        "#]],
    );
}

#[test]
fn oci_layout() {
    let layout = OciLayout::new("name@sha256:abc")
        .platform(arm64())
        .session_id("s1")
        .store_id("store")
        .layer_limit(Some(1));
    check_op(
        layout,
        expect![[r#"
            #0 sha256:a04640a9fa55 source oci-layout://name@sha256:abc
              platform: linux/arm64
              oci.layerlimit: 1
              oci.session: s1
              oci.store: store
              caps: source.ocilayout

            #1 sha256:bcaa4e458cca terminal
              inputs: #0
              caps: constraints platform
        "#]],
    );
}

#[test]
fn platform_of_other_kinds_is_not_sent() {
    let source = Source::new("https://example.com/").platform(arm64());
    check_op(
        source,
        expect![[r#"
            #0 sha256:19c497a10e5a source https://example.com/

            #1 sha256:c9b46aa69f19 terminal
              inputs: #0
              caps: constraints platform
        "#]],
    );
}

#[test]
fn message_for_asking_the_daemon() {
    let source = Source::from(Http::new("https://a/").filename(Some(FileName::literal("b"))));
    let message = pb::SourceOp::from(source);
    assert_eq!(message.identifier, "https://a/");
    assert_eq!(message.attrs.get("http.filename").map(String::as_str), Some("b"));
    assert_eq!(pb::SourceOp::from(Source::from(message.clone())), message);
}
