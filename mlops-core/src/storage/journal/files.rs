//! The journal's files: their names, and what is in them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::totals::Totals;
use crate::base::files::Files;
use crate::error::{Error, Result};
use crate::log::{HEADER_BYTES, LogKind, LogReader, Tail};
use crate::storage::Entry;

/// The body of a commit's frame; the frame's number is the commit's.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Commit {
    /// The totals after the commit.
    pub(super) totals: Totals,
    /// What the commit does.
    #[serde(with = "crate::storage::bytes::changes")]
    pub(super) changes: Changes,
}

/// The body of a page of a checkpoint: sorted entries.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Page(#[serde(with = "crate::storage::bytes::entries")] pub(super) Vec<Entry>);

/// A value, or None for a key that goes, by key.
pub type Changes = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// The body of a checkpoint's first frame; pages of sorted entries follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The last commit that the checkpoint holds.
    pub(super) seq: u64,
    /// The totals of its entries.
    pub(super) totals: Totals,
}

/// The format of both bodies.
const FORMAT: u8 = 1;

pub(super) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    encode_as(FORMAT, value)
}

/// The same in another format.
pub(super) fn encode_as<T: Serialize>(format: u8, value: &T) -> Result<Vec<u8>> {
    postcard::to_extend(value, vec![format]).map_err(|e| Error::internal(format!("cannot encode a commit: {e}")))
}

pub(super) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8], path: &Path, offset: u64) -> Result<T> {
    decode_known(bytes, FORMAT, path, offset)
}

/// Reads what is in a format up to `known`.
pub(super) fn decode_known<'a, T: Deserialize<'a>>(bytes: &'a [u8], known: u8, path: &Path, offset: u64) -> Result<T> {
    let (format, rest) = bytes.split_first().ok_or_else(|| Error::corrupt(path, offset, "an empty frame"))?;
    if *format > known {
        return Err(Error::NewerFormat { path: path.into(), found: (*format).into(), known: known.into() });
    }
    postcard::from_bytes(rest).map_err(|e| Error::corrupt(path, offset, format!("the frame cannot be read: {e}")))
}

/// The name of the segment that begins with a commit.
pub(super) fn segment_path(folder: &Path, first_seq: u64) -> PathBuf {
    folder.join(format!("{first_seq:020}.log"))
}

/// The name of the checkpoint that ends with a commit.
pub(super) fn checkpoint_path(folder: &Path, seq: u64) -> PathBuf {
    folder.join(format!("checkpoint-{seq:020}.log"))
}

/// The files of a journal's folder, by what they hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing {
    /// (first commit, path), sorted.
    pub(super) segments: Vec<(u64, PathBuf)>,
    /// (last commit, path), newest first.
    pub(super) checkpoints: Vec<(u64, PathBuf)>,
}

impl Listing {
    pub(super) fn read(files: &Files, folder: &Path) -> Result<Self> {
        let mut listing = Self::default();
        for path in files.list(folder)? {
            let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".log"));
            match name.map(|name| name.strip_prefix("checkpoint-").map_or((false, name), |seq| (true, seq))) {
                Some((true, seq)) => listing.checkpoints.extend(seq.parse().ok().map(|seq| (seq, path))),
                Some((false, seq)) => listing.segments.extend(seq.parse().ok().map(|seq| (seq, path))),
                None => {}
            }
        }
        listing.segments.sort();
        listing.checkpoints.sort();
        listing.checkpoints.reverse();
        Ok(listing)
    }

    /// The segments that may hold commits behind `seq`.
    pub(super) fn segments_behind(&self, seq: u64) -> &[(u64, PathBuf)] {
        let first = self.segments.partition_point(|(first, _)| *first <= seq + 1).saturating_sub(1);
        self.segments.get(first..).unwrap_or_default()
    }
}

/// Where the commits of a journal end.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// The number of the next commit.
    pub(super) next_seq: u64,
    /// The last segment and where its valid part ends; None if there is none, or only one that was never used.
    pub(super) segment: Option<(Resume, u64)>,
}

/// What is needed to go on with a segment.
pub(super) type Resume = (PathBuf, crate::log::LogHeader);

/// Reads the commits behind `seq`, in order.
///
/// # Errors
/// `Corrupt` with file and offset for a damaged or missing commit.
pub(super) fn read_commits(
    files: &Files,
    folder: &Path,
    listing: &Listing,
    seq: u64,
    mut visit: impl FnMut(u64, Commit) -> Result<()>,
) -> Result<End> {
    let mut end = End { next_seq: seq + 1, segment: None };
    let segments = listing.segments_behind(seq);
    for (index, (first_seq, path)) in segments.iter().enumerate() {
        // Where the next file begins this one ends: what stands behind was written by an owner that was none any more.
        let until = next_used(files, segments.get(index + 1..).unwrap_or_default())?;
        let mut log = match LogReader::open(files, path, LogKind::Journal)? {
            Some(log) => log,
            // The end is gone, of one file or of several.
            None if is_end(files, segments.get(index + 1..).unwrap_or_default())? => return Ok(end),
            None => return Err(Error::corrupt(path, 0, "the file header is cut short; run `mlops fsck --repair`")),
        };
        if log.header().first_seq != *first_seq || *first_seq > end.next_seq {
            let missing = end.next_seq;
            let detail = format!("commit {missing} should stand here or before; run `mlops fsck --repair`");
            return Err(Error::corrupt(path, 28, detail));
        }
        loop {
            match log
                .next_frame()
                .or_else(|damage| if log.next_seq() < until { Err(damage) } else { Ok(Err(Tail::Torn)) })?
            {
                Ok(frame) if frame.seq >= until => break,
                Ok(frame) if frame.seq > seq => {
                    visit(frame.seq, decode(&frame.body, path, frame.offset)?)?;
                    end.next_seq = frame.seq + 1;
                }
                Ok(_) => {}
                Err(Tail::Torn) if until != u64::MAX && log.next_seq() < until => {
                    return Err(Error::corrupt(path, log.offset(), "a commit is cut short; run `mlops fsck --repair`"));
                }
                Err(_) => break,
            }
        }
        // One without a commit that does not go on where the last ended was never used: its making failed.
        if log.offset() > HEADER_BYTES || log.header().first_seq == end.next_seq {
            end.segment = Some(((path.clone(), *log.header()), log.offset()));
        }
    }
    if segments.is_empty() && seq > 0 && !listing.segments.is_empty() {
        return Err(Error::corrupt(folder, 0, format!("no segment goes on behind commit {seq}")));
    }
    Ok(end)
}

/// The first commit of the first file that has one; a damaged one counts.
fn next_used(files: &Files, rest: &[(u64, PathBuf)]) -> Result<u64> {
    for (first, path) in rest {
        if let Some(mut log) = LogReader::open(files, path, LogKind::Journal)?
            && !matches!(log.next_frame(), Ok(Err(_)))
        {
            return Ok(*first);
        }
    }
    Ok(u64::MAX)
}

/// True if none of the files has a header: nothing is behind.
fn is_end(files: &Files, rest: &[(u64, PathBuf)]) -> Result<bool> {
    for (_, path) in rest {
        if LogReader::open(files, path, LogKind::Journal)?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}
