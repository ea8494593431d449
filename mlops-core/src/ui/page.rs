//! The page around the data: markup, style and script, which come with the library.

use super::html::escape;
use crate::base::digests::Digest;

const STYLE: &str = include_str!("report/style.css");
/// The pieces of the one script, in the order in which they need each other.
const SCRIPT: &str = concat!(
    "(() => {\n\"use strict\";\n",
    include_str!("report/dom.js"),
    include_str!("report/axes.js"),
    include_str!("report/tables.js"),
    include_str!("report/chart.js"),
    include_str!("report/parallel.js"),
    include_str!("report/gallery.js"),
    include_str!("report/main.js"),
    "})();\n"
);

/// A whole page. `data` is JSON that may stand in a script element.
pub(super) fn html(title: &str, data: &str) -> String {
    let nonce = nonce(title, data);
    let head = head(title, &nonce, &format!("script-src 'nonce-{nonce}'; "), STYLE);
    format!(
        "{head}<body>
<header id=\"head\"><h1>{title}</h1></header>
<noscript><p class=\"note\">The tables and curves of this report are drawn by a script that is part of this file; \
it is switched off here.</p></noscript>
<main id=\"report\"></main>
<script type=\"application/json\" id=\"data\">{data}</script>
<script nonce=\"{nonce}\">
{SCRIPT}</script>
</body>
</html>
",
        title = escape(title),
    )
}

/// A whole page without a script. `body` is markup, and `style` comes behind the one of all pages.
pub(super) fn plain_html(title: &str, style: &str, body: &str) -> String {
    let head = head(title, &nonce(title, body), "", &format!("{STYLE}{style}"));
    format!("{head}<body>\n{body}\n</body>\n</html>\n")
}

/// Made from all that the page holds, so no text that was stored can know it before.
fn nonce(title: &str, content: &str) -> String {
    Digest::of(format!("{title}\0{content}").as_bytes()).to_hex()
}

fn head(title: &str, nonce: &str, scripts: &str, style: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; {scripts}\
style-src 'nonce-{nonce}'; img-src data:; base-uri 'none'; form-action 'none'\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"light dark\">
<meta name=\"referrer\" content=\"no-referrer\">
<meta name=\"generator\" content=\"mlops {version}\">
<title>{title}</title>
<style nonce=\"{nonce}\">
{style}</style>
</head>
",
        version = env!("CARGO_PKG_VERSION"),
    )
}
