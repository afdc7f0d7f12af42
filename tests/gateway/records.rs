//! The record of a Dockerfile's build: the names of its steps, and the history of its image.

use buildkit_proto::frontend::result;
use expect_test::{Expect, expect};
use serde_json::Value;

use crate::definition;
use crate::fake::{Daemon, Engine, Release};
use crate::frontend::{build_with, error, returned};

const CONFIG: &str = r#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin","OF_BASE=b"],"Cmd":["sh"]},
    "rootfs":{"type":"layers","diff_ids":["sha256:00"]},"history":[{"created_by":"of the base"}]}"#;

async fn build(dockerfile: &'static str, opts: &[&str]) -> Daemon {
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", [("Dockerfile", dockerfile)])
        .source("local://context", [("x", "")])
        .image("docker.io/library/base:latest", &format!("sha256:{}", "b".repeat(64)), CONFIG)
        .image("docker.io/library/other:latest", &format!("sha256:{}", "c".repeat(64)), CONFIG);
    let opts: Vec<&str> = [&["filename=Dockerfile"], opts].concat();
    build_with(engine, &opts).await
}

/// The names of all ops of the target, sorted.
fn names(daemon: &Daemon) -> String {
    let solves = daemon.solves();
    let definition = definition::of(solves.last().unwrap());
    let names = definition.metadata.values();
    let names = names.filter_map(|metadata| metadata.description.get("llb.customname"));
    let mut names: Vec<String> = names
        .map(|name| format!("{}\n", name.split("@sha256:").next().unwrap_or_default()))
        .collect();
    names.sort();
    names.concat()
}

/// The entries of the history; those without a layer have a dash.
fn history(daemon: &Daemon) -> String {
    let returned = returned(daemon);
    assert!(returned.error.is_none(), "{returned:?}");
    let result = returned.result.unwrap();
    assert!(matches!(
        result.result,
        Some(result::Result::Ref(_) | result::Result::RefDeprecated(_))
    ));
    let config: Value = serde_json::from_slice(&result.metadata["containerimage.config"]).unwrap();
    let entries = config["history"].as_array().unwrap();
    let text = |entry: &Value| {
        let layer = if entry["empty_layer"] == true { "-" } else { "+" };
        let comment = entry["comment"].as_str().unwrap_or("none");
        format!("{layer} {} ({comment})\n", entry["created_by"].as_str().unwrap())
    };
    entries.iter().map(text).collect()
}

async fn check(dockerfile: &'static str, opts: &[&str], expected: [Expect; 2]) {
    let daemon = build(dockerfile, opts).await;
    let [expected_names, expected_history] = expected;
    expected_history.assert_eq(&history(&daemon));
    expected_names.assert_eq(&names(&daemon));
}

#[tokio::test]
async fn names_and_history_of_a_dockerfile() {
    check(
        r#"ARG GLOBAL=g
FROM base AS Build
ARG VERSION=1 GLOBAL EMPTY
ENV A="a b" C=${OF_BASE}
WORKDIR src
run --mount=type=secret,id=s,env=SECRET make "$A" '$A' ${NONE} $VERSION $SECRET \
    && true
ENV LATE=1
RUN <<EOF
make
make install
EOF
FROM build
MAINTAINER me
USER 1:2
COPY --chown=$VERSION --from=build "/a" $NONE/b /c/
COPY --link <<X <<Y /d/
x
X
y
Y
ONBUILD RUN x
EXPOSE 80 53/udp
VOLUME /v
HEALTHCHECK --interval=90s CMD curl "x"
CMD run $A
ENTRYPOINT ["e", "f\n"]
"#,
        &["build-arg:VERSION=2"],
        [
            expect![[r#"
                [build 1/4] FROM docker.io/library/base:latest
                [build 2/4] WORKDIR src
                [build 3/4] RUN --mount=type=secret,id=s,env=SECRET make "a b" '$A' ${NONE} 2 ****     && true
                [build 4/4] RUN <<EOF (make...)
                [stage-1 1/2] COPY --chown=2 --from=build /a /b /c/
                [stage-1 2/2] COPY --link <<X <<Y /d/
                [stage-1 2/2] LINK COPY --link <<X <<Y /d/
            "#]],
            expect![[r#"
                + of the base (none)
                - ARG VERSION=2 GLOBAL=g EMPTY (buildkit.dockerfile.v0)
                - ENV A=a b C=b (buildkit.dockerfile.v0)
                + WORKDIR /src (buildkit.dockerfile.v0)
                + RUN |3 VERSION=2 GLOBAL=g EMPTY= /bin/sh -c make "$A" '$A' ${NONE} $VERSION $SECRET     && true # buildkit (buildkit.dockerfile.v0)
                - ENV LATE=1 (buildkit.dockerfile.v0)
                + RUN |3 VERSION=2 GLOBAL=g EMPTY= /bin/sh -c make
                make install
                 # buildkit (buildkit.dockerfile.v0)
                - MAINTAINER me (buildkit.dockerfile.v0)
                - USER 1:2 (buildkit.dockerfile.v0)
                + COPY --chown=2 /a /b /c/ # buildkit (buildkit.dockerfile.v0)
                + COPY <<X <<Y /d/ # buildkit (buildkit.dockerfile.v0)
                - EXPOSE [53/udp 80/tcp] (buildkit.dockerfile.v0)
                - VOLUME [/v] (buildkit.dockerfile.v0)
                - HEALTHCHECK {Test:[CMD-SHELL curl "x"] Interval:1m30s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0} (buildkit.dockerfile.v0)
                - CMD ["/bin/sh" "-c" "run $A"] (buildkit.dockerfile.v0)
                - ENTRYPOINT ["e" "f\n"] (buildkit.dockerfile.v0)
            "#]],
        ],
    )
    .await;
}

/// Mounts and images that are copied from count as stages, and then the only stage has a name.
#[tokio::test]
async fn the_only_stage_has_no_name() {
    check(
        "FROM base\nRUN a\nWORKDIR /\n",
        &[],
        [
            expect![[r#"
        [1/3] FROM docker.io/library/base:latest
        [2/3] RUN a
    "#]],
            expect![[r#"
        + of the base (none)
        + RUN /bin/sh -c a # buildkit (buildkit.dockerfile.v0)
        - WORKDIR / (buildkit.dockerfile.v0)
    "#]],
        ],
    )
    .await;
    check(
        "FROM scratch\nCOPY --from=other /a /\n",
        &[],
        [
            expect![[r#"
        FROM docker.io/library/other:latest
        [stage-0 1/1] COPY --from=other /a /
    "#]],
            expect![[r#"
        + COPY /a / # buildkit (buildkit.dockerfile.v0)
    "#]],
        ],
    )
    .await;
}

#[tokio::test]
async fn names_say_platforms_where_there_are_several() {
    let dockerfile = "FROM --platform=$BUILDPLATFORM base AS build\nRUN a\nARG TARGETARCH\nRUN b\nFROM base\n\
                      COPY --from=build /a /\n";
    let daemon = build(dockerfile, &["platform=linux/amd64,linux/arm64"]).await;
    expect![[r#"
        [linux/amd64 build 1/3] FROM docker.io/library/base:latest
        [linux/amd64 build 2/3] RUN a
        [linux/amd64->arm64 build 3/3] RUN b
        [linux/arm64 stage-1 1/2] FROM docker.io/library/base:latest
        [linux/arm64 stage-1 2/2] COPY --from=build /a /
    "#]]
    .assert_eq(&names(&daemon));
}

/// The triggers of a base in the same file are recorded in the stage that runs them.
#[tokio::test]
async fn triggers_of_a_stage() {
    check(
        "FROM base AS a\nENV V=1\nONBUILD RUN make $V\nFROM a\nRUN b\n",
        &[],
        [
            expect![[r#"
            [a 1/1] FROM docker.io/library/base:latest
            [stage-1 1/2] ONBUILD RUN make 1
            [stage-1 2/2] RUN b
        "#]],
            expect![[r#"
            + of the base (none)
            - ENV V=1 (buildkit.dockerfile.v0)
            + RUN /bin/sh -c make $V # buildkit (buildkit.dockerfile.v0)
            + RUN /bin/sh -c b # buildkit (buildkit.dockerfile.v0)
        "#]],
        ],
    )
    .await;
}

/// A missing or additional layer in the history would shift all later layers to other instructions.
#[tokio::test]
async fn instructions_of_several_layers_or_none() {
    check(
        "FROM base\nADD a.tar b /c/\nWORKDIR /a\nWORKDIR b\nRUN x\nCOPY <<A /a\nA\nCOPY <<B /b\nB\n",
        &[],
        [expect![[r#"
            [1/7] FROM docker.io/library/base:latest
            [2/7] ADD a.tar b /c/
            [3/7] WORKDIR /a
            [4/7] WORKDIR b
            [5/7] RUN x
            [6/7] COPY <<A /a
            [7/7] COPY <<B /b
            [internal] load build context
        "#]], expect![[r#"
            + of the base (none)
            + ADD a.tar b /c/ # buildkit (buildkit.dockerfile.v0)
            + WORKDIR /a (buildkit.dockerfile.v0)
            + WORKDIR /a/b (buildkit.dockerfile.v0)
            + RUN /bin/sh -c x # buildkit (buildkit.dockerfile.v0)
            + COPY <<A /a # buildkit (buildkit.dockerfile.v0)
            + COPY <<B /b # buildkit (buildkit.dockerfile.v0)
        "#]]],
    )
    .await;
}

/// A build file keeps its own names and history.
#[tokio::test]
async fn a_build_file_is_no_dockerfile() {
    let spec = "[stages.a]\nfrom = \"base\"\nsteps = [\"make\"]\n";
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", [("mstage.toml", spec)])
        .source("local://context", [("x", "")])
        .image("docker.io/library/base:latest", &format!("sha256:{}", "b".repeat(64)), CONFIG);
    let daemon = build_with(engine, &[]).await;
    expect![[r#"
        + of the base (none)
        + RUN /bin/sh -ec make (mstage)
    "#]]
    .assert_eq(&history(&daemon));
    expect![[r#"
        [a 1/2] FROM docker.io/library/base:latest
        [a 2/2] make
    "#]]
    .assert_eq(&names(&daemon));
}

/// Errors in build files that are valid in Dockerfiles.
#[tokio::test]
async fn what_dockerfiles_may_say() {
    let dockerfile = "FROM base\nENV TOKEN=x\nARG KEY=y\nUSER a:b:c\n\
        RUN --mount=type=secret,id=t,env=TOKEN --mount=type=secret,id=k,env=KEY echo $TOKEN $KEY\n";
    let daemon = build(dockerfile, &["platform=linux/amd64,linux/arm64"]).await;
    let returned = returned(&daemon);
    assert!(returned.error.is_none(), "{returned:?}");
}

/// Each `RUN` is the same process as with docker/dockerfile: its shell, and the text as written.
#[tokio::test]
async fn texts_are_run_as_they_are_written() {
    const DOCKERFILE: &str = "FROM base
RUN false; echo on && \\
    # a comment
    echo   two
RUN <<EOF
false
echo on
EOF
SHELL [\"/bin/bash\", \"-c\"]
RUN cat <<A && echo x
a
A
RUN [\"prog\", \"a b\"]
RUN <<EOF
#!/bin/awk -f
EOF
";
    let daemon = build(DOCKERFILE, &[]).await;
    let mut found: Vec<Vec<String>> = crate::frontend::ops(&daemon)
        .into_iter()
        .filter_map(|op| match op.op {
            Some(buildkit_proto::pb::op::Op::Exec(exec)) => exec.meta.map(|meta| meta.args),
            _ => None,
        })
        .collect();
    found.sort();
    expect![[r#"
        [
            [
                "/bin/bash",
                "-c",
                "cat <<A && echo x\na\nA",
            ],
            [
                "/bin/sh",
                "-c",
                "false\necho on\n",
            ],
            [
                "/bin/sh",
                "-c",
                "false; echo on &&     echo   two",
            ],
            [
                "/dev/pipes/script",
            ],
            [
                "prog",
                "a b",
            ],
        ]
    "#]]
    .assert_debug_eq(&found);
}

/// `ADD` of files in the build context unpacks archives, detected by content; `COPY` unpacks
/// nothing.
#[tokio::test]
async fn what_is_added_is_looked_into() {
    const DOCKERFILE: &str = "FROM base
COPY x /copied
ADD x data*.bin /added/
ADD --chmod=640 x /new/file
ADD --unpack=false x /kept
ADD x.tar /unpacked
";
    let daemon = build(DOCKERFILE, &[]).await;
    let mut found: Vec<(String, bool)> = Vec::new();
    for op in crate::frontend::ops(&daemon) {
        let Some(buildkit_proto::pb::op::Op::File(file)) = op.op else { continue };
        found.extend(file.actions.into_iter().filter_map(|action| match action.action {
            Some(buildkit_proto::pb::file_action::Action::Copy(copy)) => {
                Some((copy.dest, copy.attempt_unpack_docker_compatibility))
            }
            _ => None,
        }));
    }
    found.sort();
    let expected = [
        ("/added/", true),
        ("/added/", true),
        ("/copied", false),
        ("/kept", false),
        ("/new/file", true),
        ("/unpacked", true),
    ];
    assert_eq!(found, expected.map(|(to, unpacks)| (to.to_owned(), unpacks)));
}

/// People and scripts search for these words.
#[tokio::test]
async fn errors_have_known_words() {
    for (dockerfile, words) in [
        ("ARG X\nFROM ${X}\n", "Dockerfile:2: base name (${X}) should not be blank"),
        ("FROM --platform=a/b/c/d base\n", "Dockerfile:1: failed to parse platform a/b/c/d: "),
        ("FROM --platform=$X base\n", "Dockerfile:1: empty platform value from expression $X"),
        (
            "FROM base AS a\nCOPY --from=b /x /\nFROM base AS b\nCOPY --from=a /x /\n",
            "Dockerfile:2: circular dependency detected on stage: a",
        ),
        (
            "FROM Base_:\n",
            "Dockerfile:1: failed to parse stage name \"Base_:\": invalid reference format: ",
        ),
        ("FROM base\nCOPY https://host/x /\n", "Dockerfile:2: source can't be a URL for COPY: "),
        ("FROM base\nEXPOSE 80/x\n", "Dockerfile:2: invalid port: \"80/x\": invalid proto: x"),
        ("FROM base\nEXPOSE x\n", "Dockerfile:2: invalid containerPort: x"),
        ("FROM base\nEXPOSE 9-8:1\n", "Dockerfile:2: invalid hostPort: 9-8"),
        ("FROM base\nSTOPSIGNAL NOPE\n", "Dockerfile:2: invalid signal: NOPE"),
        (
            "FROM base\nHEALTHCHECK --interval=1ns CMD x\n",
            "dockerfile parse error on line 2: Interval \"interval\" cannot be less than 1ms",
        ),
        (
            "FROM base\nHEALTHCHECK --retries=x CMD x\n",
            "dockerfile parse error on line 2: strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
        ("FROM base\nCOPY git@host:a/b.git /\n", "source can't be a git ref for COPY"),
        (
            "FROM base\nCOPY --from=Base:1 /x /\n",
            "failed to parse stage name \"Base:1\": invalid reference format: repository name (library/Base) must be lowercase",
        ),
        ("FROM base\nRUN --mount=target=/ x\n", "Dockerfile:2: invalid mount target \"/\""),
        ("FROM base\nRUN --mount=type=tmpfs,target=/x,size=a x\n", "invalid value for size: a"),
        ("FROM base\nRUN []\n", "Dockerfile:2: arguments are required"),
        ("FROM base\nUSER ${A?}\n", "Dockerfile:2: A: is not allowed to be unset"),
        ("FROM base\nENV A=\nUSER ${A:?}\n", "Dockerfile:3: A: is not allowed to be empty"),
        ("FROM base\nUSER '\n", "Dockerfile:2: failed to process \"'\": unexpected end of"),
        ("FROM scratch\nCOPY --chown=a b /\n", "Dockerfile:2: invalid user index: -1"),
        (
            "FROM base\nCOPY --chmod=u+z b /\n",
            "Dockerfile:2: invalid chmod parameter: 'u+z': invalid syntax",
        ),
        ("FROM base\nSTOPSIGNAL $A\n", "Dockerfile:2: invalid signal: "),
        ("FROM base\nRUN --network=x y\n", "invalid network mode \"x\""),
    ] {
        let (message, places) = error(&build(dockerfile, &[]).await);
        assert!(message.contains(words), "{dockerfile}: {message}");
        assert_eq!(places[0].0, "Dockerfile");
    }
}

/// A stage whose base depends on an arg inherits from that base.
#[tokio::test]
async fn a_computed_base() {
    const DOCKERFILE: &str = "ARG KIND=small
FROM base AS app-small
ENV SIZE=1
FROM base AS app-large
ENV SIZE=2
FROM app-$KIND AS app
RUN echo $SIZE
";
    for (options, expected) in [(&[][..], "SIZE=1"), (&["build-arg:KIND=large"], "SIZE=2")] {
        let daemon = build(DOCKERFILE, options).await;
        let exec = crate::frontend::ops(&daemon).into_iter().find_map(|op| match op.op {
            Some(buildkit_proto::pb::op::Op::Exec(exec)) => exec.meta,
            _ => None,
        });
        assert_eq!(exec.unwrap().env, ["PATH=/bin", "OF_BASE=b", expected]);
    }
}

/// In a stage based on another one, a variable takes precedence over an arg with its name, and
/// comes after all args.
#[tokio::test]
async fn variables_of_a_base_stage_are_set_again() {
    const DOCKERFILE: &str = "FROM base AS first
ARG ONE=1
ENV TWO=variable
ARG TWO=arg
RUN first
FROM first
RUN second
";
    let daemon = build(DOCKERFILE, &[]).await;
    let execs = crate::frontend::ops(&daemon).into_iter().filter_map(|op| match op.op {
        Some(buildkit_proto::pb::op::Op::Exec(exec)) => exec.meta,
        _ => None,
    });
    let environments: Vec<String> = execs.map(|exec| exec.env.join(" ")).collect();
    assert_eq!(
        environments,
        ["PATH=/bin OF_BASE=b ONE=1 TWO=arg", "ONE=1 PATH=/bin OF_BASE=b TWO=variable"]
    );
}

/// A `SHELL` after a command of the image splits the stage into two; the image keeps its triggers.
#[tokio::test]
async fn triggers_before_another_shell() {
    const DOCKERFILE: &str = "FROM base
ONBUILD RUN echo triggered
HEALTHCHECK CMD true
SHELL [\"/bin/ash\", \"-c\"]
CMD serve
WORKDIR /out/
";
    let daemon = build(DOCKERFILE, &[]).await;
    let result = returned(&daemon).result.unwrap();
    let config: Value = serde_json::from_slice(&result.metadata["containerimage.config"]).unwrap();
    assert_eq!(config["config"]["OnBuild"], serde_json::json!(["RUN echo triggered"]));
    assert!(history(&daemon).ends_with("+ WORKDIR /out/ (buildkit.dockerfile.v0)\n"));
}

/// The variables of one `ENV` keep their order, even if one uses another.
#[tokio::test]
async fn variables_of_one_instruction_keep_their_order() {
    let daemon = build("FROM base\nENV A=1 B=2 C=$A\n", &[]).await;
    let result = returned(&daemon).result.unwrap();
    let config: Value = serde_json::from_slice(&result.metadata["containerimage.config"]).unwrap();
    let expected = serde_json::json!(["PATH=/bin", "OF_BASE=b", "A=1", "B=2", "C="]);
    assert_eq!(config["config"]["Env"], expected);
}

/// A process sees the time that the keyword stands for: none for files of the client.
#[tokio::test]
async fn the_time_in_the_environment() {
    const DOCKERFILE: &str = "FROM base\nARG SOURCE_DATE_EPOCH\nRUN date\n";
    for (value, expected) in [("1700000000", "1700000000"), ("context", "")] {
        let option = format!("build-arg:SOURCE_DATE_EPOCH={value}");
        let daemon = build(DOCKERFILE, &[&option]).await;
        let exec = crate::frontend::ops(&daemon).into_iter().find_map(|op| match op.op {
            Some(buildkit_proto::pb::op::Op::Exec(exec)) => exec.meta,
            _ => None,
        });
        let expected = format!("SOURCE_DATE_EPOCH={expected}");
        assert_eq!(exec.unwrap().env.last(), Some(&expected));
    }
}

/// Each instruction that creates files is a layer, and so are directories created by `WORKDIR`.
#[tokio::test]
async fn each_instruction_is_a_layer() {
    for dockerfile in [
        "FROM base\nWORKDIR /w\nCOPY <<A <<B ./\na\nA\nb\nB\nCOPY <<C /c\nc\nC\n",
        "FROM base\nWORKDIR /w\nCOPY --link x ./\nCOPY x x /d\n",
        "FROM base\nWORKDIR /w\nADD x https://host/y x.tar /e/\nCOPY x <<C /d/\nc\nC\n",
    ] {
        let history = history(&build(dockerfile, &[]).await);
        let layers = history.lines().filter(|line| line.starts_with("+ ")).count();
        assert_eq!(layers, 4, "{history}");
    }
}

/// The conversion makes stages of its own, whose names the author does not know.
#[tokio::test]
async fn only_stages_of_the_dockerfile_are_known() {
    const SPLIT: &str = "FROM base AS build\nRUN a\nWORKDIR /x\nRUN b\nENV A=1\nRUN c\nFROM build\nCOPY --from=gone a b\nRUN d\n";
    const UNNAMED: &str = "FROM base\nCOPY --from=gone a b\n";
    let list = "\n  help: the stages are `build`";
    for (dockerfile, target, expected) in [
        (SPLIT, "gone", list),
        (SPLIT, "build-1", " (did you mean build?)"),
        (SPLIT, "runtime", list),
        (SPLIT, "biuld", " (did you mean build?)"),
        (UNNAMED, "runtime", ""),
    ] {
        let daemon = build(dockerfile, &[&format!("target={target}")]).await;
        let message = format!("target stage \"{target}\" could not be found{expected}");
        assert_eq!(error(&daemon).0, message, "{dockerfile}");
    }
    let message = returned(&build(SPLIT, &[]).await).error.unwrap().message;
    assert!(
        message.ends_with("\n  help: there is no stage `gone`: the stages are `build`"),
        "{message}"
    );
    let message = returned(&build(UNNAMED, &[]).await).error.unwrap().message;
    assert!(message.starts_with("Dockerfile:2: ") && !message.contains("help"), "{message}");
}
