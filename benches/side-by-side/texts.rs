//! Build files of many stages: the time and memory from the text to the answer of `--call=check`,
//! for which both frontends create the graph of every stage.

use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use crate::harness::FRONTEND;
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
        if Some(&stages) == STAGES.last() && frontend == Frontend::Mstage {
            samples.add(MEMORY, frontend, memory(setting, check));
        }
    }
}

/// The name of a number of stages.
pub(crate) fn subject(stages: usize) -> String {
    format!("check {stages}")
}

/// The maximum memory in MB that the frontend's process has used during a command.
fn memory(setting: &Setting<'_>, check: impl Fn() -> crate::harness::Command + Sync) -> f64 {
    // The peak that the kernel records, looked at as long as there is a process.
    let script = "cat /proc/[0-9]*/status 2>/dev/null |
        awk '/^Name:/ { is = $2 ~ /^mstage/ } /^VmHWM:/ && is { print $2 }'";
    thread::scope(|scope| {
        let running = scope.spawn(|| check().run());
        let mut most = 0.0_f64;
        while !running.is_finished() {
            let answer = setting.engine.exec(["sh", "-c", script]).run().text();
            let kibibytes = answer.lines().filter_map(|line| line.parse::<f64>().ok());
            most = kibibytes.map(|kibibytes| kibibytes * 1024.0 / 1e6).fold(most, f64::max);
            thread::sleep(Duration::from_millis(2));
        }
        most
    })
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
