//! A registry that misbehaves, each repository in its own way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::harness::OwnEngine;

/// The port under which the node sees it.
const PORT: u16 = 5001;

/// Serves until the tests end.
///
/// - `refusing` denies access
/// - `silent` accepts every request, and answers none
/// - `garbage` answers with an HTML page
/// - `torn` has an image with a layer that differs from its manifest
pub(super) struct FaultyRegistry {
    address: SocketAddr,
}

impl FaultyRegistry {
    /// Starts it at an address that the node can connect to.
    pub(super) fn start(node: &OwnEngine) -> Self {
        let listener = TcpListener::bind((node.machine(), 0)).unwrap();
        let registry = Self { address: listener.local_addr().unwrap() };
        std::thread::spawn(move || {
            for client in listener.incoming() {
                // Errors of a disconnected client are ignored.
                std::thread::spawn(move || client.and_then(answer));
            }
        });
        node.forward(PORT, registry.address);
        registry
    }

    /// The reference of a repository, as seen by the node.
    pub(super) fn name(&self, repository: &str) -> String {
        format!("127.0.0.1:{PORT}/{repository}:1")
    }
}

/// The first byte of a TLS record of a handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// Answers one request, and closes the connection.
fn answer(mut client: TcpStream) -> std::io::Result<()> {
    let mut start = [0];
    if client.peek(&mut start)? == 1 && start[0] == HANDSHAKE {
        // The client falls back to plain HTTP when it gets plain HTTP. It would not receive it over
        // a connection that is closed before all sent bytes have been read.
        let mut header = [0; 5];
        client.read_exact(&mut header)?;
        let length = u16::from_be_bytes([header[3], header[4]]);
        client.read_exact(&mut vec![0; length.into()])?;
        return client.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    }
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let Some(request) = lines.next().transpose()? else { return Ok(()) };
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, kind, body) = if path.starts_with("/v2/silent/") {
        return std::io::copy(&mut client, &mut std::io::sink()).map(|_| ());
    } else if path.starts_with("/v2/refusing/") {
        (
            "403 Forbidden",
            "application/json",
            r#"{"errors":[{"code":"DENIED","message":"not for you"}]}"#.to_owned(),
        )
    } else if path.starts_with("/v2/garbage/") {
        ("200 OK", "text/html", "<h1>Welcome to the guest network</h1>".to_owned())
    } else if path.starts_with("/v2/torn/") {
        torn(path)
    } else {
        ("200 OK", "application/json", "{}".to_owned())
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nDocker-Content-Digest: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        digest(&body),
        body.len(),
    );
    client.write_all(head.as_bytes())?;
    if request.starts_with("GET ") {
        client.write_all(body.as_bytes())?;
    }
    Ok(())
}

fn torn(path: &str) -> (&'static str, &'static str, String) {
    const LAYER: &str = "what the layer should be";
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": [digest(LAYER)] },
    });
    let config = config.to_string();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "digest": digest(&config),
            "size": config.len(),
        },
        "layers": [{
            "mediaType": "application/vnd.docker.image.rootfs.diff.tar",
            "digest": digest(LAYER),
            "size": LAYER.len(),
        }],
    });
    if path.contains("/manifests/") {
        ("200 OK", "application/vnd.docker.distribution.manifest.v2+json", manifest.to_string())
    } else if path.ends_with(&digest(&config)) {
        ("200 OK", "application/octet-stream", config)
    } else {
        ("200 OK", "application/octet-stream", LAYER.replace("should", "cannot"))
    }
}

fn digest(text: &str) -> String {
    let hex: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
