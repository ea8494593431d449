//! Scores, tests and resampled intervals are those of scikit-learn, scipy, statsmodels and mlxtend. `gate.py` recorded them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::Mutex;

use mlops_core::gates::stats::{
    CompareOptions, Method, Series, compare, compare_by, compare_values, corrected_t, delong, diebold_mariano,
    five_by_two_f, holm, mcnemar, minimal_detectable, newcombe, paired_t, rows_needed, tost, wald, wilcoxon, wilson,
};
use mlops_core::metrics::{Metric, Predictions, Targets, per_row, score};
use serde_json::Value;

const RECORDED: &str = include_str!("gate.json");

fn recorded() -> Value {
    serde_json::from_str(RECORDED).unwrap()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().flat_map(|value| if value.is_array() { numbers(value) } else { vec![number(value)] }).collect()
}

fn counts(value: &Value) -> Vec<u64> {
    list(value).iter().map(count).collect()
}

/// Equal to a billionth, of the number or of 1e-4 if it is smaller.
#[track_caller]
fn near(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1e-4), "{what}: {found} is not {expected}");
}

#[track_caller]
fn all_near(found: &[f64], expected: &Value, what: &str) {
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).for_each(|(found, expected)| near(*found, expected, what));
}

/// One of the recorded data sets.
struct Data {
    kind: String,
    classes: Vec<u32>,
    values: Vec<f64>,
    queries: Vec<u64>,
    groups: Vec<u64>,
    models: [Vec<f64>; 2],
    model_classes: [Vec<u32>; 2],
    n_classes: usize,
}

impl Data {
    fn read(recorded: &Value, name: &str) -> Self {
        let data = &recorded["data"][name];
        let models = [&data["candidate"], &data["baseline"]];
        let kind = data["kind"].as_str().unwrap().to_owned();
        // Scores of rows are no classes, and nobody asks for these.
        let class = |value: &f64| value.to_string().parse().unwrap_or(0);
        let classes = |values: &[f64]| -> Vec<u32> { values.iter().map(class).collect() };
        let values = numbers(&data["y"]);
        let models = models.map(numbers);
        Self {
            classes: classes(&values),
            queries: if kind == "ranking" { counts(&data["queries"]) } else { Vec::new() },
            groups: counts(&data["groups"]),
            model_classes: [classes(&models[0]), classes(&models[1])],
            n_classes: models[0].len() / values.len(),
            kind,
            values,
            models,
        }
    }

    fn targets(&self) -> Targets<'_> {
        match self.kind.as_str() {
            "regression" => Targets::Values(&self.values),
            "ranking" => Targets::Relevance { values: &self.values, queries: &self.queries },
            _ => Targets::Classes(&self.classes),
        }
    }

    fn predictions(&self, at: usize) -> Predictions<'_> {
        match self.kind.as_str() {
            "labels" => Predictions::Classes(&self.model_classes[at]),
            "multiclass" => Predictions::Probabilities { values: &self.models[at], n_classes: self.n_classes },
            _ => Predictions::Values(&self.models[at]),
        }
    }
}

fn metric(case: &Value) -> Metric {
    case["metric"].as_str().unwrap().parse().unwrap()
}

#[test]
fn scores_are_those_of_scikit_learn() {
    let recorded = recorded();
    for case in list(&recorded["scores"]) {
        let data = Data::read(&recorded, case["data"].as_str().unwrap());
        let predictions = data.predictions(usize::from(case["model"] == "baseline"));
        let metric = metric(case);
        let found = score(&metric, &data.targets(), &predictions).unwrap();
        near(found, number(&case["value"]), &format!("{} {metric}", case["data"]));
        let rows = per_row(&metric, &data.targets(), &predictions);
        assert_eq!(rows.is_ok(), metric.is_mean(), "{metric}");
        if let Ok(rows) = rows {
            let mean = rows.iter().sum::<f64>() / f64::from(u32::try_from(rows.len()).unwrap());
            near(mean, found, &format!("the mean of {metric}"));
        }
    }
}

#[test]
fn rows_are_drawn_as_numpy_draws_them() {
    let recorded = recorded();
    let seen = Mutex::new(Vec::new());
    let note = |rows: &[u32]| {
        seen.lock().unwrap().push(rows.to_vec());
        Ok((0.0, 0.0))
    };
    let options = CompareOptions { seed: count(&recorded["seed"]), resamples: 999, threads: 1, ..Default::default() };
    compare_by("none", true, 11, &note, &options).unwrap();
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 1_000);
    for case in list(&recorded["draws"]) {
        let rows: Vec<u64> =
            seen[1 + usize::try_from(count(&case["resample"])).unwrap()].iter().map(|row| u64::from(*row)).collect();
        assert_eq!(rows, counts(&case["rows"]), "{case}");
    }
}

#[test]
fn resamples_give_the_intervals_of_numpy_and_scipy() {
    let recorded = recorded();
    for case in list(&recorded["bootstrap"]) {
        let data = Data::read(&recorded, case["data"].as_str().unwrap());
        let block = case["block"].as_u64().map(|block| u32::try_from(block).unwrap());
        let options = CompareOptions {
            seed: count(&recorded["seed"]),
            resamples: u32::try_from(count(&recorded["resamples"])).unwrap(),
            groups: (case["grouped"] == true).then_some(data.groups.as_slice()),
            series: block.map(|block| Series { horizon: 1, block: Some(block) }),
            method: Method::Percentile,
            ..Default::default()
        };
        let run = |method| {
            let options = CompareOptions { method, ..options };
            compare(&metric(case), &data.targets(), &data.predictions(0), &data.predictions(1), &options).unwrap()
        };
        let what = format!("{} {} {:?} {}", case["data"], case["metric"], block, case["grouped"]);
        let found = run(Method::Percentile);
        near(found.difference, number(&case["difference"]), &what);
        all_near(&[found.lower, found.upper, found.lower_at(0.01), found.upper_at(0.01)], &case["percentile"], &what);
        near(found.p_value_at(0.0), number(&case["p_value"]), &what);
        if case["bca"].is_array() {
            let found = run(Method::Bca);
            assert!(found.method.contains("bca"), "{what}: {}", found.method);
            all_near(&[found.lower, found.upper, found.lower_at(0.01), found.upper_at(0.01)], &case["bca"], &what);
        }
        if case["scipy"].is_array() {
            // A quantile at 5 % of 999 normal numbers has an error of 0.067 deviations, of 2,000 one of 0.047.
            let (error, scipy) = (0.082 * number(&case["deviation"]), numbers(&case["scipy"]));
            for (ours, theirs) in [(found.lower, scipy[0]), (found.upper, scipy[1])] {
                assert!((ours - theirs).abs() < 4.5 * error, "{what}: {ours} is far from {theirs}");
            }
        }
    }
}

#[test]
fn delong_is_the_variance_over_all_pairs() {
    let recorded = recorded();
    for case in list(&recorded["delong"]) {
        let data = Data::read(&recorded, case["data"].as_str().unwrap());
        let run = |predictions: [Predictions<'_>; 2]| {
            delong(&Metric::roc_auc(), &data.targets(), &predictions[0], &predictions[1]).unwrap()
        };
        let found = run([data.predictions(0), data.predictions(1)]);
        near(found.difference, number(&case["difference"]), "difference");
        near(found.error, number(&case["error"]), "error");
        near(found.p_value, number(&case["p_value"]), "p");
        let same = run([data.predictions(0), data.predictions(0)]);
        assert_eq!((same.difference, same.error, same.p_value), (0.0, 0.0, 1.0));
    }
}

#[test]
fn counts_have_the_tests_and_intervals_of_statsmodels_and_mlxtend() {
    let tests = &recorded()["tests"];
    for case in list(&tests["mcnemar"]) {
        let found = mcnemar(count(&case["b"]), count(&case["c"]));
        let found = [found.p_value, found.mid_p, found.two_sided, found.two_sided_mid_p];
        all_near(&found, &case["values"], &case.to_string());
    }
    for case in list(&tests["wald"]) {
        let (_, error) = wald(count(&case["b"]), count(&case["c"]), count(&case["n"])).unwrap();
        near(error, number(&case["error"]), &case.to_string());
    }
    for case in list(&tests["wilson"]) {
        let (lower, upper) = wilson(count(&case["k"]), count(&case["n"]), number(&case["alpha"])).unwrap();
        all_near(&[lower, upper], &case["interval"], &case.to_string());
    }
    for case in list(&tests["newcombe"]) {
        let [first, second] = [&case["first"], &case["second"]].map(|pair| (count(&pair[0]), count(&pair[1])));
        let (lower, upper) = newcombe(first, second, 0.05).unwrap();
        all_near(&[lower, upper], &case["interval"], &case.to_string());
    }
    for case in list(&tests["holm"]) {
        all_near(&holm(&numbers(&case["p"])).unwrap(), &case["adjusted"], &case.to_string());
    }
    for case in list(&tests["power"]) {
        let (psi, margin) = (number(&case["psi"]), number(&case["margin"]));
        near(minimal_detectable((psi / 700.0).sqrt(), 0.05, 0.8).unwrap(), number(&case["mde"]), "mde");
        assert_eq!(rows_needed(psi, margin, 0.05, 0.8).unwrap(), count(&case["rows"]));
    }
}

#[test]
fn means_have_the_tests_of_scipy_and_statsmodels() {
    let tests = &recorded()["tests"];
    for case in list(&tests["means"]) {
        let d = numbers(&case["d"]);
        let what = format!("of {} differences", d.len());
        let t = paired_t(&d).unwrap();
        near(t.t, number(&case["t"]), &what);
        near(t.p_value, number(&case["t_p"]), &what);
        let options = CompareOptions { method: Method::PairedT, ..Default::default() };
        let found = compare_values("d", true, &d, &vec![0.0; d.len()], &options).unwrap();
        all_near(&[found.lower, found.lower_at(0.01)], &case["lower"], &what);
        near(found.p_value, number(&case["t_p"]), &what);
        let ranks = wilcoxon(&d).unwrap();
        near(ranks.statistic, number(&case["wilcoxon"]), &what);
        near(ranks.p_value, number(&case["wilcoxon_p"]), &what);
        assert_eq!(ranks.exact, case["exact"], "{what}");
        // A tenth of the rows are the test's.
        let corrected = corrected_t(&d, 900, 100).unwrap();
        near(corrected.t, number(&case["corrected_t"]), &what);
        near(corrected.p_value, number(&case["corrected_p"]), &what);
        let equal = tost(&d, 0.5).unwrap();
        all_near(&[equal.p_value, equal.p_not_below, equal.p_not_above], &case["tost"], &what);
    }
    for case in list(&tests["five_by_two"]) {
        let d = numbers(&case["d"]);
        let folds = std::array::from_fn(|at| [d[2 * at], d[2 * at + 1]]);
        let (f, p) = five_by_two_f(&folds).unwrap();
        near(f, number(&case["f"]), "F");
        near(p, number(&case["p_value"]), "p of F");
    }
    for case in list(&tests["diebold_mariano"]) {
        let horizon = u32::try_from(count(&case["horizon"])).unwrap();
        let found = diebold_mariano(&numbers(&case["d"]), horizon).unwrap();
        near(found.statistic, number(&case["statistic"]), "Diebold-Mariano");
        near(found.p_value, number(&case["p_value"]), "p of Diebold-Mariano");
    }
}
