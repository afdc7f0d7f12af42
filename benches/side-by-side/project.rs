//! The builds that are measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tempfile::TempDir;

use crate::dance;
use crate::harness::{Command, FRONTEND, OwnEngine, ROOT, Registry};
use crate::samples::Samples;

/// The projects: examples that have a Dockerfile of the same build in `dockerfiles/`.
pub(crate) const EXAMPLES: [&str; 3] = ["rust-cached", "node-nginx", "go-whoami"];

/// The base images of the projects.
pub(crate) const BASES: [&str; 5] =
    ["rust:1.95", "node:22-slim", "nginx:1.27", "golang:1.24", "busybox:latest"];

/// The measurements of each project, with the names of their rows.
pub(crate) const SUBJECTS: [(&str, &str); 9] = [
    ("cold", "nothing cached"),
    ("cached", "all cached"),
    ("changed", "one source file changed"),
    ("new", "new runner, one file changed, nothing kept"),
    ("layers", "new runner, one file changed, layers in a registry"),
    ("caches", "new runner, one file changed, layers and cache mounts in a registry"),
    ("client", "new runner, one file changed, cache mounts at the client"),
    ("export", "exporting the cache mounts to the registry"),
    ("copy out", "exporting the cache mounts to the client"),
];

/// The four steps that do not depend on each other.
pub(crate) const STEPS: &str = "steps";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Frontend {
    Mstage,
    Dockerfile,
}

/// The surroundings of all builds.
pub(crate) struct Setting<'a> {
    pub(crate) engine: &'a OwnEngine,
    pub(crate) registry: &'a Registry,
    /// The image of the official frontend, if it can be pulled.
    pub(crate) official: Option<&'static str>,
}

/// A build context with the build files of both frontends.
pub(crate) struct Context<'a> {
    setting: &'a Setting<'a>,
    directory: TempDir,
    frontend: Frontend,
}

impl Frontend {
    pub(crate) const ALL: [Self; 2] = [Self::Mstage, Self::Dockerfile];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mstage => "mstage",
            Self::Dockerfile => "docker/dockerfile",
        }
    }
}

impl<'a> Context<'a> {
    pub(crate) fn new(setting: &'a Setting<'a>, frontend: Frontend) -> Self {
        let directory = tempfile::tempdir().expect("there is room for files");
        Self { setting, directory, frontend }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file of the context.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("there is room for files");
    }

    /// Writes a Dockerfile, with the official frontend's image in its first line if there is one.
    pub(crate) fn write_dockerfile(&self, text: &str) {
        let syntax = self.setting.official.map(|image| format!("# syntax={image}\n"));
        self.write("Dockerfile", &(syntax.unwrap_or_default() + text));
    }

    /// A build's command, with all that the client does.
    pub(crate) fn command(&self, options: &[&str]) -> Command {
        let file = match self.frontend {
            Frontend::Mstage => "mstage.toml",
            Frontend::Dockerfile => "Dockerfile",
        };
        let command = self.setting.engine.docker(["buildx", "build", "--progress=plain", "-f"]);
        command.arg(self.path(file)).args(options).arg(self.directory.path()).minutes(30)
    }

    /// Builds without output, and returns the seconds.
    fn build(&self, options: &[&str]) -> f64 {
        seconds(self.command(&[options, &["--output=type=cacheonly"]].concat()))
    }
}

/// Runs a command, and returns the seconds that it took.
pub(crate) fn seconds(command: Command) -> f64 {
    let start = Instant::now();
    command.run();
    start.elapsed().as_secs_f64()
}

/// Measures a project with a frontend. Begins and ends with an empty build cache.
pub(crate) fn measure(
    setting: &Setting<'_>,
    name: &str,
    frontend: Frontend,
    samples: &mut Samples,
) {
    let context = Context::new(setting, frontend);
    copy_all(&Path::new(ROOT).join("examples").join(name), context.directory.path());
    let dockerfile = format!("{ROOT}/benches/side-by-side/dockerfiles/{name}.Dockerfile");
    let dockerfile = fs::read_to_string(dockerfile).expect("each project has a Dockerfile");
    context.write_dockerfile(&dockerfile);
    let mut changes = 0;
    let mut change = || {
        changes += 1;
        touch(context.directory.path(), changes);
    };
    let subject = |what: &str| format!("{name} {what}");
    let mut add = |what: &str, seconds: f64| samples.add(&subject(what), frontend, seconds);

    setting.prune();
    add("cold", context.build(&[]));
    add("cached", context.build(&[]));
    change();
    add("changed", context.build(&[]));

    // What survives of this machine.
    let file = if frontend == Frontend::Mstage { "mstage" } else { "dockerfile" };
    let layers = setting.registry.name(&format!("layers/{name}-{file}"));
    let to = format!("--cache-to=type=registry,mode=max,ref={layers}");
    context.build(&[&to]);
    let from = format!("--cache-from=type=registry,ref={layers}");
    let caches = setting.registry.name(&format!("caches/{name}"));
    let source = format!("--build-context=mstage.caches=docker-image://{caches}");
    // Builds with surviving caches have layers of their own.
    let layers = setting.registry.name(&format!("layers/{name}-caches"));
    let from_both = format!("--cache-from=type=registry,ref={layers}");
    let kept = tempfile::tempdir().expect("there is room for files");
    let directory = kept.path().display().to_string();
    match frontend {
        Frontend::Mstage => {
            let output = format!("--output=type=image,push=true,name={caches}");
            let target = "--target=mstage.caches";
            add("export", seconds(context.command(&[target, &output])));
            let output = format!("--output=type=local,dest={directory}");
            add("copy out", seconds(context.command(&[target, &output])));
            let to = format!("--cache-to=type=registry,mode=max,ref={layers}");
            context.build(&[&source, &to]);
        }
        Frontend::Dockerfile => {
            add("copy out", seconds(dance::export(setting.engine, name, kept.path())));
        }
    }

    change();
    setting.prune();
    add("new", context.build(&[]));
    change();
    setting.prune();
    add("layers", context.build(&[&from]));
    change();
    setting.prune();
    match frontend {
        Frontend::Mstage => {
            add("caches", context.build(&[&from_both, &source]));
            change();
            setting.prune();
            let source = format!("--build-context=mstage.caches={directory}");
            add("client", context.build(&[&from_both, &source]));
        }
        Frontend::Dockerfile => {
            let copied = seconds(dance::import(setting.engine, name, kept.path()));
            add("client", copied + context.build(&[&from]));
        }
    }
    setting.prune();
}

/// Measures four steps that wait for two seconds each.
pub(crate) fn measure_steps(setting: &Setting<'_>, frontend: Frontend, samples: &mut Samples) {
    let context = Context::new(setting, frontend);
    let steps: Vec<String> =
        (1..=4).map(|number| format!("sleep 2; echo {number} > /{number}")).collect();
    let parallel: String = steps.iter().map(|step| format!("  '{step}',\n")).collect();
    context.write(
        "mstage.toml",
        &format!(
            "# syntax={FRONTEND}\n[stages.app]\nfrom = \"busybox\"\n\
             steps = [{{ parallel = [\n{parallel}] }}]\n"
        ),
    );
    let runs: String = steps.iter().map(|step| format!("RUN {step}\n")).collect();
    context.write_dockerfile(&format!("FROM busybox\n{runs}"));
    samples.add(STEPS, frontend, context.build(&["--no-cache"]));
}

impl Setting<'_> {
    /// Empties the build cache. Images stay.
    fn prune(&self) {
        self.engine.docker(["builder", "prune", "--all", "--force"]).minutes(10).run();
    }
}

/// Copies a directory.
fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the example is there") {
        let entry = entry.expect("the example can be read");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&to).expect("there is room for files");
            copy_all(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).expect("there is room for files");
        }
    }
}

/// Changes the main source file of a project: a comment at its end.
fn touch(directory: &Path, number: usize) {
    let sources = ["src/main.rs", "src/app.jsx", "main.go"].map(|name| directory.join(name));
    let source = sources.iter().find(|source| source.exists()).expect("it has a main file");
    let text = fs::read_to_string(source).expect("it is text");
    fs::write(source, format!("{text}// change {number}\n")).expect("there is room for files");
}
