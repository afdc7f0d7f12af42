//! Metadata of ops, also if an op is added twice.

use buildkit_llb::{
    Diff, Exec, Graph, Image, LinuxResources, Local, Location, Metadata, Position, ProgressGroup,
    Range, SourceId, SourceInfo,
};
use expect_test::expect;

use crate::{check, with_base};

fn file(name: &str) -> SourceInfo {
    SourceInfo::new(name, b"one\ntwo\n").language("TOML")
}

#[test]
fn everything() {
    let (mut graph, base) = with_base();
    let unused = graph.add_source(file("unused.toml"));
    let source = graph.add_source(file("a.toml"));
    assert_eq!(graph.add_source(file("unused.toml")), unused);
    let metadata = Metadata::named("[build 1/1] RUN make\twith a tab")
        .description([("com.docker.dockerfile.v1.command".into(), "RUN make".into())].into())
        .ignore_cache(true)
        .export_cache(Some(false))
        .progress_group(Some(ProgressGroup::new("g", "a group").weak(true)))
        .at(vec![
            Location::lines(source, 2..=3),
            Location::new(
                source,
                Range::lines(1..=1),
                vec![Range {
                    start: Position { line: 2, character: 4 },
                    end: Position { line: 2, character: 6 },
                }],
            ),
        ]);
    let state = graph.add(Exec::new(base, "make"), metadata).root;
    check(
        &graph,
        state,
        expect![[r##"
            #0 sha256:6f855bb6ee2c source docker-image://docker.io/library/base:1
              caps: source.image

            #1 sha256:f409a185248d exec
              name: "[build 1/1] RUN make\twith a tab"
              inputs: #0
              arg: make
              mount /: bind #0, output 0
              com.docker.dockerfile.v1.command: RUN make
              ignoreCache
              exportCache: false
              progressGroup: g "a group", weak
              caps: exec.meta.base exec.meta.setsdefaultpath exec.mount.bind
              at: a.toml:1,2.4-2.6
              at: a.toml:2-3

            #2 sha256:450afb0fabb7 terminal
              inputs: #1
              caps: constraints meta.description meta.exportcache meta.ignorecache platform

            source a.toml, 8 bytes of TOML
        "##]],
    );
}

#[test]
fn file_with_its_own_graph() {
    let mut graph = Graph::new();
    let files = graph.add(Local::new("dockerfile", "s"), Metadata::named("load build definition"));
    let info = file("a.toml").definition(Some(graph.definition(files)));
    let source = graph.add_source(info);
    let image = Image::new("docker.io/library/base:1".parse().unwrap());
    let image = graph.add(image, Metadata::default().at([Location::lines(source, 1..=1)]));
    check(
        &graph,
        image,
        expect![[r#"
            #0 sha256:6f855bb6ee2c source docker-image://docker.io/library/base:1
              caps: source.image
              at: a.toml:1

            #1 sha256:5cb9282a8f82 terminal
              inputs: #0
              caps: constraints platform

            source a.toml, 8 bytes of TOML
              definition: sha256:390b19957a1e
        "#]],
    );
}

#[test]
fn order_of_adding_does_not_show() {
    let mut graph = Graph::new();
    let [a, b] = ["a.toml", "b.toml"].map(|name| graph.add_source(file(name)));
    let with = |locations: [Location; 2], ignore_cache, export_cache| {
        Metadata::default().at(locations).ignore_cache(ignore_cache).export_cache(export_cache)
    };
    let line = |file, line| Location::lines(file, line..=line);
    let metadata = [
        Metadata::named("first"),
        with([line(b, 1), line(a, 2)], false, Some(true)),
        with([line(a, 2), line(a, 1)], true, Some(false)),
    ];
    let text = |order: [usize; 3]| {
        let mut graph = graph.clone();
        let mut state = None;
        for i in order {
            state = Some(graph.add(Image::new("x:1".parse().unwrap()), metadata[i].clone()));
        }
        graph.definition(state.unwrap()).to_string()
    };

    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(text(order), text([0, 1, 2]), "{order:?}");
    }
    expect![[r#"
        #0 sha256:1f65d0e7e2e9 source docker-image://docker.io/library/x:1
          name: first
          ignoreCache
          exportCache: true
          caps: source.image
          at: a.toml:1
          at: a.toml:2
          at: b.toml:1

        #1 sha256:657fb8a0196d terminal
          inputs: #0
          caps: constraints meta.description meta.exportcache meta.ignorecache platform

        source a.toml, 8 bytes of TOML

        source b.toml, 8 bytes of TOML
    "#]]
    .assert_eq(&text([0, 1, 2]));
}

#[test]
fn first_name_stays() {
    let mut graph = Graph::new();
    let mut add = |name: &str, key: &str| {
        let description = [(key.to_owned(), name.to_owned()), ("k".into(), name.to_owned())];
        let metadata = Metadata::named(name).description(description.into());
        graph.add(Image::new("x:1".parse().unwrap()), metadata)
    };
    let state = add("one", "a");
    assert_eq!(add("two", "b"), state);
    let metadata = graph.vertex(state).unwrap().metadata();
    assert_eq!(metadata.name.as_deref(), Some("one"));
    let description: Vec<_> =
        metadata.description.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(description, ["a=one", "b=two", "k=one"]);
}

#[test]
fn resources_are_for_containers() {
    let (mut graph, base) = with_base();
    let resources = LinuxResources::default().cpu_shares(5);
    let metadata = Metadata::default().linux_resources(Some(resources));
    let state = graph.add(Diff::new(base, base), metadata);
    assert_eq!(graph.vertex(state).unwrap().metadata().linux_resources, None);
}

#[test]
fn location_in_a_file_of_another_graph_is_not_sent() {
    let mut other = Graph::new();
    let ids: Vec<SourceId> =
        ["a", "b", "c"].iter().map(|name| other.add_source(file(name))).collect();
    let mut graph = Graph::new();
    graph.add_source(file("a"));
    let at = Metadata::default().at([Location::lines(ids[2], 1..=1)]);
    let state = graph.add(Image::new("x:1".parse().unwrap()), at);
    let source = graph.definition(state).to_proto().source.unwrap();
    assert!(source.locations.is_empty() && source.infos.is_empty());
}
