//! Graphs: identity of vertices, the part that a state needs, and limits of depth and width.

use buildkit_llb::{
    Cap, CopyAction, Exec, FileOp, Graph, Image, Local, Merge, Metadata, MkdirAction, Op, State,
};

use crate::{check_canonical, image, with_base};

fn mkdir(graph: &mut Graph, base: State, path: &str) -> State {
    graph.add(FileOp::new(base).then(MkdirAction::new(path, 0o755)), Metadata::default())
}

#[test]
fn same_op_is_same_vertex() {
    let (mut graph, base) = with_base();
    let a = mkdir(&mut graph, base, "/a");
    let b = mkdir(&mut graph, base, "/b");
    assert_eq!(mkdir(&mut graph, base, "/x/../a"), a);
    assert_ne!(a, b);
    // The same op on another input is another vertex.
    assert_ne!(mkdir(&mut graph, b, "/a"), a);
    let merged = graph.add(Merge::new([a, b]), Metadata::default());
    assert_eq!(graph.vertices(merged).count(), 4);
}

#[test]
fn only_what_is_needed_is_sent() {
    let (mut graph, base) = with_base();
    let unused = image(&mut graph, "unused");
    let a = mkdir(&mut graph, base, "/a");
    let b = mkdir(&mut graph, unused, "/b");
    let c = mkdir(&mut graph, a, "/c");

    let digests = |state| graph.definition(state).digests().to_vec();
    assert_eq!(digests(c).len(), 4);
    assert_eq!(digests(base).len(), 2);
    assert_eq!(digests(c)[..3], [base, a, c].map(|state| graph.digest(state).unwrap()));
    assert_eq!(graph.definition(b).head(), graph.digest(b));
    let needed: Vec<_> = graph.vertices(c).map(|vertex| vertex.digest()).collect();
    assert_eq!(digests(c)[..3], needed);
}

#[test]
fn graph_is_not_used_up() {
    let (mut graph, base) = with_base();
    let a = mkdir(&mut graph, base, "/a");
    let before = graph.definition(a);
    let b = mkdir(&mut graph, a, "/b");
    assert_eq!(graph.definition(a), before);
    assert_ne!(graph.definition(b), before);
}

#[test]
fn caps_are_there_to_ask_for() {
    let (mut graph, base) = with_base();
    let state = graph.add(Exec::new(base, "true"), Metadata::default()).root;
    let caps: Vec<_> = graph.vertices(state).flat_map(|vertex| vertex.caps()).collect();
    assert_eq!(
        caps,
        [
            Cap::SOURCE_IMAGE,
            Cap::EXEC_META_BASE,
            Cap::EXEC_META_SETS_DEFAULT_PATH,
            Cap::EXEC_MOUNT_BIND,
        ]
    );
}

/// A caller's combination of several ops can be an op of its own.
#[test]
fn ops_can_be_made_of_ops() {
    struct LinkedCopy<'a> {
        base: State,
        copy: CopyAction<'a>,
    }

    impl Op for LinkedCopy<'_> {
        type Handle = State;

        fn add_to(self, graph: &mut Graph, metadata: Metadata<'_>) -> State {
            let copied = graph.add(FileOp::new(State::SCRATCH).then(self.copy), metadata.clone());
            graph.add(Merge::new([self.base, copied]), metadata)
        }
    }

    let (mut graph, base) = with_base();
    let context = graph.add(Local::new("context", "s"), Metadata::default());
    let copy = CopyAction::new(context, "/a", "/a");
    let state = graph.add(LinkedCopy { base, copy }, Metadata::named("COPY --link"));
    assert_eq!(graph.vertices(state).count(), 4);
}

/// On a small stack, on which recursion would overflow.
#[test]
fn deep_graphs() {
    const DEPTH: usize = 20_000;
    let build = || {
        let (mut graph, mut state) = with_base();
        for i in 0..DEPTH {
            state = mkdir(&mut graph, state, if i % 2 == 0 { "/a" } else { "/b" });
        }
        let definition = graph.definition(state);
        assert_eq!(definition.digests().len(), DEPTH + 2);
        let mut reversed = definition.to_proto();
        reversed.def[..=DEPTH].reverse();
        let mut other = Graph::new();
        let imported = other.import(reversed.into()).unwrap();
        assert_eq!(other.digest(imported), graph.digest(state));
        assert_eq!(other.definition(imported).to_string().matches(" file\n").count(), DEPTH);
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(build).unwrap().join().unwrap();
}

#[test]
fn wide_graphs() {
    let mut graph = Graph::new();
    let mut op = FileOp::new(State::SCRATCH);
    for i in 0..1_000 {
        let image = graph.add(Image::new(format!("x:{i}").parse().unwrap()), Metadata::default());
        op = op.then(CopyAction::new(image, "/", "/"));
    }
    let state = graph.add(op, Metadata::default());
    check_canonical(&graph.definition(state));
}
