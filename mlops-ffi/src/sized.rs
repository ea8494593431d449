//! Structs that begin with their own size, so that they can grow without a second version of a function.

use std::ptr::{copy_nonoverlapping, write_bytes};

use mlops_core::{Error, Result};

use crate::args::{Versioned, refuse};

/// A larger size is not a struct of ours but memory that nobody set.
const LARGEST: usize = 1 << 12;

/// Reads a struct of a caller who may know fewer fields, or more.
pub(crate) unsafe fn read<T: Versioned>(place: *const T, name: &str) -> Result<T> {
    // SAFETY: as the caller's.
    let given = unsafe { given(place, name) }?;
    let known = size_of::<T>();
    if given > known {
        // SAFETY: the caller says that the struct has `given` bytes.
        let tail = unsafe { std::slice::from_raw_parts(place.cast::<u8>().add(known), given - known) };
        if tail.iter().any(|byte| *byte != 0) {
            return Err(unknown_fields(name));
        }
    }
    let mut value = T::DEFAULT;
    // SAFETY: both have that many bytes, and every bit pattern is a value of `T`: integers, floats and pointers.
    unsafe { copy_nonoverlapping(place.cast::<u8>(), (&raw mut value).cast::<u8>(), given.min(known)) };
    Ok(value)
}

/// Refuses a reserved field that is set: a later version gives it a meaning.
pub(crate) fn check_reserved(name: &str, reserved: impl Into<i64>) -> Result<()> {
    if reserved.into() == 0 { Ok(()) } else { Err(unknown_fields(name)) }
}

fn unknown_fields(name: &str) -> Error {
    let detail = format!(
        "{name} sets fields that this version of libmlops ({}) does not know; set them to 0, or install a newer libmlops",
        env!("CARGO_PKG_VERSION")
    );
    Error::Unsupported { detail }
}

/// Writes a struct for a caller who may know fewer fields, or more: those become zero. The size stays the caller's.
pub(crate) unsafe fn write<T: Versioned>(place: *mut T, value: &T) {
    // SAFETY: `check` has read this size.
    let given = unsafe { place.cast::<u32>().read() } as usize;
    let (head, known) = (size_of::<u32>(), size_of::<T>());
    let written = given.min(known);
    // SAFETY: the caller says that the struct has `given` bytes, and `check` made it at least the size of its head.
    unsafe {
        let place = place.cast::<u8>();
        copy_nonoverlapping(std::ptr::from_ref(value).cast::<u8>().add(head), place.add(head), written - head);
        write_bytes(place.add(written), 0, given - written);
    }
}

/// Refuses a struct whose size was not set.
pub(crate) unsafe fn check<T: Versioned>(place: *const T, name: &str) -> Result<()> {
    // SAFETY: as the caller's.
    unsafe { given(place, name) }.map(drop)
}

/// The caller's size, cut to whole fields.
unsafe fn given<T>(place: *const T, name: &str) -> Result<usize> {
    // SAFETY: every such struct begins with its size.
    let given = unsafe { place.cast::<u32>().read() } as usize;
    if !(size_of::<u64>()..=LARGEST).contains(&given) {
        let expected = "the size of the struct; begin with its MLOPS_..._INIT macro";
        return Err(refuse(&format!("struct_size of {name}"), given.to_string(), expected));
    }
    Ok(given & !7)
}

/// Makes structs with a size an input of functions.
macro_rules! sized_input {
    ($($type:ident)*) => {$(
        impl $crate::args::Input for $type {
            type Value<'a> = $type;

            unsafe fn read<'a>(pointer: *const Self, name: &'static str) -> mlops_core::Result<Self::Value<'a>> {
                $crate::args::check_pointer(pointer, name)?;
                // SAFETY: not NULL, and by contract one of our structs with its size set.
                unsafe { $crate::sized::read(pointer, name) }
            }
        }
    )*};
}
pub(crate) use sized_input;

/// Makes structs with a size an output of functions.
macro_rules! sized_output {
    ($($type:ident)*) => {$(
        impl $crate::args::Output for $type {
            unsafe fn check(place: *const Self, name: &'static str) -> mlops_core::Result<()> {
                // SAFETY: by contract one of our structs with its size set.
                unsafe { $crate::sized::check(place, name) }
            }

            unsafe fn write(self, place: *mut Self) {
                // SAFETY: as the caller's.
                unsafe { $crate::sized::write(place, &self) }
            }
        }
    )*};
}
pub(crate) use sized_output;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(C)]
    struct Grown {
        struct_size: u32,
        old: i32,
        new: i64,
    }

    impl Versioned for Grown {
        const DEFAULT: Self = Self { struct_size: 16, old: 0, new: 7 };
    }

    fn grown(struct_size: u32, old: i32, new: i64) -> Grown {
        Grown { struct_size, old, new }
    }

    #[test]
    fn an_older_caller_gets_defaults_for_the_fields_it_does_not_know() {
        let given = grown(8, 5, 99);
        // SAFETY: the struct is as large as it says.
        let read = unsafe { read(&raw const given, "options") }.unwrap();
        assert_eq!((read.old, read.new), (5, 7));
    }

    #[test]
    fn a_newer_caller_may_leave_unknown_fields_zero_but_not_set_them() {
        #[repr(C, align(8))]
        struct Larger(Grown, i64);
        let zero = Larger(grown(24, 5, 6), 0);
        let set = Larger(grown(24, 5, 6), 1);
        // SAFETY: the structs are as large as they say.
        let (zero, set) = unsafe { (read(&raw const zero.0, "options"), read(&raw const set.0, "options")) };
        assert_eq!(zero.unwrap().new, 6);
        assert!(matches!(set, Err(Error::Unsupported { .. })));
    }

    #[test]
    fn an_older_caller_keeps_what_is_behind_its_struct() {
        let mut place = grown(8, 1, 42);
        // SAFETY: the struct is larger than it says.
        unsafe { write(&raw mut place, &grown(16, 2, 3)) };
        assert_eq!(place, grown(8, 2, 42));
    }

    #[test]
    fn a_size_that_was_never_set_is_refused() {
        for size in [0, 4, u32::MAX] {
            let given = grown(size, 0, 0);
            // SAFETY: nothing behind the size is read.
            let checked = unsafe { check(&raw const given, "options") };
            assert!(checked.unwrap_err().to_string().contains("INIT"), "{size}");
        }
    }
}
