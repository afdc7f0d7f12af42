//! `misplaced-key`: a key of the language in a table of free names.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Words that are equally common as labels or variables and as keys.
const COMMON: [&str; 4] = ["name", "description", "id", "to"];

/// True if a key of the language is also a common name for something else.
pub(crate) fn is_common(key: &str) -> bool {
    COMMON.contains(&key)
}

/// The finding for a key under the header of a table of names. `places` are the tables that have
/// such a key.
pub(crate) fn under_header(key: &str, table: &str, places: &[&str], span: Span) -> Diagnostic {
    let places = places.join(" and of ");
    let message =
        format!("`{key}` in `{table}` is read as a name, but it is also a key of {places}");
    Diagnostic::new(Code::MisplacedKey, span, message)
        .hint(format!("if you mean the key, move it above the header of `{table}`"))
}

/// The finding for a table of sources and destinations whose keys look like options for them.
pub(crate) fn for_paths(source: &str, destination: &str, span: Span) -> Diagnostic {
    let message = format!("`{source}` and `{destination}` are read as paths");
    Diagnostic::new(Code::MisplacedKey, span, message).hint(
        "a `copy` table maps sources to destinations; to copy one file, write `{ copy = \"FILE\", to = \"DIR/\" }`",
    )
}
