//! Which commits the spool can make again.

use uuid::Uuid;

use super::keys;
use crate::spool::Mark;

/// True if the records behind what a commit did are drained again once the commit is gone: it did nothing else, and
/// `holds` says that a writer's files go back to what is left. A commit that somebody asked for is none.
pub(crate) fn comes_again(changes: &[(Vec<u8>, Option<Vec<u8>>)], holds: &dyn Fn(Uuid) -> bool) -> bool {
    let writers = changes.iter().filter_map(|(key, value)| Some((Mark::writer(key)?, value.is_some())));
    let mut marked = false;
    for (writer, is_put) in writers {
        if !is_put || !holds(writer) {
            return false;
        }
        marked = true;
    }
    changes.iter().all(|(key, _)| {
        let is = |prefixes: &[&[u8]]| prefixes.iter().any(|prefix| key.starts_with(prefix));
        // Runs as records leave them, and what the layers beneath keep; experiments that records name.
        Mark::writer(key).is_some() || is(keys::OF_RECORDS) || is(&[b"\0"]) || (marked && is(keys::OF_EXPERIMENTS))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drained_commit_comes_again_and_a_decision_does_not() {
        let writer = Uuid::from_u128(7);
        let put = |key: Vec<u8>| (key, Some(Vec::new()));
        let mark = || put(Mark::key(writer));
        let comes = |changes: &[_]| comes_again(changes, &|held| held == writer);
        assert!(comes(&[mark(), put(keys::run("a")), put(keys::tail("a", 0)), put(keys::live_run(writer, "a"))]));
        assert!(comes(&[mark(), put(keys::experiment(1)), put(keys::experiment_name("n"))]));
        assert!(comes(&[put(keys::run("a")), put(b"\0s lane".to_vec())]), "a large change is unpacked");
        assert!(!comes(&[put(keys::run("a")), put(keys::deleted("a"))]));
        assert!(!comes(&[put(keys::experiment(1)), put(keys::experiment_name("n"))]));
        assert!(!comes(&[mark(), put(b"m/model".to_vec())]), "another pillar's");
        assert!(!comes(&[(Mark::key(writer), None)]));
        assert!(!comes(&[put(Mark::key(Uuid::from_u128(8)))]), "its files are gone");
    }
}
