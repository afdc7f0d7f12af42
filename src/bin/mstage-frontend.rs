//! The program in the frontend image: BuildKit starts it, and it answers one request. With
//! arguments, it is a helper that copies files of reports and caches, started by the frontend itself.
#![expect(clippy::disallowed_methods, reason = "BuildKit's options are environment variables")]
#![expect(
    clippy::print_stderr,
    reason = "standard output belongs to BuildKit; errors go to its log"
)]

use std::process::ExitCode;

use buildkit_frontend::on_stdio;
use mstage::gateway::{help, run};

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some(helped) = help(&args) {
        return match helped {
            Ok(notes) => {
                notes.iter().for_each(|note| eprintln!("{note}"));
                ExitCode::SUCCESS
            }
            Err(err) => fail(&err),
        };
    }
    // A variable that is not UTF-8 is not an option of any client.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    match on_stdio(async |io| run(io, variables).await) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(err)) => fail(&err),
        Err(err) => fail(&err),
    }
}

fn fail(err: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("mstage: {err}");
    ExitCode::FAILURE
}
