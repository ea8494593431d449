//! What may be said beside the input when predicting.

use serde_json::{Map, Value};

use super::nested;
use super::signature::ParamSpec;
use crate::error::{Error, Result};

/// The params of a prediction: those that are given, of the types of the signature, and the defaults of the rest.
///
/// Integers become floats where the signature has floats. Names that the signature has not are left out; the second
/// part of the answer lists them.
///
/// # Errors
/// `InvalidArgument`, which names the param, its value and its type.
///
/// # Examples
/// ```
/// use mlops_core::models::{ParamSpec, enforce_params};
/// use serde_json::json;
/// let schema = [ParamSpec { name: "temperature".into(), kind: "double".into(), default: json!(0.5), shape: None }];
/// let given = |value| serde_json::from_value(json!({"temperature": value, "top": 3})).unwrap();
/// let (params, ignored) = enforce_params(&schema, &given(json!(1)))?;
/// assert_eq!((params["temperature"].clone(), ignored), (json!(1.0), vec!["top".to_owned()]));
/// assert!(enforce_params(&schema, &given(json!("hot"))).is_err());
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn enforce_params(schema: &[ParamSpec], given: &Map<String, Value>) -> Result<(Map<String, Value>, Vec<String>)> {
    let known = |name: &&String| schema.iter().any(|spec| spec.name == **name);
    let ignored = given.keys().filter(|name| !known(name)).cloned().collect();
    let mut params = Map::new();
    for spec in schema {
        let value = match given.get(&spec.name) {
            Some(value) => enforce(spec, value)?,
            None => spec.default.clone(),
        };
        params.insert(spec.name.clone(), value);
    }
    Ok((params, ignored))
}

fn enforce(spec: &ParamSpec, value: &Value) -> Result<Value> {
    let expected = match &spec.shape {
        None => spec.kind.clone(),
        Some(_) => format!("a list of {}", spec.kind),
    };
    let wrong =
        || Error::InvalidArgument { what: format!("param `{}`", spec.name), value: value.to_string(), expected };
    match (&spec.shape, value) {
        (None, value) if nested::is_nested(&spec.kind) => Ok(value.clone()),
        (None, value) => scalar(&spec.kind, value).ok_or_else(wrong),
        (Some(_), Value::Array(items)) => {
            let items: Option<Vec<_>> = items.iter().map(|item| scalar(&spec.kind, item)).collect();
            items.map(Value::Array).ok_or_else(wrong)
        }
        (Some(_), _) => Err(wrong()),
    }
}

/// The value as one of the type; null stays null.
fn scalar(kind: &str, value: &Value) -> Option<Value> {
    if value.is_null() {
        return Some(Value::Null);
    }
    nested::scalar(kind, value).then_some(())?;
    match kind {
        "float" | "double" => value.as_f64().map(Value::from),
        _ => Some(value.clone()),
    }
}
