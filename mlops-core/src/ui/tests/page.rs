use super::*;
use crate::base::digests::Digest;
use crate::error::Code;

/// What begins a picture of PNG.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

#[test]
fn no_stored_text_becomes_markup_or_script() {
    let store = Store::open("memory:").unwrap();
    let path = EVIL.replace('/', "|");
    for id in ["a", "b"] {
        let run = store
            .runs()
            .start(RunOptions {
                run_id: Some(id.into()),
                run_name: Some(EVIL.into()),
                experiment_name: Some(EVIL.into()),
                description: Some(EVIL.into()),
                source_name: Some(EVIL.into()),
                user: Some(EVIL.into()),
                tags: vec![(EVIL.into(), EVIL.into()), ("mlflow.source.git.commit".into(), EVIL.into())],
                ..RunOptions::default()
            })
            .unwrap();
        run.log_param(EVIL, EVIL.into()).unwrap();
        run.log_series(EVIL, &[], &[], &[1.0, 2.0]).unwrap();
        run.log_bytes(&path, b"x").unwrap();
        run.log_bytes(&format!("{path}.svg"), format!("<svg>{EVIL}</svg>").as_bytes()).unwrap();
        run.log_bytes(&format!("{path}.png"), b"no image").unwrap();
        run.end(RunStatus::Finished).unwrap();
    }
    let page = report(&store, &["a", "b"], &ReportOptions::default().with_title(EVIL)).unwrap().html;
    // The data and the script are the only ones, and nothing else of the texts is left.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script>").count(), 2);
    for piece in ["alert(1)</", "<img", "<!--"] {
        assert!(!page.contains(piece), "{piece:?}");
    }
    assert!(!page.split_once("id=\"data\">").unwrap().1.contains('\u{2028}'));
    let data = data(&page);
    let run = &data["runs"][1];
    for field in ["name", "experiment", "user", "source", "commit", "note"] {
        assert_eq!(run[field], EVIL, "{field}");
    }
    for section in ["params", "tags", "metrics"] {
        assert!(data[section].as_array().unwrap().iter().any(|row| row["key"] == EVIL), "{section}");
    }
    assert_eq!(data["title"], EVIL);
    assert!(run["artifacts"].as_array().unwrap().iter().any(|file| file["path"] == path.as_str()));
    assert_eq!(data["curves"][0]["key"], EVIL);
    let left_out = data["left_out"].as_array().unwrap();
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    assert!(left_out[0]["why"].as_str().unwrap().contains("not those of an image"), "{left_out:?}");
}

#[test]
fn a_page_loads_nothing_and_runs_only_its_own_script() {
    let (store, ids) = store_of(1, |_, run| run.log_metric("loss", 0.5, 0, None).unwrap());
    let options = ReportOptions { made_at: Some(Timestamp::default()), ..ReportOptions::default() };
    let page = made(&store, &ids, &options).html;
    let (_, policy) = page.split_once("http-equiv=\"Content-Security-Policy\" content=\"").unwrap();
    let policy = policy.split_once('"').unwrap().0;
    assert!(policy.starts_with("default-src 'none'; script-src 'nonce-") && !policy.contains("unsafe"), "{policy}");
    assert!(policy.contains("img-src data:") && !policy.contains("connect-src"), "{policy}");
    // All that a page of ours could load is named by one of these.
    for piece in ["src=\"", "@import", "url(http", "fetch(", "XMLHttpRequest", "innerHTML", "eval(", "import("] {
        assert!(!page.contains(piece), "{piece}");
    }
    let again = made(&store, &ids, &options).html;
    assert_eq!(
        Digest::of(page.as_bytes()),
        Digest::of(again.as_bytes()),
        "the same runs at the same time: the same page"
    );
    let other = made(&store, &ids, &options.clone().with_title("other")).html;
    assert_ne!(
        policy,
        other.split_once("content=\"").unwrap().1.split_once('"').unwrap().0,
        "no text can know it before"
    );
}

#[test]
fn numbers_that_json_has_not_come_back() {
    let values = [1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX];
    let (store, ids) = store_of(1, |_, run| run.log_series("loss", &[], &[], &values).unwrap());
    let data = data(&made(&store, &ids, &ReportOptions::default()).html);
    assert_eq!(data["curves"][0]["values"], serde_json::json!([1.0, "NaN", "Infinity", "-Infinity", f64::MAX]));
    let cell = &data["metrics"][0]["cells"][0];
    assert_eq!((&cell["gaps"], &cell["count"], &cell["max"]), (&3.into(), &5.into(), &"Infinity".into()));
    assert_eq!(data["runs"][0]["lasted_us"], 60_000_000);
}

#[test]
fn long_curves_are_thinned_and_keep_their_peaks() {
    let mut values = vec![0.0; 1_000_000];
    (values[123_456], values[700_001], values[500_000]) = (9.0, -9.0, f64::NAN);
    let (store, ids) = store_of(1, |_, run| run.log_series("loss", &[], &[], &values).unwrap());
    let made = made(&store, &ids, &ReportOptions::default());
    assert!(made.html.len() < 500_000, "{}", made.html.len());
    let curve = &data(&made.html)["curves"][0];
    let points: Vec<(i64, &Value)> = curve["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step.as_i64().unwrap())
        .zip(curve["values"].as_array().unwrap())
        .collect();
    assert!((1_000..=4_000).contains(&points.len()), "{}", points.len());
    for (step, value) in [(0, 0.0.into()), (123_456, 9.0.into()), (700_001, (-9.0).into()), (999_999, Value::from(0.0))]
    {
        assert!(points.contains(&(step, &value)), "{step}");
    }
    assert!(points.contains(&(500_000, &"NaN".into())));
    assert_eq!(curve["count"], 1_000_000);
}

#[test]
fn many_curves_together_are_bounded() {
    let values: Vec<f64> = (0..3_000).map(f64::from).collect();
    let (store, ids) = store_of(50, |_, run| {
        ["a", "b", "c", "d"].iter().for_each(|key| run.log_series(key, &[], &[], &values).unwrap());
    });
    let data = data(&made(&store, &ids, &ReportOptions::default()).html);
    let curves = data["curves"].as_array().unwrap();
    let points: usize = curves.iter().map(|curve| curve["values"].as_array().unwrap().len()).sum();
    assert!(curves.len() == 200 && points <= 400_000, "{points}");
    assert_eq!(data["runs"].as_array().unwrap().len(), 50);
}

#[test]
fn long_texts_and_long_tables_are_cut_and_that_is_said() {
    let (store, ids) = store_of(1, |_, run| {
        run.log_param("long", "é".repeat(100_000).into()).unwrap();
        (0..1_500).for_each(|at| run.log_param(&format!("p{at:04}"), at.into()).unwrap());
    });
    let made = made(&store, &ids, &ReportOptions::default());
    let data = data(&made.html);
    let rows = data["params"].as_array().unwrap();
    assert_eq!(rows.len(), 1_000);
    let text = rows[0]["cells"][0].as_str().unwrap();
    assert!(text.ends_with("… (200000 bytes)") && text.chars().count() < 2_100, "{}", text.len());
    assert_eq!(made.left_out[0].what, "501 params");
}

#[test]
fn images_are_in_the_page_once_and_what_is_too_large_is_named() {
    let image = |size: usize| [PNG, &vec![7; size - PNG.len()]].concat();
    let (store, ids) = store_of(2, |at, run| {
        run.log_bytes("plots/same.png", &image(1_000)).unwrap();
        run.log_bytes("plots/large.png", &image(2_001)).unwrap();
        run.log_bytes(&format!("more-{at}.png"), &image(1_500 + at)).unwrap();
        run.log_bytes("text.txt", b"hello").unwrap();
    });
    let options = ReportOptions { image_bytes: 2_000, images_bytes: 3_000, ..ReportOptions::default() };
    let made = made(&store, &ids, &options);
    let data = data(&made.html);
    assert_eq!(data["images"].as_object().unwrap().len(), 2);
    let shown = |run: usize| -> Vec<String> {
        let files = data["runs"][run]["artifacts"].as_array().unwrap().iter();
        files.filter(|file| file["shown"] == true).map(|file| file["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (shown(0), shown(1)),
        (vec!["more-0.png".into(), "plots/same.png".into()], vec!["plots/same.png".into()])
    );
    let what: Vec<&str> = made.left_out.iter().map(|one| one.what.as_str()).collect();
    let expected = ["plots/large.png of run name-0", "more-1.png of run name-1", "plots/large.png of run name-1"];
    assert_eq!(what, expected.map(|name| format!("the image {name}")));
    assert_eq!(data["runs"][0]["files"], 4);
}

#[test]
fn a_report_needs_runs_that_exist_and_not_too_many() {
    let (store, _) = store_of(1, |_, _| ());
    let code = |ids: &[&str]| report(&store, ids, &ReportOptions::default()).map(|_| ()).unwrap_err().code();
    assert_eq!(code(&[]), Code::InvalidArgument);
    assert_eq!(code(&["run0", "other"]), Code::NotFound);
    let many: Vec<String> = (0..201).map(|at| format!("x{at}")).collect();
    assert_eq!(code(&many.iter().map(String::as_str).collect::<Vec<_>>()), Code::LimitExceeded);
    let options = ReportOptions { points: 3, ..ReportOptions::default() };
    assert_eq!(report(&store, &["run0"], &options).unwrap_err().code(), Code::InvalidArgument);
    let twice = report(&store, &["run0", "run0"], &ReportOptions::default()).unwrap();
    assert_eq!(data(&twice.html)["runs"].as_array().unwrap().len(), 1);
    assert!(twice.html.contains("<title>name-0</title>"));
}

#[test]
fn a_report_is_written_to_a_file_that_is_no_folder() {
    let (store, _) = store_of(1, |_, _| ());
    let dir = tempfile::tempdir().unwrap();
    let write =
        |name: &str| super::super::write_report(&store, &["run0"], &dir.path().join(name), &ReportOptions::default());
    let made = write("a.html").unwrap();
    assert_eq!(std::fs::read_to_string(dir.path().join("a.html")).unwrap(), made.html);
    assert_eq!(write("none/a.html").unwrap_err().code(), Code::NotFound);
    assert_eq!(write("").unwrap_err().code(), Code::InvalidArgument);
}

#[test]
fn what_is_defined_as_hidden_is_listed_and_not_drawn_and_media_are_shown() {
    let (store, ids) = store_of(1, |_, run| {
        let hidden = crate::runs::MetricDefinition { hidden: true, ..Default::default() };
        run.define_metric("epoch*", &hidden).unwrap();
        for key in ["loss", "epoch"] {
            run.log_series(key, &[], &[], &[1.0, 2.0]).unwrap();
        }
        let picture = crate::runs::MediaValue::image([PNG, b"rest"].concat()).unwrap();
        run.log_media("samples", &picture, 7).unwrap();
    });
    let page = data(&made(&store, &ids, &ReportOptions::default()).html);
    let keys = |what: &str| page[what].as_array().unwrap().iter().map(|one| one["key"].clone()).collect::<Vec<_>>();
    assert_eq!((keys("curves"), keys("metrics")), (vec!["loss".into()], vec!["epoch".into(), "loss".into()]));
    assert!(page["images"].to_string().contains("data:image/png;base64,"));
}
