//! Filters against a model: the truth tables of SQL, written down as they are in the books.
#![expect(clippy::float_cmp, reason = "the language compares exactly")]

use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_000_000;

/// What the fields of a record hold. `Words` are params, which may spell numbers.
#[derive(Clone, Debug)]
enum Held {
    Number(f64),
    Words(&'static str),
    Time(i64),
}

impl Record for BTreeMap<&'static str, Held> {
    fn get(&self, entity: Entity, key: &str, aspect: Aspect) -> Option<Value<'_>> {
        let field = Field { entity, key: key.into(), aspect, guess: None };
        Some(match BTreeMap::get(self, field.to_string().as_str())? {
            Held::Number(number) => Value::Number(*number),
            Held::Words(words) => param(*words),
            Held::Time(micros) => Value::Time(Timestamp::from_micros(*micros)),
        })
    }
}

/// A test as text, and what it says about a record.
#[derive(Clone, Debug)]
enum Model {
    Test(String, fn(&BTreeMap<&'static str, Held>, f64) -> Option<bool>, f64),
    And(Box<Model>, Box<Model>),
    Or(Box<Model>, Box<Model>),
    Not(Box<Model>),
}

impl Model {
    fn text(&self) -> String {
        match self {
            Self::Test(text, ..) => text.clone(),
            Self::And(a, b) => format!("({}) AND ({})", a.text(), b.text()),
            Self::Or(a, b) => format!("({}) OR ({})", a.text(), b.text()),
            Self::Not(inner) => format!("NOT ({})", inner.text()),
        }
    }

    fn says(&self, record: &BTreeMap<&'static str, Held>) -> Option<bool> {
        match self {
            Self::Test(_, test, number) => test(record, *number),
            Self::And(a, b) => match (a.says(record), b.says(record)) {
                (Some(true), Some(true)) => Some(true),
                (Some(false), _) | (_, Some(false)) => Some(false),
                _ => None,
            },
            Self::Or(a, b) => match (a.says(record), b.says(record)) {
                (Some(false), Some(false)) => Some(false),
                (Some(true), _) | (_, Some(true)) => Some(true),
                _ => None,
            },
            Self::Not(inner) => inner.says(record).map(|holds| !holds),
        }
    }
}

fn number(record: &BTreeMap<&'static str, Held>, key: &str) -> Option<f64> {
    match record.get(key)? {
        Held::Number(number) => Some(*number),
        Held::Words(words) => words.parse().ok(),
        Held::Time(_) => None,
    }
}

fn words(record: &BTreeMap<&'static str, Held>) -> Option<&'static str> {
    match record.get("params.p")? {
        Held::Words(words) => Some(words),
        _ => None,
    }
}

fn time(record: &BTreeMap<&'static str, Held>) -> Option<i64> {
    match record.get("attributes.start_time")? {
        Held::Time(micros) => Some(*micros),
        _ => None,
    }
}

fn guessed(record: &BTreeMap<&'static str, Held>) -> Option<f64> {
    number(record, "metrics.`a.min`").or_else(|| number(record, "metrics.`a`.min"))
}

fn test() -> impl Strategy<Value = Model> {
    type Test = fn(&BTreeMap<&'static str, Held>, f64) -> Option<bool>;
    let tests: Vec<(&str, Test)> = vec![
        ("metrics.a < {}", |r, n| Some(number(r, "metrics.a")? < n)),
        ("metrics.a >= {}", |r, n| Some(number(r, "metrics.a")? >= n)),
        ("metrics.a != {}", |r, n| Some(number(r, "metrics.a")? != n)),
        ("metrics.a IN ({}, 7)", |r, n| number(r, "metrics.a").map(|a| a == n || a == 7.0)),
        ("metrics.a NOT IN ({}, 7)", |r, n| number(r, "metrics.a").map(|a| !(a == n || a == 7.0))),
        ("metrics.a BETWEEN {} AND 2", |r, n| number(r, "metrics.a").map(|a| n <= a && a <= 2.0)),
        ("metrics.a NOT BETWEEN {} AND 2", |r, n| number(r, "metrics.a").map(|a| a < n || a > 2.0)),
        ("metrics.a.min <= {}", |r, n| Some(guessed(r)? <= n)),
        ("metrics.`a`.min = {}", |r, n| Some(number(r, "metrics.`a`.min")? == n)),
        ("metrics.`a.min` = {}", |r, n| Some(number(r, "metrics.`a.min`")? == n)),
        ("metrics.a.min IS NULL", |r, _| Some(guessed(r).is_none())),
        ("metrics.a@-1 > {}", |r, n| Some(number(r, "metrics.a@-1")? > n)),
        ("metrics.a@-1 IS NOT NULL", |r, _| Some(r.contains_key("metrics.a@-1"))),
        ("params.p > {}", |r, n| Some(number(r, "params.p")? > n)),
        ("params.p = '1'", |r, _| Some(words(r)? == "1")),
        ("params.p BETWEEN 'a' AND 'c'", |r, _| words(r).map(|w| ("a"..="c").contains(&w))),
        ("params.p LIKE 'b%'", |r, _| Some(words(r)?.starts_with('b'))),
        ("params.p !~ '^[a-b]'", |r, _| Some(!words(r)?.starts_with(['a', 'b']))),
        ("params.p MATCHES '1$'", |r, _| Some(words(r)?.ends_with('1'))),
        ("start_time >= now() - 1s", |r, _| Some(time(r)? >= NOW - 1_000_000)),
        ("start_time < '1970-01-01T00:00:01Z'", |r, _| Some(time(r)? < NOW)),
        ("start_time = 1000", |r, _| Some(time(r)?.div_euclid(1_000) == 1_000)),
    ];
    (prop::sample::select(tests), prop::sample::select(vec![-1.0, 0.0, 1.0, 2.0, 3.0]))
        .prop_map(|((text, test), number)| Model::Test(text.replace("{}", &number.to_string()), test, number))
}

fn model() -> impl Strategy<Value = Model> {
    test().prop_recursive(5, 30, 2, |inner| {
        let two = (inner.clone(), inner.clone()).prop_map(|(a, b)| (Box::new(a), Box::new(b)));
        prop_oneof![
            two.clone().prop_map(|(a, b)| Model::And(a, b)),
            two.prop_map(|(a, b)| Model::Or(a, b)),
            inner.prop_map(|inner| Model::Not(Box::new(inner))),
        ]
    })
}

fn record() -> impl Strategy<Value = BTreeMap<&'static str, Held>> {
    let numbers = prop::sample::select(vec![-1.0, 0.0, 1.0, 2.0, 7.0, f64::NAN, f64::INFINITY]).prop_map(Held::Number);
    let metrics = vec!["metrics.a", "metrics.`a`.min", "metrics.`a.min`", "metrics.a@-1"];
    let metrics = prop::collection::btree_map(prop::sample::select(metrics), numbers, 0..5);
    let words = prop::option::of(prop::sample::select(vec!["1", "2", "a1", "b", "bx", "c", "1.0"]));
    let time = prop::option::of(prop::sample::select(vec![-5, 0, 999_999, NOW, 1_000_500, 2_000_000]));
    (metrics, words, time).prop_map(|(mut record, words, time)| {
        record.extend(words.map(|words| ("params.p", Held::Words(words))));
        record.extend(time.map(|micros| ("attributes.start_time", Held::Time(micros))));
        record
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    #[test]
    fn a_filter_says_what_the_truth_tables_say(model in model(), record in record()) {
        let filter = parse(&model.text()).unwrap().bind(Timestamp::from_micros(NOW));
        prop_assert_eq!(filter.matches(&record), model.says(&record) == Some(true), "{}", model.text());
        // What a filter does not say may be false or unknown: its negation tells.
        let negated = parse(&format!("NOT ({})", model.text())).unwrap().bind(Timestamp::from_micros(NOW));
        prop_assert_eq!(negated.matches(&record), model.says(&record) == Some(false), "{}", model.text());
    }
}
