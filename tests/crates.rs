//! Each crate that is published has what its users expect in its package.

#![expect(clippy::disallowed_methods, reason = "cargo lists the files of a package")]

use std::path::Path;
use std::process::Command;

#[test]
fn packages_have_a_license_and_examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["buildkit-proto", "buildkit-llb", "buildkit-frontend"] {
        let listed = Command::new(env!("CARGO"))
            .args(["package", "--list", "--allow-dirty", "--offline", "--package", name])
            .current_dir(root)
            .output()
            .unwrap();
        let list = String::from_utf8(listed.stdout).unwrap();
        let files: Vec<&str> = list.lines().collect();
        for file in ["LICENSE", "README.md", "CHANGELOG.md"] {
            assert!(files.contains(&file), "no {file} in the package of {name}");
        }
        assert!(files.iter().any(|file| file.starts_with("examples/")), "no example in {name}");
    }
}
