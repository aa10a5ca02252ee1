//! Columns of text, padded as the field's tools pad them.
//!
//! # Source
//! Admin API facts 6.2: every cell but the last is filled up to the widest of its column and followed by two blanks.

use unicode_width::UnicodeWidthStr;

use crate::paint::without_colour;

/// The rows as lines. Rows of one table have the same number of cells; no rows give no text at all.
#[must_use]
pub fn render(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(width_of(cell));
        }
    }
    let mut text = String::new();
    for row in rows {
        for (place, (cell, width)) in row.iter().zip(&widths).enumerate() {
            text.push_str(cell);
            if place + 1 < row.len() {
                let padding = width.saturating_sub(width_of(cell)) + 2;
                text.extend(std::iter::repeat_n(' ', padding));
            }
        }
        text.push('\n');
    }
    text
}

/// Cells of the terminal that a text takes.
fn width_of(cell: &str) -> usize {
    if cell.contains('\u{1b}') { without_colour(cell).width() } else { cell.width() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn an_empty_last_cell_leaves_its_blanks() {
        assert_eq!(render(&rows(&[&["a", "long", "x"], &["bcd", "e", ""]])), "a    long  x\nbcd  e     \n");
    }

    #[test]
    fn wide_letters_count_two_cells() {
        assert_eq!(render(&rows(&[&["键盘", "x"], &["abcd", "y"]])), "键盘  x\nabcd  y\n");
    }

    #[test]
    fn colours_count_nothing() {
        assert_eq!(
            render(&rows(&[&["\u{1b}[1ma\u{1b}[0m", "x"], &["abc", "y"]])),
            "\u{1b}[1ma\u{1b}[0m    x\nabc  y\n"
        );
    }

    #[test]
    fn no_rows_are_no_text() {
        assert_eq!(render(&[]), "");
    }
}
