//! Parses whole Dockerfiles and compares the instructions or errors.

use expect_test::{Expect, expect};

use super::{CommandLine, Dockerfile, Kind, parse};
use crate::diagnostic::Diagnostics;
use crate::source::SourceFile;

fn read(text: &str) -> (Dockerfile, Vec<String>) {
    let file = SourceFile::new("Dockerfile", text.into());
    let mut diagnostics = Diagnostics::default();
    let found = parse(&file, &mut diagnostics);
    let told = diagnostics.errors().into_iter().map(|error| {
        let lines = error.span.map(|span| file.lines(span));
        format!("{}: {}", lines.map_or(0, |lines| *lines.start()), error.message)
    });
    (found, told.collect())
}

fn check_mistakes(text: &str, expected: Expect) {
    let (_, told) = read(text);
    expected.assert_eq(&told.join("\n"));
}

/// The kinds of the instructions of the last stage.
fn kinds(text: &str) -> Vec<Kind> {
    let (found, told) = read(text);
    assert_eq!(told, [""; 0], "{text}");
    let last = found.stages.into_iter().last().expect("there is a stage");
    last.instructions.into_iter().map(|instruction| instruction.kind).collect()
}

#[test]
fn all_mistakes_are_told_at_once() {
    check_mistakes(
        "FROM a AS 1x\nFRMO b\nCOPY a\nCOPY --form=x a b\nRUN --mount=type=cach true\n\
         HEALTHCHECK FOO\nONBUILD ONBUILD RUN x\nENV\nENV a\nENV a=b c\nSHELL sh\nVOLUME [\"\"]\nEXPOSE\n\
         COPY [\"a\", 1]\nCOPY a <<EOF\nEOF\nRUN <<X\n",
        expect![[r#"
            1: dockerfile parse error on line 1: invalid name for build stage: "1x", name can't start with a number or contain symbols
            2: dockerfile parse error on line 2: unknown instruction: FRMO (did you mean FROM?)
            3: dockerfile parse error on line 3: COPY requires at least two arguments, but only one was provided. Destination could not be determined
            4: dockerfile parse error on line 4: unknown flag: --form (did you mean from?)
            5: dockerfile parse error on line 5: unsupported mount type "cach" (did you mean cache?)
            6: dockerfile parse error on line 6: Unknown type "FOO" in HEALTHCHECK (try CMD)
            7: dockerfile parse error on line 7: Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed
            8: dockerfile parse error on line 8: ENV requires at least one argument
            9: ENV must have two arguments
            10: Syntax error - can't find = in "c". Must be of the form: name=value
            11: dockerfile parse error on line 11: SHELL requires the arguments to be in JSON form
            12: dockerfile parse error on line 12: VOLUME specified can not be an empty string
            13: dockerfile parse error on line 13: EXPOSE requires at least one argument
            14: when using JSON array syntax, arrays must be comprised of strings only
            15: dockerfile parse error on line 15: COPY cannot accept a heredoc as a destination
            17: unterminated heredoc"#]],
    );
    check_mistakes("RUN x\n", expect!["1: no build stage in current context"]);
    check_mistakes("# only\n", expect!["2: file with no instructions"]);
    check_mistakes("ARG x\n", expect!["2: dockerfile contains no stages to build"]);
    check_mistakes(
        "FROM a b\n",
        expect!["1: dockerfile parse error on line 1: FROM requires either one or three arguments"],
    );
}

#[test]
fn stages_and_global_args() {
    let (found, told) = read(
        "\u{feff}# syntax=x\nARG A=1 B\nFROM --platform=$P base As Name\nRUN a\nfrom scratch\n# end\n",
    );
    assert_eq!(told, [""; 0]);
    assert_eq!((found.global_args.len(), found.stages.len(), found.trailing.len()), (1, 2, 1));
    let header = &found.stages[0].header;
    assert_eq!(header.base.value, "base");
    assert_eq!(header.platform.as_ref().map(|word| &*word.value), Some("$P"));
    assert_eq!(header.name.as_ref().map(|word| &*word.value), Some("Name"));
}

#[test]
fn commands() {
    let found = kinds(
        "FROM a\nRUN [\"a\", \"b\"]\nRUN [ -f x ] && \\\n # why\n  echo\nRUN <<-EOF cat\n\ta\n\tEOF\nCMD []\nRUN\n",
    );
    let [Kind::Run(exec), Kind::Run(test), Kind::Run(heredoc), Kind::Cmd(cmd), Kind::Run(_)] =
        &found[..]
    else {
        panic!("{found:?}")
    };
    assert!(matches!(&exec.command, CommandLine::Exec(words) if words.value == ["a", "b"]));
    let CommandLine::Shell(text) = &test.command else { panic!("{test:?}") };
    assert_eq!((&*text.text.value, &text.breaks[..]), ("[ -f x ] &&   echo", &[12][..]));
    assert_eq!((heredoc.heredocs[0].text(), heredoc.heredocs[0].chomp), ("a\n".to_owned(), true));
    assert!(matches!(cmd, CommandLine::Exec(words) if words.value.is_empty()));
}

#[test]
fn files() {
    let found = kinds(
        "FROM a\nCOPY --from=0 --link=false --exclude=x --exclude=y a \"b\" /c/\n\
         ADD --checksum=sha256:0 --keep-git-dir=true https://x/y.git /y\nCOPY <<A <<'B' /d/\n1\nA\n$2\nB\n\
         ONBUILD COPY <<A /x\n3\nA\n",
    );
    let [Kind::Copy(copy), Kind::Add(add), Kind::Copy(heredocs), Kind::Onbuild(trigger)] =
        &found[..]
    else {
        panic!("{found:?}")
    };
    let sources: Vec<_> = copy.transfer.sources.iter().map(|word| &*word.value).collect();
    assert_eq!((&sources[..], &*copy.transfer.destination.value), (&["a", "\"b\""][..], "/c/"));
    assert_eq!((copy.transfer.exclude.len(), copy.transfer.link), (2, false));
    assert_eq!(add.keep_git_dir, Some(true));
    let contents: Vec<_> =
        heredocs.transfer.heredocs.iter().map(|file| (&*file.content, file.expand)).collect();
    assert_eq!(contents, [("1\n", true), ("$2\n", false)]);
    assert_eq!(trigger.text, "COPY <<A /x\n3\nA");
}

#[test]
fn values() {
    let found =
        kinds("FROM a\nENV a=1 b=\"2 3\" c=d\\ e\nENV x  y z\nARG A B=c\nLABEL \"a b\"=c\n");
    let [Kind::Env(env), Kind::Env(legacy), Kind::Arg(args), Kind::Label(labels)] = &found[..]
    else {
        panic!("{found:?}")
    };
    let values: Vec<_> = env.iter().map(|pair| &*pair.value.value).collect();
    assert_eq!(values, ["1", "\"2 3\"", "d\\ e"]);
    assert_eq!(
        (&*legacy[0].name.value, &*legacy[0].value.value, legacy[0].is_legacy),
        ("x", "y z", true)
    );
    assert_eq!(args.len(), 2);
    assert_eq!(labels[0].name.value, "\"a b\"");
}

#[test]
fn files_that_nobody_should_write() {
    for text in [
        "RUN \\\n".repeat(100_000),
        format!("FROM a\nRUN {}\n", "<<A ".repeat(10_000)),
        format!("FROM a\n{}RUN x\n", "ONBUILD ".repeat(100_000)),
        format!("FROM a\nCOPY {} b\n", "--from=x ".repeat(100_000)),
        format!("FROM a\nENV a={}\n", "${a:-".repeat(100_000)),
        "FROM a\nRUN <<A\n".to_owned(),
        "\u{feff}".to_owned(),
        String::new(),
    ] {
        read(&text);
    }
}
