//! `docs/reference/from-dockerfile.md`: each row has a case that proves it, here or among the build
//! files with errors, and each case here has a row.

use std::collections::BTreeSet;

use super::{ROOT, Settings, case_names, fs};

#[test]
fn the_mapping_names_each_case_and_has_no_empty_row() {
    let file = format!("{ROOT}/docs/reference/from-dockerfile.md");
    let text = fs::read_to_string(file).unwrap();
    let cases: BTreeSet<String> = case_names().into_iter().collect();
    let mut named = BTreeSet::new();
    let mut problems = Vec::new();
    for row in text.lines().filter(|line| line.starts_with('|')) {
        let cells = cells(row);
        let is_head = |cell: &String| cell.chars().all(|c| "-: ".contains(c));
        if cells.iter().all(is_head) || cells[0] == "Dockerfile" {
            continue;
        }
        if cells.len() != 3 || cells.iter().any(String::is_empty) {
            problems.push(format!("not three cells with text: {row}"));
            continue;
        }
        let mut proofs = Vec::new();
        for proof in cells[2].split('`').skip(1).step_by(2) {
            if !proof.starts_with("wrong/") {
                proofs.push(proof.to_owned());
            } else if fs::metadata(format!("{ROOT}/tests/corpus/{proof}")).is_err() {
                problems.push(format!("there is no build file {proof}"));
            }
        }
        let has_proof = cells[2].contains('`');
        let is_refused = cells[1].starts_with("not needed: ") && cells[2] == "-";
        if !has_proof && !is_refused {
            problems.push(format!("neither a case nor a reason: {row}"));
        }
        let is_missing = proofs.iter().any(|case| Settings::of(case).missing.is_some());
        if is_missing != cells[1].contains("(not yet)") {
            problems.push(format!("`(not yet)` does not fit its case: {row}"));
        }
        named.extend(proofs);
    }
    problems.extend(named.difference(&cases).map(|case| format!("there is no case {case}")));
    problems.extend(cases.difference(&named).map(|case| format!("no row names the case {case}")));
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// The cells of a row. A bar in code is written `\|`.
fn cells(row: &str) -> Vec<String> {
    let row = row.replace("\\|", "\u{1}");
    let inner = row.trim().trim_start_matches('|').trim_end_matches('|');
    inner.split('|').map(|cell| cell.trim().to_owned()).collect()
}
