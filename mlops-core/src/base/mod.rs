//! Leaf types that everything else uses: time, ids, names, digests, paging, limits and the file layer.

pub(crate) mod beneath;
pub mod clock;
pub mod digests;
pub mod durability;
pub mod files;
pub mod findings;
pub mod forked;
mod handle;
pub(crate) mod hurry;
pub mod ids;
pub mod limits;
pub(crate) mod machine;
pub mod markup;
pub mod names;
pub mod os;
pub mod paging;
mod place;
pub(crate) mod sealed;
pub mod series_key;
pub mod sharing;
pub(crate) mod signal;
pub(crate) mod stored;
pub mod text;
pub mod time;
