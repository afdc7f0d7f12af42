//! The build file that a Dockerfile is converted to.
//!
//! It is converted here and not by a build, which takes longer. That a client gets the same is tested
//! in [`calls`](crate::calls).

#![expect(clippy::disallowed_methods, reason = "the converted file is a file")]

use std::fs;
use std::path::Path;

use mstage::convert::convert;
use mstage::diagnostic::Diagnostics;
use mstage::dockerfile::parse;
use mstage::source::SourceFile;
use tempfile::TempDir;

use super::made::{Made, Store, all_differences};
use super::{Case, Request};
use crate::harness::FRONTEND;

impl Case {
    /// Converts the Dockerfile, and builds the result.
    pub(super) fn check_converted(
        &self,
        by_mstage: &Made,
        store: Store,
        direct: &Request,
    ) -> Result<(), String> {
        if direct.context.is_some() {
            // The context contains both build files, and may not be a directory.
            return Ok(());
        }
        let directory = TempDir::new().unwrap();
        // Written beside the context, whose files stay unchanged; the Dockerfile's own ignore file
        // applies to it too.
        let file = directory.path().join("mstage.toml");
        let text = convert_with(&self.folder.join("Dockerfile"), &direct.options)?;
        fs::write(&file, &text).unwrap();
        let ignore = self.folder.join("Dockerfile.dockerignore");
        if ignore.exists() {
            fs::copy(ignore, directory.path().join("mstage.toml.dockerignore")).unwrap();
        }
        let made = self
            .make(&file.to_string_lossy(), store, direct)
            .map_err(|failure| format!("  the converted file is not built:\n{failure}\n{text}"))?;
        let differences = all_differences(by_mstage, &made);
        let shown: Vec<String> = differences
            .iter()
            .map(|(name, one, other)| format!("    {name}: {one}\n    converted: {other}\n"))
            .collect();
        match shown.is_empty() {
            true => Ok(()),
            false => Err(format!("  the converted file differs:\n{}{text}", shown.concat())),
        }
    }
}

/// The build file for a Dockerfile. The build args are those of the client's options. An error if a
/// part of it cannot be converted, as for a client.
pub(crate) fn convert_with(path: &Path, options: &[String]) -> Result<String, String> {
    let file = SourceFile::new("Dockerfile", fs::read(path).unwrap());
    let mut diagnostics = Diagnostics::default();
    let dockerfile = parse(&file, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(format!("  the Dockerfile is not converted:\n{:?}", diagnostics.errors()));
    }
    let given = options.iter().filter_map(|option| option.strip_prefix("--build-arg="));
    let given = given.filter_map(|arg| arg.split_once('='));
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let converted = convert(&dockerfile, FRONTEND, &given);
    match converted.remarks.iter().find(|remark| remark.is_error) {
        Some(remark) => Err(format!("  the Dockerfile is not converted:\n{remark:?}")),
        None => Ok(converted.text),
    }
}
