//! What is in the language, and what the messages say about what is not.

use super::*;
use crate::base::limits;
use crate::error::Code;

#[test]
fn filters_print_in_one_form() {
    let cases = [
        ("", ""),
        (" \n\t ", ""),
        ("metrics.loss < 0.1", "metrics.loss < 0.1"),
        ("metric.loss<=.5", "metrics.loss <= 0.5"),
        ("metrics.x > -1e-05", "metrics.x > -1e-5"),
        ("metrics.x = INF and metrics.y = -inf", "metrics.x = inf AND metrics.y = -inf"),
        ("params.model = \"tree\"", "params.model = 'tree'"),
        (
            "parameter.a='1' AND parameters.b!='2' aNd param.c LIKE 'x%'",
            "params.a = '1' AND params.b != '2' AND params.c LIKE 'x%'",
        ),
        ("tags.mlflow.runName ilike '%x_'", "tags.mlflow.runName ILIKE '%x_'"),
        ("tag.`my key` = 'v'", "tags.`my key` = 'v'"),
        ("tags.\"my key\" = 'v'", "tags.`my key` = 'v'"),
        ("`tags`.`my key` = 'v'", "tags.`my key` = 'v'"),
        ("\"params\".lr = 'v'", "params.lr = 'v'"),
        ("metrics.val/loss-1 < 3", "metrics.val/loss-1 < 3.0"),
        ("metrics.`m<1` < 3", "metrics.`m<1` < 3.0"),
        ("metrics.größe < 3", "metrics.größe < 3.0"),
        ("metrics.and < 3", "metrics.and < 3.0"),
        ("status = 'RUNNING'", "attributes.status = 'RUNNING'"),
        ("attr.status = 'RUNNING'", "attributes.status = 'RUNNING'"),
        ("run.status = 'RUNNING'", "attributes.status = 'RUNNING'"),
        (
            "`run name` = 'x' or \"Run name\" = 'x' or run_name = 'x'",
            "attributes.run_name = 'x' OR attributes.run_name = 'x' OR attributes.run_name = 'x'",
        ),
        ("Created > 5 and created > 6", "attributes.start_time > 5.0 AND attributes.start_time > 6.0"),
        ("run_id in ('a' , 'b')", "attributes.run_id IN ('a', 'b')"),
        ("run_id NOT IN ('a')", "attributes.run_id NOT IN ('a')"),
        (
            "dataset.name = 'd' and datasets.digest in ('1') and dataset.context like 't%'",
            "datasets.name = 'd' AND datasets.digest IN ('1') AND datasets.context LIKE 't%'",
        ),
        ("params.a is null and tags.b is not null", "params.a IS NULL AND tags.b IS NOT NULL"),
        (
            "metrics.a between 1 and 2 and metrics.b not between 3 and 4",
            "metrics.a BETWEEN 1.0 AND 2.0 AND metrics.b NOT BETWEEN 3.0 AND 4.0",
        ),
        ("params.lr < 0.1", "params.lr < 0.1"),
        ("tags.v = 'it''s'", "tags.v = 'it''s'"),
        ("tags.v = \"it's\"", "tags.v = 'it''s'"),
        ("tags.v not like 'a' and tags.v not ilike 'b'", "tags.v NOT LIKE 'a' AND tags.v NOT ILIKE 'b'"),
        ("((status = 'a'))", "attributes.status = 'a'"),
        (
            "status='a'OR(status='b'AND status='c')",
            "attributes.status = 'a' OR attributes.status = 'b' AND attributes.status = 'c'",
        ),
        (
            "(status='a'OR status='b')AND status='c'",
            "(attributes.status = 'a' OR attributes.status = 'b') AND attributes.status = 'c'",
        ),
        (
            "NOT NOT (status='a' and (status='b' and status='c'))",
            "NOT NOT (attributes.status = 'a' AND (attributes.status = 'b' AND attributes.status = 'c'))",
        ),
    ];
    for (filter, printed) in cases {
        let parsed = parse(filter).unwrap_or_else(|e| panic!("{filter}: {e}"));
        assert_eq!(parsed.to_string(), printed, "{filter}");
        assert_eq!(parse(printed).unwrap(), parsed, "{filter}");
    }
    assert_eq!(parse("").unwrap(), Expr::All);
}

#[test]
fn a_message_marks_the_place() {
    assert_eq!(
        error("metrics.loss < foo AND status = 'x'"),
        "unexpected `foo` at character 16 of the filter: expected a number\n  \
         metrics.loss < foo AND status = 'x'\n                 ^^^"
    );
    assert_eq!(
        error("tags.größe ="),
        "unexpected end at character 13 of the filter: expected a number or a text in quotes\n  \
         tags.größe =\n              ^"
    );
}

#[test]
fn a_message_shows_an_excerpt_of_a_long_filter_on_one_line() {
    let message = error(&("status = 'x'\nOR ".repeat(1000) + "\n\tnonsense = 'y'" + &" OR status = 'z'".repeat(1000)));
    let lines: Vec<&str> = message.lines().collect();
    let [_, excerpt, marks] = lines[..] else { panic!("{message}") };
    assert!(excerpt.len() < 200 && excerpt.starts_with("  ..."), "{excerpt}");
    let start = marks.find('^').unwrap();
    assert_eq!(&excerpt[start..=marks.rfind('^').unwrap()], "nonsense");
}

#[test]
fn messages_say_what_was_expected() {
    let cases = [
        ("metrics.x = 'abc'", "unexpected `'abc'` at character 13 of the filter: expected a number without quotes"),
        ("metrics.x like 'abc'", "unexpected `like` at character 11"),
        ("metrics.x in (1, 'a')", "unexpected `'a'` at character 18"),
        ("metrics.x = nan", "unexpected `nan` at character 13 of the filter: expected a number"),
        ("status = 3", "unexpected `3` at character 10 of the filter: expected a text in quotes"),
        ("status = FINISHED", "unexpected `FINISHED` at character 10 of the filter: expected a text in quotes"),
        ("params.x = foo", "expected a number or a text in quotes"),
        ("params.epochs > '5'", "compared letter by letter"),
        ("params.x between 1 and '2'", "compared letter by letter"),
        ("params.x between 1 and 'b'", "expected two numbers, or two texts"),
        ("metrics.x == 1", "unexpected `==` at character 11 of the filter: expected one of = != < <= > >="),
        ("metrics.x 1", "expected one of = != < <= > >=, IN"),
        ("foo = 'x'", "unexpected `foo` at character 1 of the filter: expected an attribute (run_id, run_name,"),
        (
            "lol.x = 'x'",
            "unexpected `lol.x` at character 1 of the filter: expected metrics, params, tags, attributes or datasets before the dot",
        ),
        ("datasets.size = 'x'", "expected datasets. and one of name, digest, context"),
        ("metrics. = 3", "expected a key behind `metrics.`"),
        (
            "metrics.x < 1 metrics.y < 2",
            "unexpected `metrics.y` at character 15 of the filter: expected AND, OR or the end",
        ),
        ("metrics.x < 1;", "unexpected `;`"),
        ("metrics.x < 1 and", "unexpected end at character 18 of the filter: expected a field"),
        ("(metrics.x < 1", "unexpected end at character 15 of the filter: expected AND, OR or `)`"),
        ("metrics.x < 1)", "unexpected `)`"),
        ("tags.x = 'a", "unexpected `'a` at character 10 of the filter: expected a closing '"),
        ("tags.`x = 'a'", "expected a closing `"),
        ("tags.x is 5", "expected NULL or NOT NULL"),
        ("tags.x in ()", "unexpected `)`"),
        ("tags.x in 'a'", "expected `(`"),
        ("tags.x not = 'a'", "expected LIKE, ILIKE, IN or BETWEEN"),
        ("metrics.x < 1e999", "expected a number such as"),
        ("metrics.x < 1abc", "unexpected `1abc`"),
        ("metrics.x < -", "unexpected `-`"),
    ];
    for (filter, expected) in cases {
        let message = error(filter);
        assert!(message.contains(expected), "{filter}: {message}");
    }
    let message = error("foo = 'x'");
    assert!(Field::attributes().all(|name| message.contains(name)), "{message}");
}

#[test]
fn limits_are_errors_and_no_stack_overflow() {
    let nested = |depth: usize| "(".repeat(depth) + "status = 'x'" + &")".repeat(depth);
    parse(&nested(limits::FILTER_DEPTH)).unwrap();
    for filter in
        [nested(limits::FILTER_DEPTH + 1), nested(30_000), "NOT ".repeat(16_000) + "status = 'x'", "(".repeat(60_000)]
    {
        let error = parse(&filter).unwrap_err();
        assert_eq!(error.code(), Code::LimitExceeded, "{error}");
    }
    let long = format!("tags.x = '{}'", "x".repeat(limits::FILTER_BYTES));
    assert_eq!(parse(&long).unwrap_err().code(), Code::LimitExceeded);
    let wide = vec!["status = 'x'"; 4000].join(" OR ");
    assert!(matches!(parse(&wide).unwrap(), Expr::Or(parts) if parts.len() == 4000));
}

#[test]
fn the_fields_of_a_filter_are_listed_once() {
    let filter = parse("metrics.a < 1 and (metrics.a > 0 or not tags.b is null) and created in (1)").unwrap();
    let fields: Vec<String> = filter.fields().into_iter().map(Field::to_string).collect();
    assert_eq!(fields, ["metrics.a", "tags.b", "attributes.start_time"]);
    assert!(parse("").unwrap().fields().is_empty());
}
