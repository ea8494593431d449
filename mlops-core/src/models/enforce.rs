//! Does a table or a tensor fit a signature, and what has to be done to its columns so that it does?
//!
//! Pure functions over names and types: a binding says what it has, and does to its own data what the plan says.

use serde_json::Value;

use super::nested;
use super::signature::{ColumnSpec, TensorSpec};
use crate::error::{Error, Result};

/// A column that somebody wants a prediction for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenColumn {
    /// The name; of a table without names, the place as a text.
    pub name: String,
    /// numpy's name of the type: `int64`, `float32`, `bool`, `str`, `bytes`, `datetime64`, `object`...
    pub dtype: String,
    /// Is a value missing?
    pub has_missing: bool,
}

impl GivenColumn {
    /// A column without missing values.
    pub fn new(name: &str, dtype: &str) -> Self {
        Self { name: name.into(), dtype: dtype.into(), has_missing: false }
    }
}

/// What has to be done to get one column that the model takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnPlan {
    /// The place of the column among the given ones.
    pub source: usize,
    /// numpy's name of the type that it has to get; None: it stays as it is.
    pub cast: Option<String>,
    /// The cast is allowed only if no value is further from 0: all up to here are the same afterwards.
    pub largest: Option<u64>,
    /// The values are lists, objects or maps: each has to pass [`check_value`].
    pub nested: bool,
}

/// How a table is made what a model takes: the columns of the signature in its order, other columns left out, and types
/// widened where no value can change.
///
/// Without names in the signature the columns count by their place. A missing column that is optional is left out. Of
/// the types, integers and floats widen; integers become floats if no value changes by it; anything else is an error.
///
/// # Errors
/// `InvalidArgument`, which names all columns that are missing, or all whose type does not fit.
///
/// # Examples
/// ```
/// use mlops_core::models::{ColumnSpec, GivenColumn, enforce_columns};
/// let schema = [ColumnSpec::new("age", "double"), ColumnSpec::new("name", "string")];
/// let given = [GivenColumn::new("name", "str"), GivenColumn::new("id", "int64"), GivenColumn::new("age", "int32")];
/// let plan = enforce_columns(&schema, &given)?;
/// assert_eq!(plan.iter().map(|column| column.source).collect::<Vec<_>>(), [2, 0]);
/// assert_eq!(plan[0].cast.as_deref(), Some("float64"));
/// let error = enforce_columns(&schema, &given[..2]).unwrap_err().to_string();
/// assert!(error.contains("missing: age"), "{error}");
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn enforce_columns(schema: &[ColumnSpec], given: &[GivenColumn]) -> Result<Vec<ColumnPlan>> {
    let named = schema.iter().all(|column| column.name.is_some());
    if !named && given.len() < schema.len() {
        return Err(Error::InvalidArgument {
            what: "input of the model".into(),
            value: format!("{} columns", given.len()),
            expected: format!("{} columns, in the order of the signature, which has no names", schema.len()),
        });
    }
    let place = |(at, spec): (usize, &ColumnSpec)| match &spec.name {
        Some(name) if named => given.iter().position(|column| column.name == *name),
        _ => Some(at),
    };
    let sources: Vec<Option<usize>> = schema.iter().enumerate().map(place).collect();
    let missing = |(spec, source): &(&ColumnSpec, &Option<usize>)| source.is_none() && spec.required;
    let missing: Vec<_> =
        schema.iter().zip(&sources).filter(missing).filter_map(|(spec, _)| spec.name.clone()).collect();
    if !missing.is_empty() {
        let has = given.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Error::InvalidArgument {
            what: "input of the model".into(),
            value: shorten(&has),
            expected: format!("all columns of the signature; missing: {}", missing.join(", ")),
        });
    }
    let (mut plans, mut wrong) = (Vec::with_capacity(schema.len()), Vec::new());
    for (spec, source) in schema.iter().zip(sources) {
        let Some((source, column)) = source.and_then(|at| Some((at, given.get(at)?))) else { continue };
        match convert(&spec.kind, column) {
            Ok((cast, largest)) => {
                let nested = nested::is_nested(&spec.kind);
                plans.push(ColumnPlan { source, cast: cast.map(Into::into), largest, nested });
            }
            Err(why) => wrong.push(format!("`{}` is {} and has to be {}{why}", column.name, column.dtype, spec.kind)),
        }
    }
    if wrong.is_empty() {
        return Ok(plans);
    }
    Err(Error::InvalidArgument {
        what: "input of the model".into(),
        value: shorten(&wrong.join("; ")),
        expected: "the types of the signature; convert the columns before predicting".into(),
    })
}

/// The type that a column gets, None if it stays as it is, and how large its values may be.
type Conversion = (Option<&'static str>, Option<u64>);

/// What becomes of a column; or why it cannot have `kind`.
fn convert(kind: &str, column: &GivenColumn) -> std::result::Result<Conversion, &'static str> {
    let (family, bits) = family(&column.dtype);
    let dtype = column.dtype.as_str();
    let (target, width) = match kind {
        "boolean" if family == Family::Bool && column.has_missing => return Err(NULLABLE),
        "boolean" if matches!(family, Family::Bool | Family::Object) => return Ok((None, None)),
        "string" if matches!(family, Family::Text | Family::Object) => return Ok((None, None)),
        "binary" if matches!(family, Family::Bytes | Family::Object) => return Ok((None, None)),
        "datetime" if matches!(family, Family::Time | Family::Object) => return Ok((Some("datetime64[ns]"), None)),
        "integer" => ("int32", 32),
        "long" => ("int64", 64),
        "float" => ("float32", 32),
        "double" => ("float64", 64),
        other if nested::is_nested(other) => return Ok((None, None)),
        _ => return Err(""),
    };
    let float = target.starts_with('f');
    let fits = match family {
        _ if dtype == target && (float || !column.has_missing) => return Ok((None, None)),
        Family::Decimal if kind == "double" => return Ok((Some(target), None)),
        Family::Float if float => bits <= width,
        Family::Int if !float => bits <= width,
        Family::Unsigned if !float => bits < width,
        Family::Int | Family::Unsigned if float => {
            // What has fewer digits than the float's 24 or 53 always comes through; of the rest the values tell.
            let digits = if width == 64 { 53 } else { 24 };
            return Ok((Some(target), (bits > digits).then_some(1 << digits)));
        }
        Family::Float if column.has_missing => return Err(MISSING),
        _ => return Err(""),
    };
    match fits {
        // Nullable integers of pandas: numpy's have no place for what is missing.
        true if column.has_missing && !float => Err(NULLABLE),
        true => Ok((Some(target), None)),
        false => Err(""),
    }
}

const NULLABLE: &str = " (a value is missing, and that type has no place for it: fill it, or log the model \
    with a signature that was inferred from data with missing values)";
const MISSING: &str = " (integers with missing values are floats in Python: fill them, or log the model with a \
    signature that was inferred from data with missing values)";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Bool,
    Int,
    Unsigned,
    Float,
    Decimal,
    Text,
    Bytes,
    Time,
    Object,
    Other,
}

/// What kind of type a name is, and how many bits it has.
fn family(dtype: &str) -> (Family, u32) {
    let bits = |prefix: &str| dtype.strip_prefix(prefix).and_then(|rest| rest.parse().ok());
    match dtype {
        "bool" => (Family::Bool, 8),
        "str" => (Family::Text, 0),
        "bytes" => (Family::Bytes, 0),
        "decimal" => (Family::Decimal, 0),
        "object" => (Family::Object, 0),
        _ if dtype.starts_with("datetime64") => (Family::Time, 64),
        _ => [("int", Family::Int), ("uint", Family::Unsigned), ("float", Family::Float)]
            .iter()
            .find_map(|(prefix, family)| bits(prefix).map(|bits| (*family, bits)))
            .unwrap_or((Family::Other, 0)),
    }
}

/// Checks the type and the shape of a tensor against a signature. -1 in the signature stands for any size, and the type
/// `object` with the shape `[-1]` for anything.
///
/// # Errors
/// `InvalidArgument` if they differ.
pub fn check_tensor(spec: &TensorSpec, dtype: &str, shape: &[i64]) -> Result<()> {
    let ragged = dtype == "object" && shape.len() == 1 && spec.shape.iter().skip(1).any(|size| *size == -1);
    if ragged || (spec.dtype == "object" && spec.shape == [-1]) {
        return Ok(());
    }
    let same = |(expected, given): (&i64, &i64)| *expected == -1 || expected == given;
    if spec.dtype == dtype && spec.shape.len() == shape.len() && spec.shape.iter().zip(shape).all(same) {
        return Ok(());
    }
    let what = spec.name.as_ref().map_or_else(|| "tensor".into(), |name| format!("tensor `{name}`"));
    let expected = format!("{} of the shape {:?}, where -1 is any size", spec.dtype, spec.shape);
    Err(Error::InvalidArgument { what, value: format!("{dtype} of the shape {shape:?}"), expected })
}

/// Checks a value that is a list, an object or a map against the column of a signature.
///
/// # Errors
/// `InvalidArgument`, which says where in the value it does not fit.
pub fn check_value(spec: &ColumnSpec, value: &Value) -> Result<()> {
    let name = spec.name.as_deref().unwrap_or("value");
    nested::check(&spec.kind, &spec.more, spec.required, value, name)
}

/// At most 300 characters of a text for a message.
fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(300).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(kind: &str, dtype: &str, has_missing: bool) -> Option<(Option<String>, Option<u64>)> {
        let given = [GivenColumn { has_missing, ..GivenColumn::new("x", dtype) }];
        let plan = enforce_columns(&[ColumnSpec::new("x", kind)], &given).ok()?;
        plan.first().map(|column| (column.cast.clone(), column.largest))
    }

    #[test]
    fn numbers_widen_and_never_narrow() {
        let to = |cast: &str, largest| Some((Some(cast.to_owned()), largest));
        assert_eq!(one("long", "int32", false), to("int64", None));
        assert_eq!(one("long", "uint32", false), to("int64", None));
        assert_eq!(one("double", "float32", true), to("float64", None));
        assert_eq!(one("double", "int32", false), to("float64", None));
        assert_eq!(one("double", "int64", false), to("float64", Some(1 << 53)));
        assert_eq!(one("double", "float64", true), Some((None, None)));
        assert_eq!(one("float", "int32", false), to("float32", Some(1 << 24)));
        assert_eq!(one("long", "int64", true), None);
        for (kind, dtype) in [
            ("integer", "int64"),
            ("integer", "uint32"),
            ("long", "uint64"),
            ("long", "float32"),
            ("float", "float64"),
            ("double", "bool"),
            ("double", "str"),
            ("boolean", "int64"),
            ("string", "int64"),
            ("long", "datetime64[ns]"),
            ("datetime", "int64"),
        ] {
            assert_eq!(one(kind, dtype, false), None, "{dtype} for {kind}");
        }
    }

    #[test]
    fn missing_integers_say_what_to_do() {
        let given = [GivenColumn { has_missing: true, ..GivenColumn::new("age", "float64") }];
        let error = enforce_columns(&[ColumnSpec::new("age", "long")], &given).unwrap_err().to_string();
        assert!(error.contains("`age` is float64 and has to be long") && error.contains("fill them"), "{error}");
    }

    #[test]
    fn columns_without_names_count_by_their_place() {
        let schema = vec![ColumnSpec { name: None, ..ColumnSpec::new("", "double") }; 2];
        let given: Vec<_> = ["0", "1", "2"].map(|name| GivenColumn::new(name, "float64")).into();
        assert_eq!(enforce_columns(&schema, &given).unwrap().len(), 2);
        assert!(enforce_columns(&schema, &given[..1]).unwrap_err().to_string().contains("1 columns"));
    }

    #[test]
    fn an_optional_column_may_be_missing() {
        let schema = [ColumnSpec { required: false, ..ColumnSpec::new("a", "long") }, ColumnSpec::new("b", "long")];
        let plan = enforce_columns(&schema, &[GivenColumn::new("b", "int64")]).unwrap();
        assert_eq!(plan.len(), 1);
    }

    #[test]
    fn a_tensor_has_the_type_and_the_shape() {
        let spec = TensorSpec { name: None, dtype: "float32".into(), shape: vec![-1, 3] };
        check_tensor(&spec, "float32", &[7, 3]).unwrap();
        for (dtype, shape) in [("float64", vec![7, 3]), ("float32", vec![7, 4]), ("float32", vec![7])] {
            assert!(check_tensor(&spec, dtype, &shape).is_err(), "{dtype} {shape:?}");
        }
    }
}
