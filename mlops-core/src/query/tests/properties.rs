//! What holds for any text and any tree.

use proptest::prelude::*;

use super::*;

/// Texts that come near the language: pieces of it in any order, and anything between them.
fn near_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "metrics.",
            "params.a",
            "tags.`x`",
            "status",
            "run",
            ".",
            "=",
            "!=",
            "<",
            ">=",
            "LIKE",
            "in",
            "(",
            ")",
            ",",
            "between",
            "and",
            "or",
            "not",
            "is",
            "null",
            "'x'",
            "\"y\"",
            "`",
            "'",
            "\"",
            "1",
            "-",
            "1e",
            ".5",
            "inf",
            "~",
            "!~",
            "matches",
            "'('",
            "now",
            "now()",
            "- 7d",
            "+1h",
            "@",
            "@-3",
            ".min",
            "start_time",
            "duration",
            "'2026-11-01'",
            "'1h'",
            "metrics.`a`.min",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec((piece, prop::sample::select(vec!["", " "])), 0..30)
        .prop_map(|pieces| pieces.into_iter().flat_map(|(piece, gap)| [piece, gap.to_owned()]).collect())
}

/// Times that texts can name.
const MICROS: std::ops::Range<i64> = -370_000_000_000_000_000..250_000_000_000_000_000;

fn literal(kind: fields::Kind) -> BoxedStrategy<Literal> {
    let number = any::<f64>().prop_filter("not in the language", |n| !n.is_nan()).prop_map(Literal::Number);
    // Prefixed, so that it spells no number, which ordered comparisons refuse.
    let text = any::<String>().prop_map(|text| Literal::Text(format!("t{text}")));
    let time = MICROS.prop_map(|micros| Literal::Time(Timestamp::from_micros(micros)));
    let now =
        prop_oneof![Just(0), -1_000_000_i64..1_000_000, MICROS].prop_map(|later_micros| Literal::Now { later_micros });
    match kind {
        fields::Kind::Number | fields::Kind::Duration => number.boxed(),
        fields::Kind::Text => text.boxed(),
        fields::Kind::Either => prop_oneof![number, text].boxed(),
        fields::Kind::Time => prop_oneof![number, time, now].boxed(),
    }
}

fn aspect() -> impl Strategy<Value = Aspect> {
    use Aspect::{At, Count, First, Max, Mean, Min, Step, Time, Value};
    prop_oneof![prop::sample::select(vec![Value, Step, Time, Min, Max, Count, First, Mean]), any::<i64>().prop_map(At),]
}

fn field() -> impl Strategy<Value = Field> {
    let keyed = prop::sample::select(vec![Entity::Metric, Entity::Param, Entity::Tag]);
    let key = || {
        prop_oneof![
            "[a-z0-9._/:-]{1,8}",
            "[a-z.]{1,3}[.](min|last|time|mean|median)",
            any::<String>().prop_filter("empty", |key| !key.is_empty())
        ]
    };
    let attributes = Field::attributes().collect::<Vec<_>>();
    let plain = |entity, key: String| Field { entity, key, aspect: Aspect::Value, guess: None };
    prop_oneof![
        (keyed, key()).prop_map(move |(entity, key)| plain(entity, key)),
        (key(), aspect()).prop_map(move |(key, aspect)| Field { aspect, ..plain(Entity::Metric, key) }),
        key()
            .prop_filter("quoted", |key| fields::is_plain(key))
            .prop_map(move |key| plain(Entity::Metric, key).guessed()),
        prop::sample::select(attributes).prop_map(move |key| plain(Entity::Attribute, key.into())),
        prop::sample::select(vec!["name", "digest"]).prop_map(move |key| plain(Entity::Dataset, key.into())),
    ]
}

fn test() -> impl Strategy<Value = Expr> {
    (field(), any::<bool>()).prop_flat_map(|(field, negated)| {
        let kind = field.kind();
        let (f1, f2, f3, f4) = (field.clone(), field.clone(), field.clone(), field.clone());
        let between = match kind {
            fields::Kind::Either => fields::Kind::Number,
            kind => kind,
        };
        let like =
            any::<(u8, String)>().prop_map(move |(form, pattern)| match f4.kind().has_text().then_some(form % 3) {
                None => Expr::IsNull { field: f4.clone(), negated },
                Some(0) => Expr::Matches {
                    field: f4.clone(),
                    negated,
                    pattern: Pattern::new(&pattern).or_else(|_| Pattern::new(&regex::escape(&pattern))).unwrap(),
                },
                Some(form) => Expr::Like { field: f4.clone(), negated, ignore_case: form == 1, pattern },
            });
        prop_oneof![
            (prop::sample::select(Comparison::ALL.to_vec()), literal(kind))
                .prop_map(move |(comparison, value)| Expr::Compare { field: field.clone(), comparison, value }),
            prop::collection::vec(literal(kind), 1..4).prop_map(move |values| Expr::In {
                field: f1.clone(),
                negated,
                values
            }),
            (literal(between), literal(between)).prop_map(move |(low, high)| Expr::Between {
                field: f2.clone(),
                negated,
                low,
                high
            }),
            Just(Expr::IsNull { field: f3, negated }),
            like,
        ]
    })
}

fn tree() -> impl Strategy<Value = Expr> {
    test().prop_recursive(6, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::Or),
            inner.prop_map(|inner| Expr::Not(Box::new(inner))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn no_text_makes_the_parser_panic(text in prop_oneof![any::<String>(), near_text()]) {
        if let Ok(filter) = parse(&text) {
            prop_assert_eq!(parse(&filter.to_string()).unwrap(), filter);
        }
        let _ = parse_order(&[text]);
    }

    #[test]
    fn a_printed_tree_parses_to_the_same_tree(tree in tree()) {
        let text = tree.to_string();
        let parsed = parse(&text);
        prop_assert!(parsed.is_ok(), "{text}: {parsed:?}");
        prop_assert_eq!(parsed.unwrap(), tree);
    }

    #[test]
    fn a_printed_key_of_an_order_parses_to_the_same_key(field in field(), descending: bool) {
        let key = OrderKey { field, descending };
        prop_assert_eq!(parse_order(&[key.to_string()]).unwrap(), [key]);
    }

    #[test]
    fn the_order_is_total(values in prop::collection::vec(value(), 3), descending: bool) {
        let order = |i: usize, j: usize| compare(values[i].clone(), values[j].clone(), descending);
        prop_assert_eq!(order(0, 1), order(1, 0).reverse());
        if order(0, 1).is_le() && order(1, 2).is_le() {
            prop_assert!(order(0, 2).is_le());
        }
    }
}

fn value() -> impl Strategy<Value = Option<Value<'static>>> {
    let small = prop::sample::select(vec![f64::NAN, f64::INFINITY, -0.0, 0.0, 1.0, 2.0]);
    let word = prop::sample::select(vec!["1", "1.0", "2", "nan", "a", "b"]);
    prop_oneof![
        Just(None),
        small.clone().prop_map(|n| Some(Value::Number(n))),
        (0_i64..3_000).prop_map(|micros| Some(Value::Time(Timestamp::from_micros(micros)))),
        small.prop_map(|n| Some(param(n))),
        word.clone().prop_map(|w| Some(text(w))),
        word.prop_map(|w| Some(param(w))),
    ]
}
