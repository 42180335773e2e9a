//! By which factor traffic can grow before a check fails.

use super::answer::Answer;
use super::case::Case;
use super::check::Check;
use super::known::Trouble;
use super::matrix::Situation;
use super::row::{Outcome, evaluate};
use super::traffic::traffic;
use crate::policy::Step;

/// Factors are searched in hundredths, up to this one.
const MOST: u64 = 10_000;
/// Today's traffic.
const ONE: u64 = 100;

/// The largest factor at which no check fails that holds today, with what happens there; bisection over hundredths.
///
/// A check that fails already says nothing about growth and is left aside.
pub(super) fn growth<'a>(
    case: &Case,
    losses: &[Step],
    situation: &Situation<'a>,
) -> Result<(Answer, Outcome<'a>), Trouble> {
    let at = |hundredths: u64| {
        let case = traffic(case.clone(), hundredths as f64 / ONE as f64);
        evaluate(case, losses, situation)
    };
    let today = at(ONE)?;
    let failed: Vec<_> = today.checks.iter().filter(|check| !check.met).map(|check| check.kind).collect();
    let new = |outcome: &Outcome<'_>| -> Vec<Check> {
        let missed = outcome.checks.iter().filter(|check| !check.met && !failed.contains(&check.kind));
        missed.cloned().collect()
    };
    let last = at(MOST)?;
    if new(&last).is_empty() {
        return Ok((Answer::Growth { factor: Some(MOST as f64 / ONE as f64), breaks: Vec::new() }, last));
    }
    let (mut holds, mut fails) = ((ONE, today), (MOST, last));
    while fails.0 - holds.0 > 1 {
        // Factors differ by ratio, not by amount: halve on that scale while it is coarse.
        let middle = ((holds.0 as f64 * fails.0 as f64).sqrt() as u64).clamp(holds.0 + 1, fails.0 - 1);
        let outcome = at(middle)?;
        if new(&outcome).is_empty() { holds = (middle, outcome) } else { fails = (middle, outcome) }
    }
    let breaks = new(&fails.1);
    Ok((Answer::Growth { factor: Some(holds.0 as f64 / ONE as f64), breaks }, holds.1))
}
