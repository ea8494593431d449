//! Filters as text, with no more parentheses than they need.

use std::fmt;

use super::times;
use super::types::{Expr, Literal};

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Time(at) => write!(f, "'{at}'"),
            Self::Now { later_micros: 0 } => f.write_str("now()"),
            Self::Now { later_micros } => {
                let sign = if *later_micros < 0 { '-' } else { '+' };
                write!(f, "now() {sign} {}", times::spell(later_micros.unsigned_abs()))
            }
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => Ok(()),
            Self::And(parts) => join(f, parts, " AND ", |part| matches!(part, Self::And(_) | Self::Or(_))),
            Self::Or(parts) => join(f, parts, " OR ", |part| matches!(part, Self::Or(_))),
            Self::Not(inner) => {
                f.write_str("NOT ")?;
                within(f, inner, matches!(**inner, Self::And(_) | Self::Or(_)))
            }
            Self::Compare { field, comparison, value } => write!(f, "{field} {} {value}", comparison.as_str()),
            Self::Like { field, negated, ignore_case, pattern } => {
                let keyword = if *ignore_case { "ILIKE" } else { "LIKE" };
                write!(f, "{field} {}{keyword} {}", not(*negated), Literal::Text(pattern.clone()))
            }
            Self::Matches { field, negated, pattern } => {
                let operator = if *negated { "!~" } else { "~" };
                write!(f, "{field} {operator} {}", Literal::Text(pattern.as_str().into()))
            }
            Self::In { field, negated, values } => {
                let values: Vec<String> = values.iter().map(Literal::to_string).collect();
                write!(f, "{field} {}IN ({})", not(*negated), values.join(", "))
            }
            Self::Between { field, negated, low, high } => {
                write!(f, "{field} {}BETWEEN {low} AND {high}", not(*negated))
            }
            Self::IsNull { field, negated } => write!(f, "{field} IS {}NULL", not(*negated)),
        }
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

fn within(f: &mut fmt::Formatter<'_>, expr: &Expr, parentheses: bool) -> fmt::Result {
    if parentheses { write!(f, "({expr})") } else { write!(f, "{expr}") }
}

fn join(f: &mut fmt::Formatter<'_>, parts: &[Expr], by: &str, parentheses: fn(&Expr) -> bool) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(by)?;
        }
        within(f, part, parentheses(part))?;
    }
    Ok(())
}
