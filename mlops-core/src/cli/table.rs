//! Tables for people. What was stored is shown without the characters that steer a terminal.

use comfy_table::{ColumnConstraint, ContentArrangement, presets};

use crate::base::text::float_repr;
pub(super) use crate::base::text::{one_line as clean, steers};
use crate::base::time::Timestamp;

/// Spaces between columns.
const GAP: u16 = 2;
/// A column that is broken over lines has at least this many characters; before that, others are left out.
const NARROWEST: u16 = 16;

/// Rows beneath a line of headings.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    whole_first: bool,
    dispensable: Vec<usize>,
    most_lines: Option<usize>,
}

impl Table {
    /// A table with these headings.
    pub(super) fn new(headings: &[&str]) -> Self {
        let headings = headings.iter().map(|heading| clean(heading)).collect();
        Self { rows: vec![headings], whole_first: false, dispensable: Vec::new(), most_lines: None }
    }

    /// Never breaks the first column over lines: it holds what a user copies.
    pub(super) fn keep_first_column(mut self) -> Self {
        self.whole_first = true;
        self
    }

    /// Leaves these columns out, the first of them first, as far as the rest needs their place.
    pub(super) fn may_leave_out(mut self, columns: &[usize]) -> Self {
        self.dispensable = columns.to_vec();
        self
    }

    /// In a terminal, cuts what would take more lines than this, and says so with `…`.
    pub(super) fn at_most_lines(mut self, lines: usize) -> Self {
        self.most_lines = Some(lines);
        self
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| clean(&cell)).collect());
    }

    /// The text of the table, with a line end; as wide as its content or at most `width` characters.
    pub(super) fn render(&self, width: Option<u16>) -> String {
        let mut left_out = 0;
        let mut table = self.without(&[]);
        if let Some(width) = width {
            while self.needs(&table) > usize::from(width) && left_out < self.dispensable.len() {
                left_out += 1;
                table = self.without(self.dispensable.get(..left_out).unwrap_or_default());
            }
            table.set_width(width);
            if let Some(lines) = self.most_lines {
                for row in table.row_iter_mut() {
                    row.max_height(lines);
                }
            }
        }
        let lines = table.lines().map(|line| line.trim_end().to_owned());
        lines.chain([String::new()]).collect::<Vec<_>>().join("\n")
    }

    /// How wide a table must be at least to read well.
    fn needs(&self, table: &comfy_table::Table) -> usize {
        let widths = table.column_max_content_widths();
        let gaps = usize::from(GAP) * widths.len().saturating_sub(1);
        let least = |(column, width): (usize, &u16)| {
            usize::from(if column == 0 && self.whole_first { *width } else { NARROWEST.min(*width) })
        };
        widths.iter().enumerate().map(least).sum::<usize>() + gaps
    }

    fn without(&self, left_out: &[usize]) -> comfy_table::Table {
        let shown = self.rows.iter().map(|row| {
            let cells = row.iter().enumerate().filter(|(column, _)| !left_out.contains(column));
            cells.map(|(_, cell)| cell.as_str()).collect::<Vec<_>>()
        });
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).add_rows(shown);
        let columns = table.column_count();
        for (at, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, if at + 1 < columns { GAP } else { 0 }));
            if at == 0 && self.whole_first {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        table
    }
}

/// A time to the second, in UTC.
pub(super) fn time(at: Timestamp) -> String {
    let text = Timestamp::from_micros(at.as_micros().div_euclid(1_000_000).saturating_mul(1_000_000)).to_string();
    text.replace('T', " ")
}

/// How long something took, in the two largest units; `-` while it goes on.
pub(super) fn duration(from: Timestamp, to: Option<Timestamp>) -> String {
    let Some(to) = to else { return "-".into() };
    let millis = to.as_micros().saturating_sub(from.as_micros()).max(0) / 1_000;
    let seconds = millis / 1_000;
    match seconds {
        0..60 => format!("{seconds}.{:03} s", millis % 1_000),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// A number in at most six digits, for overviews.
pub(super) fn short(value: f64) -> String {
    float_repr(format!("{value:.5e}").parse().unwrap_or(value))
}

/// A size in bytes, in the unit that reads best.
pub(super) fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    // Tenths of the unit, in integers.
    let mut tenths = u128::from(bytes) * 10 / 1_024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < units.len() {
        tenths /= 1_024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, units.get(unit).expect("the loop stops at the last"))
}
