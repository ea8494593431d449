//! What a resample draws: rows, groups of rows, or blocks of neighbours.

#![expect(
    clippy::indexing_slicing,
    reason = "a numeric kernel: drawn indices are below the counts they are drawn from"
)]

use std::collections::HashMap;

use super::philox::{Philox, STEP};

/// How many units are handed on at once: they stay in the first cache.
const CHUNK: u32 = 4096;

/// How units are drawn, as many each time as there are.
#[derive(Debug)]
pub(super) enum Draw {
    /// Each by itself.
    Units(u32),
    /// All of a group together.
    Groups(Groups),
    /// Neighbours together: `length` each, the last cut so that there are as many units as ever.
    Blocks {
        /// How many units there are.
        units: u32,
        /// How many a block has, 1 to `units`.
        length: u32,
    },
}

/// Units by group.
#[derive(Debug)]
pub(super) struct Groups {
    /// The units, those of one group together.
    members: Vec<u32>,
    /// Where each group begins, and the end.
    starts: Vec<u32>,
}

impl Groups {
    /// Groups in the order in which they first appear.
    pub(super) fn new(codes: impl ExactSizeIterator<Item = u64>) -> Self {
        let mut numbers: HashMap<u64, u32> = HashMap::new();
        let mut of_unit = Vec::with_capacity(codes.len());
        let mut sizes: Vec<u32> = Vec::new();
        for code in codes {
            let next = u32::try_from(sizes.len()).unwrap_or(u32::MAX);
            let number = *numbers.entry(code).or_insert(next);
            if number == next {
                sizes.push(0);
            }
            sizes[number as usize] += 1;
            of_unit.push(number);
        }
        let mut starts = vec![0; sizes.len() + 1];
        for (at, size) in sizes.iter().enumerate() {
            starts[at + 1] = starts[at] + size;
        }
        let mut next = starts.clone();
        let mut members = vec![0; of_unit.len()];
        for (unit, group) in (0..).zip(of_unit) {
            let place = &mut next[group as usize];
            members[*place as usize] = unit;
            *place += 1;
        }
        Self { members, starts }
    }

    /// How many groups.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn of(&self, group: usize) -> &[u32] {
        &self.members[self.starts[group] as usize..self.starts[group + 1] as usize]
    }
}

impl Draw {
    /// How many things are drawn from: units, groups or blocks that can begin.
    pub(super) fn count(&self) -> u32 {
        match self {
            Self::Units(units) => *units,
            Self::Groups(groups) => u32::try_from(groups.len()).unwrap_or(u32::MAX),
            Self::Blocks { units, length } => units - length + 1,
        }
    }

    /// Hands on the units of a resample, in chunks. `buffer` is scratch.
    pub(super) fn resample(&self, seed: u64, number: u64, buffer: &mut Buffer, mut add: impl FnMut(&[u32])) {
        let mut philox = Philox::new(seed, number);
        let draws = match self {
            Self::Units(_) | Self::Groups(_) => self.count(),
            Self::Blocks { units, length } => units.div_ceil(*length),
        };
        let mut left = draws as usize;
        let mut units_left = if let Self::Blocks { units, .. } = self { *units } else { 0 };
        let Buffer { drawn, units } = buffer;
        while left > 0 {
            let now = left.min(CHUNK as usize);
            philox.fill(self.count(), &mut drawn[..now.next_multiple_of(STEP)]);
            left -= now;
            match self {
                Self::Units(_) => add(&drawn[..now]),
                Self::Groups(groups) => {
                    for group in &drawn[..now] {
                        units.extend_from_slice(groups.of(*group as usize));
                        flush(units, CHUNK as usize, &mut add);
                    }
                }
                Self::Blocks { length, .. } => {
                    for start in &drawn[..now] {
                        let taken = (*length).min(units_left);
                        units_left -= taken;
                        for from in (*start..*start + taken).step_by(CHUNK as usize) {
                            let to = (from + CHUNK).min(start + taken);
                            units.extend(from..to);
                            flush(units, CHUNK as usize, &mut add);
                        }
                    }
                }
            }
        }
        flush(units, 1, &mut add);
    }

    /// Hands on all units but those of one thing that is drawn; not for blocks.
    pub(super) fn without(&self, left_out: u32, mut add: impl FnMut(&[u32])) {
        match self {
            Self::Units(units) | Self::Blocks { units, .. } => {
                let all: Vec<u32> = (0..*units).filter(|unit| *unit != left_out).collect();
                add(&all);
            }
            Self::Groups(groups) => {
                (0..groups.len()).filter(|group| *group != left_out as usize).for_each(|group| add(groups.of(group)));
            }
        }
    }
}

fn flush(units: &mut Vec<u32>, at: usize, add: &mut impl FnMut(&[u32])) {
    if units.len() >= at {
        add(units);
        units.clear();
    }
}

/// Scratch of a thread.
#[derive(Debug)]
pub(super) struct Buffer {
    drawn: Vec<u32>,
    units: Vec<u32>,
}

impl Buffer {
    pub(super) fn new() -> Self {
        Self { drawn: vec![0; (CHUNK as usize).next_multiple_of(STEP)], units: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(draw: &Draw, number: u64) -> Vec<u32> {
        let mut all = Vec::new();
        draw.resample(3, number, &mut Buffer::new(), |units| all.extend_from_slice(units));
        all
    }

    #[test]
    fn a_resample_has_as_many_units_and_is_the_same_each_time() {
        let draw = Draw::Units(10_001);
        assert_eq!(drawn(&draw, 0).len(), 10_001);
        assert_eq!(drawn(&draw, 5), drawn(&draw, 5));
        assert_ne!(drawn(&draw, 5), drawn(&draw, 6));
    }

    #[test]
    fn groups_come_whole() {
        let groups = Groups::new([9, 9, 4, 9, 4, 7].into_iter());
        assert_eq!(
            (groups.len(), groups.of(0), groups.of(1), groups.of(2)),
            (3, &[0, 1, 3][..], &[2, 4][..], &[5][..])
        );
        let draw = Draw::Groups(groups);
        for number in 0..50 {
            let units = drawn(&draw, number);
            let count = |unit: u32| units.iter().filter(|u| **u == unit).count();
            assert_eq!((count(0), count(0), count(2)), (count(1), count(3), count(4)));
            assert_eq!(count(0) + count(2) + count(5), 3);
        }
    }

    #[test]
    fn blocks_are_neighbours_and_fill_the_length() {
        for (units, length) in [(10, 3), (10, 10), (10, 1), (9_999, 5_000), (1, 1)] {
            let all = drawn(&Draw::Blocks { units, length }, 1);
            assert_eq!(all.len(), units as usize);
            for block in all.chunks(length as usize) {
                assert!(block.windows(2).all(|pair| pair[1] == pair[0] + 1), "{block:?}");
            }
        }
    }
}
