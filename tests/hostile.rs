//! Files that nobody should write: each ends in errors or in a plan, never in a panic.

use buildkit_llb::{Graph, Platform};
use mstage::diagnostic::{Code, Diagnostics, Severity};
use mstage::lower::{Engine, Sessions, Settings, lower};
use mstage::plan::{Facts, ImageFact, Request, Selection, resolve, select, select_all};
use mstage::source::SourceFile;
use mstage::spec;

/// How many ops a file gives, or the codes of what is wrong with it.
fn compile(text: impl Into<Vec<u8>>) -> Result<usize, Vec<Code>> {
    let file = SourceFile::new("mstage.toml", text.into());
    let mut diagnostics = Diagnostics::default();
    let request = Request::new(Platform::new("linux", "amd64", "").expect("a platform"));
    let config = br#"{"config":{},"rootfs":{"diff_ids":["sha256:00"]}}"#;
    let facts = |selection: &Selection<'_>| {
        let fact = || ImageFact { config: config.to_vec(), ..ImageFact::default() };
        Facts { images: selection.images().iter().map(|_| fact()).collect(), ..Facts::default() }
    };
    let plan = spec::parse(&file, &mut diagnostics).and_then(|spec| {
        // A check looks at all stages.
        if let Some(all) = select_all(&spec, &request, &mut Diagnostics::default()) {
            let facts = facts(&all);
            resolve(&all, facts, &mut Diagnostics::default());
        }
        let selection = select(&spec, &request, &mut diagnostics)?;
        let facts = facts(&selection);
        resolve(&selection, facts, &mut diagnostics)
    });
    let Some(plan) = plan else {
        return Err(diagnostics.of(Severity::Error).iter().map(|found| found.code).collect());
    };
    let settings = Settings {
        sessions: Sessions { id: "s".to_owned(), ..Sessions::default() },
        engine: Engine { merge: true, required_paths: true, ..Engine::default() },
        ..Settings::default()
    };
    let mut graph = Graph::new();
    let target = lower(&plan, &file, &settings, &mut graph).expect("nothing was imported").target;
    Ok(graph.definition(target).digests().len())
}

#[test]
fn a_hundred_thousand_steps() {
    let steps: String = (0..100_000).map(|n| format!("'echo {n}',\n")).collect();
    assert_eq!(compile(format!("[stages.a]\nfrom = 'x'\nsteps = [\n{steps}]\n")), Ok(100_002));
}

#[test]
fn a_chain_of_fifty_thousand_stages() {
    let stages: String = (1..50_000)
        .map(|n| format!("[stages.s{n}]\nfrom = 's{}'\nsteps = ['x{n}']\n", n - 1))
        .collect();
    assert_eq!(
        compile(format!("default = 's49999'\n[stages.s0]\nfrom = 'x'\n{stages}")),
        Ok(50_001)
    );
}

/// What rules say of an image depends on all stages below it.
#[test]
fn many_targets_on_a_long_chain() {
    let chain: String =
        (1..20_000).map(|n| format!("[stages.s{n}]\nfrom = 's{}'\n", n - 1)).collect();
    let targets: String = (0..20_000)
        .map(|n| format!("[stages.t{n}]\nfrom = 's19999'\nimage = {{ cmd = 'x' }}\n"))
        .collect();
    let stages = format!("[stages.s0]\nfrom = 'golang'\n{chain}{targets}");
    assert_eq!(compile(stages.as_str()), Err(vec![Code::NoDefaultTarget]));
    assert_eq!(compile(format!("default = 't7'\n{stages}")), Ok(2));
}

#[test]
fn ten_megabytes() {
    let content = "x".repeat(10 << 20);
    assert!(compile(format!("[stages.a]\nfrom = 'x'\nsteps = ['{content}']\n")).is_ok());
    assert!(compile(content).is_err());
    assert!(compile("[".repeat(10 << 20)).is_err());
    assert!(compile("a = 1\n".repeat(1 << 20)).is_err());
}

#[test]
fn ten_thousand_levels() {
    let nested = |open: &str, close: &str| {
        compile(format!(
            "[stages.a]\nfrom = 'x'\nenv = {}1{}\n",
            open.repeat(10_000),
            close.repeat(10_000)
        ))
    };
    assert_eq!(nested("[", "]"), Err(vec![Code::InvalidToml]));
    assert!(nested("{ a = ", " }").is_err());
    assert!(compile(format!("[{}]\nx = 1\n", vec!["a"; 10_000].join("."))).is_err());
    let substitution = format!("{}x{}", "${A:-".repeat(10_000), "}".repeat(10_000));
    assert_eq!(
        compile(format!("[stages.a]\nfrom = 'x'\nworkdir = '{substitution}'\n")),
        Err(vec![Code::InvalidSubstitution])
    );
}

#[test]
fn bytes_that_are_no_text() {
    assert_eq!(compile(vec![0xff; 100_000]), Err(vec![Code::NotText]));
    assert_eq!(compile(b"[stages.a]\nfrom = 'a\0b'\n".to_vec()), Err(vec![Code::InvalidToml]));
    assert!(compile(vec![0; 100_000]).is_err());
    assert!(compile(Vec::new()).is_err());
}

#[test]
fn many_args_that_need_each_other() {
    let args: String = (1..50_000).map(|n| format!("A{n} = '${{A{}}}'\n", n - 1)).collect();
    let file =
        |first: &str| format!("[args]\nA0 = '{first}'\n{args}[stages.a]\nfrom = 'i${{A49999}}'\n");
    assert_eq!(compile(file("x")), Ok(2));
    assert!(compile(file("${A49999}")).is_err());
}

/// A pattern that a careless matcher would take for ever for.
#[test]
fn patterns() {
    let value = "a".repeat(2_000);
    let pattern = "*a".repeat(200);
    let file =
        format!("[args]\nA = '{value}'\n[stages.a]\nfrom = 'x'\nworkdir = '/${{A##{pattern}b}}'\n");
    assert!(compile(file).is_ok());
}
