//! A web server for the engine: files and git repositories for steps and contexts.

#![expect(clippy::disallowed_methods, reason = "what it serves is files")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use super::engine::engine;

/// Required for folders named `private`: the token `letmein`, in BuildKit's headers for files and
/// for git.
const KNOWN: [&str; 2] =
    ["Authorization: Bearer letmein", "Authorization: Basic eC1hY2Nlc3MtdG9rZW46bGV0bWVpbg=="];

/// Serves the files of a directory until the tests end.
pub(crate) struct Server {
    address: SocketAddr,
}

impl Server {
    pub(crate) fn start(root: PathBuf) -> Self {
        let listener = TcpListener::bind((engine().machine(), 0)).expect("there is a free port");
        let address = listener.local_addr().expect("there is a free port");
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let root = root.clone();
                // Errors of a disconnected client are ignored.
                std::thread::spawn(move || connection.and_then(|client| answer(&client, &root)));
            }
        });
        Self { address }
    }

    /// The URL of a folder, without a trailing slash.
    pub(crate) fn url(&self, folder: &str) -> String {
        format!("http://{}/{folder}", self.address)
    }

    /// The host in the URLs.
    pub(crate) fn host(&self) -> String {
        self.address.ip().to_string()
    }
}

/// Decodes percent-encoding in a path.
fn decoded(path: &str) -> String {
    let mut pieces = path.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        match piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => bytes.extend([&[byte], &piece.as_bytes()[2..]].concat()),
            None => bytes.extend([b"%", piece.as_bytes()].concat()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn answer(mut client: &TcpStream, root: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(client).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let mut is_known = false;
    while let Some(line) = lines.next().transpose()?.filter(|line| !line.is_empty()) {
        is_known |= KNOWN.iter().any(|known| line.eq_ignore_ascii_case(known));
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default().trim_matches('/');
    let path = &decoded(path);
    let file = root.join(path);
    if path.split('/').any(|folder| folder == "private") && !is_known {
        return client.write_all(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }
    if path.split('/').any(|part| part == "..") || !file.is_file() {
        return client.write_all(
            b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        );
    }
    let content = fs::read(file)?;
    let head = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
        content.len()
    );
    client.write_all(head.as_bytes())?;
    if request.starts_with("GET ") { client.write_all(&content) } else { Ok(()) }
}
