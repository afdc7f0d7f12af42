//! The edge towards BuildKit: everything that is sent and received.
//!
//! Comes in: a connection to the daemon and [`Options`]. Goes out: the target's result, the answer to a
//! question about the file, or an error that shows the lines of the build file it is about. The conversation is short: the daemon's
//! capabilities, the build file and the ignore file, the images' configs all at once, one solve, the
//! result. What is done with the answers is decided elsewhere, in plain functions.

mod archive;
pub mod bridge;
mod build_file;
mod capabilities;
mod epoch;
mod ignore;
mod lookup;
pub mod options;
mod report;
mod result;
mod subrequest;
pub mod transport;

use buildkit_llb::{Cap, Definition, Graph};
use futures_util::future::{join, join_all};
use tokio::io::{AsyncRead, AsyncWrite};

pub use self::bridge::Error;
use self::bridge::{Bridge, Connection, SolveRequest, SolveResult, Status};
use self::build_file::BuildFile;
pub use self::options::Options;
use crate::diagnostic::Diagnostics;
use crate::lower::{Engine, MainContext, Settings, lower};
use crate::plan::{Plan, Selection, check_of, resolve, select, warn_of_ignored_copies};
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
    let connection = Connection::open(io).await?;
    let (bridge, request) = join(connection.ping(), Begun::begin(&connection, variables)).await;
    let bridge = bridge?;
    let outcome = match request {
        Ok(Begun::Answered(result)) => Ok(result),
        Ok(Begun::Read(options, build_file)) => match &options.subrequest {
            Some(question) => subrequest::answer(&bridge, &options, question, build_file).await,
            None => build(&bridge, &options, build_file).await,
        },
        Err(status) => Err(status),
    };
    match outcome {
        Ok(result) => bridge.return_result(result).await,
        Err(status) => bridge.return_error(status).await,
    }
}

/// A request, as far as one gets with it without knowing what the daemon can do.
enum Begun {
    /// It has nothing to do with any file.
    Answered(SolveResult),
    /// The build file has been read.
    Read(Box<Options>, BuildFile),
}

impl Begun {
    async fn begin(
        connection: &Connection,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Status> {
        let options = Options::from_env(variables).map_err(|err| Status::new(err.to_string()))?;
        match options.subrequest.as_deref().and_then(subrequest::answer_without_file) {
            Some(answer) => answer.map(Self::Answered),
            None => {
                let build_file = BuildFile::read(connection, &options).await?;
                Ok(Self::Read(Box::new(options), build_file))
            }
        }
    }
}

/// Builds the target for every platform.
async fn build(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<SolveResult, Status> {
    let Compiled { plans, definitions } = compile(bridge, options, build_file).await?;
    let solves = definitions.into_iter().map(|definition| {
        bridge.solve(SolveRequest {
            cache_imports: options.cache_imports.clone(),
            evaluate: !shows_excerpts(bridge),
            ..SolveRequest::new(definition)
        })
    });
    let mut refs = Vec::with_capacity(plans.len());
    for solved in join_all(solves).await {
        refs.push(solved.map_err(|err| report::with_place(err.into()))?.refs);
    }
    result::assemble(&plans, refs, options.multi_platform)
}

/// What is built: for each platform a plan and the graph that it became.
struct Compiled {
    plans: Vec<Plan>,
    definitions: Vec<Definition>,
}

/// From the client's files to what is to be built, with the warnings shown on the way.
async fn compile(
    bridge: &Bridge,
    options: &Options,
    BuildFile { file, ignore, context, digest }: BuildFile,
) -> Result<Compiled, Status> {
    let mut diagnostics = Diagnostics::default();
    check_of(&options.request, &mut diagnostics);
    let planned = plan(bridge, options, &file, &context, &mut diagnostics).await;
    if let Ok(Some(plans)) = &planned {
        plans.iter().for_each(|plan| warn_of_ignored_copies(plan, &ignore, &mut diagnostics));
    }
    report::warn(bridge, &diagnostics, &file, digest).await;
    let Some(plans) = planned?.filter(|_| !diagnostics.fail_build()) else {
        return Err(report::failure(&diagnostics, &file));
    };

    let llb = &bridge.capabilities().llb;
    let ignore_of_file = plans.first().map_or_else(Vec::new, |plan| plan.ignore.clone());
    let settings = Settings {
        sessions: options.sessions.clone(),
        context,
        ignore: [ignore, ignore_of_file].concat(),
        resolve_mode: options.resolve_mode,
        several_platforms: options.multi_platform,
        process: options.process.clone(),
        cache_namespace: options.cache_namespace.clone(),
        engine: Engine {
            merge: llb.supports(Cap::MERGE_OP.id()),
            required_paths: llb.supports(Cap::FILE_COPY_REQUIRED_PATHS.id()),
        },
    };
    let mut graph = Graph::new();
    let mut targets = Vec::with_capacity(plans.len());
    for plan in &plans {
        let target = lower(plan, &file, &settings, &mut graph);
        targets.push(target.map_err(|err| Status::new(err.to_string()))?);
    }
    let mut definitions = Vec::with_capacity(targets.len());
    for target in targets {
        let definition = graph.definition(target);
        capabilities::check(bridge, &graph, target, &definition, &file)?;
        capabilities::check_size(bridge, &definition)?;
        definitions.push(definition);
    }
    Ok(Compiled { plans, definitions })
}

/// Whether the engine shows lines of the build file beside the error of a failing step. Docker 20.10
/// does not: there the build is run to its end here, so that the place can be put into the message.
fn shows_excerpts(bridge: &Bridge) -> bool {
    bridge.capabilities().gateway.supports(bridge::gateway::EVALUATE)
}

/// From the file's text to a plan for each platform, with what they need looked up on the way.
/// `Ok(None)` means that the diagnostics have errors.
async fn plan(
    bridge: &Bridge,
    options: &Options,
    file: &SourceFile,
    context: &MainContext,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Vec<Plan>>, Status> {
    let Some(spec) = spec::parse(file, diagnostics) else { return Ok(None) };
    let mut requests = options.requests();
    epoch::find(bridge, &spec, context, &mut requests).await?;
    // What is wrong for one platform is mostly wrong for all, and is reported once.
    let selections: Vec<Option<Selection<'_>>> =
        requests.iter().map(|request| select(&spec, request, diagnostics)).collect();
    let Some(selections) = selections.into_iter().collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let facts = lookup::look_up(bridge, options, file, &selections).await?;
    let plans: Vec<Option<Plan>> = selections
        .iter()
        .zip(facts)
        .map(|(selection, facts)| resolve(selection, facts, diagnostics))
        .collect();
    Ok(plans.into_iter().collect())
}
