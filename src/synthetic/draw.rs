//! Seeded draws and identities, in whole numbers only: the same bytes on every platform.

use std::fmt;

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

/// A stream of random numbers for one purpose.
///
/// Numbers are reduced here rather than by `rand`'s distributions, whose values may change between
/// its releases.
pub(super) struct Draw(Pcg64);

impl Draw {
    /// The stream of a purpose; streams of different purposes do not disturb each other.
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self(Pcg64::seed_from_u64(mix(seed, purpose)))
    }

    /// A number from 0 to `bound` − 1; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// Whether something that happens to `permille` of a thousand happens.
    pub fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// The value of one of the weighted choices, `fallback` where there is none.
    pub fn weighted<T: Copy>(&mut self, choices: &[(u64, T)], fallback: T) -> T {
        let total = choices.iter().map(|(weight, _)| weight).sum();
        let mut at = self.below(total);
        for &(weight, value) in choices {
            if at < weight {
                return value;
            }
            at -= weight;
        }
        fallback
    }

    /// Puts a list in random order (Fisher-Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            list.swap(last, other);
        }
    }
}

/// Mixes a number into a key: the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
pub(super) const fn mix(key: u64, number: u64) -> u64 {
    let mut z = key ^ number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A uid in the form of a random UUID.
#[derive(Clone, Copy)]
pub(super) struct Uid(pub u64);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (high, low) = (mix(self.0, 1), mix(self.0, 2));
        let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0x0fff);
        let (d, e) = (((low >> 48) & 0x3fff) | 0x8000, low & 0xffff_ffff_ffff);
        write!(f, "{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}")
    }
}

/// A digest of 64 hexadecimal digits, as of images and containers.
#[derive(Clone, Copy)]
pub(super) struct Digest(pub u64);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (3..7).try_for_each(|part| write!(f, "{:016x}", mix(self.0, part)))
    }
}

/// Letters of generated names in the alphabet Kubernetes uses: no vowels, no digits that look like letters.
#[derive(Clone, Copy)]
pub(super) struct Suffix {
    /// Which one; distinct numbers below 27^`letters` give distinct suffixes.
    pub number: u64,
    /// How many letters.
    pub letters: u32,
}

impl fmt::Display for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
        let mut rest = self.number;
        for _ in 0..self.letters {
            let letter = ALPHABET.get((rest % 27) as usize).copied().unwrap_or(b'x');
            write!(f, "{}", char::from(letter))?;
            rest /= 27;
        }
        Ok(())
    }
}

/// The suffix of the n-th pod of a workload: scattered, yet never the same twice.
pub(super) fn pod_suffix(key: u64, ordinal: u64) -> Suffix {
    const NAMES: u64 = 27u64.pow(5);
    // A factor that is no multiple of 3 shares no divisor with 27^5, so the mapping is one to one.
    let factor = (mix(key, 8) % (NAMES / 3)) * 3 + 1;
    let number = (u128::from(factor) * u128::from(ordinal % NAMES) + u128::from(mix(key, 9))) % u128::from(NAMES);
    Suffix { number: number as u64, letters: 5 }
}

/// The moment every generated cluster is seen at: 2026-01-01T00:00:00Z in seconds since 1970.
pub(super) const NOW: u64 = 1_767_225_600;

/// A time in RFC 3339, from seconds before [`NOW`].
#[derive(Clone, Copy)]
pub(super) struct Ago(pub u64);

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = NOW.saturating_sub(self.0);
        let (days, second) = (time / 86_400, time % 86_400);
        // Days to a date of the Gregorian calendar by 400-year eras that begin in March.
        let day = days + 719_468;
        let of_era = day % 146_097;
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let march_month = (5 * of_year + 2) / 153;
        let date = of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = year + day / 146_097 * 400 + u64::from(month <= 2);
        let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{date:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn times_are_calendar_dates() {
        for (ago, date) in [
            (0, "2026-01-01T00:00:00Z"),
            (1, "2025-12-31T23:59:59Z"),
            (671 * 86_400, "2024-03-01T00:00:00Z"),
            (672 * 86_400, "2024-02-29T00:00:00Z"),
            (NOW, "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(Ago(ago).to_string(), date);
        }
    }

    #[test]
    fn names_of_pods_differ() {
        for key in 0..50 {
            let names: BTreeSet<String> = (0..500).map(|ordinal| pod_suffix(key, ordinal).to_string()).collect();
            assert_eq!(names.len(), 500, "key {key}");
        }
    }

    #[test]
    fn uids_are_version_four() {
        let uid = Uid(7).to_string();
        assert_eq!(uid.len(), 36);
        assert_eq!(uid.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&uid.as_bytes()[19]), "{uid}");
        assert_eq!(Digest(7).to_string().len(), 64);
    }

    #[test]
    fn weights_decide() {
        let mut draw = Draw::new(1, 2);
        let hits = (0..10_000).filter(|_| draw.weighted(&[(1, false), (3, true)], false)).count();
        assert!((7_000..8_000).contains(&hits), "{hits}");
        assert_eq!(draw.below(0), 0);
        assert!(!draw.weighted(&[], false));
    }
}
