//! Files from a URL.

use super::any::Source;
use crate::{Cap, FileName};

/// A file from a URL. The state has it at its root, under its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Http {
    /// The URL, `http://…` or `https://…`.
    pub url: String,
    /// The required digest, `sha256:…`.
    pub checksum: Option<String>,
    /// Its name. `None`: the server's name for it, or else the last component of the URL.
    pub filename: Option<FileName>,
    /// Its mode. `None` and 0 mean 0600.
    pub perm: Option<u32>,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// The id of a secret to send as the `Authorization` header.
    pub auth_header_secret: Option<String>,
    /// The `Accept` header.
    pub accept: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The required signature.
    pub signature: Option<HttpSignature>,
}

impl Http {
    /// The file at a URL.
    pub fn new(url: impl Into<String>) -> Http {
        Http { url: url.into(), ..Http::default() }
    }
}

setters! { Http {
    checksum: Option<String>,
    filename: Option<FileName>,
    perm: Option<u32>,
    uid: u32,
    gid: u32,
    auth_header_secret: Option<String>,
    accept: Option<String>,
    user_agent: Option<String>,
    signature: Option<HttpSignature>,
} }

/// A signature to be verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpSignature {
    /// The armored OpenPGP public key.
    pub public_key: String,
    /// The armored detached signature.
    pub signature: String,
}

impl HttpSignature {
    /// A signature and the key to verify it with.
    pub fn new(public_key: impl Into<String>, signature: impl Into<String>) -> HttpSignature {
        HttpSignature { public_key: public_key.into(), signature: signature.into() }
    }
}

impl From<Http> for Source {
    fn from(http: Http) -> Source {
        let mode = http.perm.map(|perm| perm & 0o777).filter(|&perm| perm > 0);
        let mode = mode.map(|perm| format!("0{perm:o}")).unwrap_or_default();
        let source = Source::new(http.url)
            .cap(Cap::SOURCE_HTTP)
            .attr_with(
                Cap::SOURCE_HTTP_CHECKSUM,
                "http.checksum",
                http.checksum.unwrap_or_default(),
            )
            .attr("http.filename", http.filename.map(String::from).unwrap_or_default())
            .attr_with(Cap::SOURCE_HTTP_PERM, "http.perm", mode)
            .attr_with(Cap::SOURCE_HTTP_UID_GID, "http.uid", id(http.uid))
            .attr_with(Cap::SOURCE_HTTP_UID_GID, "http.gid", id(http.gid))
            .attr_with(
                Cap::SOURCE_HTTP_AUTH,
                "http.authheadersecret",
                http.auth_header_secret.unwrap_or_default(),
            )
            .attr_with(
                Cap::SOURCE_HTTP_HEADER,
                "http.header.accept",
                http.accept.unwrap_or_default(),
            )
            .attr_with(
                Cap::SOURCE_HTTP_HEADER,
                "http.header.user-agent",
                http.user_agent.unwrap_or_default(),
            );
        let Some(signature) = http.signature else { return source };
        source
            .cap(Cap::SOURCE_HTTP_SIGNATURE_VERIFY)
            .attr("http.sig.pubkey", signature.public_key)
            .attr("http.sig.signature", signature.signature)
    }
}

fn id(id: u32) -> String {
    if id == 0 { String::new() } else { id.to_string() }
}
