mod language;
mod model;
mod order;
mod properties;
mod semantics;

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::*;
use crate::base::text::ParamValue;
use crate::base::time::Timestamp;

/// A record made of fields as filters write them.
#[derive(Debug, Default)]
struct Fields(BTreeMap<String, Value<'static>>);

impl Fields {
    fn with(mut self, field: &str, value: Value<'static>) -> Self {
        self.0.insert(field.into(), value);
        self
    }
}

impl Record for Fields {
    fn get(&self, entity: Entity, key: &str, aspect: Aspect) -> Option<Value<'_>> {
        let field = Field { entity, key: key.into(), aspect, guess: None };
        self.0.get(&field.to_string()).cloned()
    }
}

fn text(text: &'static str) -> Value<'static> {
    Value::Text(text.into())
}

fn param(value: impl Into<ParamValue>) -> Value<'static> {
    Value::Param(Cow::Owned(value.into()))
}

/// The message of a filter that is not in the language.
fn error(filter: &str) -> String {
    let error = parse(filter).expect_err(filter);
    assert_eq!(error.code(), crate::error::Code::InvalidArgument, "{error}");
    error.to_string()
}
