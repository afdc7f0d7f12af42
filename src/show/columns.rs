//! Rows of text in columns, as BuildKit's clients print them (Go's `text/tabwriter`).

/// Pads every cell but the last of a row to the width of its column plus `gap` spaces.
pub(super) fn columns<const N: usize>(rows: &[[&str; N]], gap: usize) -> String {
    let widths: Vec<usize> = (0..N)
        .map(|column: usize| {
            rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default() + gap
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            text.push_str(cell);
            if column + 1 < N {
                let padding = widths[column] - cell.chars().count();
                text.extend(std::iter::repeat_n(' ', padding));
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_below_each_other() {
        assert_eq!(
            columns(&[["A", "B", "C"], ["long", "", "x"], ["\u{fc}", "y", ""]], 2),
            "A     B  C\nlong     x\n\u{fc}     y  \n"
        );
    }
}
