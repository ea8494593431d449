//! The layer itself: this process owns the store, asks the owner, or is about to find out.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::lock::{self, Owner as Note, OwnerLock};
use super::peer::{Caller, NoAnswer, Peer};
use super::protocol::{Answer, Request};
use super::reader::Reader;
use super::server::Server;
use super::{Care, lanes, socket, user_range};
use crate::base::files::Files;
use crate::base::forked;
use crate::base::hurry;
use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::base::os;
use crate::error::{Code, Error, Result};
use crate::storage::journal::SyncBefore;
use crate::storage::{
    Capabilities, Durability, KeyRange, Op, Outcome, ScanOptions, ScanPage, Storage, check_batch, check_key,
};
use parking_lot::{Mutex, RwLock};

/// How long this process waits, at first and at most, before it looks again who owns the store.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);
/// How long a note of an owner elsewhere may be that of one before the owner of now.
const NOTE_PATIENCE: Duration = Duration::from_millis(200);

/// Opens what the owner owns; the argument says whether another may still believe that it does.
pub type OpenOwned = Arc<dyn Fn(&Arc<OwnerLock>, bool) -> Result<(Arc<dyn Storage>, Failed)> + Send + Sync>;

/// True if the storage failed in a way that only opening it anew mends.
pub type Failed = Arc<dyn Fn() -> bool + Send + Sync>;

/// How a store is shared.
pub struct SharedOptions {
    /// The store's folder.
    pub folder: PathBuf,
    /// The file layer.
    pub files: Files,
    /// Opens the storage beneath, in the process that holds the lock.
    pub open: OpenOwned,
    /// Opens it as it is in memory, for a process that never owns while nobody does.
    pub read: Arc<dyn Fn() -> Result<Arc<dyn Storage>> + Send + Sync>,
    /// Runs before a commit is sent to the owner: what it names must be on the disk before it is.
    pub sync_before: Option<SyncBefore>,
    /// What the owner does now and then.
    pub care: Care,
    /// How long an owner that does not answer is waited for.
    pub patience: Duration,
    /// This process may own the store.
    pub may_own: bool,
}

impl fmt::Debug for SharedOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedOptions").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// A [`Storage`] that any number of processes have open.
#[derive(Debug)]
pub struct Shared {
    options: SharedOptions,
    caller: Caller,
    /// How often the process had forked when this was opened.
    forks: usize,
    role: Arc<RwLock<Role>>,
    /// Held by the thread that looks for the owner, or becomes it.
    joining: Mutex<()>,
    lanes: Mutex<Vec<Numbers>>,
    next_lane: AtomicU32,
    closed: AtomicBool,
}

#[derive(Clone, Debug)]
enum Role {
    Unknown,
    Owner(Arc<Owned>),
    Peer(Arc<Peer>),
    /// Nobody owns, and this process never does.
    Reader(Arc<Reader>),
}

/// What the owner has.
struct Owned {
    /// None only at its end.
    storage: Option<Arc<dyn Storage>>,
    lock: Arc<OwnerLock>,
    failed: Failed,
    server: Mutex<Option<Server>>,
}

/// A lane of this process, and the number of its last commit.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    lane: u32,
    last: u64,
}

/// What a call wants to know, of whoever can tell.
enum Asked {
    Answer(Answer),
    Again,
}

impl Shared {
    /// Opens the store: as its owner if there is none, else as a peer of it.
    ///
    /// # Errors
    /// `Locked` if the owner is out of reach, or does not answer; `Unsupported` if it speaks another version of the
    /// protocol, or the file system has no locks; what opening the storage beneath gives.
    pub fn open(options: SharedOptions) -> Result<Self> {
        let SharedOptions { folder, files, patience, .. } = &options;
        let caller =
            Caller { folder: folder.clone(), files: files.clone(), client: TimeOrderedIds.next(), patience: *patience };
        let shared = Self {
            options,
            caller,
            forks: os::forks(),
            role: Arc::new(RwLock::new(Role::Unknown)),
            joining: Mutex::default(),
            lanes: Mutex::default(),
            next_lane: AtomicU32::new(0),
            closed: false.into(),
        };
        shared.join()?;
        Ok(shared)
    }

    /// True if this process owns the store at this moment.
    pub fn is_owner(&self) -> bool {
        matches!(&*self.role.read(), Role::Owner(_))
    }

    /// Ends what this process has of the store; later calls fail.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let _one = self.joining.lock();
        let role = std::mem::replace(&mut *self.role.write(), Role::Unknown);
        if let Role::Owner(owned) = role {
            owned.end();
        }
    }

    fn role(&self) -> Result<Role> {
        forked::check(self.forks)?;
        loop {
            let role = self.role.read().clone();
            match role {
                Role::Unknown => self.join()?,
                Role::Reader(reader) if !reader.is_current() => self.leave(&Role::Reader(reader)),
                role => return Ok(role),
            }
        }
    }

    /// Finds out who owns the store: this process, if nobody does.
    fn join(&self) -> Result<()> {
        let _one = loop {
            match self.joining.try_lock_for(LONGEST_PAUSE) {
                Some(one) => break one,
                None if hurry::is_wanted() => {
                    let detail = "another thread looks for the owner of the store; try again".into();
                    return Err(Error::Busy { detail });
                }
                None => {}
            }
        };
        if !matches!(*self.role.read(), Role::Unknown) {
            return Ok(());
        }
        let SharedOptions { folder, files, patience, may_own, .. } = &self.options;
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            if self.closed.load(Ordering::SeqCst) {
                let detail = format!("the store {} is closed", folder.display());
                return Err(Error::InvalidState { detail });
            }
            if *may_own && let Some(lock) = OwnerLock::acquire(folder, files)? {
                return self.own(lock);
            }
            let note = Note::read(folder, files).filter(|note| !note.is_gone());
            if let Some(note) = &note {
                if note.is_here() {
                    let peer = Peer::new(note.clone());
                    match peer.take(&self.caller, None, || self.new_lane()) {
                        Ok(connection) => {
                            peer.give_back(connection);
                            *self.role.write() = Role::Peer(Arc::new(peer));
                            return Ok(());
                        }
                        Err(NoAnswer::Gone) => {}
                        Err(NoAnswer::Failed(error)) => return Err(error),
                    }
                } else if began.elapsed() >= NOTE_PATIENCE && !lock::is_free(folder, files) {
                    return Err(note.locked(folder, ""));
                }
            }
            if !may_own && lock::is_free(folder, files) {
                *self.role.write() = Role::Reader(Arc::new(Reader::open(folder, files, &self.options.read)?));
                return Ok(());
            }
            let waited = began.elapsed();
            hurry::waiting();
            if waited >= lock::patience(note.as_ref(), *patience) || hurry::is_wanted() {
                let Note { pid, host, .. } = note.unwrap_or_default();
                return Err(Error::Unanswered { path: folder.clone(), pid, host, waited });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Becomes the owner.
    fn own(&self, lock: OwnerLock) -> Result<()> {
        let folder = &self.options.folder;
        let lock = Arc::new(lock);
        let replaced = lock.may_have_been_replaced();
        let name = socket::new_name()?;
        let listener = socket::bind(&name).map_err(|e| Error::io("listen for the peers of", folder, e))?;
        // Said before the journal is read: peers wait at the socket meanwhile.
        lock.announce(&name, false)?;
        let opened = (self.options.open)(&lock, replaced);
        let owned = opened.and_then(|(storage, failed)| {
            let (answers, folder) = (storage.clone(), folder.clone());
            let doing = (self.options.care.clone(), failed.clone());
            let server =
                Server::start(listener, name.clone(), folder, answers, lock.clone(), doing, self.step_down(&lock))?;
            let owned = Owned { storage: Some(storage), lock: lock.clone(), failed, server: Mutex::new(Some(server)) };
            lock.announce(&name, true)?;
            Ok(owned)
        });
        if owned.is_err() {
            lock.withdraw();
        }
        *self.role.write() = Role::Owner(Arc::new(owned?));
        Ok(())
    }

    /// What has this process own the store no more by this lock.
    fn step_down(&self, lock: &Arc<OwnerLock>) -> Box<dyn Fn() + Send + Sync> {
        let (place, lock) = (Arc::downgrade(&self.role), Arc::downgrade(lock));
        Box::new(move || {
            let (Some(place), Some(lock)) = (place.upgrade(), lock.upgrade()) else { return };
            let mut role = place.write();
            let owns = matches!(&*role, Role::Owner(owned) if Arc::ptr_eq(&owned.lock, &lock));
            drop(lock);
            let left = if owns { std::mem::replace(&mut *role, Role::Unknown) } else { Role::Unknown };
            drop(role);
            if let Role::Owner(owned) = left {
                owned.end();
            }
        })
    }

    /// Leaves a role that has come to its end; fine if another thread did.
    fn leave(&self, role: &Role) {
        let mut now = self.role.write();
        let same = match (&*now, role) {
            (Role::Peer(now), Role::Peer(role)) => Arc::ptr_eq(now, role),
            (Role::Owner(now), Role::Owner(role)) => Arc::ptr_eq(now, role),
            (Role::Reader(now), Role::Reader(role)) => Arc::ptr_eq(now, role),
            _ => false,
        };
        if same {
            *now = Role::Unknown;
        }
        drop(now);
        if let Role::Owner(owned) = role {
            owned.end();
        }
    }

    /// Closes the connections that nobody uses.
    #[cfg(test)]
    pub(super) fn drop_connections(&self) {
        if let Role::Peer(peer) = &*self.role.read() {
            peer.drop_connections();
        }
    }

    fn new_lane(&self) -> u32 {
        self.next_lane.fetch_add(1, Ordering::Relaxed)
    }

    /// Does a call: on what this process owns, or by asking whoever does, until one answers.
    fn call<T>(
        &self,
        own: impl Fn(&dyn Storage) -> Result<T>,
        request: impl Fn() -> Request,
        take: impl Fn(Answer) -> Option<T>,
    ) -> Result<T> {
        loop {
            let role = self.role()?;
            match &role {
                Role::Owner(owned) => {
                    let done = own(owned.storage()?);
                    let current = owned.lock.is_current();
                    if !current || owned.has_failed(&done) {
                        self.leave(&role);
                    }
                    if current {
                        return done;
                    }
                }
                Role::Reader(reader) => return own(reader.storage()),
                Role::Peer(peer) => match self.ask(peer, &request())? {
                    Asked::Answer(answer) => return take(answer).ok_or_else(unexpected),
                    Asked::Again => self.leave(&role),
                },
                Role::Unknown => {}
            }
        }
    }

    /// Reads; where nobody can own the store by now, because its disk is full or fails, what stands in the files.
    fn read<T>(
        &self,
        own: impl Fn(&dyn Storage) -> Result<T>,
        request: impl Fn() -> Request,
        take: impl Fn(Answer) -> Option<T>,
    ) -> Result<T> {
        self.call(&own, request, take).or_else(|error| {
            let unowned = matches!(*self.role.read(), Role::Unknown) && !self.closed.load(Ordering::SeqCst);
            if !unowned || !matches!(error.code(), Code::OutOfSpace | Code::Io) {
                return Err(error);
            }
            (self.options.read)().map_err(|_| error).and_then(|storage| own(&*storage))
        })
    }

    fn ask(&self, peer: &Peer, request: &Request) -> Result<Asked> {
        let answer = peer.take(&self.caller, None, || self.new_lane()).and_then(|mut connection| {
            let answer = peer.call(&self.caller, &mut connection, request)?;
            peer.give_back(connection);
            Ok(answer)
        });
        answered(answer)
    }

    /// Applies a batch with a lane's next number, whoever owns the store by the time it is answered.
    fn commit(&self, ops: &[Op], durability: Durability) -> Result<Outcome> {
        let taken = self.lanes.lock().pop();
        let mut numbers = taken.unwrap_or_else(|| Numbers { lane: self.new_lane(), last: 0 });
        let mut this = numbers.last + 1;
        let mut sent = false;
        let outcome = loop {
            let role = self.role().map_err(|e| if sent { in_doubt() } else { e })?;
            let was_sent = sent;
            let again = match &role {
                // Nothing is appended to what is another's by now.
                Role::Owner(owned) if !owned.lock.is_current() => true,
                Role::Owner(owned) => {
                    let storage = owned.storage()?;
                    let applied = if sent {
                        let lane = lanes::Lane { client: self.caller.client, number: numbers.lane };
                        lanes::apply(storage, lane, (numbers.last, this), ops.to_vec(), durability)
                    } else {
                        storage.apply(ops, durability).map(lanes::Applied::Outcome)
                    };
                    let current = owned.lock.is_current();
                    if !current || owned.has_failed(&applied) {
                        self.leave(&role);
                    }
                    if current {
                        break match applied? {
                            lanes::Applied::Outcome(outcome) => outcome,
                            lanes::Applied::Forgotten => return Err(in_doubt()),
                        };
                    }
                    // Another may have read the commit, or not.
                    return Err(in_doubt());
                }
                Role::Reader(_) if sent => return Err(in_doubt()),
                Role::Reader(_) => return Err(Error::NoOwner { path: self.options.folder.clone() }),
                Role::Peer(peer) => match self.send_commit(peer, numbers, this, ops, durability, &mut sent)? {
                    Asked::Answer(Answer::Outcome(outcome)) => break outcome,
                    // It was never sent before: it had no effect, and another lane does as well.
                    Asked::Answer(Answer::LaneForgotten) if !was_sent => {
                        numbers = Numbers { lane: self.new_lane(), last: 0 };
                        this = 1;
                        sent = false;
                        false
                    }
                    Asked::Answer(Answer::LaneForgotten) => return Err(in_doubt()),
                    Asked::Answer(_) => return Err(unexpected()),
                    Asked::Again => true,
                },
                Role::Unknown => false,
            };
            if again {
                self.leave(&role);
            }
        };
        if sent && outcome == Outcome::Applied {
            numbers.last = this;
        }
        // Not after an error: what became of the commit is not known then, and the lane's next would not follow it.
        self.lanes.lock().push(numbers);
        Ok(outcome)
    }

    fn send_commit(
        &self,
        peer: &Peer,
        numbers: Numbers,
        this: u64,
        ops: &[Op],
        durability: Durability,
        sent: &mut bool,
    ) -> Result<Asked> {
        if let Some(sync) = &self.options.sync_before {
            sync()?;
        }
        let answer = peer.take(&self.caller, Some(numbers.lane), || numbers.lane).and_then(|mut connection| {
            if numbers.last == 0 && !*sent {
                peer.call(&self.caller, &mut connection, &Request::Lane)?;
            }
            *sent = true;
            let request = Request::Apply { before: numbers.last, this, ops: ops.to_vec(), durability };
            let answer = peer.call(&self.caller, &mut connection, &request)?;
            peer.give_back(connection);
            Ok(answer)
        });
        answered(answer)
    }
}

fn answered(answer: Result<Answer, NoAnswer>) -> Result<Asked> {
    match answer {
        Ok(answer) => Ok(Asked::Answer(answer)),
        Err(NoAnswer::Gone) => Ok(Asked::Again),
        Err(NoAnswer::Failed(error)) => Err(error),
    }
}

fn unexpected() -> Error {
    Error::internal("the owner of the store gave the answer to another question")
}

/// What a commit ends with of which nobody can say whether it had its effect.
fn in_doubt() -> Error {
    Error::InvalidState {
        detail: "the store changed hands while a commit was under way, and whether it had its effect is not known; \
                 read what it would have changed, and try again"
            .into(),
    }
}

impl fmt::Debug for Owned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owned").field("storage", &self.storage).finish_non_exhaustive()
    }
}

impl Owned {
    /// True if the storage has to be opened anew; only an error lets one look for that.
    fn has_failed<T>(&self, done: &Result<T>) -> bool {
        done.is_err() && (self.failed)()
    }

    fn storage(&self) -> Result<&dyn Storage> {
        self.storage.as_deref().ok_or_else(|| Error::internal("the store was closed under a call"))
    }

    /// Answers nobody any more, and lets the storage and the lock go with the last call that uses them.
    fn end(&self) {
        let server = self.server.lock().take();
        if let Some(server) = server {
            server.stop();
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.end();
        // Closed before the lock goes: nobody else may open what is still being closed.
        self.storage = None;
        self.lock.withdraw();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if os::forks() == self.forks {
            self.close();
        } else {
            // What closing does (stop threads, flush) is the parent's, and would wait here for locks and threads that
            // are not there. The descriptors were let go at the fork.
            std::mem::forget(self.role.clone());
        }
    }
}

impl Storage for Shared {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        if check_key(key).is_err() {
            // What cannot be put is not there.
            return Ok(None);
        }
        let take = |answer| if let Answer::Value(value) = answer { Some(value) } else { None };
        self.read(|storage| storage.get(key), || Request::Get(key.to_vec()), take)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        let range = user_range(range.clone());
        let take = |answer| if let Answer::Page(page) = answer { Some(page) } else { None };
        self.read(|storage| storage.scan(&range, options), || Request::Scan(range.clone(), *options), take)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> Result<Outcome> {
        ops.iter().try_for_each(|op| check_key(op.key()))?;
        check_batch(ops)?;
        self.commit(ops, durability)
    }

    fn flush(&self) -> Result<()> {
        let take = |answer| matches!(answer, Answer::Done).then_some(());
        self.call(|storage| storage.flush(), || Request::Flush, take)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { name: "shared over journal", durable: true, shared: true, read_only: false }
    }
}
