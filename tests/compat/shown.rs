//! Stores that show something as JSON, which stands in a file beside them.

use std::path::Path;

use mlops_core::{OpenOptions, Store};
use serde_json::Value;

use crate::{fixtures, keep, killed, stores};

pub(crate) fn open(folder: &Path, read_only: bool) -> Store {
    let options = OpenOptions { uri: folder.display().to_string(), read_only, ..OpenOptions::default() };
    Store::open_with(&options).unwrap()
}

/// Makes the store that this variable names, of what `fill` writes and `shown` shows.
pub(crate) fn make_if_asked(variable: &str, fill: impl Fn(&Store), shown: impl Fn(&Store) -> Value) {
    let Ok(name) = std::env::var(variable) else { return };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("store");
    let store = open(&folder, false);
    fill(&store);
    store.close().unwrap();
    drop(store);
    keep(&folder);
    let expected = shown(&open(&folder, true));
    killed::copy(&folder, &fixtures().join(&name));
    let text = serde_json::to_string_pretty(&expected).unwrap() + "\n";
    std::fs::write(fixtures().join(format!("{name}.json")), text).unwrap();
}

/// Every store whose name begins so shows what it showed, opened to read and to write, and goes on.
pub(crate) fn each(prefix: &str, shown: impl Fn(&Store) -> Value, go_on: impl Fn(&Store)) {
    let paths = stores(prefix);
    assert!(!paths.is_empty());
    for path in paths {
        let text = std::fs::read(path.with_extension("json")).unwrap();
        let expected: Value = serde_json::from_slice(&text).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("store");
        killed::copy(&path, &folder);
        assert_eq!(shown(&open(&folder, true)), expected);
        let report = mlops_core::fsck(&folder.display().to_string(), false).unwrap();
        assert_eq!((report.findings, report.lost), (vec![], vec![]));
        let store = open(&folder, false);
        assert_eq!(shown(&store), expected);
        go_on(&store);
    }
}
