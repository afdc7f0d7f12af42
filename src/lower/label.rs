//! The label of an op in the progress: its position and its action.

use std::borrow::Cow;

use super::position::Position;
use crate::plan::{PlannedStep, Title};

/// The label of an op.
pub(crate) struct Label {
    /// Its position in its stage, such as `[builder 2/5] `.
    pub(crate) place: String,
    /// Its action.
    pub(crate) text: String,
}

impl Label {
    /// The label of the op for some steps, which is number `number` of its stage.
    pub(crate) fn of(steps: &[PlannedStep], number: usize, position: &Position) -> Self {
        if let Some(Title { place, text }) = Title::of(steps) {
            return Self { place, text };
        }
        let mut place = String::new();
        position.write(number, "", &mut place);
        Self { place, text: label_of(steps).into_owned() }
    }
}

impl Title {
    /// The name of an op for several steps, if they have names.
    pub(super) fn of(steps: &[PlannedStep]) -> Option<Self> {
        let (last, before) = steps.split_last()?;
        let last = last.title.as_deref()?;
        let mut texts: Vec<&str> = before
            .iter()
            .filter_map(|step| step.title.as_ref())
            .filter(|title| title.as_ref() != last)
            .map(|title| title.text.as_str())
            .collect();
        texts.push(&last.text);
        texts.dedup();
        Some(Self { place: last.place.clone(), text: texts.join("; ") })
    }
}

/// The label of an op for one or several steps.
pub(super) fn label_of(steps: &[PlannedStep]) -> Cow<'_, str> {
    match steps {
        [step] => Cow::Borrowed(&step.label),
        several => {
            let labels: Vec<&str> = several.iter().map(|step| step.label.as_str()).collect();
            Cow::Owned(labels.join("; "))
        }
    }
}
