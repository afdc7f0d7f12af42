//! `LegacyKeyValueFormat`: `ENV name value` and `LABEL name value`, without `=`.

use super::{Linter, State, Step, keyword};
use crate::diagnostic::DockerfileRule;
use crate::dockerfile::Kind;

pub(super) fn legacy_key_value_format(
    step: &Step<'_>,
    state: &mut State<'_>,
    linter: &mut Linter<'_>,
) {
    let (Kind::Env(pairs) | Kind::Label(pairs)) = &step.instruction.kind else { return };
    for _ in pairs.iter().filter(|pair| pair.is_legacy) {
        let keyword = keyword(step);
        let detail = format!(
            "\"{keyword} key=value\" should be used instead of legacy \"{keyword} key value\" format"
        );
        linter.report_step(DockerfileRule::LegacyKeyValueFormat, step, state, detail);
    }
}
