//! Resolves references to their current versions, through the daemon and with the client's
//! credentials.

use buildkit_frontend::{
    Bridge, ImageRequest, Ref, SolveRequest, SourceMeta, SourceRequest, Status, gateway,
};
use buildkit_llb::{
    Definition, Git, Graph, Http, Metadata, Platform, ResolveMode, Source, decode_op,
};
use buildkit_proto::pb;
use sha2::{Digest, Sha256};

use crate::credentials::{redacted, redacted_text};
use crate::lock::is_commit;
use crate::plan::HTTP_FILE;
use crate::reference::Reference;

/// The file in which git records the commit that is checked out.
const HEAD: &str = ".git/HEAD";

/// Maximum size of a read, in bytes.
const PART: usize = 4 << 20;

/// The current version of a reference.
pub(super) enum Pin {
    /// A digest, a commit or a checksum.
    Found(String),
    /// A build can use it, but its version is unknown.
    NotTold {
        /// The reason, in a text that does not change from day to day.
        remark: &'static str,
        /// The daemon's error.
        why: Status,
    },
}

/// A single pin for URLs that differ only in their credentials.
pub(super) fn same(pins: Vec<Result<Pin, Status>>) -> Result<Pin, Status> {
    let mut first: Option<Pin> = None;
    for pin in pins {
        let pin = pin.map_err(redacted_status)?;
        match (&first, &pin) {
            (Some(Pin::Found(known)), Pin::Found(other)) if known != other => {
                let remark = "it differs with the credentials in the URL";
                let why = Status::new("URLs with different credentials return different files");
                return Ok(Pin::NotTold { remark, why });
            }
            (Some(_), _) => {}
            (None, _) => first = Some(pin),
        }
    }
    first.ok_or_else(|| Status::new("there is no URL to look it up"))
}

/// The error without the credentials in the URLs of its message: the daemon repeats the URLs it was
/// given.
fn redacted_status(status: Status) -> Status {
    let message = redacted_text(status.message()).into_owned();
    status.with_message(message)
}

/// The registry's digest of an image: that of its index, if it has several platforms. The daemon's
/// own store is not used: its image may be older, or exist only there.
pub(super) async fn image(
    bridge: &Bridge,
    reference: &Reference,
    platform: &Platform,
) -> Result<Pin, Status> {
    let request = ImageRequest::new(reference.clone())
        .platform(platform.clone())
        .mode(ResolveMode::ForcePull)
        .log_name(format!("[internal] look up {reference}"));
    let why = match bridge.resolve_image(request).await {
        Ok(image) => match image.meta.digest {
            Some(digest) => return Ok(Pin::Found(digest)),
            None => Status::new("the engine reports no digest for it"),
        },
        Err(failure) => {
            let failure = Status::from(failure);
            if failure.is_unreachable() {
                let remark = "its registry is unreachable, and the engine's store has the image";
                return Ok(Pin::NotTold { remark, why: failure });
            }
            // A registry that is busy or denies access says nothing about the image.
            if !failure.is_missing_image() {
                let name = reference.familiar();
                return Err(failure.help(&format!(
                    "try again; to leave out an image that is only in the engine's store, pass `--build-context {name}=docker-image://{name}`"
                )));
            }
            failure
        }
    };
    Ok(Pin::NotTold { remark: "it is only in the engine's store", why })
}

/// The commit of a reference in a repository.
pub(super) async fn commit(bridge: &Bridge, url: &str, reference: &str) -> Result<Pin, Status> {
    let label = format!("[internal] look up {}#{reference}", redacted(url));
    let git = Git::new(url).reference(reference.to_owned());
    if let Some(SourceMeta { git: Some(found), .. }) =
        look_up(bridge, graph(git.clone(), &label), &label).await?
    {
        return Ok(Pin::Found(found.commit.unwrap_or(found.checksum)));
    }
    // An older daemon reveals the commit by a checkout.
    let with_head = graph(git.clone().keep_git_dir(true), &label);
    let failure = match read(bridge, with_head, HEAD).await {
        Ok(head) => {
            let head = String::from_utf8_lossy(&head.unwrap_or_default()).trim().to_owned();
            return match is_commit(&head) {
                true => Ok(Pin::Found(head)),
                false => {
                    Err(Status::new(format!("git checked out `{head}`, which is not a commit")))
                }
            };
        }
        Err(failure) => failure,
    };
    // The oldest daemon cannot keep the `.git` of an annotated tag, but checks it out without.
    match read(bridge, graph(git, &label), HEAD).await {
        Ok(_) => Ok(Pin::NotTold {
            remark: "this version of the engine does not report the commit of a tag",
            why: failure,
        }),
        Err(_) => Err(failure),
    }
}

/// The current commit of a reference in a repository. `None` if the engine does not report it.
pub(in crate::gateway) async fn commit_of(
    bridge: &Bridge,
    url: &str,
    reference: &str,
) -> Result<Option<String>, Status> {
    Ok(match commit(bridge, url, reference).await? {
        Pin::Found(commit) => Some(commit),
        Pin::NotTold { .. } => None,
    })
}

/// The checksum of a file at a URL.
pub(super) async fn checksum(bridge: &Bridge, url: &str) -> Result<Pin, Status> {
    let label = format!("[internal] look up {}", redacted(url));
    let http = Http::new(url).filename(Some(HTTP_FILE.clone()));
    let definition = graph(http, &label);
    if let Some(SourceMeta { http: Some(found), .. }) =
        look_up(bridge, definition.clone(), &label).await?
    {
        return Ok(Pin::Found(found.digest));
    }
    // An older daemon fetches the file, but reports no checksum.
    let Some(files) = solve(bridge, definition).await? else {
        return Err(Status::new("the URL returned no file"));
    };
    let mut hash = Sha256::new();
    let mut size = 0;
    loop {
        let part = bridge.connection().read_part(&files, HTTP_FILE.as_str(), size, PART).await?;
        let part = part.ok_or_else(|| Status::new("the URL returned no file"))?;
        hash.update(&part);
        size += part.len();
        if part.len() < PART {
            break;
        }
    }
    let digits: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Pin::Found(format!("sha256:{digits}")))
}

/// The daemon's metadata of the single source in a graph. Only newer daemons report any for git and
/// HTTP sources.
async fn look_up(
    bridge: &Bridge,
    definition: Definition,
    label: &str,
) -> Result<Option<SourceMeta>, Status> {
    if !bridge.capabilities().gateway.supports(gateway::SOURCE_META) {
        return Ok(None);
    }
    let Some(source) = source(&definition) else { return Ok(None) };
    Ok(Some(bridge.resolve_source(SourceRequest::new(source, label)).await?))
}

/// The source in the first op of a graph.
fn source(definition: &Definition) -> Option<Source> {
    let op = definition.to_proto().def.into_iter().next()?;
    match decode_op(&op).ok()?.op? {
        pb::op::Op::Source(source) => Some(source.into()),
        _ => None,
    }
}

fn graph(source: impl Into<Source>, label: &str) -> Definition {
    let mut graph = Graph::new();
    let state = graph.add(source.into(), Metadata::named(label));
    graph.definition(state)
}

/// Reads a file of a graph's result. `None` if there is no such file.
async fn read(
    bridge: &Bridge,
    definition: Definition,
    path: &str,
) -> Result<Option<Vec<u8>>, Status> {
    match solve(bridge, definition).await? {
        Some(files) => Ok(bridge.read_file(&files, path, PART).await?),
        None => Ok(None),
    }
}

async fn solve(bridge: &Bridge, definition: Definition) -> Result<Option<Ref>, Status> {
    Ok(bridge.solve(SolveRequest::new(definition)).await?.refs.single()?)
}
