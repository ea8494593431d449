//! What the programs in `rust/` share: the rows of a file, and a model that learns from them in a few lines.

use std::error::Error;

/// Features of rows, and their classes.
pub type Rows = Vec<(Vec<f64>, f64)>;

/// A file of numbers with a line of names, the last column of which is the class.
#[derive(Clone, Debug)]
pub struct Data {
    /// The names of the features.
    pub names: Vec<String>,
    /// Features and class of each row.
    pub rows: Rows,
}

impl Data {
    /// Reads the file.
    ///
    /// # Errors
    /// For a file that cannot be read, and for a cell that is no number.
    pub fn read(path: &str) -> Result<Self, Box<dyn Error>> {
        let text = std::fs::read_to_string(path)?;
        let mut lines = text.lines();
        let mut names: Vec<String> =
            lines.next().ok_or("there is no line of names")?.split(',').map(Into::into).collect();
        names.pop();
        let mut rows = Rows::new();
        for line in lines {
            let mut row = line.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
            let class = row.pop().ok_or("a row is empty")?;
            rows.push((row, class));
        }
        Ok(Self { names, rows })
    }

    /// The rows to learn from, and those that are held out: each `nth`, from the first on.
    pub fn split(&self, nth: usize) -> (Rows, Rows) {
        let (held_out, train): (Vec<_>, Vec<_>) =
            self.rows.iter().enumerate().partition(|(number, _)| number.is_multiple_of(nth));
        let of = |rows: Vec<(usize, &(Vec<f64>, f64))>| rows.into_iter().map(|(_, row)| row.clone()).collect();
        (of(train), of(held_out))
    }
}

/// Logistic regression over the features as they are: the bias, and a weight for each.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear(Vec<f64>);

impl Linear {
    /// Learns row by row, over features of mean 0 and deviation 1, and brings the weights back to what the features are.
    ///
    /// # Errors
    /// For more rows than 32 bits count.
    pub fn learn(rows: &Rows, epochs: usize) -> Result<Self, Box<dyn Error>> {
        let columns = rows.first().map_or(0, |(row, _)| row.len());
        let count = f64::from(u32::try_from(rows.len())?);
        let scale = |column: usize| {
            let values = || rows.iter().filter_map(move |(row, _)| row.get(column));
            let mean = values().sum::<f64>() / count;
            (mean, (values().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
        };
        let scales: Vec<_> = (0..columns).map(scale).collect();
        let (mut weights, mut bias) = (vec![0.0; columns], 0.0);
        for _ in 0..epochs {
            for (row, class) in rows {
                let scaled: Vec<_> =
                    row.iter().zip(&scales).map(|(value, (mean, width))| (value - mean) / width).collect();
                let margin = bias + weights.iter().zip(&scaled).map(|(weight, value)| weight * value).sum::<f64>();
                let error = class - 1.0 / (1.0 + f64::exp(-margin));
                weights.iter_mut().zip(&scaled).for_each(|(weight, value)| *weight += 0.001 * error * value);
                bias += 0.001 * error;
            }
        }
        let mut all = vec![bias];
        for (weight, (mean, width)) in weights.iter().zip(&scales) {
            all.push(weight / width);
            bias -= weight * mean / width;
        }
        all.iter_mut().take(1).for_each(|first| *first = bias);
        Ok(Self(all))
    }

    /// Reads what [`text`](Self::text) wrote.
    ///
    /// # Errors
    /// For a line that is no number.
    pub fn parse(text: &str) -> Result<Self, Box<dyn Error>> {
        Ok(Self(text.lines().map(str::parse).collect::<Result<_, _>>()?))
    }

    /// Bias and weights, a line each.
    pub fn text(&self) -> String {
        self.0.iter().map(|weight| format!("{weight:?}")).collect::<Vec<_>>().join("\n")
    }

    /// The class of a row, 0 or 1; NaN for one that has no value in a column.
    pub fn class(&self, row: &[f64]) -> f64 {
        let (bias, weights) = self.0.split_first().unwrap_or((&0.0, &[]));
        let margin = bias + weights.iter().zip(row).map(|(weight, value)| weight * value).sum::<f64>();
        if margin.is_nan() { margin } else { f64::from(u8::from(margin > 0.0)) }
    }

    /// How many rows have the class that is theirs.
    pub fn right(&self, rows: &Rows) -> usize {
        rows.iter().filter(|(row, class)| (self.class(row) > 0.5) == (*class > 0.5)).count()
    }
}
