//! The build file that a Dockerfile is converted to, built as by a user.

#![expect(clippy::disallowed_methods, reason = "the converted file is a file")]

use std::fs;

use tempfile::TempDir;

use super::made::{Made, Store, all_differences};
use super::{Case, Request};

impl Case {
    /// Lets the client write the converted build file, and builds that.
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
        let output = format!("--output=type=local,dest={}", directory.path().display());
        self.build("Dockerfile", direct, &["--target=mstage.toml", &output])
            .map_err(|failure| format!("  the Dockerfile is not converted:\n{failure}"))?;
        // Written beside the context, whose files stay unchanged; the Dockerfile's own ignore file
        // applies to it too.
        let file = directory.path().join("mstage.toml");
        let text = fs::read_to_string(&file).map_err(|err| format!("  mstage.toml: {err}"))?;
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
