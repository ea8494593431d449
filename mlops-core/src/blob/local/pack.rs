//! The bytes of packs: frames of small blobs, and the footer that indexes them. `docs/FORMAT.md` has the layout.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::objects::absent_is_none;
use crate::base::digests::Digest;
use crate::base::files::Files;
use crate::error::{Error, Result};
use crate::log::{FRAME_HEADER_BYTES, LogHeader, LogKind, LogReader, TRAILER_BYTES, Tail, Trailer};

/// A pack that has grown to this many bytes is closed.
pub(super) const PACK_BYTES: u64 = 64 << 20;
/// The number of a pack's first frame.
pub(super) const FIRST_SEQ: u64 = 1;
/// Bytes before the blob in the body of its frame.
pub(super) const DIGEST_BYTES: usize = 32;

/// Stands in a footer where other frames have a digest.
const FOOTER_MARK: &[u8; DIGEST_BYTES] = b"mlops: footer of a pack, form 1\n";
const ENTRY_BYTES: usize = DIGEST_BYTES + 8;

/// Where a pack has a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) digest: Digest,
    /// Where its frame begins in the file.
    pub(super) offset: u32,
    /// The blob's size in bytes.
    pub(super) size: u32,
}

impl Entry {
    /// Where the blob's bytes begin in the file.
    pub(super) fn content(offset: u32) -> u64 {
        u64::from(offset) + (FRAME_HEADER_BYTES + DIGEST_BYTES) as u64
    }

    /// None beyond the 4 GiB that a pack never reaches.
    pub(super) fn new(digest: Digest, offset: u64, size: usize) -> Option<Self> {
        Some(Self { digest, offset: offset.try_into().ok()?, size: size.try_into().ok()? })
    }
}

pub(super) fn pack_path(folder: &Path, id: Uuid) -> PathBuf {
    folder.join(format!("{}.pack", id.simple()))
}

/// The id in a pack's file name; None if it is no such name.
pub(super) fn pack_id(path: &Path) -> Option<Uuid> {
    let name = path.file_name()?.to_str()?.strip_suffix(".pack")?;
    Uuid::parse_str(name).ok().filter(|id| id.simple().to_string() == name)
}

pub(super) fn pack_header(id: Uuid) -> LogHeader {
    LogHeader { kind: LogKind::Pack, owner: id, first_seq: FIRST_SEQ }
}

/// The body of the footer's frame, which will have this offset and number. Of a blob that the pack has twice, the
/// later copy counts: it was written because the earlier was damaged.
pub(super) fn encode_footer(entries: &[Entry], offset: u64, seq: u64) -> Vec<u8> {
    let sorted: BTreeMap<Digest, &Entry> = entries.iter().map(|entry| (entry.digest, entry)).collect();
    let mut body = Vec::with_capacity(DIGEST_BYTES + sorted.len() * ENTRY_BYTES + TRAILER_BYTES);
    body.extend_from_slice(FOOTER_MARK);
    for entry in sorted.values() {
        body.extend_from_slice(entry.digest.as_bytes());
        body.extend_from_slice(&entry.offset.to_le_bytes());
        body.extend_from_slice(&entry.size.to_le_bytes());
    }
    body.extend_from_slice(&Trailer::encode(seq, offset));
    body
}

fn decode_footer(body: &[u8]) -> Option<Vec<Entry>> {
    let entries = body.strip_prefix(FOOTER_MARK)?;
    let entries = entries.get(..entries.len().checked_sub(TRAILER_BYTES)?)?;
    let (entries, []) = entries.as_chunks::<ENTRY_BYTES>() else { return None };
    let entry = |bytes: &[u8; ENTRY_BYTES]| {
        let (digest, rest) = bytes.split_first_chunk()?;
        let (offset, rest) = rest.split_first_chunk()?;
        let size = rest.first_chunk()?;
        let (offset, size) = (u32::from_le_bytes(*offset), u32::from_le_bytes(*size));
        Some(Entry { digest: Digest::from_bytes(*digest), offset, size })
    };
    entries.iter().map(entry).collect()
}

/// What the footer of a pack with these frames says.
pub(super) fn footer_entries(frames: &[Entry]) -> Option<Vec<Entry>> {
    decode_footer(&encode_footer(frames, 0, 0))
}

/// Where a pack's footer is; None if there is no such file or no trailer.
pub(super) fn read_trailer(files: &Files, path: &Path) -> Result<Option<Trailer>> {
    absent_is_none(files.open_read(path))?.map_or(Ok(None), |file| Trailer::read(&file))
}

/// What the footer says; None if there is none, or it is damaged and the frames must be read.
pub(super) fn read_footer(files: &Files, path: &Path, id: Uuid) -> Result<Option<Vec<Entry>>> {
    let Some(Trailer { seq, offset, len }) = read_trailer(files, path)? else { return Ok(None) };
    let Some(mut scan) = PackScan::open(files, path, id)? else { return Ok(None) };
    scan.reader.seek(offset, seq);
    match scan.next()? {
        Found::Footer { entries, .. } if scan.reader.offset() == len => Ok(entries),
        _ => Ok(None),
    }
}

/// What a [`PackScan`] comes upon.
#[derive(Debug)]
pub(super) enum Found {
    /// A frame with a blob. Its checksum matches; its digest is not compared yet.
    Blob { entry: Entry, bytes: Vec<u8> },
    /// A footer; None if it is not in the form that this version knows.
    Footer { offset: u64, entries: Option<Vec<Entry>> },
    /// A damaged place; the scan goes on behind it if there is a whole frame.
    Damage { offset: u64, detail: String, more: bool },
    /// The end of the file.
    End(Tail),
}

/// Reads the frames of a pack from front to back, past damaged places.
#[derive(Debug)]
pub(super) struct PackScan {
    pub(super) reader: LogReader,
    /// What is wrong with the file's header. Nothing is lost: all that it says is known.
    pub(super) header_damage: Option<String>,
}

impl PackScan {
    /// None if there is no such file, or it ends within its header.
    pub(super) fn open(files: &Files, path: &Path, id: Uuid) -> Result<Option<Self>> {
        match absent_is_none(LogReader::open(files, path, LogKind::Pack)) {
            Ok(reader) => Ok(reader.flatten().map(|reader| Self { reader, header_damage: None })),
            Err(Error::Corrupt { detail, .. }) => {
                let reader = LogReader::open_with_header(files, path, pack_header(id))?;
                Ok(Some(Self { reader, header_damage: Some(detail) }))
            }
            Err(e) => Err(e),
        }
    }

    pub(super) fn next(&mut self) -> Result<Found> {
        let offset = self.reader.offset();
        let frame = match self.reader.next_frame() {
            Ok(Ok(frame)) => frame,
            Ok(Err(tail)) => return Ok(Found::End(tail)),
            Err(Error::Corrupt { detail, .. }) => {
                let more = self.reader.skip_damage()?;
                return Ok(Found::Damage { offset, detail, more });
            }
            Err(e) => return Err(e),
        };
        if frame.body.starts_with(FOOTER_MARK) {
            return Ok(Found::Footer { offset, entries: decode_footer(&frame.body) });
        }
        let mut bytes = frame.body;
        let found = bytes
            .first_chunk()
            .and_then(|digest| Entry::new(Digest::from_bytes(*digest), offset, bytes.len() - DIGEST_BYTES));
        let Some(entry) = found else {
            let detail = "the frame is too short to have a digest".into();
            return Ok(Found::Damage { offset, detail, more: true });
        };
        bytes.drain(..DIGEST_BYTES);
        Ok(Found::Blob { entry, bytes })
    }
}
