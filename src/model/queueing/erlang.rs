//! Erlang's formulas: all servers busy, with and without a waiting room.
//!
//! **Law.** Poisson arrivals offer `a` Erlangs to `c` servers. Without a waiting room a share
//! `B = (aᶜ/c!) / Σ_{k≤c} aᵏ/k!` is lost; with an endless one a share `C = B / (1 − ρ(1 − B))` waits.
//!
//! **Source.** A. K. Erlang, 1917. Computed by the recursion `1/B_c = 1 + (c/a) / B_{c−1}`, whose terms
//! are all positive: nothing cancels, and what overflows is a loss too small for a number (0).
//!
//! **Assumptions.** Poisson arrivals. B holds for any service times, C for exponential ones.

use crate::units::Share;

use super::share;

/// Chance that an arrival finds all servers busy where nobody can wait (Erlang B).
///
/// `offered` is the load in Erlangs; negative and undefined loads count as none. Takes time in
/// proportion to `servers`.
#[must_use]
pub fn erlang_b(servers: u32, offered: f64) -> Share {
    if servers == 0 {
        return share(1.0);
    }
    share(1.0 / (1.0 + states_below(servers, offered)))
}

/// Chance that an arrival has to wait (Erlang C).
///
/// `C = B / (1 − ρ(1 − B))`, with `B` the Erlang B blocking probability; 1 where the offered load
/// reaches the servers. Takes time in proportion to `servers`.
#[must_use]
pub fn erlang_c(servers: u32, offered: f64) -> Share {
    let all = f64::from(servers);
    if offered >= all {
        return share(1.0);
    }
    // With D = 1/B − 1 the formula reads C = 1 / (1 + D(1 − ρ)).
    let idle = (all - offered.max(0.0)) / all;
    share(1.0 / (1.0 + states_below(servers, offered) * idle))
}

/// `1/B − 1`: how much likelier it is that a server is free than that all are busy, in a system
/// without waiting room; infinite where no number is large enough.
pub(super) fn states_below(servers: u32, offered: f64) -> f64 {
    if offered.is_nan() || offered <= 0.0 {
        return f64::INFINITY;
    }
    let mut below = 0.0;
    for server in 1..=servers {
        below = f64::from(server) / offered * (1.0 + below);
        if below == f64::INFINITY {
            break;
        }
    }
    below
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Printed tables give loads to four or five digits.
    const TABLE: f64 = 2e-3;
    const TOLERANCE: f64 = 1e-9;

    /// Loads that 1, 5, 10, 50 and 100 servers carry at 1 % and at 0.1 % loss: the standard traffic
    /// table of the telephone engineers (e.g. T. Frankel, ABC of the Telephone; ITU teletraffic handbook).
    #[test]
    fn the_traffic_tables_are_met() {
        for (servers, at_1_percent, at_1_per_mille) in [
            (1, 0.0101, 0.0010),
            (2, 0.153, 0.0458),
            (5, 1.36, 0.762),
            (10, 4.46, 3.09),
            (20, 12.0, 9.41),
            (50, 37.9, 32.5),
            (100, 84.1, 75.2),
        ] {
            for (offered, loss) in [(at_1_percent, 0.01), (at_1_per_mille, 0.001)] {
                // The load is printed to three digits, so the loss is met between its neighbours.
                let half_a_digit = 0.5 * 10f64.powf(f64::floor(f64::log10(offered)) - 2.0) * (1.0 + TABLE);
                let half_a_digit = half_a_digit.max(0.000_051);
                let below = erlang_b(servers, offered - half_a_digit).get();
                let above = erlang_b(servers, offered + half_a_digit).get();
                assert!(below <= loss && loss <= above, "{servers} servers, {offered} E: {below} {above}");
            }
        }
    }

    #[test]
    fn erlang_c_meets_hand_calculation() {
        // M/M/1: C = ρ. M/M/2: C = 2ρ²/(1+ρ). M/M/3 at a = 2: 4/9.
        for (servers, offered, expected) in
            [(1, 0.7, 0.7), (2, 1.0, 1.0 / 3.0), (2, 1.6, 2.0 * 0.64 / 1.8), (3, 2.0, 4.0 / 9.0), (4, 4.0, 1.0)]
        {
            let found = erlang_c(servers, offered).get();
            assert!((found - expected).abs() < TOLERANCE, "{servers} {offered}: {found}");
        }
    }

    /// Halfin and Whitt, 1981: with `c = a + β√a` servers, C tends to `1 / (1 + β Φ(β)/φ(β))`; for
    /// β = 1 that is 0.2234.
    #[test]
    fn a_million_servers_meet_the_heavy_traffic_limit() {
        let servers = 1_000_000_u32;
        let offered = f64::from(servers) - f64::from(servers).sqrt();
        let found = erlang_c(servers, offered).get();
        assert!((found - 0.2234).abs() < 5e-4, "{found}");
        // At a = c Erlang B tends to √(2/πc).
        let loss = erlang_b(servers, f64::from(servers)).get();
        let limit = (2.0 / (std::f64::consts::PI * f64::from(servers))).sqrt();
        assert!((loss / limit - 1.0).abs() < 1e-3, "{loss} {limit}");
    }

    proptest! {
        #[test]
        fn waiting_is_likelier_than_loss(servers in 1_u32..2_000, load in -1e3..1e308_f64, scale in 0.0..2.0_f64) {
            for offered in [load, scale * f64::from(servers)] {
                let (lost, waits) = (erlang_b(servers, offered).get(), erlang_c(servers, offered).get());
                prop_assert!(lost <= waits + TOLERANCE, "{lost} {waits}");
                prop_assert!(erlang_b(servers + 1, offered).get() <= lost);
            }
        }
    }
}
