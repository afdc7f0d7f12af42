//! The engine of the tests, with the frontend image.
//!
//! By default, it is the one of docker's own configuration, or else one created by
//! `scripts/engine`. With `MSTAGE_TEST_ENGINE`, it is the engine with that name (see
//! `scripts/engine help`).

#![expect(
    clippy::disallowed_methods,
    reason = "which engine to test on is a setting of the environment"
)]

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs, UdpSocket};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::command::{Command, Environment};

/// The root of the repository.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The frontend image, by the name in the examples' first lines.
pub(crate) const FRONTEND: &str = "myorg/mstage";

/// The base images of the tests' own specs.
const BASE_IMAGES: [&str; 2] = ["busybox:latest", "debian:bookworm-slim"];

/// A running engine and its environment.
pub(crate) struct Engine {
    environment: Environment,
    /// The server's version: this year's releases are 28, the oldest supported one is 20.
    pub(crate) major_version: u32,
    /// The client's plugin `docker buildx`.
    buildx: String,
    /// Base images that the engine has.
    provided: Mutex<BTreeSet<String>>,
}

static ENGINE: OnceLock<Result<Engine, String>> = OnceLock::new();

/// The engine of this run. It is found, and the frontend image built, only once, even if that
/// fails.
#[track_caller]
pub(crate) fn engine() -> &'static Engine {
    let found = ENGINE.get_or_init(|| {
        let engine =
            Engine::find(std::env::var_os("MSTAGE_TEST_ENGINE").filter(|name| !name.is_empty()))?;
        engine.make_frontend()?;
        engine.provide(&BASE_IMAGES)?;
        Ok(engine)
    });
    match found {
        Ok(engine) => engine,
        Err(problem) => {
            panic!("these tests need a BuildKit engine with the frontend image in it:\n{problem}")
        }
    }
}

/// The engine of this run, if it has been found, for cleaning up.
pub(super) fn engine_found() -> Option<&'static Engine> {
    ENGINE.get()?.as_ref().ok()
}

impl Engine {
    /// The engine with a name, or the one of docker's own configuration.
    pub(super) fn find(name: Option<OsString>) -> Result<Self, String> {
        // The environment afterwards contains everything that the script's answer sets or unsets.
        let script = r#"answer=$(scripts/engine env "$@") && eval "$answer" && env -0"#;
        let answer = Command::new("bash")
            .args(["-c", script, "scripts/engine env"])
            .args(name)
            .directory(ROOT)
            .minutes(30)
            .shows_stderr()
            .attempt()?;
        let mut environment: Environment = answer
            .stdout
            .split(|&byte| byte == 0)
            .filter_map(|entry| {
                let at = entry.iter().position(|&byte| byte == b'=')?;
                Some((
                    OsStr::from_bytes(&entry[..at]).into(),
                    OsStr::from_bytes(&entry[at + 1..]).into(),
                ))
            })
            .collect();
        let ask = |args: &[&str], environment: &Environment| {
            let answer = Command::new("docker").args(args).environment(environment).attempt()?;
            Ok::<_, String>(answer.text().trim().to_owned())
        };
        // A selected builder of another kind does not see the engine's own images.
        let builder = ask(&["context", "show"], &environment)?;
        environment.insert("BUILDX_BUILDER".into(), builder.into());
        let plugin =
            "{{range .ClientInfo.Plugins}}{{if eq .Name \"buildx\"}}{{.Path}}{{end}}{{end}}";
        let buildx = ask(&["info", "--format", plugin], &environment)?;
        let version = ask(&["version", "--format", "{{.Server.Version}}"], &environment)?;
        let major_version = version.split('.').next().and_then(|major| major.parse().ok());
        Ok(Self {
            environment,
            major_version: major_version
                .ok_or_else(|| format!("not a version of a server: {version}"))?,
            buildx,
            provided: Mutex::default(),
        })
    }

    /// A variable in the environment of docker commands.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(OsStr::new(name)).and_then(|value| value.to_str())
    }

    /// A docker command on this engine.
    pub(crate) fn docker<A: Into<OsString>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        self.command("docker").args(args)
    }

    /// A command of buildx itself, which takes half as long as `docker buildx`.
    pub(crate) fn buildx<A: Into<OsString>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        self.command(&self.buildx).args(args)
    }

    /// The host of published ports.
    pub(crate) fn host(&self) -> String {
        let variable = |name: &str| {
            self.environment.get(OsStr::new(name)).map(|value| value.to_string_lossy())
        };
        if let Some(host) = variable("MSTAGE_ENGINE_HOST") {
            return host.into_owned();
        }
        let host = variable("DOCKER_HOST").unwrap_or_default();
        let remote = host.strip_prefix("tcp://").and_then(|address| address.rsplit_once(':'));
        remote.map_or("127.0.0.1", |(host, _)| host).to_owned()
    }

    /// The address under which the engine can connect to this machine.
    pub(crate) fn machine(&self) -> IpAddr {
        // An engine in a network namespace of its own; otherwise it shares this one.
        self.variable("MSTAGE_ENGINE_HOST")
            .and_then(|host| (host, 9).to_socket_addrs().ok()?.next())
            .and_then(|engine| {
                let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
                socket.connect(engine).ok()?;
                Some(socket.local_addr().ok()?.ip())
            })
            .unwrap_or(Ipv4Addr::LOCALHOST.into())
    }

    /// A command whose environment refers to this engine.
    pub(crate) fn command(&self, program: impl Into<OsString>) -> Command {
        Command::new(program).environment(&self.environment).directory(ROOT)
    }

    /// Makes sure that the engine has these base images, if it cannot pull them itself.
    pub(crate) fn provide(&self, images: &[&str]) -> Result<(), String> {
        let mut provided = self.provided.lock().unwrap_or_else(PoisonError::into_inner);
        let missing: Vec<&str> =
            images.iter().copied().filter(|&image| !provided.contains(image)).collect();
        if !missing.is_empty() {
            self.command("scripts/engine")
                .arg("images")
                .args(&missing)
                .minutes(30)
                .shows_stderr()
                .attempt()?;
            provided.extend(missing.into_iter().map(str::to_owned));
        }
        Ok(())
    }

    /// True if the client shows the lines of the spec for a failing step. 20.10 does not: its
    /// errors have no field for them.
    pub(crate) fn shows_excerpts(&self) -> bool {
        self.major_version > 20
    }

    /// True if it has containerd's image store. With Docker's older one, the client refuses several
    /// platforms, attestations, OCI layouts as results, and every kind of cache except inline.
    pub(crate) fn has_containerd_store(&self) -> bool {
        let driver = self.docker(["info", "--format={{.Driver}}"]).run().text();
        driver.trim() != "overlay2"
    }

    /// True if its own Dockerfile frontend supports checks.
    pub(crate) fn checks_dockerfiles(&self) -> bool {
        self.major_version > 26
    }

    /// True if this is the same engine.
    fn is(&self, other: &Engine) -> bool {
        ["DOCKER_HOST", "DOCKER_CONTEXT"].iter().all(|variable| {
            self.environment.get(OsStr::new(variable))
                == other.environment.get(OsStr::new(variable))
        })
    }

    fn make_frontend(&self) -> Result<(), String> {
        self.make_image("frontend.Dockerfile", FRONTEND)
    }

    /// Builds a frontend's image from the repository. It is built on the current engine and copied
    /// to an older one, like a release.
    pub(crate) fn make_image(&self, dockerfile: &str, name: &str) -> Result<(), String> {
        let builder = Engine::find(None)?;
        builder.provide(&["rust:1.95"])?;
        builder
            .docker([
                "buildx",
                "build",
                "--progress=plain",
                "--load",
                "-f",
                dockerfile,
                "-t",
                name,
                ".",
            ])
            .minutes(30)
            .attempt()?;
        if self.is(&builder) {
            return Ok(());
        }
        let directory =
            tempfile::tempdir().map_err(|err| format!("no temporary directory: {err}"))?;
        let file = directory.path().join("frontend.tar");
        let with_file = |command: Command, file: &Path| command.arg(file).attempt();
        with_file(builder.docker(["image", "save", name, "-o"]), &file)?;
        with_file(self.docker(["image", "load", "-i"]), &file)?;
        if name != FRONTEND {
            builder.docker(["image", "rm", name]).attempt()?;
        }
        Ok(())
    }
}
