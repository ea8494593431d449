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
    ahead: Ahead,
}

/// What was read ahead of the next frame: frames that are read one after the other are small, and a read of each costs more
/// than all that is done with it.
#[derive(Debug, Default)]
struct Ahead {
    /// Where it stands in the file.
    offset: u64,
    bytes: Vec<u8>,
    /// How many bytes the next read takes; nothing is read ahead of a frame that was sought.
    next: usize,
}

/// The first and the largest read ahead, in bytes.
const AHEAD: [usize; 2] = [4 << 10, 64 << 10];

impl Ahead {
    /// What is known of the file from `offset` on.
    fn from(&self, offset: u64) -> &[u8] {
        let skipped = offset.checked_sub(self.offset).and_then(|skipped| usize::try_from(skipped).ok());
        skipped.and_then(|skipped| self.bytes.get(skipped..)).unwrap_or_default()
    }

    /// Reads from `offset` on, at least the whole of the frame that begins there, if the file has it.
    fn read(&mut self, file: &FileHandle, offset: u64) -> Result<()> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        bytes.resize(self.next.max(FRAME_HEADER_BYTES), 0);
        let mut read = file.read_at(&mut bytes, offset)?;
        if let Some(header) = bytes.first_chunk().filter(|_| read == bytes.len()).and_then(FrameHeader::decode) {
            let len = FRAME_HEADER_BYTES + header.len as usize;
            if let Some(missing) = len.checked_sub(read).filter(|missing| *missing > 0) {
                bytes.resize(len, 0);
                let behind = bytes.get_mut(len - missing..).unwrap_or_default();
                read += file.read_at(behind, offset + read as u64)?;
            }
        }
        bytes.truncate(read);
        *self = Self { offset, bytes, next: (self.next * 2).clamp(AHEAD[0], AHEAD[1]) };
        Ok(())
    }
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
        Ok(Some(Self::of(file, header)))
    }

    /// Opens a file whose header is known from elsewhere and does not read the one in the file: for what is left
    /// behind a damaged header.
    ///
    /// # Errors
    /// `Io`.
    pub fn open_with_header(files: &Files, path: &Path, header: LogHeader) -> Result<Self> {
        Ok(Self::of(files.open_read(path)?, header))
    }

    fn of(file: FileHandle, header: LogHeader) -> Self {
        Self { file, header, offset: HEADER_BYTES, next_seq: header.first_seq, ahead: Ahead::default() }
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
        self.ahead = Ahead::default();
        self.offset = offset;
        self.next_seq = next_seq;
    }

    /// The next frame, or what stands behind the last.
    ///
    /// # Errors
    /// [`Error::Corrupt`] with the frame's offset if it does not match its checksums or its number.
    pub fn next_frame(&mut self) -> Result<std::result::Result<Frame, Tail>> {
        if let Ok(Ok(frame)) = self.frame_in(self.ahead.from(self.offset)) {
            return Ok(Ok(self.step_behind(frame)));
        }
        // What stood behind the last whole frame may be another by now.
        self.ahead.read(&self.file, self.offset)?;
        let found = self.frame_in(self.ahead.from(self.offset));
        if let Ok(Ok(frame)) = found {
            if self.ahead.bytes.len() > AHEAD[1] || self.ahead.next == AHEAD[0] {
                // A frame that was sought, or a large one: the next is not in memory.
                self.ahead.bytes = Vec::new();
            }
            return Ok(Ok(self.step_behind(frame)));
        }
        self.ahead.bytes.clear();
        found
    }

    fn step_behind(&mut self, frame: Frame) -> Frame {
        self.offset = frame.end;
        self.next_seq += 1;
        frame
    }

    /// The frame that bytes begin with.
    fn frame_in(&self, bytes: &[u8]) -> Result<std::result::Result<Frame, Tail>> {
        let Some((header, rest)) = bytes.split_first_chunk() else {
            return Ok(Err(if bytes.is_empty() { Tail::Clean } else { Tail::Torn }));
        };
        let Some(header) = FrameHeader::decode(header) else {
            return Err(self.damaged("the frame's header does not match its checksum"));
        };
        if header.seq != self.next_seq {
            return Err(self.damaged(&format!("the frame has number {} where {} belongs", header.seq, self.next_seq)));
        }
        let Some(body) = rest.get(..header.len as usize) else { return Ok(Err(Tail::Torn)) };
        if crc32fast::hash(body) != header.body_checksum {
            return Err(self.damaged("the frame's body does not match its checksum"));
        }
        let end = self.offset + frame_bytes(body.len());
        Ok(Ok(Frame { seq: header.seq, offset: self.offset, end, body: body.to_vec() }))
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
