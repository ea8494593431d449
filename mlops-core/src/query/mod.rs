//! The filter language: `metrics.loss < 0.1 AND (params.model = 'tree' OR tags.best IS NOT NULL)`.
//!
//! Every filter that MLflow takes means the same here, but that a doubled quote is one quote. In addition there are
//! `OR`, `NOT`, parentheses, `BETWEEN`, `IN` and `IS NULL` on every field, order comparisons on params and tags, and
//! numbers without quotes for them.
//!
//! ```text
//! filter  := and ( OR and )*                      keywords in any case
//! and     := not ( AND not )*
//! not     := NOT not | ( filter ) | test
//! test    := field ( = | != | < | <= | > | >= ) value
//!          | field [NOT] LIKE text | field [NOT] ILIKE text        % any characters, _ one; ILIKE ignores case
//!          | field [NOT] IN ( value, ... ) | field [NOT] BETWEEN value AND value
//!          | field IS [NOT] NULL
//! field   := [entity .] key                       no entity: an attribute
//! entity  := metric(s) | param(s) | parameter(s) | tag(s) | attribute(s) | attr | run | dataset(s)
//! key     := letters, digits and _ . - / :  |  `any text`  |  "any text"
//! value   := number | 'text' | "text"             a quote inside its own kind is doubled
//! ```
//!
//! A record that lacks the field matches no test but `IS NULL`, not even `!=`, and `NOT` does not change that, as in
//! SQL. NaN matches no comparison but `!=`. Params and tags compare as text with text and as numbers with numbers.

mod evaluate;
mod fields;
mod lexer;
mod like;
mod order;
mod parser;
mod print;
mod types;

pub use fields::{Entity, Field, Subject};
pub use order::{OrderKey, compare, parse_order, parse_order_about};
pub use parser::{parse, parse_about};
pub use types::{Comparison, Expr, Literal, Record, Value};

#[cfg(test)]
mod tests;
