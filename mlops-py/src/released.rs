//! What a Python object holds of the core, let go without the interpreter: the last handle of a store closes it, which
//! drains and flushes, and other threads are not to stand still meanwhile.

use std::ops::Deref;

use pyo3::Python;

/// Dropped with the GIL released.
#[derive(Debug)]
pub(crate) struct Released<T: Send>(Option<T>);

impl<T: Send> Released<T> {
    pub(crate) fn new(held: T) -> Self {
        Self(Some(held))
    }
}

impl<T: Send> Deref for Released<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("it is taken when it is dropped, and not before")
    }
}

impl<T: Send> Drop for Released<T> {
    fn drop(&mut self) {
        let held = self.0.take();
        // While the interpreter goes down there is none to release: the closure is dropped, and what it holds with it.
        let _ = Python::try_attach(|py| py.detach(|| drop(held)));
    }
}
