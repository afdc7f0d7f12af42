//! Bar charts of the medians, as SVG for light and dark pages.

use std::fmt::Write as _;

use crate::project::{Frontend, SUBJECTS};
use crate::samples::Samples;

const WIDTH: f64 = 760.0;

/// The left end of the bars.
const BARS: f64 = 300.0;

/// The space right of the longest bar, for its value.
const VALUE: f64 = 60.0;

const BAR: f64 = 14.0;
const ROW: f64 = 46.0;
const HEAD: f64 = 34.0;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#24292f}\
    .mstage{fill:#0969da}.other{fill:#8c959f}.spread{stroke:#24292f;stroke-width:1}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.mstage{fill:#4493f8}\
    .other{fill:#6e7681}.spread{stroke:#e6edf3}}";

/// The chart of a project.
pub(crate) fn svg(project: &str, samples: &Samples) -> String {
    let summary = |key: &str, frontend| samples.get(&format!("{project} {key}"), frontend);
    let rows: Vec<(&str, &str)> = SUBJECTS
        .into_iter()
        .filter(|(key, _)| {
            !["export", "copy out"].contains(key) && summary(key, Frontend::Mstage).is_some()
        })
        .collect();
    let longest = rows
        .iter()
        .flat_map(|(key, _)| Frontend::ALL.map(|frontend| summary(key, frontend)))
        .flatten()
        .map(|summary| summary.max)
        .fold(0.001, f64::max);
    let scale = (WIDTH - BARS - VALUE) / longest;
    let height = HEAD + ROW * rows.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Seconds of the builds of {project}\"><style>{STYLE}</style>\n"
    );
    let _ = writeln!(
        svg,
        "<rect class=\"mstage\" x=\"{BARS}\" y=\"8\" width=\"12\" height=\"12\"/><text x=\"{}\" y=\"18\">mstage</text>\
         <rect class=\"other\" x=\"{}\" y=\"8\" width=\"12\" height=\"12\"/><text x=\"{}\" y=\"18\">docker/dockerfile, seconds</text>",
        BARS + 18.0,
        BARS + 90.0,
        BARS + 108.0
    );
    for (at, (key, row)) in rows.into_iter().enumerate() {
        let top = HEAD + ROW * at as f64;
        for (line, text) in lines(row).into_iter().enumerate() {
            let y = top + 13.0 + 16.0 * line as f64;
            let _ = writeln!(svg, "<text x=\"0\" y=\"{y}\">{text}</text>");
        }
        for (number, frontend) in Frontend::ALL.into_iter().enumerate() {
            let Some(summary) = summary(key, frontend) else { continue };
            let y = top + (BAR + 2.0) * number as f64;
            let class = if frontend == Frontend::Mstage { "mstage" } else { "other" };
            let middle = y + BAR / 2.0;
            let _ = writeln!(
                svg,
                "<rect class=\"{class}\" x=\"{BARS}\" y=\"{y}\" width=\"{:.1}\" height=\"{BAR}\"/>\
                 <line class=\"spread\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{middle}\" y2=\"{middle}\"/>\
                 <text x=\"{:.1}\" y=\"{}\">{:.1}</text>",
                summary.median * scale,
                BARS + summary.min * scale,
                BARS + summary.max * scale,
                BARS + summary.max * scale + 6.0,
                y + 12.0,
                summary.median
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Breaks a name into two lines where the first part ends.
fn lines(text: &str) -> Vec<String> {
    match text.rsplit_once(", ") {
        Some((first, second)) if text.len() > 40 => vec![format!("{first},"), second.to_owned()],
        _ => vec![text.to_owned()],
    }
}
