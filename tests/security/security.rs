//! What a store lets whom do: modes, links planted in it, and other users.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

mod child;
mod links;
mod modes;
mod users;
