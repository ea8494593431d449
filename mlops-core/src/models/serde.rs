//! Models of Rust types: anything that serde can write as JSON and read back.

use ::serde::Serialize;
use ::serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::manifest::ModelManifest;
use super::saved::{SavedModel, SavedModelBuilder};
use crate::error::{Error, Result};

const DATA: &str = "model.json";
const FORMAT: &str = "serde_json";

impl SavedModelBuilder {
    /// Adds a model of a Rust type as the file `model.json`, and says under the name of `flavor` how it is loaded.
    ///
    /// # Errors
    /// `InvalidArgument` if the model does not come back from its JSON as it was: JSON has no NaN and no infinity.
    pub fn serde_model<T: Serialize + DeserializeOwned>(self, flavor: &str, model: &T) -> Result<Self> {
        let bytes = serde_json::to_vec(model).map_err(|e| lossy::<T>(&e.to_string()))?;
        let again: T = serde_json::from_slice(&bytes).map_err(|e| lossy::<T>(&e.to_string()))?;
        if serde_json::to_vec(&again).ok().as_ref() != Some(&bytes) {
            return Err(lossy::<T>("what is read differs from what was written"));
        }
        let how = json!({"data": DATA, "serialization_format": FORMAT, "model_type": type_name::<T>()});
        Ok(self.flavor(flavor, how).file(DATA, bytes))
    }
}

impl SavedModel {
    /// Saves a model of a Rust type: [`SavedModelBuilder::serde_model`] and nothing else.
    ///
    /// # Errors
    /// As [`SavedModelBuilder::serde_model`].
    pub fn of<T: Serialize + DeserializeOwned>(flavor: &str, model: &T) -> Result<Self> {
        Self::builder().serde_model(flavor, model)?.build()
    }
}

impl ModelManifest {
    /// The file and the type of the model that serde wrote.
    fn serde_flavor(&self) -> Option<(&str, &str)> {
        self.flavors.values().find_map(|flavor| {
            let text = |key| flavor.get(key).and_then(Value::as_str);
            (text("serialization_format") == Some(FORMAT)).then_some(())?;
            Some((text("data")?, text("model_type")?))
        })
    }

    /// Reads a model of a Rust type; `read` gives the verified bytes of a file of the model.
    ///
    /// # Errors
    /// `Unsupported` if no flavor was written by serde, `InvalidArgument` if it was another type, what `read` says.
    pub fn read_serde<T: DeserializeOwned>(&self, read: impl FnOnce(&str) -> Result<Vec<u8>>) -> Result<T> {
        let Some((data, saved)) = self.serde_flavor() else {
            let flavors = self.flavors.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let detail = format!("the model has the flavors {flavors}; none of them is a Rust type, load it in Python");
            return Err(Error::Unsupported { detail });
        };
        let asked = type_name::<T>();
        let other = |expected| Error::InvalidArgument { what: "type of model".into(), value: asked.into(), expected };
        if saved != asked {
            return Err(other(format!("{saved}, the type that was saved")));
        }
        let bytes = read(data)?;
        serde_json::from_slice(&bytes)
            .map_err(|e| other(format!("the parameters and the version of the saved type: {e}")))
    }
}

/// The name of a type without its path and its parameters, which differ between compilers.
fn type_name<T>() -> &'static str {
    let name = std::any::type_name::<T>();
    let bare = name.split('<').next().unwrap_or(name);
    bare.rsplit("::").next().unwrap_or(bare)
}

fn lossy<T>(why: &str) -> Error {
    Error::InvalidArgument {
        what: "model".into(),
        value: type_name::<T>().into(),
        expected: format!("a model that comes back from JSON; check it for NaN and infinity: {why}"),
    }
}
