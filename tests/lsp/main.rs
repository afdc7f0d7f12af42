//! Scripted sessions with the language server. `README.md` describes their format.
#![expect(clippy::disallowed_methods, reason = "sessions are files")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its session has failed")]

mod hostile;
mod json;
mod neovim;
mod script;
mod stream;

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;

/// Every session gives the answers in its file.
#[test]
fn sessions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lsp/sessions");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "session"))
        .collect();
    paths.sort();
    assert!(paths.len() > 10);
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        expect_file![path].assert_eq(&script::run(&name, &text));
    }
}
