//! Many builds on one engine: each has the right result, and nothing is left of them.
//!
//! `MSTAGE_SOAK=500,20` sets the number of builds in a row, and of those at once.

#![expect(
    clippy::disallowed_methods,
    reason = "the size is a setting, and how long to wait for a process is a matter of the clock"
)]

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use super::origin::Origin;
use crate::harness::{Build, Failure, Files, OwnEngine, Project, failed, succeeded};

/// Every run step runs again for another `NONCE`. The cache counts its builds.
const SPEC: &str = r#"
default = "app"
args = { BASE = {}, NONCE = {}, END = "true" }

[stages.count]
from = "${BASE}"
steps = [
  { name = "count", run = '''
    echo "$NONCE" >> /count/builds
    wc -l < /count/builds > /number
  ''', mounts = [{ cache = "/count", id = "soak", sharing = "locked" }] },
]

[stages.test]
from = "${BASE}"
report = "/out"
steps = [{ copy = "nonce" }, 'mkdir /out; echo "$NONCE" > /out/report', { name = "end", run = "$END" }]

[stages.app]
from = "scratch"
requires = ["test"]
steps = [
  { copy = "/number", from = "count" },
  { copy = "/nonce", from = "test" },
  { write = "/written", content = "${NONCE}", expand = true },
]
"#;

/// The engine with its project.
struct Soak {
    origin: Origin,
    node: OwnEngine,
    project: Project,
}

/// The parts of an engine that builds use, and the number of each.
type Traces = BTreeMap<String, usize>;

/// Prints a line for each process, mount, container, volume and file. Names that differ between
/// builds are left out, but not their number.
const TRACES: &str = r#"
for process in /proc/[0-9]*; do
  name=$(tr '\0' ' ' < $process/cmdline 2>/dev/null) || continue
  case $name in
    # Itself, and threads of the kernel.
    *'for process in'* | '') ;;
    *) echo "process ${name%% *}" ;;
  esac
done
while read -r _ path kind _; do echo "mount $kind $path"; done < /proc/mounts
find /tmp /run /var/lib/docker/tmp /var/lib/docker/containers /var/lib/docker/volumes \
  /var/lib/docker/buildkit /var/lib/docker/network 2>/dev/null |
  # The engine removes the empty mount points of networks once a minute.
  grep -v '^/run/docker/netns/' | while read -r path; do
  echo "file $path"
done
for layers in /var/lib/docker/overlay2 /var/lib/docker/image/overlay2/layerdb/mounts \
  /var/lib/docker/containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots; do
  [ ! -d $layers ] || ls $layers | sed "s|.*|layer $layers|"
done
# The tree of control groups is that of the machine.
own=$(sed -n 's|.*/\(mstage-[0-9]*\).*|\1|p' /proc/$(cat /var/run/docker.pid)/cgroup | head -n 1)
find /sys/fs/cgroup -type d -path "*/${own:?}/*" | sed 's|^|cgroup |'
"#;

/// The number of builds after which the cache is emptied: the engine's memory grows with it, whatever
/// the frontend.
const CACHED: usize = 50;

/// The memory in KiB that the engine may use in addition to that after its first builds.
const MEMORY: usize = 64 << 10;

/// Time limit for the engine to remove what it no longer needs.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
#[ignore = "needs a BuildKit engine"]
fn nothing_is_left_of_many_builds() {
    let (in_a_row, at_once) = size();
    let soak = Soak::new();
    // The first builds also make what stays: the frontend and the base image.
    for number in 0..4 {
        soak.build("first", number);
    }
    let before = soak.traces();
    let memory = soak.memory();

    let start = Instant::now();
    for first in (0..in_a_row).step_by(CACHED) {
        let builds = first..in_a_row.min(first + CACHED);
        let counts: Vec<usize> =
            builds.filter_map(|number| soak.build("in-a-row", number)).collect();
        assert!(counts.is_sorted_by(|first, second| first < second), "{counts:?}");
        soak.assert_is_left(&before);
    }
    let time_in_a_row = start.elapsed();
    let memory_in_a_row = soak.memory();

    let start = Instant::now();
    let mut counts: Vec<usize> = thread::scope(|scope| {
        let soak = &soak;
        let build = |number| scope.spawn(move || soak.build("at-once", number));
        let builds: Vec<_> = (0..at_once).map(build).collect();
        builds.into_iter().filter_map(|build| build.join().unwrap()).collect()
    });
    let time_at_once = start.elapsed();
    counts.sort_unstable();
    counts.dedup();
    assert_eq!(counts.len(), (0..at_once).filter(|number| number % 4 < 2).count(), "{counts:?}");
    soak.assert_is_left(&before);
    let memory_at_once = soak.memory();

    println!("{in_a_row} builds in a row: {:?} each", time_in_a_row / in_a_row.max(1) as u32);
    println!("{at_once} builds at once: {time_at_once:?}");
    println!("memory in KiB: {memory}, {memory_in_a_row}, {memory_at_once}");
    let most = memory + MEMORY;
    assert!(memory_in_a_row <= most && memory_at_once <= most, "the memory has grown");
}

/// The numbers of builds in a row, and at once.
fn size() -> (usize, usize) {
    let Ok(size) = std::env::var("MSTAGE_SOAK") else { return (30, 8) };
    let (in_a_row, at_once) = size.split_once(',').expect("two numbers");
    (in_a_row.parse().unwrap(), at_once.parse().unwrap())
}

impl Soak {
    fn new() -> Self {
        let origin = Origin::new();
        let node = origin.node();
        let project = origin.project(&origin.frontend, SPEC);
        Self { origin, node, project }
    }

    /// A build with its own `NONCE`, whose result is checked. One of four fails, and one is the report
    /// of a stage that fails, which needs a container beside the graph.
    /// Returns the number of builds that the cache has counted, if the target is built.
    #[track_caller]
    fn build(&self, name: &str, number: usize) -> Option<usize> {
        let nonce = format!("{name}-{number}");
        let nonce_arg = format!("NONCE={nonce}");
        let fixed = ["--build-arg", &self.origin.base, "--build-arg", &nonce_arg];
        let build = |options: &[&str]| -> Result<Build, Failure> {
            self.project.try_build_on(&self.node, &[&fixed, options].concat())
        };
        match number % 4 {
            0 | 1 => {
                let files = Files::of(|output| succeeded(build(&[output])));
                assert_eq!(files["written"].text(), nonce);
                assert_eq!(files["nonce"].content, self.project.read("nonce"));
                Some(files["number"].text().trim().parse().unwrap())
            }
            2 => {
                let failure = failed(build(&["--build-arg=END=exit 3", "--output=type=cacheonly"]));
                assert!(failure.message.contains("exit code: 3"), "{failure}");
                None
            }
            _ => {
                let options = ["--build-arg=END=exit 3", "--target=test.report"];
                let files =
                    Files::of(|output| succeeded(build(&[&options[..], &[output]].concat())));
                let report = files.iter().find(|(path, _)| path.ends_with("report"));
                assert_eq!(report.unwrap().1.text(), format!("{nonce}\n"));
                None
            }
        }
    }

    /// The traces that are left once everything that the engine may keep is removed.
    fn traces(&self) -> Traces {
        // The history of builds has blobs. 20.10 keeps none, and does not know the command.
        let _ = self.node.docker(["buildx", "history", "rm", "--all"]).finish();
        self.node.docker(["builder", "prune", "--all", "--force"]).run();
        let mut traces = Traces::new();
        for line in self.node.exec(["sh", "-c", TRACES]).run().text().lines() {
            *traces.entry(line.to_owned()).or_default() += 1;
        }
        traces
    }

    /// Waits until nothing else is left than before: the engine may remove things after the end of a
    /// build.
    #[track_caller]
    fn assert_is_left(&self, before: &Traces) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut left = self.traces();
            left.retain(|trace, count| before.get(trace) != Some(count));
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "left of the builds: {left:#?}");
            thread::sleep(Duration::from_millis(500));
        }
    }

    /// The resident memory of the engine's processes, in KiB.
    fn memory(&self) -> usize {
        let script = "for process in /proc/[0-9]*; do
            case $(cat $process/comm) in dockerd | containerd) cat $process/status ;; esac
        done";
        let status = self.node.exec(["sh", "-c", script]).run().text();
        let lines = status.lines().filter_map(|line| line.strip_prefix("VmRSS:"));
        let sizes = lines.filter_map(|line| line.split_whitespace().next()?.parse::<usize>().ok());
        sizes.sum()
    }
}
