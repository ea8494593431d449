use std::path::PathBuf;

use super::*;
use crate::base::files::Files;
use crate::error::Error;

const HEADER: LogHeader = LogHeader { kind: LogKind::Journal, owner: uuid::Uuid::from_u128(7), first_seq: 5 };

fn written(bodies: &[&[u8]]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    let mut writer = LogWriter::create(&Files::default(), &path, HEADER).unwrap();
    for body in bodies {
        writer.append(body).unwrap();
    }
    (dir, path)
}

/// All frames' bodies, and what ended the reading.
fn read(path: &std::path::Path) -> (Vec<Vec<u8>>, Result<Tail, Error>) {
    let mut bodies = Vec::new();
    let mut reader = match LogReader::open(&Files::default(), path, LogKind::Journal) {
        Ok(Some(reader)) => reader,
        Ok(None) => return (bodies, Ok(Tail::Torn)),
        Err(e) => return (bodies, Err(e)),
    };
    loop {
        match reader.next_frame() {
            Ok(Ok(frame)) => bodies.push(frame.body),
            Ok(Err(tail)) => return (bodies, Ok(tail)),
            Err(e) => return (bodies, Err(e)),
        }
    }
}

#[test]
fn frames_come_back_in_order() {
    let (_dir, path) = written(&[b"one", b"", b"three"]);
    let (bodies, end) = read(&path);
    assert_eq!(bodies, [b"one".to_vec(), b"".to_vec(), b"three".to_vec()]);
    assert_eq!(end.unwrap(), Tail::Clean);
}

#[test]
fn a_file_cut_at_any_byte_gives_the_whole_frames_before_it_and_no_error() {
    let (_dir, path) = written(&[b"one", b"two!"]);
    let bytes = std::fs::read(&path).unwrap();
    let ends = [HEADER_BYTES, HEADER_BYTES + frame_bytes(3), HEADER_BYTES + frame_bytes(3) + frame_bytes(4)];
    for len in 0..=bytes.len() {
        std::fs::write(&path, &bytes[..len]).unwrap();
        let (bodies, end) = read(&path);
        let whole = ends[1..].iter().filter(|end| **end <= len as u64).count();
        assert_eq!(bodies.len(), whole, "cut at {len}");
        let clean = ends.contains(&(len as u64));
        assert_eq!(end.unwrap(), if clean { Tail::Clean } else { Tail::Torn }, "cut at {len}");
    }
}

#[test]
fn any_flipped_bit_is_reported_and_never_returned() {
    let (_dir, path) = written(&[b"one", b"two!", b"three"]);
    let bytes = std::fs::read(&path).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &flipped).unwrap();
        let (bodies, end) = read(&path);
        assert!(bodies.len() < 3, "bit {bit}");
        assert!(bodies.iter().zip([&b"one"[..], b"two!"]).all(|(a, b)| a == b), "bit {bit}");
        let error = end.expect_err("a flipped bit is no clean end");
        let Error::Corrupt { offset, .. } = error else { panic!("bit {bit}: {error}") };
        assert!(offset <= (bit / 8) as u64, "bit {bit} reported at {offset}");
    }
}

#[test]
fn reading_goes_on_behind_a_damaged_frame() {
    let (_dir, path) = written(&[b"one", b"two!", b"three"]);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[frame::HEADER_LEN + FRAME_HEADER_BYTES + 3] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let mut reader = LogReader::open(&Files::default(), &path, LogKind::Journal).unwrap().unwrap();
    assert_eq!(reader.next_frame().unwrap().unwrap().body, b"one");
    reader.next_frame().unwrap_err();
    assert!(reader.skip_damage().unwrap());
    let third = reader.next_frame().unwrap().unwrap();
    assert_eq!((third.seq, third.body.as_slice()), (7, &b"three"[..]));
}

#[test]
fn resuming_cuts_a_torn_tail_and_goes_on() {
    let (_dir, path) = written(&[b"one", b"two!"]);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let mut reader = LogReader::open(&Files::default(), &path, LogKind::Journal).unwrap().unwrap();
    while reader.next_frame().unwrap().is_ok() {}
    let mut writer = LogWriter::resume(&Files::default(), &path, HEADER, reader.offset(), reader.next_seq()).unwrap();
    assert_eq!(writer.append(b"again").unwrap().seq, 6);
    assert_eq!(read(&path).0, [b"one".to_vec(), b"again".to_vec()]);
}

#[test]
fn a_reader_that_has_seen_a_torn_frame_reads_what_took_its_place() {
    let (_dir, path) = written(&[b"one", b"two!", b"three"]);
    let mut writer =
        LogWriter::resume(&Files::default(), &path, HEADER, std::fs::metadata(&path).unwrap().len(), 8).unwrap();
    let mut reader = LogReader::open(&Files::default(), &path, LogKind::Journal).unwrap().unwrap();
    for round in 0..40_usize {
        // What a failed append leaves: it is in what was read ahead with the frames before it.
        let torn = writer.append(&vec![b'x'; 300 + round]).unwrap();
        let left = torn.offset + 1 + (torn.end - torn.offset - 2) * (round as u64 % 7) / 6;
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(left).unwrap();
        while reader.next_frame().unwrap().is_ok() {}
        assert_eq!(reader.offset(), torn.offset, "round {round}");
        writer = LogWriter::resume(&Files::default(), &path, HEADER, torn.offset, torn.seq).unwrap();
        for number in 0..=round % 3 {
            writer.append(format!("{round} {number}").as_bytes()).unwrap();
        }
        let next = reader.next_frame().unwrap().unwrap();
        assert_eq!((next.seq, next.body), (torn.seq, format!("{round} 0").into_bytes()));
    }
}

#[test]
fn frames_of_all_sizes_are_read_in_any_order() {
    let bodies: Vec<Vec<u8>> =
        (0..300_usize).map(|n| vec![(n % 251).to_le_bytes()[0]; (n * 7_919) % 97 * (n % 5) * 700 + n % 11]).collect();
    let (_dir, path) = written(&bodies.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let (read, end) = read(&path);
    assert_eq!((read, end.unwrap()), (bodies.clone(), Tail::Clean));
    let mut reader = LogReader::open(&Files::default(), &path, LogKind::Journal).unwrap().unwrap();
    let mut places = vec![(reader.offset(), reader.next_seq())];
    while reader.next_frame().unwrap().is_ok() {
        places.push((reader.offset(), reader.next_seq()));
    }
    for start in (0..300).rev().step_by(7) {
        reader.seek(places[start].0, places[start].1);
        for body in bodies.iter().skip(start).take(start % 40) {
            assert_eq!(reader.next_frame().unwrap().unwrap().body, *body);
        }
    }
}

#[test]
fn another_kind_of_file_is_refused() {
    let (_dir, path) = written(&[]);
    assert!(matches!(LogReader::open(&Files::default(), &path, LogKind::Spool), Err(Error::Corrupt { .. })));
}

#[test]
fn mending_keeps_every_whole_frame_in_its_place() {
    let bodies: [&[u8]; 4] = [b"one", b"two!", b"", b"four"];
    let (_dir, path) = written(&bodies);
    let good = std::fs::read(&path).unwrap();
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &bytes).unwrap();
        let damage = check(&Files::default(), &path, LogKind::Journal, HEADER.owner, true).unwrap();
        assert_eq!(damage.len(), 1, "bit {bit}");
        assert_eq!(check(&Files::default(), &path, LogKind::Journal, HEADER.owner, false).unwrap(), [], "bit {bit}");
        let (read, end) = read(&path);
        assert_eq!(end.unwrap(), Tail::Clean, "bit {bit}");
        let whole = read.iter().zip(bodies).filter(|(read, body)| read.as_slice() == *body).count();
        let lost = usize::from(bit / 8 >= frame::HEADER_LEN);
        // An empty frame is mended into itself.
        assert!(whole >= 4 - lost, "bit {bit}: {read:?}");
        assert!(
            read.iter().zip(bodies).all(|(read, body)| read == body || read.iter().all(|byte| *byte == 0)),
            "bit {bit}"
        );
    }
}
