//! Sweeps as JSON: how the other languages and the command define them and read what came out.
//!
//! A space is an object of params. A param is a list or `{"values": [...]}`, one of which is chosen; `{"min", "max"}` with
//! `"step"` and `"log"` if they are given, integers if the bounds and the step are written as integers (`"type": "float"`
//! says otherwise); `{"value": ...}` or a plain value, a constant. Numbers that JSON does not have are the texts `NaN`,
//! `Infinity` and `-Infinity`.

use serde_json::{Map, Value, json};

use super::options::SweepOptions;
use super::space::{Dimension, Space};
use super::stopping::EarlyStopping;
use super::store::Sweep;
use super::types::{Goal, Method, SweepInfo, SweepStatus, TrialData};
use crate::base::text::ParamValue;
use crate::error::{Error, Result};

/// How many trials must have ended before the median rule stops one, if nobody says.
const MIN_TRIALS: u64 = 5;
/// The first rung and the share that goes on, if nobody says.
const MIN_RESOURCE: i64 = 1;
const FACTOR: u32 = 3;

type Object = Map<String, Value>;

impl SweepOptions {
    /// Reads a definition: an object with `space`, `metric` and, where the default is not meant, `name`, `method` (`grid`,
    /// `random`, `given`), `suggested_by`, `goal` (`minimize`, `maximize`), `max_trials`, `seed`, `early_stopping`,
    /// `max_attempts`, `experiment_id`, `parent_run_id`. Early stopping is `none`, `median`, `halving`, or an object with
    /// `rule` and its numbers: `min_trials` (default 5) and `after` (0), or `min_resource` (1) and `factor` (3).
    ///
    /// ```
    /// use mlops_core::sweeps::SweepOptions;
    /// let options = SweepOptions::from_json(
    ///     r#"{"metric": "loss", "max_trials": 50, "early_stopping": {"rule": "median", "after": 10},
    ///         "space": {"rate": {"min": 1e-5, "max": 0.1, "log": true}, "depth": {"min": 1, "max": 8},
    ///                   "optimizer": ["sgd", "adam"], "epochs": 30}}"#,
    /// )
    /// .unwrap();
    /// assert_eq!(options.space.len(), 4);
    /// ```
    ///
    /// # Errors
    /// `InvalidArgument` that names what is not understood.
    pub fn from_json(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(|e| refuse("the sweep", text, &format!("JSON: {e}")))?;
        let mut object = into_object("the sweep", value)?;
        let mut options = Self {
            name: take_text(&mut object, "name")?,
            suggested_by: take_text(&mut object, "suggested_by")?,
            space: take(&mut object, "space").map_or_else(|| Ok(Space::new()), space)?,
            metric: take_text(&mut object, "metric")?
                .ok_or_else(|| refuse("metric of the sweep", "nothing", "the name of the metric that counts"))?,
            max_trials: take_number(&mut object, "max_trials")?,
            seed: take_number(&mut object, "seed")?,
            max_attempts: take_number(&mut object, "max_attempts")?,
            experiment_id: take_text(&mut object, "experiment_id")?,
            parent_run_id: take_text(&mut object, "parent_run_id")?,
            ..Self::default()
        };
        if let Some(method) = take(&mut object, "method") {
            options.method = Method::deserialize_word("method", &method, "`grid`, `random` or `given`")?;
        }
        if let Some(goal) = take(&mut object, "goal") {
            options.goal = Goal::deserialize_word("goal", &goal, "`minimize` or `maximize`")?;
        }
        if let Some(rule) = take(&mut object, "early_stopping") {
            options.early_stopping = early_stopping(rule)?;
        }
        nothing_left("the sweep", &object)?;
        Ok(options)
    }
}

/// A word that stands for a value of an enum.
trait Word: serde::de::DeserializeOwned {
    fn deserialize_word(what: &str, word: &Value, expected: &str) -> Result<Self> {
        serde_json::from_value(word.clone())
            .map_err(|_| refuse(&format!("{what} of the sweep"), &shown(word), expected))
    }
}
impl Word for Method {}
impl Word for Goal {}

/// Reads params by name: what [`Sweep::take_given`](super::Sweep::take_given) takes.
///
/// # Errors
/// `InvalidArgument` for what is no object of plain values.
pub fn params_from_json(text: &str) -> Result<std::collections::BTreeMap<String, ParamValue>> {
    let value: Value = serde_json::from_str(text).map_err(|e| refuse("params", text, &format!("JSON: {e}")))?;
    into_object("params", value)?.into_iter().map(|(name, value)| Ok((name.clone(), plain(&name, value)?))).collect()
}

fn space(value: Value) -> Result<Space> {
    let params = into_object("the space", value)?;
    params.into_iter().map(|(name, value)| Ok((name.clone(), dimension(&name, value)?))).collect()
}

fn dimension(name: &str, value: Value) -> Result<Dimension> {
    let values = |list: Vec<Value>| -> Result<Dimension> {
        Ok(Dimension::Choice(list.into_iter().map(|value| plain(name, value)).collect::<Result<_>>()?))
    };
    let what = format!("the space of param `{name}`");
    let mut object = match value {
        Value::Array(list) => return values(list),
        Value::Object(object) => object,
        constant => return Ok(Dimension::Constant(plain(name, constant)?)),
    };
    let whole = shown(&Value::Object(object.clone()));
    let wrong = || refuse(&what, &whole, "values, a value, or min and max with step and log");
    let found = match (take(&mut object, "values"), take(&mut object, "value"), object.contains_key("min")) {
        (Some(Value::Array(list)), None, false) => values(list)?,
        (None, Some(value), false) => Dimension::Constant(plain(name, value)?),
        (None, None, true) => range(&mut object).ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    nothing_left(&what, &object)?;
    Ok(found)
}

/// The range of an object with `min` and `max`; None if it is not understood.
fn range(object: &mut Object) -> Option<Dimension> {
    let (min, max) = (take(object, "min")?, take(object, "max")?);
    let step = take(object, "step");
    let log = take(object, "log").map_or(Some(false), |log| log.as_bool())?;
    let written_as_integers = min.is_i64() && max.is_i64() && step.as_ref().is_none_or(Value::is_i64);
    let is_int = match take(object, "type").as_ref().map(Value::as_str) {
        None => written_as_integers,
        Some(Some("int")) if written_as_integers => true,
        Some(Some("float")) => false,
        _ => return None,
    };
    if is_int {
        let step = step.map_or(Some(1), |step| step.as_i64())?;
        return Some(Dimension::Int { min: min.as_i64()?, max: max.as_i64()?, step, log });
    }
    let step = step.map(|step| step.as_f64().ok_or(())).transpose().ok()?;
    Some(Dimension::Float { min: min.as_f64()?, max: max.as_f64()?, step, log })
}

fn early_stopping(value: Value) -> Result<EarlyStopping> {
    let mut object = match value {
        Value::Object(object) => object,
        word => Map::from_iter([("rule".to_owned(), word)]),
    };
    let rule = take_text(&mut object, "rule")?;
    let found = match rule.as_deref() {
        None | Some("none") => EarlyStopping::None,
        Some("median") => EarlyStopping::Median {
            min_trials: take_number(&mut object, "min_trials")?.unwrap_or(MIN_TRIALS),
            after: take_number(&mut object, "after")?.unwrap_or(0),
        },
        Some("halving") => EarlyStopping::Halving {
            min_resource: take_number(&mut object, "min_resource")?.unwrap_or(MIN_RESOURCE),
            factor: take_number(&mut object, "factor")?.unwrap_or(FACTOR),
        },
        Some(other) => return Err(refuse("the rule of early stopping", other, "`none`, `median` or `halving`")),
    };
    nothing_left("early stopping", &object)?;
    Ok(found)
}

/// The value of a param.
fn plain(name: &str, value: Value) -> Result<ParamValue> {
    Ok(match value {
        Value::Null => ParamValue::None,
        Value::Bool(truth) => ParamValue::Bool(truth),
        Value::String(text) => ParamValue::Text(text),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(int), _) => ParamValue::Int(int),
            (None, Some(float)) if !number.is_u64() => ParamValue::Float(float),
            _ => return Err(refuse(&format!("param `{name}`"), &number.to_string(), "a number of 64 bits")),
        },
        other => {
            let expected = "a text, a number, true, false or null; name what is more than that";
            return Err(refuse(&format!("a value of param `{name}`"), &shown(&other), expected));
        }
    })
}

fn take(object: &mut Object, key: &str) -> Option<Value> {
    object.remove(key).filter(|value| !value.is_null())
}

fn take_text(object: &mut Object, key: &str) -> Result<Option<String>> {
    match take(object, key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(refuse(&format!("{key} of the sweep"), &shown(&other), "a text")),
    }
}

fn take_number<T: serde::de::DeserializeOwned>(object: &mut Object, key: &str) -> Result<Option<T>> {
    let refused = |value: &Value| refuse(&format!("{key} of the sweep"), &shown(value), "a whole number");
    take(object, key).map(|value| serde_json::from_value(value.clone()).map_err(|_| refused(&value))).transpose()
}

fn into_object(what: &str, value: Value) -> Result<Object> {
    match value {
        Value::Object(object) => Ok(object),
        other => Err(refuse(what, &shown(&other), "an object")),
    }
}

/// Refuses names that nobody reads: most are misspelt.
fn nothing_left(what: &str, object: &Object) -> Result<()> {
    match object.keys().next() {
        None => Ok(()),
        Some(key) => Err(refuse(what, key, "only the names that the documentation lists")),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 200 { text.chars().take(200).collect::<String>() + "..." } else { text }
}

fn refuse(what: &str, value: &str, expected: &str) -> Error {
    Error::InvalidArgument { what: what.into(), value: value.into(), expected: expected.into() }
}

fn number(value: f64) -> Value {
    let text = if value > 0.0 { "Infinity" } else { "-Infinity" };
    match () {
        () if value.is_finite() => value.into(),
        () if value.is_nan() => "NaN".into(),
        () => text.into(),
    }
}

fn param(value: &ParamValue) -> Value {
    match value {
        ParamValue::Text(text) => text.as_str().into(),
        ParamValue::Int(int) => (*int).into(),
        ParamValue::Float(float) => number(*float),
        ParamValue::Bool(truth) => (*truth).into(),
        ParamValue::None => Value::Null,
    }
}

/// Params as an object.
pub fn params_to_json(params: &std::collections::BTreeMap<String, ParamValue>) -> Value {
    Value::Object(params.iter().map(|(name, value)| (name.clone(), param(value))).collect())
}

fn dimension_out(dimension: &Dimension) -> Value {
    match dimension {
        Dimension::Choice(values) => json!({"values": values.iter().map(param).collect::<Vec<_>>()}),
        Dimension::Int { min, max, step, log } => {
            json!({"type": "int", "min": min, "max": max, "step": step, "log": log})
        }
        Dimension::Float { min, max, step, log } => {
            json!({"type": "float", "min": min, "max": max, "step": step, "log": log})
        }
        Dimension::Constant(value) => json!({"value": param(value)}),
    }
}

impl SweepInfo {
    /// The definition, with the names that [`SweepOptions::from_json`] reads; times are RFC 3339.
    pub fn to_json(&self) -> Value {
        let rule = match self.early_stopping {
            EarlyStopping::None => json!({"rule": "none"}),
            EarlyStopping::Median { min_trials, after } => {
                json!({"rule": "median", "min_trials": min_trials, "after": after})
            }
            EarlyStopping::Halving { min_resource, factor } => {
                json!({"rule": "halving", "min_resource": min_resource, "factor": factor})
            }
        };
        let space = self.space.iter().map(|(name, dimension)| (name.clone(), dimension_out(dimension)));
        json!({
            "name": self.name,
            "method": self.method,
            "suggested_by": self.suggested_by,
            "space": Value::Object(space.collect()),
            "metric": self.metric,
            "goal": self.goal,
            "max_trials": self.max_trials,
            "seed": self.seed,
            "early_stopping": rule,
            "max_attempts": self.max_attempts,
            "experiment_id": self.experiment_id,
            "parent_run_id": self.parent_run_id,
            "created_at": self.created_at.to_string(),
        })
    }
}

impl Sweep {
    /// The definition, with `status`: how many trials stand how.
    ///
    /// # Errors
    /// What reading the store gives: `Corrupt`, `Io`.
    pub fn to_json(&self) -> Result<Value> {
        let mut all = self.info.to_json();
        if let Value::Object(all) = &mut all {
            all.insert("status".into(), self.status()?.to_json());
        }
        Ok(all)
    }

    /// The same, with `trials`.
    ///
    /// # Errors
    /// As [`to_json`](Self::to_json).
    pub fn to_json_with_trials(&self) -> Result<Value> {
        let mut all = self.to_json()?;
        if let Value::Object(all) = &mut all {
            all.insert("trials".into(), self.trials()?.iter().map(TrialData::to_json).collect());
        }
        Ok(all)
    }
}

impl TrialData {
    /// The trial: `number`, `attempt`, `run_id`, `params`, `state`, `value` and `step` (null if there is none),
    /// `started_at` and `ended_at` (RFC 3339 or null).
    pub fn to_json(&self) -> Value {
        json!({
            "number": self.number,
            "attempt": self.attempt,
            "run_id": self.run_id,
            "params": params_to_json(&self.params),
            "state": self.state,
            "value": self.value.map(number),
            "step": self.step,
            "started_at": self.started_at.map(|at| at.to_string()),
            "ended_at": self.ended_at.map(|at| at.to_string()),
        })
    }
}

impl SweepStatus {
    /// The counts by name.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}
