//! The committed code in `src/gen` is what the files in `proto` give.
//!
//! A difference fails the test, and `UPDATE_EXPECT=1 cargo test -p buildkit-proto --test bootstrap`
//! writes the code anew. This in place of a build script: users of the crate compile plain Rust,
//! without protoc.

#![expect(clippy::disallowed_methods, reason = "a generator reads and writes files")]

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use prost_build::Config;

/// Each `.proto` file, its package, and the module of the crate that holds it.
const FILES: &[(&str, &str, &str)] = &[
    ("apicaps.proto", "moby.buildkit.v1.apicaps", "apicaps"),
    ("errdefs.proto", "errdefs", "errdefs"),
    ("frontend.proto", "moby.buildkit.v1.frontend", "frontend"),
    ("fsutil.proto", "fsutil.types", "fsutil"),
    ("pb.proto", "pb", "pb"),
    ("rpc.proto", "google.rpc", "rpc"),
    ("sourcepolicy.proto", "moby.buildkit.v1.sourcepolicy", "sourcepolicy"),
    ("types.proto", "moby.buildkit.v1.types", "types"),
];

#[test]
fn generated_code_is_current() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut stale = Vec::new();
    for (_, package, module) in FILES {
        let code = generate(root, package)?;
        let committed = root.join(format!("src/gen/{module}.rs"));
        if fs::read_to_string(&committed).ok().as_ref() != Some(&code) {
            if env::var_os("UPDATE_EXPECT").is_some() {
                fs::write(&committed, code)?;
            } else {
                stale.push(*module);
            }
        }
    }
    assert!(stale.is_empty(), "src/gen is out of date: {stale:?}; UPDATE_EXPECT=1 writes it anew");
    Ok(())
}

/// The code of one package. The other packages are named by their modules in this crate, which
/// keeps the modules flat: one run for all would nest them as the packages are nested.
fn generate(root: &Path, package: &str) -> Result<String, Box<dyn Error>> {
    let protos = FILES.iter().map(|(file, ..)| file);
    let descriptors = protox::compile(protos, [root.join("proto")])?;

    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(package);
    fs::create_dir_all(&out)?;
    let mut config = Config::new();
    config.out_dir(&out).btree_map(["."]);
    for (_, other, module) in FILES {
        if *other != package {
            config.extern_path(format!(".{other}"), format!("crate::{module}"));
        }
    }
    tonic_prost_build::configure()
        .build_transport(false)
        .client_mod_attribute(".", "#[cfg(feature = \"grpc\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"server\")]")
        .out_dir(&out)
        .compile_fds_with_config(descriptors, config)?;
    Ok(fs::read_to_string(out.join(format!("{package}.rs")))?)
}
