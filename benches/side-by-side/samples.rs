//! The measured values.

use std::collections::BTreeMap;
use std::fmt;

use crate::project::Frontend;

/// The values of each subject and frontend.
#[derive(Default)]
pub(crate) struct Samples(BTreeMap<(String, Frontend), Vec<f64>>);

/// The values of one subject and frontend.
#[derive(Clone, Copy)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Samples {
    pub(crate) fn add(&mut self, subject: &str, frontend: Frontend, value: f64) {
        self.0.entry((subject.to_owned(), frontend)).or_default().push(value);
    }

    /// `None` if the frontend cannot do it.
    pub(crate) fn get(&self, subject: &str, frontend: Frontend) -> Option<Summary> {
        let mut values = self.0.get(&(subject.to_owned(), frontend))?.clone();
        values.sort_by(f64::total_cmp);
        let [min, .., max] = values[..] else {
            let one = *values.first()?;
            return Some(Summary { median: one, min: one, max: one });
        };
        Some(Summary { median: values[values.len() / 2], min, max })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, min, max } = self;
        let digits = if *median < 10.0 { 2 } else { 1 };
        write!(f, "{median:.digits$} ({min:.digits$}-{max:.digits$})")
    }
}
