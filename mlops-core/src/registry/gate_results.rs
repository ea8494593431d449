//! Results of gates: what came out when a version was held against what is in production.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::by::Actor;
use super::change::What;
use super::keys;
use super::log::Action;
use super::store::{LocalRegistry, check_ready};
use super::types::{ModelRecord, Stage};
use crate::base::digests::Digest;
use crate::base::limits;
use crate::base::names as base_names;
use crate::base::stored;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::runs::{StoredText, for_each_entry};
use crate::storage::{KeyRange, Op, ScanOptions};

/// What a gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The candidate may go on.
    Pass,
    /// It may not.
    Fail,
    /// The gate could not say it.
    Error,
    /// The data cannot decide.
    Inconclusive,
    /// The data cannot decide, and a person may: it counts with an approval that was given after it.
    Ask,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pass, Self::Fail, Self::Error, Self::Inconclusive, Self::Ask];

    /// `pass`, `fail`, `error`, `inconclusive`, `ask`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Inconclusive => "inconclusive",
            Self::Ask => "ask",
        }
    }

    /// True for `pass`.
    pub const fn is_pass(self) -> bool {
        matches!(self, Self::Pass)
    }
}

impl FromStr for Verdict {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text).ok_or_else(|| Error::InvalidArgument {
            what: "verdict".into(),
            value: text.into(),
            expected: "pass, fail, error, inconclusive or ask".into(),
        })
    }
}

/// What is noted of a gate that ran.
#[derive(Clone, Debug)]
pub struct GateOptions {
    /// The name of the gate, as a policy's field `gate` has it.
    pub gate: String,
    /// The version that it held the candidate against; None: nothing was in production.
    pub baseline: Option<u64>,
    /// What it says. A verdict that rests on a metric that is NaN is noted as an error.
    pub verdict: Verdict,
    /// The candidate's metrics. Default none.
    pub metrics: BTreeMap<String, f64>,
    /// What it found, as JSON. A value that is the text `NaN` or `nan` is a metric that is NaN, but for one under the key
    /// `name`. Default none.
    pub report: Option<String>,
    /// The digest of the data that it looked at. Default none.
    pub data: Option<String>,
    /// The digest of what the gate itself asks for. Default none.
    pub rules: Option<String>,
}

impl GateOptions {
    /// A verdict without more.
    pub fn new(gate: &str, baseline: Option<u64>, verdict: Verdict) -> Self {
        let (metrics, gate) = (BTreeMap::new(), gate.into());
        Self { gate, baseline, verdict, metrics, report: None, data: None, rules: None }
    }
}

/// A result of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateResult {
    /// The number of its event.
    pub id: u64,
    /// The candidate.
    pub version: u64,
    /// The name of the gate.
    pub gate: String,
    /// What the candidate was held against.
    pub baseline: Option<u64>,
    /// What it says.
    pub verdict: Verdict,
    /// Why it is an error.
    pub why: Option<String>,
    /// The digest of the data.
    pub data: Option<String>,
    /// The digest of what the gate asks for.
    pub rules: Option<String>,
    /// The digest of the policy for Production that held then.
    pub policy: Digest,
    /// The digest of the policy for Staging that held then.
    pub staging_policy: Digest,
    /// What it found, as JSON.
    pub report: Option<String>,
    /// Who noted it.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
}

/// A result as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct GateRecord {
    pub(crate) id: u64,
    pub(crate) version: u64,
    pub(crate) gate: String,
    pub(crate) baseline: Option<u64>,
    /// What the candidate and the baseline were, by their digests.
    pub(crate) subjects: (Digest, Option<Digest>),
    pub(crate) verdict: Verdict,
    pub(crate) why: Option<String>,
    pub(crate) data: Option<String>,
    pub(crate) rules: Option<String>,
    pub(crate) policy: Digest,
    pub(crate) staging_policy: Digest,
    pub(crate) report: Option<StoredText>,
    pub(crate) actor: Actor,
    pub(crate) at: Timestamp,
}

/// What the newest result of a gate was made on, and its event.
pub(crate) type GateData = (Option<String>, u64);

impl LocalRegistry {
    /// Notes what a gate said of a version.
    ///
    /// # Errors
    /// `NotFound` for an unknown model, version or baseline; `InvalidArgument` for a report that is no JSON or a gate without
    /// a name; `InvalidState` for a version that is not ready; `LimitExceeded`, `ReadOnly`, `Io`.
    pub fn record_gate_result(&self, name: &str, number: u64, options: &GateOptions) -> Result<GateResult> {
        let why = checked(options)?;
        let verdict = if why.is_some() { Verdict::Error } else { options.verdict };
        let record = self.change(|change| {
            let model = self.record(name)?;
            let info = self.version_record(&model, number)?;
            check_ready(&model, number, &info)?;
            let baseline = options
                .baseline
                .map(|number| Ok::<_, Error>(self.version_record(&model, number)?.subject(model.number, number)));
            let report = options.report.as_deref().map(|text| StoredText::new(self.blobs(), text)).transpose()?;
            let record = GateRecord {
                id: change.seq() + 1,
                version: number,
                gate: options.gate.clone(),
                baseline: options.baseline,
                subjects: (info.subject(model.number, number), baseline.transpose()?),
                verdict,
                why: why.clone(),
                data: options.data.clone(),
                rules: options.rules.clone(),
                policy: self.policy(name, Stage::Production)?.digest,
                staging_policy: self.policy(name, Stage::Staging)?.digest,
                report,
                actor: change.actor().clone(),
                at: change.at,
            };
            let against = options.baseline.map(|number| number.to_string());
            let what = What {
                version: Some(number),
                detail: Some(&options.gate),
                from: against.as_deref(),
                to: Some(verdict.as_str()),
                digest: info.digest,
                evidence: options.data.iter().map(|data| format!("data:{data}")).collect(),
                ..What::default()
            };
            change.event(Action::GateRecorded, &model.name, what)?;
            change.push(Op::put(keys::said(keys::GATES, model.number, number, record.id), stored::encode(&record)?));
            let data: GateData = (options.data.clone(), record.id);
            change.push(Op::put(keys::gate_data(model.number, &options.gate), stored::encode(&data)?));
            Ok(record)
        })?;
        self.gate_result(record)
    }

    /// The results of gates for a version, in order.
    ///
    /// # Errors
    /// `NotFound`, `Corrupt`, `Io`.
    pub fn gate_results(&self, name: &str, number: u64) -> Result<Vec<GateResult>> {
        let model = self.record(name)?;
        self.version_record(&model, number)?;
        let mut found = Vec::new();
        let prefix = keys::of_version(keys::GATES, model.number, number);
        for_each_entry(&*self.storage, KeyRange::prefix(prefix), |_, value| {
            found.push(self.gate_result(stored::decode("a result of a gate", value)?)?);
            Ok(())
        })?;
        Ok(found)
    }

    fn gate_result(&self, record: GateRecord) -> Result<GateResult> {
        let GateRecord { id, version, gate, baseline, verdict, why, data, rules, .. } = record;
        let GateRecord { policy, staging_policy, report, actor, at, .. } = record;
        let report = report.map(|text| text.load(self.blobs())).transpose()?;
        let policies = (policy, staging_policy);
        Ok(GateResult {
            id,
            version,
            gate,
            baseline,
            verdict,
            why,
            data,
            rules,
            policy: policies.0,
            staging_policy: policies.1,
            report,
            actor,
            at,
        })
    }

    /// The newest result for a version, of one gate or of any; without its report.
    pub(super) fn newest_gate(
        &self,
        model: &ModelRecord,
        number: u64,
        gate: Option<&str>,
    ) -> Result<Option<GateResult>> {
        let prefix = keys::of_version(keys::GATES, model.number, number);
        let mut range = KeyRange::prefix(prefix);
        loop {
            let page = self.storage.scan(&range, &ScanOptions { limit: 16, reverse: true })?;
            for (_, value) in &page.entries {
                let record: GateRecord = stored::decode("a result of a gate", value)?;
                if gate.is_none_or(|gate| gate == record.gate) {
                    return self.gate_result(GateRecord { report: None, ..record }).map(Some);
                }
            }
            match page.entries.last() {
                Some((last, _)) if page.more => range = range.before(last),
                _ => return Ok(None),
            }
        }
    }

    pub(super) fn gate_data(&self, model: &ModelRecord, gate: &str) -> Result<Option<GateData>> {
        let bytes = self.storage.get(&keys::gate_data(model.number, gate))?;
        bytes.map(|bytes| stored::decode("the data of a gate", &bytes)).transpose()
    }
}

/// Refuses what cannot be noted; why the verdict is an error, if a metric is NaN.
fn checked(options: &GateOptions) -> Result<Option<String>> {
    base_names::check_key("name of a gate", &options.gate)?;
    for (what, text) in
        [("the digest of the data of a gate", &options.data), ("the digest of the rules of a gate", &options.rules)]
    {
        limits::check(|| what.into(), text.as_ref().map_or(0, String::len), limits::KEY_BYTES, "bytes")?;
    }
    let size = options.report.as_ref().map_or(0, String::len);
    limits::check(|| "the report of a gate".into(), size, limits::VALUE_BYTES, "bytes")?;
    let mut nan = options.metrics.iter().find(|(_, value)| value.is_nan()).map(|(key, _)| key.clone());
    if let Some(text) = &options.report {
        let report: Value = serde_json::from_str(text).map_err(|e| Error::InvalidArgument {
            what: "report of a gate".into(),
            value: text.chars().take(100).collect(),
            expected: format!("JSON ({e}); a metric that is NaN is the text \"NaN\""),
        })?;
        nan = nan.or_else(|| not_a_number(&report, ""));
    }
    Ok(nan.map(|key| format!("the metric `{key}` is NaN")))
}

/// The key of the first value that is the text of a number that is NaN. A slice may be called so: that of a missing value is.
fn not_a_number(value: &Value, key: &str) -> Option<String> {
    match value {
        Value::String(text) if matches!(text.as_str(), "NaN" | "nan") && key != "name" => Some(key.to_owned()),
        Value::Array(items) => items.iter().find_map(|item| not_a_number(item, key)),
        Value::Object(fields) => fields.iter().find_map(|(key, value)| not_a_number(value, key)),
        _ => None,
    }
}
