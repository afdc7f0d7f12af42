//! Hostile Dockerfiles: each ends in errors or in a build file, never in a panic. A quadratic
//! algorithm would take minutes for one of them.

use std::collections::BTreeMap;

use mstage::convert::as_build_file;
use mstage::diagnostic::Diagnostics;
use mstage::source::SourceFile;
use mstage::spec;

/// Number of repetitions.
const MANY: usize = if cfg!(debug_assertions) { 10_000 } else { 100_000 };

/// The length of the build file for a Dockerfile, after parsing it; `None` if there are errors.
fn convert(text: impl Into<Vec<u8>>) -> Option<usize> {
    let mut diagnostics = Diagnostics::default();
    let file = SourceFile::new("Dockerfile", text.into());
    let read = as_build_file(file, &BTreeMap::new(), |_, _, _| (), &mut diagnostics);
    let length = read.ok().map(|(file, _)| {
        let length = file.text().len();
        spec::parse(file, &mut diagnostics);
        length
    });
    length.filter(|_| !diagnostics.has_errors())
}

#[test]
fn very_many_instructions() {
    for line in [
        "RUN echo x\n",
        "COPY a /b\n",
        "ENV A=$A:x\n",
        "ARG A=$A\n",
        "LABEL l=$A\n",
        "WORKDIR w\n",
        "EXPOSE 80\n",
        "VOLUME /v\n",
        "CMD x\n",
        "ONBUILD RUN x\n",
        "# comment\n",
        "SHELL [\"x\"]\n",
        "RUN <<E\nx\nE\n",
    ] {
        convert(format!("FROM x\n{}", line.repeat(MANY)));
    }
    // The conversion of these lines looks ahead.
    for line in ["USER 1\nRUN x\n", "ENV B=x\nRUN echo $B\n"] {
        convert(format!("FROM x\n{}", line.repeat(MANY)));
    }
    let names: String = (0..MANY / 10).map(|n| format!("ARG A{n}=x\nENV E{n}=$A{n}\n")).collect();
    convert(format!("FROM x\n{names}RUN make\n"));
    convert(format!("FROM x\n{names}{names}RUN make\n"));
    // A step sees the args above it: each could have its own copy of them.
    let args: String = (0..MANY / 10).map(|n| format!("ARG A{n}=x\nRUN echo $A{n}\n")).collect();
    convert(format!("FROM x\n{args}"));
    convert(format!("{}FROM x\n{args}", args.replace("RUN", "ARG C=$A0 #").replace("=x", "=y")));
    convert("NOTHING x\n".repeat(MANY));
}

#[test]
fn very_many_words_of_one_instruction() {
    for verb in ["ENV", "LABEL", "VOLUME", "ARG", "EXPOSE"] {
        let words: String = (0..MANY).map(|n| format!(" a.{n}=x")).collect();
        convert(format!("FROM x\n{verb}{words}\n"));
        let words: String = (0..MANY).map(|n| format!(" A{n}=$A{}", n + 1)).collect();
        convert(format!("FROM x\n{verb}{words}\nRUN make\n"));
    }
    let labels: String = (0..MANY).map(|n| format!("LABEL a.{n}=x\nVOLUME /v{n}\n")).collect();
    convert(format!("FROM x\n{labels}"));
}

#[test]
fn very_many_stages() {
    let many = MANY / 10;
    convert("FROM x\nRUN y\n".repeat(many));
    convert("FROM x AS a\nRUN y\n".repeat(many));
    let chain: String = (1..many).map(|n| format!("FROM s{} AS s{n}\nRUN y\n", n - 1)).collect();
    convert(format!("FROM x AS s0\n{chain}"));
    let copies: String = (0..many).map(|n| format!("COPY --from=s{n} /a /b\n")).collect();
    let stages: String = (0..many).map(|n| format!("FROM x AS s{n}\n")).collect();
    convert(format!("{stages}FROM x\n{copies}"));
    // The triggers of one stage run in the next; a chain of them must not double.
    let triggers = "ONBUILD RUN x\n".repeat(20);
    let chain: String = (1..many).map(|n| format!("FROM s{} AS s{n}\n{triggers}", n - 1)).collect();
    convert(format!("FROM x AS s0\n{triggers}{chain}"));
}

#[test]
fn very_long_text() {
    let size = if cfg!(debug_assertions) { 1 << 20 } else { 16 << 20 };
    let long = "x".repeat(size);
    convert(long.clone());
    convert(format!("FROM x\nRUN {long}\n"));
    convert(format!("FROM x\nRUN <<EOF\n{}", "x y\n".repeat(size / 4)));
    convert(format!("FROM x\nRUN {} y\n", "<<EOF ".repeat(MANY)));
    convert(format!("FROM x\nRUN a \\\n{}", "  # c\n\n && b \\\n".repeat(MANY)));
    convert(format!("FROM x\nRUN a \\\n{} b\n", "  # c\n".repeat(MANY)));
    convert(format!("FROM x\nENV A={}\n", "\"a b\"$A\\ ".repeat(size / 20)));
    convert(format!("FROM x\nCOPY {}\n", "--chown=1 ".repeat(size / 20)));
    convert(format!("FROM x\nRUN {} y\n", "--mount=type=cache,target=/a ".repeat(MANY)));
    convert(format!("FROM x\nRUN --mount={} y\n", "a=b,".repeat(size / 8)));
    convert(format!("FROM x\nCOPY {} /d/\n", "a ".repeat(size / 4)));
    convert(format!("FROM x\nCMD [{}\"x\"]\n", "\"x\", ".repeat(size / 8)));
    convert(format!("FROM x\nCMD {}\n", "[".repeat(size)));
    convert(format!("{}FROM x\n", "# escape=`\n".repeat(MANY)));
    convert(format!("FROM x\nRUN {}\n", "if x; then ".repeat(MANY)));
    convert(format!("FROM x\nRUN {}\n", "$(".repeat(MANY)));
    convert(vec![0xff; size]);
}

#[test]
fn deep_nesting() {
    let nested = format!("{}x{}", "${A:-".repeat(MANY), "}".repeat(MANY));
    assert_eq!(convert(format!("FROM x\nENV B={nested}\n")), None);
    assert_eq!(convert(format!("ARG B={nested}\nFROM $B\n")), None);
    assert_eq!(convert(format!("FROM x\nCOPY <<E /a\n{nested}\nE\n")), None);
    convert(format!("FROM x\n{}RUN x\n", "ONBUILD ".repeat(MANY)));
    let deep = format!("{}x{}", "${A:-".repeat(15), "}".repeat(15));
    convert(format!("FROM x\n{}", format!("ENV A={deep}$A\n").repeat(MANY / 100)));
    // Each default contains the previous one several times.
    let defaults: String = (1..60).map(|n| format!("ARG A{n}=$A{0}$A{0}$A{0}\n", n - 1)).collect();
    convert(format!("ARG A0=x\n{defaults}FROM $A59\n"));
    convert(format!("FROM x\nARG A0=x\n{defaults}RUN echo $A59\n"));
    convert(format!("FROM x\n{}", "ARG A=${A}${A}\n".repeat(60)));
    convert(format!("FROM x\n{}", "ENV A=$A$A\n".repeat(60)));
    convert(format!("FROM scratch\nENV A=x\n{}", "ENV A=$A$A\n".repeat(60)));
}
