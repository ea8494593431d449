//! The bytes of headers and frames.

use std::path::Path;

use uuid::Uuid;

use crate::base::limits;
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"mlopslog";
const VERSION: u16 = 1;
/// Bytes of a file's header.
pub const HEADER_BYTES: u64 = HEADER_LEN as u64;
/// The same, for arrays.
pub(super) const HEADER_LEN: usize = 40;
/// Bytes of a frame's header.
pub const FRAME_HEADER_BYTES: usize = 20;

/// What a log file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum LogKind {
    /// Commits of the journal.
    Journal = 1,
    /// A merged state of the journal.
    Checkpoint = 2,
    /// Records of one writing process.
    Spool = 3,
    /// Small blobs.
    Pack = 4,
}

/// The header of a log file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHeader {
    /// What the file is for.
    pub kind: LogKind,
    /// The store, writer or pack that it belongs to.
    pub owner: Uuid,
    /// The sequence number that its first frame has.
    pub first_seq: u64,
}

impl LogHeader {
    pub(super) fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        let mut put = |at: usize, part: &[u8]| {
            for (to, from) in bytes.iter_mut().skip(at).zip(part) {
                *to = *from;
            }
        };
        put(0, MAGIC);
        put(8, &VERSION.to_le_bytes());
        put(10, &(self.kind as u16).to_le_bytes());
        put(12, self.owner.as_bytes());
        put(28, &self.first_seq.to_le_bytes());
        let checksum = crc32fast::hash(bytes.get(..36).unwrap_or_default());
        for (to, from) in bytes.iter_mut().skip(36).zip(checksum.to_le_bytes()) {
            *to = from;
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8], kind: LogKind, path: &Path) -> Result<Self> {
        let damaged = |detail: &str| Error::corrupt(path, 0, format!("{detail}; run `mlops fsck`"));
        let mut fields = Fields(bytes);
        let (Some(magic), Some(version), Some(found_kind), Some(owner), Some(first_seq), Some(checksum)) = (
            fields.take::<8>(),
            fields.take::<2>(),
            fields.take::<2>(),
            fields.take::<16>(),
            fields.take::<8>(),
            fields.take::<4>(),
        ) else {
            return Err(damaged("the file header is cut short"));
        };
        if bytes.get(..36).map(crc32fast::hash) != Some(u32::from_le_bytes(checksum)) {
            return Err(damaged("the file header does not match its checksum"));
        }
        if &magic != MAGIC || u16::from_le_bytes(found_kind) != kind as u16 {
            return Err(damaged("the file is of another kind"));
        }
        let version = u16::from_le_bytes(version);
        if version > VERSION {
            return Err(Error::NewerFormat { path: path.into(), found: version.into(), known: VERSION.into() });
        }
        Ok(Self { kind, owner: Uuid::from_bytes(owner), first_seq: u64::from_le_bytes(first_seq) })
    }
}

/// A frame's header: the body's length, the sequence number, and the checksums of body and header.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameHeader {
    pub(super) len: u32,
    pub(super) seq: u64,
    pub(super) body_checksum: u32,
}

impl FrameHeader {
    pub(super) fn encode(self, into: &mut Vec<u8>) {
        let start = into.len();
        into.extend_from_slice(&self.len.to_le_bytes());
        into.extend_from_slice(&self.seq.to_le_bytes());
        into.extend_from_slice(&self.body_checksum.to_le_bytes());
        let checksum = crc32fast::hash(into.get(start..).unwrap_or_default());
        into.extend_from_slice(&checksum.to_le_bytes());
    }

    /// None if the header does not match its checksum or says a length over the limit.
    pub(super) fn decode(bytes: &[u8; FRAME_HEADER_BYTES]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let header = Self {
            len: u32::from_le_bytes(fields.take()?),
            seq: u64::from_le_bytes(fields.take()?),
            body_checksum: u32::from_le_bytes(fields.take()?),
        };
        let checksum = u32::from_le_bytes(fields.take()?);
        let matches = crc32fast::hash(bytes.get(..16)?) == checksum && header.len as usize <= limits::FRAME_BYTES;
        matches.then_some(header)
    }
}

/// How many bytes of a file a frame with a body of `body` bytes takes.
pub const fn frame_bytes(body: usize) -> u64 {
    (FRAME_HEADER_BYTES + body) as u64
}

/// Takes fixed-size fields off the front of some bytes.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }
}
