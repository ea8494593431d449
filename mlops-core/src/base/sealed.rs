//! Small text files that end with a checksum of their own.

/// The text of a file: `body`, whole lines, and a checksum over it.
pub(crate) fn seal(body: &str) -> String {
    format!("{body}crc32 {:08x}\n", crc32fast::hash(body.as_bytes()))
}

/// The body of a file; None if it does not match its checksum.
pub(crate) fn open(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (body, checksum) = text.split_at_checked(text.rfind("crc32 ")?)?;
    (checksum == format!("crc32 {:08x}\n", crc32fast::hash(body.as_bytes()))).then_some(body)
}
