//! Finds damaged frames, and closes the gaps that they leave.

use std::path::Path;

use uuid::Uuid;

use super::frame::{FRAME_HEADER_BYTES, FrameHeader, HEADER_BYTES, LogHeader, LogKind, frame_bytes};
use super::reader::LogReader;
use crate::base::files::Files;
use crate::error::{Error, Result};

/// A damaged place of a log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// What does not match.
    pub detail: String,
    /// How many frames cannot be read; None if everything behind the offset is unreadable.
    pub lost: Option<u64>,
}

/// Reads a whole file and lists its damage. With `mend` the damaged frames are replaced by frames of the same
/// place, number and length whose bodies are zeros, so that every other frame stays where it is; what cannot be
/// read up to the end of the file is cut off, and a damaged file header is written again for `owner`. The caller
/// keeps a copy first.
///
/// # Errors
/// [`Error::NewerFormat`], [`Error::Io`].
pub fn check(files: &Files, path: &Path, kind: LogKind, owner: Uuid, mend: bool) -> Result<Vec<Damage>> {
    let mut damage = Vec::new();
    let mut reader = match LogReader::open(files, path, kind) {
        Ok(Some(reader)) => reader,
        Ok(None) => return Ok(damage),
        Err(Error::Corrupt { offset, detail, .. }) => {
            let header = first_seq(files, path)?.map(|first_seq| LogHeader { kind, owner, first_seq });
            damage.push(Damage { offset, detail, lost: header.map(|_| 0) });
            if !mend {
                return Ok(damage);
            }
            let header = match header {
                Some(header) => header,
                None => match mend_beginning(files, path, kind)? {
                    Some(first_seq) => LogHeader { kind, owner, first_seq },
                    None => return Ok(damage),
                },
            };
            let file = files.open_write(path)?;
            file.write_at(&header.encode(), 0).and_then(|()| file.sync())?;
            match LogReader::open(files, path, kind)? {
                Some(reader) => reader,
                None => return Ok(damage),
            }
        }
        Err(e) => return Err(e),
    };
    loop {
        let (offset, seq) = (reader.offset(), reader.next_seq());
        match reader.next_frame() {
            Ok(Ok(_)) => {}
            Ok(Err(_tail)) => return Ok(damage),
            Err(Error::Corrupt { detail, .. }) => {
                let found = reader.skip_damage()?;
                damage.push(Damage { offset, detail, lost: found.then(|| reader.next_seq() - seq) });
                if mend {
                    let end = if found { Some(reader.offset()) } else { None };
                    fill(files, path, offset, end, seq, reader.next_seq())?;
                }
                if !found {
                    return Ok(damage);
                }
            }
            Err(e) => return Err(e),
        }
    }
}

/// Where neither header nor first frame can be read: puts a frame before the first that is whole, and returns its
/// number; empties the file if there is none.
fn mend_beginning(files: &Files, path: &Path, kind: LogKind) -> Result<Option<u64>> {
    let header = LogHeader { kind, owner: Uuid::nil(), first_seq: 0 };
    let mut reader = LogReader::open_with_header(files, path, header)?;
    let first = reader.skip_damage()?.then(|| (reader.offset(), reader.next_seq()));
    let Some((offset, seq)) = first.filter(|(offset, seq)| *seq > 0 && *offset >= frame_bytes(0) + HEADER_BYTES) else {
        let file = files.open_write(path)?;
        return file.set_len(0).and_then(|()| file.sync()).map(|()| None);
    };
    fill(files, path, HEADER_BYTES, Some(offset), seq - 1, seq)?;
    Ok(Some(seq - 1))
}

/// The number of the first frame, from the frame itself.
fn first_seq(files: &Files, path: &Path) -> Result<Option<u64>> {
    let mut bytes = [0; FRAME_HEADER_BYTES];
    let read = files.open_read(path)?.read_at(&mut bytes, HEADER_BYTES)?;
    Ok(if read == FRAME_HEADER_BYTES { FrameHeader::decode(&bytes).map(|header| header.seq) } else { None })
}

/// Fills the bytes from `offset` to `end` with the frames `seq..next_seq`; without an end, cuts the file.
fn fill(files: &Files, path: &Path, offset: u64, end: Option<u64>, seq: u64, next_seq: u64) -> Result<()> {
    let file = files.open_write(path)?;
    let Some(end) = end else { return file.set_len(offset).and_then(|()| file.sync()) };
    let count = next_seq - seq;
    // Each lost frame had a header at least, so all but the last take just that.
    let headers = count.saturating_mul(FRAME_HEADER_BYTES as u64);
    let Some(body) = (end - offset).checked_sub(headers).and_then(|body| u32::try_from(body).ok()) else {
        return Err(Error::corrupt(path, offset, "the frames behind the damage have impossible numbers"));
    };
    let mut bytes = Vec::new();
    for number in seq..next_seq {
        let len = if number + 1 == next_seq { body } else { 0 };
        let zeros = vec![0; len as usize];
        FrameHeader { len, seq: number, body_checksum: crc32fast::hash(&zeros) }.encode(&mut bytes);
        bytes.extend_from_slice(&zeros);
    }
    file.write_at(&bytes, offset)?;
    file.sync()
}
