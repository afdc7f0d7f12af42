//! Engines for a single test: with an empty store and chosen network access, removed at the end of
//! the test.

#![expect(
    clippy::disallowed_methods,
    reason = "how long to wait for a process is a matter of the clock"
)]

use std::ffi::OsString;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::command::Command;
use super::engine::{Engine, ROOT, engine};

/// Time limit for a process to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Another engine of the same kind as the tests' engine, with an empty store. Starting one takes a
/// second or two; it is removed on drop.
///
/// It is created by `scripts/engine`, so this needs root, even if the tests run on the user's own
/// Docker.
pub(crate) struct OwnEngine {
    name: String,
    engine: Option<Engine>,
}

impl OwnEngine {
    #[track_caller]
    pub(crate) fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts an engine with a disk of this size, such as `200m`.
    #[track_caller]
    pub(crate) fn start_on_disk(size: &str) -> Self {
        Self::start_with(Some(size))
    }

    #[track_caller]
    fn start_with(disk: Option<&str>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = engine().variable("MSTAGE_ENGINE").unwrap_or("forky");
        let kind = name.split('.').next().unwrap_or(name);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // Leftovers are removed even if it does not start.
        let name = format!("{kind}.test-{}-{count}", std::process::id());
        let mut own = Self { name, engine: None };
        if let Some(size) = disk {
            let variable = format!("MSTAGE_ENGINE_DISK={size}");
            let up = Command::new("env").args([&variable, "scripts/engine", "up", &own.name]);
            up.directory(ROOT).run();
        }
        own.start_again();
        own
    }

    /// Starts it again after a crash, with the same store. Forwarded ports are lost.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        match Engine::find(Some(self.name.clone().into())) {
            Ok(engine) => self.engine = Some(engine),
            Err(problem) => panic!("this test needs an engine of its own:\n{problem}"),
        }
    }

    /// Kills its daemon and all its processes.
    #[track_caller]
    pub(crate) fn crash(&self) {
        // The command itself is killed, too.
        let _ = self.exec(["sh", "-c", "kill -KILL $(cat /var/run/docker.pid)"]).finish();
    }

    /// A command in its file system, network and process namespace.
    pub(crate) fn exec<A: Into<OsString>>(&self, words: impl IntoIterator<Item = A>) -> Command {
        Command::new("scripts/engine").args(["exec", &self.name]).args(words).directory(ROOT)
    }

    /// Forwards a port of its own 127.0.0.1 to an address. For 127.0.0.1, engines use plain HTTP
    /// with registries.
    #[track_caller]
    pub(crate) fn forward(&self, port: u16, to: SocketAddr) {
        let script = "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet\n\
            iptables -t nat -A OUTPUT -p tcp -d 127.0.0.1 --dport \"$1\" -j DNAT --to-destination \"$2\"\n\
            iptables -t nat -A POSTROUTING -s 127.0.0.1 -o eth0 -j MASQUERADE";
        self.exec(["sh", "-euc", script, "forward", &port.to_string(), &to.to_string()]).run();
    }

    /// Waits until none of its processes, including those in containers of builds, has this word in
    /// its command line.
    #[track_caller]
    pub(crate) fn wait_until_gone(&self, word: &str) {
        let deadline = Instant::now() + PATIENCE;
        let script = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'";
        while self.exec(["sh", "-c", script]).run().text().lines().any(|line| line == word) {
            assert!(Instant::now() < deadline, "there is still a process of `{word}`");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Deref for OwnEngine {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        self.engine.as_ref().expect("it has started")
    }
}

impl Drop for OwnEngine {
    fn drop(&mut self) {
        // The test has passed or failed already.
        let _ = Command::new("scripts/engine").args(["down", &self.name]).directory(ROOT).finish();
    }
}
