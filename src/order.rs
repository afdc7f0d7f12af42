//! Topological order of a graph of dependencies.

use crate::id::{Id, IdVec};

/// The order, and the cycles found.
pub(crate) struct Order<I> {
    /// All nodes that are reachable from the roots, dependencies first. A cycle is cut at its last
    /// edge.
    pub(crate) nodes: Vec<I>,
    /// Cycles as paths whose last node depends on their first. If there are very many, only some of
    /// them.
    pub(crate) cycles: Vec<Vec<I>>,
}

/// Limit on the number of nodes in all cycles together: there may be a cycle for each pair of
/// nodes, and the remaining ones are found in the next build.
const MAX_IN_CYCLES: usize = 100_000;

/// Walks from the roots along `needs(node)`. Iterative, so that long chains do not overflow the
/// stack.
pub(crate) fn dependencies_first<I: Id>(
    count: usize,
    roots: impl IntoIterator<Item = I>,
    mut needs: impl FnMut(I) -> Vec<I>,
) -> Order<I> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks: IdVec<I, Mark> = vec![Mark::New; count].into();
    let mut order = Order { nodes: Vec::new(), cycles: Vec::new() };
    let mut in_cycles = 0;
    for root in roots {
        if marks[root] != Mark::New {
            continue;
        }
        marks[root] = Mark::Open;
        let mut path = vec![(root, needs(root).into_iter())];
        while let Some((node, rest)) = path.last_mut() {
            match rest.next() {
                None => {
                    marks[*node] = Mark::Done;
                    order.nodes.push(*node);
                    path.pop();
                }
                Some(next) => match marks[next] {
                    Mark::Done => {}
                    Mark::New => {
                        marks[next] = Mark::Open;
                        path.push((next, needs(next).into_iter()));
                    }
                    Mark::Open if in_cycles < MAX_IN_CYCLES => {
                        let cycle =
                            path.iter().map(|&(node, _)| node).skip_while(|&node| node != next);
                        let cycle: Vec<I> = cycle.collect();
                        in_cycles += cycle.len();
                        order.cycles.push(cycle);
                    }
                    Mark::Open => {}
                },
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(edges: &[&[usize]], root: usize) -> Order<usize> {
        dependencies_first(edges.len(), [root], |node| edges[node].to_vec())
    }

    #[test]
    fn needed_first_and_only_what_is_reachable() {
        let Order { nodes, cycles } = order(&[&[1, 2], &[2], &[], &[0]], 0);
        assert_eq!(nodes, [2, 1, 0]);
        assert!(cycles.is_empty());
    }

    #[test]
    fn cycles_are_paths() {
        assert_eq!(order(&[&[1], &[2], &[1]], 0).cycles, [[1, 2]]);
        assert_eq!(order(&[&[0]], 0).cycles, [[0]]);
    }

    #[test]
    fn very_many_cycles_are_not_all_told() {
        let Order { nodes, cycles } =
            dependencies_first(10_000, [0], |node| vec![0, (node + 1) % 10_000]);
        assert_eq!(nodes.len(), 10_000);
        assert!((100..1_000).contains(&cycles.len()), "{}", cycles.len());
    }

    #[test]
    fn long_chains_need_no_stack() {
        let Order { nodes, .. } = dependencies_first(1_000_000, [0], |node| {
            if node + 1 < 1_000_000 { vec![node + 1] } else { vec![] }
        });
        assert_eq!(nodes.len(), 1_000_000);
    }
}
