//! Pages of results.

use serde::Serialize;

use super::limits;
use crate::error::{Error, Result};

/// One page of results, and where the next begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    /// The results of this page, in order.
    pub items: Vec<T>,
    /// What to pass as `page_token` for the next page; None after the last.
    pub next_page_token: Option<String>,
}

impl<T> Page<T> {
    /// The same page with every item changed by `f`.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next_page_token: self.next_page_token }
    }
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next_page_token: None }
    }
}

/// The size of a page: 0 means 1,000.
pub(crate) fn page_size(max_results: usize) -> Result<usize> {
    match max_results {
        0 => Ok(1_000),
        n if n <= limits::PAGE_ITEMS => Ok(n),
        n => Err(Error::InvalidArgument {
            what: "max_results".into(),
            value: n.to_string(),
            expected: format!("1 to {}; more come page by page", limits::PAGE_ITEMS),
        }),
    }
}
