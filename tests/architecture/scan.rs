//! Reads Rust as far as the rules need it: words and signs without comments and texts, and the paths they make.

/// What stands in the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word.
    Word(String),
    /// `::`
    Path,
    /// Any other sign.
    Sign(char),
    /// The content of a byte string.
    Bytes(String),
    /// A string, a character, a lifetime or a number.
    Other,
}

/// A piece of code and the line it is on.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) line: usize,
}

impl Token {
    /// True for this word.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(found) if found == word)
    }

    /// True for this sign.
    pub(crate) fn is_sign(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }
}

/// The pieces of a source text.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let text: Vec<char> = source.chars().collect();
    let at = |i: usize| text.get(i).copied().unwrap_or('\0');
    let (mut found, mut i, mut line) = (Vec::new(), 0, 1);
    while i < text.len() {
        let start = i;
        let kind = match at(i) {
            '/' if at(i + 1) == '/' => {
                while i < text.len() && at(i) != '\n' {
                    i += 1;
                }
                None
            }
            '/' if at(i + 1) == '*' => {
                let mut depth = 0;
                loop {
                    match (at(i), at(i + 1)) {
                        ('/', '*') => (depth, i) = (depth + 1, i + 2),
                        ('*', '/') => (depth, i) = (depth - 1, i + 2),
                        _ => i += 1,
                    }
                    if depth == 0 || i >= text.len() {
                        break None;
                    }
                }
            }
            '"' => {
                i = string_end(&text, i);
                Some(Kind::Other)
            }
            // A character, or a lifetime.
            '\'' => {
                if at(i + 1) == '\\' {
                    i += 3;
                    while i < text.len() && at(i) != '\'' {
                        i += 1;
                    }
                    i += 1;
                } else if at(i + 2) == '\'' {
                    i += 3;
                } else {
                    i += 1;
                    while at(i).is_alphanumeric() || at(i) == '_' {
                        i += 1;
                    }
                }
                Some(Kind::Other)
            }
            ':' if at(i + 1) == ':' => {
                i += 2;
                Some(Kind::Path)
            }
            letter if letter.is_alphanumeric() || letter == '_' => {
                while at(i).is_alphanumeric() || at(i) == '_' {
                    i += 1;
                }
                Some(word(&text, start, &mut i))
            }
            blank if blank.is_whitespace() => {
                i += 1;
                None
            }
            sign => {
                i += 1;
                Some(Kind::Sign(sign))
            }
        };
        found.extend(kind.map(|kind| Token { kind, line }));
        line += text.iter().take(i).skip(start).filter(|c| **c == '\n').count();
    }
    found
}

/// A word, or the string that it begins (`b"`, `r#"`, `br"`...), which ends where `i` is moved to.
fn word(text: &[char], start: usize, i: &mut usize) -> Kind {
    let word: String = text.iter().take(*i).skip(start).collect();
    let begins = |mark| text.get(*i) == Some(&mark);
    if !["b", "r", "br", "c", "cr"].contains(&word.as_str()) || !(begins('"') || begins('#') && word.contains('r')) {
        return Kind::Word(word);
    }
    let from = *i;
    *i = if word.contains('r') { raw_end(text, from) } else { string_end(text, from) };
    let content: String = text.iter().take(*i).skip(from).collect();
    if word.starts_with('b') { Kind::Bytes(content.trim_matches(['#', '"']).to_owned()) } else { Kind::Other }
}

fn string_end(text: &[char], mut i: usize) -> usize {
    i += 1;
    while let Some(found) = text.get(i) {
        match found {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    i
}

fn raw_end(text: &[char], mut i: usize) -> usize {
    let hashes = text.iter().skip(i).take_while(|c| **c == '#').count();
    i += hashes + 1;
    while i < text.len() {
        let closes =
            text.get(i) == Some(&'"') && text.iter().skip(i + 1).take(hashes).filter(|c| **c == '#').count() == hashes;
        i += 1;
        if closes {
            return i + hashes;
        }
    }
    i
}

/// The module that a file of a crate is, from its path beneath `src/`.
pub(crate) fn module_of(path: &str) -> Vec<String> {
    let mut parts: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    if matches!(parts.last(), Some(&("mod" | "lib"))) {
        parts.pop();
    }
    parts.into_iter().map(str::to_owned).collect()
}

/// The first segments of all paths that begin at `head` (`crate` or another crate's name), and those that climb to
/// the crate's root by `super`: where they lead, and the line. `*` is a glob.
pub(crate) fn paths_from(head: &str, module: &[String], tokens: &[Token]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    // The modules that stand open inside the file, each with the depth of its brace.
    let mut inner: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate() {
        match &token.kind {
            Kind::Sign('{') => {
                depth += 1;
                let name = |back: usize| i.checked_sub(back).and_then(|j| tokens.get(j));
                if let (Some(Token { kind: Kind::Word(name), .. }), true) =
                    (name(1), name(2).is_some_and(|token| token.is_word("mod")))
                {
                    inner.push((name.clone(), depth));
                }
            }
            Kind::Sign('}') => {
                inner.retain(|(_, opened)| *opened != depth);
                depth -= 1;
            }
            Kind::Word(word) if !after_path(tokens, i) => {
                if word == head && tokens.get(i + 1).is_some_and(|next| next.kind == Kind::Path) {
                    found.extend(firsts(tokens, i + 2));
                } else if word == "super" && head == "crate" {
                    let here = module.iter().chain(inner.iter().map(|(name, _)| name));
                    found.extend(climb(&here.cloned().collect::<Vec<_>>(), tokens, i));
                }
            }
            _ => {}
        }
    }
    found
}

/// True if the word is a later segment of a path.
pub(crate) fn after_path(tokens: &[Token], i: usize) -> bool {
    i.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|before| before.kind == Kind::Path)
}

/// True if the piece at `i` is a segment directly behind `parent::`.
pub(crate) fn is_inside(tokens: &[Token], i: usize, parent: &str) -> bool {
    let before = i.checked_sub(2).and_then(|at| tokens.get(at));
    after_path(tokens, i) && before.is_some_and(|before| before.is_word(parent))
}

/// Where the innermost open brace before `i` stands.
pub(crate) fn group_start(tokens: &[Token], i: usize) -> Option<usize> {
    let mut open = 0;
    tokens.iter().enumerate().take(i).rev().find_map(|(at, token)| {
        open += i32::from(token.is_sign('{')) - i32::from(token.is_sign('}'));
        (open > 0).then_some(at)
    })
}

/// Follows `super::super::...`; only what reaches the root of the crate is of interest.
fn climb(here: &[String], tokens: &[Token], mut i: usize) -> Vec<(String, usize)> {
    let mut left = here.len();
    while tokens.get(i).is_some_and(|token| token.is_word("super")) {
        left = left.saturating_sub(1);
        i += 2;
    }
    match here.first() {
        // Still inside the top-level module.
        Some(_) if left > 0 => Vec::new(),
        _ => firsts(tokens, i),
    }
}

/// The segment at `i`, or all first segments of the group there.
fn firsts(tokens: &[Token], i: usize) -> Vec<(String, usize)> {
    let Some(token) = tokens.get(i) else { return Vec::new() };
    match &token.kind {
        Kind::Word(word) => vec![(word.clone(), token.line)],
        Kind::Sign('*') => vec![("*".into(), token.line)],
        Kind::Sign('{') => {
            let (mut found, mut depth, mut begins) = (Vec::new(), 0, true);
            for (offset, token) in tokens.iter().enumerate().skip(i) {
                match token.kind {
                    Kind::Sign('{') => depth += 1,
                    Kind::Sign('}') => depth -= 1,
                    Kind::Sign(',') => begins = depth == 1,
                    _ if begins && depth == 1 => {
                        found.extend(firsts(tokens, offset));
                        begins = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
            found
        }
        _ => Vec::new(),
    }
}
