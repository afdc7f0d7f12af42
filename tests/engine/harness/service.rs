//! A container with a server, and HTTP requests to it.

#![expect(
    clippy::disallowed_methods,
    reason = "how long to wait for a server is a matter of the clock"
)]

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::thread;
use std::time::{Duration, Instant};

use super::engine::engine;
use super::image::Container;

/// Time limit for a server to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running container, which is removed on drop.
pub(crate) struct Service {
    container: Container,
}

/// An HTTP response.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Service {
    /// Runs a container in the background. Publishes the ports that the image exposes, and `ports`.
    #[track_caller]
    pub(crate) fn start(image: &str, arguments: &[&str], ports: &[u16]) -> Self {
        let service = Self { container: Container::unique() };
        let name = &service.container.name;
        let published = ports.iter().map(|port| format!("--publish={port}"));
        engine()
            .docker(["run", "--detach", "--publish-all", "--name", name])
            .args(published)
            .arg(image)
            .args(arguments)
            .run();
        service
    }

    /// Sends a request to a port of the container, and retries until the server answers.
    #[track_caller]
    pub(crate) fn get(&self, port: u16, path: &str) -> Response {
        let name = &self.container.name;
        let published = self.published(port);
        let deadline = Instant::now() + PATIENCE;
        loop {
            match request(&engine().host(), published, path) {
                Ok(response) => return response,
                Err(err) if Instant::now() > deadline || !self.runs() => {
                    let logs = engine().docker(["container", "logs", name]).run();
                    panic!("no answer at port {port}: {err}\n{}{}", logs.text(), logs.stderr);
                }
                // There is no other sign that a server has started.
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// The port of the engine under which a port of the container is published.
    #[track_caller]
    pub(super) fn published(&self, port: u16) -> u16 {
        let name = &self.container.name;
        let mapping =
            engine().docker(["container", "port", name, &format!("{port}/tcp")]).run().text();
        // One line for each address family, each with its own port.
        let published =
            mapping.lines().find_map(|line| line.strip_prefix("0.0.0.0:")?.parse().ok());
        published.unwrap_or_else(|| panic!("port {port} is not published: {mapping}"))
    }

    fn runs(&self) -> bool {
        let format = "--format={{.State.Running}}";
        engine().docker(["container", "inspect", format, &self.container.name]).run().text().trim()
            == "true"
    }
}

fn request(host: &str, port: u16, path: &str) -> io::Result<Response> {
    let address = (host, port).to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    parse(&String::from_utf8_lossy(&answer)).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn parse(answer: &str) -> Option<Response> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let is_chunked = head.to_ascii_lowercase().contains("\r\ntransfer-encoding: chunked");
    let body = if is_chunked { join_chunks(body)? } else { body.to_owned() };
    Some(Response { status, body })
}

/// Decodes chunks: each follows its size in hexadecimal digits; the last one is empty.
fn join_chunks(mut rest: &str) -> Option<String> {
    let mut body = String::new();
    loop {
        let (size, behind) = rest.split_once("\r\n")?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.push_str(behind.get(..size)?);
        rest = behind.get(size..)?.strip_prefix("\r\n")?;
    }
}
