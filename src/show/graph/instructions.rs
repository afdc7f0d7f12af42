//! The steps of a Dockerfile's stages: its instructions.

use std::collections::BTreeMap;

use super::Step;
use super::width::{first_line, shown};
use crate::collect::collect_map;
use crate::dockerfile::{Dockerfile, Instruction, Kind};
use crate::source::{SourceMap, Span};

/// The instructions of a Dockerfile by their place.
pub(super) struct Instructions<'d>(BTreeMap<u32, &'d Instruction>);

impl<'d> Instructions<'d> {
    pub(super) fn new(dockerfile: &'d Dockerfile) -> Self {
        let all = dockerfile.stages.iter().flat_map(|stage| &stage.instructions);
        Self(collect_map(all.map(|instruction| (instruction.span.start, instruction))))
    }

    /// The instruction that contains a span of the Dockerfile.
    fn find(&self, span: Span) -> Option<&'d Instruction> {
        let (_, instruction) = self.0.range(..=span.start).next_back()?;
        (span.end <= instruction.span.end).then_some(instruction)
    }

    /// Adds the description of a converted step to those before it. An instruction may have become
    /// several steps.
    pub(super) fn add(&self, step: Step, span: Span, files: &SourceMap, steps: &mut Vec<Step>) {
        let Some(instruction) = self.find(files.written_span(span)) else {
            steps.push(step);
            return;
        };
        match steps.last_mut() {
            Some(last) if last.lines == step.lines => {
                let inputs = std::mem::take(&mut last.inputs);
                last.inputs = super::distinct(inputs.into_iter().chain(step.inputs));
            }
            _ => steps.push(Step {
                verb: instruction.keyword.value.to_uppercase(),
                text: text_of(instruction),
                is_named: false,
                ..step
            }),
        }
    }
}

/// The text of an instruction without its keyword and its flags. For a script in a heredoc, it is
/// the first line of that.
fn text_of(instruction: &Instruction) -> String {
    let words = instruction.text.split_whitespace().skip(1);
    let words: Vec<&str> = words.skip_while(|word| word.starts_with("--")).collect();
    match (&instruction.kind, &words[..]) {
        (Kind::Run(run), [word]) if word.starts_with("<<") && !run.heredocs.is_empty() => {
            first_line(&run.heredocs[0].content)
        }
        _ => shown(&words.join(" ")),
    }
}
