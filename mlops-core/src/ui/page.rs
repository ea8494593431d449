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
    // Made from all that the page holds, so no text that was stored can know it before.
    let nonce = Digest::of(format!("{title}\0{data}").as_bytes()).to_hex();
    let title = escape(title);
    format!(
        "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'nonce-{nonce}'; \
style-src 'nonce-{nonce}'; img-src data:; base-uri 'none'; form-action 'none'\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"light dark\">
<meta name=\"referrer\" content=\"no-referrer\">
<meta name=\"generator\" content=\"mlops {version}\">
<title>{title}</title>
<style nonce=\"{nonce}\">
{STYLE}</style>
</head>
<body>
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
        version = env!("CARGO_PKG_VERSION"),
    )
}
