//! The sessions in the documentation: blocks that begin with a command line. They run in the
//! directory of the example `hello`.

use std::fs;
use std::path::Path;

use super::{PROMPT, copy_of, difference, played};

#[test]
fn pages_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in ["docs/reference/program.md", "docs/guides/ci.md"] {
        let path = root.join(page);
        let text = fs::read_to_string(&path).unwrap();
        let files = copy_of(&root.join("examples/hello"));
        let mut current = String::new();
        let mut blocks = text.split("```");
        current.push_str(blocks.next().unwrap());
        for (number, block) in blocks.enumerate() {
            current.push_str("```");
            match block.split_once('\n') {
                Some((language, session)) if number % 2 == 0 && session.starts_with(PROMPT) => {
                    let session = played(session, files.path());
                    current.push_str(&format!("{language}\n{session}"));
                }
                _ => current.push_str(block),
            }
        }
        if current != text && std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&path, current).unwrap();
        } else {
            assert!(current == text, "{page}: {}", difference(&text, &current));
        }
    }
}
