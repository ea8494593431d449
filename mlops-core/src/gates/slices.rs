//! Parts of the rows: none of them may be worse by the margin or more, or, without one, be shown to be worse.

use std::cell::OnceCell;

use super::checks::{self, Check, CheckKind};
use super::definition::{GateDefinition, SliceRule};
use super::family::{Member, judge, judge_worse};
use super::rows::Rows;
use super::scoring::{Drawing, Prepared};
use crate::registry::Verdict;

/// The checks of slices, and the name of the worst.
pub(super) fn slices(
    definition: &GateDefinition,
    rule: &SliceRule,
    rows: &Rows,
    drawing: &Drawing,
) -> (Vec<Check>, Option<String>) {
    let error = |name: &str, reason: String| (vec![Check::error(CheckKind::Slice, name, reason)], None);
    let metric = rule.metric.as_ref().unwrap_or(&definition.primary.metric);
    let all = match Prepared::new(definition, rows, metric) {
        Ok(all) => all,
        Err(reason) => return error(&metric.to_string(), reason),
    };
    // Whether all rows can be scored is asked where a part of them cannot.
    let why_not = OnceCell::new();
    let mut parts: Vec<(String, Vec<u32>)> = Vec::new();
    for column in &rule.columns {
        let Some(coded) = rows.coded(column) else {
            return error(column, format!("there is no column `{column}`"));
        };
        let many = parts.len() + coded.names.len();
        if many as u64 > rule.max {
            let values = checks::count(coded.names.len() as u64);
            let why = format!(
                "it has {values} values, which makes more than {} slices; group them, or raise slices.max",
                rule.max
            );
            return error(column, why);
        }
        let mut of_column = vec![Vec::new(); coded.names.len()];
        for (row, code) in (0_u32..).zip(&coded.codes) {
            if let Some(rows) = of_column.get_mut(*code as usize) {
                rows.push(row);
            }
        }
        parts.extend(coded.names.iter().map(|name| format!("{column}={name}")).zip(of_column));
    }
    let bar = -rule.margin.unwrap_or_default();
    let mut members = Vec::new();
    let mut others = Vec::new();
    let mut worst: Option<(f64, String)> = None;
    for (name, of) in parts {
        let is_small = (of.len() as u64) < rule.min_rows;
        let part = Drawing {
            groups: drawing
                .groups
                .as_ref()
                .map(|groups| of.iter().filter_map(|row| groups.get(*row as usize).copied()).collect()),
            ..drawing.clone()
        };
        let found = match all.take(&of).compare(&part) {
            Ok(found) => found,
            Err(reason) => {
                if let Some(reason) = why_not.get_or_init(|| all.why_not(&rows.places)) {
                    return error(&metric.to_string(), reason.clone());
                }
                // The rows as a whole can be scored: so these are too few, or all of one class.
                let mut check = Check::new(CheckKind::Slice, name, Verdict::Inconclusive, reason);
                check.is_blocking = !is_small;
                check.numbers.rows = Some(of.len() as u64);
                others.push(check);
                continue;
            }
        };
        if worst.as_ref().is_none_or(|(difference, _)| found.difference < *difference) {
            worst = Some((found.difference, name.clone()));
        }
        if is_small {
            let why = format!("{} rows, fewer than {}: it is reported only", checks::count(found.rows), rule.min_rows);
            let mut check = Check::new(CheckKind::Slice, name, Verdict::Inconclusive, why)
                .with_numbers(checks::numbers(&found, drawing.alpha, bar));
            check.is_blocking = false;
            check.method = Some(found.method);
            others.push(check);
            continue;
        }
        members.push(Member { kind: CheckKind::Slice, name, found, bar, needs_rows: false });
    }
    let open = others.iter().filter(|check| check.is_blocking).count();
    let judge = if rule.margin.is_some() { judge } else { judge_worse };
    let mut done = judge(&members, open, drawing.alpha);
    done.extend(others);
    (done, worst.map(|(difference, name)| format!("{name} ({})", checks::signed(difference))))
}
