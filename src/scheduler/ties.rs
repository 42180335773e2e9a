//! Which of equally good nodes is taken.

/// How ties are broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TieBreak {
    /// Any of them, by a sequence of numbers that starts from a seed: as Kubernetes until 1.34, but repeatable.
    Seeded(u64),
    /// The first in the scheduler's walk: repeatable by hand.
    LowestIndex,
}

/// Breaks ties one after the other.
#[derive(Debug, Clone)]
pub(super) struct Ties {
    /// State of the sequence; nothing to take the first always.
    sequence: Option<u64>,
}

impl Ties {
    pub(super) fn new(how: TieBreak) -> Self {
        Self { sequence: if let TieBreak::Seeded(seed) = how { Some(seed) } else { None } }
    }

    /// One of so many, from 0.
    pub(super) fn pick(&mut self, among: usize) -> usize {
        match &mut self.sequence {
            Some(sequence) if among > 1 => {
                let wide = u128::from(next(sequence)) * among as u128;
                (wide >> 64) as usize
            }
            _ => 0,
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
fn next(sequence: &mut u64) -> u64 {
    *sequence = sequence.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *sequence;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tie_is_broken_evenly_and_the_same_way_again() {
        let draw = || {
            let mut ties = Ties::new(TieBreak::Seeded(7));
            (0..3000).map(|_| ties.pick(3)).collect::<Vec<_>>()
        };
        let picks = draw();
        assert_eq!(picks, draw());
        for pick in 0..3 {
            let count = picks.iter().filter(|it| **it == pick).count();
            assert!((900..1100).contains(&count), "{pick}: {count}");
        }
        assert_eq!(Ties::new(TieBreak::LowestIndex).pick(3), 0);
        assert_eq!(Ties::new(TieBreak::Seeded(1)).pick(1), 0);
    }
}
