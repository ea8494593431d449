//! How arguments become safe values, and how outputs are written.

use std::ptr::NonNull;

use mlops_core::{Error, Result};

use crate::text::{mlops_buf, mlops_bytes, mlops_str};

/// An argument of a function that returns a status: checked before the call.
pub(crate) trait Argument {
    /// What the body of the function sees.
    type Value<'a>;

    /// Checks and converts the argument that the caller knows by `name`.
    unsafe fn take<'a>(self, name: &'static str) -> Result<Self::Value<'a>>;
}

/// An argument of a function that frees or reads one field: NULL is None.
pub(crate) trait Lenient {
    /// What the body of the function sees.
    type Value<'a>;

    /// Converts the argument.
    unsafe fn receive<'a>(self) -> Self::Value<'a>;
}

/// What an input pointer points to.
pub(crate) trait Input: 'static {
    /// What the body of the function sees.
    type Value<'a>;

    /// Reads what `pointer`, which is not NULL unless it is an array, points to.
    unsafe fn read<'a>(pointer: *const Self, name: &'static str) -> Result<Self::Value<'a>>;
}

/// What an output pointer points to.
pub(crate) trait Output: 'static + Sized {
    /// Refuses a place that cannot be written.
    unsafe fn check(_place: *const Self, _name: &'static str) -> Result<()> {
        Ok(())
    }

    /// Writes the value to its place.
    unsafe fn write(self, place: *mut Self) {
        // SAFETY: as the caller's.
        unsafe { place.write(self) }
    }
}

/// An opaque object that C holds by a pointer from [`Box::into_raw`]; shared by threads.
pub(crate) trait Handle: Send + Sync + 'static {}

/// A struct that begins with its own size, so that it can grow.
pub(crate) trait Versioned: Copy + 'static {
    /// What the fields have that an older caller does not know.
    const DEFAULT: Self;
}

/// A place for an output that has been checked.
#[derive(Debug)]
pub(crate) struct Out<T>(NonNull<T>);

impl<T: Output> Out<T> {
    /// Writes the output.
    pub(crate) fn set(self, value: T) {
        // SAFETY: `check` let the place pass, and the caller's contract makes it writable.
        unsafe { value.write(self.0.as_ptr()) }
    }
}

impl<T: Output + Copy> Out<T> {
    /// Writes the outputs of an array, which the caller made room for.
    pub(crate) unsafe fn fill(self, values: &[T]) {
        // SAFETY: as the caller's; what is given is ours, and does not overlap.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), self.0.as_ptr(), values.len()) }
    }
}

impl<T: Handle> Out<*mut T> {
    /// Hands an object to the caller, who frees it.
    pub(crate) fn give(self, object: T) {
        self.set(Box::into_raw(Box::new(object)));
    }
}

/// An input array whose length is another argument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Array<T> {
    first: *const T,
    name: &'static str,
}

impl<T> Array<T> {
    /// The elements; NULL is fine when there are none.
    pub(crate) unsafe fn slice<'a>(self, count: usize) -> Result<&'a [T]> {
        // SAFETY: as the caller's.
        unsafe { slice(self.first, count, self.name) }
    }
}

/// An array inside a struct; NULL is fine when it has no elements.
pub(crate) unsafe fn slice<'a, T>(first: *const T, count: usize, name: &str) -> Result<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    check_pointer(first, name)?;
    if count > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(refuse(name, format!("{count} elements"), "a length that fits into memory"));
    }
    // SAFETY: not NULL, aligned, and by contract `count` elements long.
    Ok(unsafe { std::slice::from_raw_parts(first, count) })
}

/// An argument that is not what it must be.
pub(crate) fn refuse(name: &str, value: impl Into<String>, expected: impl Into<String>) -> Error {
    Error::InvalidArgument { what: name.into(), value: value.into(), expected: expected.into() }
}

/// Refuses NULL and pointers that are not aligned, which Rust must not follow.
pub(crate) fn check_pointer<T>(pointer: *const T, name: &str) -> Result<()> {
    if pointer.is_null() {
        return Err(refuse(name, "NULL", "a pointer that is not NULL"));
    }
    if !pointer.is_aligned() {
        return Err(refuse(name, format!("{pointer:p}"), format!("a pointer aligned to {} bytes", align_of::<T>())));
    }
    Ok(())
}

impl<T: Input> Argument for *const T {
    type Value<'a> = T::Value<'a>;

    unsafe fn take<'a>(self, name: &'static str) -> Result<Self::Value<'a>> {
        // SAFETY: as the caller's.
        unsafe { T::read(self, name) }
    }
}

impl<T: Output> Argument for *mut T {
    type Value<'a> = Out<T>;

    unsafe fn take<'a>(self, name: &'static str) -> Result<Self::Value<'a>> {
        check_pointer(self, name)?;
        // SAFETY: not NULL, aligned, and by contract a place for a `T`.
        unsafe { T::check(self, name) }?;
        NonNull::new(self).map(Out).ok_or_else(|| refuse(name, "NULL", "a pointer that is not NULL"))
    }
}

impl<T: Handle> Output for *mut T {}

impl<T: Handle> Input for T {
    type Value<'a> = &'a T;

    unsafe fn read<'a>(pointer: *const Self, name: &'static str) -> Result<&'a T> {
        check_pointer(pointer, name)?;
        // SAFETY: not NULL, and by contract from us and not freed.
        Ok(unsafe { &*pointer })
    }
}

impl<T: Handle> Lenient for *const T {
    type Value<'a> = Option<&'a T>;

    unsafe fn receive<'a>(self) -> Option<&'a T> {
        // SAFETY: NULL, or by contract from us and not freed.
        unsafe { self.as_ref() }
    }
}

impl<T: Handle> Lenient for *mut T {
    type Value<'a> = Option<Box<T>>;

    unsafe fn receive<'a>(self) -> Self::Value<'a> {
        // SAFETY: NULL, or by contract from `Box::into_raw`, and freed only once.
        (!self.is_null()).then(|| unsafe { Box::from_raw(self) })
    }
}

impl Lenient for *mut mlops_buf {
    type Value<'a> = Option<&'a mut mlops_buf>;

    unsafe fn receive<'a>(self) -> Option<&'a mut mlops_buf> {
        // SAFETY: NULL, or by contract a buffer that only the caller uses.
        unsafe { self.as_mut() }
    }
}

impl Argument for mlops_str {
    type Value<'a> = &'a str;

    unsafe fn take<'a>(self, name: &'static str) -> Result<&'a str> {
        // SAFETY: as the caller's.
        unsafe { self.text(name) }
    }
}

impl Argument for mlops_bytes {
    type Value<'a> = &'a [u8];

    unsafe fn take<'a>(self, name: &'static str) -> Result<&'a [u8]> {
        // SAFETY: as the caller's.
        unsafe { self.bytes(name) }
    }
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl Argument for $type {
            type Value<'a> = $type;

            unsafe fn take<'a>(self, _name: &'static str) -> Result<Self::Value<'a>> {
                Ok(self)
            }
        }

        impl Lenient for $type {
            type Value<'a> = $type;

            unsafe fn receive<'a>(self) -> Self::Value<'a> {
                self
            }
        }
    )*};
}
plain!(i32, i64, f64, usize);

/// Makes structs the elements of input arrays, whose length is another argument.
macro_rules! elements {
    ($($type:ty),*) => {$(
        impl $crate::args::Input for $type {
            type Value<'a> = $crate::args::Array<$type>;

            unsafe fn read<'a>(pointer: *const Self, name: &'static str) -> mlops_core::Result<Self::Value<'a>> {
                Ok($crate::args::Array::new(pointer, name))
            }
        }
    )*};
}
pub(crate) use elements;

impl<T> Array<T> {
    /// The array that begins at `first`.
    pub(crate) fn new(first: *const T, name: &'static str) -> Self {
        Self { first, name }
    }
}

impl<T: Handle> Output for *const T {}
impl Output for i32 {}
impl Output for i64 {}
impl Output for u64 {}
impl Output for usize {}
