//! A frontend as a program: from the process that BuildKit starts to its exit status.

use std::io;
use std::process::ExitCode;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Builder;

use crate::{Bridge, Error, Options, SolveResult, Status, Stdio, catch_panic, stdio};

/// Runs a frontend as a program: connects to BuildKit over standard input and output, calls
/// `frontend` once, and sends its result to BuildKit.
///
/// ```no_run
/// use buildkit_frontend::{Bridge, Options, SolveRequest, SolveResult, Status, run};
/// use buildkit_llb::{Graph, Image, Metadata};
///
/// fn main() -> std::process::ExitCode {
///     run(frontend)
/// }
///
/// async fn frontend(bridge: Bridge, _: Options) -> Result<SolveResult, Status> {
///     let mut graph = Graph::new();
///     let image = Image::new("alpine".parse().map_err(|err| Status::new(format!("{err}")))?);
///     let image = graph.add(image, Metadata::named("FROM alpine"));
///     Ok(bridge.solve(SolveRequest::new(graph.definition(image))).await?)
/// }
/// ```
///
/// Runs a tokio runtime on this thread. An `Err` of the frontend, or a panic in it, becomes the error of the build, which
/// the user sees; the exit status is that of success. Only if BuildKit cannot be reached, a message is written to
/// standard error, which goes to the daemon's log, and the exit status is that of failure.
///
/// Return its exit code from `main` at once: the daemon waits for the process to end. No thread keeps it running:
/// see [`on_stdio`].
pub fn run(frontend: impl AsyncFnOnce(Bridge, Options) -> Result<SolveResult, Status>) -> ExitCode {
    let responded = on_stdio(async |io| respond(io, Options::from_env(), frontend).await);
    let problem = match responded {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    #[expect(clippy::print_stderr, reason = "the daemon's log is all there is")]
    {
        eprintln!("{problem}");
    }
    ExitCode::FAILURE
}

/// Does what [`run`] does, on any stream and with given options. For tests of a frontend.
///
/// `Err` means that nothing could be returned to the daemon. Must be called inside a tokio runtime.
pub async fn respond<IO>(
    io: IO,
    options: Options,
    frontend: impl AsyncFnOnce(Bridge, Options) -> Result<SolveResult, Status>,
) -> Result<(), Error>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let bridge = Bridge::connect(io).await?;
    match catch_panic(frontend(bridge.clone(), options)).await {
        Ok(Ok(result)) => bridge.return_result(result).await,
        Ok(Err(status)) => bridge.return_error(status).await,
        Err(panic) => bridge.return_error(panic.into()).await,
    }
}

/// Runs a future with standard input and output inside a tokio runtime of its own. For a program that needs more
/// control than [`run`] gives.
///
/// Does not wait for threads of the runtime when the future is done. Standard input that is not a pipe is read by a
/// thread that cannot be interrupted, and a dropped runtime waits for its threads: the program would wait for the
/// daemon to close the stream, while the daemon waits for the program.
///
/// Fails if the runtime cannot be created, or if standard input or output is closed.
pub fn on_stdio<T>(work: impl AsyncFnOnce(Stdio) -> T) -> io::Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async { Ok(work(stdio()?).await) });
    runtime.shutdown_background();
    done
}
