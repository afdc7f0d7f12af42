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
    let kept = Kept::new(setting, name, frontend);
    let mut project = Project { context, name, samples, kept, changes: 0 };

    setting.prune();
    project.measure("cold", &[]);
    project.measure("cached", &[]);
    project.change();
    project.measure("changed", &[]);
    project.export();

    project.new_runner();
    project.measure("new", &[]);
    project.new_runner();
    project.measure("layers", &[&project.kept.layers.import()]);
    match frontend {
        Frontend::Mstage => project.import_caches(),
        Frontend::Dockerfile => project.copy_caches_in(),
    }
    setting.prune();
}

/// A project that is measured with a frontend.
struct Project<'a> {
    context: Context<'a>,
    name: &'a str,
    samples: &'a mut Samples,
    kept: Kept,
    /// The number of changes of its main source file.
    changes: usize,
}

/// The exports that survive the machine.
struct Kept {
    /// The layers of a build without exported cache mounts.
    layers: Layers,
    /// The layers of a build with them.
    layers_with_caches: Layers,
    /// The cache mounts in the registry.
    caches: String,
    /// The cache mounts at the client.
    directory: TempDir,
}

/// Layers in a registry, by the name of their image.
struct Layers(String);

impl Layers {
    fn export(&self) -> String {
        format!("--cache-to=type=registry,mode=max,ref={}", self.0)
    }

    fn import(&self) -> String {
        format!("--cache-from=type=registry,ref={}", self.0)
    }
}

impl Kept {
    fn new(setting: &Setting<'_>, name: &str, frontend: Frontend) -> Self {
        let file = if frontend == Frontend::Mstage { "mstage" } else { "dockerfile" };
        let in_registry = |path: String| setting.registry.name(&path);
        Self {
            layers: Layers(in_registry(format!("layers/{name}-{file}"))),
            layers_with_caches: Layers(in_registry(format!("layers/{name}-caches"))),
            caches: in_registry(format!("caches/{name}")),
            directory: tempfile::tempdir().expect("there is room for files"),
        }
    }

    /// The option to import the cache mounts from the registry.
    fn registry_caches(&self) -> String {
        format!("--build-context=mstage.caches=docker-image://{}", self.caches)
    }

    /// The option to import the cache mounts from the client.
    fn client_caches(&self) -> String {
        format!("--build-context=mstage.caches={}", self.directory.path().display())
    }
}

impl Project<'_> {
    fn add(&mut self, what: &str, seconds: f64) {
        self.samples.add(&format!("{} {what}", self.name), self.context.frontend, seconds);
    }

    /// Measures a build.
    fn measure(&mut self, what: &str, options: &[&str]) {
        let taken = self.context.build(options);
        self.add(what, taken);
    }

    /// Changes the main source file: a comment at its end.
    fn change(&mut self) {
        self.changes += 1;
        touch(self.context.directory.path(), self.changes);
    }

    /// Continues on a new runner, after a change.
    fn new_runner(&mut self) {
        self.change();
        self.context.setting.prune();
    }

    /// Exports layers and cache mounts. For mstage, the layers are exported once more by a build
    /// with imported caches.
    fn export(&mut self) {
        self.context.build(&[&self.kept.layers.export()]);
        match self.context.frontend {
            Frontend::Mstage => {
                let caches = &self.kept.caches;
                self.export_caches("export", &format!("type=image,push=true,name={caches}"));
                let directory = self.kept.directory.path().display();
                self.export_caches("copy out", &format!("type=local,dest={directory}"));
                let (source, to) =
                    (self.kept.registry_caches(), self.kept.layers_with_caches.export());
                self.context.build(&[&source, &to]);
            }
            Frontend::Dockerfile => {
                let (engine, kept) = (self.context.setting.engine, self.kept.directory.path());
                let taken = seconds(dance::export(engine, self.name, kept));
                self.add("copy out", taken);
            }
        }
    }

    /// Measures an export of the cache mounts.
    fn export_caches(&mut self, what: &str, output: &str) {
        let output = format!("--output={output}");
        let taken = seconds(self.context.command(&["--target=mstage.caches", &output]));
        self.add(what, taken);
    }

    /// Measures builds with exported cache mounts.
    fn import_caches(&mut self) {
        let from = self.kept.layers_with_caches.import();
        self.new_runner();
        self.measure("caches", &[&from, &self.kept.registry_caches()]);
        self.new_runner();
        self.measure("client", &[&from, &self.kept.client_caches()]);
    }

    /// Measures a build after the cache mounts have been copied into the engine.
    fn copy_caches_in(&mut self) {
        self.new_runner();
        let (engine, kept) = (self.context.setting.engine, self.kept.directory.path());
        let copied = seconds(dance::import(engine, self.name, kept));
        let built = self.context.build(&[&self.kept.layers.import()]);
        self.add("client", copied + built);
    }
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

/// Adds a comment to the main source file of a project.
fn touch(directory: &Path, number: usize) {
    let sources = ["src/main.rs", "src/app.jsx", "main.go"].map(|name| directory.join(name));
    let source = sources.iter().find(|source| source.exists()).expect("it has a main file");
    let text = fs::read_to_string(source).expect("it is text");
    fs::write(source, format!("{text}// change {number}\n")).expect("there is room for files");
}
