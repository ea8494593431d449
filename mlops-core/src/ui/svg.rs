//! Curves as SVG: a picture that needs no program to draw it.

use std::fmt::Write;

use super::html::escape;
use super::thin::places;
use super::ticks::{extent, label, ticks, widened};
use crate::error::Result;
use crate::runs::Series;
use crate::store::Store;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 260.0;
/// Left, top, right and bottom of the plot, in pixels from the edges.
const MARGINS: [f64; 4] = [64.0, 30.0, 14.0, 40.0];
/// More points than a curve of this width shows.
const MOST_POINTS: usize = 1_500;
/// How many curves the legend names.
const NAMED: usize = 8;
const LINE: f64 = 15.0;
/// Characters of a name in the picture; all of it stands in its `<title>`.
const NAME_CHARS: usize = 64;

/// Colours that tell each other apart, also for the colour-blind and on dark ground.
const COLOURS: [&str; 10] =
    ["#3b82c4", "#e07b39", "#2e9e6b", "#c65b9b", "#8c6bd1", "#b3922b", "#27a3b4", "#d1495b", "#7d8a45", "#7a7f8c"];
/// Dashes tell curves of one colour apart.
const DASHES: [&str; 5] = ["", "6 3", "2 3", "9 3 2 3", "12 4"];

/// One curve: a name and points, which may be NaN or infinite and leave gaps then.
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    /// What the legend says.
    pub name: &'a str,
    /// Where the points stand, of the length of `y`.
    pub x: &'a [f64],
    /// The values.
    pub y: &'a [f64],
}

/// Curves over one pair of axes as the text of an `<svg>` element. All texts are escaped; without a finite point the
/// picture says so.
pub fn curves(title: &str, x_label: &str, curves: &[Curve<'_>]) -> String {
    let [left, top, right, bottom] = MARGINS;
    let finite = |curve: &Curve<'_>| curve.y.iter().any(|value| value.is_finite());
    let named = if curves.len() > 1 { curves.len().min(NAMED + 1) } else { 0 };
    let height = HEIGHT + f64::from(u32::try_from(named).unwrap_or(0)) * LINE;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
         aria-label=\"{}\" font-family=\"system-ui, sans-serif\" font-size=\"11\" fill=\"currentColor\">\
         <title>{}</title><text x=\"{left}\" y=\"18\" font-size=\"13\" font-weight=\"600\">{}</text>",
        escape(title),
        escape(title),
        escape(&short(title)),
    );
    let xs = extent(curves.iter().filter(|curve| finite(curve)).flat_map(|curve| curve.x.iter().copied()));
    let ys = extent(curves.iter().flat_map(|curve| curve.y.iter().copied()));
    let (Some(xs), Some(ys)) = (xs, ys) else {
        let middle = WIDTH / 2.0;
        let _ = write!(out, "<text x=\"{middle}\" y=\"120\" text-anchor=\"middle\">no finite points</text></svg>");
        return out;
    };
    let (xs, ys) = (widened(xs), widened(ys));
    let across = |x: f64| left + (x - xs.0) / (xs.1 - xs.0) * (WIDTH - left - right);
    let down = |y: f64| HEIGHT - bottom - (y - ys.0) / (ys.1 - ys.0) * (HEIGHT - top - bottom);
    for tick in ticks(ys, 5) {
        let (y, end, text) = (down(tick), WIDTH - right, label(tick));
        let _ = write!(
            out,
            "<line x1=\"{left}\" x2=\"{end}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"currentColor\" stroke-opacity=\"0.15\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill-opacity=\"0.75\">{text}</text>",
            left - 6.0,
            y + 4.0
        );
    }
    let base = HEIGHT - bottom;
    for tick in ticks(xs, 6) {
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill-opacity=\"0.75\">{}</text>",
            across(tick),
            base + 16.0,
            label(tick)
        );
    }
    let _ = write!(
        out,
        "<line x1=\"{left}\" x2=\"{}\" y1=\"{base}\" y2=\"{base}\" stroke=\"currentColor\" stroke-opacity=\"0.5\"/>\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill-opacity=\"0.75\">{}</text>",
        WIDTH - right,
        f64::midpoint(left, WIDTH - right),
        base + 32.0,
        escape(x_label)
    );
    for (at, curve) in curves.iter().enumerate() {
        let _ = write!(out, "<g {}><title>{}</title>", stroke(at), escape(curve.name));
        // What lies beyond the widest axis stands at its end.
        draw(&mut out, curve, |x| across(x.clamp(xs.0, xs.1)), |y| down(y.clamp(ys.0, ys.1)));
        out.push_str("</g>");
    }
    legend(&mut out, curves, named);
    out.push_str("</svg>");
    out
}

/// A text that has room in one line.
fn short(text: &str) -> String {
    match text.char_indices().nth(NAME_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// The attributes of the stroke of the curve at this place.
fn stroke(at: usize) -> String {
    let colour = COLOURS.get(at % COLOURS.len()).copied().unwrap_or_default();
    let dashes = DASHES.get(at / COLOURS.len() % DASHES.len()).copied().unwrap_or_default();
    format!(
        "fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" stroke-linejoin=\"round\" stroke-dasharray=\"{dashes}\""
    )
}

fn draw(out: &mut String, curve: &Curve<'_>, across: impl Fn(f64) -> f64, down: impl Fn(f64) -> f64) {
    let kept = places(curve.y, MOST_POINTS);
    let mut points = kept.iter().filter_map(|at| Some((*curve.x.get(*at)?, *curve.y.get(*at)?))).peekable();
    while points.peek().is_some() {
        let mut piece = Vec::new();
        while let Some((x, y)) = points.next_if(|(x, y)| x.is_finite() && y.is_finite()) {
            piece.push(format!("{:.1},{:.1}", across(x), down(y)));
        }
        match piece.as_slice() {
            [] => drop(points.next()),
            [one] => {
                let (x, y) = one.split_once(',').unwrap_or_default();
                let _ = write!(out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"2\"/>");
            }
            many => drop(write!(out, "<polyline points=\"{}\"/>", many.join(" "))),
        }
    }
}

fn legend(out: &mut String, curves: &[Curve<'_>], named: usize) {
    let left = MARGINS[0];
    for (at, curve) in curves.iter().enumerate().take(named) {
        let y = HEIGHT + 6.0 + f64::from(u32::try_from(at).unwrap_or(0)) * LINE;
        if at == NAMED {
            let more = curves.len() - NAMED;
            let _ = write!(out, "<text x=\"{left}\" y=\"{y}\">and {more} more</text>");
            return;
        }
        let _ = write!(
            out,
            "<line x1=\"{left}\" x2=\"{}\" y1=\"{}\" y2=\"{}\" {}/><text x=\"{}\" y=\"{y}\">{}</text>",
            left + 22.0,
            y - 4.0,
            y - 4.0,
            stroke(at),
            left + 28.0,
            escape(&short(curve.name))
        );
    }
}

/// The curves of one metric, a curve a run over its steps, as the text of an `<svg>` element. Runs without the metric
/// are left out.
///
/// # Errors
/// `NotFound` for an unknown run, `InvalidArgument` for an id that none can have; what reading gives.
pub fn metric_svg(store: &Store, run_ids: &[&str], key: &str) -> Result<String> {
    let mut read = Vec::new();
    for id in run_ids {
        let name = store.runs().get(id)?.info.run_name;
        let series = store.runs().metric_history(id, key)?;
        if !series.values.is_empty() {
            read.push((name, by_step(series)));
        }
    }
    let found: Vec<Curve<'_>> = read.iter().map(|(name, (x, y))| Curve { name, x, y }).collect();
    Ok(curves(key, "step", &found))
}

/// Steps and values in the order of the steps.
#[expect(clippy::cast_precision_loss, reason = "a place on an axis of some hundred pixels")]
pub(super) fn by_step(series: Series) -> (Vec<f64>, Vec<f64>) {
    let mut points: Vec<(i64, f64)> = series.steps.into_iter().zip(series.values).collect();
    points.sort_by_key(|(step, _)| *step);
    points.into_iter().map(|(step, value)| (step as f64, value)).unzip()
}
