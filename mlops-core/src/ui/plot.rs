//! A curve in characters, for terminals.

use std::fmt::Write;

use super::svg::by_step;
use super::thin::places;
use super::ticks::{extent, label, ticks, widened};
use crate::error::Result;
use crate::store::Store;

/// Dots of a character of braille: two columns, four rows.
const COLUMNS: usize = 2;
const ROWS: usize = 4;
/// The bit of each dot: by row, then column.
const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
/// A plot is never narrower, in characters.
const NARROWEST: usize = 30;

/// How a plot is drawn.
#[derive(Clone, Copy, Debug)]
pub struct PlotOptions {
    /// Characters of a line; less than 30 counts as 30; default 80.
    pub width: usize,
    /// Lines of the curve without axis and labels, at least 2; default 16.
    pub height: usize,
}

impl Default for PlotOptions {
    fn default() -> Self {
        Self { width: 80, height: 16 }
    }
}

/// Draws a curve with its axes, each line with its end. Points that are NaN or infinite leave gaps and are counted
/// beneath; without a finite point a line says so. `x` and `y` have one length and `x` ascends.
///
/// ```
/// use mlops_core::ui::plot::{PlotOptions, plot};
/// let drawn = plot(&[0.0, 1.0, 2.0], &[4.0, 2.0, 1.0], "step", PlotOptions { width: 40, height: 4 });
/// assert!(drawn.lines().all(|line| line.chars().count() <= 40));
/// ```
pub fn plot(x: &[f64], y: &[f64], x_label: &str, options: PlotOptions) -> String {
    let (Some(xs), Some(ys)) = (extent(x.iter().copied()), extent(y.iter().copied())) else {
        return format!("{}\n", beneath(x_label, y, "no finite points"));
    };
    let (xs, ys) = (widened(xs), widened(ys));
    let height = options.height.max(2);
    let marks = rows_of_ticks(ys, height);
    let labels = marks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0);
    let width = options.width.max(NARROWEST).saturating_sub(labels + 2).max(2);
    let canvas = draw(x, y, (xs, ys), width, height);

    let mut out = String::new();
    for (row, line) in canvas.chunks(width).enumerate() {
        let mark = marks.iter().find(|(at, _)| *at == row).map_or("", |(_, text)| text.as_str());
        let axis = if mark.is_empty() { '│' } else { '┤' };
        let curve: String = line.iter().map(|dots| char::from_u32(0x2800 + dots).unwrap_or(' ')).collect();
        let curve = curve.replace('\u{2800}', " ");
        out.push_str(format!("{mark:>labels$} {axis}{curve}").trim_end());
        out.push('\n');
    }
    let _ = writeln!(out, "{:labels$} └{}", "", "─".repeat(width));
    let _ = writeln!(out, "{:labels$}  {}", "", x_marks(xs, width));
    let _ = writeln!(out, "{:labels$}  {}", "", beneath(x_label, y, ""));
    out
}

/// [`plot`] of a metric of a run over its steps.
///
/// # Errors
/// `NotFound` for an unknown run, `InvalidArgument` for an id that none can have; what reading gives.
pub fn metric_plot(store: &Store, run_id: &str, key: &str, options: PlotOptions) -> Result<String> {
    let (x, y) = by_step(store.runs().metric_history(run_id, key)?);
    Ok(plot(&x, &y, "step", options))
}

/// The line that names the axis and says what cannot be drawn.
fn beneath(x_label: &str, y: &[f64], note: &str) -> String {
    let gaps = y.iter().filter(|value| !value.is_finite()).count();
    let gaps = match gaps {
        0 => String::new(),
        1 => "1 point is NaN or infinite".into(),
        many => format!("{many} points are NaN or infinite"),
    };
    let parts = [x_label.to_owned(), note.to_owned(), gaps];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// A place from 0 to `count - 1` on an axis.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place among some thousand dots; a cast of a float saturates"
)]
fn place(value: f64, (low, high): (f64, f64), count: usize) -> usize {
    let last = count.saturating_sub(1);
    (((value - low) / (high - low) * last as f64).round() as usize).min(last)
}

fn rows_of_ticks(ys: (f64, f64), height: usize) -> Vec<(usize, String)> {
    let wanted = u32::try_from(height / 3).unwrap_or(4).clamp(1, 8);
    let row = |value: f64| height - 1 - place(value, ys, height * ROWS) / ROWS;
    ticks(ys, wanted).into_iter().map(|value| (row(value), label(value))).collect()
}

/// The bits of every character, line by line.
fn draw(x: &[f64], y: &[f64], (xs, ys): ((f64, f64), (f64, f64)), width: usize, height: usize) -> Vec<u32> {
    let (columns, rows) = (width * COLUMNS, height * ROWS);
    let mut canvas = vec![0; width * height];
    let mut before = None;
    for at in places(y, columns * 8) {
        let point = x.get(at).zip(y.get(at)).filter(|(x, y)| x.is_finite() && y.is_finite());
        let here = point.map(|(x, y)| (place(*x, xs, columns), rows - 1 - place(*y, ys, rows)));
        if let Some(here) = here {
            for (column, row) in line(before.unwrap_or(here), here) {
                if let (Some(cell), Some(dot)) = (
                    canvas.get_mut(row / ROWS * width + column / COLUMNS),
                    DOTS.get(row % ROWS).and_then(|dots| dots.get(column % COLUMNS)),
                ) {
                    *cell |= dot;
                }
            }
        }
        before = here;
    }
    canvas
}

/// The dots between two dots.
fn line((x0, y0): (usize, usize), (x1, y1): (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
    let steps = x0.abs_diff(x1).max(y0.abs_diff(y1)).max(1);
    let between = move |from: usize, to: usize, at: usize| (from * (steps - at) + to * at + steps / 2) / steps;
    (0..=steps).map(move |at| (between(x0, x1, at), between(y0, y1, at)))
}

/// The numbers beneath the axis, as many as have room.
fn x_marks(xs: (f64, f64), width: usize) -> String {
    let wanted = u32::try_from(width / 12).unwrap_or(4).clamp(1, 10);
    let mut line = String::new();
    for value in ticks(xs, wanted) {
        let text = label(value);
        let length = text.chars().count();
        let start = place(value, xs, width).saturating_sub(length / 2).min(width.saturating_sub(length));
        let used = line.chars().count();
        if used == 0 || start > used {
            line.extend(std::iter::repeat_n(' ', start - used));
            line.push_str(&text);
        }
    }
    line
}
