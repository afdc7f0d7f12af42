//! Images in the engine's store, and their containers. Both are removed in the end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use serde_json::Value;

use super::command::Finished;
use super::engine::{engine, engine_found};

/// Held by builds that load an image. An older store drops an image with its last name even if a
/// build is about to give the same image another one, which is then lost. So no image is removed
/// while another one is loaded.
static LOADS: RwLock<()> = RwLock::new(());

/// Images that nobody needs any more, until the next moment without a load.
static UNNEEDED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// An image that is removed some time after its drop.
pub(crate) struct Image {
    name: String,
}

/// A container that is removed on drop, even if it still runs.
pub(super) struct Container {
    pub(super) name: String,
}

impl Image {
    /// An unused name.
    pub(crate) fn unique() -> Self {
        Self::named(format!("mstage-test:{}", unique()))
    }

    /// An image that is built by other means.
    pub(crate) fn named(name: String) -> Self {
        Self { name }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The output of `docker image inspect`.
    #[track_caller]
    pub(crate) fn inspect(&self) -> Value {
        inspect(&self.name)
    }

    /// A part of its config, by its name in `docker image inspect`. `Null` also if Docker omits it.
    #[track_caller]
    pub(crate) fn config(&self, member: &str) -> Value {
        self.inspect()["Config"][member].take()
    }

    /// Runs a container to its end and returns its output.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        self.run_with_input(arguments, None)
    }

    /// Like [`Self::run`], for a program that reads its standard input.
    #[track_caller]
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: Option<&str>) -> String {
        let container = Container::unique();
        let mut command =
            engine().docker(["run", "--log-driver=json-file", "--name", &container.name]);
        if let Some(input) = input {
            command = command.arg("--interactive").input(input);
        }
        command.arg(&self.name).args(arguments).run();
        // An attached client can lose the output of a container that ends at once (seen with 26.1
        // on a busy machine); its log is complete.
        engine().docker(["container", "logs", &container.name]).run().text()
    }
}

impl Container {
    pub(super) fn unique() -> Self {
        Self { name: format!("mstage-test-{}", unique()) }
    }
}

/// The output of `docker image inspect` for an image.
#[track_caller]
pub(crate) fn inspect(name: &str) -> Value {
    let Finished { stdout, .. } = engine().docker(["image", "inspect", name]).run();
    let mut images: Value = serde_json::from_slice(&stdout).expect("docker prints JSON");
    images[0].take()
}

/// Keeps images in the store while a build loads one.
pub(super) fn loading() -> RwLockReadGuard<'static, ()> {
    LOADS.read().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Image {
    fn drop(&mut self) {
        let mut unneeded = UNNEEDED.lock().unwrap_or_else(PoisonError::into_inner);
        unneeded.push(std::mem::take(&mut self.name));
        // A build that loads an image drops one afterwards, so none is forgotten.
        let Ok(_alone) = LOADS.try_write() else { return };
        let names = std::mem::take(&mut *unneeded);
        // Missing if its build has failed.
        let _ = engine_found()
            .map(|engine| engine.docker(["image", "rm", "--force"]).args(&names).finish());
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Missing if it ended by itself.
        let _ = engine_found().map(|engine| {
            engine.docker(["container", "rm", "--force", "--volumes", &self.name]).finish()
        });
    }
}

fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
