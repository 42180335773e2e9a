//! The saturation knee: the largest rate at which a response quantile stays within an objective.
//!
//! **Law.** Response times grow with the rate, without end as the utilization nears 1; the knee is where
//! the quantile crosses the objective, found by bisection.
//!
//! **Assumptions.** The quantile does not fall as the rate grows, as is true of every queue here, and a
//! rate that makes no queue is beyond the knee.

use crate::units::{Quantile, Rate, Seconds};

use super::{LARGEST, QueueError, ResponseTail, search};

/// Rate at which responses leave their objective.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Knee {
    /// The objective is missed even without load: service alone takes too long.
    MissedWhenIdle,
    /// It is met up to this rate.
    At(Rate),
    /// It is met at every rate up to the largest there is.
    NotReached,
}

/// The knee of queues that differ by their arrival rate, for a quantile of the response time and the
/// objective that it shall meet.
///
/// An objective that is not a number counts as missed.
pub fn saturation_knee<Q: ResponseTail>(
    quantile: Quantile,
    objective: Seconds,
    queue_at: impl Fn(Rate) -> Result<Q, QueueError>,
) -> Knee {
    let is_met =
        |rate: f64| queue_at(Rate::per_second(rate)).is_ok_and(|queue| queue.response_quantile(quantile) <= objective);
    let Some(idle) = queue_at(Rate::ZERO).ok().filter(|_| is_met(0.0)) else { return Knee::MissedWhenIdle };
    let mut met = 0.0;
    // What one server can do at most; more servers are found by doubling.
    let mut missed = (1.0 / idle.mean_service().as_seconds()).min(LARGEST);
    while is_met(missed) {
        met = missed;
        missed *= 2.0;
        if missed > LARGEST {
            return Knee::NotReached;
        }
    }
    Knee::At(Rate::per_second(search::halfway(met, missed, is_met).0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::queueing::{MG1Ps, MMc};

    const TOLERANCE: f64 = 1e-9;

    fn one_server(objective_millis: f64) -> Knee {
        saturation_knee(Quantile::literal(0.99), Seconds::from_millis(objective_millis), |rate| {
            MMc::new(rate, Seconds::from_millis(1.0), 1)
        })
    }

    /// M/M/1: `p99 = ln 100/(μ − λ)`, so that `λ = μ − ln 100/SLO`.
    #[test]
    fn the_knee_of_one_server_is_known() {
        let Knee::At(rate) = one_server(20.0) else { panic!("no knee") };
        let expected = 1000.0 - 100.0_f64.ln() / 0.02;
        assert!((rate.as_per_second() / expected - 1.0).abs() < TOLERANCE, "{rate:?} {expected}");
    }

    #[test]
    fn objectives_out_of_reach_are_told_apart() {
        // Service alone has its 99th percentile at 4.6 ms.
        assert_eq!(one_server(4.0), Knee::MissedWhenIdle);
        assert_eq!(one_server(f64::NAN), Knee::MissedWhenIdle);
        let certain = saturation_knee(Quantile::literal(0.0), Seconds::ZERO, |_| {
            MMc::new(Rate::per_second(1.0), Seconds::new(0.1), 1)
        });
        assert_eq!(certain, Knee::NotReached);
    }

    #[test]
    fn sharing_has_its_knee_before_queueing() {
        // Shared service spreads response times wider than first come, first served.
        let shared = saturation_knee(Quantile::literal(0.99), Seconds::from_millis(20.0), |rate| {
            MG1Ps::new(rate, Seconds::from_millis(1.0))
        });
        let (Knee::At(shared), Knee::At(queued)) = (shared, one_server(20.0)) else { panic!("no knee") };
        assert!(shared < queued, "{shared:?} {queued:?}");
    }
}
