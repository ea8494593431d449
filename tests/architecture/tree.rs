//! The files of the repository.

use std::path::{Path, PathBuf};

/// A file that people write.
pub(crate) struct File {
    /// The path from the root, with `/`.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
}

impl File {
    /// A file that is not on the disk.
    pub(crate) fn sample(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// True if the path ends with one of these.
    pub(crate) fn is(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.path.ends_with(ending))
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the root").to_path_buf()
}

/// What stands at the top level and is not ignored by Git.
pub(crate) fn top_level() -> Vec<String> {
    let ignored = std::fs::read_to_string(root().join(".gitignore")).expect("the root has a .gitignore");
    let names = entries(&root()).into_iter().filter(|path| !is_made(path)).map(|path| name(&path).to_owned());
    names.filter(|name| !ignored.lines().any(|line| line.trim_matches('/') == name)).collect()
}

/// The text files beneath a folder (empty: the root), without what builds and tools leave there.
pub(crate) fn files(folder: &str) -> Vec<File> {
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(folder: &Path, found: &mut Vec<File>) {
    for path in entries(folder) {
        if path.is_symlink() || is_made(&path) {
            continue;
        }
        if path.is_dir() {
            walk(&path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let inner = path.strip_prefix(root()).expect("it was found beneath the root");
            let parts: Vec<_> = inner.iter().map(|part| part.to_string_lossy()).collect();
            found.push(File { path: parts.join("/"), text });
        }
    }
}

/// What a folder holds; nothing if another test has just removed it.
fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// True for folders that builds and tools make.
fn is_made(path: &Path) -> bool {
    let made = ["target", "build", "dist", "__pycache__", "mlruns"];
    let name = name(path);
    name == ".git"
        || path.is_dir()
            && (made.contains(&name)
                || name.ends_with(".egg-info")
                || (name.starts_with('.') && name != ".ci")
                || path.join("CACHEDIR.TAG").exists())
}
