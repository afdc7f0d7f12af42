//! Names in the metadata of a result, which exporters and clients read.
//!
//! In a result for several platforms ([`Refs::ByPlatform`](crate::Refs::ByPlatform)) most names are followed by `/` and
//! the platform's id: `containerimage.config/linux/amd64`. See [`ImageResult`](crate::ImageResult).
//!
//! The names are those of BuildKit's `exporter/containerimage/exptypes/types.go` and
//! `frontend/subrequests/types.go`.

/// The image's config, as JSON.
pub const IMAGE_CONFIG: &str = "containerimage.config";

/// The config of the image that this one is built from, as JSON.
pub const BASE_CONFIG: &str = "containerimage.base.config";

/// The platforms of the result, as JSON. Not followed by a platform.
pub const PLATFORMS: &str = "refs.platforms";

/// The time that the image and its files get, in seconds since 1970, as text.
pub const SOURCE_DATE_EPOCH: &str = "source.date.epoch";

/// A text that buildx prints at the end of the build. Not followed by a platform.
pub const INLINE_MESSAGE: &str = "frontend.result.inlinemessage";

/// The answer to a subrequest, as JSON. See [`Answer`](crate::Answer).
pub const ANSWER_JSON: &str = "result.json";

/// The answer to a subrequest, as text for people.
pub const ANSWER_TEXT: &str = "result.txt";

/// The exit status with which a client should end after an answer, as text.
pub const ANSWER_STATUS: &str = "result.statuscode";

/// The version of an answer's format.
pub const ANSWER_VERSION: &str = "version";
