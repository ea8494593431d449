//! Definitions as files of TOML that are read again.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Map, Value};

use super::definition::GateDefinition;
use crate::error::{Error, Result};

impl GateDefinition {
    /// Reads the file of a definition.
    ///
    /// # Errors
    /// `NotFound` for a file that there is not, `Io` for one that cannot be read or is no text; as
    /// [`from_toml`](Self::from_toml).
    ///
    /// # Examples
    /// ```
    /// use mlops_core::gates::{GateDefinition, MetricRule};
    /// # fn main() -> mlops_core::Result<()> {
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("gate.toml");
    /// let gate = GateDefinition::new("fraud-gate", MetricRule::new("accuracy")?.superior());
    /// std::fs::write(&path, gate.to_toml()).unwrap();
    /// assert_eq!(GateDefinition::read(&path)?.digest(), gate.digest());
    /// # Ok(())
    /// # }
    /// ```
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Error::not_found("file", path.display().to_string()),
            _ => Error::io("read", path, e),
        })?;
        Self::from_toml(&text)
    }

    /// The definition as a file that [`from_toml`](Self::from_toml) reads, with the defaults that hold.
    ///
    /// ```
    /// use mlops_core::gates::{GateDefinition, MetricRule};
    /// # fn main() -> mlops_core::Result<()> {
    /// let gate = GateDefinition::new("fraud-gate", MetricRule::new("accuracy")?.with_margin(0.005));
    /// assert_eq!(GateDefinition::from_toml(&gate.to_toml())?.digest(), gate.digest());
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_toml(&self) -> String {
        let document = self.to_json();
        let mut out = String::new();
        let Some(fields) = document.as_object() else { return out };
        let first = fields.iter().filter(|(key, _)| *key == "name");
        let rest = fields.iter().filter(|(key, value)| *key != "name" && !is_table(value));
        first.chain(rest).for_each(|(key, value)| line(&mut out, key, value));
        // In the order of the guide.
        for key in ["primary", "guardrails", "slices", "blocks", "fairness", "budgets"] {
            match fields.get(key) {
                Some(Value::Object(inner)) => table(&mut out, &format!("[{key}]"), inner),
                Some(Value::Array(items)) => {
                    items
                        .iter()
                        .filter_map(Value::as_object)
                        .for_each(|item| table(&mut out, &format!("[[{key}]]"), item));
                }
                _ => {}
            }
        }
        out
    }
}

fn is_table(value: &Value) -> bool {
    value.is_object() || value.as_array().is_some_and(|items| items.iter().any(Value::is_object))
}

fn table(out: &mut String, head: &str, fields: &Map<String, Value>) {
    let _ = writeln!(out, "\n{head}");
    let first = fields.iter().filter(|(key, _)| ["metric", "column", "columns"].contains(&key.as_str()));
    let rest = fields.iter().filter(|(key, _)| !["metric", "column", "columns"].contains(&key.as_str()));
    first.chain(rest).for_each(|(key, value)| line(out, key, value));
}

fn line(out: &mut String, key: &str, value: &Value) {
    let _ = writeln!(out, "{key} = {}", written(value));
}

/// Numbers, texts and lists of texts are written as in JSON, and a table within a line as TOML's.
fn written(value: &Value) -> String {
    let Some(fields) = value.as_object() else { return text(value) };
    let parts: Vec<_> = fields.iter().map(|(key, value)| format!("{key} = {}", text(value))).collect();
    format!("{{ {} }}", parts.join(", "))
}

/// A value as JSON, but for a character that TOML has to have escaped and JSON has not.
fn text(value: &Value) -> String {
    value.to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_can_be_asked_for_is_written_and_read_again() {
        let text = r#"
name = "a \"gate\" \u007f\\ ü"
alpha = 0.1
group = "user"
positive = "yes"
cutoff = 0.4
query = "q"
resamples = 999
on_inconclusive = "ask"
spend = "bonferroni"
spend_uses = 7
[primary]
metric = "roc_auc"
min_absolute_change = 1e-7
floor = -1e300
floor_on = "lb"
[[guardrails]]
metric = "own_loss:cost"
margin = 0.5
[[guardrails]]
metric = "f1"
mode = "superior"
[slices]
columns = ["a b", "c"]
margin = 1
[blocks]
order = "day"
horizon = 3
[[fairness]]
column = "sex"
measure = "worst_group"
floor = 0.5
[budgets]
latency_p99_ratio = { limit = 0.2, action = "warn" }
size_bytes = 1e9
"#;
        let read = |text: &str| GateDefinition::from_toml(text);
        // A name has no control characters: that of the text above is refused, the rest is as it is.
        assert!(read(text).is_err());
        let gate = read(&text.replace("\\u007f", "")).unwrap();
        let written = gate.to_toml();
        assert_eq!(read(&written).unwrap(), gate, "{written}");
        let odd = GateDefinition { group: Some("\u{7f}\"'\n\t\\".into()), ..gate };
        assert_eq!(read(&odd.to_toml()).unwrap(), odd);
    }
}
