//! CSV as RFC 4180 has it.

use super::table::{PredictionTable, typed};
use crate::base::limits;
use crate::error::{Error, Result};

impl PredictionTable {
    /// Reads CSV with a line of names. Cells may be in quotes, with `""` for a quote; lines end with LF or CRLF. An empty cell
    /// is missing.
    ///
    /// # Errors
    /// `InvalidArgument` with the line that has another number of cells or a quote that does not end, or the name that stands
    /// twice; `LimitExceeded` above 20,000,000 rows.
    pub fn from_csv(text: &str) -> Result<Self> {
        let mut lines = Lines { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 0 };
        let mut names = Vec::new();
        if !lines.next(&mut names)? || names.iter().all(String::is_empty) {
            return Err(refuse("line 1", "nothing", "the names of the columns"));
        }
        if let Some((at, name)) =
            names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|other| other == *name))
        {
            return Err(refuse(&format!("column {}", at + 1), name, "a name that does not stand there yet"));
        }
        let mut columns: Vec<Vec<String>> = vec![Vec::new(); names.len()];
        let mut cells = Vec::new();
        let mut rows = 0_usize;
        while lines.next(&mut cells)? {
            // A line without anything, as at the end of many files.
            if let ([only], true) = (cells.as_slice(), names.len() > 1)
                && only.is_empty()
            {
                continue;
            }
            if cells.len() != names.len() {
                let found = format!("{} cells", cells.len());
                return Err(refuse(
                    &format!("line {}", lines.line),
                    &found,
                    &format!("{} cells, one for each name", names.len()),
                ));
            }
            rows += 1;
            limits::check(|| "the predictions".into(), rows, limits::GATE_ROWS, "rows")?;
            for (column, cell) in columns.iter_mut().zip(cells.drain(..)) {
                column.push(cell);
            }
        }
        let columns = names.into_iter().zip(columns).map(|(name, texts)| {
            let column = typed(&name, texts);
            (name, column)
        });
        Ok(Self { columns: columns.collect() })
    }
}

struct Lines<'a> {
    rest: &'a str,
    /// The number of the line that was read last.
    line: usize,
}

impl Lines<'_> {
    /// Reads the cells of a line; false at the end.
    fn next(&mut self, cells: &mut Vec<String>) -> Result<bool> {
        cells.clear();
        if self.rest.is_empty() {
            return Ok(false);
        }
        self.line += 1;
        let first = self.line;
        loop {
            let mut cell = String::new();
            if let Some(quoted) = self.rest.strip_prefix('"') {
                self.rest = quoted;
                loop {
                    let Some(end) = self.rest.find('"') else {
                        return Err(refuse(&format!("line {first}"), "a cell in quotes", "a quote that ends it"));
                    };
                    let (inner, behind) = self.rest.split_at(end);
                    cell.push_str(inner);
                    self.line += inner.matches('\n').count();
                    self.rest = behind.get(1..).unwrap_or_default();
                    match self.rest.strip_prefix('"') {
                        Some(behind) => {
                            cell.push('"');
                            self.rest = behind;
                        }
                        None => break,
                    }
                }
            } else {
                let end = self.rest.find([',', '\n', '\r']).unwrap_or(self.rest.len());
                let (inner, behind) = self.rest.split_at(end);
                cell.push_str(inner.trim());
                self.rest = behind;
            }
            cells.push(cell);
            if let Some(behind) = self.rest.strip_prefix(',') {
                self.rest = behind;
                continue;
            }
            let ended = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix(['\n', '\r']));
            match ended {
                Some(behind) => self.rest = behind,
                None if self.rest.is_empty() => {}
                None => {
                    return Err(refuse(
                        &format!("line {}", self.line),
                        "text behind a cell in quotes",
                        "a comma or the end of the line",
                    ));
                }
            }
            return Ok(true);
        }
    }
}

fn refuse(place: &str, value: &str, expected: &str) -> Error {
    Error::InvalidArgument {
        what: format!("{place} of the predictions"),
        value: value.chars().take(60).collect(),
        expected: expected.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::inputs::Column;
    use super::*;

    fn column(table: &PredictionTable, name: &str) -> Column {
        table.columns[name].clone()
    }

    #[test]
    fn cells_in_quotes_hold_anything() {
        let table = PredictionTable::from_csv("\u{feff}a,\"b \"\"c\"\"\"\r\n\"x,\ny\",1\r\n z ,\r\n\r\n").unwrap();
        assert_eq!(column(&table, "a"), vec!["x,\ny", "z"].into());
        let Column::Numbers(values) = column(&table, "b \"c\"") else { panic!("numbers") };
        assert!((values[0] - 1.0).abs() < 1e-12 && values[1].is_nan(), "an empty cell is missing");
    }

    #[test]
    fn texts_that_look_like_numbers_are_kept_as_they_are_written() {
        let table = PredictionTable::from_csv("id,target,zip,candidate\n01,1,007,nan\n2,0.50,8,inf\n").unwrap();
        assert_eq!(column(&table, "id"), vec!["01", "2"].into());
        assert_eq!(column(&table, "zip"), vec!["007", "8"].into());
        assert_eq!(column(&table, "target"), vec![1.0, 0.5].into());
        assert!(matches!(column(&table, "candidate"), Column::Numbers(_)), "what is no number is seen by the gate");
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        for (text, named) in [
            ("", "line 1"),
            ("a,a\n1,2\n", "column 2 of the predictions `a`"),
            ("a,b\n1,2\n3\n", "line 3"),
            ("a,b\n1,\"2\n", "line 2"),
            ("a,b\n1,\"2\"x\n", "line 2"),
        ] {
            let refused = PredictionTable::from_csv(text).unwrap_err().to_string();
            assert!(refused.contains(named), "{text:?}: {refused}");
        }
    }
}
