//! Checks that the committed code in `src/gen` is generated from the files in `proto`.
//!
//! The test fails on a difference; `UPDATE_EXPECT=1 cargo test -p buildkit-proto --test bootstrap`
//! regenerates the code. This replaces a build script: users of the crate compile plain Rust,
//! without protoc.

#![expect(clippy::disallowed_methods, reason = "a generator reads and writes files")]

use std::error::Error;
use std::fmt::Write;
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
    let mut files = vec![("fields", field_numbers(root)?)];
    for (_, package, module) in FILES {
        files.push((module, generate(root, package)?));
    }
    let mut stale = Vec::new();
    for (module, code) in files {
        let committed = root.join(format!("src/gen/{module}.rs"));
        if fs::read_to_string(&committed).ok().as_ref() != Some(&code) {
            if env::var_os("UPDATE_EXPECT").is_some() {
                fs::write(&committed, code)?;
            } else {
                stale.push(module);
            }
        }
    }
    assert!(stale.is_empty(), "src/gen is out of date: {stale:?}; UPDATE_EXPECT=1 writes it anew");
    Ok(())
}

/// Generates the code of one package. Other packages are referred to by their modules in this
/// crate, which keeps the modules flat: a single run would nest them like the packages.
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
    if package == "moby.buildkit.v1.frontend" {
        config.extern_path(".pb.Definition", "crate::Encoded<crate::pb::Definition>");
    }
    tonic_prost_build::configure()
        .build_transport(false)
        .client_mod_attribute(".", "#[cfg(feature = \"grpc\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"server\")]")
        .out_dir(&out)
        .compile_fds_with_config(descriptors, config)?;
    Ok(fs::read_to_string(out.join(format!("{package}.rs")))?)
}

/// Generates the constants for the field numbers of LLB's messages, named as prost names the
/// fields.
fn field_numbers(root: &Path) -> Result<String, Box<dyn Error>> {
    let descriptors = protox::compile(["pb.proto"], [root.join("proto")])?;
    let mut code = "// This file is written by tests/bootstrap.rs.\n".to_owned();
    for message in descriptors.file.iter().flat_map(|file| &file.message_type) {
        let name = message.name();
        writeln!(code, "/// [`{name}`](crate::pb::{})", upper_camel(name))?;
        writeln!(code, "pub mod {} {{", snake(name))?;
        for field in &message.field {
            let constant = snake(field.name()).to_uppercase();
            writeln!(code, "    pub const {constant}: u32 = {};", field.number())?;
        }
        writeln!(code, "}}")?;
    }
    Ok(code)
}

/// Converts to snake case as prost does: `cdiDevices` and `CDIDevices` become `cdi_devices`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| chars[at]);
        let ends_acronym = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        let starts_word = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase() || (before.is_uppercase() && ends_acronym)
            });
        if starts_word {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// Converts to camel case as prost does: `CDIDevice` becomes `CdiDevice`.
fn upper_camel(name: &str) -> String {
    let words = snake(name);
    words.split('_').map(|word| [&word[..1].to_uppercase(), &word[1..]].concat()).collect()
}
