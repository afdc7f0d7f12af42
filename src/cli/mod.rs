//! The program `mstage`: all input and output on a person's machine, and in CI.
//!
//! Input: a command line, and files on disk. Output: text on standard output, errors on standard
//! error, and an exit status: 0, 1 for findings or errors in a build file, 2 if the command line is
//! wrong or a file cannot be read or written. It asks no network. All decisions are made elsewhere,
//! in plain functions; each subcommand has a file here.

mod check;
mod completions;
mod convert;
mod disk;
mod excerpt;
mod explain;
mod finding;
mod graph;
mod images;
mod lsp;
mod man;
mod options;
mod output;
pub mod project;
mod schema;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use self::options::BuildOptions;
pub use self::output::{Failure, Outcome};

/// Checks, converts and shows build files of mstage, without Docker.
#[derive(Debug, Parser)]
#[command(name = "mstage", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Convert(convert::Convert),
    Graph(graph::Graph),
    Explain(explain::Explain),
    Schema(schema::Schema),
    Completions(completions::Completions),
    Lsp(lsp::Lsp),
    Man(man::Man),
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Check(check) => check.run(),
        Command::Convert(convert) => convert.run(),
        Command::Graph(graph) => graph.run(),
        Command::Explain(explain) => explain.run(),
        Command::Schema(schema) => schema.run(),
        Command::Completions(completions) => completions.run(),
        Command::Lsp(lsp) => lsp.run(),
        Command::Man(man) => man.run(),
    };
    output::exit(result)
}

/// The command line, for completions and for the man page.
pub(crate) fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}
