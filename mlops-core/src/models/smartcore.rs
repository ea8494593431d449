//! Models of smartcore, trained on its own matrices or on ndarray's.
//!
//! A fitted model of smartcore is a serde type: [`log_serde_model`](crate::workflows::log_serde_model) logs it under the
//! flavor [`FLAVOR`], [`load_serde_model`](crate::workflows::load_serde_model) brings it back, and its predictions are
//! the same bit for bit. ndarray's matrices are no serde types here: models that keep some of the input's type, such as
//! the linear ones, are trained on `DenseMatrix`.
//!
//! ```
//! use mlops_core::Store;
//! use mlops_core::models::SavedModel;
//! use mlops_core::models::smartcore::{FLAVOR, signature};
//! use mlops_core::runs::{RunOptions, RunStatus};
//! use mlops_core::workflows::{load_serde_model, log_model};
//! use smartcore::linalg::basic::matrix::DenseMatrix;
//! use smartcore::linear::ridge_regression::{RidgeRegression, RidgeRegressionParameters};
//!
//! type Ridge = RidgeRegression<f64, f64, DenseMatrix<f64>, Vec<f64>>;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let x = DenseMatrix::from_2d_array(&[&[1.0, 0.3], &[2.0, 0.1], &[3.0, 0.7], &[4.0, 0.2]])?;
//! let y = vec![1.1, 1.9, 3.2, 3.9];
//! let model: Ridge = RidgeRegression::fit(&x, &y, RidgeRegressionParameters::default().with_alpha(0.1))?;
//!
//! let store = Store::open("memory:")?;
//! let run = store.runs().start(RunOptions::default())?;
//! let saved = SavedModel::builder()
//!     .serde_model(FLAVOR, &model)?
//!     .signature(signature(&x, &["size", "age"], &y)?)
//!     .build()?;
//! log_model(&*run, "model", &saved)?;
//! run.end(RunStatus::Finished)?;
//!
//! let loaded: Ridge = load_serde_model(store.runs(), &format!("runs:/{}/model", run.id()))?;
//! assert_eq!(loaded.predict(&x)?, model.predict(&x)?);
//! # Ok(())
//! # }
//! ```

use smartcore::linalg::basic::arrays::Array;
use smartcore::numbers::basenum::Number;

use super::signature::{ColumnSpec, Schema, Signature, TensorSpec};
use crate::error::{Error, Result};

/// The name of the flavor.
pub const FLAVOR: &str = "smartcore";

/// The signature of a model that was trained on `x`, of shape (n rows, n features), and `y`: columns of these names, or
/// a tensor if `names` is empty; a prediction has one value a row, of the type of `y`. Takes matrices and vectors of smartcore and of ndarray.
///
/// # Errors
/// `InvalidArgument` if there are names, but not one for each column.
///
/// # Examples
/// ```
/// use mlops_core::models::smartcore::signature;
/// use ndarray::array;
///
/// let made = signature(&array![[1.0, 2.0], [3.0, 4.0]], &["size", "age"], &array![0.5, 0.6])?;
/// let json = serde_json::to_value(&made).unwrap();
/// assert_eq!(json["outputs"], r#"[{"tensor-spec":{"dtype":"float64","shape":[-1]},"type":"tensor"}]"#);
/// assert!(signature(&array![[1.0, 2.0]], &["size"], &array![0.5]).is_err());
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn signature<X: Number, Y: Number>(
    x: &impl Array<X, (usize, usize)>,
    names: &[&str],
    _y: &impl Array<Y, usize>,
) -> Result<Signature> {
    let (_, columns) = x.shape();
    let (dtype, kind) = kind_of::<X>();
    if !names.is_empty() && names.len() != columns {
        return Err(Error::InvalidArgument {
            what: "names of columns".into(),
            value: names.join(", "),
            expected: format!("{columns} names, one for each column, or none"),
        });
    }
    let inputs = if names.is_empty() {
        let columns = i64::try_from(columns).unwrap_or(i64::MAX);
        Schema::Tensors(vec![TensorSpec { name: None, dtype: dtype.into(), shape: vec![-1, columns] }])
    } else {
        Schema::Columns(names.iter().map(|name| ColumnSpec::new(name, kind)).collect())
    };
    let (dtype, _) = kind_of::<Y>();
    let outputs = Schema::Tensors(vec![TensorSpec { name: None, dtype: dtype.into(), shape: vec![-1] }]);
    Ok(Signature { inputs: Some(inputs), outputs: Some(outputs), params: None })
}

/// numpy's and MLflow's name of a type of numbers.
fn kind_of<T>() -> (&'static str, &'static str) {
    match std::any::type_name::<T>() {
        "f64" => ("float64", "double"),
        "f32" => ("float32", "float"),
        "i64" | "isize" => ("int64", "long"),
        "u64" | "usize" => ("uint64", "long"),
        "i32" => ("int32", "integer"),
        "u32" => ("uint32", "long"),
        "i16" => ("int16", "integer"),
        "u16" => ("uint16", "integer"),
        "i8" => ("int8", "integer"),
        "u8" => ("uint8", "integer"),
        // smartcore has no other numbers.
        _ => ("object", "double"),
    }
}
