//! Scores of rankings: a value a query.

use std::collections::HashMap;

use super::input::bad;
use super::metric::{Metric, Score};
use super::sums::to_float;
use super::{Predictions, Targets};
use crate::error::Result;

/// The value of each query, in the order in which queries first appear, and the first row of each.
pub(super) fn of_queries(
    metric: &Metric,
    targets: &Targets<'_>,
    predictions: &Predictions<'_>,
) -> Result<(Vec<f64>, Vec<u32>)> {
    let name = metric.name();
    let Targets::Relevance { values, queries } = targets else {
        return Err(bad(
            "targets",
            "no relevance",
            format!("relevance and queries, as `{name}` is a score of rankings"),
        ));
    };
    let Predictions::Values(scores) = predictions else {
        return Err(bad("predictions", "classes", format!("a score a row, as `{name}` is a score of rankings")));
    };
    if let Some((row, value)) = values.iter().enumerate().find(|(_, value)| **value < 0.0) {
        return Err(bad(format!("row {} of targets", row + 1), value, "a relevance of 0 or more"));
    }
    let mut places: HashMap<u64, usize> = HashMap::new();
    let mut rows: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut first = Vec::new();
    for (row, ((query, score), relevance)) in (0_u32..).zip(queries.iter().zip(*scores).zip(*values)) {
        let place = *places.entry(*query).or_insert_with(|| {
            first.push(row);
            rows.push(Vec::new());
            rows.len() - 1
        });
        if let Some(of_query) = rows.get_mut(place) {
            of_query.push((*score, *relevance));
        }
    }
    let k = if let Score::Ndcg { k } = metric.score() { k.map_or(usize::MAX, |k| k as usize) } else { 0 };
    let value = |rows: Vec<(f64, f64)>| if k > 0 { ndcg(rows, k) } else { reciprocal_rank(&rows) };
    Ok((rows.into_iter().map(value).collect(), first))
}

/// `1 / log2(1 + rank)`, rank from 1; 0 beyond k.
fn discount(rank: usize, k: usize) -> f64 {
    if rank > k { 0.0 } else { 1.0 / to_float(rank as u64 + 1).log2() }
}

/// Rows of one query, score and relevance. Rows of one score share their ranks' gains (`McSherry` and Najork, 2008). 0 without
/// anything relevant, as scikit-learn's.
fn ndcg(mut rows: Vec<(f64, f64)>, k: usize) -> f64 {
    rows.sort_by(|a, b| b.1.total_cmp(&a.1));
    let ideal: f64 = (1..).zip(&rows).map(|(rank, (_, relevance))| relevance * discount(rank, k)).sum();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut gain = 0.0;
    let mut rank = 1;
    for tied in rows.chunk_by(|a, b| (a.0 - b.0).abs() <= 0.0) {
        let discounts: f64 = (rank..rank + tied.len()).map(|rank| discount(rank, k)).sum();
        let relevance: f64 = tied.iter().map(|(_, relevance)| relevance).sum();
        gain += discounts * relevance / to_float(tied.len() as u64);
        rank += tied.len();
    }
    if ideal > 0.0 { gain / ideal } else { 0.0 }
}

/// The best relevant row has the rank after all that are not relevant and score as high.
fn reciprocal_rank(rows: &[(f64, f64)]) -> f64 {
    let relevant = rows.iter().filter(|(_, relevance)| *relevance > 0.0);
    let Some(best) = relevant.map(|(score, _)| *score).max_by(f64::total_cmp) else { return 0.0 };
    let ahead = rows.iter().filter(|(score, relevance)| *relevance <= 0.0 && *score >= best).count();
    1.0 / to_float(ahead as u64 + 1)
}
