//! Each rule on Dockerfiles with and without a finding.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};

use super::{Config, IgnoreFile, check_file, check_stages};
use crate::diagnostic::{Diagnostics, Findings};
use crate::dockerfile::evaluate::{Base, BaseImage, Images, Input};
use crate::dockerfile::{DockerfileOutline, outline, parse};
use crate::source::SourceFile;

/// Base images of these tests.
struct Known;

impl Images for Known {
    fn image(&self, name: &str, platform: Option<&str>) -> Base {
        let image = BaseImage::default();
        let env = |env: &[&str]| env.iter().map(|&env| env.to_owned()).collect();
        Base::Image(match name {
            "golang" => BaseImage { env: env(&["PATH=/go/bin", "GOPATH=/go"]), ..image },
            "with-shell" => BaseImage { has_shell: true, ..image },
            "with-triggers" => {
                let triggers = ["WORKDIR app", "COPY $SRC .", "CMD run"];
                BaseImage { triggers: triggers.map(str::to_owned).to_vec(), ..image }
            }
            "of-arm" if platform.is_none() => {
                let other = ["linux/amd64", "linux/arm64"].map(str::to_owned);
                BaseImage { other_platform: Some(other), ..image }
            }
            "unknown" => return Base::Unknown,
            _ => image,
        })
    }

    fn replacement(&self, stage: &str) -> Option<Base> {
        let image = BaseImage { env: vec!["REPLACED=1".to_owned()], ..BaseImage::default() };
        (stage == "replaced").then_some(Base::Image(image))
    }
}

/// The parameters of a check.
#[derive(Default)]
struct Asked<'a> {
    args: &'a [(&'a str, &'a str)],
    target: Option<&'a str>,
    /// True for a build, false for a check of all stages.
    is_build: bool,
    ignore: &'a [&'a str],
}

fn with<T>(text: &str, asked: &Asked<'_>, what: impl FnOnce(&Input<'_>, Option<u32>) -> T) -> T {
    let file = SourceFile::new("Dockerfile", text.into());
    let mut diagnostics = Diagnostics::default();
    let dockerfile = parse(&file, &mut diagnostics);
    let lines = diagnostics.errors().into_iter().filter_map(|error| error.span);
    let mistakes = lines.map(|span| file.line(span.start)).min();
    let args = asked.args.iter();
    let args =
        args.map(|&(name, value)| (name.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>();
    let predefined = [
        ("BUILDPLATFORM", "linux/amd64"),
        ("TARGETPLATFORM", "linux/arm64"),
        ("TARGETARCH", "arm64"),
    ];
    let input = Input {
        predefined: predefined.map(|(name, value)| (name, value.to_owned())).to_vec(),
        target: asked.target,
        ..Input::new(&file, &dockerfile, &args)
    };
    what(&input, mistakes)
}

fn findings(text: &str, asked: &Asked<'_>) -> String {
    with(text, asked, |input, mistakes| {
        let check = input.dockerfile.directives.check.as_ref();
        let config = Config::parse(check.map_or("", |check| &check.value)).unwrap();
        let ignore: Vec<String> = asked.ignore.iter().map(|&line| line.to_owned()).collect();
        let ignore = IgnoreFile::new(&ignore);
        let (mut found, problem) = check_file(input, &config, mistakes);
        let mut told: Vec<String> = Vec::new();
        if mistakes.is_none() && problem.is_none() {
            let all = asked.target.is_none() && !asked.is_build;
            let Findings { list, .. } = check_stages(input, &config, &Known, ignore.as_ref(), all);
            found.list.extend(list);
        }
        told.extend(found.list.iter().map(|found| found.short()));
        told.extend(problem.map(|problem| format!("error: {}", problem.message)));
        told.extend(found.violation());
        told.join("\n")
    })
}

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&findings(text, &Asked::default()));
}

fn check_asked(text: &str, asked: &Asked<'_>, expected: Expect) {
    expected.assert_eq(&findings(text, asked));
}

#[track_caller]
fn finds_nothing(text: &str) {
    assert_eq!(findings(text, &Asked::default()), "", "{text}");
}

#[test]
fn stage_name_casing() {
    check(
        "FROM scratch AS BadName\n",
        expect!["StageNameCasing: Stage name 'BadName' should be lowercase (line 1)"],
    );
    finds_nothing("FROM scratch AS good_name\n");
    finds_nothing("# check=skip=StageNameCasing\nFROM scratch AS BadName\n");
    finds_nothing("# a\n# check=skip=all // why\nFROM scratch AS BadName\n");
}

#[test]
fn from_as_casing() {
    check(
        "FROM scratch as a\nFROM scratch AS b\n",
        expect!["FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 1)"],
    );
    check(
        "from scratch AS a\nfrom scratch as b\nfrom scratch As c\n",
        expect![[r#"
        FromAsCasing: 'AS' and 'from' keywords' casing do not match (line 1)
        FromAsCasing: 'As' and 'from' keywords' casing do not match (line 3)"#]],
    );
}

#[test]
fn consistent_instruction_casing() {
    check(
        "From scratch as a\nFROM scratch AS b\n",
        expect![
            "ConsistentInstructionCasing: Command 'From' should match the case of the command majority (uppercase) (line 1)"
        ],
    );
    check(
        "arg A\nFROM scratch\ncopy . .\nCOPY . .\nonbuild copy a b\n",
        expect![[r#"
        ConsistentInstructionCasing: Command 'copy' should match the case of the command majority (uppercase) (line 3)
        ConsistentInstructionCasing: Command 'onbuild' should match the case of the command majority (uppercase) (line 5)"#]],
    );
    check(
        "from scratch\nCOPY a a\ncopy <<EOF b\nEOF\n",
        expect![
            "ConsistentInstructionCasing: Command 'COPY' should match the case of the command majority (lowercase) (line 2)"
        ],
    );
    finds_nothing("from scratch\ncopy a b\n");
}

#[test]
fn no_empty_continuation() {
    check(
        "FROM scratch\nCOPY a \\\n\n# c\n\n.\nCOPY b \\\n.\nRUN <<E \\\n\n x\n\nE\n",
        expect![[r#"
            NoEmptyContinuation: Empty continuation line (line 6)
            NoEmptyContinuation: Empty continuation line (line 11)"#]],
    );
}

#[test]
fn stage_names() {
    check(
        "FROM scratch AS b\nFROM scratch AS B\nFROM scratch AS context\n",
        expect![[r#"
        StageNameCasing: Stage name 'B' should be lowercase (line 2)
        DuplicateStageName: Duplicate stage name "b", stage names should be unique (line 2)
        ReservedStageName: Stage name should not use the same name as reserved stage "context" (line 3)"#]],
    );
    finds_nothing("FROM scratch\nFROM scratch AS b1\nFROM scratch AS b2\n");
}

#[test]
fn json_args_recommended() {
    check(
        "FROM scratch\nCMD run\nentrypoint run\nENTRYPOINT [\"a\"\n",
        expect![[r#"
        ConsistentInstructionCasing: Command 'entrypoint' should match the case of the command majority (uppercase) (line 3)
        JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals (line 2)
        JSONArgsRecommended: JSON arguments recommended for entrypoint to prevent unintended behavior related to OS signals (line 3)
        MultipleInstructionsDisallowed: Multiple ENTRYPOINT instructions should not be used in the same stage because only the last one will be used (line 3)
        JSONArgsRecommended: JSON arguments recommended for ENTRYPOINT to prevent unintended behavior related to OS signals (line 4)"#]],
    );
    finds_nothing("FROM scratch\nCMD [\"a\"]\nHEALTHCHECK CMD a\n");
    finds_nothing("FROM scratch AS a\nSHELL [\"/sh\"]\nFROM a\nCMD run\n");
    finds_nothing("FROM with-shell\nCMD run\n");
    finds_nothing("FROM unknown\nCMD run\n");
    finds_nothing("FROM scratch\n# check=skip=JSONArgsRecommended\nCMD run\n");
}

#[test]
fn maintainer_deprecated() {
    check(
        "FROM scratch\nMAINTAINER me\n# check=skip=MaintainerDeprecated\nMAINTAINER me\n",
        expect![
            "MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 2)"
        ],
    );
}

#[test]
fn warnings_before_a_mistake() {
    check(
        "FROM scratch AS Bad\nMAINTAINER me\nBADCMD\nMAINTAINER me\nCMD x\n",
        expect![[r#"
        StageNameCasing: Stage name 'Bad' should be lowercase (line 1)
        MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 2)"#]],
    );
}

#[test]
fn undefined_arg_in_from() {
    for text in [
        "ARG base=scratch\nFROM $base\n",
        "ARG BUILDPLATFORM=linux/amd64\nFROM --platform=$BUILDPLATFORM scratch\n",
        "FROM --platform=$BUILDPLATFORM scratch\n",
        "ARG DEBUG\nFROM scratch${DEBUG}\n",
        "ARG DEBUG\nFROM scra${DEBUG:-tch}\n",
        "ARG DEBUG=\"\"\nFROM scratch${DEBUG-@bogus}\n",
    ] {
        finds_nothing(text);
    }
    check(
        "FROM --platform=$BULIDPLATFORM scratch\n",
        expect![[r#"
        UndefinedArgInFrom: FROM argument 'BULIDPLATFORM' is not declared (did you mean BUILDPLATFORM?) (line 1)
        error: empty platform value from expression $BULIDPLATFORM (did you mean BUILDPLATFORM?)"#]],
    );
    check(
        "ARG MY_ARCH=amd64\nFROM --platform=linux/${MYARCH} busybox\n",
        expect![[r#"
        UndefinedArgInFrom: FROM argument 'MYARCH' is not declared (did you mean MY_ARCH?) (line 2)
        error: failed to parse platform linux/${MYARCH}: "" is an invalid component of "linux/": platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument (did you mean MY_ARCH?)"#]],
    );
    check(
        "ARG tag=latest\nFROM busybox:${tag}${version} AS b\n",
        expect!["UndefinedArgInFrom: FROM argument 'version' is not declared (line 2)"],
    );
    check(
        "FROM $none\nFROM $other\n",
        expect![[r#"
        InvalidDefaultArgInFrom: Default value for ARG $none results in empty or invalid base image name (line 1)
        InvalidDefaultArgInFrom: Default value for ARG $other results in empty or invalid base image name (line 2)
        UndefinedArgInFrom: FROM argument 'none' is not declared (line 1)
        error: base name ($none) should not be blank"#]],
    );
}

#[test]
fn workdir_relative_path() {
    check(
        "FROM scratch\nWORKDIR app/\nWORKDIR other\n",
        expect![[
            r#"WorkdirRelativePath: Relative workdir "app/" can have unexpected results if the base image changes (line 2)"#
        ]],
    );
    finds_nothing("FROM scratch AS a\nWORKDIR /app\nFROM a\nWORKDIR sub\n");
    finds_nothing("FROM scratch\n# check=skip=WorkdirRelativePath\nWORKDIR app\n");
}

#[test]
fn undefined_var() {
    for text in [
        "FROM scratch\nARG foo\nCOPY Dockerfile${foo} .\n",
        "FROM golang AS base\nARG foo=Dockerfile\nFROM base\nCOPY $foo .\n",
        "FROM golang\nRUN echo $NONE\nWORKDIR $GOPATH/src\nEXPOSE $PORT\nENV PATH=$PATH:/x\n",
        "FROM unknown\nCOPY $foo .\n",
        "FROM golang AS replaced\nFROM replaced\nCOPY $REPLACED .\n",
        "FROM scratch\nCOPY <<'EOF' a\n$x\nEOF\n",
    ] {
        finds_nothing(text);
    }
    check(
        "FROM golang\nCOPY $foo .\nARG foo=bar\nCOPY $foo .\n",
        expect!["UndefinedVar: Usage of undefined variable '$foo' (line 2)"],
    );
    check(
        "FROM scratch\nARG DIR_ASSETS=assets/\nCOPY $DIR_ASSET ${x:-y}$DIR_ASSET\n",
        expect![[r#"
            UndefinedVar: Usage of undefined variable '$DIR_ASSET' (did you mean $DIR_ASSETS?) (line 3)
            UndefinedVar: Usage of undefined variable '$DIR_ASSET' (did you mean $DIR_ASSETS?) (line 3)
            UndefinedVar: Usage of undefined variable '$x' (line 3)"#]],
    );
    check(
        "FROM scratch\nENV PATH=$PAHT:/tmp/bin A1=$A\nARG A=$B B=$A1\nLABEL $x=y\n",
        expect![[r#"
            UndefinedVar: Usage of undefined variable '$PAHT' (did you mean $PATH?) (line 2)
            UndefinedVar: Usage of undefined variable '$A' (line 2)
            UndefinedVar: Usage of undefined variable '$B' (did you mean $A1?) (line 3)
            UndefinedVar: Usage of undefined variable '$x' (did you mean $A?) (line 4)"#]],
    );
    check(
        "FROM scratch\nRUN --mount=type=cache,target=$dir true\nUSER $u\nCOPY <<EOF a\n$x\nEOF\n",
        expect![[r#"
            UndefinedVar: Usage of undefined variable '$dir' (line 2)
            UndefinedVar: Usage of undefined variable '$u' (line 3)
            UndefinedVar: Usage of undefined variable '$x' (line 4)"#]],
    );
    check(
        "FROM scratch\nONBUILD COPY $x .\nFROM with-triggers\n",
        expect![[r#"
        WorkdirRelativePath: Relative workdir "app" can have unexpected results if the base image changes (line 3)
        UndefinedVar: Usage of undefined variable '$SRC' (line 3)
        JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals (line 3)"#]],
    );
    // After a word that fails to expand, nothing is checked.
    check(
        "FROM scratch\nCOPY ${x?no} $y\nCOPY $z .\n",
        expect!["UndefinedVar: Usage of undefined variable '$x' (line 2)"],
    );
}

#[test]
fn stages_that_are_not_built() {
    let text =
        "FROM scratch AS first\nCOPY $foo .\nFROM scratch AS second\nCOPY $bar .\nMAINTAINER me\n";
    check(
        text,
        expect![[r#"
        MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 5)
        UndefinedVar: Usage of undefined variable '$foo' (line 2)
        UndefinedVar: Usage of undefined variable '$bar' (line 4)"#]],
    );
    check_asked(
        text,
        &Asked { is_build: true, ..Asked::default() },
        expect![[r#"
        MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 5)
        UndefinedVar: Usage of undefined variable '$bar' (line 4)"#]],
    );
    check_asked(
        text,
        &Asked { target: Some("first"), ..Asked::default() },
        expect![[r#"
        MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 5)
        UndefinedVar: Usage of undefined variable '$foo' (line 2)"#]],
    );
    let text = "FROM scratch AS a\nCOPY $a .\nFROM scratch AS b\nCOPY $b .\nFROM scratch\nCOPY --from=0 /a .\n\
                RUN --mount=from=B true\n";
    check_asked(
        text,
        &Asked { is_build: true, ..Asked::default() },
        expect![[r#"
        UndefinedVar: Usage of undefined variable '$a' (line 2)
        UndefinedVar: Usage of undefined variable '$b' (line 4)"#]],
    );
}

#[test]
fn multiple_instructions_disallowed() {
    check(
        "FROM scratch\nENTRYPOINT [\"a\"]\nCMD [\"a\"]\nHEALTHCHECK CMD [\"a\"]\nENTRYPOINT [\"b\"]\ncmd [\"b\"]\n\
         HEALTHCHECK NONE\nCMD [\"c\"]\n",
        expect![[r#"
            ConsistentInstructionCasing: Command 'cmd' should match the case of the command majority (uppercase) (line 6)
            MultipleInstructionsDisallowed: Multiple ENTRYPOINT instructions should not be used in the same stage because only the last one will be used (line 2)
            MultipleInstructionsDisallowed: Multiple cmd instructions should not be used in the same stage because only the last one will be used (line 3)
            MultipleInstructionsDisallowed: Multiple HEALTHCHECK instructions should not be used in the same stage because only the last one will be used (line 4)
            MultipleInstructionsDisallowed: Multiple CMD instructions should not be used in the same stage because only the last one will be used (line 6)"#]],
    );
    finds_nothing("FROM scratch AS a\nCMD [\"a\"]\nFROM a\nCMD [\"b\"]\n");
}

#[test]
fn legacy_key_value_format() {
    check(
        "FROM scratch\nENV name value\nLABEL key value\nENV a=b c=d\n",
        expect![[r#"
        LegacyKeyValueFormat: "ENV key=value" should be used instead of legacy "ENV key value" format (line 2)
        LegacyKeyValueFormat: "LABEL key=value" should be used instead of legacy "LABEL key value" format (line 3)"#]],
    );
    finds_nothing("FROM scratch\n# check=skip=LegacyKeyValueFormat\nENV name value\n");
}

#[test]
fn redundant_target_platform() {
    check(
        "FROM --platform=$TARGETPLATFORM scratch\nFROM --platform=${TARGETPLATFORM} scratch\n",
        expect![[r#"
            RedundantTargetPlatform: Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior (line 1)
            RedundantTargetPlatform: Setting platform to predefined ${TARGETPLATFORM} in FROM is redundant as this is the default behavior (line 2)"#]],
    );
    finds_nothing("# check=skip=all\nFROM --platform=$TARGETPLATFORM scratch\n");
    finds_nothing("FROM --platform=linux/$TARGETARCH scratch\n");
}

#[test]
fn secrets_used_in_arg_or_env() {
    check(
        "ARG GLOBAL_TOKEN\nFROM scratch\nARG SECRET_PASSPHRASE\nENV password=bar secret=baz PUBLIC_KEY=\n\
         # check=skip=SecretsUsedInArgOrEnv // allowed\nENV password=bar\n# check=skip=all // here\nARG password\n",
        expect![[r#"
            SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ARG "SECRET_PASSPHRASE") (line 3)
            SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV "password") (line 4)
            SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV "secret") (line 4)"#]],
    );
}

#[test]
fn invalid_default_arg_in_from() {
    let asked = Asked { args: &[("VERSION", "latest")], ..Asked::default() };
    check_asked(
        "ARG VERSION\nFROM busybox:$VERSION\n",
        &asked,
        expect![
            "InvalidDefaultArgInFrom: Default value for ARG busybox:$VERSION results in empty or invalid base image name (line 2)"
        ],
    );
    check(
        "ARG IMAGE\nFROM $IMAGE\n",
        expect![[r#"
        InvalidDefaultArgInFrom: Default value for ARG $IMAGE results in empty or invalid base image name (line 2)
        error: base name ($IMAGE) should not be blank"#]],
    );
    finds_nothing("ARG VERSION=latest\nFROM busybox:${VERSION}\n");
    finds_nothing("ARG V\nFROM busybox:stable${V}\n");
}

#[test]
fn from_platform_flag_const_disallowed() {
    check(
        "FROM --platform=linux/amd64 scratch\n",
        expect![[
            r#"FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value "linux/amd64" (line 1)"#
        ]],
    );
    finds_nothing("FROM --platform=linux/amd64 scratch AS my_amd64_stage\n");
    finds_nothing("FROM --platform=linux/amd64 scratch AS linux\n");
}

#[test]
fn copy_ignored_file() {
    let text = "FROM scratch AS base\nCOPY Dockerfile ./ok .\nADD Dockerfile https://x/Dockerfile /w\nCOPY . .\n\
                FROM base\nCOPY --from=base Dockerfile .\nCOPY /Dockerfile dir/sub .\n";
    for (patterns, expected) in [
        (
            &["Dockerfile", "dir"][..],
            expect![[r#"
            CopyIgnoredFile: Attempting to Copy file "Dockerfile" that is excluded by .dockerignore (line 2)
            CopyIgnoredFile: Attempting to Add file "Dockerfile" that is excluded by .dockerignore (line 3)
            CopyIgnoredFile: Attempting to Copy file "dir/sub" that is excluded by .dockerignore (line 7)"#]],
        ),
        (
            &["*"],
            expect![[r#"
            CopyIgnoredFile: Attempting to Copy file "Dockerfile" that is excluded by .dockerignore (line 2)
            CopyIgnoredFile: Attempting to Copy file "ok" that is excluded by .dockerignore (line 2)
            CopyIgnoredFile: Attempting to Add file "Dockerfile" that is excluded by .dockerignore (line 3)
            CopyIgnoredFile: Attempting to Copy file "." that is excluded by .dockerignore (line 4)
            CopyIgnoredFile: Attempting to Copy file "/Dockerfile" that is excluded by .dockerignore (line 7)
            CopyIgnoredFile: Attempting to Copy file "dir/sub" that is excluded by .dockerignore (line 7)"#]],
        ),
        (&[".*"], expect![[r#""#]]),
        (&["**", "!Dockerfile"], expect![[r#""#]]),
    ] {
        check_asked(text, &Asked { ignore: patterns, ..Asked::default() }, expected);
    }
}

#[test]
fn invalid_definition_description() {
    finds_nothing(
        "# check=skip=all;experimental=InvalidDefinitionDescription\n# foo this is the foo\nARG foo=bar\n\n\
         # base this is the base image\nFROM scratch AS base\n# baz this is the baz\nARG foo=baz bar=qux baz=quux\n\
         # other\n#\nARG bit=bat\n# something else\nCOPY Dockerfile .\n",
    );
    check(
        "# check=experimental=all\n# bar this is the bar\nARG foo=bar\n# BasE this is the BasE image\n\
         FROM scratch AS base\n# bad\n\nARG foo=baz bar=qux\n",
        expect![[r#"
            InvalidDefinitionDescription: Comment for ARG should follow the format: `# foo <description>` (line 3)
            InvalidDefinitionDescription: Comment for FROM should follow the format: `# base <description>` (line 5)
            InvalidDefinitionDescription: Comment for ARG should follow the format: `# <arg_key> <description>` (line 8)"#]],
    );
    finds_nothing("# bar this is the bar\nARG foo=bar\nFROM scratch\n");
}

#[test]
fn expose() {
    check(
        "FROM scratch\nARG P=\"81 82/UDP\"\nEXPOSE 80/TcP 8080/TCP 8080/udp $P\n\
         EXPOSE 127.0.0.1:80:80 [::1]:8080:8080 5000:5000 8000\n",
        expect![[r#"
            ExposeProtoCasing: Defined protocol '80/TcP' in EXPOSE instruction should be lowercase (line 3)
            ExposeProtoCasing: Defined protocol '8080/TCP' in EXPOSE instruction should be lowercase (line 3)
            ExposeProtoCasing: Defined protocol '82/UDP' in EXPOSE instruction should be lowercase (line 3)
            ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:80' (line 4)
            ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '5000:5000' (line 4)
            ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '[::1]:8080:8080' (line 4)"#]],
    );
}

#[test]
fn invalid_base_image_platform() {
    check(
        "FROM of-arm AS a\nFROM scratch\nCOPY --from=of-arm / /\nRUN --mount=from=of-arm true\n\
         FROM --platform=$BUILDPLATFORM of-arm\n",
        expect![[r#"
            InvalidBaseImagePlatform: Base image of-arm was pulled with platform "linux/arm64", expected "linux/amd64" for current build (line 1)
            InvalidBaseImagePlatform: Base image of-arm was pulled with platform "linux/arm64", expected "linux/amd64" for current build (line 3)
            InvalidBaseImagePlatform: Base image of-arm was pulled with platform "linux/arm64", expected "linux/amd64" for current build"#]],
    );
}

#[test]
fn findings_that_fail_the_build() {
    check(
        "# check=skip=ConsistentInstructionCasing;error=true\nFROM scratch as base\ncopy a b\n",
        expect![[r#"
            FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 2)
            lint violation found for rules: FromAsCasing"#]],
    );
    finds_nothing("# check=skip=all;error=true\nFROM scratch as base\ncopy a b\n");
}

fn check_outline(text: &str, asked: &Asked<'_>, expected: Expect) {
    let found = with(text, asked, |input, _| outline(input, &Known)).unwrap();
    let DockerfileOutline { name, description, args, secrets, ssh } = found;
    let mut told = vec![format!("{name}: {description}")];
    told.extend(args.into_iter().map(|arg| {
        format!("{} {}={} {}", arg.lines.start(), arg.name, arg.value, arg.description)
    }));
    for (kind, inputs) in [("secret", secrets), ("ssh", ssh)] {
        told.extend(inputs.into_iter().map(|input| {
            format!("{} {kind} {} {}", input.lines.start(), input.name, input.required)
        }));
    }
    expected.assert_eq(&told.join("\n"));
}

#[test]
fn outlines() {
    let args = [("BAR", "678")];
    let asked = Asked { target: Some("target"), args: &args, ..Asked::default() };
    check_outline(
        "ARG inherited=box\nARG inherited2=box2\nARG unused=abc${inherited2}\n# sfx is a suffix\n\
         ARG sfx=\"usy${inherited}\"\nFROM b${sfx} AS first\n# this is not assigned to anything\nARG FOO=123\n\
         # BAR is a number\nARG BAR=456\nRUN true\nFROM alpine${unused} AS second\nARG BAZ\nFROM scratch AS third\n\
         ARG ABC=a\n# alternate_password will show up\n# check=skip=all\nARG alternate_password\n\
         # target defines build target\nFROM third AS target\nCOPY --from=first /etc/passwd /\nFROM second\n",
        &asked,
        expect![[r#"
            target: defines build target
            1 inherited=box 
            5 sfx=usybox is a suffix
            8 FOO=123 
            10 BAR=678 is a number
            15 ABC=a 
            18 alternate_password= will show up"#]],
    );
    check_outline(
        "FROM busybox AS first\nRUN --mount=type=secret,target=/etc/passwd,required=true --mount=type=ssh true\n\
         FROM alpine AS second\nRUN --mount=type=secret,id=unused --mount=type=ssh,id=ssh2 true\n\
         FROM scratch AS third\nARG BAR\nRUN --mount=type=secret,id=second${BAR} true\n\
         FROM third AS target\nCOPY --from=first /foo /\nRUN --mount=type=ssh,id=ssh3,required true\nFROM second\n",
        &asked,
        expect![[r#"
            target: 
            6 BAR=678 
            2 secret passwd true
            7 secret second678 false
            2 ssh default false
            10 ssh ssh3 true"#]],
    );
    check_outline(
        "ARG FOO=123\nARG ABC=abc\nARG DEF=def\nARG FOO=${FOO}${ABC}\nARG BAR=${FOO}456\nARG FOO=${FOO}456${BAR}\n\
         FROM scratch\nARG FOO\nARG INFOO=123\nARG INBAR=${INFOO}456\nARG INFOO=${INFOO}456${INBAR}\n",
        &Asked::default(),
        expect![[r#"
            : 
            2 ABC=abc 
            5 BAR=123abc456 
            6 FOO=123abc456123abc456 
            10 INBAR=123456 
            11 INFOO=123456123456 "#]],
    );
}

/// Hostile files give a result within seconds.
#[test]
fn hostile_files() {
    let doubling: String = (1..60).map(|at| format!("ENV A{at}=$A{0}$A{0}\n", at - 1)).collect();
    findings(&format!("FROM scratch\nENV A0=x\n{doubling}"), &Asked::default());
    let many: String = (0..20_000).map(|at| format!("ENV V{at}=$W{at}\n")).collect();
    findings(&format!("FROM scratch AS a\n{many}"), &Asked::default());
    let stages: String =
        (0..2_000).map(|at| format!("FROM s{at} AS s{}\nENV V{at}=1\n", at + 1)).collect();
    findings(&format!("FROM scratch AS s0\n{many}{stages}"), &Asked::default());
}
