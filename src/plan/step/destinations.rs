//! The destinations of a `copy` table, whose entries have no order.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::source::Span;
use crate::text::Text;

/// Reports an entry whose destination is equal to, or below, that of another: the result would
/// depend on an order that tables do not have. A source that is a directory is copied by contents,
/// so only a separate destination is safe.
pub(super) fn check(
    mut ends: Vec<(Text, Span)>,
    diagnostics: &mut Diagnostics,
) -> Result<(), Reported> {
    // Sorted by components, so that the paths in a directory directly follow it.
    ends.sort_by_cached_key(|(path, span)| (parts(path), *span));
    let mut complete = Ok(());
    let mut outer: Option<&(Text, Span)> = None;
    for end in &ends {
        let (path, span) = end;
        let Some((around, other)) = outer.filter(|(outer, _)| is_at_or_below(path, outer)) else {
            outer = Some(end);
            continue;
        };
        let message = match path.trim_end_matches('/') == around.trim_end_matches('/') {
            true => format!("two entries of one table are copied to `{path}`"),
            false => format!(
                "`{path}` is below `{around}`, which another entry of the table is copied to"
            ),
        };
        complete = diagnostics.error(
            Diagnostic::new(Code::OverlappingDestinations, *span, message)
                .related(*other, "the other entry")
                .hint(
                    "a table has no order: write the full destination of each file, such as \"/dir/file\", or use a list or several steps, which run in order",
                ),
        );
    }
    complete
}

fn parts(path: &Text) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn is_at_or_below(path: &str, directory: &str) -> bool {
    crate::plan::path::is_within(path.trim_end_matches('/'), directory)
}
