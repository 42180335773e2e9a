//! The response time of a call graph's root, and what each service has to do with it.

use std::collections::{BTreeMap, BTreeSet};

use super::findings;
use super::graph::{Call, CallGraph, Service};
use super::spread::{CountEstimate, Dependence, ShareEstimate, Spread, SpreadError, bracket, shares};
use crate::finding::Finding;
use crate::measurement::{Objective, QUANTILES, QuantileEstimate, Slo, SloOutcome};
use crate::units::{Quantile, Seconds, Share};

/// A call path composed of its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Where the graph comes from.
    pub name: String,
    /// The service that answers.
    pub root: String,
    /// Its response times.
    pub response: PathResponse,
    /// Its services in order of what they contribute to p99, the root among them.
    pub parts: Vec<Part>,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// Response times of a path, all its parts independent and all slow together.
///
/// The truth is not known to lie between the two: parts that are slow in turn, or a slow part that spares the
/// next, may leave them on either side. They are the two cases that distributions of single parts determine.
#[derive(Debug, Clone, PartialEq)]
pub struct PathResponse {
    /// With independent parts.
    pub independent: Spread,
    /// With comonotone parts.
    pub comonotone: Spread,
}

/// A quantile of a path, among requests that are answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathQuantile {
    /// With independent parts.
    pub independent: QuantileEstimate,
    /// With comonotone parts: the sum, or maximum, of the parts' quantiles.
    pub comonotone: QuantileEstimate,
    /// Both with their bounds; the figure is the independent one.
    pub interval: QuantileEstimate,
}

/// What a service has to do with a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The service.
    pub service: String,
    /// Calls of it per request, retries included; 1 for the root.
    pub calls: CountEstimate,
    /// Mean of its own time, of those that end.
    pub own_mean: Option<Seconds>,
    /// By how much mean, p50 and p99 of the path fall if its own time were nothing; `None` where the path is
    /// never answered, the mean has no bound, or there are more than [`MOST_PARTS`] services.
    pub saves: Option<Saving>,
}

/// By how much the response time of a path falls, with independent parts. At least 0, but for rounding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Saving {
    /// Of the mean.
    pub mean: Seconds,
    /// Of the median.
    pub p50: Seconds,
    /// Of the 99th percentile.
    pub p99: Seconds,
}

/// Most services whose contribution is computed: those whose own time weighs most.
pub const MOST_PARTS: usize = 32;

const MEDIAN: Quantile = Quantile::literal(0.5);
const P99: Quantile = Quantile::literal(0.99);

impl CallGraph {
    /// The response time of the root and what its services contribute.
    ///
    /// # Errors
    /// [`SpreadError`] for pauses out of range; all else was checked when the graph was made.
    pub fn compose(&self, name: impl Into<String>) -> Result<Path, SpreadError> {
        let independent = self.responses(Dependence::Independent, &BTreeMap::new(), None)?;
        let comonotone = self.responses(Dependence::Comonotone, &BTreeMap::new(), None)?;
        let of_root = |responses: &Responses| responses.get(self.root()).cloned().unwrap_or_else(Spread::zero);
        let response = PathResponse { independent: of_root(&independent), comonotone: of_root(&comonotone) };
        let parts = self.parts(&independent)?;
        let findings = findings::of(self, &response, &parts);
        Ok(Path { name: name.into(), root: self.root().to_owned(), response, parts, findings })
    }

    /// Response times of every service reached. Where the own time of one is left out, those known from before
    /// are computed anew only if it is below them, and without bounds.
    fn responses(
        &self,
        dependence: Dependence,
        known: &Responses,
        left_out: Option<&str>,
    ) -> Result<Responses, SpreadError> {
        let mut responses = Responses::new();
        let mut changed = BTreeSet::new();
        for (name, service) in self.reached() {
            let below = service.calls().any(|call| changed.contains(call.to.as_str()));
            let is_left_out = left_out == Some(name);
            let response = match known.get(name).filter(|_| !below && !is_left_out) {
                Some(response) => response.clone(),
                None => {
                    changed.insert(name);
                    let own = match left_out {
                        None => service.time.clone(),
                        Some(_) if is_left_out => Spread::zero(),
                        Some(_) => service.time.without_bounds(),
                    };
                    response(service, &own, &responses, dependence)?
                }
            };
            responses.insert(name.to_owned(), response);
        }
        Ok(responses)
    }

    fn parts(&self, independent: &Responses) -> Result<Vec<Part>, SpreadError> {
        let calls = self.calls(independent)?;
        let mut parts: Vec<Part> = self
            .reached()
            .rev()
            .map(|(name, service)| {
                let own_mean = service.time.of_those_that_end().map(|own| own.mean().value);
                let nothing = CountEstimate { lower: 0.0, value: 0.0, upper: 0.0 };
                let calls = calls.get(name).copied().unwrap_or(nothing);
                Part { service: name.to_owned(), calls, own_mean, saves: None }
            })
            .collect();
        let weight = |part: &Part| part.calls.value * part.own_mean.map_or(0.0, Seconds::as_seconds);
        parts.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
        let figures = |responses: &Responses| {
            let root = responses.get(self.root())?.figure()?;
            let at = |quantile: Quantile| Seconds::new(root.quantile(quantile.get()));
            Some((Seconds::new(root.mean()), at(MEDIAN), at(P99)))
        };
        let whole = figures(independent);
        let known = independent.iter().map(|(name, response)| (name.clone(), response.without_bounds())).collect();
        for part in parts.iter_mut().take(MOST_PARTS) {
            let without = self.responses(Dependence::Independent, &known, Some(&part.service))?;
            part.saves = whole.zip(figures(&without)).and_then(|(whole, without)| {
                let saving = Saving { mean: whole.0 - without.0, p50: whole.1 - without.1, p99: whole.2 - without.2 };
                let finite = [saving.mean, saving.p50, saving.p99].iter().all(|one| one.as_seconds().is_finite());
                finite.then_some(saving)
            });
        }
        let p99 = |part: &Part| part.saves.map_or(f64::NEG_INFINITY, |saves| saves.p99.as_seconds());
        parts.sort_by(|a, b| p99(b).total_cmp(&p99(a)).then_with(|| weight(b).total_cmp(&weight(a))));
        Ok(parts)
    }

    /// Calls of each service per request, as if none of them failed early.
    fn calls(&self, responses: &Responses) -> Result<BTreeMap<String, CountEstimate>, SpreadError> {
        let mut counts: BTreeMap<String, CountEstimate> = BTreeMap::new();
        counts.insert(self.root().to_owned(), CountEstimate { lower: 1.0, value: 1.0, upper: 1.0 });
        for (name, service) in self.reached().rev() {
            let Some(own) = counts.get(name).copied() else { continue };
            for call in service.calls() {
                let tries = match (&call.retry, responses.get(&call.to)) {
                    (Some(retry), Some(callee)) => callee.retried(retry, Dependence::Independent)?.attempts,
                    _ => CountEstimate { lower: 1.0, value: 1.0, upper: 1.0 },
                };
                let made = call.chance.get() * call.times * f64::from(call.fan_out);
                let known =
                    counts.entry(call.to.clone()).or_insert(CountEstimate { lower: 0.0, value: 0.0, upper: 0.0 });
                known.lower += own.lower * made * tries.lower;
                known.value += own.value * made * tries.value;
                known.upper += own.upper * made * tries.upper;
            }
        }
        Ok(counts)
    }
}

type Responses = BTreeMap<String, Spread>;

fn response(service: &Service, own: &Spread, known: &Responses, dependence: Dependence) -> Result<Spread, SpreadError> {
    if service.includes_callees {
        return Ok(own.clone());
    }
    let mut parts = vec![own.clone()];
    for step in &service.steps {
        let calls = step.calls.iter().map(|call| called(call, known, dependence)).collect::<Result<Vec<_>, _>>()?;
        parts.push(Spread::parallel(&calls, dependence));
    }
    Ok(Spread::sequence(&parts, dependence))
}

/// The time for which a caller waits.
fn called(call: &Call, known: &Responses, dependence: Dependence) -> Result<Spread, SpreadError> {
    let mut time = known.get(&call.to).cloned().unwrap_or_else(Spread::zero);
    if let Some(retry) = &call.retry {
        let retried = time.retried(retry, dependence)?;
        time = if call.optional { retried.ended } else { retried.answered };
    }
    if let Some(timeout) = call.timeout {
        time = if call.optional { time.at_most(timeout)? } else { time.cut_off(timeout)? };
    }
    time.fanned_out(call.fan_out, dependence).repeated(call.times, dependence).map(|all| all.with_chance(call.chance))
}

impl PathResponse {
    /// A quantile of the requests that are answered; `None` where none is.
    #[must_use]
    pub fn quantile(&self, quantile: Quantile) -> Option<PathQuantile> {
        let of = |spread: &Spread| spread.of_those_that_end().map(|answered| answered.quantile(quantile));
        of(&self.independent).zip(of(&self.comonotone)).map(|(apart, together)| spanned(apart, together))
    }

    /// All of [`QUANTILES`] of the requests that are answered, in their order.
    #[must_use]
    pub fn quantiles(&self) -> Option<[PathQuantile; 4]> {
        let (apart, together) = (self.independent.of_those_that_end()?, self.comonotone.of_those_that_end()?);
        Some(QUANTILES.map(|(_, quantile)| spanned(apart.quantile(quantile), together.quantile(quantile))))
    }

    /// The mean of the requests that are answered; `None` where none is.
    #[must_use]
    pub fn mean(&self) -> Option<PathQuantile> {
        let of = |spread: &Spread| spread.of_those_that_end().map(|answered| answered.mean());
        of(&self.independent).zip(of(&self.comonotone)).map(|(apart, together)| spanned(apart, together))
    }

    /// Share of requests that are not answered, under both kinds of dependence; the figure is the independent one.
    #[must_use]
    pub fn failed(&self) -> ShareEstimate {
        let (apart, together) = (self.independent.share_without_end(), self.comonotone.share_without_end());
        let end = |share: Share| share.get();
        shares(end(apart.lower).min(end(together.lower)), end(apart.value), end(apart.upper).max(end(together.upper)))
    }

    /// Judges an objective over *all* requests: one that is not answered is slower than any limit.
    #[must_use]
    pub fn check(&self, slo: &Slo) -> SloOutcome {
        let measured = |spread: &Spread| match slo.objective {
            Objective::Mean => spread.mean(),
            Objective::Quantile(quantile) => spread.quantile(quantile),
        };
        slo.judge(spanned(measured(&self.independent), measured(&self.comonotone)).interval)
    }
}

fn spanned(independent: QuantileEstimate, comonotone: QuantileEstimate) -> PathQuantile {
    let lower = independent.lower.min(comonotone.lower).as_seconds();
    let upper = independent.upper.max(comonotone.upper).as_seconds();
    PathQuantile { independent, comonotone, interval: bracket(lower, independent.value.as_seconds(), upper) }
}
