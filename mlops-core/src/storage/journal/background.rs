//! The journal's own thread: syncs what is acknowledged as fast, and makes checkpoints.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::state::State;

/// How long a fast commit waits for others before it is forced to the disk.
const SYNC_EVERY: Duration = Duration::from_millis(500);
/// How long a checkpoint that failed waits to be tried again.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// Starts the thread. Without it (no thread to be had) commits are synced at `flush` and at close.
pub(super) fn start(state: &Arc<State>) -> Option<JoinHandle<()>> {
    let state = state.clone();
    std::thread::Builder::new().name("mlops-journal".into()).spawn(move || run(&state)).ok()
}

fn run(state: &State) {
    let mut checkpoint_from = Instant::now();
    loop {
        {
            let mut tail = state.tail.lock();
            while !tail.stop && (tail.synced == tail.last() || tail.failed.is_some()) {
                state.changed.wait(&mut tail);
            }
            // Commits that come close together are synced together; a stop does not wait.
            let deadline = Instant::now() + SYNC_EVERY;
            while !tail.stop && !state.changed.wait_until(&mut tail, deadline) {}
            if tail.stop {
                return;
            }
        }
        // A failed sync is kept in the state, and every later commit says so.
        let _ = state.sync();
        // What fails is stood in for, or said by the next commit.
        let _ = state.index.bring_up();
        if Instant::now() >= checkpoint_from && state.wants_checkpoint() && state.checkpoint().is_err() {
            // Nothing is lost without a checkpoint: the journal only grows.
            checkpoint_from = Instant::now() + TRY_AGAIN;
        }
    }
}
