//! The args of a Dockerfile that extend its SBOM.

use std::collections::BTreeMap;

use super::args::globals;
use super::bases::Bases;
use super::words;
use crate::dockerfile::{Dockerfile, Kind};

/// The arg with which a Dockerfile includes a stage in the SBOM.
pub(super) const SCAN_STAGE: &str = "BUILDKIT_SBOM_SCAN_STAGE";

/// The arg with which a Dockerfile includes the build context in the SBOM.
const SCAN_CONTEXT: &str = "BUILDKIT_SBOM_SCAN_CONTEXT";

/// True if a list of stages includes a stage, or is `true` (`isEnabledForStage` in
/// `frontend/dockerfile/dockerfile2llb/convert.go` of BuildKit).
pub(super) fn is_enabled(value: &str, stage: &str) -> bool {
    match value {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => true,
        "0" | "f" | "F" | "FALSE" | "false" | "False" => false,
        stages => stages.split(',').any(|name| name == stage),
    }
}

/// True if the SBOM of a stage, or of the last one, should include the build context.
pub fn scans_context(
    dockerfile: &Dockerfile,
    given: &BTreeMap<String, String>,
    target: Option<usize>,
) -> bool {
    let Some(target) = target.or(dockerfile.stages.len().checked_sub(1)) else { return false };
    let escape = dockerfile.directives.escape.char();
    let bases = Bases::new(dockerfile);
    let mut chain = vec![target];
    while let Some(base) = chain.last().and_then(|&stage| bases.base_of(stage)) {
        chain.push(base);
    }
    let globals = globals(dockerfile, given, &mut Vec::new());
    let mut value = globals.get(SCAN_CONTEXT).cloned();
    for stage in chain.into_iter().rev() {
        for instruction in &dockerfile.stages[stage].instructions {
            let Kind::Arg(pairs) = &instruction.kind else { continue };
            for pair in pairs.iter().filter(|pair| pair.name.value == SCAN_CONTEXT) {
                let default = pair.default.as_ref();
                let default = default.and_then(|word| words::constant(&word.value, escape));
                let own = given.get(SCAN_CONTEXT).cloned().or(default);
                value = own.or_else(|| globals.get(SCAN_CONTEXT).cloned());
            }
        }
    }
    let name = dockerfile.stages[target].header.name.as_ref();
    value.is_some_and(|value| is_enabled(&value, name.map_or("", |name| &name.value)))
}
