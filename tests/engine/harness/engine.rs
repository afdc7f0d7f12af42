//! The engine that the tests run on, with the frontend image in it.
//!
//! It is the one that docker's own settings reach, else one that `scripts/engine` makes. With
//! `MSTAGE_TEST_ENGINE` set it is the engine of that name (see `scripts/engine help`).

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

/// The checkout.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The frontend image, by the name that the examples' first lines have.
pub(crate) const FRONTEND: &str = "myorg/mstage";

/// What the tests' own specs start from.
const BASE_IMAGES: [&str; 2] = ["busybox:latest", "debian:bookworm-slim"];

/// A running engine, and how to reach it.
pub(crate) struct Engine {
    environment: Environment,
    /// The server's version: the year's releases are 28, the oldest supported one is 20.
    pub(crate) major_version: u32,
    /// Base images that are known to be there.
    provided: Mutex<BTreeSet<String>>,
}

static ENGINE: OnceLock<Result<Engine, String>> = OnceLock::new();

/// The engine of this run. Finding it, and building the frontend image, is done once; so is failing.
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

/// The engine of this run if it has been found, for cleaning up.
pub(super) fn engine_found() -> Option<&'static Engine> {
    ENGINE.get()?.as_ref().ok()
}

impl Engine {
    /// The engine of that name, or the one that docker's own settings reach.
    pub(super) fn find(name: Option<OsString>) -> Result<Self, String> {
        // Whatever the script's answer sets or unsets is seen in the environment behind it.
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
        // A builder of another kind, where one is selected, does not see the engine's own images.
        let builder = ask(&["context", "show"], &environment)?;
        environment.insert("BUILDX_BUILDER".into(), builder.into());
        let version = ask(&["version", "--format", "{{.Server.Version}}"], &environment)?;
        let major_version = version.split('.').next().and_then(|major| major.parse().ok());
        Ok(Self {
            environment,
            major_version: major_version
                .ok_or_else(|| format!("not a version of a server: {version}"))?,
            provided: Mutex::default(),
        })
    }

    /// A variable of the environment that docker commands get.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(OsStr::new(name)).and_then(|value| value.to_str())
    }

    /// A docker command on this engine.
    pub(crate) fn docker<A: Into<OsString>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        self.command("docker").args(args)
    }

    /// Where published ports answer.
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

    /// The address of this machine that the engine reaches it at.
    pub(crate) fn machine(&self) -> IpAddr {
        // An engine in a network of its own; else it shares this one.
        self.variable("MSTAGE_ENGINE_HOST")
            .and_then(|host| (host, 9).to_socket_addrs().ok()?.next())
            .and_then(|engine| {
                let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
                socket.connect(engine).ok()?;
                Some(socket.local_addr().ok()?.ip())
            })
            .unwrap_or(Ipv4Addr::LOCALHOST.into())
    }

    /// A command that finds this engine by the environment.
    pub(crate) fn command(&self, program: impl Into<OsString>) -> Command {
        Command::new(program).environment(&self.environment).directory(ROOT)
    }

    /// Makes sure that these base images are there, where the engine cannot pull them itself.
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

    /// Whether the client shows the lines of the spec that a failing step comes from: not with 20.10,
    /// whose answers have no room for them.
    pub(crate) fn shows_excerpts(&self) -> bool {
        self.major_version > 20
    }

    /// Whether it has containerd's image store. With Docker's older one the client refuses several platforms,
    /// attestations, OCI layouts as results, and caches of other kinds than the inline one.
    pub(crate) fn has_containerd_store(&self) -> bool {
        let driver = self.docker(["info", "--format={{.Driver}}"]).run().text();
        driver.trim() != "overlay2"
    }

    /// Whether its own Dockerfile frontend has checks.
    pub(crate) fn checks_dockerfiles(&self) -> bool {
        self.major_version > 26
    }

    /// Whether this is the same engine.
    fn is(&self, other: &Engine) -> bool {
        ["DOCKER_HOST", "DOCKER_CONTEXT"].iter().all(|variable| {
            self.environment.get(OsStr::new(variable))
                == other.environment.get(OsStr::new(variable))
        })
    }

    /// Builds the frontend image from the checkout. It is built on the engine of today and moved to an
    /// older one, as a release is.
    fn make_frontend(&self) -> Result<(), String> {
        let builder = Engine::find(None)?;
        builder.provide(&["rust:1.95"])?;
        builder
            .docker([
                "buildx",
                "build",
                "--progress=plain",
                "--load",
                "-f",
                "frontend.Dockerfile",
                "-t",
                FRONTEND,
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
        with_file(builder.docker(["image", "save", FRONTEND, "-o"]), &file)?;
        with_file(self.docker(["image", "load", "-i"]), &file)?;
        Ok(())
    }
}
