//! Data sets as inputs of a run.

use mlops_core::Result;
use mlops_core::runs::DatasetInput;

use crate::args::{Versioned, slice};
use crate::boundary::export;
use crate::runs::mlops_run;
use crate::sized::{check_reserved, sized_input};
use crate::store::durability;
use crate::text::{mlops_str, mlops_tag, tags};

/// A data set that a run has as an input. Begin with `MLOPS_DATASET_INPUT_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_dataset_input {
    /// The size of this struct.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// The name: 1 to 500 bytes.
    pub name: mlops_str,
    /// A digest of the content: 1 to 500 bytes. Of one name, digest and context a run keeps the first.
    pub digest: mlops_str,
    /// What kind of source it is, such as `local` or `http`: 1 to 500 bytes.
    pub source_type: mlops_str,
    /// Where the data comes from, as JSON: `{"uri": "data/train.csv"}`.
    pub source: mlops_str,
    /// Columns and types, as JSON; empty: not known.
    pub schema: mlops_str,
    /// Statistics such as the number of rows, as JSON; empty: not known.
    pub profile: mlops_str,
    /// What the data was used for, such as `training`; empty: not told. It is the tag `mlflow.data.context`.
    pub context: mlops_str,
    /// Tags; of the same key twice the later wins.
    pub tags: *const mlops_tag,
    /// How many tags.
    pub tags_count: usize,
    /// When the input is acknowledged: `MLOPS_DURABILITY_DEFAULT` as the store was opened, `MLOPS_DURABILITY_FAST` or
    /// `MLOPS_DURABILITY_FULL`.
    pub durability: i64,
}

impl Versioned for mlops_dataset_input {
    const DEFAULT: Self = Self {
        struct_size: 0,
        reserved: 0,
        name: mlops_str::EMPTY,
        digest: mlops_str::EMPTY,
        source_type: mlops_str::EMPTY,
        source: mlops_str::EMPTY,
        schema: mlops_str::EMPTY,
        profile: mlops_str::EMPTY,
        context: mlops_str::EMPTY,
        tags: std::ptr::null(),
        tags_count: 0,
        durability: 0,
    };
}
sized_input!(mlops_dataset_input);

impl mlops_dataset_input {
    unsafe fn read(&self) -> Result<DatasetInput> {
        check_reserved("input", self.reserved)?;
        // SAFETY: as the caller's.
        let (input, context) = unsafe {
            let input = DatasetInput {
                name: self.name.text("input.name")?.to_owned(),
                digest: self.digest.text("input.digest")?.to_owned(),
                source_type: self.source_type.text("input.source_type")?.to_owned(),
                source: self.source.text("input.source")?.to_owned(),
                schema: self.schema.given("input.schema")?,
                profile: self.profile.given("input.profile")?,
                tags: tags(slice(self.tags, self.tags_count, "input.tags")?, "tag")?.into_iter().collect(),
            };
            (input, self.context.given("input.context")?)
        };
        Ok(match context {
            Some(context) => input.with_context(&context),
            None => input,
        })
    }
}

export! {
    /// Logs a data set as an input of the run; one of a name, digest and context that the run has already changes nothing.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_log_input(run: *const mlops_run, input: *const mlops_dataset_input) -> mlops_status {
        // SAFETY: the caller keeps the contract: tags and texts live for this call.
        let content = [unsafe { input.read() }?];
        match durability("input.durability", input.durability)? {
            Some(durability) => run.run.with_durability(durability).log_inputs(&content),
            None => run.run.log_inputs(&content),
        }
    }
}
