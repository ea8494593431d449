//! A gate's report as a page: what it says, and the intervals drawn.

use std::fmt::Write;

use super::html::escape;
use super::page;
use super::ticks::{extent, label, ticks, widened};
use crate::gates::{Check, CheckKind, GateReport};

const STYLE: &str = include_str!("gate.css");

/// The width of a picture, and of its left part, which has the names, in pixels.
const WIDTH: f64 = 860.0;
const NAMES: f64 = 250.0;
const RIGHT: f64 = 24.0;
const LINE: f64 = 26.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 46.0;
/// Characters of a name in the picture; all of it stands in its `<title>`.
const NAME_CHARS: usize = 32;
/// The most intervals of a picture.
const MOST: usize = 200;

/// A report as one page of HTML without a script, which opens without network. All texts are escaped.
///
/// ```
/// use mlops_core::gates::{GateDefinition, GateInputs, MetricRule, Predicted, RunOptions, evaluate};
/// # fn main() -> mlops_core::Result<()> {
/// let inputs = GateInputs::new(vec![0.0, 1.0], Predicted::values(vec![0.0, 1.0]));
/// let gate = GateDefinition::new("<gate>", MetricRule::new("accuracy")?.with_floor(0.5));
/// let page = mlops_core::ui::gate_html(&evaluate(&gate, &inputs, &RunOptions::default())?);
/// assert!(page.contains("&lt;gate&gt;") && !page.contains("<gate>"));
/// # Ok(())
/// # }
/// ```
pub fn gate_html(report: &GateReport) -> String {
    let mut body = format!(
        "<header><h1>{}</h1><p class=\"verdict {}\">{}</p></header>\n<main>\n<ul class=\"facts\">",
        escape(&report.gate),
        report.verdict.as_str(),
        escape(&report.headline())
    );
    for fact in report.facts() {
        let _ = write!(body, "<li>{}</li>", prose(&fact));
    }
    body.push_str("</ul>\n");
    if !report.warnings.is_empty() {
        body.push_str("<section><h2>Warnings</h2><ul class=\"warnings\">");
        for warning in &report.warnings {
            let _ = write!(body, "<li><code>{}</code> {}</li>", escape(&warning.code), prose(&warning.text));
        }
        body.push_str("</ul></section>\n");
    }
    let kinds = [
        ("Better than the baseline", &[CheckKind::Primary, CheckKind::Guardrail][..]),
        ("Slices", &[CheckKind::Slice][..]),
        ("Fairness", &[CheckKind::Fairness][..]),
    ];
    for (title, kinds) in kinds {
        let compared = |check: &&Check| check.numbers.difference.is_some() && check.numbers.margin.is_some();
        let drawn: Vec<&Check> =
            report.checks.iter().filter(|check| kinds.contains(&check.kind)).filter(compared).collect();
        // Metrics have units of their own: those of a picture are held against one.
        let pictures: Vec<Vec<&Check>> = match kinds {
            [CheckKind::Slice] => vec![drawn],
            _ => drawn.into_iter().map(|check| vec![check]).collect(),
        };
        let pictures: Vec<String> = pictures.iter().filter(|of| !of.is_empty()).map(|of| intervals(of)).collect();
        if !pictures.is_empty() {
            let _ =
                writeln!(body, "<section><h2>{title}</h2><div class=\"card\">{}</div></section>", pictures.join("\n"));
        }
    }
    body.push_str(&table(report));
    let _ = write!(
        body,
        "</main>\n<footer><p>rules <code>{}</code></p><p>candidate <code>{}</code></p><p>baseline <code>{}</code></p>\
         <p>data <code>{}</code></p></footer>",
        escape(&report.rules),
        escape(&report.candidate_digest),
        escape(report.baseline_digest.as_deref().unwrap_or("none")),
        escape(&report.data)
    );
    page::plain_html(&report.headline(), STYLE, &body)
}

/// A sentence: what stands between two backticks is a name.
fn prose(text: &str) -> String {
    if !text.matches('`').count().is_multiple_of(2) {
        return escape(text);
    }
    let pieces = text
        .split('`')
        .enumerate()
        .map(|(at, piece)| if at % 2 == 1 { format!("<code>{}</code>", escape(piece)) } else { escape(piece) });
    pieces.collect()
}

fn table(report: &GateReport) -> String {
    let mut out =
        "<section><h2>Checks</h2><div class=\"scroll\"><table><thead><tr><th></th><th>check</th><th>candidate</th>\
                   <th>baseline</th><th>rows</th><th>p</th><th>why</th></tr></thead><tbody>"
            .to_owned();
    let cell = |value: Option<f64>| value.map_or_else(String::new, label);
    for check in &report.checks {
        let numbers = &check.numbers;
        let _ = write!(
            out,
            "<tr><td class=\"outcome {}{}\">{}</td><td>{} <b>{}</b></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            check.verdict.as_str(),
            if check.is_blocking { "" } else { " soft" },
            check.verdict.as_str(),
            check.kind.as_str().replace('_', " "),
            escape(&check.name),
            cell(numbers.candidate),
            cell(numbers.baseline),
            numbers.rows.map_or_else(String::new, |rows| rows.to_string()),
            cell(numbers.p_value),
            prose(&check.reason)
        );
    }
    out.push_str("</tbody></table></div></section>\n");
    out
}

/// Differences with their bounds, over one axis, with the bar that each is held against.
fn intervals(checks: &[&Check]) -> String {
    let shown = checks.get(..checks.len().min(MOST)).unwrap_or_default();
    let of = |check: &&Check| {
        let numbers = &check.numbers;
        [numbers.difference, numbers.lower, numbers.upper, numbers.margin.map(|margin| -margin), Some(0.0)]
    };
    let (low, high) = widened(extent(shown.iter().flat_map(of).flatten()).unwrap_or((-1.0, 1.0)));
    let room = (high - low) * 0.04;
    let (low, high) = (low - room, high + room);
    let rows = f64::from(u32::try_from(shown.len()).unwrap_or(u32::MAX));
    let height = TOP + rows * LINE + BOTTOM;
    let base = TOP + rows * LINE;
    let across = |x: f64| NAMES + (x - low) / (high - low) * (WIDTH - NAMES - RIGHT);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"differences with their bounds\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"currentColor\">"
    );
    for tick in ticks((low, high), 6) {
        let x = across(tick);
        let _ = write!(
            out,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{base}\" stroke=\"currentColor\" stroke-opacity=\"0.12\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill-opacity=\"0.75\">{}</text>",
            base + 16.0,
            label(tick)
        );
    }
    let zero = across(0.0);
    let _ = write!(
        out,
        "<line x1=\"{zero:.1}\" x2=\"{zero:.1}\" y1=\"{TOP}\" y2=\"{base}\" stroke=\"currentColor\" stroke-opacity=\"0.6\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill-opacity=\"0.75\">difference, right is better; dashed: what it must lie above</text>",
        f64::midpoint(NAMES, WIDTH - RIGHT),
        base + 36.0
    );
    for (at, check) in (0_u32..).zip(shown) {
        interval(&mut out, check, TOP + (f64::from(at) + 0.5) * LINE, across, (low, high));
    }
    out.push_str("</svg>");
    out
}

fn interval(out: &mut String, check: &Check, y: f64, across: impl Fn(f64) -> f64, ends: (f64, f64)) {
    let numbers = &check.numbers;
    let class = if check.is_blocking { check.verdict.as_str() } else { "soft" };
    // What has no bound reaches the end of the picture.
    let (from, to) = (across(numbers.lower.unwrap_or(ends.0)), across(numbers.upper.unwrap_or(ends.1)));
    let _ = write!(
        out,
        "<g class=\"interval {class}\"><title>{}: {}</title><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
         <line class=\"bar\" x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
        escape(&check.name),
        escape(&check.reason),
        NAMES - 12.0,
        y + 4.0,
        escape(&short(&check.name))
    );
    for (x, bound) in [(from, numbers.lower), (to, numbers.upper)] {
        if bound.is_some() {
            let _ = write!(
                out,
                "<line class=\"bar\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>",
                y - 5.0,
                y + 5.0
            );
        }
    }
    if let Some(margin) = numbers.margin.filter(|margin| *margin != 0.0) {
        let x = across(-margin);
        let _ = write!(
            out,
            "<line class=\"asked\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>",
            y - LINE / 2.0,
            y + LINE / 2.0
        );
    }
    if let Some(difference) = numbers.difference {
        let _ = write!(out, "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>", across(difference));
    }
    out.push_str("</g>");
}

fn short(name: &str) -> String {
    match name.char_indices().nth(NAME_CHARS) {
        None => name.to_owned(),
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::STYLE;
    use crate::registry::Verdict;

    #[test]
    fn every_verdict_of_a_gate_has_a_colour() {
        for verdict in Verdict::ALL.into_iter().filter(|verdict| *verdict != Verdict::Ask) {
            assert!(STYLE.contains(&format!(".{}", verdict.as_str())), "{verdict:?}");
        }
    }
}
