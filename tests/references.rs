//! Generated specs whose stages refer to each other in every possible way: each ends in errors or
//! in a graph, never in a panic, and a cycle of stages ends in an error about it.

use std::collections::BTreeSet;
use std::fmt::Write;

use buildkit_llb::{Graph, Platform};
use mstage::diagnostic::{Code, Diagnostics, Severity};
use mstage::lower::{Engine, Sessions, Settings, lower};
use mstage::plan::{
    ContextFact, Facts, ImageFact, Plan, Request, Selection, requests_for_lock, resolve, select,
    select_all, select_for_lock, select_graph, select_outline,
};
use mstage::source::{SourceFile, SourceMap};
use mstage::spec::{self, Spec};
use mstage::{rules, show};

/// Number of generated specs. Each is determined by its seed.
const SPECS: u64 = if cfg!(debug_assertions) { 1_000 } else { 100_000 };

#[path = "common/numbers.rs"]
mod numbers;

use self::numbers::Numbers;

/// A spec, and the stages that each stage needs or requires. The last stage refers to none.
struct Made {
    text: String,
    /// True if stages refer to later ones only.
    is_acyclic: bool,
    needs: Vec<BTreeSet<usize>>,
    requires: Vec<BTreeSet<usize>>,
}

impl Made {
    fn new(seed: u64) -> Self {
        let mut numbers = Numbers(seed);
        let count = 2 + numbers.below(6);
        let mut made = Made {
            is_acyclic: numbers.one_in(2),
            text: "default = 's0'\n[args]\n".to_owned(),
            needs: vec![BTreeSet::new(); count],
            requires: vec![BTreeSet::new(); count],
        };
        for at in 0..count {
            let _ = writeln!(made.text, "N{at} = 's{at}'");
        }
        made.text.push_str("[sources.src]\ngit = 'https://example.com/a.git'\n");
        for at in 0..count - 1 {
            made.add_stage(at, count, &mut numbers);
        }
        let _ = writeln!(made.text, "[stages.s{}]\nfrom = 'scratch'", count - 1);
        made
    }

    /// A stage that another may refer to.
    fn other(&self, own: usize, count: usize, numbers: &mut Numbers) -> usize {
        let first = if self.is_acyclic { own + 1 } else { 0 };
        first + numbers.below(count - first)
    }

    fn add_stage(&mut self, own: usize, count: usize, numbers: &mut Numbers) {
        let base = match numbers.below(8) {
            0 => "'scratch'".to_owned(),
            1 | 2 => "'alpine:3'".to_owned(),
            3 => self.reference(own, count, numbers),
            4 | 5 => self.name(own, count, numbers),
            6 => "{ dockerfile = 'Dockerfile' }".to_owned(),
            _ => {
                let stages = 2 + numbers.below(3);
                let stages: Vec<String> =
                    (0..stages).map(|_| self.stage(own, count, numbers)).collect();
                format!("{{ merge = [{}] }}", stages.join(", "))
            }
        };
        let _ = writeln!(self.text, "[stages.s{own}]\nfrom = {base}");
        let mut required = Vec::new();
        while numbers.one_in(4) {
            let stage = self.other(own, count, numbers);
            self.requires[own].insert(stage);
            required.push(format!("'s{stage}'"));
        }
        let _ = writeln!(self.text, "requires = [{}]", required.join(", "));
        if numbers.one_in(5) {
            let from = self.reference(own, count, numbers);
            let _ = writeln!(self.text, "mounts = [{{ bind = '/x', from = {from}, to = '/m' }}]");
        }
        if numbers.one_in(6) {
            self.text.push_str("report = '/r'\n");
        }
        if numbers.one_in(8) {
            self.text.push_str("squash = true\n");
        }
        let mut steps = Vec::new();
        for _ in 0..numbers.below(4) {
            steps.push(self.step(own, count, numbers, true));
        }
        let _ = writeln!(self.text, "steps = [{}]", steps.join(", "));
    }

    fn step(&mut self, own: usize, count: usize, numbers: &mut Numbers, nest: bool) -> String {
        match numbers.below(if nest { 7 } else { 6 }) {
            0 => "'true'".to_owned(),
            1 => {
                let from = self.reference(own, count, numbers);
                format!("{{ copy = '/x', from = {from} }}")
            }
            2 => {
                let from = self.name(own, count, numbers);
                format!("{{ copy = '/x', from = {from} }}")
            }
            3 => {
                let from = self.reference(own, count, numbers);
                format!("{{ unpack = '/x.tar', from = {from}, to = '/' }}")
            }
            4 => {
                let from = self.reference(own, count, numbers);
                format!(
                    "{{ run = 'true', mounts = [{{ bind = '/x', from = {from}, to = '/y' }}] }}"
                )
            }
            5 => {
                let from = self.name(own, count, numbers);
                format!("{{ run = 'true', mounts = [{{ cache = '/c', from = {from} }}] }}")
            }
            _ => {
                let branches: Vec<String> =
                    (0..2).map(|_| self.step(own, count, numbers, false)).collect();
                format!("{{ parallel = [{}] }}", branches.join(", "))
            }
        }
    }

    /// A reference in a table, by name or through an arg: a stage's own name then means the stage
    /// itself.
    fn reference(&mut self, own: usize, count: usize, numbers: &mut Numbers) -> String {
        if numbers.one_in(6) {
            return ["'src'", "'scratch'", "'alpine:3'"][numbers.below(3)].to_owned();
        }
        format!("{{ stage = {} }}", self.stage(own, count, numbers))
    }

    fn stage(&mut self, own: usize, count: usize, numbers: &mut Numbers) -> String {
        let stage = self.other(own, count, numbers);
        self.needs[own].insert(stage);
        if numbers.one_in(3) { format!("'${{N{stage}}}'") } else { format!("'s{stage}'") }
    }

    /// A plain name: a stage's own name then means the image.
    fn name(&mut self, own: usize, count: usize, numbers: &mut Numbers) -> String {
        let stage = self.other(own, count, numbers);
        if stage != own {
            self.needs[own].insert(stage);
        }
        if numbers.one_in(3) { format!("'${{N{stage}}}'") } else { format!("'s{stage}'") }
    }
}

/// True if a node can reach itself.
fn has_cycle(edges: &[BTreeSet<usize>]) -> bool {
    (0..edges.len()).any(|start| {
        let mut seen = BTreeSet::new();
        let mut to_do: Vec<usize> = edges[start].iter().copied().collect();
        while let Some(at) = to_do.pop() {
            if at == start {
                return true;
            }
            if seen.insert(at) {
                to_do.extend(&edges[at]);
            }
        }
        false
    })
}

fn facts(selection: &Selection<'_>) -> Facts {
    let config = br#"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["sha256:00"]}}"#;
    let image = || Some(ImageFact { config: config.to_vec(), ..ImageFact::default() });
    Facts {
        images: selection.images().iter().map(|_| image()).collect(),
        contexts: selection.contexts().iter().map(|_| Some(ContextFact::default())).collect(),
    }
}

/// The plan of a selection, after every rule has checked it.
fn resolved(selection: &Selection<'_>, facts: Facts, found: &mut Diagnostics) -> Option<Plan> {
    rules::check_selection(selection, found);
    let plan = resolve(selection, facts, found)?;
    rules::check_plan(selection, &plan, found);
    Some(plan)
}

/// Draws the graph of a build in every form, for two platforms.
fn draw(spec: &Spec, request: &Request, files: &SourceMap) {
    let mut other = request.clone();
    other.target_platform = Platform::new("linux", "arm64", "").expect("a platform");
    let mut found = Diagnostics::default();
    let selections: Option<Vec<Selection<'_>>> = [request, &other]
        .into_iter()
        .map(|request| select_graph(spec, request, &mut found))
        .collect();
    if let Some(selections) = selections {
        let graph = show::Graph::new(&selections, files, None);
        assert!(graph.to_text().lines().all(|line| line.chars().count() <= 100));
        let _ = (graph.to_svg(), graph.to_mermaid(), graph.to_dot());
    }
}

/// Compiles a spec in every possible way, and returns the codes of the errors of a build, and of a
/// check of all stages.
fn compile(text: &str, target: Option<&str>) -> (Vec<Code>, Vec<Code>) {
    let mut request = Request::new(Platform::new("linux", "amd64", "").expect("a platform"));
    request.target = target.map(str::to_owned);
    let file = SourceFile::new("mstage.toml", text.into());
    let (files, parsed) = spec::parse(file, &mut Diagnostics::default());
    let spec = parsed.expect("a spec that can be read");
    rules::check_file(&spec, &mut Diagnostics::default());
    select_outline(&spec, &request, &mut Diagnostics::default());
    draw(&spec, &request, &files);
    let builds = requests_for_lock(&spec, &request, &mut Diagnostics::default());
    for build in builds.unwrap_or_default() {
        let mut found = Diagnostics::default();
        if let Some(selection) = select_for_lock(&spec, &build, &mut found) {
            resolved(&selection, facts(&selection), &mut found);
        }
    }
    let mut of_check = Diagnostics::default();
    if let Some(all) = select_all(&spec, &request, &mut of_check) {
        resolved(&all, Facts::none(&all), &mut of_check);
        resolved(&all, facts(&all), &mut of_check);
    }
    let mut of_build = Diagnostics::default();
    if let Some(selection) = select(&spec, &request, &mut of_build)
        && let Some(plan) = resolved(&selection, facts(&selection), &mut of_build)
    {
        let engine = Engine { merge: true, diff: true, required_paths: true, ..Engine::default() };
        let sessions = Sessions::new("s");
        let settings = Settings { sessions, engine, ..Settings::default() };
        let mut graph = Graph::new();
        let lowered = lower(&plan, &files, &settings, &mut graph).expect("a graph that is small");
        graph.definition(lowered.guarded);
    }
    let codes = |found: &Diagnostics| -> Vec<Code> {
        found.of(Severity::Error).iter().map(|found| found.code).collect()
    };
    (codes(&of_build), codes(&of_check))
}

#[test]
fn stages_that_refer_to_each_other_in_every_way() {
    let (mut cycles, mut built) = (0, 0);
    for seed in 0..SPECS {
        let Made { text, needs, requires, .. } = Made::new(seed);
        let (build, check) = compile(&text, None);
        compile(&text, Some("s0.report"));
        let is_cyclic = has_cycle(&needs) || has_cycle(&requires);
        for codes in [&build, &check] {
            assert_eq!(codes.contains(&Code::StageCycle), is_cyclic, "{codes:?}\n{text}");
        }
        cycles += u64::from(is_cyclic);
        built += u64::from(build.is_empty());
    }
    assert!(cycles > SPECS / 5 && built > SPECS / 5, "{cycles} cycles, {built} built");
}

#[test]
fn a_stage_that_merges_itself() {
    for merge in ["'b', 'a'", "'a', 'b'", "'b', '${N}'", "'${N}', 'b'", "'b', 'c', 'a'"] {
        let text = format!(
            "default = 'a'\n[args]\nN = 'a'\n[stages.b]\nfrom = 'scratch'\n[stages.c]\nfrom = 'b'\n\
             [stages.a]\nfrom = {{ merge = [{merge}] }}\n"
        );
        let (build, check) = compile(&text, None);
        assert_eq!((&build[..], &check[..]), (&[Code::StageCycle][..], &[Code::StageCycle][..]));
    }
}
