//! The differences between two explanations: what has made steps run again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

use super::changes::{changes, hidden_names};
use super::text::cut;
use super::{Build, Explained, IgnoredPatterns, Kind, Stage, Step};

/// Maximum length of a step's name in a line.
const NAME: usize = 40;

/// True if a step runs again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Verdict {
    #[default]
    Cached,
    /// Only if the content of files differs.
    Maybe,
    Again,
}

/// The verdict about a stage so far, with its cause.
#[derive(Debug, Clone, Default)]
struct Changed {
    verdict: Verdict,
    /// The step that is the cause.
    cause: String,
}

impl Changed {
    /// The effect on a step that follows.
    fn as_cause(&self) -> String {
        match self.verdict {
            Verdict::Again => format!("after {}", self.cause),
            Verdict::Maybe | Verdict::Cached => format!("if {} does", self.cause),
        }
    }

    /// The more certain of two.
    fn or(self, other: Self) -> Self {
        if other.verdict > self.verdict { other } else { self }
    }
}

impl Explained {
    /// Compares with an earlier explanation, as text: what has changed for each step, and which
    /// steps run again because of it.
    pub fn since(&self, before: &Explained) -> String {
        let mut text = String::new();
        for build in &self.builds {
            match before.builds.iter().find(|other| other.platform == build.platform) {
                Some(before) => build.compare(before, &mut text),
                None => {
                    let _ = writeln!(text, "{}: not in the earlier explanation", build.title());
                }
            }
        }
        text
    }
}

impl Build {
    fn title(&self) -> String {
        format!("{} for {}", self.target, self.platform)
    }

    /// Writes the differences to an earlier explanation.
    fn compare(&self, before: &Build, text: &mut String) {
        let differences = self.differences(before);
        let _ = writeln!(text, "{}", self.title());
        differences.write(text);
    }

    fn differences<'a>(&'a self, before: &'a Build) -> Differences<'a> {
        let ignored = ignored_changes(&self.ignored, &before.ignored);
        let known: BTreeMap<&str, &Stage> =
            before.stages.iter().map(|stage| (stage.name.as_str(), stage)).collect();
        let mut verdicts: BTreeMap<&str, Changed> = BTreeMap::new();
        let mut lines = Vec::new();
        let mut readers = Vec::new();
        let mut hidden: BTreeSet<(&str, String)> = BTreeSet::new();
        for stage in &self.stages {
            let mut comparison = Comparison { verdicts: &verdicts, ignored: !ignored.is_empty() };
            let mut sofar = Path::default();
            let (steps, gone) = align(stage, known.get(stage.name.as_str()).copied());
            for aligned in steps {
                sofar.enter(aligned.now.branch);
                let changed = comparison.step(&aligned, &sofar.current, &mut lines);
                if changed.verdict < Verdict::Again {
                    if aligned.now.reads_context() {
                        readers.push(aligned.now.head());
                    }
                    hidden.extend(hidden_names(aligned.now).map(|name| (name, aligned.now.head())));
                }
                sofar.add(changed);
            }
            sofar.enter(None);
            let mut sofar = sofar.current;
            for step in gone {
                let cause = format!("[{}]", stage.name);
                lines.push(format!("{cause} {} is gone", cut(&step.name, NAME)));
                sofar = sofar.or(Changed { verdict: Verdict::Again, cause });
            }
            verdicts.insert(&stage.name, sofar);
        }
        Differences { ignored, lines, readers, hidden }
    }
}

/// The differences between two explanations of a build.
struct Differences<'a> {
    /// The patterns of ignored files that have changed.
    ignored: Vec<String>,
    /// The reasons that have changed, by step.
    lines: Vec<String>,
    /// The cached steps that read files of the build context.
    readers: Vec<String>,
    /// The cached steps that get secrets, with their names.
    hidden: BTreeSet<(&'a str, String)>,
}

impl Differences<'_> {
    fn write(&self, text: &mut String) {
        for line in &self.ignored {
            let _ = writeln!(text, "  {line}");
        }
        for line in &self.lines {
            let _ = writeln!(text, "  {}", with_short_digests(line));
        }
        if self.lines.is_empty() && self.ignored.is_empty() {
            let _ = writeln!(text, "  no reason has changed");
        }
        if !self.readers.is_empty() {
            let _ = writeln!(
                text,
                "  files are not compared; these steps also run again if their files of the build context change:"
            );
            for reader in &self.readers {
                let _ = writeln!(text, "    {reader}");
            }
        }
        if !self.hidden.is_empty() {
            let _ = writeln!(
                text,
                "  secret values are not compared; these steps also run again if such a value changes:"
            );
            for (name, step) in &self.hidden {
                let _ = writeln!(text, "    {step}: {name}");
            }
        }
    }
}

/// The verdict about the steps before the next one. Branches of a `parallel` step do not depend on
/// each other.
#[derive(Default)]
struct Path {
    /// The steps on the way to the next one.
    current: Changed,
    /// In a `parallel` step: its number, the current branch, the steps before it, and those of
    /// finished branches.
    fork: Option<(usize, usize, Changed, Changed)>,
}

impl Path {
    /// Goes on to a step of a branch, or to one outside of any.
    fn enter(&mut self, branch: Option<(usize, usize)>) {
        if self.fork.as_ref().map(|(fork, number, ..)| (*fork, *number)) == branch {
            return;
        }
        let current = std::mem::take(&mut self.current);
        let (begun, before, done) = match self.fork.take() {
            Some((fork, _, before, done)) => (Some(fork), before, done.or(current)),
            None => (None, current.clone(), current),
        };
        match branch {
            Some((fork, number)) if begun == Some(fork) => {
                self.current = before.clone();
                self.fork = Some((fork, number, before, done));
            }
            Some((fork, number)) => {
                self.current = done.clone();
                self.fork = Some((fork, number, done.clone(), done));
            }
            None => self.current = done,
        }
    }

    fn add(&mut self, changed: Changed) {
        self.current = std::mem::take(&mut self.current).or(changed);
    }
}

/// A step, and the same step in the earlier explanation.
struct Aligned<'a> {
    now: &'a Step,
    before: Option<&'a Step>,
    /// The steps of the earlier explanation that came before it and are gone.
    gone: Vec<&'a Step>,
}

/// Finds each step of a stage in the earlier one: by its name, in order; a step with a new name
/// corresponds to the one in its place. Also returns the steps at the end of the earlier stage that
/// are gone.
fn align<'a>(stage: &'a Stage, before: Option<&'a Stage>) -> (Vec<Aligned<'a>>, Vec<&'a Step>) {
    let before: &[Step] = before.map_or(&[], |stage| &stage.steps);
    let mut places: BTreeMap<&str, VecDeque<usize>> = BTreeMap::new();
    for (at, step) in before.iter().enumerate() {
        places.entry(&step.name).or_default().push_back(at);
    }
    let mut next = 0;
    let mut found = Vec::with_capacity(stage.steps.len());
    for step in &stage.steps {
        let places = places.get_mut(step.name.as_str());
        let at = places.and_then(|places| {
            while places.front().is_some_and(|&at| at < next) {
                places.pop_front();
            }
            places.pop_front()
        });
        next = at.map_or(next, |at| at + 1);
        found.push(at);
    }
    let mut aligned: Vec<Aligned<'a>> = Vec::with_capacity(found.len());
    let mut unused = 0;
    let mut waiting: Vec<usize> = Vec::new();
    for (number, (now, at)) in stage.steps.iter().zip(found).enumerate() {
        let Some(at) = at else {
            waiting.push(number);
            aligned.push(Aligned { now, before: None, gone: Vec::new() });
            continue;
        };
        let mut between = before[unused..at].iter();
        for number in waiting.drain(..) {
            aligned[number].before = between.next();
        }
        aligned.push(Aligned { now, before: Some(&before[at]), gone: between.collect() });
        unused = at + 1;
    }
    let mut rest = before[unused..].iter();
    for number in waiting {
        aligned[number].before = rest.next();
    }
    (aligned, rest.collect())
}

/// The context of comparing a stage.
struct Comparison<'a> {
    /// The stages that have been compared.
    verdicts: &'a BTreeMap<&'a str, Changed>,
    /// True if other files are left out of the build context than before.
    ignored: bool,
}

impl Comparison<'_> {
    /// Compares a step, and adds its line if it runs again or may do so. `sofar` is the verdict
    /// about the steps before it.
    fn step(&mut self, aligned: &Aligned<'_>, sofar: &Changed, lines: &mut Vec<String>) -> Changed {
        let Aligned { now, before, gone } = aligned;
        let mut verdict = Verdict::Cached;
        let mut why: Vec<String> = Vec::new();
        match before {
            Some(before) => {
                if now.branch.is_some() != before.branch.is_some() {
                    verdict = Verdict::Again;
                    why.push("runs beside other steps, or no longer".to_owned());
                }
                for change in changes(now, before) {
                    if change.is_certain {
                        verdict = Verdict::Again;
                        why.push(change.text);
                    } else {
                        verdict = verdict.max(Verdict::Maybe);
                        why.push(format!("if files differ: {}", change.text));
                    }
                }
            }
            None => {
                verdict = Verdict::Again;
                why.push("is new".to_owned());
            }
        }
        for step in gone {
            verdict = Verdict::Again;
            why.push(format!("{} is gone", cut(&step.name, NAME)));
        }
        if verdict < Verdict::Again {
            self.inputs(now, sofar, &mut verdict, &mut why);
        }
        if verdict == Verdict::Cached {
            return Changed::default();
        }
        lines.push(format!("{}: {}", now.head(), why.join("; ")));
        Changed { verdict, cause: now.position.clone() }
    }

    /// Adds the effect of other steps.
    fn inputs(&self, now: &Step, sofar: &Changed, verdict: &mut Verdict, why: &mut Vec<String>) {
        let is_after = !now.is_independent && sofar.verdict > *verdict;
        if is_after {
            *verdict = sofar.verdict;
            why.push(sofar.as_cause());
        }
        for reason in &now.reasons {
            let stage = match reason.kind {
                Kind::Stage => Some(reason.name.as_str()),
                Kind::Files => reason.from.strip_prefix("stage "),
                _ => None,
            };
            let changed = stage.and_then(|stage| self.verdicts.get(stage));
            match changed {
                Some(changed) if changed.verdict > Verdict::Cached => {
                    let is_certain = reason.kind == Kind::Stage;
                    let now = if is_certain { changed.verdict } else { Verdict::Maybe };
                    *verdict = now.max(*verdict);
                    why.push(match is_certain {
                        true => changed.as_cause(),
                        false => format!("if {} of {} changes", reason.name, reason.from),
                    });
                }
                _ => {}
            }
            if self.ignored && reason.kind == Kind::Files && reason.from.is_empty() {
                *verdict = Verdict::Maybe.max(*verdict);
                why.push(format!("if other files of {} are ignored now", reason.name));
            }
        }
    }
}

impl Step {
    fn head(&self) -> String {
        format!("{} {}", self.position, cut(&self.name, NAME))
    }

    fn reads_context(&self) -> bool {
        self.reasons.iter().any(|reason| reason.kind == Kind::Files && reason.from.is_empty())
    }
}

fn by_file(all: &[IgnoredPatterns]) -> BTreeMap<&str, &[String]> {
    all.iter().map(|one| (one.file.as_str(), &one.patterns[..])).collect()
}

/// Lines about changed patterns of ignored files.
fn ignored_changes(now: &[IgnoredPatterns], before: &[IgnoredPatterns]) -> Vec<String> {
    let (now, before) = (by_file(now), by_file(before));
    let files: BTreeSet<&str> = now.keys().chain(before.keys()).copied().collect();
    let mut lines = Vec::new();
    for file in files {
        let now = now.get(file).copied().unwrap_or_default();
        let before = before.get(file).copied().unwrap_or_default();
        if now == before {
            continue;
        }
        let known: BTreeSet<&String> = before.iter().collect();
        let kept: BTreeSet<&String> = now.iter().collect();
        let added = now.iter().filter(|pattern| !known.contains(pattern));
        let added = added.map(|pattern| format!(" +{pattern}"));
        let removed = before.iter().filter(|pattern| !kept.contains(pattern));
        let removed = removed.map(|pattern| format!(" -{pattern}"));
        let mut patterns: String = added.chain(removed).collect();
        if patterns.is_empty() {
            patterns = " another order of patterns".to_owned();
        }
        lines.push(format!("ignored by {file}:{patterns}"));
    }
    lines
}

/// A text whose digests have only their beginning, which is enough to tell them apart.
fn with_short_digests(text: &str) -> String {
    const ALGORITHM: &str = "sha256:";
    const SHOWN: usize = 12;
    let mut short = String::with_capacity(text.len());
    let mut parts = text.split(ALGORITHM);
    short.extend(parts.next());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        let is_digest = digits == 64;
        short.push_str(ALGORITHM);
        short.push_str(if is_digest { &part[..SHOWN] } else { &part[..digits] });
        short.push_str(&part[digits..]);
    }
    short
}
