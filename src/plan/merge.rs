//! What `from = { merge = [...] }` puts over the first of the stages.

use std::collections::BTreeSet;

use super::PlannedStage;
use super::select::Origin;
use crate::source::Span;

/// What a stage changed that is merged with another.
#[derive(Debug, Clone)]
pub struct Merged {
    /// The stage, by its place in the plan's list.
    pub stage: usize,
    /// What both were built from. Where there is none, all of the stage is put over the other.
    pub ancestor: Origin,
    /// Where it is named.
    pub span: Span,
}

/// The nearest that two stages are both built from: a stage, one of the two included, or what is at the
/// bottom of both.
pub(super) fn common_ancestor(one: usize, other: usize, base: impl Fn(usize) -> Origin) -> Origin {
    let chain = |top: usize| {
        std::iter::successors(Some(Origin::Stage(top)), |&origin| match origin {
            Origin::Stage(at) => Some(base(at)),
            _ => None,
        })
    };
    let place = |origin: Origin| match origin {
        Origin::Stage(at) => Some(at),
        _ => None,
    };
    let of_one: BTreeSet<usize> = chain(one).filter_map(place).collect();
    let bottom = chain(one).last();
    chain(other)
        .find(|&origin| match origin {
            Origin::Stage(at) => of_one.contains(&at),
            below => Some(below) == bottom,
        })
        .unwrap_or(Origin::Scratch)
}

/// How many layers a stage adds to what it starts from: those of its steps, and of what is merged, of
/// which `layers_of` tells.
pub(super) fn layers_added(stage: &PlannedStage, layers_of: impl Fn(Origin) -> usize) -> usize {
    let merged = stage.merged.iter().map(|merged| merged.layers(&layers_of));
    let own = stage.ops().count();
    let own = if stage.squash.is_some() { own.min(1) } else { own };
    merged.fold(own, usize::saturating_add)
}

impl Merged {
    /// How many layers it is.
    pub(super) fn layers(&self, layers_of: impl Fn(Origin) -> usize) -> usize {
        layers_of(Origin::Stage(self.stage)).saturating_sub(layers_of(self.ancestor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors() {
        // 0 and 1 start from one image, 2 and 3 from stage 1, 4 from nothing, 5 from another image.
        let base = |at: usize| match at {
            0 | 1 => Origin::Image(0),
            2 | 3 => Origin::Stage(1),
            4 => Origin::Scratch,
            _ => Origin::Image(1),
        };
        for (one, other, ancestor) in [
            (0, 1, Origin::Image(0)),
            (2, 3, Origin::Stage(1)),
            (0, 3, Origin::Image(0)),
            (1, 2, Origin::Stage(1)),
            (2, 1, Origin::Stage(1)),
            (0, 4, Origin::Scratch),
            (0, 5, Origin::Scratch),
            (2, 2, Origin::Stage(2)),
        ] {
            assert_eq!(common_ancestor(one, other, base), ancestor, "{one} and {other}");
        }
    }
}
