//! What a gate asks for.

use std::path::Path;

use mlops_core::gates::GateDefinition;

use crate::args::{Handle, refuse};
use crate::boundary::export;
use crate::json;
use crate::text::{Text, mlops_buf, mlops_str};

/// What a gate asks for: it does not change. Freed with `mlops_gate_definition_free`.
#[derive(Debug)]
pub struct mlops_gate_definition {
    pub(crate) definition: GateDefinition,
    name: Text,
    digest: Text,
}

impl Handle for mlops_gate_definition {}

impl From<GateDefinition> for mlops_gate_definition {
    fn from(definition: GateDefinition) -> Self {
        let (name, digest) = (Text::new(&*definition.name), Text::new(definition.digest().to_string()));
        Self { definition, name, digest }
    }
}

export! {
    /// A definition from the text of a file of TOML, as the guide to the gate describes it. A key that there is not is
    /// `MLOPS_INVALID_ARGUMENT`, which names the nearest one.
    ///
    /// `*out` is freed with `mlops_gate_definition_free`. Threads: any. Since 0.1.
    pub fn mlops_gate_definition_from_toml(text: mlops_str, out: *mut *mut mlops_gate_definition) -> mlops_status {
        out.give(GateDefinition::from_toml(text)?.into());
        Ok(())
    }

    /// The same from the file at `path`.
    ///
    /// `*out` is freed with `mlops_gate_definition_free`. Threads: any. Since 0.1.
    pub fn mlops_gate_definition_read(path: mlops_str, out: *mut *mut mlops_gate_definition) -> mlops_status {
        if path.is_empty() {
            return Err(refuse("path", path, "the path of a file, such as `gate.toml`"));
        }
        out.give(GateDefinition::read(Path::new(path))?.into());
        Ok(())
    }

    /// The name of a gate, which a policy asks for by its field `gate`; empty for NULL.
    ///
    /// The text lives as long as the definition. Threads: any. Since 0.1.
    pub fn mlops_gate_definition_name(definition: *const mlops_gate_definition) -> mlops_str {
        definition.map_or(mlops_str::EMPTY, |definition| definition.name.view())
    }

    /// The digest of what is asked, the same however it is written down, which a policy asks for by its field `gate_rules`;
    /// empty for NULL.
    ///
    /// The text lives as long as the definition. Threads: any. Since 0.1.
    pub fn mlops_gate_definition_digest(definition: *const mlops_gate_definition) -> mlops_str {
        definition.map_or(mlops_str::EMPTY, |definition| definition.digest.view())
    }

    /// What is asked as JSON, with the keys of the file and the defaults that hold.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_gate_definition_json(definition: *const mlops_gate_definition, out: *mut mlops_buf) -> mlops_status {
        out.set(json::text(&definition.definition.to_json())?.into());
        Ok(())
    }

    /// Frees a definition. NULL is fine.
    ///
    /// Threads: any, but nobody may use the definition any more. Since 0.1.
    pub fn mlops_gate_definition_free(definition: *mut mlops_gate_definition) {
        drop(definition);
    }
}
