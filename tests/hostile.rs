//! Hostile files: each ends in errors or in a plan, never in a panic.

use std::collections::BTreeMap;

use buildkit_llb::{Graph, Platform};
use mstage::diagnostic::{Code, Diagnostics, Severity};
use mstage::lock;
use mstage::lower::{Engine, LowerError, Sessions, Settings, lower};
use mstage::plan::{
    Facts, ImageFact, Plan, Request, Selection, resolve, select, select_all, select_graph,
};
use mstage::source::SourceFile;
use mstage::spec::{self, Absent, FileAddress};
use mstage::{rules, show};

/// Number of repetitions: `cargo test --release --test hostile` shows the time for 50,000.
const MANY: usize = if cfg!(debug_assertions) { 3_000 } else { 50_000 };

/// The plan of a selection, after every rule has checked it.
fn resolved(selection: &Selection<'_>, facts: Facts, found: &mut Diagnostics) -> Option<Plan> {
    rules::check_selection(selection, found);
    let plan = resolve(selection, facts, found)?;
    rules::check_plan(selection, &plan, found);
    Some(plan)
}

/// The number of ops of a file, or the codes of its errors; none if the graph would be too large.
fn compile(text: impl Into<Vec<u8>>) -> Result<usize, Vec<Code>> {
    let file = SourceFile::new("mstage.toml", text.into());
    let mut diagnostics = Diagnostics::default();
    let request = Request::new(Platform::new("linux", "amd64", "").expect("a platform"));
    let config = br#"{"config":{},"rootfs":{"diff_ids":["sha256:00"]}}"#;
    let facts = |selection: &Selection<'_>| {
        let fact = || Some(ImageFact { config: config.to_vec(), ..ImageFact::default() });
        Facts { images: selection.images().iter().map(|_| fact()).collect(), ..Facts::default() }
    };
    let (files, spec) = spec::parse(file, &mut diagnostics);
    let plan = spec.and_then(|spec| {
        rules::check_file(&spec, &mut diagnostics);
        // A check covers all stages.
        if let Some(all) = select_all(&spec, &request, &mut Diagnostics::default()) {
            let facts = facts(&all);
            resolved(&all, facts, &mut Diagnostics::default());
        }
        if let Some(all) = select_graph(&spec, &request, &mut Diagnostics::default()) {
            let graph = show::Graph::new(&[all], &files, None);
            let _ = (graph.to_text(), graph.to_svg(), graph.to_mermaid(), graph.to_dot());
        }
        let selection = select(&spec, &request, &mut diagnostics)?;
        let facts = facts(&selection);
        resolved(&selection, facts, &mut diagnostics)
    });
    let Some(plan) = plan else {
        return Err(diagnostics.of(Severity::Error).iter().map(|found| found.code).collect());
    };
    let settings = Settings {
        sessions: Sessions::new("s"),
        engine: Engine { merge: true, required_paths: true, ..Engine::default() },
        ..Settings::default()
    };
    let mut graph = Graph::new();
    match lower(&plan, &files, &settings, &mut graph) {
        Ok(lowered) => Ok(graph.definition(lowered.target).digests().len()),
        Err(LowerError::TooLarge) => Err(Vec::new()),
        Err(LowerError::Import(err)) => panic!("nothing is imported: {err}"),
    }
}

#[test]
fn very_many_steps() {
    let steps: String = (0..2 * MANY).map(|n| format!("'echo {n}',\n")).collect();
    assert_eq!(compile(format!("[stages.a]\nfrom = 'x'\nsteps = [\n{steps}]\n")), Ok(2 * MANY + 2));
}

#[test]
fn a_chain_of_stages() {
    let stages: String = (1..MANY)
        .map(|n| format!("[stages.s{n}]\nfrom = 's{}'\nsteps = ['x{n}']\n", n - 1))
        .collect();
    let last = MANY - 1;
    assert_eq!(
        compile(format!("default = 's{last}'\n[stages.s0]\nfrom = 'x'\n{stages}")),
        Ok(MANY + 1)
    );
}

/// Findings about an image depend on all stages below it.
#[test]
fn many_targets_on_a_long_chain() {
    let chain: String =
        (1..MANY / 2).map(|n| format!("[stages.s{n}]\nfrom = 's{}'\n", n - 1)).collect();
    let last = MANY / 2 - 1;
    let targets: String = (0..MANY / 2)
        .map(|n| format!("[stages.t{n}]\nfrom = 's{last}'\nimage = {{ cmd = 'x' }}\n"))
        .collect();
    let stages = format!("[stages.s0]\nfrom = 'golang'\n{chain}{targets}");
    assert_eq!(compile(stages.as_str()), Err(vec![Code::NoDefaultTarget]));
    assert_eq!(compile(format!("default = 't7'\n{stages}")), Ok(2));
}

#[test]
fn very_long_text() {
    let size = if cfg!(debug_assertions) { 1 << 20 } else { 10 << 20 };
    let content = "x".repeat(size);
    assert!(compile(format!("[stages.a]\nfrom = 'x'\nsteps = ['{content}']\n")).is_ok());
    assert!(compile(content).is_err());
    assert!(compile("[".repeat(size)).is_err());
    assert!(compile("a = 1\n".repeat(size / 10)).is_err());
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
fn long_keys_in_deep_tables() {
    let deep = format!("{} = {{ ", "a.".repeat(70) + "a").repeat(70);
    let file =
        format!("[stages.a]\nfrom = 'x'\nimage.labels = {{ {deep}b = 1{}\n", " }".repeat(71));
    assert_eq!(compile(file), Err(vec![Code::InvalidToml]));

    let labels: String = (0..MANY).map(|n| format!("k{n} = 1\n")).collect();
    let long = "l".repeat(1 << 20);
    let file = format!("[stages.a]\nfrom = 'x'\n[stages.a.image.labels.{long}]\n{labels}");
    assert_eq!(compile(file), Err(vec![Code::TooLarge]));
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
    let args: String = (1..MANY).map(|n| format!("A{n} = '${{A{}}}'\n", n - 1)).collect();
    let last = format!("${{A{}}}", MANY - 1);
    let file =
        |first: &str| format!("[args]\nA0 = '{first}'\n{args}[stages.a]\nfrom = 'i{last}'\n");
    assert_eq!(compile(file("x")), Ok(2));
    assert!(compile(file(&last)).is_err());
}

/// Each stage adds to the stage it is based on, and nothing is lost.
#[test]
fn stages_that_inherit_very_much() {
    let stages: String = (1..MANY)
        .map(|n| {
            format!(
                "[stages.s{n}]\nfrom = 's{}'\nenv = {{ E{n} = '${{E{}:-}}' }}\nargs = ['A']\nmounts = [{{ cache = '/c{n}' }}]\n",
                n - 1,
                n / 2,
            )
        })
        .collect();
    let last = MANY - 1;
    let file = format!(
        "default = 'last'\n[args]\nA = '1'\n[stages.s0]\nfrom = 'x'\n{stages}[stages.last]\nfrom = 's{last}'\nsteps = ['x']\n"
    );
    assert_eq!(compile(file), Ok(3));
}

#[test]
fn names_that_nobody_knows() {
    let stages = |from: fn(usize) -> String| {
        (0..MANY).map(|n| format!("[stages.s{n}]\nfrom = {}\n", from(n))).collect::<String>()
    };
    let unknown = stages(|n| format!("{{ stage = 't{n}' }}"));
    assert_eq!(compile(format!("default = 's0'\n{unknown}")), Err(vec![Code::UnknownStage; MANY]));
    let images = stages(|n| format!("'image{n}'"));
    assert_eq!(compile(format!("default = 's0'\n{images}")), Ok(2));
    let undefined: String = (0..MANY).map(|n| format!("{{ mkdir = '/${{B{n}}}' }},\n")).collect();
    let args: String = (0..MANY).map(|n| format!("A{n} = ''\n")).collect();
    let file = format!("[args]\n{args}[stages.a]\nfrom = 'x'\nsteps = [\n{undefined}]\n");
    assert_eq!(compile(file), Err(vec![Code::UndefinedName; MANY]));
    let run: String = (0..MANY).map(|n| format!("'echo $ARGUMENT{n}x',\n")).collect();
    let args: String = (0..MANY).map(|n| format!("ARGUMENT{n} = ''\n")).collect();
    let file = format!("[args]\n{args}[stages.a]\nfrom = 'x'\nsteps = [\n{run}]\n");
    assert_eq!(compile(file), Ok(MANY + 2));
    let keys: String = (0..4 * MANY).map(|n| format!("k{n} = 1\n")).collect();
    assert_eq!(compile(keys).map_err(|codes| codes.len()), Err(4 * MANY));
}

/// Each stage needs the next one and the first.
#[test]
fn stages_that_all_need_each_other() {
    let stages: String = (0..MANY)
        .map(|n| {
            format!(
                "[stages.s{n}]\nfrom = 's{}'\nsteps = [{{ copy = '/', from = 's0' }}]\n",
                (n + 1) % MANY
            )
        })
        .collect();
    let codes = compile(format!("default = 's0'\n{stages}")).expect_err("they are cycles");
    assert!(codes.iter().all(|&code| code == Code::StageCycle));
}

/// One op with very many locations in the file.
#[test]
fn the_same_download_again_and_again() {
    let steps = "{ fetch = 'https://example.com/a' },\n".repeat(MANY);
    assert_eq!(compile(format!("[stages.a]\nfrom = 'x'\nsteps = [\n{steps}]\n")), Ok(MANY + 3));
}

#[test]
fn one_script_with_very_many_variables() {
    let script: String = (0..10 * MANY).map(|n| format!("$VARIABLE{n} ")).collect();
    assert!(compile(format!("[stages.a]\nfrom = 'x'\nsteps = ['{script}']\n")).is_ok());
}

/// A few lines expand to more than any memory can hold.
#[test]
fn values_that_double_each_other() {
    let double = |name: &str| -> String {
        (1..100).map(|n| format!("{name}{n} = '${{{name}{0}}}${{{name}{0}}}'\n", n - 1)).collect()
    };
    let (args, vars, env) = (double("A"), double("V"), double("E"));
    let stage = "[stages.a]\nfrom = 'x'\nsteps = ['$A5']\n";
    for file in [
        format!("[args]\nA0 = 'x'\n{args}{stage}"),
        format!("[vars]\nV0 = 'x'\n{vars}{stage}"),
        format!("{stage}[stages.a.env]\nE0 = 'x'\n{env}"),
    ] {
        let codes = compile(file).expect_err("it is too large");
        assert!(codes.contains(&Code::TooLarge), "{codes:?}");
    }
    let long = "x".repeat(1 << 20);
    let stages: String =
        (0..MANY).map(|n| format!("[stages.s{n}]\nfrom = '{n}:${{A}}'\n")).collect();
    let codes = compile(format!("default = 's0'\n[args]\nA = '{long}'\n{stages}"));
    assert!(codes.expect_err("it is too large").contains(&Code::TooLarge));
}

/// Every process has all variables of its stage.
#[test]
fn processes_that_inherit_very_much() {
    let chain = |own: fn(usize) -> String| -> String {
        let stage =
            |n: usize| format!("[stages.s{n}]\nfrom = 's{}'\nsteps = ['x']\n{}\n", n - 1, own(n));
        let stages: String = (1..2_000).map(stage).collect();
        format!("default = 's1999'\n[stages.s0]\nfrom = 'x'\n{stages}")
    };
    let mounts: String = (0..2_000).map(|n| format!("{{ cache = '/c{n}' }}, ")).collect();
    let first = format!("from = 'x'\nmounts = [{mounts}]\n");
    let inherited = chain(|_| String::new()).replacen("from = 'x'\n", &first, 1);
    let set = format!("{}[mounts]\nset = [{mounts}]\n", chain(|_| "mounts = ['set']".to_owned()));
    for file in [inherited, set, chain(|_| "workdir = 'one-more-directory'".to_owned())] {
        let codes = compile(file).expect_err("it is too large");
        assert!(codes.contains(&Code::TooLarge), "{codes:?}");
    }
    let variables = compile(chain(|n| format!("env = {{ A{n} = '{n:0200}' }}")));
    assert_eq!(variables, Err(Vec::new()));
}

#[test]
fn many_conditions_on_many_args() {
    let args: String = (0..MANY)
        .map(|n| format!("A{n} = {{ default = 'a', values = ['a', 'b', 'c'] }}\n"))
        .collect();
    let steps: String =
        (0..MANY).map(|n| format!("{{ run = 'x', when = {{ A{n} = 'a' }} }},\n")).collect();
    let file = format!("[stages.a]\nfrom = 'x'\nsteps = [\n{steps}]\n[args]\n{args}");
    assert_eq!(compile(file), Ok(MANY + 2));
}

#[test]
fn many_stages_that_one_requires() {
    let names: String = (1..MANY).map(|n| format!("'s{n}', ")).collect();
    let stages: String = (1..MANY).map(|n| format!("[stages.s{n}]\nfrom = 's0'\n")).collect();
    let file = format!("[stages.s0]\nfrom = 'x'\nrequires = [{names}]\n{stages}");
    assert_eq!(compile(file), Ok(2));
}

#[test]
fn many_variables_that_are_cleared() {
    let env: String = (0..MANY).map(|n| format!("A{n} = ''\n")).collect();
    let clear: String = (0..MANY).map(|n| format!("'env.A{n}', ")).collect();
    let file = format!(
        "default = 'b'\n[stages.a]\nfrom = 'x'\n[stages.a.env]\n{env}\
         [stages.b]\nfrom = 'a'\nimage.clear = [{clear}]\n"
    );
    assert_eq!(compile(file), Ok(2));
}

/// A pattern for which a naive matcher needs exponential time.
#[test]
fn patterns() {
    let value = "a".repeat(2_000);
    let pattern = "*a".repeat(200);
    let file =
        format!("[args]\nA = '{value}'\n[stages.a]\nfrom = 'x'\nworkdir = '/${{A##{pattern}b}}'\n");
    assert!(compile(file).is_ok());
    let value = "a".repeat(3_000);
    let (forwards, backwards) = ("*a".repeat(3_000), "a*".repeat(3_000));
    for modifier in [
        format!("#{forwards}b"),
        format!("##{forwards}b"),
        format!("%%b{backwards}"),
        format!("/{forwards}b/x"),
    ] {
        let file = format!(
            "[args]\nA = '{value}'\n[stages.a]\nfrom = 'x'\nworkdir = '/${{A{modifier}}}'\n"
        );
        assert_eq!(compile(file), Err(vec![Code::TooLarge]), "{}", &modifier[..9]);
    }
}

/// The number of diagnostics for each code.
fn counted(diagnostics: &Diagnostics) -> BTreeMap<Code, usize> {
    let mut counts = BTreeMap::new();
    let found = [Severity::Error, Severity::Warning].map(|severity| diagnostics.of(severity));
    for found in found.concat() {
        *counts.entry(found.code).or_default() += 1;
    }
    counts
}

/// Diagnostics about a lock file: unused and missing entries. Other rules are silenced.
fn locked(text: &str, entries: &str) -> BTreeMap<Code, usize> {
    let file = SourceFile::new("mstage.toml", text.into());
    let (mut files, spec) = spec::parse(file, &mut Diagnostics::default());
    let file = files.add(SourceFile::new("mstage.lock", format!("version = 1\n{entries}").into()));
    let mut diagnostics = Diagnostics::default();
    let lock = lock::parse(file, &mut diagnostics);
    let mut request = Request::new(Platform::new("linux", "amd64", "").expect("a platform"));
    if let (Ok(lock), Some(spec)) = (lock, spec) {
        rules::check_lock(&lock, &spec, &mut diagnostics);
        request.hold_to(Some(lock), &mut diagnostics);
        if let Some(selection) = select(&spec, &request, &mut diagnostics) {
            resolve(&selection, Facts::none(&selection), &mut diagnostics);
        }
    }
    counted(&diagnostics)
}

/// Seventeen names, with exponentially many paths through them.
#[test]
fn a_lock_file_and_values_of_values() {
    let entry = format!("[urls]\n'https://h/a' = 'sha256:{}'\n", "0".repeat(64));
    let stage = "[stages.a]\nfrom = 'scratch'\nsteps = [{ fetch = 'https://h/${V16}' }]\n";
    let vars = |first: &str| -> String {
        let others =
            (1..17).map(|n| format!("V{n} = '{}'\n", format!("${{V{}}}", n - 1).repeat(8)));
        format!("[vars]\nV0 = '{first}'\n{}{stage}", others.collect::<String>())
    };
    let unlocked = BTreeMap::from([(Code::UnlockedReference, 1)]);
    assert_eq!(locked(&vars(""), &entry), unlocked);
    assert_eq!(locked(&vars("x"), &entry), BTreeMap::from([(Code::TooLarge, 1)]));
    assert_eq!(locked(&vars("${V16}"), &entry), BTreeMap::from([(Code::ValueCycle, 1)]));
    let values = |n: usize| format!("[{}]", format!("'${{V{n}}}', ").repeat(100));
    let args: String = (1..17)
        .map(|n| format!("V{n} = {{ default = '${{V0}}', values = {} }}\n", values(n - 1)))
        .collect();
    assert_eq!(locked(&format!("[args]\nV0 = ''\n{args}{stage}"), &entry), unlocked);
}

#[test]
fn a_lock_file_of_very_many_entries() {
    let digest = "0".repeat(64);
    let entries = |name: &str| -> String {
        let entries = (0..2 * MANY).map(|n| format!("'{name}{n}' = 'sha256:{digest}'\n"));
        format!("[images]\n{}", entries.collect::<String>())
    };
    let stages = |from: &str| -> String {
        let stages = (0..MANY).map(|n| format!("[stages.s{n}]\nfrom = '{from}{n}'\n"));
        format!("default = 's0'\n[args]\nA = '1'\n{}", stages.collect::<String>())
    };
    let unused = locked(&stages("x"), &entries("x"));
    assert_eq!(unused, BTreeMap::from([(Code::UnusedLockEntry, MANY)]));
    // An arg without fixed values is compared with each entry, up to the limit.
    let some = locked(&stages("x${A}y"), &entries("x"));
    assert!(some[&Code::UnusedLockEntry] < 2 * MANY, "{some:?}");
    let keys: String = (0..MANY).map(|n| format!("k{n} = 1\n")).collect();
    assert_eq!(locked(&stages("x"), &keys), BTreeMap::from([(Code::InvalidLock, MANY)]));
    assert_eq!(locked(&stages("x"), &"[".repeat(MANY)), BTreeMap::from([(Code::InvalidToml, 1)]));
}

/// Diagnostics about files that include each other. `read` returns all but the first.
fn included(first: String, read: impl Fn(usize) -> String) -> BTreeMap<Code, usize> {
    let mut diagnostics = Diagnostics::default();
    let file = SourceFile::new("mstage.toml", first.into());
    let read = |address: &FileAddress| {
        let number = address.path.strip_suffix(".toml").and_then(|path| path.parse().ok());
        number.map(|number: usize| read(number).into_bytes()).ok_or(Absent::File)
    };
    if let (_, Some(spec)) = spec::parse_with(file, read, &mut diagnostics) {
        rules::check_file(&spec, &mut diagnostics);
    }
    counted(&diagnostics)
}

#[test]
fn very_many_files() {
    let file = |n: usize, includes: std::ops::Range<usize>| -> String {
        let names: String = includes.map(|n| format!("'{n}.toml', ")).collect();
        format!("include = [{names}]\n[vars]\nV{n} = 'x'\n[stages.s{n}]\nfrom = 'x'\n")
    };
    let none = BTreeMap::new();
    assert_eq!(included(file(MANY, 0..MANY), |n| file(n, 0..0)), none);
    // Each includes the next.
    let chain = |n: usize| file(n, n + 1..MANY.min(n + 2));
    assert_eq!(included(file(MANY, 0..1), chain), none);
    let cycle = |n: usize| if n + 1 < MANY { chain(n) } else { file(n, 0..1) };
    assert_eq!(included(file(MANY, 0..1), cycle), BTreeMap::from([(Code::IncludeCycle, 1)]));
    // Each of a few includes all later ones.
    assert_eq!(included(file(100, 0..100), |n| file(n, n + 1..100)), none);
}

/// Each range has as many members as there are ports.
#[test]
fn ports() {
    let ranges = |count: usize| {
        let ranges: String = (0..count).map(|n| format!("'{}-65535', ", n + 1)).collect();
        format!("[stages.a]\nfrom = 'x'\nimage.expose = [{ranges}]\n")
    };
    assert_eq!(compile(ranges(1)), Ok(2));
    let codes = compile(ranges(MANY)).expect_err("it is too large");
    assert!(codes.contains(&Code::TooLarge), "{codes:?}");
}

/// The number of findings of the rule `ignored-copy` for a copy.
fn ignored(source: &str, patterns: &[String]) -> usize {
    let text = format!("[stages.a]\nfrom = 'scratch'\nsteps = [{{ copy = '{source}' }}]\n");
    let request = Request::new(Platform::new("linux", "amd64", "").expect("a platform"));
    let mut diagnostics = Diagnostics::default();
    let (_, spec) =
        spec::parse(SourceFile::new("mstage.toml", text.into()), &mut Diagnostics::default());
    let spec = spec.expect("a spec");
    let selection = select(&spec, &request, &mut diagnostics).expect("a selection");
    let plan = resolve(&selection, Facts::none(&selection), &mut diagnostics).expect("a plan");
    rules::check_build(&plan, patterns, &Engine::default(), &mut diagnostics);
    diagnostics.findings().iter().filter(|found| found.code == Code::IgnoredCopy).count()
}

/// A path with very many directories, and patterns of all kinds.
#[test]
fn long_paths_and_ignore_patterns() {
    let path = "a/".repeat(100 * MANY);
    assert_eq!(ignored(&path, &["b".to_owned()]), 0);
    assert_eq!(ignored(&path, &["a/a".to_owned()]), 1);
    assert_eq!(ignored(&path, &["**/b".to_owned(), "*/".repeat(MANY)]), 0);
    let patterns: Vec<String> = (0..MANY).map(|n| format!("*{n}*")).collect();
    assert_eq!(ignored(&path, &patterns), 0);
    assert_eq!(ignored("7", &patterns[..9]), 1);
}
