//! What holds for any text and any tree.

use proptest::prelude::*;

use super::*;

/// Texts that come near the language: pieces of it in any order, and anything between them.
fn near_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "metrics.", "params.a", "tags.`x`", "status", "run", ".", "=", "!=", "<", ">=", "LIKE", "in", "(", ")",
            ",", "between", "and", "or", "not", "is", "null", "'x'", "\"y\"", "`", "'", "\"", "1", "-", "1e", ".5",
            "inf",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec((piece, prop::sample::select(vec!["", " "])), 0..30)
        .prop_map(|pieces| pieces.into_iter().flat_map(|(piece, gap)| [piece, gap.to_owned()]).collect())
}

fn literal(kind: fields::Kind) -> BoxedStrategy<Literal> {
    let number = any::<f64>().prop_filter("not in the language", |n| !n.is_nan()).prop_map(Literal::Number);
    // Prefixed, so that it spells no number, which ordered comparisons refuse.
    let text = any::<String>().prop_map(|text| Literal::Text(format!("t{text}")));
    match kind {
        fields::Kind::Number => number.boxed(),
        fields::Kind::Text => text.boxed(),
        fields::Kind::Either => prop_oneof![number, text].boxed(),
    }
}

fn field() -> impl Strategy<Value = Field> {
    let keyed = prop::sample::select(vec![Entity::Metric, Entity::Param, Entity::Tag]);
    let key = prop_oneof!["[a-z0-9._/:-]{1,8}", any::<String>().prop_filter("empty", |key| !key.is_empty())];
    let attributes = Field::attributes().collect::<Vec<_>>();
    prop_oneof![
        (keyed, key).prop_map(|(entity, key)| Field { entity, key }),
        prop::sample::select(attributes).prop_map(|key| Field { entity: Entity::Attribute, key: key.into() }),
        prop::sample::select(vec!["name", "digest"]).prop_map(|key| Field { entity: Entity::Dataset, key: key.into() }),
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
        let like = any::<(bool, String)>().prop_map(move |(ignore_case, pattern)| match f4.kind() {
            fields::Kind::Number => Expr::IsNull { field: f4.clone(), negated },
            _ => Expr::Like { field: f4.clone(), negated, ignore_case, pattern },
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
        small.prop_map(|n| Some(param(n))),
        word.clone().prop_map(|w| Some(text(w))),
        word.prop_map(|w| Some(param(w))),
    ]
}
