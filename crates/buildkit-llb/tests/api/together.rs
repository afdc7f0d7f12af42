//! Merge, diff and passthrough.

use buildkit_llb::{Diff, Graph, Merge, Metadata, Passthrough, State};
use expect_test::expect;

use crate::{check, image};

fn three() -> (Graph, [State; 3]) {
    let mut graph = Graph::new();
    let images = ["a", "b", "c"].map(|name| image(&mut graph, name));
    (graph, images)
}

#[test]
fn merge() {
    let (mut graph, [a, b, _]) = three();
    let merged = graph.add(Merge::new([a, State::SCRATCH, b, a]), Metadata::named("merge"));
    check(
        &graph,
        merged,
        expect![[r#"
            #0 sha256:6adb8506a55a source docker-image://docker.io/library/a:1
              caps: source.image

            #1 sha256:c5543a0b669a source docker-image://docker.io/library/b:1
              caps: source.image

            #2 sha256:f8f465929be9 merge
              name: merge
              inputs: #0 #1 #0
              caps: mergeop

            #3 sha256:22514453e652 terminal
              inputs: #2
              caps: constraints meta.description platform
        "#]],
    );
}

#[test]
fn merge_of_little() {
    let (mut graph, [a, ..]) = three();
    let mut merge =
        |inputs: &[State]| graph.add(Merge::new(inputs.iter().copied()), Metadata::default());
    assert_eq!(merge(&[]), State::SCRATCH);
    assert_eq!(merge(&[State::SCRATCH, State::SCRATCH]), State::SCRATCH);
    assert_eq!(merge(&[State::SCRATCH, a]), a);
}

#[test]
fn diff() {
    let (mut graph, [a, b, _]) = three();
    let changed = graph.add(Diff::new(a, b), Metadata::default());
    let removed = graph.add(Diff::new(a, State::SCRATCH), Metadata::default());
    let nothing = graph.add(Diff::new(a, a), Metadata::default());
    let merged = graph.add(Merge::new([changed, removed, nothing]), Metadata::default());
    check(
        &graph,
        merged,
        expect![[r#"
            #0 sha256:6adb8506a55a source docker-image://docker.io/library/a:1
              caps: source.image

            #1 sha256:c5543a0b669a source docker-image://docker.io/library/b:1
              caps: source.image

            #2 sha256:b5b21f73d7bd diff
              inputs: #0 #1
              lower: #0
              upper: #1
              caps: diffop

            #3 sha256:ddfbe423439f diff
              inputs: #0
              lower: #0
              upper: scratch
              caps: diffop

            #4 sha256:530a12a32dd2 diff
              inputs: #0 #0
              lower: #0
              upper: #0
              caps: diffop

            #5 sha256:8b6a352923d2 merge
              inputs: #2 #3 #4
              caps: mergeop

            #6 sha256:0c1ceab0ed57 terminal
              inputs: #5
              caps: constraints platform
        "#]],
    );
}

#[test]
fn diff_against_scratch() {
    let (mut graph, [a, ..]) = three();
    let mut diff = |lower, upper| graph.add(Diff::new(lower, upper), Metadata::default());
    assert_eq!(diff(State::SCRATCH, a), a);
    assert_eq!(diff(State::SCRATCH, State::SCRATCH), State::SCRATCH);
}

#[test]
fn passthrough() {
    let (mut graph, [a, b, c]) = three();
    let op = Passthrough::new("gate", a, [b, State::SCRATCH, c]).unwrap();
    let gated = graph.add(op, Metadata::default());
    check(
        &graph,
        gated,
        expect![[r#"
            #0 sha256:6adb8506a55a source docker-image://docker.io/library/a:1
              caps: source.image

            #1 sha256:c5543a0b669a source docker-image://docker.io/library/b:1
              caps: source.image

            #2 sha256:75729e2cac33 source docker-image://docker.io/library/c:1
              caps: source.image

            #3 sha256:cee67e7a7d73 passthrough gate
              inputs: #0 #1 #2
              output: #0
              caps: passthroughop

            #4 sha256:b8bdd5b07224 terminal
              inputs: #3
              caps: constraints platform
        "#]],
    );
}

#[test]
fn passthrough_of_little() {
    let (mut graph, [a, ..]) = three();
    let op = Passthrough::new("gate", a, [State::SCRATCH]).unwrap();
    assert_eq!(graph.add(op, Metadata::default()), a);
    assert!(Passthrough::new("gate", State::SCRATCH, [a]).is_none());
}
