//! Models of Rust types in and out of runs.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::log_model::log_model;
use super::model::load_model;
use crate::error::Result;
use crate::models::{ModelManifest, SavedModel};
use crate::runs::{Run, Runs};

/// Logs a model of any type that serde knows as the artifact folder `path` of a run, under the name `flavor`.
/// To add a signature or files, build a [`SavedModel`] and call [`log_model`].
///
/// # Errors
/// `InvalidArgument` if the model does not come back from JSON (NaN, infinity), and what [`log_model`] says.
///
/// # Examples
/// ```
/// use mlops_core::Store;
/// use mlops_core::runs::RunOptions;
/// use mlops_core::workflows::{load_serde_model, log_serde_model};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// struct Line {
///     slope: f64,
///     intercept: f64,
/// }
///
/// let store = Store::open("memory:")?;
/// let run = store.runs().start(RunOptions::default())?;
/// let model = Line { slope: 0.1 + 0.2, intercept: 1e-300 };
/// log_serde_model(&*run, "model", &model, "line")?;
/// let loaded: Line = load_serde_model(store.runs(), &format!("runs:/{}/model", run.id()))?;
/// assert_eq!(loaded, model);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn log_serde_model<T: Serialize + DeserializeOwned>(
    run: &dyn Run,
    path: &str,
    model: &T,
    flavor: &str,
) -> Result<ModelManifest> {
    log_model(run, path, &SavedModel::of(flavor, model)?)
}

/// Loads a model that serde wrote: verified, and of the type that was saved.
///
/// # Errors
/// What [`load_model`] says; `InvalidArgument` if another type was saved, `Unsupported` if no Rust type was.
pub fn load_serde_model<T: DeserializeOwned>(runs: &Runs, uri: &str) -> Result<T> {
    let model = load_model(runs, uri)?;
    model.manifest.read_serde(|path| model.read(path))
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::super::model::tests::memory;
    use super::*;
    use crate::error::Code;
    use crate::runs::{RunExt, RunOptions};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Line {
        slope: f64,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Other {
        slope: f64,
    }

    #[test]
    fn only_the_type_that_was_saved_comes_back() {
        let runs = memory();
        let run = runs.start(RunOptions::default()).unwrap();
        let uri = format!("runs:/{}/model", run.id());
        let model = Line { slope: f64::from_bits(0x3fb9_9999_9999_999b) };
        log_serde_model(&*run, "model", &model, "line").unwrap();
        assert_eq!(load_serde_model::<Line>(&runs, &uri).unwrap().slope.to_bits(), model.slope.to_bits());
        let error = load_serde_model::<Other>(&runs, &uri).unwrap_err();
        assert!(error.code() == Code::InvalidArgument && error.to_string().contains("expected Line"), "{error}");
    }

    #[test]
    fn a_model_that_json_cannot_hold_is_refused_and_nothing_is_logged() {
        let runs = memory();
        let run = runs.start(RunOptions::default()).unwrap();
        for slope in [f64::NAN, f64::INFINITY] {
            let error = log_serde_model(&*run, "model", &Line { slope }, "line").unwrap_err();
            assert!(error.code() == Code::InvalidArgument && error.to_string().contains("NaN"), "{error}");
        }
        assert!(runs.list_artifacts(run.id(), None).unwrap().is_empty());
    }

    #[test]
    fn a_model_of_another_language_says_where_to_load_it() {
        let runs = memory();
        let run = runs.start(RunOptions::default()).unwrap();
        let model = SavedModel::builder().flavor("sklearn", json!({})).file("model.pkl", "x").build().unwrap();
        log_model(&*run, "model", &model).unwrap();
        let uri = format!("runs:/{}/model", run.id());
        let error = load_serde_model::<Line>(&runs, &uri).unwrap_err();
        assert!(error.code() == Code::Unsupported && error.to_string().contains("sklearn"), "{error}");
        run.log_bytes("model/model.pkl", b"y").unwrap();
        assert_eq!(load_serde_model::<Line>(&runs, &uri).unwrap_err().code(), Code::Corrupt);
    }
}
