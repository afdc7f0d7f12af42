//! Comments of a Dockerfile, and descriptions in them.

use crate::dockerfile::{Comment, Instruction};

/// The comments above an instruction.
pub(super) fn above(instruction: &Instruction) -> Vec<String> {
    texts(&instruction.leading)
}

/// The texts of comments.
pub(super) fn texts(comments: &[Comment]) -> Vec<String> {
    comments.iter().map(|comment| comment.text.clone()).collect()
}

/// Splits the comments above the first instruction: those followed by a blank line are about the
/// file.
pub(super) fn of_file(first: &Instruction) -> (&[Comment], &[Comment]) {
    let comments = &first.leading[..];
    let end = match first.after_blank {
        true => comments.len(),
        false => comments.iter().rposition(|comment| comment.after_blank).unwrap_or(0),
    };
    comments.split_at(end)
}

/// Removes the description of a name from comments: the text of a line that begins with the name.
/// Follows `getDocComment` of BuildKit.
pub(super) fn take_description(comments: &mut Vec<String>, name: &str) -> Option<String> {
    let mut rests = comments.iter().map(|comment| comment.strip_prefix(name));
    let at = rests.position(|rest| rest.is_some_and(|rest| rest.starts_with(' ')))?;
    let comment = comments.remove(at);
    Some(comment[name.len() + 1..].trim().to_owned())
}
