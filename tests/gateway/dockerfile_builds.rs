//! Builds of a Dockerfile: the processes and files of its instructions, and its errors.

use expect_test::expect;
use serde_json::Value;

use crate::frontend::{error, returned};
use crate::records::{build, history};

/// Errors in build files that are valid in Dockerfiles.
#[tokio::test]
async fn what_dockerfiles_may_say() {
    let dockerfile = "FROM base\nENV TOKEN=x\nARG KEY=y\nUSER a:b:c\nHEALTHCHECK --interval=+5s CMD x\n\
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
        (
            "FROM base\nADD --keep-git-dir=false https://host/a.git?keep-git-dir=true /\n",
            "Dockerfile:2: inconsistent keep-git-dir configuration: drop that of the flag or of the URL",
        ),
        (
            "FROM base\nADD --checksum=a https://host/a.git?checksum=b /\n",
            "Dockerfile:2: checksum mismatch \"a\" != \"b\": drop that of the flag or of the URL",
        ),
        (
            "FROM base\nADD --checksum=sha256:a https://host/a https://host/b /\n",
            "Dockerfile:2: checksum can't be specified for multiple sources: write an ADD for each",
        ),
        (
            "FROM base\nADD https://host/a.git?submodules=no /\n",
            "invalid submodules value: \"no\": expected `true` or `false`",
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
