//! Texts, images, tables and histograms, and their bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};

/// What a value that is no number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// A text.
    Text,
    /// A picture.
    Image,
    /// Named columns and rows.
    Table,
    /// Counts of the values between edges.
    Histogram,
}

/// How the bytes of an image are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImageFormat {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
    /// SVG.
    Svg,
}

/// A value of a series that is no number.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaValue {
    /// A text.
    Text(String),
    /// The bytes of a file, as they were given.
    Image(ImageFormat, Vec<u8>),
    /// A table.
    Table(Table),
    /// A histogram.
    Histogram(Histogram),
}

/// Named columns and rows of JSON values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

/// How many values lie between edges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    edges: Vec<f64>,
    counts: Vec<f64>,
}

fn refuse(what: &str, value: impl fmt::Display, expected: &str) -> Error {
    let value = value.to_string().chars().take(300).collect();
    Error::InvalidArgument { what: what.into(), value, expected: expected.into() }
}

impl MediaKind {
    /// `text`, `image`, `table` or `histogram`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Table => "table",
            Self::Histogram => "histogram",
        }
    }

    pub(super) fn of_ending(ending: &str) -> Option<Self> {
        match ending {
            "txt" => Some(Self::Text),
            "png" | "jpg" | "gif" | "webp" | "svg" => Some(Self::Image),
            "table.json" => Some(Self::Table),
            "histogram.json" => Some(Self::Histogram),
            _ => None,
        }
    }
}

impl FromStr for MediaKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let kinds = [Self::Text, Self::Image, Self::Table, Self::Histogram];
        let found = kinds.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| refuse("kind of media", text, "text, image, table or histogram"))
    }
}

impl ImageFormat {
    /// The format that bytes begin as; None if they are no image of a known one.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let webp = || bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
        match bytes {
            [0x89, b'P', b'N', b'G', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'G', b'I', b'F', b'8', ..] => Some(Self::Gif),
            _ if webp() => Some(Self::Webp),
            _ => {
                let begin = String::from_utf8_lossy(bytes.get(..bytes.len().min(1_024)).unwrap_or_default());
                let begin = begin.trim_start_matches('\u{feff}').trim_start();
                (begin.starts_with("<svg") || begin.starts_with("<?xml") && begin.contains("<svg")).then_some(Self::Svg)
            }
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Svg => "svg",
        }
    }
}

impl MediaValue {
    /// An image, by its bytes.
    ///
    /// # Errors
    /// `InvalidArgument` for bytes that do not begin as PNG, JPEG, GIF, WebP or SVG do.
    pub fn image(bytes: Vec<u8>) -> Result<Self> {
        let format = ImageFormat::of(&bytes).ok_or_else(|| {
            let begin = bytes.iter().take(8).copied().collect::<Vec<_>>();
            refuse("image", begin.escape_ascii(), "the bytes of a PNG, JPEG, GIF, WebP or SVG file")
        })?;
        Ok(Self::Image(format, bytes))
    }

    /// Reads the bytes of a value: UTF-8, an image, or the JSON that [`encode`](Self::encode) writes.
    ///
    /// # Errors
    /// `InvalidArgument` for bytes that are no such value.
    pub fn decode(kind: MediaKind, bytes: Vec<u8>) -> Result<Self> {
        let wrong = |error: &dyn fmt::Display| refuse(kind.name(), error, "what log_media stores");
        Ok(match kind {
            MediaKind::Text => Self::Text(String::from_utf8(bytes).map_err(|e| wrong(&e))?),
            MediaKind::Image => Self::image(bytes)?,
            MediaKind::Table => {
                let Table { columns, rows } = serde_json::from_slice(&bytes).map_err(|e| wrong(&e))?;
                Self::Table(Table::new(columns, rows)?)
            }
            MediaKind::Histogram => {
                let Histogram { edges, counts } = serde_json::from_slice(&bytes).map_err(|e| wrong(&e))?;
                Self::Histogram(Histogram::new(edges, counts)?)
            }
        })
    }

    /// The bytes of the value: those of the text or image, else JSON: `{"columns": [text], "rows": [[value]]}` or
    /// `{"edges": [number], "counts": [number]}`.
    ///
    /// # Errors
    /// `Internal` if JSON cannot be written.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let json = |written: serde_json::Result<Vec<u8>>| {
            written.map_err(|e| Error::internal(format!("cannot write JSON: {e}")))
        };
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Image(_, bytes) => Ok(bytes.clone()),
            Self::Table(table) => json(serde_json::to_vec(table)),
            Self::Histogram(histogram) => json(serde_json::to_vec(histogram)),
        }
    }

    /// What it is.
    pub const fn kind(&self) -> MediaKind {
        match self {
            Self::Text(_) => MediaKind::Text,
            Self::Image(..) => MediaKind::Image,
            Self::Table(_) => MediaKind::Table,
            Self::Histogram(_) => MediaKind::Histogram,
        }
    }

    pub(super) const fn ending(&self) -> &'static str {
        match self {
            Self::Text(_) => "txt",
            Self::Image(format, _) => format.ending(),
            Self::Table(_) => "table.json",
            Self::Histogram(_) => "histogram.json",
        }
    }
}

impl Table {
    /// A table; every row has a value for each column.
    ///
    /// # Errors
    /// `InvalidArgument` for a row of another length, or two columns of one name.
    pub fn new(columns: Vec<String>, rows: Vec<Vec<Value>>) -> Result<Self> {
        let mut names: Vec<_> = columns.iter().collect();
        names.sort();
        if let Some(twice) = names.windows(2).find_map(|pair| pair.first().filter(|first| pair.last() == Some(first))) {
            return Err(refuse("columns of a table", twice, "each name once"));
        }
        if let Some((number, row)) = rows.iter().enumerate().find(|(_, row)| row.len() != columns.len()) {
            let given = format!("{} values in row {number}", row.len());
            return Err(refuse(
                "rows of a table",
                given,
                &format!("a value for each of the {} columns", columns.len()),
            ));
        }
        Ok(Self { columns, rows })
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The rows, each with a value for every column.
    pub fn rows(&self) -> &[Vec<Value>] {
        &self.rows
    }
}

impl Histogram {
    /// A histogram: `counts[i]` values lie from `edges[i]` up to `edges[i + 1]`.
    ///
    /// # Errors
    /// `InvalidArgument` for edges that do not increase or are not finite, counts that are negative or not finite, or
    /// not one edge more than counts.
    pub fn new(edges: Vec<f64>, counts: Vec<f64>) -> Result<Self> {
        if counts.is_empty() || edges.len() != counts.len() + 1 {
            let given = format!("{} edges and {} counts", edges.len(), counts.len());
            return Err(refuse("histogram", given, "one edge more than counts, and a count at least"));
        }
        let finite = edges.iter().all(|edge| edge.is_finite());
        if !finite || !edges.windows(2).all(|pair| pair.first() < pair.last()) {
            return Err(refuse("edges of a histogram", format!("{edges:?}"), "finite numbers that increase"));
        }
        if let Some(wrong) = counts.iter().find(|count| !(count.is_finite() && **count >= 0.0)) {
            return Err(refuse("counts of a histogram", wrong, "finite numbers that are not negative"));
        }
        Ok(Self { edges, counts })
    }

    /// The edges, one more than counts.
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// The counts.
    pub fn counts(&self) -> &[f64] {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_from_its_bytes() {
        let table = Table::new(vec!["a".into(), "b".into()], vec![vec![1.into(), Value::Null]]).unwrap();
        for value in [
            MediaValue::Text("é\n".into()),
            MediaValue::image(b"GIF89a".to_vec()).unwrap(),
            MediaValue::Table(table),
            MediaValue::Histogram(Histogram::new(vec![-1e-300, 0.1, 2.0], vec![0.0, 2.5]).unwrap()),
        ] {
            assert_eq!(MediaValue::decode(value.kind(), value.encode().unwrap()).unwrap(), value);
            assert_eq!(MediaKind::of_ending(value.ending()), Some(value.kind()));
            assert_eq!(value.kind().name().parse::<MediaKind>().unwrap(), value.kind());
        }
    }

    #[test]
    fn an_image_is_known_by_its_bytes() {
        let svg: &[u8] = b"<?xml version='1.0'?>\n<svg xmlns=''/>";
        for (bytes, format) in [
            (&b"\x89PNG\r\n\x1a\n"[..], Some(ImageFormat::Png)),
            (b"\xff\xd8\xff\xe0", Some(ImageFormat::Jpeg)),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some(ImageFormat::Webp)),
            (svg, Some(ImageFormat::Svg)),
            (b"<html>", None),
            (b"", None),
        ] {
            assert_eq!(ImageFormat::of(bytes), format, "{bytes:?}");
        }
        assert!(MediaValue::image(b"BM".to_vec()).is_err());
    }

    #[test]
    fn a_value_that_cannot_be_is_refused() {
        let histogram = |edges: &[f64], counts: &[f64]| Histogram::new(edges.into(), counts.into());
        assert!(histogram(&[0.0, 1.0], &[1.0, 2.0]).is_err());
        assert!(histogram(&[0.0], &[]).is_err());
        assert!(histogram(&[1.0, 1.0], &[1.0]).is_err());
        assert!(histogram(&[0.0, f64::INFINITY], &[1.0]).is_err());
        assert!(histogram(&[0.0, f64::NAN], &[1.0]).is_err());
        assert!(histogram(&[0.0, 1.0], &[-1.0]).is_err());
        assert!(Table::new(vec!["a".into(), "a".into()], Vec::new()).is_err());
        assert!(Table::new(vec!["a".into()], vec![vec![]]).is_err());
        assert!(MediaValue::decode(MediaKind::Text, vec![0xff]).is_err());
        assert!(MediaValue::decode(MediaKind::Histogram, b"{\"edges\": [1, 0], \"counts\": [1]}".to_vec()).is_err());
    }
}
