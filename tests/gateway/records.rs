//! The record of a Dockerfile's build: the names of its steps, and the history of its image.

use buildkit_proto::frontend::result;
use expect_test::{Expect, expect};
use serde_json::Value;

use crate::definition;
use crate::fake::{Daemon, Engine, Release};
use crate::frontend::{build_with, returned};

const CONFIG: &str = r#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin","OF_BASE=b"],"Cmd":["sh"]},
    "rootfs":{"type":"layers","diff_ids":["sha256:00"]},"history":[{"created_by":"of the base"}]}"#;

pub(crate) async fn build(dockerfile: &'static str, opts: &[&str]) -> Daemon {
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
pub(crate) fn history(daemon: &Daemon) -> String {
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
