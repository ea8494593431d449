//! Lines as a terminal shows them: a carriage return begins the line anew, so that of a progress bar its last state stays.

use super::ConsoleStream;

/// A line that is longer is kept in parts of this size, in bytes.
const LINE_BYTES: usize = 64 << 10;

/// The lines that both streams are at.
#[derive(Debug, Default)]
pub(super) struct Lines {
    output: Line,
    error: Line,
}

#[derive(Debug, Default)]
struct Line {
    text: Vec<u8>,
    /// A carriage return came last: what comes next begins the line anew, unless it is its end.
    returned: bool,
}

impl Lines {
    /// Takes what was said; lines that are whole go to `whole`.
    pub(super) fn push(&mut self, stream: ConsoleStream, mut text: &[u8], whole: &mut Vec<u8>) {
        let line = match stream {
            ConsoleStream::Output => &mut self.output,
            ConsoleStream::Error => &mut self.error,
        };
        while let Some(first) = text.first() {
            match first {
                b'\n' => {
                    whole.append(&mut line.text);
                    whole.push(b'\n');
                    line.returned = false;
                }
                b'\r' => line.returned = true,
                _ => {
                    let end = text.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(text.len());
                    let (plain, rest) = text.split_at(end);
                    line.add(plain, whole);
                    text = rest;
                    continue;
                }
            }
            text = text.get(1..).unwrap_or_default();
        }
    }

    /// The lines that are not whole, one behind the other.
    pub(super) fn unfinished(&self) -> Vec<u8> {
        let between: &[u8] = if self.output.text.is_empty() || self.error.text.is_empty() { b"" } else { b"\n" };
        [&self.output.text, between, &self.error.text].concat()
    }

    /// The same, which are whole by now.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        let rest = self.unfinished();
        *self = Self::default();
        rest
    }
}

impl Line {
    fn add(&mut self, plain: &[u8], whole: &mut Vec<u8>) {
        if std::mem::take(&mut self.returned) {
            self.text.clear();
        }
        if self.text.len() + plain.len() > LINE_BYTES {
            whole.append(&mut self.text);
        }
        if plain.len() > LINE_BYTES {
            whole.extend_from_slice(plain);
        } else {
            self.text.extend_from_slice(plain);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ConsoleStream::{Error, Output};

    fn said(parts: &[(ConsoleStream, &str)]) -> (String, String) {
        let (mut lines, mut whole) = (Lines::default(), Vec::new());
        for (stream, text) in parts {
            lines.push(*stream, text.as_bytes(), &mut whole);
        }
        (String::from_utf8(whole).unwrap(), String::from_utf8(lines.finish()).unwrap())
    }

    #[test]
    fn of_a_progress_bar_its_last_state_stays() {
        let bar = said(&[(Error, "\r  0%|    |\r 50%|##  |"), (Error, "\r100%|####|\n"), (Error, "done")]);
        assert_eq!(bar, ("100%|####|\n".into(), "done".into()));
        assert_eq!(said(&[(Output, "a\r\nb\r"), (Output, "\nc\r\rd\n")]), ("a\nb\nd\n".into(), String::new()));
    }

    #[test]
    fn lines_of_both_streams_stay_whole() {
        let mixed = said(&[(Output, "out"), (Error, "err"), (Output, "put\n"), (Error, "or\nx"), (Output, "y")]);
        assert_eq!(mixed, ("output\nerror\n".into(), "y\nx".into()));
    }

    #[test]
    fn a_line_without_an_end_is_kept_in_parts() {
        let (mut lines, mut whole) = (Lines::default(), Vec::new());
        for _ in 0..40 {
            lines.push(Output, &[b'x'; 10_000], &mut whole);
            assert!(lines.output.text.len() <= LINE_BYTES);
        }
        assert_eq!(whole.len() + lines.finish().len(), 400_000);
    }
}
