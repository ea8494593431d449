//! Reports as Markdown, for a pull request.

use std::fmt::Write;

use super::checks::{Check, count, number};
use super::report::GateReport;
use super::text::{outcome, values};
use crate::registry::Verdict;

impl GateReport {
    /// The report as Markdown: headline, facts, a table of checks, warnings. Texts of the inputs are text there, never markup.
    pub fn to_markdown(&self) -> String {
        let mark = match self.verdict {
            Verdict::Pass => "✅",
            Verdict::Fail | Verdict::Error => "❌",
            Verdict::Inconclusive | Verdict::Ask => "⚠️",
        };
        let mut out = format!("### {mark} {}\n\n", escape(&self.headline()));
        for fact in self.facts() {
            let _ = writeln!(out, "- {}", escape(&fact));
        }
        out.push_str("\n| | check | candidate, baseline | rows | p | |\n| --- | --- | --- | --- | --- | --- |\n");
        for check in &self.checks {
            out.push_str(&row(check));
        }
        if !self.warnings.is_empty() {
            out.push_str("\n**Warnings**\n\n");
            for warning in &self.warnings {
                let _ = writeln!(out, "- `{}`: {}", warning.code, escape(&warning.text));
            }
        }
        let digests = format!("rules {}, data {}", self.rules, self.data);
        let _ = write!(out, "\n<sub>{}</sub>\n", escape(&digests));
        out
    }
}

fn row(check: &Check) -> String {
    let bold = if check.verdict != Verdict::Pass && check.is_blocking { "**" } else { "" };
    format!(
        "| {bold}{}{bold} | {} {} | {} | {} | {} | {} |\n",
        outcome(check),
        check.kind.as_str().replace('_', " "),
        escape(&check.name),
        escape(&values(&check.numbers)),
        check.numbers.rows.map_or_else(String::new, count),
        check.numbers.p_value.map_or_else(String::new, number),
        escape(&check.reason)
    )
}

/// A text that stands in a line or a cell of a table and is nothing but text there. Backticks stay where they come in pairs.
fn escape(text: &str) -> String {
    let quotes = text.matches('`').count();
    let mut out = String::with_capacity(text.len());
    let mut in_code = false;
    for character in text.chars() {
        match character {
            '`' if quotes.is_multiple_of(2) => {
                in_code = !in_code;
                out.push('`');
            }
            '&' if !in_code => out.push_str("&amp;"),
            '<' if !in_code => out.push_str("&lt;"),
            '>' if !in_code => out.push_str("&gt;"),
            '|' => out.push_str("\\|"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '!' | '~' | '@' if !in_code => {
                out.push('\\');
                out.push(character);
            }
            other if other.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn no_text_of_the_inputs_is_markup() {
        assert_eq!(escape("a|b\nc"), "a\\|b c");
        assert_eq!(escape("<img src=x>*_[x](y)"), "&lt;img src=x&gt;\\*\\_\\[x\\](y)");
        assert_eq!(escape("one ` alone <b>"), "one \\` alone &lt;b&gt;");
        assert_eq!(escape("`roc_auc` is_it"), "`roc_auc` is\\_it");
        assert_eq!(escape("@everyone"), "\\@everyone");
    }
}
