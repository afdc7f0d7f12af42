//! What `from = { merge = [...] }` puts over the first of the stages.

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

/// Which stages are built from which, for [`Ancestors::common`] in logarithmic time: a walk down both stages for
/// each merge would be quadratic in a long chain of merges.
///
/// Each stage has a pointer to its base and one that jumps further down, so that any depth is reached in few
/// steps (Myers, "An applicative random-access stack").
#[derive(Debug, Default)]
pub(super) struct Ancestors(Vec<Ancestry>);

/// One stage's place among those it is built from.
#[derive(Debug, Clone, Copy)]
struct Ancestry {
    /// How many stages are below it.
    depth: usize,
    /// Its base; itself for a stage that starts from no stage.
    base: usize,
    /// A stage further down; itself for a stage that starts from no stage.
    jump: usize,
    /// What the lowest of those stages starts from.
    bottom: Origin,
}

impl Ancestors {
    /// Adds the next stage of the plan. Its base, if that is a stage, has been added before.
    pub(super) fn push(&mut self, base: Origin) {
        let own = self.0.len();
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

    /// Returns the nearest that two stages are both built from: a stage, one of the two included, or what is at
    /// the bottom of both. `Scratch` where they have nothing in common.
    pub(super) fn common(&self, one: usize, other: usize) -> Origin {
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

    /// The stage itself, or the one below it at a lesser depth.
    fn at_depth(&self, mut stage: usize, depth: usize) -> usize {
        while self.0[stage].depth > depth {
            let Ancestry { base, jump, .. } = self.0[stage];
            stage = if self.0[jump].depth >= depth { jump } else { base };
        }
        stage
    }
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

    fn ancestors_of(bases: impl IntoIterator<Item = Origin>) -> Ancestors {
        let mut ancestors = Ancestors::default();
        bases.into_iter().for_each(|base| ancestors.push(base));
        ancestors
    }

    #[test]
    fn ancestors() {
        // 0 and 1 start from one image, 2 and 3 from stage 1, 4 from nothing, 5 from another image.
        let (image, stage) = (Origin::Image(0), Origin::Stage(1));
        let ancestors =
            ancestors_of([image, image, stage, stage, Origin::Scratch, Origin::Image(1)]);
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
            assert_eq!(ancestors.common(one, other), ancestor, "{one} and {other}");
        }
    }

    /// Holds the jumps against a plain walk, on trees that are long chains with branches.
    #[test]
    fn ancestors_are_those_of_a_plain_walk() {
        let base = |at: usize| match at {
            0 => Origin::Image(0),
            at if at % 97 == 0 => Origin::Image(at % 2),
            at if at % 5 == 0 => Origin::Stage(at / 2),
            at => Origin::Stage(at - 1),
        };
        let ancestors = ancestors_of((0..500).map(base));
        let walk = |top: usize| {
            std::iter::successors(Some(Origin::Stage(top)), |&origin| match origin {
                Origin::Stage(at) => Some(base(at)),
                _ => None,
            })
        };
        for one in (0..500).step_by(7) {
            for other in (0..500).step_by(3) {
                let of_one: Vec<Origin> = walk(one).collect();
                let expected = walk(other).find(|origin| of_one.contains(origin));
                assert_eq!(
                    ancestors.common(one, other),
                    expected.unwrap_or(Origin::Scratch),
                    "{one} and {other}"
                );
            }
        }
    }

    #[test]
    fn a_long_chain_is_no_long_walk() {
        let chain = |at: usize| at.checked_sub(1).map_or(Origin::Scratch, Origin::Stage);
        let ancestors = ancestors_of((0..1_000_000).map(chain));
        for one in (0..1_000_000).step_by(11) {
            assert_eq!(ancestors.common(one, 999_999), Origin::Stage(one));
        }
    }
}
