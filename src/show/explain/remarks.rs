//! Remarks about what surprises people.

use std::collections::BTreeMap;

use super::{Ignored, Kind, Stage};
use crate::ignore::IgnorePatterns;
use crate::plan::{Action, Origin, Plan, PlannedStep, Selection, VCS_REVISION};
use crate::source::SourceMap;

/// Commands whose result depends on the network, with the part of them that is looked for.
const DOWNLOADS: [&str; 14] = [
    "apt-get update",
    "apt-get install",
    "apt update",
    "apt install",
    "apk add",
    "apk update",
    "apk upgrade",
    "dnf install",
    "yum install",
    "zypper install",
    "curl ",
    "wget ",
    "git clone",
    "git pull",
];

/// Facts that hold for all steps of a build.
pub(super) struct Facts<'a> {
    /// The files that describe the build and are in the build context, unless they are ignored.
    described_by: Vec<&'a str>,
    ignore_file: &'a str,
    ignored: Option<IgnorePatterns>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(
        selection: &Selection<'_>,
        files: &'a SourceMap,
        ignored: &Ignored<'a>,
    ) -> Self {
        let own = selection.spec.ignore.len();
        let has_file = ignored.patterns.len() > own;
        let mut described_by = vec![files.main().name()];
        described_by.extend(Some(ignored.file).filter(|_| has_file));
        Self {
            described_by,
            ignore_file: if ignored.file.is_empty() { ".dockerignore" } else { ignored.file },
            ignored: IgnorePatterns::new(ignored.patterns),
        }
    }

    /// Adds the remarks about a step.
    pub(super) fn remark_on(&self, step: &PlannedStep, plan: &Plan, remarks: &mut Vec<String>) {
        match &step.action {
            Action::Copy(copy) if copy.origin == Origin::Context => {
                let mut found = Vec::new();
                for name in &self.described_by {
                    let is_copied = copy.items.iter().any(|item| covers(item.named(), name));
                    let is_excluded = matches_any(&copy.exclude, name)
                        || !copy.include.is_empty() && !matches_any(&copy.include, name);
                    let is_ignored =
                        self.ignored.as_ref().is_some_and(|ignored| ignored.keep_out(name));
                    if is_copied && !is_excluded && !is_ignored {
                        found.push(*name);
                    }
                }
                if !found.is_empty() {
                    remarks.push(format!(
                        "an edit of {} counts if it is in the context and {} does not list it",
                        found.join(" or "),
                        self.ignore_file
                    ));
                }
            }
            Action::Exec(exec) => {
                let script = exec.script.as_ref().or(exec.args.last());
                let whole = exec.args.join(" ");
                let text = script.map_or("", |script| script.as_str());
                let download = DOWNLOADS
                    .iter()
                    .find(|command| text.contains(**command) || whole.contains(**command));
                if let Some(command) = download {
                    remarks.push(format!(
                        "time does not count: what `{}` gets from the network stays as it was",
                        command.trim_end()
                    ));
                }
                let reads_commit = exec.environment.get(VCS_REVISION).is_some();
                if reads_commit {
                    remarks.push(format!("{VCS_REVISION} is another one after each commit"));
                }
            }
            Action::Write(_) | Action::Mkdir { .. } | Action::Symlink { .. }
                if plan.epoch.is_some() =>
            {
                remarks
                    .push("SOURCE_DATE_EPOCH is the time of the files that it creates".to_owned());
            }
            _ => {}
        }
    }
}

/// True if the source of a copy, from the root of the build context, contains a file of the root.
fn covers(source: &str, name: &str) -> bool {
    let source = source.trim_matches('/');
    source.is_empty() || matches_any(&[source], name)
}

fn matches_any(patterns: &[impl AsRef<str>], name: &str) -> bool {
    let patterns: Vec<String> =
        patterns.iter().map(|pattern| pattern.as_ref().to_owned()).collect();
    !patterns.is_empty()
        && IgnorePatterns::new(&patterns).is_some_and(|patterns| patterns.match_as_written(name))
}

/// Adds a remark to each step that is the only reader of a declared arg.
pub(super) fn note_single_readers(stages: &mut [Stage], selection: &Selection<'_>) {
    // For each arg the step that reads it, or `None` if there are several.
    let mut readers: BTreeMap<String, Option<(usize, usize)>> = BTreeMap::new();
    for (stage_at, stage) in stages.iter().enumerate() {
        for (step_at, step) in stage.steps.iter().enumerate() {
            for reason in step.reasons.iter().filter(|reason| reason.kind == Kind::Arg) {
                let reader = Some((stage_at, step_at));
                let known = readers.entry(reason.name.clone()).or_insert(reader);
                if *known != reader {
                    *known = None;
                }
            }
        }
    }
    let mut names: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    for (name, reader) in readers {
        if let Some(reader) = reader
            && selection.spec.args.0.contains_key(name.as_str())
        {
            names.entry(reader).or_default().push(name);
        }
    }
    for ((stage, step), names) in names {
        let remark = format!("only this step reads {}", names.join(" and "));
        stages[stage].steps[step].remarks.push(remark);
    }
}
