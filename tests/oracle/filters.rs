//! What MLflow takes as a filter or an order means the same here. `filters.py` recorded how MLflow understands it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use mlops_core::query::{Aspect, Expr, Field, Literal, parse, parse_order};
use serde_json::{Value, json};

const RECORDED: &str = include_str!("filters.json");

fn recorded(list: &str) -> Vec<(String, Value)> {
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    serde_json::from_value(recorded[list].clone()).unwrap()
}

/// Kind and key of a field, in MLflow's words. What its key means first is the key.
fn field(field: &Field) -> (Value, Value) {
    assert_eq!(field.meanings().next(), Some((field.key.as_str(), Aspect::Value)));
    let kind = match field.entity.as_str() {
        "params" => "parameter",
        plural => plural.trim_end_matches('s'),
    };
    (json!(kind), json!(field.key))
}

fn literal(literal: &Literal) -> Value {
    match literal {
        Literal::Number(number) => json!(number),
        Literal::Text(text) => json!(text),
        Literal::Time(_) | Literal::Now { .. } => panic!("MLflow has no {literal}"),
    }
}

/// The tests that AND joins, as MLflow lists them.
fn tests(expr: &Expr) -> Vec<Value> {
    let not = |negated: bool| if negated { "NOT " } else { "" };
    let (named, operator, value) = match expr {
        Expr::And(parts) => return parts.iter().flat_map(tests).collect(),
        Expr::Compare { field, comparison, value } => (field, comparison.as_str().to_owned(), literal(value)),
        Expr::Like { field, negated: false, ignore_case, pattern } => {
            (field, (if *ignore_case { "ILIKE" } else { "LIKE" }).to_owned(), json!(pattern))
        }
        Expr::In { field, negated, values } => {
            let values: Vec<Value> = values.iter().map(literal).collect();
            (field, format!("{}IN", not(*negated)), json!(values))
        }
        Expr::IsNull { field, negated } => (field, format!("IS {}NULL", not(*negated)), Value::Null),
        other => panic!("MLflow has no {other}"),
    };
    let (kind, key) = field(named);
    vec![json!([kind, key, operator, value])]
}

/// The one spelling of an attribute that has several.
fn canonical(mut read: Value) -> Value {
    if read[0] == "attribute" {
        let name = match read[1].as_str().unwrap() {
            "created" => "start_time",
            "run name" | "Run Name" => "run_name",
            other => other,
        };
        read[1] = json!(name);
    }
    read
}

#[test]
fn a_filter_of_mlflow_means_the_same() {
    for (filter, read) in recorded("filters") {
        let parsed = parse(&filter).unwrap_or_else(|e| panic!("{filter}: {e}"));
        let expected: Vec<Value> = read.as_array().unwrap().iter().cloned().map(canonical).collect();
        assert_eq!(tests(&parsed), expected, "{filter}");
    }
}

#[test]
fn an_order_of_mlflow_means_the_same() {
    for (order, read) in recorded("orders") {
        let keys = parse_order(std::slice::from_ref(&order)).unwrap_or_else(|e| panic!("{order}: {e}"));
        let (kind, key) = field(&keys[0].field);
        assert_eq!(json!([kind, key, !keys[0].descending]), canonical(read), "{order}");
    }
}
