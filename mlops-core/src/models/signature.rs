//! What goes into a model and what comes out, in MLflow's JSON.

use serde::de::Error as DeError;
use serde::ser::Error as SerError;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// Inputs, outputs and params of a model.
///
/// As MLflow has it, each part is a JSON text inside the JSON.
///
/// ```
/// use mlops_core::models::{ColumnSpec, Schema, Signature};
/// let signature = Signature { inputs: Some(Schema::Columns(vec![ColumnSpec::new("age", "double")])), ..Signature::default() };
/// let json = serde_json::to_value(&signature).unwrap();
/// assert_eq!(json["inputs"], r#"[{"name":"age","required":true,"type":"double"}]"#);
/// assert_eq!(serde_json::from_value::<Signature>(json).unwrap(), signature);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signature {
    /// What goes in.
    #[serde(default, with = "text")]
    pub inputs: Option<Schema>,
    /// What comes out.
    #[serde(default, with = "text")]
    pub outputs: Option<Schema>,
    /// What may be said beside the input when predicting.
    #[serde(default, with = "text")]
    pub params: Option<Vec<ParamSpec>>,
}

/// The form of a table or of tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Schema {
    /// Tensors; more than one only with names.
    Tensors(Vec<TensorSpec>),
    /// Columns of a table.
    Columns(Vec<ColumnSpec>),
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnSpec {
    /// The name; None for the only column of something without names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `boolean`, `integer`, `long`, `float`, `double`, `string`, `binary`, `datetime`, `array`, `object` or `map`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Must it be there? Default true.
    #[serde(default = "yes")]
    pub required: bool,
    /// What else MLflow says of an array, object or map: `items`, `properties`, `values`.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl ColumnSpec {
    /// A required column with a name and one of MLflow's types.
    pub fn new(name: &str, kind: &str) -> Self {
        Self { name: Some(name.into()), kind: kind.into(), required: true, more: Map::new() }
    }
}

/// One tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "TensorJson", into = "TensorJson")]
pub struct TensorSpec {
    /// The name, if there is more than one.
    pub name: Option<String>,
    /// numpy's name of the type: `float64`...
    pub dtype: String,
    /// The shape; -1: any.
    pub shape: Vec<i64>,
}

/// MLflow's form of a tensor.
#[derive(Clone, Serialize, Deserialize)]
struct TensorJson {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "tensor-spec")]
    spec: TensorShape,
}

#[derive(Clone, Serialize, Deserialize)]
struct TensorShape {
    dtype: String,
    shape: Vec<i64>,
}

impl TryFrom<TensorJson> for TensorSpec {
    type Error = String;

    fn try_from(json: TensorJson) -> Result<Self, String> {
        if json.kind != "tensor" {
            return Err(format!("a tensor has the type `tensor`, not `{}`", json.kind));
        }
        Ok(Self { name: json.name, dtype: json.spec.dtype, shape: json.spec.shape })
    }
}

impl From<TensorSpec> for TensorJson {
    fn from(spec: TensorSpec) -> Self {
        let TensorSpec { name, dtype, shape } = spec;
        Self { kind: "tensor".into(), name, spec: TensorShape { dtype, shape } }
    }
}

/// One param of a prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParamSpec {
    /// The name.
    pub name: String,
    /// The type, as of a column.
    #[serde(rename = "type")]
    pub kind: String,
    /// The value where none is given.
    #[serde(default)]
    pub default: Value,
    /// `[-1]` for a list, None for one value.
    #[serde(default)]
    pub shape: Option<Vec<i64>>,
}

const fn yes() -> bool {
    true
}

/// JSON as a text inside JSON.
mod text {
    use serde::de::DeserializeOwned;

    use super::{DeError, SerError};
    use super::{Deserialize, Deserializer, Serialize, Serializer, Value};

    #[expect(clippy::ref_option, reason = "the form that serde's `with` asks for")]
    pub(super) fn serialize<T: Serialize, S: Serializer>(part: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        // By way of a value: its keys are sorted.
        let text = part.as_ref().map(|part| serde_json::to_value(part).map(|value| value.to_string())).transpose();
        text.map_err(SerError::custom)?.serialize(to)
    }

    pub(super) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        let value: Option<Value> = text.map(|text| serde_json::from_str(&text)).transpose().map_err(DeError::custom)?;
        value.map(serde_json::from_value).transpose().map_err(DeError::custom)
    }
}
