//! Warnings that clients show at the end of a build.

use buildkit_llb::{Range, SourceInfo};
use buildkit_proto::frontend;

/// A warning for the user: see [`Bridge::warn`](crate::Bridge::warn).
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Warning {
    /// The digest of the op that it is about. It must be an op of this build.
    pub digest: String,
    /// The severity, from 1, the most severe.
    pub level: i64,
    /// The line that is shown.
    pub short: String,
    /// Further lines, shown on request.
    pub detail: Vec<String>,
    /// The address of a page about it, or empty.
    pub url: String,
    /// The file that it is about, and the lines there.
    pub source: Option<(SourceInfo, Vec<Range>)>,
}

impl Warning {
    /// A warning of level 1 about an op, by its digest.
    pub fn new(digest: impl Into<String>, short: impl Into<String>) -> Warning {
        Warning { digest: digest.into(), level: 1, short: short.into(), ..Warning::default() }
    }

    /// Sets the further lines.
    pub fn detail(self, detail: Vec<String>) -> Warning {
        Warning { detail, ..self }
    }

    /// Sets the address of a page about it.
    pub fn url(self, url: impl Into<String>) -> Warning {
        Warning { url: url.into(), ..self }
    }

    /// Sets the file that it is about, and the lines there.
    pub fn source(self, file: SourceInfo, ranges: Vec<Range>) -> Warning {
        Warning { source: Some((file, ranges)), ..self }
    }

    pub(crate) fn into_wire(self) -> frontend::WarnRequest {
        let (info, ranges) = self.source.unzip();
        frontend::WarnRequest {
            digest: self.digest,
            level: self.level,
            short: self.short.into_bytes(),
            detail: self.detail.into_iter().map(String::into_bytes).collect(),
            url: self.url,
            info: info.map(Into::into),
            ranges: ranges.unwrap_or_default().into_iter().map(Into::into).collect(),
        }
    }
}
