//! What is wrong with guards: those that do harm, and those that are missing, alike ones as one.

use std::collections::BTreeMap;

use super::{Guards, PoolCase, RetriesSaid, RetryCase, TimeoutCase};
use crate::mesh::hosts;
use crate::units::{Ratio, Seconds};

/// Guards that do the same harm by the same settings, or are missing in the same way.
#[derive(Debug, Clone, PartialEq)]
pub struct Weakness {
    /// What is wrong.
    pub kind: WeaknessKind,
    /// The settings at fault; empty where a guard is missing.
    pub settings: Vec<Faulty>,
    /// Services and routes it is about, the worst first.
    pub subjects: Vec<String>,
    /// Why, of the worst.
    pub why: String,
}

/// What is wrong with a guard, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WeaknessKind {
    /// A pool of connections refuses requests of busy seconds.
    Refuses,
    /// A timeout cuts requests that would have been answered.
    Cuts,
    /// Retries of a chain of callers make more of a request than the policy lets them.
    Multiplies,
    /// Nothing limits what is under way.
    Unlimited,
    /// Nothing ends a request that is never answered.
    Endless,
    /// Nothing leaves a failing pod alone, and there are pods to spare for it.
    Unwatched,
}

/// A setting at fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faulty {
    /// Its name in the API.
    pub name: &'static str,
    /// What it is.
    pub today: Bound,
    /// What it had to be; of several subjects the strictest.
    pub needed: Bound,
}

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub enum Bound {
    /// Of a number.
    Count(u64),
    /// Of time.
    Time(Seconds),
}

impl Bound {
    /// The same for the same limit of one setting.
    fn bits(self) -> u64 {
        match self {
            Self::Count(number) => number,
            Self::Time(time) => time.as_seconds().to_bits(),
        }
    }
}

impl WeaknessKind {
    /// All of them, the gravest first.
    pub const ALL: [Self; 6] =
        [Self::Refuses, Self::Cuts, Self::Multiplies, Self::Unlimited, Self::Endless, Self::Unwatched];

    /// In a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refuses => "refuses",
            Self::Cuts => "cuts",
            Self::Multiplies => "multiplies",
            Self::Unlimited => "no limit",
            Self::Endless => "no timeout",
            Self::Unwatched => "no ejection",
        }
    }

    /// Whether a guard does harm, rather than being missing.
    #[must_use]
    pub fn is_acute(self) -> bool {
        matches!(self, Self::Refuses | Self::Cuts | Self::Multiplies)
    }
}

impl Weakness {
    /// Everything that is wrong with some guards, the gravest first, where chains of callers may make so many attempts of
    /// one request.
    #[must_use]
    pub fn all(guards: &Guards, most_amplification: Ratio) -> Vec<Self> {
        let mut folds: BTreeMap<Key, Vec<Single>> = BTreeMap::new();
        for single in singles(guards, most_amplification) {
            folds.entry(single.key()).or_default().push(single);
        }
        let mut folds: Vec<Vec<Single>> = folds.into_values().collect();
        for fold in &mut folds {
            fold.sort_by(|a, b| b.factor.total_cmp(&a.factor).then_with(|| a.subject.cmp(&b.subject)));
        }
        folds.sort_by(|a, b| gravity(a).0.cmp(&gravity(b).0).then_with(|| gravity(b).1.total_cmp(&gravity(a).1)));
        folds.into_iter().filter_map(folded).collect()
    }
}

/// One case of it.
struct Single {
    kind: WeaknessKind,
    settings: Vec<Faulty>,
    subject: String,
    /// How bad it is: for settings, how many times what they allow is needed.
    factor: f64,
    why: String,
}

/// What alike cases have in common: what is wrong, and by which settings.
type Key = (WeaknessKind, Vec<(&'static str, u64)>);

impl Single {
    fn key(&self) -> Key {
        (self.kind, self.settings.iter().map(|it| (it.name, it.today.bits())).collect())
    }
}

/// Of a fold whose worst comes first.
fn gravity(fold: &[Single]) -> (Option<WeaknessKind>, f64) {
    fold.first().map_or((None, 0.0), |worst| (Some(worst.kind), worst.factor))
}

fn folded(fold: Vec<Single>) -> Option<Weakness> {
    let worst = fold.first()?;
    // More retries than are allowed is the one fault of which less is needed.
    let is_stricter = |a: Bound, b: Bound| if worst.kind == WeaknessKind::Multiplies { a < b } else { a > b };
    let mut settings = worst.settings.clone();
    for other in fold.iter().flat_map(|single| &single.settings) {
        for known in settings.iter_mut().filter(|it| it.name == other.name && is_stricter(other.needed, it.needed)) {
            known.needed = other.needed;
        }
    }
    Some(Weakness {
        kind: worst.kind,
        settings,
        why: worst.why.clone(),
        subjects: fold.into_iter().map(|single| single.subject).collect(),
    })
}

fn singles(guards: &Guards, bound: Ratio) -> Vec<Single> {
    let mut all = Vec::new();
    all.extend(guards.pools.iter().filter_map(refusing));
    all.extend(guards.timeouts.iter().filter_map(cutting));
    all.extend(guards.retries.iter().filter(|case| case.exceeds(bound)).map(multiplying));
    let missing =
        |kind, subject: String, factor: f64, why: String| Single { kind, settings: Vec::new(), subject, factor, why };
    all.extend(guards.pools.iter().filter(|case| case.is_unlimited()).map(|case| {
        let why = "where it hangs, requests pile up without end";
        missing(WeaknessKind::Unlimited, case.service.to_string(), case.mean, why.to_owned())
    }));
    all.extend(guards.timeouts.iter().filter(|case| case.is_endless()).map(|case| {
        let why = "nothing ends a request that is never answered";
        missing(WeaknessKind::Endless, subject(case), case.tail.as_seconds(), why.to_owned())
    }));
    all.extend(guards.unwatched.iter().filter(|case| case.could_eject()).map(|case| {
        let why = "a pod that fails keeps getting its share of the requests";
        let requests = case.carrying.load.value.as_per_second();
        missing(WeaknessKind::Unwatched, hosts::short(&case.host), requests, why.to_owned())
    }));
    all
}

fn refusing(case: &PoolCase) -> Option<Single> {
    let settings: Vec<Faulty> = case
        .refused()
        .map(|(name, today, needed)| Faulty { name, today: Bound::Count(today), needed: Bound::Count(needed) })
        .collect();
    let factor = case.refused().map(|(_, today, needed)| needed as f64 / today.max(1) as f64).fold(0.0, f64::max);
    (!settings.is_empty()).then(|| Single {
        kind: WeaknessKind::Refuses,
        settings,
        subject: case.service.to_string(),
        factor,
        why: format!("{:.1} requests under way in the busiest seconds, {} at most", case.mean, case.needed.requests),
    })
}

/// The route, or where none is written the service.
fn subject(case: &TimeoutCase) -> String {
    let service = || case.hosts.first().map(|host| hosts::short(host)).unwrap_or_default();
    case.place.route().unwrap_or_else(service)
}

fn cutting(case: &TimeoutCase) -> Option<Single> {
    let needed = Bound::Time(case.tail);
    let settings: Vec<Faulty> =
        case.cut().map(|(name, today)| Faulty { name, today: Bound::Time(today), needed }).collect();
    let shortest = case.cut().map(|(_, today)| today).fold(case.tail, Seconds::min);
    let percent = (case.quantile.get() * 1000.0).round() / 10.0;
    (!settings.is_empty()).then(|| Single {
        kind: WeaknessKind::Cuts,
        settings,
        subject: subject(case),
        factor: case.tail.as_seconds() / shortest.as_seconds(),
        why: format!("p{percent} of {} is up to {:.0} ms", case.measurement, case.tail.as_seconds() * 1000.0),
    })
}

fn multiplying(case: &RetryCase) -> Single {
    let default = match case.said {
        RetriesSaid::ByRoutes => "",
        RetriesSaid::ByMesh => "; defaultHttpRetryPolicy of the mesh says so",
        RetriesSaid::Nowhere => "; nothing is said, so that Istio's default holds",
    };
    Single {
        kind: WeaknessKind::Multiplies,
        settings: vec![Faulty {
            name: "attempts",
            today: Bound::Count(case.attempts),
            needed: Bound::Count(case.allowed),
        }],
        subject: case.service.to_string(),
        factor: case.worst.as_number(),
        why: format!(
            "{:.0} attempts of one request down {} calls when all fail{default}",
            case.worst.as_number(),
            case.chain
        ),
    }
}
