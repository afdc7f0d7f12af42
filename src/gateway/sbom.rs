//! An SBOM that covers more than the target: further stages, and the build context.
//!
//! By default, the engine itself scans the returned result, and nothing is done here. If there is
//! something else to scan, the scanner gets everything at once, and the engine scans nothing.
//! Follows `frontend/attestations/sbom` and the scanner's contract in
//! `docs/attestations/sbom-protocol.md` of BuildKit.

use std::collections::BTreeMap;

use buildkit_frontend::{
    Attestation, AttestationKind, Bridge, ImageRequest, Ref, Scanner, SolveRequest, Status,
};
use buildkit_llb::{
    BindAccess, BindMount, Definition, Exec, Graph, Image, Metadata, Mount, Platform, State,
    TmpfsMount,
};
use futures_util::future::join_all;

use super::options::Options;
use super::report;
use crate::collect::collect_map;
use crate::lower::Lowered;
use crate::plan::{ImageConfig, Plan};
use crate::reference::Reference;

/// The directories of the scanner's input, the target and further ones, and of its output.
const CORE: &str = "/run/src/core/sbom";
const EXTRAS: &str = "/run/src/extras/";
const ANSWERS: &str = "/run/out/";

/// The graphs that make the SBOM of each platform. Empty if the engine makes them.
pub(super) async fn prepare(
    bridge: &Bridge,
    options: &Options,
    plans: &[Plan],
    lowered: &[Lowered],
    graph: &mut Graph,
) -> Result<BTreeMap<String, Definition>, Status> {
    let Some(scanner) = &options.scanner else { return Ok(BTreeMap::new()) };
    if lowered.iter().all(|lowered| lowered.extras.is_empty()) {
        return Ok(BTreeMap::new());
    }
    let platform = &options.request.build_platform;
    let (reference, config) = look_up(bridge, scanner, platform).await?;
    let image = Image::new(reference.clone()).platform(Some(platform.clone()));
    let label = Metadata::named(format!("[internal] scanner {}", scanner.image));
    let image = Scan { scanner, config, platform, root: graph.add(image, label) };
    let scans = plans.iter().zip(lowered).filter_map(|(plan, lowered)| {
        let answers = image.add(plan, lowered, graph)?;
        Some((plan.platform.id(), graph.definition(answers)))
    });
    Ok(collect_map(scans))
}

/// Runs the scans, as far as results are evaluated before the export, and returns them.
pub(super) async fn scan(
    bridge: &Bridge,
    scans: BTreeMap<String, Definition>,
) -> Result<BTreeMap<String, Vec<Attestation>>, Status> {
    let scans = scans.into_iter().map(|(id, definition)| async move {
        let request = SolveRequest::new(definition);
        let solved = bridge.solve(request).await.map_err(Status::from)?;
        Ok((id, vec![attestation(solved.refs.single()?)]))
    });
    Ok(collect_map(report::all(join_all(scans).await)?))
}

fn attestation(reference: Option<Ref>) -> Attestation {
    let spdx = "https://spdx.dev/Document";
    let mut attestation = Attestation::new(AttestationKind::Bundle, spdx, reference, "");
    for name in ["reason", "sbom-core"] {
        attestation.metadata.insert(name.to_owned(), b"sbom".to_vec());
    }
    attestation
}

async fn look_up(
    bridge: &Bridge,
    scanner: &Scanner,
    platform: &Platform,
) -> Result<(Reference, ImageConfig), Status> {
    let reference = Reference::parse(&scanner.image).map_err(|err| cannot_use(scanner, &err))?;
    let request = ImageRequest::new(reference.clone()).platform(platform.clone());
    let image = bridge.resolve_image(request).await.map_err(|err| cannot_use(scanner, &err))?;
    let reference = Reference::parse(&image.reference).unwrap_or(reference);
    let config = ImageConfig::parse(&image.meta.config).map_err(|err| cannot_use(scanner, &err))?;
    Ok((reference.pinned(image.meta.digest), config))
}

fn cannot_use(scanner: &Scanner, err: &dyn std::fmt::Display) -> Status {
    Status::new(format!("cannot use the scanner `{}`: {err}", scanner.image))
}

/// A scanner with its settings.
struct Scan<'a> {
    scanner: &'a Scanner,
    config: ImageConfig,
    platform: &'a Platform,
    root: State,
}

impl Scan<'_> {
    /// The directory that the scanner writes for one platform. `None` for an image without a
    /// command.
    fn add(&self, plan: &Plan, lowered: &Lowered, graph: &mut Graph) -> Option<State> {
        let config = &self.config.config;
        let args = config.entrypoint.iter().chain(&config.cmd).flatten().cloned();
        let environment = config.environment().with_path(self.platform.os());
        let mut op = Exec::from_args(self.root, args)?
            .envs(environment.iter())
            .env("BUILDKIT_SCAN_DESTINATION", ANSWERS)
            .env("BUILDKIT_SCAN_SOURCE", CORE);
        if !lowered.extras.is_empty() {
            op = op.env("BUILDKIT_SCAN_SOURCE_EXTRAS", EXTRAS);
        }
        for (name, value) in &self.scanner.parameters {
            op = op.env(format!("BUILDKIT_SCAN_{name}"), value);
        }
        let answers = BindMount::new(ANSWERS.trim_end_matches('/'), State::SCRATCH)
            .access(BindAccess::Output);
        let mut mounts: Vec<Mount<'_>> = vec![
            answers.into(),
            TmpfsMount::new("/tmp").into(),
            BindMount::new(CORE, lowered.target).into(),
        ];
        for (name, &state) in &lowered.extras {
            mounts.push(BindMount::new(format!("{EXTRAS}sbom-{name}"), state).into());
        }
        let workdir = if config.working_dir.is_empty() { "/" } else { &config.working_dir };
        let op = op.cwd(workdir).platform(Some(self.platform.clone())).mounts(mounts);
        let id = plan.platform.id();
        let label = format!("[{id}] generating sbom using {}", self.scanner.image);
        let ignore_cache = plan.stages[plan.target].ignore_cache;
        let metadata = Metadata::named(label).ignore_cache(ignore_cache);
        graph.add(op, metadata).mounts.first().copied().flatten()
    }
}
