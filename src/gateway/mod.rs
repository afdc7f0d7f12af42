//! The interface to BuildKit: all input and output.
//!
//! Input: a connection to the daemon and [`Options`]. Output: the target's result, the answer to a
//! subrequest, or an error that shows the lines of the build file. The conversation is short: the
//! daemon's capabilities, the build file and the ignore file, all images' configs concurrently, one
//! solve, the result. All decisions are made elsewhere, in plain functions.

mod archive;
mod bug;
mod build_file;
mod caches;
mod calls;
mod capabilities;
mod compile;
mod convert;
mod copier;
mod dangling;
mod dockerfile;
mod engine_error;
mod entitlements;
mod epoch;
mod ignore;
mod include;
mod lock;
mod lookup;
mod onbuild;
pub mod options;
mod own_image;
mod planning;
mod project;
mod report;
mod result;
mod salvage;
mod sbom;
mod stage_report;
mod vcs;

use std::ffi::OsString;

pub use buildkit_frontend::Error;
use buildkit_frontend::{Bridge, Connection, SolveRequest, SolveResult, Status};
use buildkit_llb::Definition;
use futures_util::future::{join, try_join_all, try_join3};
use tokio::io::{AsyncRead, AsyncWrite};

use self::build_file::BuildFile;
use self::compile::{Compiled, compile};
pub use self::options::Options;
use crate::analysis;
use crate::convert::TARGET as CONVERTED;
use crate::lock::TARGET;
use crate::plan::CACHES;
use crate::rules::linked_into_special;

/// Answers one request of a client. An error in the build file, or one from the daemon, is also an
/// answer: `Err` means that no answer could be given.
pub async fn run<IO>(
    io: IO,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<(), Error>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let connection = Connection::open(io).await?;
    let begin = bug::reported(Begun::begin(&connection, variables));
    let (bridge, request) = join(connection.ping(), begin).await;
    let bridge = bridge?;
    let answer = async {
        match request? {
            Begun::Answered(result) => Ok(result),
            Begun::Read(options, build_file) => {
                let build_file = *build_file;
                match &options.subrequest {
                    Some(question) => calls::answer(&bridge, &options, question, build_file).await,
                    None if options.request.target.as_deref() == Some(TARGET) => {
                        lock::write::write(&bridge, &options, build_file).await
                    }
                    None if options.request.target.as_deref() == Some(CONVERTED) => {
                        convert::write(&bridge, &options, build_file).await
                    }
                    None if options.request.target.as_deref() == Some(CACHES) => {
                        caches::export(&bridge, &options, build_file).await
                    }
                    None => build(&bridge, &options, build_file).await,
                }
            }
        }
    };
    match bug::reported(answer).await {
        Ok(result) => bridge.return_result(result).await,
        Err(status) => bridge.return_error(status).await,
    }
}

/// Runs the program as a helper in a container, if its arguments ask for that: it copies files for
/// reports and caches. Returns a line for each file that is left out.
pub fn help(args: &[OsString]) -> Option<Result<Vec<String>, String>> {
    if salvage::is_asked_for(args) {
        return Some(salvage::copy_files(args));
    }
    caches::is_asked_for(args).then(|| caches::work(args))
}

/// The state of a request before the daemon's capabilities are known.
enum Begun {
    /// It needs no file.
    Answered(SolveResult),
    /// The build file has been read.
    Read(Box<Options>, Box<BuildFile>),
}

impl Begun {
    async fn begin(
        connection: &Connection,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Status> {
        let options = Options::new(buildkit_frontend::Options::from_variables(variables))?;
        match options.subrequest.as_deref().and_then(calls::answer_without_file) {
            Some(answer) => answer.map(Self::Answered),
            None => {
                let build_file = BuildFile::read(connection, &options).await?;
                let mut options = options;
                analysis::for_file(&mut options.request, &build_file.file);
                Ok(Self::Read(Box::new(options), Box::new(build_file)))
            }
        }
    }
}

/// Builds the target for every platform, and fills new caches if the client has given a source.
async fn build(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<SolveResult, Status> {
    let mut compiled = compile(bridge, options, build_file).await?;
    let import = compiled.import.take();
    let to_the_end = import.is_some();
    let built = build_compiled(bridge, options, compiled, to_the_end);
    caches::with_import(bridge, import, built).await
}

/// Builds the graphs of the target. `to_the_end` evaluates them before they are returned.
async fn build_compiled(
    bridge: &Bridge,
    options: &Options,
    compiled: Compiled,
    to_the_end: bool,
) -> Result<SolveResult, Status> {
    let Compiled { plans, definitions, beside, scans, reported, entitlements, .. } = compiled;
    if let Some(reported) = reported {
        let built =
            stage_report::build(bridge, options, plans, definitions, beside, reported).await;
        let stage_report::Built { result, reports } =
            built.map_err(|status| entitlements.explain(status))?;
        return Ok(result::with_message(result, reports.failures()));
    }
    // A lazy target would begin only after the graphs built with it, and its errors would not be
    // seen here. If it is rejected, the client would show only the engine's message without the
    // step.
    let evaluate = to_the_end
        || !capabilities::shows_excerpts(bridge)
        || !beside.is_empty()
        || !entitlements.is_empty()
        || plans.iter().any(linked_into_special::puts_trees_over_links);
    let entitlements = &entitlements;
    let is_from_dockerfile = plans.iter().any(|plan| plan.is_from_dockerfile);
    let solve = |definition: Definition, evaluate: bool| async move {
        let request = SolveRequest::new(definition)
            .cache_imports(options.cache_imports.iter().cloned())
            .evaluate(evaluate);
        let solved = bridge.solve(request).await;
        solved
            .map_err(|err: Error| {
                let status = engine_error::explained(err.into(), is_from_dockerfile);
                entitlements.explain(report::with_place(status))
            })
            .map(|result| result.refs)
    };
    // The first failure ends the build: returning it cancels everything that still runs.
    let (refs, _, attestations) = try_join3(
        try_join_all(definitions.into_iter().map(|definition| solve(definition, evaluate))),
        try_join_all(beside.into_iter().map(|definition| solve(definition, true))),
        sbom::scan(bridge, scans),
    )
    .await?;
    let mut result = result::assemble(&plans, refs, options.multi_platform)?;
    result.attestations = attestations;
    Ok(result)
}
