//! The elements of pictures.

/// The elements of a picture.
#[derive(Default)]
pub(super) struct Elements(String);

impl Elements {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn add(&mut self, element: &str) {
        self.0.push_str(element);
    }

    pub(super) fn text(&mut self, class: &str, x: i32, y: i32, text: &str) {
        let text = escape(text);
        self.add(&format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{text}</text>\n"));
    }

    pub(super) fn rect(&mut self, class: &str, [x, y, width, height]: [i32; 4], radius: i32) {
        self.add(&format!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"/>\n"
        ));
    }

    pub(super) fn line(&mut self, class: &str, [x, y, to_x, to_y]: [i32; 4]) {
        self.add(&format!("<path class=\"{class}\" d=\"M{x} {y}L{to_x} {to_y}\"/>\n"));
    }
}

/// The text of an element or an attribute. Characters that XML does not allow are replaced.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
