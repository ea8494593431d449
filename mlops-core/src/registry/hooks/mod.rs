//! What others do when the registry changes: the log of events is the outbox.
//!
//! A [`Consumer`] reads the log behind a cursor (`cursor.rs`) and is told of the events that it wants (`wanted.rs`): each at
//! least once, in order, whoever was killed meanwhile. `command.rs` hands events to commands of the user's configuration,
//! `background.rs` does so in a thread after a change, and `callback.rs` calls a function of this process. A change neither
//! waits for them nor fails with them.

mod background;
mod callback;
mod command;
mod consumer;
mod cursor;
mod wanted;

pub(crate) use background::{Background, settle_all};
pub use callback::Subscription;
pub use command::{Delivery, Hook, HookTest};
pub use consumer::{Consumer, ConsumerOptions, Next};
pub use cursor::CursorState;
pub use wanted::EVENT_KINDS;
