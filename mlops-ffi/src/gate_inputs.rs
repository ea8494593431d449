//! What a gate looks at: targets, and what both models predicted for them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use mlops_core::Result;
use mlops_core::gates::{Column, Costs, GateInputs, OwnValues, Predicted, PredictionTable, row_hash};

use crate::args::{Handle, refuse};
use crate::boundary::export;
use crate::gate_columns::{mlops_gate_column, mlops_gate_costs};
use crate::registered_models::given;
use crate::text::{mlops_bytes, mlops_str, texts};

/// What may be promoted.
pub const MLOPS_GATE_CANDIDATE: i32 = 0;
/// What it is held against.
pub const MLOPS_GATE_BASELINE: i32 = 1;

/// All that a gate looks at: what is there when it begins. Freed with `mlops_gate_inputs_free`.
#[derive(Debug)]
pub struct mlops_gate_inputs {
    inputs: Mutex<Arc<GateInputs>>,
}

impl Handle for mlops_gate_inputs {}

impl From<GateInputs> for mlops_gate_inputs {
    fn from(inputs: GateInputs) -> Self {
        Self { inputs: Mutex::new(Arc::new(inputs)) }
    }
}

impl mlops_gate_inputs {
    /// What was handed in so far; the lock is not kept, so that a callback of a gate may set what the next one looks at.
    pub(crate) fn get(&self) -> Arc<GateInputs> {
        self.inputs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes what was handed in; a gate that runs has a copy of its own then.
    pub(crate) fn change(&self, change: impl FnOnce(&mut GateInputs)) {
        change(Arc::make_mut(&mut self.inputs.lock().unwrap_or_else(PoisonError::into_inner)));
    }
}

/// Which model is meant.
#[derive(Clone, Copy, Debug)]
enum Model {
    Candidate,
    Baseline,
}

impl Model {
    fn new(number: i32) -> Result<Self> {
        match number {
            MLOPS_GATE_CANDIDATE => Ok(Self::Candidate),
            MLOPS_GATE_BASELINE => Ok(Self::Baseline),
            other => Err(refuse("model", other.to_string(), "MLOPS_GATE_CANDIDATE or MLOPS_GATE_BASELINE")),
        }
    }

    /// What it predicted; a baseline is there as soon as something of it is.
    fn predicted(self, inputs: &mut GateInputs) -> &mut Predicted {
        match self {
            Self::Candidate => &mut inputs.candidate,
            Self::Baseline => inputs.baseline.get_or_insert_default(),
        }
    }

    fn costs(self, inputs: &mut GateInputs) -> &mut Costs {
        match self {
            Self::Candidate => &mut inputs.candidate_costs,
            Self::Baseline => &mut inputs.baseline_costs,
        }
    }

    fn digest(self, inputs: &mut GateInputs) -> &mut Option<String> {
        match self {
            Self::Candidate => &mut inputs.candidate_digest,
            Self::Baseline => &mut inputs.baseline_digest,
        }
    }
}

/// The probabilities of each class, from rows of all classes.
fn by_class(classes: Vec<String>, values: &[f64]) -> Result<BTreeMap<String, Vec<f64>>> {
    let width = classes.len();
    if width == 0 || !values.len().is_multiple_of(width) {
        let expected = format!("a multiple of the number of classes, {width}: each row has a value for each class");
        return Err(refuse("values_count", values.len().to_string(), expected));
    }
    let mut found = BTreeMap::new();
    for (at, class) in classes.into_iter().enumerate() {
        let of_class = values.iter().skip(at).step_by(width).copied().collect();
        if found.contains_key(&class) {
            return Err(refuse("classes", class, "each class once"));
        }
        found.insert(class, of_class);
    }
    Ok(found)
}

export! {
    /// Inputs with nothing in them yet. The functions that follow set what a gate looks at: each copies what it is given, which
    /// takes the place of what it set before. Whether it fits together is looked at by the gate, whose verdict is an error if not.
    ///
    /// `*out` is freed with `mlops_gate_inputs_free`. Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_create(out: *mut *mut mlops_gate_inputs) -> mlops_status {
        out.give(GateInputs::new(Column::Numbers(Vec::new()), Predicted::default()).into());
        Ok(())
    }

    /// What stands in a file of predictions, CSV or Parquet, with the columns of `mlops gate --predictions`.
    ///
    /// `*out` is freed with `mlops_gate_inputs_free`. Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_read(path: mlops_str, out: *mut *mut mlops_gate_inputs) -> mlops_status {
        if path.is_empty() {
            return Err(refuse("path", path, "the path of a file, such as `holdout.csv`"));
        }
        out.give(PredictionTable::read(Path::new(path))?.into_inputs()?.into());
        Ok(())
    }

    /// What is true of each row: classes or numbers. All else has as many rows.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_targets(
        inputs: *const mlops_gate_inputs,
        targets: *const mlops_gate_column,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let targets = unsafe { targets.read("targets") }?;
        inputs.change(|inputs| inputs.targets = targets);
        Ok(())
    }

    /// The ids of the rows, integers or texts, each once. With ids, or a name of the data, the use of the data is counted.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_ids(inputs: *const mlops_gate_inputs, ids: *const mlops_gate_column) -> mlops_status {
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let ids = unsafe { ids.ids("ids") }?;
        inputs.change(|inputs| inputs.ids = Some(ids));
        Ok(())
    }

    /// A column of the rows by its name: for slices, groups, fairness, the order of time, or the queries of a ranking.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_column(
        inputs: *const mlops_gate_inputs,
        name: mlops_str,
        column: *const mlops_gate_column,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let column = unsafe { column.read("column") }?;
        inputs.change(|inputs| drop(inputs.columns.insert(name.into(), column)));
        Ok(())
    }

    /// The classes or numbers that a model predicts: `MLOPS_GATE_CANDIDATE` or `MLOPS_GATE_BASELINE`. There is a baseline as
    /// soon as predictions of it are there.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_predictions(
        inputs: *const mlops_gate_inputs,
        model: i32,
        predictions: *const mlops_gate_column,
    ) -> mlops_status {
        let model = Model::new(model)?;
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let predictions = unsafe { predictions.read("predictions") }?;
        inputs.change(|inputs| model.predicted(inputs).values = Some(predictions));
        Ok(())
    }

    /// The scores of the positive class that a model gives, such as its probability, or what a ranking orders by.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_scores(
        inputs: *const mlops_gate_inputs,
        model: i32,
        scores: *const f64,
        scores_count: usize,
    ) -> mlops_status {
        let model = Model::new(model)?;
        // SAFETY: the caller keeps the contract: the array lives for this call.
        let scores = unsafe { scores.slice(scores_count) }?.to_vec();
        inputs.change(|inputs| model.predicted(inputs).scores = Some(scores));
        Ok(())
    }

    /// The probabilities that a model gives, `(n_rows, n_classes)`: one row after another, each with a value for each of the
    /// `classes`, whose names are those of the labels (`1` for the label 1). `values_count` is `n_rows` times `n_classes`.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_probabilities(
        inputs: *const mlops_gate_inputs,
        model: i32,
        classes: *const mlops_str,
        classes_count: usize,
        values: *const f64,
        values_count: usize,
    ) -> mlops_status {
        let model = Model::new(model)?;
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let (classes, values) =
            unsafe { (texts(classes.slice(classes_count)?, "classes")?, values.slice(values_count)?) };
        let found = by_class(classes, values)?;
        inputs.change(|inputs| model.predicted(inputs).probabilities = found);
        Ok(())
    }

    /// The ids of the rows that a model has predictions of, where they are in another order than the targets: those are
    /// brought together. A row that is missing, or too many, is an error of the gate.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_prediction_ids(
        inputs: *const mlops_gate_inputs,
        model: i32,
        ids: *const mlops_gate_column,
    ) -> mlops_status {
        let model = Model::new(model)?;
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let ids = unsafe { ids.ids("ids") }?;
        inputs.change(|inputs| model.predicted(inputs).ids = Some(ids));
        Ok(())
    }

    /// What each row is worth by a metric of the caller's own, `own:<name>` or `own_loss:<name>`, which is the mean of these
    /// values; without a baseline `baseline_count` is 0.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_own(
        inputs: *const mlops_gate_inputs,
        name: mlops_str,
        candidate: *const f64,
        candidate_count: usize,
        baseline: *const f64,
        baseline_count: usize,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: the arrays live for this call.
        let (candidate, baseline) =
            unsafe { (candidate.slice(candidate_count)?.to_vec(), baseline.slice(baseline_count)?.to_vec()) };
        inputs.change(|inputs| drop(inputs.own.insert(name.into(), OwnValues { candidate, baseline })));
        Ok(())
    }

    /// What a model costs, for budgets.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_costs(
        inputs: *const mlops_gate_inputs,
        model: i32,
        costs: *const mlops_gate_costs,
    ) -> mlops_status {
        let model = Model::new(model)?;
        // SAFETY: the caller keeps the contract: the array lives for this call.
        let costs = unsafe { costs.read() }?;
        inputs.change(|inputs| *model.costs(inputs) = costs);
        Ok(())
    }

    /// Says whether nothing else ran on the host where latencies were measured (not 0): a budget of latency blocks then, and
    /// else warns.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_measuring_host(inputs: *const mlops_gate_inputs, is_one: i32) -> mlops_status {
        inputs.change(|inputs| inputs.is_measuring_host = is_one != 0);
        Ok(())
    }

    /// The digest of a model that is no version of the registry; empty: that of its predictions.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_model_digest(
        inputs: *const mlops_gate_inputs,
        model: i32,
        digest: mlops_str,
    ) -> mlops_status {
        let model = Model::new(model)?;
        inputs.change(|inputs| *model.digest(inputs) = given(digest));
        Ok(())
    }

    /// What the data are called where their uses are counted: a digest, or a name and version such as `holdout@7`; empty: the
    /// digest of ids and targets.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_data(inputs: *const mlops_gate_inputs, data: mlops_str) -> mlops_status {
        inputs.change(|inputs| inputs.data_digest = given(data));
        Ok(())
    }

    /// How many rows without a label were left out, of the candidate's data and of the baseline's.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_unlabelled(
        inputs: *const mlops_gate_inputs,
        candidate: i64,
        baseline: i64,
    ) -> mlops_status {
        let count = |name: &str, rows: i64| {
            u64::try_from(rows).map_err(|_| refuse(name, rows.to_string(), "a number of rows, 0 or more"))
        };
        let counts = (count("candidate", candidate)?, count("baseline", baseline)?);
        inputs.change(|inputs| inputs.unlabelled = Some(counts));
        Ok(())
    }

    /// A hash of each row, and those of the rows that the candidate was trained on: one that is among them fails the gate.
    /// `mlops_gate_row_hash` makes them.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_row_hashes(
        inputs: *const mlops_gate_inputs,
        rows: *const u64,
        rows_count: usize,
        training: *const u64,
        training_count: usize,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: the arrays live for this call.
        let (rows, training) = unsafe { (rows.slice(rows_count)?.to_vec(), training.slice(training_count)?.to_vec()) };
        inputs.change(|inputs| (inputs.row_hashes, inputs.training_hashes) = (rows, training));
        Ok(())
    }

    /// The hash of a row, from bytes that are the same for the same row.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_row_hash(row: mlops_bytes, out: *mut u64) -> mlops_status {
        out.set(row_hash(row));
        Ok(())
    }

    /// Why a model could not be loaded or asked: the gate is an error then, which says so; empty: it could.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_failure(inputs: *const mlops_gate_inputs, failure: mlops_str) -> mlops_status {
        inputs.change(|inputs| inputs.failure = given(failure));
        Ok(())
    }

    /// Frees inputs. NULL is fine.
    ///
    /// Threads: any, but nobody may use the inputs any more. Since 0.1.
    pub fn mlops_gate_inputs_free(inputs: *mut mlops_gate_inputs) {
        drop(inputs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_probabilities_are_taken_apart_by_class() {
        let classes = || vec!["b".to_owned(), "a".to_owned()];
        let found = by_class(classes(), &[0.1, 0.9, 0.2, 0.8]).unwrap();
        assert_eq!(found, BTreeMap::from([("a".into(), vec![0.9, 0.8]), ("b".into(), vec![0.1, 0.2])]));
        assert_eq!(by_class(classes(), &[]).unwrap().len(), 2);
        for (names, values) in [(classes(), &[0.1, 0.9, 0.2][..]), (Vec::new(), &[0.1]), (Vec::new(), &[])] {
            let refused = by_class(names, values).unwrap_err().to_string();
            assert!(refused.contains("a value for each class"), "{refused}");
        }
        let twice = by_class(vec!["a".into(), "a".into()], &[0.5, 0.5]).unwrap_err().to_string();
        assert!(twice.contains("each class once"), "{twice}");
    }
}
