//! Reports: as text, as Markdown, as JUnit XML, as JSON.

use serde_json::Value;

use super::super::*;
use super::{inputs, run, superior};

/// A text that would be markup, a cell or a line if it were taken for one.
const EVIL: &str = "</testcase>|<b a='1' c=\"&\">\n]]>`x`";

fn evil() -> GateReport {
    let gate = GateDefinition {
        name: "a|<gate>&\"'".into(),
        ..superior().with_slices(SliceRule::new(&["country"]).with_margin(0.01))
    };
    let countries: Vec<&str> = (0..400).map(|row| if row % 2 == 0 { EVIL } else { "nan" }).collect();
    run(&gate, &inputs(400, 0.1, 0.1).with_column("country", countries))
}

#[test]
fn text_begins_with_what_the_gate_says() {
    let report = run(&superior(), &inputs(2_000, 0.05, 0.15));
    let text = report.to_text();
    assert!(
        text.starts_with("gate: pass\nsuperior: `accuracy` must be better\n2,000 rows, error rate 5 %\n"),
        "{text}"
    );
    assert!(text.contains("power: the smallest difference that shows 4 times of 5 is "), "{text}");
    assert!(text.contains("\npass          primary accuracy  0."), "{text}");
}

#[test]
fn markdown_has_one_line_for_each_check_whatever_stands_in_it() {
    let report = evil();
    let page = report.to_markdown();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).collect();
    assert_eq!(rows.len(), report.checks.len() + 2, "{page}");
    assert!(!page.contains("<b") && !page.contains("</testcase>") && page.contains("&lt;gate&gt;"), "{page}");
    for row in rows {
        assert_eq!(row.replace("\\|", "").matches('|').count(), 7, "{row}");
    }
}

/// Tags that open and close as they should; the names of the elements in order.
fn elements(xml: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for piece in xml.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("every tag ends");
        assert!(!text.contains('>'), "a bare > in {text}");
        let name: String =
            tag.trim_start_matches(['/', '?']).chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
        if tag.starts_with('?') {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name.as_str()));
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        all.push(name.clone());
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    all
}

#[test]
fn junit_is_well_formed_and_counts_what_fails() {
    let report = evil();
    let xml = report.to_junit();
    let found = elements(&xml);
    let cases = found.iter().filter(|name| *name == "testcase").count();
    assert_eq!(cases, report.checks.len());
    let failures = found.iter().filter(|name| *name == "failure").count();
    assert!(failures > 0 && xml.contains(&format!("tests=\"{cases}\" failures=\"{failures}\" errors=\"0\"")), "{xml}");
    let broken = run(&superior(), &GateInputs::new(vec![f64::NAN], Predicted::values(vec![1.0])));
    assert!(elements(&broken.to_junit()).contains(&"error".to_owned()));
}

#[test]
fn what_is_reported_only_is_skipped_in_junit_and_what_is_allowed_too() {
    let allowed = GateDefinition { on_inconclusive: OnInconclusive::Allow, ..superior() };
    let report = run(&allowed, &inputs(2_000, 0.1, 0.1));
    let found = elements(&report.to_junit());
    assert!(found.contains(&"skipped".to_owned()) && !found.contains(&"failure".to_owned()));
}

fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}

#[test]
fn json_has_names_that_stay_and_no_number_that_is_none() {
    let report = evil();
    let json: Value = serde_json::from_str(&report.to_json_text().unwrap()).unwrap();
    assert_eq!((json["format"].as_u64(), json["exit_code"].as_u64()), (Some(1), Some(report.exit_code().into())));
    let mut names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "alpha",
        "alpha_asked",
        "baseline",
        "baseline_digest",
        "candidate",
        "candidate_digest",
        "checks",
        "data",
        "exit_code",
        "format",
        "gate",
        "holdout",
        "mode",
        "needs_approval",
        "on_inconclusive",
        "rows",
        "rules",
        "verdict",
        "warnings",
        "worst_slice",
    ];
    assert_eq!(names, expected);
    let check = json["checks"][0].as_object().unwrap();
    for name in [
        "kind",
        "name",
        "verdict",
        "is_blocking",
        "reason",
        "method",
        "candidate",
        "lower",
        "upper",
        "margin",
        "p_value",
    ] {
        assert!(check.contains_key(name), "{name}");
    }
    // A text that is `nan` would be noted as a metric that is NaN.
    let mut found = Vec::new();
    texts(&json, &mut found);
    assert!(found.iter().all(|text| !text.eq_ignore_ascii_case("nan")));
}
