//! What the registry guarantees beyond MLflow's calls: policies, approvals, gates, promotions, the log. Answers are JSON.

use std::collections::BTreeMap;

use mlops_core::registry::{
    By, Decision, Event, GateOptions, LocalRegistry, LogHead, ModelRegistry as _, PendingApproval, PolicyChanges,
    PolicyScope, PromoteOptions, SetPolicy, Stage, Tombstone, Verdict, parse_policies, parse_policy,
};
use mlops_core::{Error, Store as CoreStore, Timestamp};
use pyo3::prelude::*;
use serde_json::Value;

use crate::convert::{OwnedText, Text};
use crate::errors::detached;
use crate::store::Store;

/// The registry of a store, used by somebody for a reason.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Promotions {
    store: CoreStore,
    by: By,
}

#[expect(clippy::needless_pass_by_value, reason = "answers are made for it")]
fn json(value: Value) -> String {
    value.to_string()
}

fn all<T>(items: &[T], one: impl Fn(&T) -> Value) -> String {
    Value::Array(items.iter().map(one).collect()).to_string()
}

impl Promotions {
    fn inner(&self) -> LocalRegistry {
        self.store.registry().by(self.by.clone())
    }
}

#[pymethods]
impl Promotions {
    #[new]
    #[pyo3(signature = (store, *, actor=None, reason=None))]
    fn new(store: &Store, actor: Option<OwnedText>, reason: Option<OwnedText>) -> Self {
        let text = |given: Option<OwnedText>| given.map(|text| text.0);
        Self { store: store.core().clone(), by: By { actor: text(actor), reason: text(reason) } }
    }

    #[expect(clippy::too_many_arguments, reason = "arguments of a call in Python")]
    fn promote(
        &self,
        py: Python<'_>,
        name: Text<'_>,
        version: u64,
        to: Text<'_>,
        slot: OwnedText,
        expect: Option<u64>,
        archive_existing: bool,
        leave_empty: bool,
    ) -> PyResult<String> {
        detached(py, || {
            let options = PromoteOptions { to: to.parse()?, slot: slot.0, expect, archive_existing, leave_empty };
            Ok(json(self.inner().promote(&name, version, &options)?.to_json()))
        })
    }

    fn rollback(&self, py: Python<'_>, name: Text<'_>, slot: Text<'_>, to: Option<u64>) -> PyResult<String> {
        detached(py, || Ok(json(self.inner().rollback(&name, &slot, to)?.to_json())))
    }

    /// `decision` is requested, approved, rejected or withdrawn.
    fn say(&self, py: Python<'_>, decision: Text<'_>, name: Text<'_>, version: u64, to: Text<'_>) -> PyResult<String> {
        detached(py, || {
            let (registry, to) = (self.inner(), to.parse::<Stage>()?);
            let decisions = [Decision::Requested, Decision::Approved, Decision::Rejected];
            let said = match decisions.into_iter().find(|one| one.as_str() == &*decision) {
                Some(Decision::Requested) => registry.request_approval(&name, version, to),
                Some(Decision::Approved) => registry.approve(&name, version, to),
                Some(Decision::Rejected) => registry.reject(&name, version, to),
                _ => registry.withdraw(&name, version, to),
            };
            Ok(json(said?.to_json()))
        })
    }

    fn pending(&self, py: Python<'_>) -> PyResult<String> {
        detached(py, || Ok(all(&self.inner().pending()?, PendingApproval::to_json)))
    }

    fn status(&self, py: Python<'_>, name: Text<'_>, version: u64, to: Text<'_>, slot: Text<'_>) -> PyResult<String> {
        detached(py, || Ok(json(self.inner().status(&name, version, to.parse()?, &slot)?.to_json())))
    }

    /// What holds for a model and a stage.
    fn policy(&self, py: Python<'_>, name: Text<'_>, stage: Text<'_>) -> PyResult<String> {
        detached(py, || Ok(json(self.inner().policy(&name, stage.parse()?)?.to_json())))
    }

    /// All that were set, and the file that says the same.
    fn policies(&self, py: Python<'_>) -> PyResult<(String, String)> {
        detached(py, || {
            let registry = self.inner();
            Ok((all(&registry.policies()?, SetPolicy::to_json), registry.policies_as_toml()?))
        })
    }

    /// Sets the fields, JSON, of a model or the store; without fields it is taken away.
    fn set_policy(
        &self,
        py: Python<'_>,
        name: Option<OwnedText>,
        stage: Text<'_>,
        fields: Option<Text<'_>>,
    ) -> PyResult<()> {
        detached(py, || {
            let fields = fields.map(|text| parse_policy(&text));
            let scope = PolicyScope { model: name.map(|name| name.0), stage: stage.parse()? };
            self.inner().set_policies(&PolicyChanges::from([(scope, fields.transpose()?)]))
        })
    }

    /// Sets the policies of the text of a file.
    fn set_policies(&self, py: Python<'_>, text: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner().set_policies(&parse_policies(&text)?))
    }

    #[expect(clippy::too_many_arguments, reason = "arguments of a call in Python")]
    fn record_gate_result(
        &self,
        py: Python<'_>,
        name: Text<'_>,
        version: u64,
        gate: OwnedText,
        baseline: Option<u64>,
        verdict: Text<'_>,
        metrics: Vec<(OwnedText, f64)>,
        report: Option<OwnedText>,
        data: Option<OwnedText>,
        rules: Option<OwnedText>,
    ) -> PyResult<String> {
        detached(py, || {
            let options = GateOptions {
                gate: gate.0,
                baseline,
                verdict: verdict.parse::<Verdict>()?,
                metrics: metrics.into_iter().map(|(key, value)| (key.0, value)).collect::<BTreeMap<_, _>>(),
                report: report.map(|text| text.0),
                data: data.map(|text| text.0),
                rules: rules.map(|text| text.0),
            };
            Ok(json(self.inner().record_gate_result(&name, version, &options)?.to_json()))
        })
    }

    fn history(&self, py: Python<'_>, name: Text<'_>) -> PyResult<String> {
        detached(py, || Ok(all(&self.inner().history(&name)?, Event::to_json)))
    }

    /// At most `limit` events behind a number.
    fn events(&self, py: Python<'_>, after: u64, limit: usize) -> PyResult<String> {
        detached(py, || Ok(all(&self.inner().events(after, limit)?, Event::to_json)))
    }

    /// The version that was in a stage at a time, in microseconds; now if there is none.
    fn at(
        &self,
        py: Python<'_>,
        name: Text<'_>,
        stage: Text<'_>,
        slot: Text<'_>,
        time: Option<i64>,
    ) -> PyResult<Option<u64>> {
        let at = Timestamp::from_micros(time.unwrap_or(i64::MAX));
        detached(py, || self.inner().version_at(&name, stage.parse()?, &slot, at))
    }

    /// JSON, and the text for people.
    fn why(&self, py: Python<'_>, name: Text<'_>, version: u64) -> PyResult<(String, String)> {
        detached(py, || {
            let why = self.inner().why(&name, version)?;
            Ok((json(why.to_json()), why.to_text()))
        })
    }

    /// JSON, and Markdown.
    fn card(&self, py: Python<'_>, name: Text<'_>, version: u64) -> PyResult<(String, String)> {
        detached(py, || {
            let card = self.inner().card(&name, version)?;
            Ok((card.to_json().to_string(), card.to_markdown()))
        })
    }

    /// The manifest of a version, JSON.
    fn manifest(&self, py: Python<'_>, name: Text<'_>, version: u64) -> PyResult<String> {
        detached(py, || Ok(json(self.inner().version_manifest(&name, version)?.unwrap_or(Value::Null))))
    }

    fn head(&self, py: Python<'_>) -> PyResult<(u64, String)> {
        let head = detached(py, || self.inner().log_head())?;
        Ok((head.seq, head.hash.to_string()))
    }

    fn verify(&self, py: Python<'_>, head: Option<(u64, OwnedText)>) -> PyResult<(u64, String)> {
        let found = detached(py, || {
            let head = head.map(|(seq, hash)| Ok::<_, Error>(LogHead { seq, hash: hash.0.parse()? })).transpose()?;
            self.inner().verify_log(head)
        })?;
        Ok((found.seq, found.hash.to_string()))
    }

    /// What is left of the versions that were deleted.
    fn deleted_versions(&self, py: Python<'_>, name: Text<'_>) -> PyResult<String> {
        detached(py, || Ok(all(&self.inner().deleted_versions(&name)?, Tombstone::to_json)))
    }

    /// Deletes a version, or the model without one, whatever a policy protects.
    fn force_delete(&self, py: Python<'_>, name: Text<'_>, version: Option<u64>) -> PyResult<()> {
        detached(py, || match version {
            Some(version) => self.inner().force_delete_version(&name, version),
            None => self.inner().force_delete_model(&name),
        })
    }
}
