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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(kind: &str, default: Value, list: bool) -> ParamSpec {
        ParamSpec { name: "p".into(), kind: kind.into(), default, shape: list.then(|| vec![-1]) }
    }

    fn one(spec: &ParamSpec, given: &Value) -> Option<Value> {
        let given = serde_json::from_value(json!({ "p": given })).unwrap();
        enforce_params(std::slice::from_ref(spec), &given).ok().and_then(|(params, _)| params.get("p").cloned())
    }

    #[test]
    fn a_param_has_the_type_of_the_signature() {
        let number = spec("long", json!(1), false);
        assert_eq!(one(&number, &json!(2)), Some(json!(2)));
        assert_eq!(one(&number, &Value::Null), Some(Value::Null));
        for wrong in [json!(0.5), json!("2"), json!(true), json!([2])] {
            assert_eq!(one(&number, &wrong), None, "{wrong}");
        }
        let list = spec("double", json!([0.5]), true);
        assert_eq!(one(&list, &json!([1, 0.5])), Some(json!([1.0, 0.5])));
        assert_eq!(one(&list, &json!(["x"])), None);
        assert_eq!(one(&list, &json!(1)), None);
    }

    #[test]
    fn what_is_not_given_has_its_default() {
        let (params, ignored) = enforce_params(&[spec("string", json!("a"), false)], &Map::new()).unwrap();
        assert_eq!((params.get("p"), ignored.len()), (Some(&json!("a")), 0));
    }
}
