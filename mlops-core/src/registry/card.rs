//! The card of a version: what it is for, what it was made of, how good it is, and who let it go where it is.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::approvals::ApprovalState;
use super::gate_results::GateResult;
use super::provenance::metric_json;
use super::store::LocalRegistry;
use super::types::{Stage, VersionInfo};
use crate::base::text::steers;
use crate::error::Result;

/// The tag of a version or a model that says what it is not good at.
pub const KNOWN_LIMITS: &str = "mlops.knownLimits";

/// A card of a version.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCard {
    json: Value,
}

impl LocalRegistry {
    /// The card of a version.
    ///
    /// # Errors
    /// `NotFound`, `Corrupt`, `Io`.
    pub fn card(&self, name: &str, number: u64) -> Result<ModelCard> {
        let model = self.record(name)?;
        let standing = self.status(name, number, Stage::Production, "")?;
        let manifest = self.manifest(&standing.version.info)?.unwrap_or(Value::Null);
        let part = |key: &str| field(&manifest, key).clone();
        let newest = standing.gates.last();
        let report = newest.map_or(Value::Null, |gate| field(&gate.to_json(), "report").clone());
        let slots: Map<String, Value> = self
            .slots(&model)?
            .into_iter()
            .filter(|(_, state)| state.production == Some(number))
            .map(|(slot, state)| (slot, state.to_json()))
            .collect();
        let tags = &standing.version.tags;
        let limits = match tags.get(KNOWN_LIMITS) {
            Some(limits) => Some(limits.clone()),
            None => self.tag_text(&super::keys::model_tag(model.number, KNOWN_LIMITS))?,
        };
        let mut json = standing.version.to_json();
        let more = json!({
            "slots": slots,
            "model_description": model.description,
            "intended_use": self.intended_use(&model, number)?,
            "known_limits": limits,
            "data": part("data"),
            "params": part("params"),
            "metrics": self.metrics_by_now(&standing.version.info, part("metrics"))?,
            "metrics_registered": part("metrics"),
            "signature": part("signature"),
            "evaluation": field(&report, "metrics"),
            "slices": field(&report, "slices"),
            "gate": newest.map(GateResult::to_json),
            "policy": standing.policy.to_json(),
            "approvals": standing.approvals.iter().map(ApprovalState::to_json).collect::<Vec<_>>(),
            "lineage": {
                "run": part("run"),
                "code": part("code"),
                "environment": part("environment"),
                "logged_model": part("logged_model"),
            },
        });
        if let (Some(fields), Value::Object(more)) = (json.as_object_mut(), more) {
            fields.extend(more);
        }
        Ok(ModelCard { json })
    }

    /// The metrics of a version: those of its manifest, and over them what its run has by now. Models are often registered
    /// where they are logged, before they are measured.
    fn metrics_by_now(&self, info: &VersionInfo, registered: Value) -> Result<Value> {
        let Some(run) = info.run_id.as_deref().map(|id| self.known_run(id)).transpose()?.flatten() else {
            return Ok(registered);
        };
        let mut metrics = if let Value::Object(metrics) = registered { metrics } else { Map::new() };
        metrics.extend(run.metrics.iter().map(metric_json));
        Ok(metrics.into())
    }
}

impl ModelCard {
    /// The card as JSON. The keys are always the same; what is not known is null.
    pub const fn to_json(&self) -> &Value {
        &self.json
    }

    /// The card as Markdown. What was stored stands there as text: no markup of it is.
    pub fn to_markdown(&self) -> String {
        let card = &self.json;
        let mut text = format!("# {} version {}\n", plain(&card["name"]), plain(&card["version"]));
        table(
            &mut text,
            "Identity",
            ["", ""],
            &self.rows(&["stage", "aliases", "digest", "manifest", "source", "created_by", "created_at"]),
        );
        section(&mut text, "Description", &[&card["description"], &card["model_description"]]);
        section(&mut text, "Intended use", &[&card["intended_use"]]);
        section(&mut text, "Known limits", &[&card["known_limits"]]);
        let data = objects(&card["data"], &["name", "digest", "context", "rows"]);
        wide(&mut text, "Training data", &["data set", "digest", "used for", "rows"], &data);
        metrics(&mut text, &card["metrics"], &card["metrics_registered"]);
        table(&mut text, "Evaluation", ["metric", "value"], &fields(&card["evaluation"]));
        slices(&mut text, &card["slices"]);
        table(&mut text, "Params", ["param", "value"], &fields(&card["params"]));
        if card["gate"].is_object() {
            let gate = ["gate", "verdict", "why", "baseline", "data", "at"];
            let rows: Vec<_> = gate.iter().map(|key| ((*key).to_owned(), plain(field(&card["gate"], key)))).collect();
            table(&mut text, "Gate", ["", ""], &rows);
        }
        let said = objects(&card["approvals"], &["decision", "target", "actor", "at", "reason", "void"]);
        wide(&mut text, "Approvals", &["decision", "for", "who", "when", "why", "void because"], &said);
        table(&mut text, "Lineage", ["", ""], &self.lineage());
        text
    }

    fn rows(&self, keys: &[&str]) -> Vec<(String, String)> {
        keys.iter().map(|key| ((*key).to_owned(), plain(field(&self.json, key)))).collect()
    }

    fn lineage(&self) -> Vec<(String, String)> {
        let rows = [
            ("run", "/lineage/run/id"),
            ("run of", "/lineage/run/user"),
            ("commit", "/lineage/code/commit"),
            ("changed since the commit", "/lineage/code/dirty"),
            ("entry point", "/lineage/code/entrypoint"),
            ("python", "/lineage/environment/python"),
            ("platform", "/lineage/environment/platform"),
            ("requirements", "/lineage/environment/requirements"),
            ("lock file", "/lineage/environment/lock/digest"),
        ];
        rows.iter()
            .map(|(name, at)| ((*name).to_owned(), plain(self.json.pointer(at).unwrap_or(&Value::Null))))
            .collect()
    }
}

/// The value of a key; null if there is none.
fn field<'a>(value: &'a Value, key: &str) -> &'a Value {
    value.get(key).unwrap_or(&Value::Null)
}

/// A value as text within a table of Markdown.
fn plain(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => return items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '[' | ']' | '#' => out.extend(['\\', c]),
            c if steers(c) => out.push(' '),
            other => out.push(other),
        }
        out
    })
}

fn fields(value: &Value) -> Vec<(String, String)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (plain(&key.as_str().into()), plain(value))).collect()
}

fn objects(value: &Value, keys: &[&str]) -> Vec<Vec<String>> {
    let rows = value.as_array().into_iter().flatten();
    rows.map(|row| keys.iter().map(|key| plain(field(row, key))).collect()).collect()
}

fn section(text: &mut String, title: &str, parts: &[&Value]) {
    let parts: Vec<_> = parts.iter().map(|part| plain(part)).filter(|part| !part.is_empty()).collect();
    if !parts.is_empty() {
        let _ = write!(text, "\n## {title}\n{}\n", parts.join("\n\n"));
    }
}

fn table(text: &mut String, title: &str, heads: [&str; 2], rows: &[(String, String)]) {
    let rows: Vec<_> = rows
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| vec![key.clone(), value.clone()])
        .collect();
    wide(text, title, &heads, &rows);
}

fn wide(text: &mut String, title: &str, heads: &[&str], rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(text, "\n## {title}\n| {} |\n|{}\n", heads.join(" | "), " --- |".repeat(heads.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
}

/// Metrics by now, and what they were when the version was registered where that was another value.
fn metrics(text: &mut String, now: &Value, registered: &Value) {
    let rows = fields(now).into_iter().map(|(name, value)| {
        let before = fields(registered).into_iter().find(|(before, _)| *before == name).map(|(_, value)| value);
        match before {
            Some(before) if before != value => (name, format!("{value} ({before} when it was registered)")),
            _ => (name, value),
        }
    });
    table(text, "Metrics", ["metric", "value"], &rows.collect::<Vec<_>>());
}

/// The slices of a report: a list of objects, whose keys are the columns.
fn slices(text: &mut String, value: &Value) {
    let mut keys: Vec<&str> = Vec::new();
    for key in value.as_array().into_iter().flatten().filter_map(Value::as_object).flat_map(Map::keys) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    let heads: Vec<_> = keys.iter().map(|key| plain(&Value::from(*key))).collect();
    wide(text, "Slices", &heads.iter().map(String::as_str).collect::<Vec<_>>(), &objects(value, &keys));
}
