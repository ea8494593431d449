//! The same where descriptors cannot be led elsewhere by this version.

use std::sync::Arc;

use super::chunks::Recorder;
use crate::error::{Error, Result};

pub(super) fn attach(_: &Arc<Recorder>) -> Result<()> {
    let detail =
        "this version captures descriptors on Unix only; capture what your program writes, without descriptors";
    Err(Error::Unsupported { detail: detail.into() })
}

pub(super) fn settle() {}

pub(super) fn detach(_: &Arc<Recorder>) {}
