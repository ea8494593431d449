//! Philox4x64-10 (Salmon, Moraes, Dror and Shaw: Parallel random numbers: as easy as 1, 2, 3, 2011): random numbers that are a
//! function of a key and a counter, so that each resample has its own, whichever thread draws it.
//!
//! The key is (seed, 0), the counter (block + 1, resample, 0, 0): so resample b draws what
//! `numpy.random.Philox(key=seed, counter=[0, b, 0, 0])` gives, which counts up before it draws.

const MULTIPLIERS: [u64; 2] = [0xD2E7_470E_E14C_6C93, 0xCA5A_8263_9512_1157];
const WEYL: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xBB67_AE85_84CA_A73B];
const ROUNDS: usize = 10;
/// How many blocks are made at once: their multiplications do not wait for each other.
const LANES: usize = 2;
/// How many numbers one call of [`Philox::fill`] makes at least.
pub(super) const STEP: usize = 4 * LANES;

/// The numbers of one resample.
#[derive(Clone, Debug)]
pub(super) struct Philox {
    keys: [[u64; 2]; ROUNDS],
    resample: u64,
    block: u64,
}

impl Philox {
    /// The numbers of a resample of a seed, from the first.
    pub(super) fn new(seed: u64, resample: u64) -> Self {
        let mut key = [seed, 0];
        let keys = std::array::from_fn(|_| {
            let now = key;
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
            now
        });
        Self { keys, resample, block: 0 }
    }

    /// Fills with indices below `n`: the high 64 bits of number times n. The length is a multiple of [`STEP`]; what is left of
    /// it elsewhere is not written.
    pub(super) fn fill(&mut self, n: u32, indices: &mut [u32]) {
        for step in indices.chunks_exact_mut(STEP) {
            let blocks = self.blocks();
            for (four, words) in step.chunks_exact_mut(4).zip(blocks) {
                for (index, word) in four.iter_mut().zip(words) {
                    *index = below(word, n);
                }
            }
        }
    }

    /// The next blocks, of four numbers each.
    fn blocks(&mut self) -> [[u64; 4]; LANES] {
        let first = self.block;
        self.block = first.wrapping_add(LANES as u64);
        let mut lane = 0;
        let mut blocks: [[u64; 4]; LANES] = std::array::from_fn(|_| {
            lane += 1;
            [first.wrapping_add(lane), self.resample, 0, 0]
        });
        for key in &self.keys {
            for block in &mut blocks {
                *block = round(*block, *key);
            }
        }
        blocks
    }
}

#[inline]
fn round([a, b, c, d]: [u64; 4], [first, second]: [u64; 2]) -> [u64; 4] {
    let (low, high) = wide(MULTIPLIERS[0], a);
    let (other_low, other_high) = wide(MULTIPLIERS[1], c);
    [other_high ^ b ^ first, other_low, high ^ d ^ second, low]
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the two halves are what is meant")]
fn wide(a: u64, b: u64) -> (u64, u64) {
    let product = u128::from(a) * u128::from(b);
    (product as u64, (product >> 64) as u64)
}

/// An index below n, each as likely but for n parts in 2^64.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "it is below n, which is 32 bits")]
fn below(word: u64, n: u32) -> u32 {
    wide(word, u64::from(n)).1 as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(counter: [u64; 4], key: [u64; 2]) -> [u64; 4] {
        let mut key = key;
        let mut block = counter;
        for _ in 0..ROUNDS {
            block = round(block, key);
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        block
    }

    #[test]
    fn blocks_are_those_of_the_authors_vectors() {
        assert_eq!(
            block([0; 4], [0; 2]),
            [0x1655_4d9e_ca36_314c, 0xdb20_fe9d_672d_0fdc, 0xd7e7_72ce_e186_176b, 0x7e68_b68a_ec7b_a23b]
        );
        assert_eq!(
            block([u64::MAX; 4], [u64::MAX; 2]),
            [0x87b0_92c3_013f_e90b, 0x438c_3c67_be8d_0224, 0x9cc7_d7c6_9cd7_77b6, 0xa09c_aebf_594f_0ba0]
        );
    }

    #[test]
    fn the_numbers_of_a_resample_are_blocks_that_count_up_from_one() {
        let mut philox = Philox::new(42, 7);
        let found: Vec<[u64; 4]> = (0..2).flat_map(|_| philox.blocks()).collect();
        let expected: Vec<[u64; 4]> = (1..=8).map(|at| block([at, 7, 0, 0], [42, 0])).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn indices_are_below_n_and_all_come() {
        let mut seen = [0_u32; 5];
        let mut indices = [0; 1024];
        Philox::new(1, 2).fill(5, &mut indices);
        indices.iter().for_each(|index| seen[*index as usize] += 1);
        assert!(seen.iter().all(|count| (150..260).contains(count)), "{seen:?}");
    }
}
