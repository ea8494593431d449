//! One text for one JSON value: the form that digests are made of.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use crate::base::digests::Digest;

/// A value whose objects are written with sorted keys, also where a dependency makes `serde_json` keep their order.
struct Sorted<'a>(&'a Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(object) => {
                let sorted: BTreeMap<_, _> = object.iter().collect();
                let mut map = serializer.serialize_map(Some(sorted.len()))?;
                for (key, value) in sorted {
                    map.serialize_entry(key, &Sorted(value))?;
                }
                map.end()
            }
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Sorted(item))?;
                }
                list.end()
            }
            leaf => leaf.serialize(serializer),
        }
    }
}

/// The value on one line, without spaces.
fn line(value: &Value) -> String {
    serde_json::to_string(&Sorted(value)).expect("a JSON value has text keys")
}

/// The value for people: a key a line.
pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(&Sorted(value)).expect("a JSON value has text keys") + "\n"
}

/// The digest of the one line that stands for the value.
pub(super) fn digest(value: &Value) -> Digest {
    Digest::of(line(value).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value: Value = serde_json::from_str(r#"{"b": [{"d": 1, "c": 0.5}], "a": null}"#).unwrap();
        assert_eq!(line(&value), r#"{"a":null,"b":[{"c":0.5,"d":1}]}"#);
    }
}
