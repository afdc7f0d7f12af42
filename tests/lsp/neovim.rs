//! A real client: Neovim opens a build file, gets findings, completes and renames.
#![expect(clippy::disallowed_methods, reason = "it runs a program on files")]

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::Command;

/// The text before and after the rename.
const BUILD_FILE: &str = "\
# syntax=myorg/mstage
include = [\"common.toml\"]
default = \"app\"

[stages.app]
from = \"build\"
requires = [\"build\"]
workdri = \"/srv\"
steps = [
  \"echo $VERSION\",
]
";

const COMMON: &str = "\
[args]
VERSION = \"1\"

[stages.build]
from = \"golang:1.24\"
";

/// Told as not run where Neovim is not installed; `.ci/run` installs it.
#[test]
fn neovim_gets_findings_completes_and_renames() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("mstage.toml", BUILD_FILE);
    write("common.toml", COMMON);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lsp/neovim.lua");
    let output = Command::new("nvim")
        .args(["--headless", "--clean", "-c"])
        .arg(format!("luafile {}", script.display()))
        .current_dir(folder.path())
        .env("MSTAGE", env!("CARGO_BIN_EXE_mstage"))
        .env("XDG_STATE_HOME", folder.path().join("state"))
        .output();
    let output = match output {
        Err(err) if err.kind() == ErrorKind::NotFound => {
            let line =
                "test neovim_gets_findings_completes_and_renames ... not run: there is no Neovim\n";
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            return;
        }
        output => output.unwrap(),
    };
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).replace('\r', "");
    assert!(output.status.success(), "{told}");
    let expected = [
        "finding 8 unknown key `workdri` in a stage",
        "completion chown",
        "completion description",
        "renamed from = \"compile\"",
        "renamed requires = [\"compile\"]",
        "renamed [stages.compile]",
        "fixed workdir = \"/srv\"",
        "finding of the fixed file: 0",
    ];
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    for line in expected {
        assert!(lines.contains(&line), "{line} is missing in:\n{told}");
    }
}
