//! Framed, checksummed, append-only files: what journal, spool and packs are made of.
//!
//! A file is a header of 40 bytes and then frames; `docs/FORMAT.md` has the bytes. A frame's header has a
//! checksum of its own, so a damaged length is never taken for the end of the file: a frame that the file's
//! end cuts short was never acknowledged ([`Tail::Torn`]), any other mismatch is [`Error::Corrupt`](crate::Error).

mod frame;
mod reader;
mod repair;
mod trailer;
mod unsynced;
mod writer;

pub use frame::{FRAME_HEADER_BYTES, HEADER_BYTES, LogHeader, LogKind, frame_bytes};
pub use reader::{Frame, LogReader, Tail};
pub use repair::{Damage, check};
pub use trailer::{TRAILER_BYTES, Trailer, open_at_trailer};
pub use unsynced::Unsynced;
pub use writer::{Appended, LogWriter};

#[cfg(test)]
mod tests;
