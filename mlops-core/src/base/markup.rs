//! Text in markup: HTML and XML.

/// A text that stands in HTML or XML, between tags or in a quoted attribute, and is nothing but text there.
/// Characters that XML does not allow become U+FFFD.
///
/// ```
/// assert_eq!(mlops_core::base::markup::escape("<b a='&'>"), "&lt;b a=&#39;&amp;&#39;&gt;");
/// ```
pub fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, character| {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(character),
            '\0'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
        out
    })
}
