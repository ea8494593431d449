//! SQL's LIKE.

/// True if the whole of `text` fits `pattern`, in which `%` stands for any characters and `_` for one. Time is the
/// product of the lengths at worst; there is no recursion.
pub(super) fn like(text: &str, pattern: &str, ignore_case: bool) -> bool {
    if ignore_case {
        return like(&text.to_lowercase(), &pattern.to_lowercase(), false);
    }
    let (mut text, mut pattern) = (text.chars(), pattern.chars());
    // Where to go on if what stands behind the last `%` does not fit: one character later.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut behind = pattern.clone();
        match behind.next() {
            Some('%') => {
                retry = Some((text.clone(), behind.clone()));
                pattern = behind;
                continue;
            }
            Some(expected) => {
                let mut rest = text.clone();
                match rest.next() {
                    Some(found) if expected == '_' || expected == found => {
                        (text, pattern) = (rest, behind);
                        continue;
                    }
                    Some(_) => {}
                    // Later starts have even less text.
                    None => return false,
                }
            }
            None if text.as_str().is_empty() => return true,
            None => {}
        }
        let Some((from, behind)) = &mut retry else { return false };
        if from.next().is_none() {
            return false;
        }
        (text, pattern) = (from.clone(), behind.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn patterns_fit_the_whole_text() {
        let cases = [
            ("", "", true),
            ("a", "", false),
            ("", "%", true),
            ("abc", "abc", true),
            ("abc", "ab", false),
            ("abc", "a_c", true),
            ("abc", "a_", false),
            ("abc", "%c", true),
            ("abc", "%b", false),
            ("abc", "%b%", true),
            ("abc", "a%%c", true),
            ("aXbXc", "a%X_", true),
            ("mississippi", "%iss%ip%", true),
            ("mississippi", "%iss%ix%", false),
            ("äöü", "ä_ü", true),
            ("100%", "100%", true),
            ("Abc", "abc", false),
        ];
        for (text, pattern, fits) in cases {
            assert_eq!(like(text, pattern, false), fits, "{text} LIKE {pattern}");
        }
        assert!(like("ÄBC", "äb%", true));
    }

    #[test]
    fn a_pattern_of_many_wildcards_takes_no_exponential_time() {
        assert!(!like(&"a".repeat(3000), &("%a".repeat(300) + "b"), false));
    }
}
