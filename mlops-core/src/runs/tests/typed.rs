//! Typed series, notes and alerts of runs.

use std::time::Duration;

use super::*;

fn png() -> MediaValue {
    MediaValue::image(b"\x89PNG\r\n\x1a\n and more".to_vec()).unwrap()
}

#[test]
fn media_come_back_by_step_and_kind_and_follow_forks_and_rewinds() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let text = |text: &str| MediaValue::Text(text.into());
    let key = SeriesKey::new("samples").with("subset", "a/b").text().unwrap();
    for (step, value) in [(10, text("ten")), (9, text("nine")), (10, text("ten again")), (-1, png())] {
        run.log_media(&key, &value, step).unwrap();
    }
    run.log_media("samples", &png(), 3).unwrap();
    run.log_bytes("media/readme.txt", b"no point").unwrap();
    let read = |run: &str, kind| {
        let found = runs.media_history(run, &key, kind).unwrap();
        found.iter().map(|point| (point.step, runs.read_media(run, &point.path).unwrap())).collect::<Vec<_>>()
    };
    let all = read(run.id(), None);
    assert_eq!(all, [(-1, png()), (9, text("nine")), (10, text("ten")), (10, text("ten again"))]);
    assert_eq!(read(run.id(), Some(MediaKind::Image)).len(), 1);
    assert_eq!(runs.media(run.id()).unwrap().len(), 5);
    let error = runs.read_media(run.id(), "media/readme.txt").unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    let fork = runs.fork(run.id(), Some(9), ForkOptions::default()).unwrap();
    assert_eq!(read(fork.id(), None), all[..2]);
    runs.rewind(run.id(), 0).unwrap();
    assert_eq!(read(run.id(), None), all[..1]);
    assert_eq!(runs.read_artifact(run.id(), "media/readme.txt").unwrap(), b"no point");
    run.log_media(&key, &text("once more"), 5).unwrap();
    assert_eq!(read(run.id(), None).len(), 2);
}

#[test]
fn a_note_is_written_over_and_removed() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let note = || runs.get(run.id()).unwrap().tags.get(tags::DESCRIPTION).cloned();
    run.set_note("first").unwrap();
    run.set_note("second\nline").unwrap();
    assert_eq!(note().as_deref(), Some("second\nline"));
    run.set_note("").unwrap();
    assert_eq!(note(), None);
}

#[test]
fn an_alert_is_kept_told_once_within_its_wait_and_never_in_the_way() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    let id = run.id().to_owned();
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (listener, own) = (told.clone(), id.clone());
    let kept = on_alert(move |alert| {
        if alert.run_id == own {
            listener.lock().unwrap().push(alert.title.clone());
        }
    });
    let own = id.clone();
    let _panics = on_alert(move |alert| assert_ne!(alert.run_id, own, "a callback that fails"));
    let alert = |title: &str, seconds| Alert {
        title: title.into(),
        text: "é\n".into(),
        level: AlertLevel::Warn,
        wait: Duration::from_secs(seconds),
    };
    assert!(run.alert(&alert("loss is NaN", 60)).unwrap());
    assert!(!run.alert(&alert("loss is NaN", 60)).unwrap());
    assert!(run.alert(&alert("another", 60)).unwrap());
    // Another process sees what this one raised.
    assert!(!parts.open().open(&id).unwrap().alert(&alert("loss is NaN", 60)).unwrap());
    parts.clock.advance(61_000_000);
    assert!(run.alert(&alert("loss is NaN", 60)).unwrap());
    assert!(run.alert(&alert("loss is NaN", 0)).unwrap());
    drop(kept);
    assert!(run.alert(&alert("untold", 0)).unwrap());
    assert_eq!(*told.lock().unwrap(), ["loss is NaN", "another", "loss is NaN", "loss is NaN"]);
    let alerts = runs.alerts(&id).unwrap();
    assert_eq!((alerts.len(), alerts[0].text.as_str(), alerts[0].level), (5, "é\n", AlertLevel::Warn));
    assert_eq!(alerts.iter().filter(|alert| alert.title == "loss is NaN").count(), 3);
    assert!(run.alert(&alert("", 0)).is_err());
    assert!(run.alert(&Alert { text: "x".repeat(70_000), ..alert("long", 0) }).is_err());
    // A fork has none.
    let fork = runs.fork(&id, None, ForkOptions::default()).unwrap();
    assert!(runs.alerts(fork.id()).unwrap().is_empty());
    assert!("LOUD".parse::<AlertLevel>().is_err());
}
