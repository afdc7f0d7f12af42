//! The boxes of pictures: none covers another, and all are inside.

use std::fs;

use crate::{graph, requests, root};

/// A rectangle: left, top, right, bottom.
type Area = [i32; 4];

fn number(element: &str, name: &str) -> i32 {
    let (_, rest) = element.split_once(&format!(" {name}=\"")).unwrap();
    rest.split('"').next().unwrap().parse().unwrap()
}

/// The boxes of the stages, and the picture's own size.
fn boxes(svg: &str) -> (Vec<Area>, [i32; 2]) {
    let size = [number(svg, "width"), number(svg, "height")];
    // The legend shows two boxes, too, with another corner.
    let boxes = svg.lines().filter(|line| line.starts_with("<rect class=\"box\""));
    let area = |line: &str| {
        let (x, y) = (number(line, "x"), number(line, "y"));
        [x, y, x + number(line, "width"), y + number(line, "height")]
    };
    (boxes.map(area).collect(), size)
}

fn check(name: &str, svg: &str) {
    let (mut boxes, [width, height]) = boxes(svg);
    assert!(!boxes.is_empty(), "{name}");
    for [left, top, right, bottom] in &boxes {
        assert!(*left >= 0 && *top >= 0 && *right <= width && *bottom <= height, "{name}");
    }
    // Boxes that overlap are neighbors in the order of their tops, or begin in between.
    boxes.sort_by_key(|area| area[1]);
    for (at, one) in boxes.iter().enumerate() {
        for other in boxes[at + 1..].iter().take_while(|other| other[1] < one[3]) {
            assert!(one[2] <= other[0] || other[2] <= one[0], "{name}: {one:?} and {other:?}");
        }
    }
}

#[test]
fn boxes_are_apart() {
    for entry in fs::read_dir(root().join("tests/graph/cases")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "svg") {
            check(&path.display().to_string(), &fs::read_to_string(&path).unwrap());
        }
    }
    for count in [2, 7, 25, 121, 400] {
        for make in [crate::large::chain, crate::large::tangle, crate::large::fan] {
            let text = make(count);
            let svg = graph(&text, &requests("")).unwrap().to_svg();
            check(&text, &svg);
        }
    }
}
