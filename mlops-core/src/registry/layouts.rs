//! How records were stored before: what is read of older stores, and never written. Fields stand in the order of the bytes.

use serde::Deserialize;

use super::types::{Stage, VersionInfo, VersionStatus};
use crate::base::digests::Digest;
use crate::base::stored;
use crate::base::time::Timestamp;
use crate::error::Result;

/// A version in format 1: without a manifest.
#[derive(Debug, Deserialize)]
struct VersionInfoV1 {
    description: Option<String>,
    source: String,
    run_id: Option<String>,
    run_link: Option<String>,
    model_id: Option<String>,
    status: VersionStatus,
    status_message: Option<String>,
    stage: Stage,
    created_by: String,
    digest: Option<Digest>,
    is_foreign: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<VersionInfoV1> for VersionInfo {
    fn from(first: VersionInfoV1) -> Self {
        let VersionInfoV1 { description, source, run_id, run_link, model_id, status, status_message, .. } = first;
        let VersionInfoV1 { stage, created_by, digest, is_foreign, created_at, updated_at, .. } = first;
        Self {
            description,
            source,
            run_id,
            run_link,
            model_id,
            status,
            status_message,
            stage,
            created_by,
            digest,
            is_foreign,
            created_at,
            updated_at,
            manifest: None,
            event: 0,
        }
    }
}

/// The bytes of a version's record.
pub(super) fn encode_version(info: &VersionInfo) -> Result<Vec<u8>> {
    stored::encode_second(info)
}

/// Reads a version's record.
pub(super) fn decode_version(bytes: &[u8]) -> Result<VersionInfo> {
    stored::decode_second::<VersionInfoV1, VersionInfo>("a version of a registered model", bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_of_the_first_format_is_read() {
        let told = ("of trees", "s3://x", Some("run"), None::<&str>, None::<&str>, VersionStatus::Ready, None::<&str>);
        let more = (
            Stage::Production,
            "ada",
            Some(Digest::of(b"files")),
            true,
            Timestamp::from_micros(5),
            Timestamp::from_micros(7),
        );
        let bytes = stored::encode(&(Some(told.0), told.1, told.2, told.3, told.4, told.5, told.6, more)).unwrap();
        let read = decode_version(&bytes).unwrap();
        assert_eq!((read.stage, read.created_by.as_str(), read.is_foreign), (Stage::Production, "ada", true));
        assert_eq!((read.manifest, read.event, read.run_id.as_deref()), (None, 0, Some("run")));
        assert_eq!(decode_version(&encode_version(&read).unwrap()).unwrap(), read);
        let newer = decode_version(&[3, 0]).unwrap_err();
        assert_eq!(newer.code(), crate::error::Code::NewerFormat);
    }
}
