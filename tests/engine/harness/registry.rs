//! A registry of a test's own, as a container of the shared engine.

use std::net::{SocketAddr, ToSocketAddrs};

use super::engine::{FRONTEND, engine};
use super::image::Image;
use super::own::OwnEngine;
use super::service::Service;

/// The port that the registry has in its container.
const PORT: u16 = 5000;

/// A registry with nothing in it at first, which is removed when this goes.
///
/// It answers at a port of the engine's 127.0.0.1, and of that of each engine that it was shown to.
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

    /// The name that a repository has there: `127.0.0.1:32768/name`.
    pub(crate) fn name(&self, repository: &str) -> String {
        format!("127.0.0.1:{}/{repository}", self.port)
    }

    /// Copies an image of the shared engine to a repository (`name:tag`), and gives its digest.
    #[track_caller]
    pub(crate) fn push(&self, image: &str, repository: &str) -> String {
        // The engine's own image of that name goes with this.
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

    /// Copies the frontend there, and gives the reference for a syntax line.
    #[track_caller]
    pub(crate) fn push_frontend(&self) -> String {
        let repository = format!("{FRONTEND}:1");
        self.push(FRONTEND, &repository);
        self.name(&repository)
    }

    /// Lets another engine reach it under the same name.
    #[track_caller]
    pub(crate) fn show_to(&self, other: &OwnEngine) {
        let at = match engine().variable("MSTAGE_ENGINE_HOST") {
            Some(host) => (host, self.port).to_socket_addrs().ok().and_then(|mut all| all.next()),
            // A Docker of the user's own has published it on this machine.
            None => Some(SocketAddr::new(other.machine(), self.port)),
        };
        other.forward(self.port, at.expect("the engine has an address"));
    }
}
