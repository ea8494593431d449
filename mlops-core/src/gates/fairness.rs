//! Groups beside each other: how far apart they are, and how that compares with the baseline.

use super::checks::{self, Check, CheckKind, CheckNumbers};
use super::definition::{FairnessMeasure, FairnessRule, GateDefinition};
use super::family::Member;
use super::metric::GateMetric;
use super::rows::{Checked, Rows};
use super::scoring::{Drawing, Positives, Prepared};
use super::stats::{Comparison, compare_by};
use crate::error::{Error, Result};
use crate::metrics::Metric;
use crate::registry::Verdict;

/// What a measure is of candidate and baseline, for some rows.
type Measured<'a> = Box<dyn Fn(&[u32]) -> Result<(f64, Option<f64>)> + Sync + 'a>;

/// What a rule finds: a limit that is checked at once, and a margin that is judged with the guardrails.
pub(super) struct Found {
    pub(super) limit: Option<Check>,
    pub(super) member: Option<Member>,
}

/// Holds a rule against the rows.
pub(super) fn fairness(
    definition: &GateDefinition,
    rule: &FairnessRule,
    rows: &Rows,
    drawing: &Drawing,
) -> Checked<Found> {
    let name = format!("{} {}", rule.column, rule.measure.as_str());
    let groups = Groups::new(rule, rows)?;
    let metric = rule.metric.as_ref().unwrap_or(&definition.primary.metric);
    let worst = rule.measure == FairnessMeasure::WorstGroup;
    let asked = if worst { metric.clone() } else { GateMetric::Known(Metric::accuracy()) };
    let prepared = Prepared::new(definition, rows, &asked)?;
    let greater = worst && metric.greater_is_better();
    let measured = if worst { of_worst(&groups, &prepared, greater) } else { gap(rule.measure, &groups, &prepared)? };
    let all: Vec<u32> = (0..u32::try_from(rows.len()).unwrap_or(u32::MAX)).collect();
    let (value, _) = measured(&all).map_err(|e| e.to_string())?;
    let options = drawing.options();
    let limited = rule.floor.is_some() || rule.ceiling.is_some();
    let limit = if limited {
        let alone = |rows: &[u32]| Ok((measured(rows)?.0, 0.0));
        let found = compare_by(&name, greater, rows.len(), &alone, &options).map_err(|e| e.to_string())?;
        Some(limit(rule, &name, value, &found, greater))
    } else {
        None
    };
    let member = match (rule.margin, &rows.baseline) {
        (Some(margin), Some(_)) => {
            let both = |rows: &[u32]| {
                let (candidate, baseline) = measured(rows)?;
                Ok((candidate, baseline.unwrap_or(f64::NAN)))
            };
            let found = compare_by(&name, greater, rows.len(), &both, &options).map_err(|e| e.to_string())?;
            Some(Member { kind: CheckKind::Fairness, name, found, bar: -margin, needs_rows: true })
        }
        _ => None,
    };
    Ok(Found { limit, member })
}

/// A limit is held against the value, as every floor and ceiling; the bounds say how sure the value is.
fn limit(rule: &FairnessRule, name: &str, value: f64, found: &Comparison, greater: bool) -> Check {
    let (lower, upper) = if greater { (found.lower, found.upper) } else { (-found.upper, -found.lower) };
    let (limit, at, kept) = match (rule.floor, rule.ceiling) {
        (Some(floor), _) => (floor, "at least", value >= floor),
        (None, ceiling) => (ceiling.unwrap_or(f64::INFINITY), "at most", value <= ceiling.unwrap_or(f64::INFINITY)),
    };
    let verdict = if kept { Verdict::Pass } else { Verdict::Fail };
    let (low, high) = (checks::number(lower), checks::number(upper));
    let reason =
        format!("it is {} ({low} to {high}), and {at} {} is asked for", checks::number(value), checks::number(limit));
    let finite = |value: f64| Some(value).filter(|value| value.is_finite());
    let numbers = CheckNumbers {
        candidate: finite(value),
        lower: finite(lower),
        upper: finite(upper),
        alpha: Some(found.alpha),
        limit: Some(limit),
        rows: Some(found.rows),
        ..CheckNumbers::default()
    };
    let mut check = Check::new(CheckKind::Fairness, format!("{name} limit"), verdict, reason).with_numbers(numbers);
    check.method = Some(found.method.clone());
    check
}

/// Which group a row is of; rows of groups that are too small are of none.
struct Groups {
    of_rows: Vec<Option<u32>>,
    names: Vec<String>,
}

impl Groups {
    fn new(rule: &FairnessRule, rows: &Rows) -> Checked<Self> {
        let coded = rows.coded(&rule.column).ok_or_else(|| format!("there is no column `{}`", rule.column))?;
        let mut sizes = vec![0_u64; coded.names.len()];
        for code in &coded.codes {
            if let Some(size) = sizes.get_mut(*code as usize) {
                *size += 1;
            }
        }
        let mut kept = Vec::new();
        let mut names = Vec::new();
        for (name, size) in coded.names.iter().zip(&sizes) {
            let is_kept = *size >= rule.min_rows;
            kept.push(is_kept.then(|| u32::try_from(names.len()).unwrap_or(u32::MAX)));
            names.extend(is_kept.then(|| name.clone()));
        }
        if names.len() < 2 {
            let (column, least) = (&rule.column, rule.min_rows);
            return Err(format!("the column `{column}` has fewer than two groups of {least} rows or more"));
        }
        let of_rows = coded.codes.iter().map(|code| kept.get(*code as usize).copied().flatten()).collect();
        Ok(Self { of_rows, names })
    }
}

/// The metric of the group where it is worst.
fn of_worst<'a>(groups: &'a Groups, prepared: &'a Prepared, greater: bool) -> Measured<'a> {
    Box::new(move |rows| {
        let mut parts = vec![Vec::new(); groups.names.len()];
        for row in rows {
            let group = groups.of_rows.get(*row as usize).copied().flatten();
            if let Some(part) = group.and_then(|group| parts.get_mut(group as usize)) {
                part.push(*row);
            }
        }
        let worse = |a: f64, b: f64| if greater { a.min(b) } else { a.max(b) };
        let mut found: Option<(f64, Option<f64>)> = None;
        for part in &parts {
            let (candidate, baseline) = prepared.values_of(part)?;
            found = Some(match found {
                None => (candidate, baseline),
                Some((a, b)) => (worse(a, candidate), b.zip(baseline).map(|(a, b)| worse(a, b))),
            });
        }
        found.ok_or_else(|| Error::internal("there are no groups"))
    })
}

/// The places of the counts of a group: rows by target, and of these those that a model predicts positive.
const CELLS: usize = 6;

/// How far apart the groups are.
fn gap<'a>(measure: FairnessMeasure, groups: &'a Groups, prepared: &Prepared) -> Checked<Measured<'a>> {
    let Some(Positives { targets, candidate, baseline }) = prepared.positives() else {
        return Err("it needs targets and predictions of two classes".into());
    };
    Ok(Box::new(move |rows| {
        let mut counts = vec![[0_u64; CELLS]; groups.names.len()];
        let is = |of: &[bool], row: usize| of.get(row).copied().unwrap_or_default();
        for row in rows {
            let row = *row as usize;
            let group = groups.of_rows.get(row).copied().flatten();
            let Some(cells) = group.and_then(|group| counts.get_mut(group as usize)) else { continue };
            let target = usize::from(is(&targets, row));
            let said = [true, is(&candidate, row), baseline.as_ref().is_some_and(|of| is(of, row))];
            for (at, said) in said.into_iter().enumerate() {
                if let Some(cell) = cells.get_mut(at * 2 + target) {
                    *cell += u64::from(said);
                }
            }
        }
        let of = |model: usize| spread(measure, &counts, model);
        Ok((of(1)?, baseline.as_ref().map(|_| of(2)).transpose()?))
    }))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows")]
fn spread(measure: FairnessMeasure, counts: &[[u64; CELLS]], model: usize) -> Result<f64> {
    let rate = |cells: &[u64; CELLS], targets: &[usize]| {
        let sum = |part: usize| targets.iter().filter_map(|target| cells.get(part * 2 + target)).sum::<u64>();
        let all = sum(0);
        (all > 0).then(|| sum(model) as f64 / all as f64)
    };
    let apart = |targets: &[usize]| -> Result<f64> {
        let rates: Option<Vec<f64>> = counts.iter().map(|cells| rate(cells, targets)).collect();
        let rates = rates.ok_or_else(|| Error::InvalidArgument {
            what: "group".into(),
            value: "no rows of a class".into(),
            expected: "rows of both classes in each group".into(),
        })?;
        let ends = rates
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), rate| (low.min(*rate), high.max(*rate)));
        Ok(ends.1 - ends.0)
    };
    match measure {
        FairnessMeasure::EqualizedOddsDifference => Ok(apart(&[0])?.max(apart(&[1])?)),
        _ => apart(&[0, 1]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_those_of_the_definitions() {
        // Of ten rows of each target in each group, the candidate predicts so many positive.
        let counts = [[10, 10, 2, 8, 0, 0], [10, 10, 5, 6, 0, 0]];
        let parity = spread(FairnessMeasure::DemographicParityDifference, &counts, 1).unwrap();
        assert!((parity - (0.55 - 0.5)).abs() < 1e-12);
        let odds = spread(FairnessMeasure::EqualizedOddsDifference, &counts, 1).unwrap();
        assert!((odds - 0.3).abs() < 1e-12, "the gap of false positives is larger than that of true ones");
        assert!(spread(FairnessMeasure::EqualizedOddsDifference, &[[0; CELLS]; 2], 1).is_err());
    }
}
