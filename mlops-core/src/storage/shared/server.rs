//! The owner's side: a thread that lets peers in, one for each of their connections, and one that looks after what the
//! dead left.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use interprocess::local_socket::{Listener, Stream, prelude::*};
use parking_lot::Mutex;

use super::lanes::{self, Applied, Lane, Lanes};
use super::layer::Failed;
use super::lock::OwnerLock;
use super::protocol::{Answer, Failure, PROTOCOL, Request};
use super::socket::{self, Ours};
use super::wire::Wire;
use super::{Care, peer, user_range};
use crate::base::signal::Signal;
use crate::error::{Error, Result};
use crate::storage::{Storage, check_batch, check_key};

/// Most connections at a time.
const CONNECTIONS: usize = 4_096;
/// How often what the dead left is looked for, without a sign of one.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a peer that does not read its answer holds up the end of the owner.
const STOP_PATIENCE: Duration = Duration::from_millis(500);

/// The threads that answer.
pub(super) struct Server {
    shared: Arc<Answering>,
    listener: Arc<Ours<Listener>>,
    name: String,
    threads: Vec<JoinHandle<()>>,
}

struct Answering {
    folder: PathBuf,
    storage: Arc<dyn Storage>,
    lock: Arc<OwnerLock>,
    lanes: Lanes,
    care: Care,
    /// True if the storage failed and has to be opened anew.
    failed: Failed,
    /// Has this process own the store no more.
    step_down: Box<dyn Fn() + Send + Sync>,
    stopping: AtomicBool,
    /// The connections that are open.
    open: Mutex<Vec<Arc<Open>>>,
    /// A peer has gone, or it is time to stop.
    changed: Signal,
    gone: Mutex<bool>,
}

struct Open {
    stream: Arc<Stream>,
    done: AtomicBool,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Server {
    /// Starts to answer at `listener`, which listens at `name`.
    pub(super) fn start(
        listener: Ours<Listener>,
        name: String,
        folder: PathBuf,
        storage: Arc<dyn Storage>,
        lock: Arc<OwnerLock>,
        (care, failed): (Care, Failed),
        step_down: Box<dyn Fn() + Send + Sync>,
    ) -> Result<Self> {
        let lanes = Lanes::read(&*storage)?;
        let shared = Arc::new(Answering {
            folder,
            storage,
            lock,
            lanes,
            care,
            failed,
            step_down,
            stopping: false.into(),
            open: Mutex::default(),
            changed: Signal::default(),
            gone: Mutex::new(true),
        });
        let (accepting, caring) = (shared.clone(), shared.clone());
        let listener = Arc::new(listener);
        let mut server = Self { shared, listener: listener.clone(), name, threads: Vec::new() };
        let accept = std::thread::Builder::new().name("mlops-accept".into());
        let accept = accept.spawn(move || accepting.accept(&listener));
        server.threads.push(accept.map_err(|e| Error::internal(format!("no thread for the store's peers: {e}")))?);
        // Without it the dead are looked after at the next open.
        let care = std::thread::Builder::new().name("mlops-care".into()).spawn(move || caring.care());
        server.threads.extend(care);
        Ok(server)
    }

    /// Stops: what was taken is answered, what was not is asked of the next owner.
    pub(super) fn stop(self) {
        let shared = &self.shared;
        shared.stopping.store(true, Ordering::SeqCst);
        *shared.gone.lock() = true;
        shared.changed.notify_all();
        socket::shut_listener(&self.listener.end, &self.name);
        let here = std::thread::current().id();
        for thread in self.threads.into_iter().filter(|thread| thread.thread().id() != here) {
            // A panic of it was its own end.
            let _ = thread.join();
        }
        let began = Instant::now();
        let mut all = false;
        loop {
            let open: Vec<_> =
                shared.open.lock().iter().filter(|open| !open.done.load(Ordering::SeqCst)).cloned().collect();
            if open.is_empty() {
                break;
            }
            open.iter().for_each(|open| socket::shut(&open.stream, all));
            all = began.elapsed() > STOP_PATIENCE;
            std::thread::sleep(Duration::from_micros(200));
        }
        socket::unlink(&self.name);
    }
}

impl Answering {
    fn accept(self: &Arc<Self>, listener: &Arc<Ours<Listener>>) {
        while !self.stopping.load(Ordering::SeqCst) {
            let Ok(stream) = listener.end.accept() else {
                // Too many open files, perhaps: others may close some.
                std::thread::sleep(Duration::from_millis(10));
                continue;
            };
            if !socket::may_share(&stream, &self.folder) {
                continue;
            }
            let mut open = self.open.lock();
            open.retain(|open| !open.done.load(Ordering::SeqCst));
            if open.len() >= CONNECTIONS || self.stopping.load(Ordering::SeqCst) {
                continue;
            }
            let note = socket::not_for_children(&stream);
            let entry = Arc::new(Open { stream: Arc::new(stream), done: false.into() });
            open.push(entry.clone());
            drop(open);
            let shared = self.clone();
            let thread = std::thread::Builder::new().name("mlops-peer".into());
            let started = thread.spawn({
                let entry = entry.clone();
                move || {
                    let _ = catch_unwind(AssertUnwindSafe(|| shared.serve(&entry.stream)));
                    shared.close(&entry);
                    drop(note);
                    shared.poke();
                }
            });
            if started.is_err() {
                self.close(&entry);
            }
        }
    }

    /// Ends a connection: whoever waits at the other end notices at once.
    fn close(&self, entry: &Arc<Open>) {
        socket::shut(&entry.stream, true);
        entry.done.store(true, Ordering::SeqCst);
        self.open.lock().retain(|open| !Arc::ptr_eq(open, entry));
    }

    /// Wakes the thread that looks around.
    fn poke(&self) {
        *self.gone.lock() = true;
        self.changed.notify_all();
    }

    /// True if this process owns nothing any more, or must not go on with it.
    fn is_over(&self) -> bool {
        !self.lock.is_current() || (self.failed)()
    }

    /// Looks after what the dead left: when a connection has ended, and now and then.
    fn care(&self) {
        loop {
            {
                let mut gone = self.gone.lock();
                if !*gone {
                    self.changed.wait_for(&mut gone, LOOK_EVERY);
                }
                *gone = false;
            }
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            if self.is_over() {
                (self.step_down)();
                return;
            }
            // What fails now is tried again.
            let _ = self.lanes.forget_old(&*self.storage);
            let _ = catch_unwind(AssertUnwindSafe(|| self.care.run()));
        }
    }

    /// Answers one peer until it closes, or says something that cannot be understood.
    fn serve(&self, stream: &Arc<Stream>) {
        let mut wire = Wire::new(stream.clone());
        let mut wait = || Ok(());
        let Ok(hello) = wire.receive_hello(&mut wait) else { return };
        if hello.version != PROTOCOL {
            let _ = wire.send_welcome(&peer::wrong_version(std::process::id(), PROTOCOL, hello.version), &mut wait);
            return;
        }
        if !self.lock.is_current() {
            // The peer asks whoever owns the store now.
            return;
        }
        let lane = Lane { client: hello.client, number: hello.lane };
        self.lanes.seen(lane);
        let mut used = false;
        let _ = wire.send_welcome("", &mut wait).and_then(|()| self.answer_all(&mut wire, lane, &mut used));
        // A peer that closed does not come back for an answer. To one that this owner leaves, the next must know it.
        if used && !self.stopping.load(Ordering::SeqCst) && self.lock.is_current() {
            let _ = Lanes::forget(&*self.storage, lane);
        }
    }

    fn answer_all(&self, wire: &mut Wire, lane: Lane, used: &mut bool) -> io::Result<()> {
        let mut wait = || Ok(());
        while let Some(request) = wire.receive::<Request>(&mut wait)? {
            *used |= matches!(request, Request::Lane | Request::Apply { .. });
            if !self.lock.is_current() {
                // Nothing is written to what is another's by now.
                return Err(io::ErrorKind::NotConnected.into());
            }
            let answer = catch_unwind(AssertUnwindSafe(|| self.answer(lane, request)));
            let answer = answer.unwrap_or_else(|_| Err(Error::internal("the owner of the store failed")));
            if !self.lock.is_current() {
                // Nothing is said: whoever owns the store now is asked again.
                return Err(io::ErrorKind::NotConnected.into());
            }
            let failed = answer.is_err() && (self.failed)();
            wire.send(&answer.unwrap_or_else(|error| Answer::Failed(Failure::from(error))), &mut wait)?;
            if failed {
                self.poke();
                return Ok(());
            }
        }
        Ok(())
    }

    fn answer(&self, lane: Lane, request: Request) -> Result<Answer> {
        let storage = &*self.storage;
        Ok(match request {
            Request::Lane => {
                Lanes::add(storage, lane)?;
                Answer::Done
            }
            Request::Get(key) => {
                check_key(&key)?;
                Answer::Value(storage.get(&key)?)
            }
            Request::Scan(range, options) => Answer::Page(storage.scan(&user_range(range), &options)?),
            Request::Apply { before, this, ops, durability } => {
                ops.iter().try_for_each(|op| check_key(op.key()))?;
                check_batch(&ops)?;
                match lanes::apply(storage, lane, (before, this), ops, durability)? {
                    Applied::Outcome(outcome) => Answer::Outcome(outcome),
                    Applied::Forgotten => Answer::LaneForgotten,
                }
            }
            Request::Flush => {
                storage.flush()?;
                Answer::Done
            }
        })
    }
}
