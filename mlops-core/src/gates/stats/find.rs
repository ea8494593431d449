//! From cases to comparisons: draws, resamples, bounds and p-values.

use super::bootstrap::{Plan, Statistic};
use super::bounds::{Bounds, Resampled};
use super::case::{Case, Data};
use super::choose::{Choice, Interval, Test, choose, name};
use super::comparison::Comparison;
use super::distributions::{of_length, to_float};
use super::draw::{Draw, Groups};
use super::means::paired_t;
use super::notes::notes;
use super::options::{CompareOptions, Series, bad};
use super::power::{POWER, reach};
use super::proportions::{mcnemar, wald};
use super::series::diebold_mariano;
use super::wilcoxon::wilcoxon;
use crate::error::{Error, Result};

/// Compares by cases of the same units, with the same resamples.
pub(super) fn find(cases: &[Case<'_>], draw: Draw, options: &CompareOptions<'_>) -> Result<Vec<Comparison>> {
    let drawn = draw.count() as usize;
    let plan = Plan {
        draw,
        resamples: options.resamples,
        seed: options.seed,
        threads: threads(options),
        watch: options.watch,
    };
    let units = if options.series.is_some() { 0 } else { drawn };
    let choices: Vec<Choice> = cases
        .iter()
        .map(|case| choose(&case.metric, case.kind, options, units.max(1), case.units))
        .collect::<Result<_>>()?;
    // What the bootstrap decides or has to agree with; one thing to draw is no sample of anything.
    let resampled =
        |choice: &Choice| drawn > 1 && (choice.check || matches!(choice.interval, Interval::Bootstrap { .. }));
    let chosen: Vec<(usize, Statistic<'_>)> = cases
        .iter()
        .zip(&choices)
        .enumerate()
        .filter(|(_, (_, choice))| resampled(choice))
        .filter_map(|(at, (case, _))| Some((at, case.statistic()?)))
        .collect();
    let (places, statistics): (Vec<usize>, Vec<Statistic<'_>>) = chosen.into_iter().unzip();
    let found = if statistics.is_empty() { Vec::new() } else { plan.run(&statistics)? };
    let mut of_case: Vec<Option<Resampled>> = cases.iter().map(|_| None).collect();
    for ((at, statistic), mut resampled) in places.iter().zip(&statistics).zip(found) {
        let (Some(case), Some(choice)) = (cases.get(*at), choices.get(*at)) else { continue };
        if wants_bca(*choice, case, drawn) {
            let slack = 1e-13 * case.candidate.abs().max(case.baseline.abs());
            resampled.bca = plan.bca(statistic, case.difference, slack, &resampled)?;
        }
        if let Some(place) = of_case.get_mut(*at) {
            *place = Some(resampled);
        }
    }
    let all = cases.iter().zip(choices).zip(of_case);
    all.map(|((case, choice), resampled)| one(case, choice, resampled, drawn, options)).collect()
}

/// Whether the resamples are corrected: as chosen, and for the bootstrap that has to agree where it is cheap.
fn wants_bca(choice: Choice, case: &Case<'_>, drawn: usize) -> bool {
    match choice.interval {
        Interval::Bootstrap { bca } => bca,
        _ => choice.check && matches!(case.data, Data::Values(_)) && drawn <= 5_000,
    }
}

fn one(
    case: &Case<'_>,
    choice: Choice,
    resampled: Option<Resampled>,
    drawn: usize,
    options: &CompareOptions<'_>,
) -> Result<Comparison> {
    let resamples = resampled.as_ref().map(|_| options.resamples);
    let discordant = case.discordant();
    let (mut bounds, mut check) = (Bounds::Unknown, None);
    match choice.interval {
        Interval::Bootstrap { .. } => bounds = resampled.map_or(Bounds::Unknown, Bounds::Resampled),
        Interval::T => {
            let found = paired_t(&case.differences().ok_or_else(no_mean)?)?;
            if found.error.is_finite() {
                bounds = Bounds::T { difference: found.difference, error: found.error, df: found.df };
            }
            check = resampled.map(Bounds::Resampled);
        }
        Interval::Wald => {
            let (b, c) = discordant.ok_or_else(no_mean)?;
            let (difference, error) = wald(b, c, case.rows as u64)?;
            if case.rows > 1 {
                bounds = Bounds::Normal { difference, error };
            }
        }
        Interval::DeLong => {
            let Data::Area(found) = &case.data else { return Err(no_mean()) };
            if found.error.is_finite() {
                bounds = Bounds::Normal { difference: found.difference, error: found.error };
            }
        }
    }
    let mut without_lags = false;
    let p_value = match choice.test {
        Test::Interval => bounds.p_value(0.0),
        Test::McNemar => discordant.map(|(b, c)| mcnemar(b, c).p_value).ok_or_else(no_mean)?,
        Test::T => paired_t(&case.differences().ok_or_else(no_mean)?)?.p_value,
        Test::Wilcoxon => wilcoxon(&case.differences().ok_or_else(no_mean)?)?.p_value,
        Test::DieboldMariano => {
            let horizon = options.series.map_or(1, |series| series.horizon);
            let found = diebold_mariano(&case.differences().ok_or_else(no_mean)?, horizon)?;
            without_lags = found.without_lags;
            found.p_value
        }
    };
    let corrected = matches!(&bounds, Bounds::Resampled(Resampled { bca: Some(_), .. }));
    let mut comparison = Comparison {
        metric: case.metric.clone(),
        greater_is_better: case.greater_is_better,
        rows: case.rows as u64,
        candidate: case.candidate,
        baseline: case.baseline,
        difference: case.difference,
        lower: bounds.lower(options.alpha),
        upper: bounds.upper(options.alpha),
        p_value,
        alpha: options.alpha,
        method: name(choice, options, corrected),
        resamples,
        minimal_detectable: smallest(case, &bounds, options)?,
        discordant: discordant.map(|(b, c)| b + c),
        positives: case.classes.map(|(positives, _)| positives),
        negatives: case.classes.map(|(_, negatives)| negatives),
        agrees: true,
        notes: Vec::new(),
        bounds,
        check,
        turned: case.turned,
    };
    comparison.agrees = comparison.agrees_at(options.alpha, 0.0);
    comparison.notes =
        notes(&comparison, case, if options.series.is_some() { case.units } else { drawn }, without_lags);
    Ok(comparison)
}

/// The smallest difference that is seen with a power of 80 %.
fn smallest(case: &Case<'_>, bounds: &Bounds, options: &CompareOptions<'_>) -> Result<f64> {
    let independent = options.groups.is_none() && options.series.is_none();
    let error = match (&case.data, case.discordant()) {
        (_, Some((b, c))) if independent => (to_float(b + c)).sqrt() / of_length(case.rows),
        (Data::Values(values), _) if independent => paired_t(values)?.error,
        _ => bounds.error(),
    };
    // Without any variance, nothing is known of what the rows would show.
    Ok(if error > 0.0 { reach(options.alpha, POWER)? * error } else { f64::INFINITY })
}

fn no_mean() -> Error {
    Error::internal("a method was chosen for a metric that it is not for")
}

fn threads(options: &CompareOptions<'_>) -> usize {
    if options.threads > 0 {
        return options.threads;
    }
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// What a resample draws: rows or queries, `first_rows` being the first row of each query.
pub(super) fn draw_of(
    units: usize,
    first_rows: Option<&[u32]>,
    queries: Option<&[u64]>,
    options: &CompareOptions<'_>,
) -> Result<Draw> {
    let count = u32::try_from(units).map_err(|_| bad("n_rows", units, "at most 4294967295 rows"))?;
    if let Some(groups) = options.groups {
        let Some(first_rows) = first_rows else { return Ok(Draw::Groups(Groups::new(groups.iter().copied()))) };
        check_whole(groups, queries.unwrap_or_default())?;
        let of_unit: Vec<u64> = first_rows.iter().filter_map(|row| groups.get(*row as usize)).copied().collect();
        return Ok(Draw::Groups(Groups::new(of_unit.into_iter())));
    }
    match options.series {
        None => Ok(Draw::Units(count)),
        Some(Series { horizon, block }) => {
            let length = block.unwrap_or_else(|| horizon.max(cube_root_up(count)));
            if length > count {
                return Err(bad("block", length, &format!("1 to {count}, as many as there are queries")));
            }
            Ok(Draw::Blocks { units: count, length })
        }
    }
}

/// Checks that no query is in two groups.
fn check_whole(groups: &[u64], queries: &[u64]) -> Result<()> {
    let mut of_query = std::collections::HashMap::new();
    for (row, (query, group)) in queries.iter().zip(groups).enumerate() {
        if of_query.insert(*query, *group).is_some_and(|before| before != *group) {
            return Err(bad(
                &format!("the group of row {}", row + 1),
                group,
                &format!("the group of the other rows of query {query}"),
            ));
        }
    }
    Ok(())
}

/// The smallest number whose cube is not below n.
fn cube_root_up(n: u32) -> u32 {
    let fits = |root: &u32| u64::from(*root).pow(3) >= u64::from(n);
    (1..=1_626).find(fits).unwrap_or(1_626)
}
