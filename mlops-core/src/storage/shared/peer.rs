//! A process that asks the owner.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use uuid::Uuid;

use super::lock::{self, Owner};
use super::protocol::{Answer, PROTOCOL, Request};
use super::socket;
use super::wire::{Hello, Wire};
use crate::base::files::Files;
use crate::base::hurry;
use crate::base::os::NotForChildren;
use crate::error::{Error, Result};

/// How often a wait for the owner is interrupted to look whether there is still one.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// The owner is gone; another may be asked the same.
    Gone,
    /// The call failed.
    Failed(Error),
}

impl From<Error> for NoAnswer {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What a peer is told, beside the owner's note.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) folder: PathBuf,
    pub(super) files: Files,
    pub(super) client: Uuid,
    /// How long an owner that does not answer is waited for.
    pub(super) patience: Duration,
}

/// The owner, as this process reaches it.
#[derive(Debug)]
pub(super) struct Peer {
    owner: Owner,
    /// Connections that nobody uses at this moment.
    idle: Mutex<Vec<Connection>>,
}

/// A connection, which belongs to one lane for as long as it lasts.
#[derive(Debug)]
pub(super) struct Connection {
    // Dropped before the descriptor is closed.
    _note: NotForChildren,
    wire: Wire,
    pub(super) lane: u32,
    pid: u32,
}

impl Peer {
    pub(super) fn new(owner: Owner) -> Self {
        Self { owner, idle: Mutex::default() }
    }

    /// A connection of a lane, or of whichever is idle; `new_lane` numbers one that is made.
    pub(super) fn take(
        &self,
        caller: &Caller,
        lane: Option<u32>,
        new_lane: impl FnOnce() -> u32,
    ) -> Result<Connection, NoAnswer> {
        let mut idle = self.idle.lock();
        let found = match lane {
            Some(lane) => idle.iter().position(|connection| connection.lane == lane).map(|at| idle.swap_remove(at)),
            None => idle.pop(),
        };
        drop(idle);
        found.map_or_else(|| self.connect(caller, lane.unwrap_or_else(new_lane)), Ok)
    }

    /// Closes the connections that nobody uses.
    #[cfg(test)]
    pub(super) fn drop_connections(&self) {
        self.idle.lock().clear();
    }

    /// Gives a connection back for the next call.
    pub(super) fn give_back(&self, connection: Connection) {
        self.idle.lock().push(connection);
    }

    fn connect(&self, caller: &Caller, lane: u32) -> Result<Connection, NoAnswer> {
        let stream = socket::connect(&self.owner.socket, LOOK_EVERY).map_err(|_| NoAnswer::Gone)?;
        let note = socket::not_for_children(&stream);
        if !socket::may_share(&stream, &caller.folder) {
            if Owner::read(&caller.folder, &caller.files).as_ref() != Some(&self.owner) {
                // Somebody took the name that the owner before this one had.
                return Err(NoAnswer::Gone);
            }
            let detail =
                format!("who answers for the store at {} is another user: it is not trusted", caller.folder.display());
            return Err(Error::Untrusted { detail }.into());
        }
        let pid = socket::peer_pid(&stream).unwrap_or(self.owner.pid);
        let mut connection = Connection { _note: note, wire: Wire::new(Arc::new(stream)), lane, pid };
        let hello = Hello { version: PROTOCOL, client: caller.client, lane };
        let (version, refusal) = connection.ask(caller, &self.owner, |wire, wait| {
            wire.send_hello(hello, wait)?;
            wire.receive_welcome(wait)
        })?;
        if refusal.is_none() && version == PROTOCOL {
            return Ok(connection);
        }
        let detail = refusal.unwrap_or_else(|| wrong_version(connection.pid, version, PROTOCOL));
        Err(Error::Unsupported { detail }.into())
    }

    /// Asks on a connection. One on which something fails must not be used again.
    pub(super) fn call(
        &self,
        caller: &Caller,
        connection: &mut Connection,
        request: &Request,
    ) -> Result<Answer, NoAnswer> {
        let answer = connection.ask(caller, &self.owner, |wire, wait| {
            wire.send(request, wait)?;
            wire.receive(wait)
        })?;
        match answer {
            None => Err(NoAnswer::Gone),
            Some(Answer::Failed(failure)) => Err(NoAnswer::Failed(failure.into())),
            Some(answer) => Ok(answer),
        }
    }
}

/// What owner and peer of different versions tell each other.
pub(super) fn wrong_version(pid: u32, owner: u32, peer: u32) -> String {
    format!(
        "process {pid}, which owns the store, speaks version {owner} of the protocol between processes, and this one \
         version {peer}; use the same version of mlops in both, or close the store in one of them"
    )
}

impl Connection {
    /// Does what needs the other end, with an eye on whether it is still there.
    fn ask<T>(
        &mut self,
        caller: &Caller,
        owner: &Owner,
        exchange: impl FnOnce(&mut Wire, super::wire::Wait<'_>) -> io::Result<T>,
    ) -> Result<T, NoAnswer> {
        let began = Instant::now();
        let mut failed = None;
        let mut wait = || {
            let waited = began.elapsed();
            hurry::waiting();
            if hurry::is_wanted() {
                let detail = "a call to the owner of the store was given up because this process forks or ends".into();
                failed = Some(Error::Busy { detail });
            } else if waited >= caller.patience
                && waited >= lock::patience(Owner::read(&caller.folder, &caller.files).as_ref(), caller.patience)
            {
                let path = caller.folder.clone();
                failed = Some(Error::Unanswered { path, pid: self.pid, host: owner.host.clone(), waited });
            } else if !lock::is_free(&caller.folder, &caller.files) {
                return Ok(());
            }
            Err(io::ErrorKind::NotConnected.into())
        };
        let result = exchange(&mut self.wire, &mut wait);
        result.map_err(|error| match failed {
            Some(failed) => NoAnswer::Failed(failed),
            None if error.kind() == io::ErrorKind::InvalidData => NoAnswer::Failed(Error::Internal {
                detail: format!("process {} answers for the store in an unknown form: {error}", self.pid),
            }),
            None => NoAnswer::Gone,
        })
    }
}
