//! The program `mstage`, for a person's machine and for CI.

use std::process::ExitCode;

fn main() -> ExitCode {
    mstage::cli::main()
}
