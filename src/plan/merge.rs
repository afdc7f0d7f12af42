//! The stages that `from = { merge = [...] }` merges into the first one.

use super::origin::{Origin, StageId};
use super::planned::{Merged, PlannedStage};
use crate::id::{Id, IdVec};

/// The ancestors of stages, for [`Ancestors::common`] in logarithmic time: a linear walk for each
/// merge would be quadratic in a long chain of merges.
///
/// Each stage has a pointer to its base and one that jumps further down, so that any depth is
/// reached in few steps (Myers, "An applicative random-access stack").
#[derive(Debug, Default)]
pub(super) struct Ancestors(IdVec<StageId, Ancestry>);

/// A stage's position among its ancestors.
#[derive(Debug, Clone, Copy)]
struct Ancestry {
    /// The number of stages below it.
    depth: usize,
    /// Its base; itself if it is not based on a stage.
    base: StageId,
    /// A stage further down; itself if it is not based on a stage.
    jump: StageId,
    /// The base of the lowest of these stages.
    bottom: Origin,
}

impl Ancestors {
    /// Adds the next stage of the plan. Its base, if that is a stage, must have been added before.
    pub(super) fn push(&mut self, base: Origin) {
        let own = StageId::new(self.0.len());
        let ancestry = match base {
            Origin::Stage(at) => {
                let below = self.0[at];
                let jump = self.0[below.jump];
                let spans_match = below.depth - jump.depth == jump.depth - self.0[jump.jump].depth;
                Ancestry {
                    depth: below.depth + 1,
                    base: at,
                    jump: if spans_match { jump.jump } else { at },
                    bottom: below.bottom,
                }
            }
            bottom => Ancestry { depth: 0, base: own, jump: own, bottom },
        };
        self.0.push(ancestry);
    }

    /// The nearest common ancestor of two stages: a stage, possibly one of the two, or the common
    /// base of their lowest stages. `Scratch` if there is none.
    pub(super) fn common(&self, one: StageId, other: StageId) -> Origin {
        let depth = self.0[one].depth.min(self.0[other].depth);
        let (mut one, mut other) = (self.at_depth(one, depth), self.at_depth(other, depth));
        while one != other {
            let (first, second) = (self.0[one], self.0[other]);
            if first.depth == 0 {
                return if first.bottom == second.bottom { first.bottom } else { Origin::Scratch };
            }
            // Stages of the same depth jump to the same depth.
            (one, other) = match first.jump == second.jump {
                true => (first.base, second.base),
                false => (first.jump, second.jump),
            };
        }
        Origin::Stage(one)
    }

    /// The stage itself, or its ancestor at a lesser depth.
    fn at_depth(&self, mut stage: StageId, depth: usize) -> StageId {
        while self.0[stage].depth > depth {
            let Ancestry { base, jump, .. } = self.0[stage];
            stage = if self.0[jump].depth >= depth { jump } else { base };
        }
        stage
    }
}

/// The number of layers that a stage adds to its base: those of its steps, and of merged stages.
/// `layers_of` returns the layers of an origin.
pub(super) fn layers_added(stage: &PlannedStage, layers_of: impl Fn(Origin) -> usize) -> usize {
    let merged = stage.merged.iter().map(|merged| merged.layers(&layers_of));
    let own = stage.ops().count();
    let own = if stage.squash.is_some() { own.min(1) } else { own };
    merged.fold(own, usize::saturating_add)
}

impl Merged {
    /// The number of layers that it adds.
    pub(super) fn layers(&self, layers_of: impl Fn(Origin) -> usize) -> usize {
        layers_of(Origin::Stage(self.stage)).saturating_sub(layers_of(self.ancestor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::origin::ImageId;

    fn image(at: usize) -> Origin {
        Origin::Image(ImageId::new(at))
    }

    fn stage(at: usize) -> Origin {
        Origin::Stage(StageId::new(at))
    }

    fn common(ancestors: &Ancestors, one: usize, other: usize) -> Origin {
        ancestors.common(StageId::new(one), StageId::new(other))
    }

    fn ancestors_of(bases: impl IntoIterator<Item = Origin>) -> Ancestors {
        let mut ancestors = Ancestors::default();
        bases.into_iter().for_each(|base| ancestors.push(base));
        ancestors
    }

    #[test]
    fn ancestors() {
        // 0 and 1 are based on one image, 2 and 3 on stage 1, 4 on nothing, 5 on another image.
        let bases = [image(0), image(0), stage(1), stage(1), Origin::Scratch, image(1)];
        let ancestors = ancestors_of(bases);
        for (one, other, ancestor) in [
            (0, 1, image(0)),
            (2, 3, stage(1)),
            (0, 3, image(0)),
            (1, 2, stage(1)),
            (2, 1, stage(1)),
            (0, 4, Origin::Scratch),
            (0, 5, Origin::Scratch),
            (2, 2, stage(2)),
        ] {
            assert_eq!(common(&ancestors, one, other), ancestor, "{one} and {other}");
        }
    }

    /// Compares the result with a linear walk, on trees that are long chains with branches.
    #[test]
    fn ancestors_are_those_of_a_plain_walk() {
        let base = |at: usize| match at {
            0 => image(0),
            at if at % 97 == 0 => image(at % 2),
            at if at % 5 == 0 => stage(at / 2),
            at => stage(at - 1),
        };
        let ancestors = ancestors_of((0..500).map(base));
        let walk = |top: usize| {
            std::iter::successors(Some(stage(top)), |&origin| match origin {
                Origin::Stage(at) => Some(base(at.index())),
                _ => None,
            })
        };
        for one in (0..500).step_by(7) {
            for other in (0..500).step_by(3) {
                let of_one: Vec<Origin> = walk(one).collect();
                let expected = walk(other).find(|origin| of_one.contains(origin));
                assert_eq!(
                    common(&ancestors, one, other),
                    expected.unwrap_or(Origin::Scratch),
                    "{one} and {other}"
                );
            }
        }
    }

    #[test]
    fn a_long_chain_is_no_long_walk() {
        let chain = |at: usize| at.checked_sub(1).map_or(Origin::Scratch, stage);
        let ancestors = ancestors_of((0..1_000_000).map(chain));
        for one in (0..1_000_000).step_by(11) {
            assert_eq!(common(&ancestors, one, 999_999), stage(one));
        }
    }
}
