//! The edge towards BuildKit: everything that is sent and received.
//!
//! Comes in: a connection to the daemon and [`Options`]. Goes out: the target's result, the answer to a
//! question about the file, or an error that shows the lines of the build file it is about. The conversation is short: the daemon's
//! capabilities, the build file and the ignore file, the images' configs all at once, one solve, the
//! result. What is done with the answers is decided elsewhere, in plain functions.

pub mod bridge;
mod build_file;
mod capabilities;
mod ignore;
mod image;
pub mod options;
mod report;
mod subrequest;
pub mod transport;

use std::collections::BTreeMap;

use buildkit_llb::{Cap, Definition, Graph};
use futures_util::future::join_all;
use tokio::io::{AsyncRead, AsyncWrite};

pub use self::bridge::Error;
use self::bridge::{Bridge, SolveRequest, SolveResult, Status};
use self::build_file::BuildFile;
pub use self::options::Options;
use crate::diagnostic::Diagnostics;
use crate::lower::{Engine, Settings, lower};
use crate::plan::{Facts, ImageQuery, Plan, check_of, resolve, select, warn_of_ignored_copies};
use crate::source::SourceFile;
use crate::spec;

/// Answers one request of a client. An error in the build file, or one that the daemon reports, is an
/// answer too: `Err` means that no answer could be given.
pub async fn run<IO>(
    io: IO,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<(), Error>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let bridge = Bridge::connect(io).await?;
    let outcome = match Options::from_env(variables) {
        Ok(options) => build(&bridge, &options).await,
        Err(err) => Err(Status::new(err.to_string())),
    };
    match outcome {
        Ok(result) => bridge.return_result(result).await,
        Err(status) => bridge.return_error(status).await,
    }
}

async fn build(bridge: &Bridge, options: &Options) -> Result<SolveResult, Status> {
    if let Some(question) = &options.subrequest {
        return subrequest::answer(bridge, options, question).await;
    }
    let (plan, definition) = compile(bridge, options).await?;
    let request = SolveRequest {
        cache_imports: options.cache_imports.clone(),
        evaluate: !shows_excerpts(bridge),
        ..SolveRequest::new(definition.into_proto())
    };
    let solved = bridge.solve(request).await.map_err(|err| report::with_place(err.into()))?;
    Ok(SolveResult {
        refs: solved.refs,
        metadata: result_metadata(&plan, options),
        ..SolveResult::default()
    })
}

/// From the client's files to what is to be built, with the warnings shown on the way.
async fn compile(bridge: &Bridge, options: &Options) -> Result<(Plan, Definition), Status> {
    let BuildFile { file, ignore, digest } = BuildFile::read(bridge, options).await?;
    let mut diagnostics = Diagnostics::default();
    check_of(&options.request, &mut diagnostics);
    let planned = plan(bridge, options, &file, &mut diagnostics).await;
    if let Ok(Some(plan)) = &planned {
        warn_of_ignored_copies(plan, &ignore, &mut diagnostics);
    }
    report::warn(bridge, &diagnostics, &file, digest).await;
    let Some(plan) = planned?.filter(|_| !diagnostics.fail_build()) else {
        return Err(report::failure(&diagnostics, &file));
    };

    let llb = &bridge.capabilities().llb;
    let settings = Settings {
        session_id: options.session_id.clone(),
        ignore: [ignore, plan.ignore.clone()].concat(),
        resolve_mode: options.resolve_mode,
        several_platforms: options.request.several_platforms,
        engine: Engine {
            merge: llb.supports(Cap::MERGE_OP.id()),
            required_paths: llb.supports(Cap::FILE_COPY_REQUIRED_PATHS.id()),
        },
    };
    let mut graph = Graph::new();
    let target =
        lower(&plan, &file, &settings, &mut graph).map_err(|err| Status::new(err.to_string()))?;
    capabilities::check(bridge, &graph, target, &file)?;
    let definition = graph.definition(target);
    drop(graph);
    capabilities::check_size(bridge, &definition)?;
    Ok((plan, definition))
}

/// Whether the engine shows lines of the build file beside the error of a failing step. Docker 20.10
/// does not: there the build is run to its end here, so that the place can be put into the message.
fn shows_excerpts(bridge: &Bridge) -> bool {
    bridge.capabilities().gateway.supports(bridge::gateway::EVALUATE)
}

/// From the file's text to a plan, with the images looked up on the way. `Ok(None)` means that the
/// diagnostics have errors.
async fn plan(
    bridge: &Bridge,
    options: &Options,
    file: &SourceFile,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Plan>, Status> {
    let Some(spec) = spec::parse(file, diagnostics) else { return Ok(None) };
    let Some(selection) = select(&spec, &options.request, diagnostics) else { return Ok(None) };
    let facts = look_up(bridge, options, selection.images(), file).await?;
    Ok(resolve(&selection, facts, diagnostics))
}

/// Looks all images up at once.
async fn look_up(
    bridge: &Bridge,
    options: &Options,
    images: &[ImageQuery],
    file: &SourceFile,
) -> Result<Facts, Status> {
    let lookups = images.iter().map(|query| async move {
        let fact = image::look_up(bridge, options, query).await;
        fact.map_err(|status| report::at_place(status, file, query.span))
    });
    let images = join_all(lookups).await.into_iter().collect::<Result<_, Status>>()?;
    Ok(Facts { images })
}

/// What exporters and clients read beside the file system.
fn result_metadata(plan: &Plan, options: &Options) -> BTreeMap<String, Vec<u8>> {
    let platform = &options.request.target_platform;
    let platforms = serde_json::json!({
        "Platforms": [{
            "ID": platform.id(),
            "Platform": { "architecture": platform.architecture(), "os": platform.os(), "variant": platform.variant() },
        }],
    });
    let annotations = plan.annotations.iter();
    let mut metadata: BTreeMap<String, Vec<u8>> = annotations
        .map(|(name, value)| (format!("annotation.{name}"), value.clone().into_bytes()))
        .collect();
    metadata.extend([
        ("containerimage.config".to_owned(), plan.config.to_json()),
        ("refs.platforms".to_owned(), platforms.to_string().into_bytes()),
    ]);
    metadata
}
