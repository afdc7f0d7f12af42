//! Build files of many stages: the time and memory from the text to the answer of `--call=check`,
//! for which both frontends create the graph of every stage.

use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use crate::harness::{Command, FRONTEND};
use crate::project::{Context, Frontend, Setting, seconds};
use crate::samples::Samples;

/// The numbers of stages.
pub(crate) const STAGES: [usize; 3] = [10, 100, 1_000];

/// The subject of the maximum memory of the frontend's process.
pub(crate) const MEMORY: &str = "memory";

/// Measures the checks of build files with ten steps in each stage.
pub(crate) fn measure(setting: &Setting<'_>, frontend: Frontend, samples: &mut Samples) {
    for stages in STAGES {
        let context = Context::new(setting, frontend);
        context.write("mstage.toml", &spec(stages));
        context.write_dockerfile(&dockerfile(stages));
        let check = || context.command(&["--call=check"]);
        // The first one transfers the text.
        check().run();
        for _ in 0..3 {
            samples.add(&subject(stages), frontend, seconds(check()));
        }
        if Some(&stages) == STAGES.last()
            && frontend == Frontend::Mstage
            && let Some(memory) = memory(setting, check)
        {
            samples.add(MEMORY, frontend, memory);
        }
    }
}

/// The name of a number of stages.
pub(crate) fn subject(stages: usize) -> String {
    format!("check {stages}")
}

/// The maximum memory in MB that the frontend's process has used during a command. `None` if no look
/// met the process, which lives for some hundredths of a second.
fn memory(setting: &Setting<'_>, check: impl Fn() -> Command + Sync) -> Option<f64> {
    // The peak that the kernel records for each process, looked at for two seconds.
    let script = "end=$(($(date +%s) + 2))
        while [ $(date +%s) -le $end ]; do
            cat /proc/[0-9]*/status 2>/dev/null |
                awk '/^Name:/ { is = $2 ~ /^mstage/ } /^VmHWM:/ && is { print $2 }'
        done";
    let mut peaks = Vec::new();
    for _ in 0..5 {
        thread::scope(|scope| {
            let looking = scope.spawn(|| setting.engine.exec(["sh", "-c", script]).run().text());
            // The script needs a moment to begin.
            thread::sleep(Duration::from_millis(500));
            check().run();
            peaks.push(looking.join().expect("the script ends"));
        });
    }
    let kibibytes = peaks.iter().flat_map(|peak| peak.lines()).filter_map(|line| line.parse().ok());
    kibibytes.map(|kibibytes: f64| kibibytes * 1024.0 / 1e6).reduce(f64::max)
}

fn spec(stages: usize) -> String {
    let mut text = format!("# syntax={FRONTEND}\n");
    for stage in 0..stages {
        let from = if stage == 0 { "busybox:latest".to_owned() } else { format!("s{}", stage - 1) };
        let _ = write!(text, "[stages.s{stage}]\nfrom = \"{from}\"\nsteps = [\n");
        for step in 0..5 {
            let _ = write!(text, "  'make {step}',\n  {{ copy = \"f{step}\", to = \"/d/\" }},\n");
        }
        text.push_str("]\n");
    }
    text
}

fn dockerfile(stages: usize) -> String {
    let mut text = String::new();
    for stage in 0..stages {
        let from = if stage == 0 { "busybox:latest".to_owned() } else { format!("s{}", stage - 1) };
        let _ = writeln!(text, "FROM {from} AS s{stage}");
        for step in 0..5 {
            let _ = write!(text, "RUN make {step}\nCOPY f{step} /d/\n");
        }
    }
    text
}
