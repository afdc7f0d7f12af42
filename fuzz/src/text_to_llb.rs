//! From the text of a build file to its graph.

use buildkit_llb::Platform;
use mstage::plan::Request;
use mstage::source::SourceFile;

use super::compile::{compile, request};

/// Compiles a build file for two platforms. Lines that begin with `# lock:` are its lock file, as
/// in `tests/corpus`.
pub fn text_to_llb(data: &[u8]) {
    let file = SourceFile::new("mstage.toml", data.to_vec());
    let lines = file.text().lines().filter_map(|line| line.strip_prefix("# lock:"));
    let lock: String = lines.map(|line| format!("{}\n", line.trim())).collect();
    let lock = (!lock.is_empty()).then(|| SourceFile::new("mstage.lock", lock.into_bytes()));
    let first = request();
    let arm = Platform::new("linux", "arm64", "").expect("a platform");
    let second = Request { target_platform: arm, several_platforms: true, ..first.clone() };
    // Errors are as good as a graph.
    let _ = compile(&file, lock.as_ref(), &[first, second]);
}
