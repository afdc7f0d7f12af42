//! Errors of calls.

use std::error::Error as StdError;
use std::fmt;

use crate::{Status, Unsupported};

/// The error of a call. The variants show who must act.
///
/// [`Status`] can be made from any of them with `?`, for a frontend that returns errors it cannot
/// handle.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The daemon reports an error: a step failed, an image is missing, a graph is not valid.
    /// Usually for the author of the build. Return it unchanged: its details tell clients which
    /// step failed and which lines to show.
    Status(Status),
    /// The daemon lacks a capability that the call needs. For the daemon's administrator.
    Unsupported(Unsupported),
    /// A source policy replaces an image by something else.
    NotAnImage {
        /// The requested image.
        reference: String,
        /// The identifier of its replacement.
        updated: String,
    },
    /// A file is larger than the caller's limit, and was not read further.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The daemon went away: it was stopped, or the build was cancelled.
    Connection(String),
    /// The daemon's reply is not what the protocol says: a bug there or here.
    Reply(String),
}

impl Error {
    /// The connection failed below gRPC. hyper's own text says little; its causes say more.
    pub(crate) fn connection(error: &hyper::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        Self::Connection(text)
    }

    pub(crate) fn from_tonic(status: tonic::Status) -> Self {
        // A status that came from the daemon has no cause on this side.
        let mut cause = status.source();
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<hyper::Error>() {
                return Self::connection(error);
            }
            cause = error.source();
        }
        Self::Status(Status::from_tonic(&status))
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<Error> for Status {
    /// Uses a daemon's status unchanged, and makes one from any other error.
    fn from(error: Error) -> Self {
        match error {
            Error::Status(status) => status,
            error @ (Error::Unsupported(_)
            | Error::NotAnImage { .. }
            | Error::TooLarge { .. }
            | Error::Connection(_)
            | Error::Reply(_)) => Self::new(error.to_string()),
        }
    }
}

impl From<Unsupported> for Error {
    fn from(unsupported: Unsupported) -> Self {
        Self::Unsupported(unsupported)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::Unsupported(unsupported) => unsupported.fmt(f),
            Self::NotAnImage { reference, updated } => {
                write!(
                    f,
                    "a source policy replaces {reference} with {updated}, which is not an image"
                )
            }
            Self::TooLarge { limit } => write!(f, "the file has more than {limit} bytes"),
            Self::Connection(text) => write!(f, "lost the connection to BuildKit: {text}"),
            Self::Reply(text) => write!(f, "unexpected response from BuildKit: {text}"),
        }
    }
}

impl StdError for Error {}
