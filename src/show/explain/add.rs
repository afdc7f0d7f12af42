//! Makes the explanation of one build.

use std::collections::BTreeMap;

use super::explaining::Explaining;
use super::keys::Surroundings;
use super::notes::NO_CACHE;
use super::reasons::{Collected, short};
use super::remarks::{self, Facts};
use super::{Build, ClientSide, Explained, Ignored, IgnoredPatterns, Kind, Stage, Step};
use crate::collect::collect_map;
use crate::convert::ReadDockerfile;
use crate::lower::{Label, Position};
use crate::plan::{Origin, Plan, PlannedStage, PlannedStep, SelectedStage, Selection, StageId};
use crate::source::{SourceMap, Span};
use crate::spec::{Step as WrittenStep, StepId};

/// The steps of a stage as written in the build file, by their ids.
type WrittenSteps<'a> = BTreeMap<StepId, &'a WrittenStep>;

impl Explained {
    /// Adds the build for one platform. `dockerfile` is the Dockerfile that the build file was
    /// converted from, if any: then the plan has been through [`record::apply`](crate::record::apply). A plan
    /// whose images were not looked up has no digests.
    pub fn add(
        &mut self,
        selection: &Selection<'_>,
        plan: &Plan,
        client: &ClientSide<'_>,
        dockerfile: Option<&ReadDockerfile>,
        files: &SourceMap,
    ) {
        let ClientSide { ignored, process } = client;
        let explaining = Explaining::new(selection, plan, process, dockerfile, files);
        let facts = Facts::new(selection, files, ignored);
        let mut stages = explaining.stages(&facts);
        remarks::note_single_readers(&mut stages, selection);
        self.builds.push(Build {
            target: explaining.stage_name(plan.target),
            platform: plan.platform.to_string(),
            ignored: ignored_patterns(selection, ignored, files),
            stages,
        });
    }
}

/// The patterns of the ignore file, and those of the build file.
fn ignored_patterns(
    selection: &Selection<'_>,
    ignored: &Ignored<'_>,
    files: &SourceMap,
) -> Vec<IgnoredPatterns> {
    let own = selection.spec.ignore.len().min(ignored.patterns.len());
    let (of_file, own) = ignored.patterns.split_at(ignored.patterns.len() - own);
    let parts = [(ignored.file, of_file), (files.main().name(), own)];
    let parts = parts.into_iter().filter(|(_, patterns)| !patterns.is_empty());
    let parts = parts.map(|(file, patterns)| IgnoredPatterns {
        file: file.to_owned(),
        patterns: patterns.to_vec(),
    });
    parts.collect()
}

impl<'a> Explaining<'a> {
    /// The stages that the build runs, in the order of the plan. Those that a stage of a Dockerfile
    /// was converted to are one stage.
    fn stages(&self, facts: &Facts<'_>) -> Vec<Stage> {
        let mut stages: Vec<Option<Stage>> = Vec::new();
        let mut parts: BTreeMap<usize, usize> = BTreeMap::new();
        for (at, stage) in self.plan.stages.enumerate() {
            if !self.selection.stages[at].needed {
                continue;
            }
            let mut explained = self.stage(at, stage, facts);
            if let Some(index) = self.index(at)
                && let Some(before) = parts.insert(index, stages.len())
                && let Some(mut before) = stages[before].take()
            {
                before.steps.append(&mut explained.steps);
                explained.steps = before.steps;
            }
            stages.push(Some(explained));
        }
        stages.into_iter().flatten().collect()
    }

    fn stage(&self, at: StageId, stage: &PlannedStage, facts: &Facts<'_>) -> Stage {
        let several = self.selection.request.several_platforms;
        let position = Position::new(stage, several.then_some(&self.plan.platform));
        let selected = &self.selection.stages[at];
        let written: WrittenSteps<'_> =
            collect_map(selected.stage.all_steps().map(|step| (step.id, step)));
        let mut steps = Vec::new();
        steps.extend(self.base(at, stage, selected, &position));
        for (number, ops) in (2..).zip(stage.ops()) {
            let label = Label::of(ops, number, &position);
            steps.push(self.step(at, stage, ops, &written, label, facts));
        }
        Stage {
            name: self.stage_name(at),
            platform: stage.platform.to_string(),
            is_required: at > self.plan.target,
            steps,
        }
    }

    /// The base of a stage, unless it is empty.
    fn base(
        &self,
        at: StageId,
        stage: &PlannedStage,
        selected: &SelectedStage<'_>,
        position: &Position,
    ) -> Option<Step> {
        if let Origin::Stage(base) = stage.base
            && let Some(index) = self.index(at)
            && self.index(base) == Some(index)
        {
            return None;
        }
        let mut collected = Collected::new(self);
        collected.base(stage);
        if collected.is_empty() {
            return None;
        }
        let from = &selected.stage.from;
        let name = match stage.base {
            Origin::Image(at) => short(&self.plan.images[at].reference),
            Origin::Stage(base) => self.stage_name(base),
            Origin::Named(at) => self.plan.named_contexts[at].name.clone(),
            Origin::Context | Origin::Scratch => "scratch".to_owned(),
        };
        from.value.visit_names(&mut |name| collected.name(name));
        let mut place = String::new();
        position.write(1, "", &mut place);
        if let Origin::Image(at) = stage.base
            && let Some(title) = &self.plan.images[at].title
        {
            place = title.trim_end_matches("FROM").to_owned();
        } else if self.dockerfile.is_some() {
            place = format!("[{}]", self.stage_name(at));
        }
        let label = Label { place, text: format!("from {}", self.masked.text(&name)) };
        Some(self.finished(collected, label, from.span))
    }

    fn step(
        &self,
        at: StageId,
        stage: &PlannedStage,
        ops: &[PlannedStep],
        written: &WrittenSteps<'_>,
        label: Label,
        facts: &Facts<'_>,
    ) -> Step {
        let mut collected = Collected::new(self);
        if stage.ignore_cache {
            collected.add(Kind::NoCache, "", Some(NO_CACHE));
        } else if ops.iter().any(|step| step.no_cache) {
            collected.add(Kind::NoCache, "", Some("no-cache = true"));
        }
        let surroundings = Surroundings {
            stage,
            inherited: self.roots[at].map(|image| &self.variables[image]),
            is_grouped: ops.len() > 1,
        };
        for step in ops {
            let written = step.written.and_then(|id| written.get(&id)).copied();
            collected.action(step, written, surroundings);
            if let Some(written) = written {
                written.visit_names(&mut |name| collected.name(name));
            }
            facts.remark_on(step, self.plan, &mut collected.remarks);
        }
        let span = ops.first().map_or(selected_span(self.selection, at), |step| step.span);
        let branch = ops.first().and_then(|step| step.branch);
        let branch = branch.map(|branch| (branch.fork, branch.number));
        Step { branch, ..self.finished(collected, label, span) }
    }

    fn finished(&self, mut collected: Collected<'_>, label: Label, span: Span) -> Step {
        let place = self.files.place(span);
        let reasons = collected.reasons();
        let Collected { not_counted, mut remarks, is_independent, .. } = collected;
        remarks.dedup();
        Step {
            position: label.place.trim_end().to_owned(),
            name: one_line(&self.masked.text(&label.text)),
            file: place.file.name().to_owned(),
            line: *place.lines.start(),
            branch: None,
            is_independent,
            reasons,
            not_counted: not_counted.into_iter().collect(),
            remarks,
        }
    }
}

fn selected_span(selection: &Selection<'_>, at: StageId) -> Span {
    selection.stages[at].stage.span
}

/// Words separated by single spaces, as in the progress.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
