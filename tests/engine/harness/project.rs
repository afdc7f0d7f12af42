//! Small projects, built as users do: `docker buildx build -f mstage.toml .`.

#![expect(clippy::disallowed_methods, reason = "a project is files")]

use std::fmt;
use std::path::Path;

use tempfile::TempDir;

use super::command::{Command, Finished};
use super::engine::{Engine, FRONTEND, engine};
use super::files::Files;
use super::image::{Image, loading};
use super::progress::Progress;
use super::running::Running;

/// A spec and its build context in a temporary directory.
pub(crate) struct Project {
    directory: TempDir,
    syntax: String,
}

/// A successful build.
pub(crate) struct Build {
    pub(crate) progress: Progress,
}

/// A failed build.
pub(crate) struct Failure {
    pub(crate) progress: Progress,
    /// The client's message for the user, including excerpts of the spec.
    pub(crate) message: String,
}

/// Builds a spec with a context.
pub(crate) fn build(spec: &Path, context: &Path, options: &[&str]) -> Result<Build, Failure> {
    build_within(10, spec, context, options)
}

/// Builds a spec with a time limit of some minutes.
pub(crate) fn build_within(
    minutes: u64,
    spec: &Path,
    context: &Path,
    options: &[&str],
) -> Result<Build, Failure> {
    build_on(engine(), minutes, spec, context, options)
}

/// Like [`build`], for tests with hundreds of builds: see [`Engine::buildx`].
pub(crate) fn build_by_plugin(
    spec: &Path,
    context: &Path,
    options: &[&str],
) -> Result<Build, Failure> {
    let command = engine().buildx(["build", "--progress=rawjson", "-f"]);
    finish(command.arg(spec).args(options).arg(context).minutes(10), options)
}

fn build_on(
    engine: &Engine,
    minutes: u64,
    spec: &Path,
    context: &Path,
    options: &[&str],
) -> Result<Build, Failure> {
    finish(command(engine, spec, context, options).minutes(minutes), options)
}

fn command(engine: &Engine, spec: &Path, context: &Path, options: &[&str]) -> Command {
    let command = engine.docker(["buildx", "build", "--progress=rawjson", "-f"]);
    command.arg(spec).args(options).arg(context)
}

fn finish(build: Command, options: &[&str]) -> Result<Build, Failure> {
    let _keeps_images = options.contains(&"--load").then(loading);
    outcome(build.finish())
}

/// The result of a build's command.
pub(crate) fn outcome(finished: Result<Finished, String>) -> Result<Build, Failure> {
    match finished {
        Ok(finished) => {
            let (progress, message) = Progress::read(&finished.stderr);
            if finished.status.success() {
                Ok(Build { progress })
            } else {
                Err(Failure { progress, message })
            }
        }
        Err(problem) => {
            let (progress, message) = Progress::read(&problem);
            Err(Failure { progress, message })
        }
    }
}

impl Project {
    /// A project whose spec has this text after its `# syntax` line. The text begins with a
    /// newline, so that its first line is the second of the file.
    #[track_caller]
    pub(crate) fn new(spec: &str) -> Self {
        Self::with_syntax(FRONTEND, spec)
    }

    /// Like [`Self::new`], with another frontend in the `# syntax` line.
    #[track_caller]
    pub(crate) fn with_syntax(syntax: &str, spec: &str) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("mstage-test-")
            .tempdir()
            .expect("there is room for files");
        let project = Self { directory, syntax: syntax.to_owned() };
        project.set_spec(spec);
        project
    }

    /// Replaces the spec.
    #[track_caller]
    pub(crate) fn set_spec(&self, spec: &str) {
        assert!(spec.starts_with('\n'), "the spec begins on the line below the quotes");
        self.write("mstage.toml", &format!("# syntax={}{spec}", self.syntax));
    }

    /// Adds a file to the context, or replaces it.
    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a file is in a directory"))
            .expect("there is room for files");
        std::fs::write(path, content).expect("there is room for files");
    }

    /// Like [`Self::write`], for chaining after [`Project::new`].
    pub(crate) fn with(self, path: &str, content: &str) -> Self {
        self.write(path, content);
        self
    }

    /// The content of a file; also of the spec.
    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.path().join(path)).expect("the file has been written")
    }

    /// Its directory.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A word that is unique to this project and run: cache keys with it are new.
    pub(crate) fn nonce(&self) -> String {
        let name = self.path().file_name().unwrap_or_default().to_string_lossy();
        name.rsplit('-').next().unwrap_or_default().to_owned()
    }

    fn try_build(&self, options: &[&str]) -> Result<Build, Failure> {
        self.try_build_on(engine(), options)
    }

    /// Builds it on any engine.
    pub(crate) fn try_build_on(&self, engine: &Engine, options: &[&str]) -> Result<Build, Failure> {
        build_on(engine, 10, &self.path().join("mstage.toml"), self.path(), options)
    }

    /// Starts a build without output.
    #[track_caller]
    pub(crate) fn start_on(&self, engine: &Engine, options: &[&str]) -> Running {
        let options = [options, &["--output=type=cacheonly"]].concat();
        let command = command(engine, &self.path().join("mstage.toml"), self.path(), &options);
        command.in_group().start().expect("docker is there")
    }

    /// Builds it without output. Fails the test if the build fails.
    #[track_caller]
    pub(crate) fn build(&self, options: &[&str]) -> Build {
        succeeded(self.try_build(&[options, &["--output=type=cacheonly"]].concat()))
    }

    /// Builds it and expects the build to fail.
    #[track_caller]
    pub(crate) fn fail(&self, options: &[&str]) -> Failure {
        failed(self.try_build(&[options, &["--output=type=cacheonly"]].concat()))
    }

    /// Makes a subrequest about a file of the project, with any result.
    #[track_caller]
    pub(crate) fn call(&self, file: &str, question: &str, options: &[&str]) -> Finished {
        let command = engine()
            .docker(["buildx", "build", "--progress=plain", "--call", question, "-f"])
            .arg(self.path().join(file))
            .args(options)
            .arg(self.path());
        match command.finish() {
            Ok(finished) => finished,
            Err(report) => panic!("{report}"),
        }
    }

    /// Builds its `Dockerfile` with the engine's own frontend.
    #[track_caller]
    pub(crate) fn build_dockerfile(&self) {
        succeeded(build(
            &self.path().join("Dockerfile"),
            self.path(),
            &["--output=type=cacheonly"],
        ));
    }

    /// Builds it as an image in the engine's store, which is removed in the end.
    #[track_caller]
    pub(crate) fn image(&self, options: &[&str]) -> Image {
        let image = Image::unique();
        succeeded(self.try_build(&[options, &["--load", "-t", image.name()]].concat()));
        image
    }

    /// Builds it and returns the files of the result.
    #[track_caller]
    pub(crate) fn files(&self, options: &[&str]) -> Files {
        Files::of(|output| succeeded(self.try_build(&[options, &[output]].concat())))
    }
}

/// Unwraps a build that must succeed.
#[track_caller]
pub(crate) fn succeeded(result: Result<Build, Failure>) -> Build {
    match result {
        Ok(build) => build,
        Err(failure) => panic!("{failure}"),
    }
}

/// Unwraps a build that must fail.
#[track_caller]
pub(crate) fn failed(result: Result<Build, Failure>) -> Failure {
    match result {
        Ok(build) => panic!("the build should have failed:\n{build}"),
        Err(failure) => failure,
    }
}

impl Failure {
    /// Asserts that the client refused the build because Docker's older image store lacks a
    /// feature.
    #[track_caller]
    pub(crate) fn assert_refused_by_client(&self, what: &str) {
        let refusal = format!("{what} is not supported for the docker driver");
        assert!(self.message.contains(&refusal), "{self}");
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--- the build\n{}", self.progress)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--- the build\n{}--- what it says\n{}", self.progress, self.message)
    }
}
