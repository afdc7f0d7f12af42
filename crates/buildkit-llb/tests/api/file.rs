//! File ops: chains of actions and their inputs.

use buildkit_llb::{
    ChownOpt, CopyAction, FileOp, Metadata, MkdirAction, MkfileAction, Mode, RmAction, State,
    SymlinkAction, Timestamp, UserOpt,
};
use expect_test::expect;

use crate::{check, check_op, image, with_base};

#[test]
fn chain_with_every_action() {
    let (mut graph, base) = with_base();
    let from = image(&mut graph, "from");
    let op = FileOp::new(base)
        .then(MkdirAction::new("srv//app/", 0o40755).make_parents(true))
        .then(MkfileAction::new("/etc/a.conf", 0o644, b"a = 1\nb = 2\n"))
        .then(MkfileAction::new("/etc/b", 0o600, &[0, 159, 146, 150]))
        .then(MkfileAction::new("/etc/empty", 0, b""))
        .then(SymlinkAction::new("../app", "/srv/./link"))
        .then(CopyAction::new(from, "/out/*.so", "/usr/lib/"))
        .then(RmAction::new("/tmp/x"))
        .then(RmAction::new("/tmp/*").allow_not_found(true).allow_wildcard(true));
    let state = graph.add(op, Metadata::default());
    check(
        &graph,
        state,
        expect![[r##"
            #0 sha256:6f855bb6ee2c source docker-image://docker.io/library/base:1
              caps: source.image

            #1 sha256:141acf112ab7 source docker-image://docker.io/library/from:1
              caps: source.image

            #2 sha256:23ca2a6dcba6 file
              inputs: #0 #1
              [0] on #0: mkdir /srv/app
                mode: 0755
                makeParents
              [1] on [0]: mkfile /etc/a.conf
                mode: 0644
                data: |
                  a = 1
                  b = 2
              [2] on [1]: mkfile /etc/b
                mode: 0600
                data: 4 bytes, sha256:b02a59113121
              [3] on [2]: mkfile /etc/empty
                mode: 0000
                data: ""
              [4] on [3]: symlink /srv/link to ../app
              [5] on [4]: copy /out/*.so of #1 to /usr/lib/
              [6] on [5]: rm /tmp/x
              [7] on [6]: rm /tmp/*
                allowNotFound allowWildcard
              caps: file.base file.rm.wildcard file.symlink.create

            #3 sha256:7eb3b56be1e4 terminal
              inputs: #2
              caps: constraints platform
        "##]],
    );
}

#[test]
fn on_scratch() {
    let op = FileOp::new(State::SCRATCH)
        .then(MkdirAction::new("/a", 0o755))
        .then(MkdirAction::new("/b", 0o755))
        .then(CopyAction::new(State::SCRATCH, "/", "/c/."));
    check_op(
        op,
        expect![[r#"
            #0 sha256:1f010e322899 file
              [0] on scratch: mkdir /a
                mode: 0755
              [1] on [0]: mkdir /b
                mode: 0755
              [2] on [1]: copy / of scratch to /c/.
              caps: file.base

            #1 sha256:2aedbc9feb69 terminal
              inputs: #0
              caps: constraints platform
        "#]],
    );
}

#[test]
fn copy_with_everything() {
    let (mut graph, base) = with_base();
    let from = image(&mut graph, "from");
    let op = FileOp::new(State::SCRATCH)
        .then(
            CopyAction::like_dockerfile(from, "out", "dest/")
                .owner(Some(ChownOpt::ids(1000, 1001)))
                .mode(Some(Mode::Octal(0o4755)))
                .timestamp(Some(Timestamp::from_seconds(0)))
                .attempt_unpack(true)
                .include_patterns(vec!["*.so".into(), "b c".into()])
                .exclude_patterns(vec!["x".into()])
                .required_paths(vec!["a.so".into()])
                .always_replace_existing_dest_paths(true),
        )
        .then(
            CopyAction::new(base, "/", "/")
                .mode(Some(Mode::Symbolic("u=rwX,go=rX".into())))
                .timestamp(Some(Timestamp::from_nanoseconds(1_500_000_000))),
        )
        .then(CopyAction::new(from, "/", "/").mode(Some(Mode::Octal(0))));
    let state = graph.add(op, Metadata::default());
    check(
        &graph,
        state,
        expect![[r#"
            #0 sha256:6f855bb6ee2c source docker-image://docker.io/library/base:1
              caps: source.image

            #1 sha256:141acf112ab7 source docker-image://docker.io/library/from:1
              caps: source.image

            #2 sha256:e390991b4ec4 file
              inputs: #1 #0
              [0] on scratch: copy /out of #1 to /dest/
                mode: 4755
                followSymlink dirCopyContents attemptUnpack createDestPath allowWildcard allowEmptyWildcard alwaysReplaceExistingDestPaths
                owner: 1000:1001
                timestamp: 0
                include: *.so
                include: b c
                exclude: x
                required: a.so
              [1] on [0]: copy / of #0 to /
                modeStr: u=rwX,go=rX
                timestamp: 1500000000
              [2] on [1]: copy / of #1 to /
                mode: 0000
              caps: exec.validexitcode file.base file.copy.alwaysreplaceexistingdestpaths file.copy.includeexcludepatterns file.copy.requiredpaths

            #3 sha256:604ff5eaeea6 terminal
              inputs: #2
              caps: constraints platform
        "#]],
    );
}

#[test]
fn owners() {
    let (mut graph, base) = with_base();
    let names = image(&mut graph, "names");
    let mkdir = |owner| MkdirAction::new("/a", 0o755).owner(Some(owner));
    let group = UserOpt::Id(5);
    let op = FileOp::new(base)
        .then(mkdir(ChownOpt::parse("app", base)))
        .then(mkdir(ChownOpt::parse("app:staff", names)))
        .then(mkdir(ChownOpt::parse("7", names)))
        .then(mkdir(ChownOpt::parse("root:staff", base)))
        .then(mkdir(ChownOpt::new(None, Some(group))))
        .then(
            SymlinkAction::new("a", "/b")
                .owner(Some(ChownOpt::ids(1, 2)))
                .timestamp(Some(Timestamp::from_seconds(1))),
        );
    let state = graph.add(op, Metadata::default());
    check(
        &graph,
        state,
        expect![[r#"
            #0 sha256:6f855bb6ee2c source docker-image://docker.io/library/base:1
              caps: source.image

            #1 sha256:ceccc607d052 source docker-image://docker.io/library/names:1
              caps: source.image

            #2 sha256:d9fb8dad6096 file
              inputs: #0 #1
              [0] on #0: mkdir /a
                mode: 0755
                owner: app of #0
              [1] on [0]: mkdir /a
                mode: 0755
                owner: app of #1:staff of #1
              [2] on [1]: mkdir /a
                mode: 0755
                owner: 7
              [3] on [2]: mkdir /a
                mode: 0755
                owner: 0:staff of #0
              [4] on [3]: mkdir /a
                mode: 0755
                owner: -:5
              [5] on [4]: symlink /b to a
                owner: 1:2
                timestamp: 1000000000
              caps: file.base file.symlink.create

            #3 sha256:c713082a16f3 terminal
              inputs: #2
              caps: constraints platform
        "#]],
    );
}

#[test]
fn texts_of_owners() {
    let name =
        |name: &'static str| Some(UserOpt::Name { name: name.into(), names: State::SCRATCH });
    for (text, user, group) in [
        ("app", name("app"), None),
        ("root", Some(UserOpt::Id(0)), None),
        ("1000:app", Some(UserOpt::Id(1000)), name("app")),
        ("app:0", name("app"), Some(UserOpt::Id(0))),
        (":1", Some(UserOpt::Id(0)), Some(UserOpt::Id(1))),
        ("-1", name("-1"), None),
    ] {
        assert_eq!(ChownOpt::parse(text, State::SCRATCH), ChownOpt::new(user, group), "{text}");
    }
}

#[test]
fn without_actions_it_is_the_base() {
    let (mut graph, base) = with_base();
    assert_eq!(graph.add(FileOp::new(base), Metadata::default()), base);
}
