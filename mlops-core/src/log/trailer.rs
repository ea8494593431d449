//! The end of a file whose last frame says where the others are.

use std::path::Path;

use super::frame::LogKind;
use super::reader::{Frame, LogReader};
use crate::base::files::{FileHandle, Files};
use crate::error::Result;

/// Bytes of a trailer.
pub const TRAILER_BYTES: usize = 24;

const MAGIC: [u8; 8] = *b"mlopsidx";

/// The last bytes of a closed file: which frame, its last, says where the others are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// The number of that frame.
    pub seq: u64,
    /// Where it begins in the file.
    pub offset: u64,
    /// The length of the file.
    pub len: u64,
}

impl Trailer {
    /// The last bytes of the body of a frame that will have this number and offset.
    pub fn encode(seq: u64, offset: u64) -> [u8; TRAILER_BYTES] {
        let mut bytes = [0; TRAILER_BYTES];
        let fields = [seq.to_le_bytes(), offset.to_le_bytes(), MAGIC];
        for (to, from) in bytes.iter_mut().zip(fields.as_flattened()) {
            *to = *from;
        }
        bytes
    }

    /// What the last bytes of a file say; None if they are no trailer.
    ///
    /// # Errors
    /// `Io`.
    pub fn read(file: &FileHandle) -> Result<Option<Self>> {
        let len = file.len()?;
        let mut bytes = [0; TRAILER_BYTES];
        let Some(at) = len.checked_sub(TRAILER_BYTES as u64) else { return Ok(None) };
        let whole = file.read_at(&mut bytes, at)? == TRAILER_BYTES;
        let ([seq, offset, magic], []) = bytes.as_chunks::<8>() else { return Ok(None) };
        let found = Self { seq: u64::from_le_bytes(*seq), offset: u64::from_le_bytes(*offset), len };
        Ok((whole && *magic == MAGIC && found.offset < len).then_some(found))
    }
}

/// Opens a file, and reads the frame that its trailer names; None if it has none. What the frame holds is the caller's to
/// look at: any file may end with bytes that look like a trailer.
///
/// # Errors
/// As [`LogReader::open`] and [`LogReader::next_frame`].
pub fn open_at_trailer(files: &Files, path: &Path, kind: LogKind) -> Result<Option<(LogReader, Frame)>> {
    let Some(mut reader) = LogReader::open(files, path, kind)? else { return Ok(None) };
    let Some(trailer) = Trailer::read(reader.file())? else { return Ok(None) };
    reader.seek(trailer.offset, trailer.seq);
    Ok(reader.next_frame()?.ok().filter(|frame| frame.end == trailer.len).map(|frame| (reader, frame)))
}
