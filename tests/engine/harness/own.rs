//! Engines of a test's own: with an empty store, reaching what the test lets them reach, and gone with it.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

use super::command::Command;
use super::engine::{Engine, ROOT, engine};

/// Another engine of the kind that the tests run on, with nothing in its store. Starting one takes a
/// second or two; it is removed when this goes.
///
/// `scripts/engine` makes it, so this needs root, even where the tests run on a Docker of the user's own.
pub(crate) struct OwnEngine {
    name: String,
    engine: Option<Engine>,
}

impl OwnEngine {
    #[track_caller]
    pub(crate) fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = engine().variable("MSTAGE_ENGINE").unwrap_or("forky");
        let kind = name.split('.').next().unwrap_or(name);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // What is left of it is removed even if it does not start.
        let mut own =
            Self { name: format!("{kind}.test-{}-{count}", std::process::id()), engine: None };
        match Engine::find(Some(own.name.clone().into())) {
            Ok(engine) => own.engine = Some(engine),
            Err(problem) => panic!("this test needs an engine of its own:\n{problem}"),
        }
        own
    }

    /// A command in its file system, network and processes.
    pub(crate) fn exec<A: Into<OsString>>(&self, words: impl IntoIterator<Item = A>) -> Command {
        Command::new("scripts/engine").args(["exec", &self.name]).args(words).directory(ROOT)
    }

    /// Lets what listens at an address answer at a port of its own 127.0.0.1, where engines speak
    /// plain HTTP with registries.
    #[track_caller]
    pub(crate) fn forward(&self, port: u16, to: SocketAddr) {
        let script = "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet\n\
            iptables -t nat -A OUTPUT -p tcp -d 127.0.0.1 --dport \"$1\" -j DNAT --to-destination \"$2\"\n\
            iptables -t nat -A POSTROUTING -s 127.0.0.1 -o eth0 -j MASQUERADE";
        self.exec(["sh", "-euc", script, "forward", &port.to_string(), &to.to_string()]).run();
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
