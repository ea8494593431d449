//! The way into the pillar: gates that run for versions of the registry, and what is kept of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::definition::GateDefinition;
use super::inputs::GateInputs;
use super::report::GateReport;
use super::rows::Rows;
use super::run::{RunOptions, judge_rows};
use crate::error::{Error, Result};
use crate::registry::{GateOptions, GateResult, LocalRegistry, ModelRegistry, ModelVersion};
use crate::storage::Storage;

/// The gates of a store.
#[derive(Clone, Debug)]
pub struct Gates {
    pub(super) storage: Arc<dyn Storage>,
    registry: LocalRegistry,
    is_read_only: bool,
}

/// Which versions a gate is about, and what is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordOptions {
    /// The number or alias of the version that the candidate is held against; `production` is what is there now in the slot.
    /// Default: production.
    pub against: Option<String>,
    /// The slot of production. Default the one without a name.
    pub slot: String,
    /// The result is noted in the registry, so that a policy may ask for it. Default false.
    pub record: bool,
    /// The use of the data is counted, where they have a name or their rows ids. Default false.
    pub count: bool,
}

impl Gates {
    pub(crate) fn new(storage: Arc<dyn Storage>, registry: LocalRegistry, is_read_only: bool) -> Self {
        Self { storage, registry, is_read_only }
    }

    /// The same gates, whose results say who notes them and why.
    #[must_use]
    pub fn with_registry(&self, registry: LocalRegistry) -> Self {
        Self { registry, ..self.clone() }
    }

    /// Holds a version of a model against the one in production, or against another, and notes what came out if it is to.
    /// The inputs get the digests of both versions. If nothing is in production there is no baseline, whatever the inputs
    /// have.
    ///
    /// # Errors
    /// `NotFound` for an unknown model, version or alias; `InvalidArgument` for a bad definition, or if there is a baseline
    /// and no predictions of it; `Stale` if production has changed until the result is noted: then nothing is; `ReadOnly`,
    /// `Io`.
    pub fn run(
        &self,
        model: &str,
        version: u64,
        definition: &GateDefinition,
        mut inputs: GateInputs,
        options: &RecordOptions,
    ) -> Result<GateReport> {
        definition.check()?;
        let candidate = self.registry.get_version(model, version)?;
        let against = self.baseline(model, options)?;
        if against.as_ref().is_some_and(|baseline| baseline.version == version) {
            let is_there = self.registry.slot_state(model, &options.slot)?.production == Some(version);
            return Err(Error::InvalidArgument {
                what: "baseline".into(),
                value: format!("{model}@{version}"),
                expected: format!(
                    "another version than the candidate{}",
                    if is_there { "; it is in production already" } else { "" }
                ),
            });
        }
        inputs.candidate_digest = Some(digest(&candidate));
        match &against {
            Some(baseline) if inputs.baseline.is_some() => inputs.baseline_digest = Some(digest(baseline)),
            Some(baseline) => {
                return Err(Error::InvalidArgument {
                    what: "predictions of the baseline".into(),
                    value: "none".into(),
                    expected: format!("those of {model}@{}, which is in production", baseline.version),
                });
            }
            None => (inputs.baseline, inputs.baseline_digest) = (None, None),
        }
        let rows = Rows::new(definition, &inputs);
        let named = rows.as_ref().ok().filter(|rows| rows.is_named && options.count && !self.is_read_only);
        let count = |rows: &Rows| self.count_use(&rows.data_digest, &rows.subject, &definition.name);
        let holdout_use = named.map(count).transpose()?;
        let run =
            RunOptions { candidate: Some(called(&candidate)), baseline: against.as_ref().map(called), holdout_use };
        let mut report = judge_rows(definition, &inputs, rows, &run);
        report.against = against.as_ref().map(|baseline| baseline.version);
        if options.record {
            self.record(model, version, &report, options)?;
        }
        Ok(report)
    }

    /// Holds a candidate that is no version of a registered model against a baseline, as [`evaluate`](super::evaluate) does,
    /// and counts the use of the data if they have a name or their rows ids.
    ///
    /// # Errors
    /// `InvalidArgument` for a bad definition; `ReadOnly`, `Io`.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::gates::{GateDefinition, GateInputs, MetricRule, Predicted, RunOptions};
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = mlops_core::Store::open("memory:")?;
    /// let gate = GateDefinition::new("gate", MetricRule::new("accuracy")?.with_floor(0.5));
    /// let mut inputs = GateInputs::new(vec![0.0, 1.0], Predicted::values(vec![0.0, 1.0]));
    /// inputs.data_digest = Some("holdout@7".into());
    /// let report = store.gates().run_unregistered(&gate, &inputs, &RunOptions::default())?;
    /// assert_eq!(report.holdout.map(|used| used.number), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_unregistered(
        &self,
        definition: &GateDefinition,
        inputs: &GateInputs,
        options: &RunOptions,
    ) -> Result<GateReport> {
        definition.check()?;
        let rows = Rows::new(definition, inputs);
        let named = rows.as_ref().ok().filter(|rows| rows.is_named && !self.is_read_only);
        let count = |rows: &Rows| self.count_use(&rows.data_digest, &rows.subject, &definition.name);
        let counted = named.map(count).transpose()?;
        let options = RunOptions { holdout_use: options.holdout_use.or(counted), ..options.clone() };
        Ok(judge_rows(definition, inputs, rows, &options))
    }

    /// Notes a report of [`run`](Self::run) in the registry.
    ///
    /// # Errors
    /// `InvalidArgument` for a report of another candidate, or of none that is a version; `Stale` if production has changed since
    /// the gate ran, and was what it ran against; as [`record_gate_result`](LocalRegistry::record_gate_result).
    pub fn record(
        &self,
        model: &str,
        version: u64,
        report: &GateReport,
        options: &RecordOptions,
    ) -> Result<GateResult> {
        let candidate = self.registry.get_version(model, version)?;
        let name = called(&candidate);
        if report.candidate.as_ref() != Some(&name) || report.candidate_digest != digest(&candidate) {
            return Err(Error::InvalidArgument {
                what: "report of a gate".into(),
                value: report.candidate.clone().unwrap_or_else(|| "of a candidate that is no version".into()),
                expected: format!("one of a gate that ran for {name}, which that is noted with"),
            });
        }
        let now = self.baseline(model, options)?.map(|baseline| baseline.version);
        if now != report.against {
            let name = |number: Option<u64>| number.map_or_else(|| "nothing".to_owned(), |number| format!("v{number}"));
            return Err(Error::Stale {
                detail: format!(
                    "production of `{model}` has changed while the gate `{}` ran: gate baseline {}, production {}; run the gate again",
                    report.gate,
                    name(report.against),
                    name(now)
                ),
            });
        }
        let metrics: BTreeMap<String, f64> =
            report.checks.iter().filter_map(|check| Some((check.name.clone(), check.numbers.candidate?))).collect();
        let noted = GateOptions {
            metrics,
            report: Some(report.to_json_text()?),
            data: Some(report.data.clone()).filter(|data| !data.is_empty()),
            rules: Some(report.rules.clone()),
            ..GateOptions::new(&report.gate, report.against, report.recorded_verdict())
        };
        self.registry.record_gate_result(model, version, &noted)
    }

    /// The version that a candidate of a model is held against; None: nothing is in production.
    ///
    /// # Errors
    /// `NotFound` for an unknown model, version or alias; `Io`.
    pub fn baseline(&self, model: &str, options: &RecordOptions) -> Result<Option<ModelVersion>> {
        match options.against.as_deref().unwrap_or("production") {
            "production" => {
                let production = self.registry.slot_state(model, &options.slot)?.production;
                production.map(|number| self.registry.get_version(model, number)).transpose()
            }
            which => match which.parse() {
                Ok(number) => self.registry.get_version(model, number).map(Some),
                Err(_) => self.registry.get_by_alias(model, which).map(Some),
            },
        }
    }
}

/// What a report calls a version.
fn called(version: &ModelVersion) -> String {
    format!("{}@{}", version.name, version.version)
}

/// What a version is: its files, which are the same however often they are registered.
fn digest(version: &ModelVersion) -> String {
    let found = version.info.digest.or(version.info.manifest);
    found.map_or_else(
        || format!("{}@{} {}", version.name, version.version, version.info.source),
        |digest| digest.to_string(),
    )
}
