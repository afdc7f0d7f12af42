//! Names and texts that nobody should write: each rendering stays what it is.

use crate::{graph, requests};

/// A build file in which every text of a stage contains `hostile`, in the quotes of its kind.
fn spec(hostile: &str) -> String {
    let text = serde_json::to_string(hostile).unwrap();
    format!(
        "[stages.a]\nfrom = {{ context = {text} }}\ndescription = {text}\nsteps = [{{ name = {text}, run = 'true' }}, {{ exec = [{text}] }}, {{ copy = {text}, from = {{ context = {text} }}, to = \"/a/\" }}]\n[stages.b]\nfrom = \"a\"\nreport = {text}\nsteps = [{{ parallel = [{{ exec = [{text}] }}, {{ exec = [{text}] }}] }}]\n"
    )
}

#[test]
fn renderings_keep_their_form() {
    for hostile in [
        "</svg><script>alert(1)</script>",
        "]]>&amp;&#0;<!-- x -- y",
        "a\"]; b [label=\"c\\",
        "\\\"; evil -> n0; //",
        "\u{1b}[31mred\u{7}\u{8}",
        "\u{202e}desrever\u{2066}",
        "%%{init: {'theme':'dark'}}%%",
        "`**bold**` #quot; #35;",
        "\u{0}\u{ffff}\u{fffe}",
        "{{}} | <tr>\\n\\l\\r \\N \\G",
        "'",
    ] {
        let text = spec(hostile);
        let mut requests = requests("");
        requests[0].contexts = mstage::plan::NamedContexts::new([(
            hostile.to_owned(),
            mstage::plan::ContextSource::Local("x".to_owned()),
        )]);
        // Some texts are not allowed in some places.
        let Ok(graph) = graph(&text, &requests) else { continue };
        let svg = graph.to_svg();
        check_xml(&svg);
        assert!(!svg.contains("<script") && svg.matches("</svg>").count() == 1, "{svg}");
        for line in graph.to_dot().lines() {
            let quotes = line.replace("\\\\", "").replace("\\\"", "").matches('"').count();
            assert!(quotes % 2 == 0, "{line}");
        }
        let mermaid = graph.to_mermaid();
        assert!(!mermaid.contains("%%") && !mermaid.contains('`'), "{mermaid}");
        for line in mermaid.lines().filter(|line| line.contains('[')) {
            assert_eq!(line.matches('"').count(), 2, "{line}");
        }
        let json = serde_json::to_string(&graph).unwrap();
        for rendering in [svg, graph.to_text(), graph.to_dot(), mermaid] {
            let control = rendering.chars().find(|c| c.is_control() && *c != '\n');
            assert_eq!(control, None, "{rendering}");
            assert!(!rendering.contains(['\u{202e}', '\u{2066}']), "{rendering}");
        }
        serde_json::from_str::<serde_json::Value>(&json).unwrap();
    }
}

/// Tags are closed in order, and only the five entities of XML occur.
pub(crate) fn check_xml(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        check_text(&rest[..start]);
        rest = &rest[start + 1..];
        let end = rest.find('>').unwrap();
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        assert!(!tag.contains('<'), "{tag}");
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap();
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{tag}");
        check_text(tag);
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "{text}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
}

fn check_text(text: &str) {
    for part in text.split('&').skip(1) {
        let (entity, _) = part.split_once(';').unwrap();
        assert!(["amp", "lt", "gt", "quot", "apos"].contains(&entity), "{text}");
    }
    let is_bad = |c: char| matches!(c, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    assert!(!text.contains(is_bad), "{text:?}");
}
