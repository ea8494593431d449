//! Reads frames and checks every byte of them.

use std::path::Path;

use super::frame::{FRAME_HEADER_BYTES, FrameHeader, HEADER_BYTES, HEADER_LEN, LogHeader, LogKind, frame_bytes};
use crate::base::files::{FileHandle, Files};
use crate::error::{Error, Result};

/// One frame that matched its checksums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The sequence number.
    pub seq: u64,
    /// Where it begins in the file.
    pub offset: u64,
    /// Where the next begins.
    pub end: u64,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// What stands behind the last whole frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Nothing.
    Clean,
    /// A frame that the file's end cuts short: it was never acknowledged.
    Torn,
}

/// Reads a log file from front to back.
#[derive(Debug)]
pub struct LogReader {
    file: FileHandle,
    header: LogHeader,
    offset: u64,
    next_seq: u64,
}

impl LogReader {
    /// Opens a file and checks its header. None if the file ends within its header: it was never used.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the header does not match, [`Error::NewerFormat`], [`Error::Io`].
    pub fn open(files: &Files, path: &Path, kind: LogKind) -> Result<Option<Self>> {
        let file = files.open_read(path)?;
        let mut bytes = [0; HEADER_LEN];
        if (file.read_at(&mut bytes, 0)? as u64) < HEADER_BYTES {
            return Ok(None);
        }
        let header = LogHeader::decode(&bytes, kind, path)?;
        Ok(Some(Self { file, header, offset: HEADER_BYTES, next_seq: header.first_seq }))
    }

    /// Opens a file whose header is known from elsewhere and does not read the one in the file: for what is left
    /// behind a damaged header.
    ///
    /// # Errors
    /// `Io`.
    pub fn open_with_header(files: &Files, path: &Path, header: LogHeader) -> Result<Self> {
        let next_seq = header.first_seq;
        Ok(Self { file: files.open_read(path)?, header, offset: HEADER_BYTES, next_seq })
    }

    /// The file's header.
    pub fn header(&self) -> &LogHeader {
        &self.header
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The open file.
    pub(super) fn file(&self) -> &FileHandle {
        &self.file
    }

    /// Where the next frame begins: after the last, the length of the valid part.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The sequence number that the next frame must have.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Goes on at a frame boundary that an earlier read gave.
    pub fn seek(&mut self, offset: u64, next_seq: u64) {
        self.offset = offset;
        self.next_seq = next_seq;
    }

    /// The next frame, or what stands behind the last.
    ///
    /// # Errors
    /// [`Error::Corrupt`] with the frame's offset if it does not match its checksums or its number.
    pub fn next_frame(&mut self) -> Result<std::result::Result<Frame, Tail>> {
        let mut bytes = [0; FRAME_HEADER_BYTES];
        match self.file.read_at(&mut bytes, self.offset)? {
            0 => return Ok(Err(Tail::Clean)),
            n if n < FRAME_HEADER_BYTES => return Ok(Err(Tail::Torn)),
            _ => {}
        }
        let Some(header) = FrameHeader::decode(&bytes) else {
            return Err(self.damaged("the frame's header does not match its checksum"));
        };
        if header.seq != self.next_seq {
            return Err(self.damaged(&format!("the frame has number {} where {} belongs", header.seq, self.next_seq)));
        }
        let mut body = vec![0; header.len as usize];
        if self.file.read_at(&mut body, self.offset + FRAME_HEADER_BYTES as u64)? < body.len() {
            return Ok(Err(Tail::Torn));
        }
        if crc32fast::hash(&body) != header.body_checksum {
            return Err(self.damaged("the frame's body does not match its checksum"));
        }
        let frame = Frame { seq: header.seq, offset: self.offset, end: self.offset + frame_bytes(body.len()), body };
        self.offset = frame.end;
        self.next_seq += 1;
        Ok(Ok(frame))
    }

    /// Looks behind a damaged frame for the next frame that matches its checksums and has a higher number,
    /// and goes on there. False if there is none.
    ///
    /// # Errors
    /// `Io`.
    pub fn skip_damage(&mut self) -> Result<bool> {
        let len = self.file.len()?;
        let mut at = self.offset + 1;
        let mut window = vec![0; 1 << 16];
        while at + FRAME_HEADER_BYTES as u64 <= len {
            let read = self.file.read_at(&mut window, at)?;
            let headers = window.get(..read).unwrap_or_default().windows(FRAME_HEADER_BYTES);
            for (start, bytes) in (at..).zip(headers) {
                let header = bytes.first_chunk().and_then(FrameHeader::decode);
                if let Some(header) = header.filter(|h| h.seq >= self.next_seq) {
                    let mut body = vec![0; header.len as usize];
                    let whole = self.file.read_at(&mut body, start + FRAME_HEADER_BYTES as u64)? == body.len();
                    if whole && crc32fast::hash(&body) == header.body_checksum {
                        self.seek(start, header.seq);
                        return Ok(true);
                    }
                }
            }
            at += (read.max(FRAME_HEADER_BYTES) - FRAME_HEADER_BYTES + 1) as u64;
        }
        Ok(false)
    }

    fn damaged(&self, detail: &str) -> Error {
        Error::corrupt(self.path(), self.offset, format!("{detail}; run `mlops fsck --repair`"))
    }
}
