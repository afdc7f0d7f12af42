//! `ReservedStageName` and `DuplicateStageName`.

use std::collections::BTreeSet;

use super::{Input, Linter};
use crate::diagnostic::DockerfileRule;

/// Names with a special meaning in `FROM` and `--from`.
const RESERVED: [&str; 2] = ["context", "scratch"];

pub(super) fn check(input: &Input<'_>, linter: &mut Linter<'_>) {
    let mut seen = BTreeSet::new();
    for stage in &input.dockerfile.stages {
        let Some(name) = &stage.header.name else { continue };
        let name = name.value.to_lowercase();
        let lines = Some(input.lines(&stage.from));
        if RESERVED.contains(&&*name) {
            let detail =
                format!("Stage name should not use the same name as reserved stage {name:?}");
            linter.report(DockerfileRule::ReservedStageName, lines.clone(), &[], detail);
        }
        if seen.contains(&name) {
            let detail = format!("Duplicate stage name {name:?}, stage names should be unique");
            linter.report(DockerfileRule::DuplicateStageName, lines, &[], detail);
        }
        seen.insert(name);
    }
}
