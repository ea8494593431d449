//! What is in the language, and what the messages say about what is not.

use super::*;
use crate::base::limits;
use crate::error::{Code, Error};

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
        ("metrics.loss.min < 1 and metrics.`loss`.min < 1", "metrics.loss.min < 1.0 AND metrics.`loss`.min < 1.0"),
        ("metrics.`loss.min` < 1 and metrics.`a`.last < 1", "metrics.`loss.min` < 1.0 AND metrics.a < 1.0"),
        ("metrics.loss.median < 1 and params.a.min = 'x'", "metrics.loss.median < 1.0 AND params.a.min = 'x'"),
        ("metrics.loss@100 < 1", "metrics.loss@100 < 1.0"),
        ("metric.\"my loss\"@+5 < 1", "metrics.`my loss`@5 < 1.0"),
        ("metrics.loss.min@-1 is null", "metrics.loss.min@-1 IS NULL"),
        ("tags.a~'^x' or tags.a !~ \"it's\"", "tags.a ~ '^x' OR tags.a !~ 'it''s'"),
        ("tags.a Matches 'x' or tags.a NOT matches 'y'", "tags.a ~ 'x' OR tags.a !~ 'y'"),
        ("created>='2026-11-01'", "attributes.start_time >= '2026-11-01T00:00:00Z'"),
        ("end_time < '2026-11-01T12:30:00+02:00'", "attributes.end_time < '2026-11-01T10:30:00Z'"),
        ("start_time > NOW ( )-7d", "attributes.start_time > now() - 7d"),
        (
            "start_time > now() - 36h and end_time < now()",
            "attributes.start_time > now() - 1d12h AND attributes.end_time < now()",
        ),
        ("start_time < now() + 90s", "attributes.start_time < now() + 1m30s"),
        ("duration > '1h30m'", "attributes.duration > 5400.0"),
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
        ("metrics.x ~ 'a'", "unexpected `~` at character 11 of the filter: expected one of = != < <= > >=\n"),
        ("tags.x =~ 'a'", "unexpected `=~` at character 8 of the filter: expected one of = != < <= > >= ~ !~\n"),
        ("tags.x ~ a", "unexpected `a` at character 10 of the filter: expected a regular expression in quotes"),
        (
            "tags.x ~ 'a(b'",
            "unexpected `'a(b'` at character 10 of the filter: expected a regular expression (unclosed group)",
        ),
        ("tags.x ~ '(?<a>x)\\1'", "expected a regular expression (backreferences are not supported)"),
        ("tags.x ~ '(\\w{100}){100}'", "expected a smaller regular expression"),
        ("tags.x ~ 'a\nb('", "(unclosed group)"),
        ("metrics.`loss`.median < 1", "unexpected `.median` at character 15 of the filter: expected last, first,"),
        ("metrics.`loss`. < 1", "unexpected `.` at character 15"),
        ("metrics.loss@ < 1", "unexpected `@` at character 13 of the filter: expected @ and a step"),
        ("metrics.loss@1.5 < 1", "unexpected `.5` at character 15"),
        ("metrics.loss@99999999999999999999 < 1", "expected @ and a step"),
        ("metrics.loss @1 < 1", "unexpected `@1` at character 14"),
        ("params.lr@1 = 'x'", "unexpected `@1` at character 10 of the filter: expected a step behind metrics only"),
        (
            "start_time > 'yesterday'",
            "unexpected `'yesterday'` at character 14 of the filter: expected milliseconds, a date",
        ),
        ("start_time > '2026-02-30'", "unexpected `'2026-02-30'` at character 14"),
        ("start_time > now() - 7", "unexpected `7` at character 22 of the filter: expected a duration such as 7d"),
        ("start_time > now() - ", "unexpected end at character 22 of the filter: expected a duration"),
        ("start_time > now() - )", "unexpected `)` at character 22 of the filter: expected a duration"),
        ("start_time > now() - 1mo", "unexpected `1mo`"),
        ("start_time > now(5)", "unexpected `5` at character 18 of the filter: expected `)`"),
        ("start_time > now", "unexpected `now`"),
        ("metrics.x > now()", "unexpected `now()` at character 13 of the filter: expected a number"),
        ("start_time like '2026%'", "unexpected `like` at character 12"),
        (
            "duration > 'long'",
            "unexpected `'long'` at character 12 of the filter: expected seconds, or in quotes a duration",
        ),
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
        ("tags.x not = 'a'", "expected LIKE, ILIKE, MATCHES, IN or BETWEEN"),
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
    // The deepest is read, made ready, tried and dropped on a small stack.
    let half = limits::FILTER_DEPTH / 2;
    let deepest = "tags.x='b' OR tags.x='a' AND NOT (".repeat(half) + "tags.x = 'a'" + &")".repeat(half);
    let small = std::thread::Builder::new().stack_size(128 << 10).spawn(move || {
        let filter = parse(&deepest).unwrap().bind(Timestamp::default());
        assert!(!filter.matches(&Fields::default()));
        assert_eq!(filter.expr().fields().len(), 1);
    });
    small.unwrap().join().unwrap();
    let message = parse(&nested(1_000)).unwrap_err().to_string();
    assert_eq!(message, "nesting of the filter at character 130 is 129 levels, over the limit of 128");
    let long = format!("tags.x = '{}'", "x".repeat(limits::FILTER_BYTES));
    assert_eq!(parse(&long).unwrap_err().code(), Code::LimitExceeded);
}

#[test]
fn ten_thousand_clauses_are_an_answer_or_an_error_of_size() {
    let clauses = |clause: &str, by: &str| vec![clause; 10_000].join(by);
    for (clause, by) in [("tags.a=''", " OR "), ("tags.a=''", " AND "), ("tags.a=''", "OR ")] {
        match parse(&clauses(clause, by)) {
            Ok(filter) => panic!("{} bytes are below the limit", filter.to_string().len()),
            Err(error) => assert_eq!(error.code(), Code::LimitExceeded, "{error}"),
        }
    }
    // In a short form they are below the limit, and in a list.
    let short = "tag.a=''";
    let most = limits::FILTER_BYTES / (short.len() + " OR ".len());
    let wide = vec![short; most].join(" OR ");
    let Expr::Or(parts) = parse(&wide).unwrap() else { panic!("it is an OR") };
    assert_eq!(parts.len(), most);
    assert!(!Expr::Or(parts).bind(Timestamp::default()).matches(&Fields::default()));
    let list = format!("tags.a IN ({})", vec!["''"; 10_000].join(","));
    assert!(matches!(parse(&list).unwrap(), Expr::In { values, .. } if values.len() == 10_000));
}

#[test]
fn the_place_of_what_is_too_much_is_named() {
    let long = format!("tags.x = 'a' or tags.x ~ '{}'", "x".repeat(limits::PATTERN_BYTES + 1));
    let many = vec!["tags.x ~ 'y'"; limits::PATTERNS_PER_FILTER + 1].join(" or ");
    for (filter, expected) in [
        (long, "the regular expression at character 26 is 4097 bytes, over the limit of 4096"),
        (many, "the number of regular expressions at character 1034 is 65 expressions, over the limit of 64"),
    ] {
        let error = parse(&filter).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (Code::LimitExceeded, expected));
    }
}

#[test]
fn the_fields_of_a_filter_are_listed_once() {
    let filter = parse("metrics.a < 1 and (metrics.a > 0 or not tags.b is null) and created in (1)").unwrap();
    let fields: Vec<String> = filter.fields().into_iter().map(Field::to_string).collect();
    assert_eq!(fields, ["metrics.a", "tags.b", "attributes.start_time"]);
    assert!(parse("").unwrap().fields().is_empty());
}

#[test]
fn an_error_has_the_place_in_bytes() {
    let place = |error: Error| match error {
        Error::InvalidQuery { what, text, offset, length, .. } => (what, text, offset, length),
        other => panic!("{other}"),
    };
    let filter = "params.`ключ` = 'ü' AND metrics.loss <> 1";
    let (what, text, offset, length) = place(parse(filter).unwrap_err());
    assert_eq!((what, text.as_str(), text.get(offset..offset + length)), ("filter", filter, Some("<>")));
    assert_eq!(place(parse("metrics.loss <").unwrap_err()), ("filter", "metrics.loss <".into(), 14, 0));
    let orders = ["metrics.a DESC".to_owned(), "metrics.b DOWN".to_owned()];
    let order = place(crate::query::parse_order(&orders).unwrap_err());
    assert_eq!(order, ("order", "metrics.b DOWN".into(), 10, 4));
}
