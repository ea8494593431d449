//! Values inside columns: lists, objects and maps of a signature.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// Is it a type whose values have parts?
pub(super) fn is_nested(kind: &str) -> bool {
    matches!(kind, "array" | "object" | "map" | "any")
}

/// Checks a value against a type and what else the signature says of it; `at` is its place, for the message.
pub(super) fn check(kind: &str, more: &Map<String, Value>, required: bool, value: &Value, at: &str) -> Result<()> {
    let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty) || *value == Value::Object(Map::new());
    if kind == "any" || (!required && empty) {
        return Ok(());
    }
    let wrong = |expected: String| {
        Err(Error::InvalidArgument { what: format!("value of `{at}`"), value: value.to_string(), expected })
    };
    match (kind, value) {
        ("array", Value::Array(items)) => items
            .iter()
            .enumerate()
            .try_for_each(|(n, item)| part(more.get("items"), required, item, &format!("{at}[{n}]"))),
        ("map", Value::Object(entries)) => {
            entries.iter().try_for_each(|(key, item)| part(more.get("values"), required, item, &format!("{at}.{key}")))
        }
        ("object", Value::Object(entries)) => object(more, entries, at),
        ("array", _) => wrong("a list".into()),
        ("map" | "object", _) => wrong("a dictionary with texts as keys".into()),
        _ if scalar(kind, value) => Ok(()),
        _ => wrong(format!("a value of the type {kind}")),
    }
}

/// Checks a value against the JSON of its type.
fn part(spec: Option<&Value>, required: bool, value: &Value, at: &str) -> Result<()> {
    let Some(Value::Object(spec)) = spec else { return Ok(()) };
    let kind = spec.get("type").and_then(Value::as_str).unwrap_or("any");
    check(kind, spec, spec.get("required").and_then(Value::as_bool).unwrap_or(required), value, at)
}

fn object(more: &Map<String, Value>, entries: &Map<String, Value>, at: &str) -> Result<()> {
    let none = Map::new();
    let properties = more.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let is_required = |spec: &Value| spec.get("required").and_then(Value::as_bool).unwrap_or(true);
    let wrong = |name: &str, expected: &str| {
        Err(Error::InvalidArgument {
            what: format!("value of `{at}`"),
            value: Value::Object(entries.clone()).to_string(),
            expected: format!("{expected} `{name}`"),
        })
    };
    for (name, spec) in properties {
        match entries.get(name) {
            Some(value) => part(Some(spec), is_required(spec), value, &format!("{at}.{name}"))?,
            None if is_required(spec) => return wrong(name, "an object with the key"),
            None => {}
        }
    }
    match entries.keys().find(|key| !properties.contains_key(*key)) {
        Some(name) => wrong(name, "an object without the key"),
        None => Ok(()),
    }
}

/// Can the value be one of the type? Times are texts in JSON, and so are bytes.
pub(super) fn scalar(kind: &str, value: &Value) -> bool {
    match kind {
        "boolean" => value.is_boolean(),
        "integer" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "long" => value.is_i64(),
        "float" | "double" => value.is_number(),
        "string" | "binary" | "datetime" => value.is_string(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_checked_down_to_its_parts() {
        let spec = json!({"type": "object", "properties": {
            "ids": {"type": "array", "items": {"type": "long"}, "required": true},
            "note": {"type": "string", "required": false},
            "scores": {"type": "map", "values": {"type": "double"}, "required": true},
        }});
        let check = |value: Value| part(Some(&spec), true, &value, "row");
        check(json!({"ids": [1, 2], "scores": {"a": 0.5, "b": 1}})).unwrap();
        check(json!({"ids": [], "scores": {}, "note": null})).unwrap();
        for (value, place) in [
            (json!({"ids": [1, 2.5], "scores": {}}), "row.ids[1]"),
            (json!({"ids": "1", "scores": {}}), "row.ids"),
            (json!({"ids": [], "scores": {"a": "x"}}), "row.scores.a"),
            (json!({"ids": []}), "scores"),
            (json!({"ids": [], "scores": {}, "more": 1}), "more"),
            (json!([1]), "row"),
        ] {
            let error = check(value).unwrap_err().to_string();
            assert!(error.contains(place), "{error}");
        }
    }
}
