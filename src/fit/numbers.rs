//! Numbers that look random and are the same for the same seed.

/// S. Vigna's SplitMix64.
pub(super) struct Numbers(u64);

impl Numbers {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A whole number below `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // The product's upper half is uniform but for one part in 2⁶⁴ ÷ bound.
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// The numbers below `count` in an order of their own.
    pub fn shuffled(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_once_and_the_seed_decides_when() {
        let mut order = Numbers::new(1).shuffled(100);
        assert_ne!(order, Numbers::new(2).shuffled(100));
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
        assert_eq!((Numbers::new(1).below(0), Numbers::new(1).shuffled(0)), (0, Vec::new()));
    }

    /// The first numbers of the reference implementation for seed 1234567.
    #[test]
    fn the_sequence_is_that_of_the_reference() {
        let mut numbers = Numbers::new(1_234_567);
        assert_eq!(numbers.next(), 6_457_827_717_110_365_317);
        assert_eq!(numbers.next(), 3_203_168_211_198_807_973);
    }
}
