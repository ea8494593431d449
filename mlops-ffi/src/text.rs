//! Text and bytes across the border.

use std::ffi::{c_char, c_void};

use mlops_core::Result;

use crate::args::{Output, elements, refuse, slice};
use crate::boundary::export;

/// Text in UTF-8, borrowed. As an argument it is borrowed for the call, `{NULL, 0}` is the empty text, and no NUL is
/// needed at its end. Text that comes from the library is followed by a NUL that `len` does not count.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_str {
    /// The first byte.
    pub ptr: *const c_char,
    /// How many bytes.
    pub len: usize,
}

/// Bytes, borrowed for the call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_bytes {
    /// The first byte.
    pub ptr: *const c_void,
    /// How many bytes.
    pub len: usize,
}

/// Bytes that the caller owns and frees with `mlops_buf_free`, never with `free`. Behind the last byte stands a NUL
/// that `len` does not count. Begin with `MLOPS_BUF_INIT`.
#[derive(Debug)]
#[repr(C)]
pub struct mlops_buf {
    /// The first byte; NULL in a buffer that is empty or freed.
    pub data: *mut c_char,
    /// How many bytes.
    pub len: usize,
    /// Private to the library.
    pub capacity: usize,
}

/// A key and its text: a tag.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_tag {
    /// The key: 1 to 500 bytes.
    pub key: mlops_str,
    /// The text.
    pub value: mlops_str,
}

elements!(mlops_str, mlops_tag);

impl mlops_bytes {
    /// The bytes; `name` is what the caller calls them.
    pub(crate) unsafe fn bytes<'a>(self, name: &str) -> Result<&'a [u8]> {
        // SAFETY: as the caller's.
        unsafe { slice(self.ptr.cast::<u8>(), self.len, name) }
    }
}

impl mlops_str {
    /// No text.
    pub(crate) const EMPTY: Self = Self { ptr: std::ptr::null(), len: 0 };

    /// The text; `name` is what the caller calls it.
    pub(crate) unsafe fn text<'a>(self, name: &str) -> Result<&'a str> {
        // SAFETY: as the caller's.
        let bytes = unsafe { slice(self.ptr.cast::<u8>(), self.len, name) }?;
        std::str::from_utf8(bytes).map_err(|error| {
            let (shown, _) = bytes.split_at(bytes.len().min(80));
            refuse(
                name,
                shown.escape_ascii().to_string(),
                format!("UTF-8, which it is not from byte {} on", error.valid_up_to()),
            )
        })
    }

    /// The text, or None if it is empty: the caller did not give it.
    pub(crate) unsafe fn given(self, name: &str) -> Result<Option<String>> {
        // SAFETY: as the caller's.
        let text = unsafe { self.text(name) }?;
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }
}

impl Default for mlops_str {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Owned copies of tags.
pub(crate) unsafe fn tags(tags: &[mlops_tag], name: &str) -> Result<Vec<(String, String)>> {
    let one = |tag: &mlops_tag| {
        // SAFETY: as the caller's.
        let (key, value) =
            unsafe { (tag.key.text(&format!("key of {name}"))?, tag.value.text(&format!("value of {name}"))?) };
        Ok((key.to_owned(), value.to_owned()))
    };
    tags.iter().map(one).collect()
}

/// Owned copies of texts.
pub(crate) unsafe fn texts(texts: &[mlops_str], name: &str) -> Result<Vec<String>> {
    // SAFETY: as the caller's.
    texts.iter().map(|text| unsafe { text.text(name) }.map(str::to_owned)).collect()
}

/// Text of an object, kept with a NUL behind it so that C can print it.
#[derive(Clone, Debug)]
pub(crate) struct Text(String);

impl Text {
    /// Takes the text over.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let mut text = text.into();
        text.reserve_exact(1);
        text.push('\0');
        Self(text)
    }

    /// The text without its NUL.
    pub(crate) fn as_str(&self) -> &str {
        self.0.strip_suffix('\0').unwrap_or_default()
    }

    /// The text as C sees it; it lives as long as `self`.
    pub(crate) fn view(&self) -> mlops_str {
        let text = self.as_str();
        mlops_str { ptr: text.as_ptr().cast(), len: text.len() }
    }

    /// The first byte, for C functions that give text up to its NUL.
    pub(crate) fn as_c(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

impl Output for mlops_buf {}
impl Output for mlops_tag {}

impl From<Vec<u8>> for mlops_buf {
    fn from(mut bytes: Vec<u8>) -> Self {
        let len = bytes.len();
        bytes.push(0);
        let mut bytes = std::mem::ManuallyDrop::new(bytes);
        Self { data: bytes.as_mut_ptr().cast(), len, capacity: bytes.capacity() }
    }
}

impl From<String> for mlops_buf {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

export! {
    /// Frees what a buffer holds and empties it. NULL and an empty buffer are fine.
    ///
    /// Threads: one at a time for one buffer. Since 0.1.
    pub fn mlops_buf_free(buf: *mut mlops_buf) {
        let Some(buf) = buf else { return };
        if !buf.data.is_null() {
            // SAFETY: made by `From<Vec<u8>>` above; the NUL behind the bytes is part of the vector.
            drop(unsafe { Vec::from_raw_parts(buf.data.cast::<u8>(), buf.len + 1, buf.capacity) });
        }
        *buf = mlops_buf { data: std::ptr::null_mut(), len: 0, capacity: 0 };
    }
}
