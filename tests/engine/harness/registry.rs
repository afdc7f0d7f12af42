//! A registry for a single test, as a container of the shared engine.

use std::net::{SocketAddr, ToSocketAddrs};

use super::engine::{FRONTEND, engine};
use super::image::Image;
use super::own::OwnEngine;
use super::service::Service;

/// Its port in the container.
const PORT: u16 = 5000;

/// An initially empty registry, which is removed on drop.
///
/// It listens at a port of 127.0.0.1 of the shared engine, and of each engine that it is forwarded
/// to.
pub(crate) struct Registry {
    _service: Service,
    port: u16,
}

impl Registry {
    #[track_caller]
    pub(crate) fn start() -> Self {
        engine().provide(&["registry:2"]).expect("the engine takes images");
        let service = Service::start("registry:2", &[], &[]);
        service.get(PORT, "/v2/");
        let port = service.published(PORT);
        Self { _service: service, port }
    }

    /// The full name of a repository: `127.0.0.1:32768/name`.
    pub(crate) fn name(&self, repository: &str) -> String {
        format!("127.0.0.1:{}/{repository}", self.port)
    }

    /// Copies an image of the shared engine to a repository (`name:tag`), and returns its digest.
    #[track_caller]
    pub(crate) fn push(&self, image: &str, repository: &str) -> String {
        // Removes the engine's own image with that name on drop.
        let copy = Image::named(self.name(repository));
        engine().docker(["image", "tag", image, copy.name()]).run();
        engine().docker(["image", "push", copy.name()]).run();
        let format = "--format={{range .RepoDigests}}{{println .}}{{end}}";
        let digests = engine().docker(["image", "inspect", format, copy.name()]).run().text();
        let (repository, _) = repository.rsplit_once(':').expect("a repository and a tag");
        let pushed = format!("{}@", self.name(repository));
        let digest = digests.lines().find_map(|line| line.strip_prefix(&pushed));
        digest.unwrap_or_else(|| panic!("{pushed} is not among\n{digests}")).to_owned()
    }

    /// Copies the frontend to it, and returns the reference for a syntax line.
    #[track_caller]
    pub(crate) fn push_frontend(&self) -> String {
        let repository = format!("{FRONTEND}:1");
        self.push(FRONTEND, &repository);
        self.name(&repository)
    }

    /// Makes it available to another engine under the same name.
    #[track_caller]
    pub(crate) fn show_to(&self, other: &OwnEngine) {
        let at = match engine().variable("MSTAGE_ENGINE_HOST") {
            Some(host) => (host, self.port).to_socket_addrs().ok().and_then(|mut all| all.next()),
            // The user's own Docker has published it on this machine.
            None => Some(SocketAddr::new(other.machine(), self.port)),
        };
        other.forward(self.port, at.expect("the engine has an address"));
    }
}
