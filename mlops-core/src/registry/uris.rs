//! `models:/` URIs: which version, or which logged model, one names.

use std::str::FromStr;

use super::source::MODELS;
use super::store::LocalRegistry;
use super::types::{ModelVersion, Stage};
use super::{ModelRegistry, names};
use crate::error::{Error, Result};

/// What a `models:/` URI names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelUri {
    /// `models:/<logged model>`.
    LoggedModel(String),
    /// `models:/<name>/<number>`.
    Version {
        /// The name of the registered model.
        name: String,
        /// The number of the version.
        number: u64,
    },
    /// `models:/<name>@<alias>`.
    Alias {
        /// The name of the registered model.
        name: String,
        /// The alias.
        alias: String,
    },
    /// `models:/<name>/<stage>`: the latest version in a stage.
    Stage {
        /// The name of the registered model.
        name: String,
        /// The stage.
        stage: Stage,
    },
    /// `models:/<name>/latest`: the version with the highest number.
    Latest {
        /// The name of the registered model.
        name: String,
    },
}

impl FromStr for ModelUri {
    type Err = Error;

    fn from_str(uri: &str) -> Result<Self> {
        let refuse = |expected: String| Error::InvalidArgument {
            what: "model URI".into(),
            value: uri.escape_debug().take(300).collect(),
            expected,
        };
        let unreadable = || {
            refuse(
                "models:/<name>/<version>, models:/<name>/<stage>, models:/<name>/latest, models:/<name>@<alias> or \
                 models:/<logged model>"
                    .into(),
            )
        };
        // `models:` alone is MLflow's spelling of a path without an authority.
        let rest = uri.strip_prefix(MODELS.trim_end_matches('/')).ok_or_else(unreadable)?.trim_matches('/');
        if rest.is_empty() {
            return Err(unreadable());
        }
        let Some((name, which)) = rest.split_once('/') else {
            return match rest.split_once('@') {
                None => Ok(Self::LoggedModel(rest.into())),
                Some((name, alias)) if !name.is_empty() && !alias.is_empty() => {
                    Ok(Self::Alias { name: name.into(), alias: alias.into() })
                }
                Some(_) => Err(unreadable()),
            };
        };
        if name.is_empty() || which.is_empty() || which.contains('/') || rest.contains('@') {
            return Err(unreadable());
        }
        let name = name.to_owned();
        if which.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::Version { name, number: LocalRegistry::number_in(which)? });
        }
        if which.eq_ignore_ascii_case("latest") {
            return Ok(Self::Latest { name });
        }
        match which.parse() {
            Ok(stage) => Ok(Self::Stage { name, stage }),
            Err(_) => Err(refuse(format!(
                "a version, latest, None, Staging, Production or Archived; an alias is named by models:/{name}@{which}"
            ))),
        }
    }
}

impl LocalRegistry {
    /// The version that a `models:/` URI names now.
    ///
    /// # Errors
    /// `InvalidArgument` for what names no version, a logged model among it; `NotFound`, `Corrupt`, `Io`.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::Store;
    /// use mlops_core::registry::{ModelRegistry, VersionOptions};
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = Store::open("memory:")?;
    /// let registry = store.registry();
    /// registry.register("fraud", &VersionOptions { source: "s3://models/fraud".into(), ..VersionOptions::default() })?;
    /// registry.set_alias("fraud", "champion", 1)?;
    /// assert_eq!(registry.version_of_uri("models:/fraud@champion")?.version, 1);
    /// assert_eq!(registry.version_of_uri("models:/fraud/latest")?.version, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn version_of_uri(&self, uri: &str) -> Result<ModelVersion> {
        match uri.parse()? {
            ModelUri::Version { name, number } => self.get_version(&name, number),
            ModelUri::Alias { name, alias } => self.get_by_alias(&name, &alias),
            ModelUri::Stage { name, stage } => self.newest(&name, stage),
            ModelUri::Latest { name } => self.get_by_alias(&name, names::LATEST),
            ModelUri::LoggedModel(id) => Err(Error::InvalidArgument {
                what: "model URI".into(),
                value: uri.escape_debug().take(300).collect(),
                expected: format!("a version, such as models:/{id}/1; without it this is a logged model"),
            }),
        }
    }

    fn newest(&self, name: &str, stage: Stage) -> Result<ModelVersion> {
        names::model(name)?;
        let which = stage.as_str();
        let found = self.latest_versions(name, &[stage])?.pop();
        found.ok_or_else(|| Error::NotFound {
            what: "model version",
            id: format!("{name}/{which}"),
            hint: format!(": `{name}` has no version in `{which}`"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn a_uri_names_a_version_an_alias_a_stage_the_latest_or_a_logged_model() {
        let parse = |uri: &str| uri.parse::<ModelUri>().unwrap();
        let name = || "fraud".to_owned();
        assert_eq!(parse("models:/fraud/7"), ModelUri::Version { name: name(), number: 7 });
        assert_eq!(parse("models:fraud/7/"), ModelUri::Version { name: name(), number: 7 });
        assert_eq!(parse("models:/fraud@champion"), ModelUri::Alias { name: name(), alias: "champion".into() });
        assert_eq!(parse("models:/fraud/production"), ModelUri::Stage { name: name(), stage: Stage::Production });
        assert_eq!(parse("models:/fraud/Latest"), ModelUri::Latest { name: name() });
        assert_eq!(parse("models:/m-0a1b"), ModelUri::LoggedModel("m-0a1b".into()));
    }

    #[test]
    fn a_uri_that_names_nothing_says_what_would() {
        let bad = ["", "fraud/7", "models:/", "models:/@x", "models:/a@", "models:/a/b/c", "models:/a@b/1"];
        for bad in bad {
            let error = bad.parse::<ModelUri>().unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument, "{bad}");
        }
        let error = "models:/fraud/champion".parse::<ModelUri>().unwrap_err().to_string();
        assert!(error.contains("models:/fraud@champion"), "{error}");
        assert_eq!("models:/fraud/0".parse::<ModelUri>().unwrap_err().code(), Code::InvalidArgument);
    }
}
