use std::sync::Arc;

use super::*;
use crate::base::durability::Durability;
use crate::base::files::Files;
use crate::base::ids::{CountingIds, IdSource};

fn options(dir: &std::path::Path, file_bytes: u64) -> SpoolOptions {
    for name in ["spool", "tmp"] {
        std::fs::create_dir_all(dir.join(name)).unwrap();
    }
    SpoolOptions { folder: dir.join("spool"), tmp: dir.join("tmp"), files: Files::default(), file_bytes }
}

fn bodies(next: &mut dyn FnMut() -> crate::error::Result<Option<Record>>) -> (Vec<Vec<u8>>, Option<Mark>) {
    let (mut bodies, mut mark) = (Vec::new(), None);
    while let Some(record) = next().unwrap() {
        bodies.push(record.body);
        mark = Some(record.after);
    }
    (bodies, mark)
}

#[test]
fn records_come_back_in_order_from_any_mark_across_files() {
    let dir = tempfile::tempdir().unwrap();
    let ids: Arc<dyn IdSource> = Arc::new(CountingIds::default());
    for spool in [Spool::memory(&ids), Spool::files(options(dir.path(), 100), &ids)] {
        let mut mark = Mark::default();
        let mut marks = Vec::new();
        for round in 0..10_u8 {
            for n in 0..5 {
                spool.append(&[round, n], Durability::Fast).unwrap();
            }
            let mut reader = spool.reader(mark);
            let (read, after) = bodies(&mut || reader.next_record());
            assert_eq!(read, (0..5).map(|n| vec![round, n]).collect::<Vec<_>>());
            mark = after.unwrap();
            assert_eq!(Mark::decode(&mark.encode()).unwrap(), mark);
            spool.drained(mark).unwrap();
            marks.push(mark);
        }
        assert_eq!(mark.seq, 50);
        assert_eq!(bodies(&mut || spool.reader(mark).next_record()).0.len(), 0);
    }
    let writer = list_writers(&Files::default(), &dir.path().join("spool")).unwrap().remove(0);
    assert!(writer.log_numbers(&Files::default()).unwrap().len() > 1, "the spool went on in further files");
    let mut reader = SpoolReader::new(&Files::default(), &writer, Mark::default());
    assert_eq!(bodies(&mut || reader.next_record()).0.len(), 50);
}

#[test]
fn a_living_writer_keeps_its_lock_and_a_dead_one_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let ids: Arc<dyn IdSource> = Arc::new(CountingIds::default());
    let spool = Spool::files(options(dir.path(), 100), &ids);
    assert!(
        list_writers(&Files::default(), &dir.path().join("spool")).unwrap().is_empty(),
        "no file before the first record"
    );
    spool.append(b"x", Durability::Full).unwrap();
    let writer = list_writers(&Files::default(), &dir.path().join("spool")).unwrap().remove(0);
    assert!(writer.lock_if_dead(&Files::default()).unwrap().is_none());
    spool.beat();
    assert!(writer.heartbeat().is_some());
    drop(spool);
    assert!(writer.lock_if_dead(&Files::default()).unwrap().is_some());
}
