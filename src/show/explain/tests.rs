use buildkit_llb::Platform;
use expect_test::{Expect, expect};

use super::{ClientSide, Explained, Ignored};
use crate::diagnostic::Diagnostics;
use crate::lower::ProcessOptions;
use crate::plan::{Facts, ImageFact, Request, resolve, select};
use crate::source::SourceFile;
use crate::spec::parse;

const CONFIG: &str = r#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:00"]}}"#;

/// A build, with the last digit of all images' digests, or without looking them up.
struct Case<'a> {
    spec: &'a str,
    args: &'a [(&'a str, &'a str)],
    ignored: &'a [&'a str],
    digest: Option<char>,
}

const SPEC: &str = r#"
[args]
VERSION = "1.2"
GO = "1.24"
[stages.builder]
from = "golang:${GO}"
steps = [
  { copy = "go.mod" },
  "go mod download",
  { copy = "." },
  'go build -ldflags "-X v=$VERSION"',
  "strip app",
]
[stages.vet]
from = "builder"
steps = ["go vet"]
[stages.runtime]
from = "alpine:3.20"
requires = ["vet"]
steps = [{ copy = "/app", from = "builder" }, "chmod +x /app", { copy = "etc", link = true }]
"#;

const CASE: Case<'_> = Case { spec: SPEC, args: &[], ignored: &[], digest: Some('a') };

fn explained(case: &Case<'_>) -> Explained {
    let mut diagnostics = Diagnostics::default();
    let file = SourceFile::new("mstage.toml", case.spec.as_bytes().to_vec());
    let (files, spec) = parse(file, &mut diagnostics);
    let spec = spec.unwrap();
    let mut request = Request::new(Platform::new("linux", "amd64", "").unwrap());
    request.build_args =
        case.args.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let selection = select(&spec, &request, &mut diagnostics).unwrap();
    let mut facts = Facts::none(&selection);
    for fact in &mut facts.images {
        let digest = case.digest.map(|letter| format!("sha256:{}", letter.to_string().repeat(64)));
        *fact =
            Some(ImageFact { digest, config: CONFIG.as_bytes().to_vec(), ..ImageFact::default() });
    }
    let plan = resolve(&selection, facts, &mut diagnostics);
    let plan = plan.unwrap_or_else(|| panic!("{diagnostics:?}"));
    let patterns: Vec<String> = case.ignored.iter().map(|pattern| pattern.to_string()).collect();
    let ignored = Ignored { file: ".dockerignore", patterns: &patterns };
    let client = ClientSide { ignored, process: &ProcessOptions::default() };
    let mut explained = Explained::new();
    explained.add(&selection, &plan, &client, None, &files);
    // What a program reads is what was written.
    let read = Explained::from_json(&explained.to_json()).unwrap();
    assert_eq!(read, explained);
    read
}

fn check(before: &Case<'_>, now: &Case<'_>, expected: Expect) {
    expected.assert_eq(&explained(now).since(&explained(before)));
}

#[test]
fn nothing_has_changed() {
    check(
        &CASE,
        &CASE,
        expect![[r#"
        runtime for linux/amd64
          no reason has changed
          files are not compared; these steps also run again if their files of the build context change:
            [builder 2/6] copy go.mod to ./
            [builder 4/6] copy . to ./
            [runtime 4/4] copy etc to ./
    "#]],
    );
}

#[test]
fn an_arg() {
    check(
        &CASE,
        &Case { args: &[("VERSION", "1.3")], ..CASE },
        expect![[r#"
            runtime for linux/amd64
              [builder 5/6] go build -ldflags "-X v=$VERSION": arg VERSION 1.2 -> 1.3
              [builder 6/6] strip app: after [builder 5/6]
              [runtime 2/4] copy /app from builder to ./: if /app of stage builder changes
              [runtime 3/4] chmod +x /app: if [runtime 2/4] does
              [vet 1/2] from builder: after [builder 5/6]
              [vet 2/2] go vet: after [vet 1/2]
              files are not compared; these steps also run again if their files of the build context change:
                [builder 2/6] copy go.mod to ./
                [builder 4/6] copy . to ./
                [runtime 4/4] copy etc to ./
        "#]],
    );
}

#[test]
fn a_base() {
    check(
        &CASE,
        &Case { args: &[("GO", "1.25")], ..CASE },
        expect![[r#"
            runtime for linux/amd64
              [builder 1/6] from golang:1.25: arg GO 1.24 -> 1.25; image golang:1.24@sha256:aaaaaaaaaaaa -> golang:1.25@sha256:aaaaaaaaaaaa
              [builder 2/6] copy go.mod to ./: after [builder 1/6]
              [builder 3/6] go mod download: after [builder 1/6]
              [builder 4/6] copy . to ./: after [builder 1/6]
              [builder 5/6] go build -ldflags "-X v=$VERSION": after [builder 1/6]
              [builder 6/6] strip app: after [builder 1/6]
              [runtime 2/4] copy /app from builder to ./: if /app of stage builder changes
              [runtime 3/4] chmod +x /app: if [runtime 2/4] does
              [vet 1/2] from builder: after [builder 1/6]
              [vet 2/2] go vet: after [vet 1/2]
              files are not compared; these steps also run again if their files of the build context change:
                [runtime 4/4] copy etc to ./
        "#]],
    );
    check(
        &CASE,
        &Case { digest: Some('b'), ..CASE },
        expect![[r#"
            runtime for linux/amd64
              [builder 1/6] from golang:1.24: image golang:1.24 sha256:aaaaaaaaaaaa -> sha256:bbbbbbbbbbbb
              [builder 2/6] copy go.mod to ./: after [builder 1/6]
              [builder 3/6] go mod download: after [builder 1/6]
              [builder 4/6] copy . to ./: after [builder 1/6]
              [builder 5/6] go build -ldflags "-X v=$VERSION": after [builder 1/6]
              [builder 6/6] strip app: after [builder 1/6]
              [runtime 1/4] from alpine:3.20: image alpine:3.20 sha256:aaaaaaaaaaaa -> sha256:bbbbbbbbbbbb
              [runtime 2/4] copy /app from builder to ./: after [runtime 1/4]; if /app of stage builder changes
              [runtime 3/4] chmod +x /app: after [runtime 1/4]
              [vet 1/2] from builder: after [builder 1/6]
              [vet 2/2] go vet: after [vet 1/2]
              files are not compared; these steps also run again if their files of the build context change:
                [runtime 4/4] copy etc to ./
        "#]],
    );
    // The program looks no image up.
    check(
        &CASE,
        &Case { digest: None, ..CASE },
        expect![[r#"
        runtime for linux/amd64
          no reason has changed
          files are not compared; these steps also run again if their files of the build context change:
            [builder 2/6] copy go.mod to ./
            [builder 4/6] copy . to ./
            [runtime 4/4] copy etc to ./
    "#]],
    );
}

#[test]
fn ignored_files() {
    let before = Case { ignored: &["*.log", "docs"], ..CASE };
    check(
        &before,
        &Case { ignored: &["*.log", "*.tmp"], ..CASE },
        expect![[r#"
            runtime for linux/amd64
              ignored by .dockerignore: +*.tmp -docs
              [builder 2/6] copy go.mod to ./: if other files of go.mod are ignored now
              [builder 3/6] go mod download: if [builder 2/6] does
              [builder 4/6] copy . to ./: if [builder 2/6] does; if other files of . are ignored now
              [builder 5/6] go build -ldflags "-X v=$VERSION": if [builder 2/6] does
              [builder 6/6] strip app: if [builder 2/6] does
              [runtime 2/4] copy /app from builder to ./: if /app of stage builder changes
              [runtime 3/4] chmod +x /app: if [runtime 2/4] does
              [runtime 4/4] copy etc to ./: if other files of etc are ignored now
              [vet 1/2] from builder: if [builder 2/6] does
              [vet 2/2] go vet: if [vet 1/2] does
              files are not compared; these steps also run again if their files of the build context change:
                [builder 2/6] copy go.mod to ./
                [builder 4/6] copy . to ./
                [runtime 4/4] copy etc to ./
        "#]],
    );
}

#[test]
fn steps() {
    let edited = SPEC.replace(r#""go mod download""#, r#""go mod download -x""#);
    check(
        &CASE,
        &Case { spec: &edited, ..CASE },
        expect![[r#"
            runtime for linux/amd64
              [builder 3/6] go mod download -x: command go mod download -> go mod download -x
              [builder 4/6] copy . to ./: after [builder 3/6]
              [builder 5/6] go build -ldflags "-X v=$VERSION": after [builder 3/6]
              [builder 6/6] strip app: after [builder 3/6]
              [runtime 2/4] copy /app from builder to ./: if /app of stage builder changes
              [runtime 3/4] chmod +x /app: if [runtime 2/4] does
              [vet 1/2] from builder: after [builder 3/6]
              [vet 2/2] go vet: after [vet 1/2]
              files are not compared; these steps also run again if their files of the build context change:
                [builder 2/6] copy go.mod to ./
                [runtime 4/4] copy etc to ./
        "#]],
    );
    let added = SPEC.replace(r#"  "strip app","#, r#"  "go test", "strip app","#);
    check(
        &CASE,
        &Case { spec: &added, ..CASE },
        expect![[r#"
            runtime for linux/amd64
              [builder 6/7] go test: is new
              [builder 7/7] strip app: after [builder 6/7]
              [runtime 2/4] copy /app from builder to ./: if /app of stage builder changes
              [runtime 3/4] chmod +x /app: if [runtime 2/4] does
              [vet 1/2] from builder: after [builder 6/7]
              [vet 2/2] go vet: after [vet 1/2]
              files are not compared; these steps also run again if their files of the build context change:
                [builder 2/7] copy go.mod to ./
                [builder 4/7] copy . to ./
                [runtime 4/4] copy etc to ./
        "#]],
    );
    check(
        &Case { spec: &added, ..CASE },
        &CASE,
        expect![[r#"
            runtime for linux/amd64
              [builder 6/6] strip app: go test is gone
              [runtime 2/4] copy /app from builder to ./: if /app of stage builder changes
              [runtime 3/4] chmod +x /app: if [runtime 2/4] does
              [vet 1/2] from builder: after [builder 6/6]
              [vet 2/2] go vet: after [vet 1/2]
              files are not compared; these steps also run again if their files of the build context change:
                [builder 2/6] copy go.mod to ./
                [builder 4/6] copy . to ./
                [runtime 4/4] copy etc to ./
        "#]],
    );
    let shorter = SPEC.replace(
        r#"  "strip app",
"#,
        "",
    );
    check(
        &CASE,
        &Case { spec: &shorter, ..CASE },
        expect![[r#"
        runtime for linux/amd64
          [builder] strip app is gone
          [runtime 2/4] copy /app from builder to ./: if /app of stage builder changes
          [runtime 3/4] chmod +x /app: if [runtime 2/4] does
          [vet 1/2] from builder: after [builder]
          [vet 2/2] go vet: after [vet 1/2]
          files are not compared; these steps also run again if their files of the build context change:
            [builder 2/5] copy go.mod to ./
            [builder 4/5] copy . to ./
            [runtime 4/4] copy etc to ./
    "#]],
    );
    let always =
        SPEC.replace(r#""chmod +x /app""#, r#"{ run = "chmod +x /app", no-cache = true }"#);
    check(
        &Case { spec: &always, ..CASE },
        &Case { spec: &always, ..CASE },
        expect![[r#"
        runtime for linux/amd64
          [runtime 3/4] chmod +x /app: runs in every build
          files are not compared; these steps also run again if their files of the build context change:
            [builder 2/6] copy go.mod to ./
            [builder 4/6] copy . to ./
            [runtime 4/4] copy etc to ./
    "#]],
    );
}

#[test]
fn other_documents() {
    for text in
        ["", "{}", "[1]", r#"{"version": "9.0.0", "builds": []}"#, r#"{"version": "1.0.0"}"#]
    {
        let error = Explained::from_json(text).unwrap_err();
        assert!(error.starts_with("it "), "{error}");
    }
}

/// A stage with a step, surrounded by others.
fn around(step: &str) -> String {
    format!(
        r#"
[args]
A = "1"
[stages.app]
from = "busybox"
steps = [
  "begin",
  {step},
  "end",
]
"#
    )
}

/// The lines about the steps of `app` if one step is replaced by another.
fn replaced(before: &str, now: &str) -> String {
    let (before, now) = (around(before), around(now));
    let since =
        explained(&Case { spec: &now, ..CASE }).since(&explained(&Case { spec: &before, ..CASE }));
    let lines = since.lines().skip(1).take_while(|line| !line.contains("are not compared"));
    lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Each was compared with what engines do.
#[test]
fn parts_of_the_cache_key() {
    let mount = |mount: &str| format!(r#"{{ run = "x", mounts = [{{ {mount} }}] }}"#);
    for (before, now) in [
        (mount(r#"cache = "/c""#), mount(r#"cache = "/d""#)),
        (mount(r#"cache = "/c""#), mount(r#"cache = "/c", id = "x""#)),
        (mount(r#"cache = "/c""#), mount(r#"cache = "/c", sharing = "locked""#)),
        (mount(r#"secret = "x""#), mount(r#"secret = "y", to = "/run/secrets/x""#)),
        (mount(r#"secret = "x""#), mount(r#"secret = "x", mode = "0444""#)),
        (mount(r#"secret = "x""#), mount(r#"secret = "x", required = true"#)),
        (mount(r#"secret = "x", env = "X""#), mount(r#"secret = "x", env = "Y""#)),
        (mount(r#"ssh = "x""#), mount(r#"ssh = "y""#)),
        (mount(r#"tmpfs = "/t""#), mount(r#"tmpfs = "/t", size = "10M""#)),
        (mount(r#"bind = "f", to = "/a""#), mount(r#"bind = "f", to = "/b""#)),
        (mount(r#"secret = "x" }, { ssh = "x""#), mount(r#"ssh = "x" }, { secret = "x""#)),
        (
            r#"{ copy = ["f", "g"], to = "/x/" }"#.into(),
            r#"{ copy = ["g", "f"], to = "/x/" }"#.into(),
        ),
        (
            r#"{ copy = { f = "/x", g = "/y" } }"#.into(),
            r#"{ copy = { f = "/y", g = "/x" } }"#.into(),
        ),
        (r#"{ copy = "f" }"#.into(), r#"{ copy = "f", link = true }"#.into()),
        (
            r#"{ mkdir = "/a" }, { mkdir = "/b" }"#.into(),
            r#"{ mkdir = "/aa" }, { mkdir = "/b" }"#.into(),
        ),
        (
            r#"{ mkdir = "/a" }, { mkdir = "/b" }"#.into(),
            r#"{ mkdir = "/b" }, { mkdir = "/a" }"#.into(),
        ),
        (
            r#"{ mkdir = "/a", chown = "1" }, { mkdir = "/b" }"#.into(),
            r#"{ mkdir = "/a" }, { mkdir = "/b", chown = "1" }"#.into(),
        ),
        (r#"{ exec = ["x", "a b"] }"#.into(), r#"{ exec = ["x", "a", "b"] }"#.into()),
        (r#""a", "b""#.into(), r#"{ parallel = ["a", "b"] }"#.into()),
    ] {
        let lines = replaced(&before, &now);
        assert!(lines.contains("] end: after "), "{before}\n{now}\n{lines}");
    }
}

/// Nothing runs again.
#[test]
fn not_part_of_the_cache_key() {
    for (before, now) in [
        (r#"{ name = "p", run = "x" }"#, r#"{ name = "q", run = "x" }"#),
        (
            r#"{ run = "x", mounts = [{ cache = "/c", id = "x" }] }"#,
            r#"{ run = "x", mounts = [{ cache = "/c", id = "y" }] }"#,
        ),
        (r#"{ copy = "f" }"#, r#"{ copy = "${A:+f}" }"#),
        (r#""x""#, r#"{ run = "x", when = { A = "1" } }"#),
    ] {
        assert_eq!(replaced(before, now), "no reason has changed");
    }
}
