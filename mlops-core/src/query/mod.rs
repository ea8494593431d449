//! The filter language: `metrics.loss < 0.1 AND (params.model = 'tree' OR tags.best IS NOT NULL)`.
//!
//! Every filter that MLflow takes means the same here, but that a doubled quote is one quote. In addition there are
//! `OR`, `NOT`, parentheses, `BETWEEN`, `IN` and `IS NULL` on every field, order comparisons on params and tags, numbers
//! without quotes for them, regular expressions, aspects of metrics, and times and durations as text.
//!
//! ```text
//! filter   := and ( OR and )*                      keywords in any case
//! and      := not ( AND not )*
//! not      := NOT not | ( filter ) | test
//! test     := field ( = | != | < | <= | > | >= ) value
//!           | field [NOT] LIKE text | field [NOT] ILIKE text        % any characters, _ one; ILIKE ignores case
//!           | field ( ~ | !~ ) text | field [NOT] MATCHES text      a regular expression, anywhere in the value
//!           | field [NOT] IN ( value, ... ) | field [NOT] BETWEEN value AND value
//!           | field IS [NOT] NULL
//! field    := [entity .] key [aspect]              no entity: an attribute
//! entity   := metric(s) | param(s) | parameter(s) | tag(s) | attribute(s) | attr | run | dataset(s)
//! key      := letters, digits and _ . - / :  |  `any text`  |  "any text"
//! aspect   := @ step | . ( last | first | min | max | mean | count | step | time )     metrics only
//! value    := number | text | now() [ ( + | - ) duration ]
//! text     := 'text' | "text"                      a quote inside its own kind is doubled
//! duration := 7d | 1h30m | 90s                     w, d, h, m, s, ms, us
//! ```
//!
//! A record that lacks the field matches no test but `IS NULL`, not even `!=`, and `NOT` does not change that, as in
//! SQL. NaN matches no comparison but `!=`. Params and tags compare as text with text and as numbers with numbers,
//! times as milliseconds with numbers and as instants with `'2026-11-01T12:30:00Z'` and `now()`.
//!
//! `docs/guide/search.md` is this page for users. A text becomes an [`Expr`] by [`parse`], which reads no clock, and a [`Filter`] by [`Expr::bind`].

mod aspects;
mod bind;
mod evaluate;
mod fields;
mod lexer;
mod like;
mod operands;
mod order;
mod parser;
mod pattern;
mod print;
mod times;
mod types;

pub use aspects::Aspect;
pub use bind::Filter;
pub use fields::{Entity, Field, Subject};
pub use order::{OrderKey, compare, parse_columns, parse_order, parse_order_about, sortable};
pub use parser::{parse, parse_about};
pub use pattern::Pattern;
#[cfg(feature = "cli")]
pub(crate) use times::time as read_time;
pub use types::{Comparison, Expr, Literal, Record, Value};

#[cfg(test)]
mod tests;
