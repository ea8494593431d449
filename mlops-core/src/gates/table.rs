//! Predictions as a table of named columns, such as that of a file.

use std::collections::BTreeMap;
use std::path::Path;

use super::inputs::{Column, Costs, EXACT, GateInputs, Predicted, number_text, row_hash};
use crate::base::limits;
use crate::error::{Error, Result};

/// Columns of one length by name, from which a gate takes what it knows by name; all others are columns of the rows.
///
/// | column | what |
/// | --- | --- |
/// | `target` | what is true |
/// | `candidate`, `baseline` | predicted classes or numbers, or scores |
/// | `candidate_score`, `baseline_score` | scores of the positive class |
/// | `candidate_proba:<class>`, `baseline_proba:<class>` | probabilities of classes |
/// | `candidate_own:<name>`, `baseline_own:<name>` | values of the metric `own:<name>` |
/// | `id` | ids of the rows |
/// | `row_hash` | what the row is in the training data, such as a digest of its features |
///
/// ```
/// use mlops_core::gates::PredictionTable;
/// # fn main() -> mlops_core::Result<()> {
/// let table = PredictionTable::from_csv("id,target,candidate,baseline,country\n7,1,1,0,DE\n8,0,0,0,FR\n")?;
/// let inputs = table.into_inputs()?;
/// assert_eq!(inputs.ids, Some(vec!["7".to_owned(), "8".to_owned()]));
/// assert!(inputs.columns.contains_key("country"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PredictionTable {
    pub(super) columns: BTreeMap<String, Column>,
}

impl PredictionTable {
    /// Reads a file: Parquet if its name ends with `.parquet`, else CSV with a line of names.
    ///
    /// # Errors
    /// `NotFound`, `Io`; `InvalidArgument` with the line or column that cannot be read; `Unsupported` for Parquet where this
    /// build cannot read it.
    pub fn read(path: &Path) -> Result<Self> {
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet")) {
            #[cfg(feature = "files")]
            return super::parquet::read(path);
            #[cfg(not(feature = "files"))]
            return Err(Error::Unsupported {
                detail: format!("this build reads no Parquet: {}; write the predictions as CSV", path.display()),
            });
        }
        let bytes = std::fs::read(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Error::not_found("file", path.display().to_string()),
            _ => Error::io("read", path, e),
        })?;
        let text = String::from_utf8(bytes).map_err(|e| Error::InvalidArgument {
            what: "predictions".into(),
            value: path.display().to_string(),
            expected: format!("CSV in UTF-8, or a name that ends with .parquet ({e})"),
        })?;
        Self::from_csv(&text)
    }

    /// Adds a column; one of the name is replaced.
    pub fn with_column(mut self, name: &str, column: impl Into<Column>) -> Self {
        self.columns.insert(name.into(), column.into());
        self
    }

    /// What a gate looks at.
    ///
    /// # Errors
    /// `InvalidArgument` without a column `target` or one of the candidate, or for a column of numbers that has texts.
    pub fn into_inputs(mut self) -> Result<GateInputs> {
        let Some(targets) = self.columns.remove("target") else { return Err(self.lacks("target")) };
        limits::check(|| "the predictions".into(), targets.len(), limits::GATE_ROWS, "rows")?;
        let rows = targets.len();
        let candidate = self.model("candidate")?;
        let Some(candidate) = candidate else { return Err(self.lacks("candidate")) };
        let mut inputs = GateInputs::new(targets, candidate);
        inputs.baseline = self.model("baseline")?;
        inputs.ids = self.columns.remove("id").map(|column| (0..rows).map(|row| column.text(row)).collect());
        if let Some(hashes) = self.columns.remove("row_hash") {
            inputs.row_hashes = (0..rows).map(|row| row_hash(hashes.text(row).as_bytes())).collect();
        }
        for (name, values) in self.taken("candidate_own:") {
            inputs.own.entry(name.clone()).or_default().candidate = numbers(&format!("candidate_own:{name}"), values)?;
        }
        for (name, values) in self.taken("baseline_own:") {
            inputs.own.entry(name.clone()).or_default().baseline = numbers(&format!("baseline_own:{name}"), values)?;
        }
        inputs.columns = self.columns;
        Ok(inputs)
    }

    /// The latencies of candidate and baseline: columns of these names, in seconds.
    ///
    /// # Errors
    /// `InvalidArgument` without these columns, or with texts in them.
    pub fn into_latencies(mut self) -> Result<(Costs, Costs)> {
        let mut of = |name: &str| match self.columns.remove(name) {
            Some(column) => Ok(Costs { latencies: numbers(name, column)?, ..Costs::default() }),
            None => Err(self.lacks(name)),
        };
        Ok((of("candidate")?, of("baseline")?))
    }

    fn model(&mut self, of: &str) -> Result<Option<Predicted>> {
        let mut found = Predicted { values: self.columns.remove(of), ..Predicted::default() };
        let name = format!("{of}_score");
        found.scores = self.columns.remove(&name).map(|column| numbers(&name, column)).transpose()?;
        for (class, values) in self.taken(&format!("{of}_proba:")) {
            found.probabilities.insert(class.clone(), numbers(&format!("{of}_proba:{class}"), values)?);
        }
        let own = self.columns.keys().any(|name| name.starts_with(&format!("{of}_own:")));
        let is_there = found.values.is_some() || found.scores.is_some() || !found.probabilities.is_empty() || own;
        Ok(is_there.then_some(found))
    }

    /// Takes the columns whose names begin so, by the rest of their names.
    fn taken(&mut self, prefix: &str) -> Vec<(String, Column)> {
        let (taken, rest): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.columns).into_iter().partition(|(name, _)| name.starts_with(prefix));
        self.columns = rest;
        let named = |(name, column): (String, Column)| Some((name.strip_prefix(prefix)?.to_owned(), column));
        taken.into_iter().filter_map(named).collect()
    }

    fn lacks(&self, name: &str) -> Error {
        let there: Vec<_> = self.columns.keys().cloned().collect();
        Error::InvalidArgument {
            what: "columns of the predictions".into(),
            value: there.join(", ").chars().take(200).collect(),
            expected: format!("a column `{name}` among them"),
        }
    }
}

fn numbers(name: &str, column: Column) -> Result<Vec<f64>> {
    match column {
        Column::Numbers(values) => Ok(values),
        Column::Texts(texts) => {
            let bad = texts.iter().find(|text| text.parse::<f64>().is_err());
            Err(Error::InvalidArgument {
                what: format!("column `{name}` of the predictions"),
                value: bad.map_or_else(String::new, |text| text.chars().take(60).collect()),
                expected: "numbers".into(),
            })
        }
    }
}

/// A column of texts as numbers, if it is one. Those that a gate does not know by name are numbers only if that loses nothing
/// of how they are written: `007` is no 7.
pub(super) fn typed(name: &str, texts: Vec<String>) -> Column {
    let is_known = ["target", "candidate", "baseline"].contains(&name)
        || ["candidate_", "baseline_"].iter().any(|prefix| name.starts_with(prefix));
    if ["id", "row_hash"].contains(&name) || texts.iter().all(String::is_empty) {
        return Column::Texts(texts);
    }
    let read = |text: &String| -> Option<f64> {
        if text.is_empty() {
            return Some(f64::NAN);
        }
        let value: f64 = text.parse().ok()?;
        // More digits than a float holds: classes would be one that are two.
        let is_cut = value.abs() >= EXACT && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        (!is_cut && (is_known || (value.is_finite() && number_text(value) == *text))).then_some(value)
    };
    match texts.iter().map(read).collect() {
        Some(values) => Column::Numbers(values),
        None => Column::Texts(texts),
    }
}
