//! The fuzz targets: each takes arbitrary bytes, and panics if mstage does something wrong.
//!
//! Input: bytes. Output: a panic, or nothing. `fuzz_targets` runs these functions under libFuzzer,
//! and `tests/fuzz` runs them with a bounded number of mutated seeds in the usual tests.

mod client_options;
mod compile;
mod dockerfile_to_spec;
mod gateway_answers;
mod lock_file;
mod scenario;
mod text_to_llb;

pub use self::client_options::client_options;
pub use self::dockerfile_to_spec::dockerfile_to_spec;
pub use self::gateway_answers::gateway_answers;
pub use self::lock_file::lock_file;
pub use self::text_to_llb::text_to_llb;
