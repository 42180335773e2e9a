//! What retries add over a graph of callers, where chains of them meet and part.
//!
//! **Law.** A service that failed requests are sent to again up to `r` times is asked `r + 1` times for one request, or
//! less often where a budget ends retries before ([`super::Retries::within_budget`]). Along a chain of calls those factors multiply, so that the worst chain through a service makes
//! `A = max Π (r_i + 1)` of one request, over all chains that pass it. No chain exceeds a bound `B` where every service
//! `i`, with `D_i` retried calls on the longest chain through it, is retried at most `r_i = ⌊B^(1/D_i)⌋ − 1` times: a
//! chain of `n` calls has `D_i ≥ n` everywhere. Where that leaves none, the last `⌊log₂ B⌋` calls of a chain keep one
//! retry each: near the failure a retry costs least.
//!
//! **Source.** Google, Site Reliability Engineering (2016), chapter "Addressing Cascading Failures" ("multiple levels"
//! of retries); the bound is arithmetic.
//!
//! **Assumptions.** Every attempt fails. Services that call one another in a circle count as one call: how often a
//! request goes round is not known. A caller makes each call once for a request.

use std::collections::BTreeSet;

use crate::units::Ratio;

/// One service calls another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RetriedCall {
    /// Who calls, by number.
    pub from: usize,
    /// Who is called.
    pub to: usize,
    /// Whether the caller's proxy sends a failed request again.
    pub retried: bool,
}

/// Chains of calls between services that are known by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallChains {
    /// Calls between circles, in an order in which callers come before those they call.
    calls: Vec<GroupCall>,
    /// The circle of each service, most of which are circles of one.
    group: Vec<usize>,
    /// Whether more than one service, or one that calls itself, is in each circle.
    circles: Vec<bool>,
    /// Retried calls on the longest chain up to each circle.
    depth: Vec<u32>,
    /// Retried calls on the longest chain from each circle.
    height: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct GroupCall {
    from: usize,
    to: usize,
    /// The service that is called.
    service: usize,
    retried: bool,
}

impl CallChains {
    /// Of so many services; calls of others are left out.
    #[must_use]
    pub fn new(services: usize, calls: &[RetriedCall]) -> Self {
        let known: BTreeSet<RetriedCall> =
            calls.iter().filter(|call| call.from < services && call.to < services).copied().collect();
        let (group, count) = circles::of(services, known.iter().map(|call| (call.from, call.to)));
        let of = |service: usize| group.get(service).copied().unwrap_or_default();
        let mut size = vec![0_usize; count];
        group.iter().for_each(|&it| increment(&mut size, it));
        let mut circles: Vec<bool> = size.iter().map(|&size| size > 1).collect();
        for own in known.iter().filter(|call| call.from == call.to) {
            circles.get_mut(of(own.from)).into_iter().for_each(|it| *it = true);
        }
        let between = known.iter().filter(|call| of(call.from) != of(call.to)).map(|call| GroupCall {
            from: of(call.from),
            to: of(call.to),
            service: call.to,
            retried: call.retried,
        });
        // Circles are numbered so that callers come first.
        let mut calls: Vec<GroupCall> = between.collect();
        calls.sort_unstable();
        let longer = |known: u32, before: u32, call: &GroupCall| known.max(before.saturating_add(call.retried.into()));
        let mut depth = vec![0_u32; count];
        for call in &calls {
            let before = at(&depth, call.from);
            depth.get_mut(call.to).into_iter().for_each(|it| *it = longer(*it, before, call));
        }
        let mut height = vec![0_u32; count];
        for call in calls.iter().rev() {
            let behind = at(&height, call.to);
            height.get_mut(call.from).into_iter().for_each(|it| *it = longer(*it, behind, call));
        }
        Self { calls, group, circles, depth, height }
    }

    /// Whether a service is called, directly or through others, by those it calls.
    #[must_use]
    pub fn in_circle(&self, service: usize) -> bool {
        self.group.get(service).and_then(|&group| self.circles.get(group)).copied().unwrap_or(false)
    }

    /// Retried calls on the longest chain through a service.
    #[must_use]
    pub fn longest(&self, service: usize) -> u32 {
        self.group.get(service).map_or(0, |&group| at(&self.depth, group).saturating_add(at(&self.height, group)))
    }

    /// Attempts that the worst chain through each service makes of one request, at least 1, where callers that retry
    /// make so many of a request to each service; for services without a number, one.
    #[must_use]
    pub fn worst(&self, attempts: &[Ratio]) -> Vec<Ratio> {
        let times = |call: &GroupCall| {
            let attempts = attempts.get(call.service).filter(|_| call.retried);
            attempts.map_or(1.0, |it| super::bounded(it.as_number()).max(1.0))
        };
        let mut up = vec![1.0_f64; self.circles.len()];
        for call in &self.calls {
            let reaching = at(&up, call.from) * times(call);
            up.get_mut(call.to).into_iter().for_each(|it| *it = it.max(reaching));
        }
        let mut down = vec![1.0_f64; self.circles.len()];
        for call in self.calls.iter().rev() {
            let behind = at(&down, call.to) * times(call);
            down.get_mut(call.from).into_iter().for_each(|it| *it = it.max(behind));
        }
        let through = |&group: &usize| Ratio::new((at(&up, group) * at(&down, group)).min(f64::MAX));
        self.group.iter().map(through).collect()
    }

    /// Retries of requests to a service with which no chain through it exceeds a bound, whatever the others do within
    /// theirs.
    #[must_use]
    pub fn allowed(&self, service: usize, bound: Ratio) -> u64 {
        let bound = super::bounded(bound.as_number()).max(1.0);
        let calls = self.longest(service).max(1);
        let each = root(bound, calls);
        if each >= 2 {
            return each - 1;
        }
        let kept =
            (0..u32::MAX).take_while(|&calls| 2.0_f64.powi(calls.saturating_add(1).cast_signed()) <= bound).count();
        let height = self.group.get(service).map_or(0, |&group| at(&self.height, group));
        u64::from((height as usize) < kept)
    }
}

/// The largest whole number whose power does not exceed a bound.
fn root(bound: f64, power: u32) -> u64 {
    let power = power.min(1024).cast_signed();
    let guess = bound.powf(1.0 / f64::from(power)).floor();
    let holds = |it: &f64| *it <= 1.0 || it.powi(power) <= bound;
    [guess + 1.0, guess].into_iter().find(holds).unwrap_or(1.0).max(1.0) as u64
}

fn at<T: Copy + Default>(list: &[T], index: usize) -> T {
    list.get(index).copied().unwrap_or_default()
}

fn increment(list: &mut [usize], index: usize) {
    list.get_mut(index).into_iter().for_each(|it| *it += 1);
}

/// Strongly connected components.
mod circles {
    /// The circle of each of so many services, numbered so that callers come before those they call, and how many there
    /// are (Kosaraju 1978, Sharir 1981; without recursion, for chains may be long).
    pub(super) fn of(services: usize, calls: impl Iterator<Item = (usize, usize)>) -> (Vec<usize>, usize) {
        let (mut forth, mut back) = (vec![Vec::new(); services], vec![Vec::new(); services]);
        for (from, to) in calls {
            forth.get_mut(from).into_iter().for_each(|it| it.push(to));
            back.get_mut(to).into_iter().for_each(|it| it.push(from));
        }
        let mut finished = Vec::with_capacity(services);
        let mut seen = vec![false; services];
        for start in 0..services {
            visit(start, &forth, &mut seen, &mut |service| finished.push(service));
        }
        let mut group = vec![0; services];
        let mut count = 0;
        let mut seen = vec![false; services];
        for &start in finished.iter().rev() {
            let mut any = false;
            visit(start, &back, &mut seen, &mut |service| {
                any = true;
                group.get_mut(service).into_iter().for_each(|it| *it = count);
            });
            count += usize::from(any);
        }
        (group, count)
    }

    /// Everything that can be reached and was not seen, each after all that it leads to.
    fn visit(start: usize, leads_to: &[Vec<usize>], seen: &mut [bool], left: &mut dyn FnMut(usize)) {
        let mut open: Vec<(usize, usize)> = Vec::new();
        let mut enter = |service: usize, open: &mut Vec<(usize, usize)>| {
            let is_new = seen.get_mut(service).is_some_and(|it| !std::mem::replace(it, true));
            if is_new {
                open.push((service, 0));
            }
        };
        enter(start, &mut open);
        while let Some((service, next)) = open.pop() {
            match leads_to.get(service).and_then(|to| to.get(next)) {
                Some(&to) => {
                    open.push((service, next + 1));
                    enter(to, &mut open);
                }
                None => left(service),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chains(services: usize, calls: &[(usize, usize)]) -> CallChains {
        let retried = |&(from, to): &(usize, usize)| RetriedCall { from, to, retried: true };
        CallChains::new(services, &calls.iter().map(retried).collect::<Vec<_>>())
    }

    /// One more attempt than retries.
    fn of(retries: &[u64]) -> Vec<Ratio> {
        retries.iter().map(|&it| Ratio::new(it as f64 + 1.0)).collect()
    }

    fn numbers(ratios: &[Ratio]) -> Vec<f64> {
        ratios.iter().map(|ratio| ratio.as_number()).collect()
    }

    #[test]
    fn factors_multiply_along_the_worst_chain() {
        // 0 calls 1 and 2, both call 3; 4 is called by nobody.
        let graph = chains(5, &[(0, 1), (0, 2), (1, 3), (2, 3)]);
        assert_eq!(numbers(&graph.worst(&of(&[2, 2, 0, 1, 9]))), [6.0, 6.0, 2.0, 6.0, 1.0]);
        assert_eq!((0..5).map(|it| graph.longest(it)).collect::<Vec<_>>(), [2, 2, 2, 2, 0]);
        // A chain of three with two retries each, as in Google's book three layers of them.
        let graph = chains(4, &[(0, 1), (1, 2), (2, 3)]);
        assert_eq!(numbers(&graph.worst(&of(&[2; 4]))), [27.0; 4]);
        assert_eq!(graph.allowed(3, Ratio::new(10.0)), 1);
        assert_eq!(graph.allowed(3, Ratio::new(27.0)), 2);
    }

    #[test]
    fn calls_that_nobody_repeats_only_pass_on() {
        let call = |from, to, retried| RetriedCall { from, to, retried };
        let graph = CallChains::new(3, &[call(0, 1, false), call(1, 2, true)]);
        assert_eq!(numbers(&graph.worst(&of(&[2; 3]))), [3.0; 3]);
        assert_eq!(graph.longest(0), 1);
    }

    #[test]
    fn a_circle_counts_as_one_call() {
        let graph = chains(4, &[(0, 1), (1, 2), (2, 1), (2, 3), (3, 3)]);
        assert_eq!(numbers(&graph.worst(&of(&[2; 4]))), [9.0; 4]);
        assert_eq!((0..4).map(|it| graph.in_circle(it)).collect::<Vec<_>>(), [false, true, true, true]);
    }

    #[test]
    fn the_last_calls_of_a_long_chain_keep_a_retry() {
        let calls: Vec<(usize, usize)> = (0..9).map(|it| (it, it + 1)).collect();
        let graph = chains(10, &calls);
        let allowed: Vec<u64> = (1..10).map(|it| graph.allowed(it, Ratio::new(10.0))).collect();
        assert_eq!(allowed, [0, 0, 0, 0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn long_chains_and_odd_bounds_end() {
        let calls: Vec<(usize, usize)> = (0..99_999).map(|it| (it, it + 1)).collect();
        let graph = chains(100_000, &calls);
        assert!(graph.worst(&of(&[u64::MAX; 100_000])).iter().all(|it| it.as_number().is_finite()));
        for bound in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1.0] {
            let _ = graph.allowed(50_000, Ratio::new(bound));
        }
        assert_eq!(CallChains::new(0, &[RetriedCall { from: 1, to: 7, retried: true }]).worst(&[]), []);
    }

    proptest! {
        /// Whatever the graph: with what is allowed no chain exceeds the bound.
        #[test]
        fn what_is_allowed_keeps_the_bound(
            calls in proptest::collection::vec((0_usize..12, 0_usize..12, proptest::bool::weighted(0.8)), 0..40),
            bound in 1.0_f64..200.0,
        ) {
            let calls: Vec<RetriedCall> =
                calls.into_iter().map(|(from, to, retried)| RetriedCall { from, to, retried }).collect();
            let graph = CallChains::new(12, &calls);
            let allowed: Vec<u64> = (0..12).map(|it| graph.allowed(it, Ratio::new(bound))).collect();
            for worst in graph.worst(&of(&allowed)) {
                prop_assert!(worst.as_number() <= bound * (1.0 + 1e-9), "{worst:?} of {bound}: {allowed:?}");
            }
            // More retries anywhere never make less of a request.
            let more: Vec<u64> = allowed.iter().map(|it| it + 1).collect();
            for (less, more) in graph.worst(&of(&allowed)).into_iter().zip(graph.worst(&of(&more))) {
                prop_assert!(less <= more);
            }
        }

        /// The worst chain as found by walking every chain.
        #[test]
        fn the_worst_chain_is_that_of_all_chains(
            calls in proptest::collection::vec((0_usize..7, 0_usize..7), 0..14),
            attempts in proptest::collection::vec(0_u64..4, 7),
        ) {
            // Callers have smaller numbers: no circles.
            let calls: Vec<(usize, usize)> = calls.into_iter().filter(|(from, to)| from < to).collect();
            let found = chains(7, &calls).worst(&of(&attempts));
            let mut expected = [1.0_f64; 7];
            let mut open: Vec<Vec<usize>> = (0..7).map(|it| vec![it]).collect();
            while let Some(chain) = open.pop() {
                let product: f64 = chain.iter().skip(1).map(|&it| attempts[it] as f64 + 1.0).product();
                chain.iter().for_each(|&it| expected[it] = expected[it].max(product));
                let last = *chain.last().unwrap();
                open.extend(calls.iter().filter(|(from, _)| *from == last).map(|(_, to)| [&chain[..], &[*to]].concat()));
            }
            prop_assert_eq!(numbers(&found), expected);
        }
    }
}
