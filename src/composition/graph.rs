//! Who calls whom: services, their own times, and the calls they make.

use std::collections::BTreeMap;

use super::retry::Retry;
use super::spread::Spread;
use super::{MOST_ATTEMPTS, MOST_REPEATS};
use crate::units::{Seconds, Share};

/// Most services of a graph.
pub const MOST_SERVICES: usize = 2_000;
/// Most calls of a graph.
pub const MOST_CALLS: usize = 20_000;
/// Most calls within calls.
pub const MOST_DEPTH: usize = 64;

/// A service and what it does for one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Time it takes itself.
    pub time: Spread,
    /// Whether that time was measured with its calls within, as a server measures: they are then not added.
    pub includes_callees: bool,
    /// What it calls, one step after the other.
    pub steps: Vec<Step>,
}

/// Calls made at the same time; the step ends with the slowest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Step {
    /// The calls.
    pub calls: Vec<Call>,
}

/// A call from one service to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The service called.
    pub to: String,
    /// Chance that it is made at all.
    pub chance: Share,
    /// How often it is made, one after the other, in [0, 10⁶]; a fraction is the chance of one more.
    pub times: f64,
    /// How many are made at the same time, all of which are waited for: at least 1.
    pub fan_out: u32,
    /// How it is tried again.
    pub retry: Option<Retry>,
    /// When it is given up, retries included.
    pub timeout: Option<Seconds>,
    /// Whether the caller goes on without an answer when it fails or is given up.
    pub optional: bool,
}

impl Call {
    /// One call, always made, waited for without limit.
    #[must_use]
    pub fn to(service: impl Into<String>) -> Self {
        Self {
            to: service.into(),
            chance: Share::literal(1.0),
            times: 1.0,
            fan_out: 1,
            retry: None,
            timeout: None,
            optional: false,
        }
    }
}

/// A call graph without cycles, seen from the service that answers the request.
#[derive(Debug, Clone, PartialEq)]
pub struct CallGraph {
    root: String,
    services: BTreeMap<String, Service>,
    /// Services the root reaches, every one after those it calls.
    order: Vec<String>,
}

/// Why services make no call graph.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GraphError {
    /// A call to, or a root, that is no service.
    #[error("{to:?}, called by {from}, expected one of the services: {known}")]
    Unknown {
        /// Who calls it.
        from: String,
        /// What is not known.
        to: String,
        /// Some that are.
        known: String,
    },
    /// A service that, over others, calls itself.
    #[error("a circle of calls {}, expected calls that end", .0.join(" → "))]
    Cycle(Vec<String>),
    /// Calls within calls within calls.
    #[error("more than {MOST_DEPTH} calls within one another at {0}, expected fewer")]
    TooDeep(String),
    /// More services or calls than can be composed.
    #[error("{number} {what}, expected at most {most}")]
    TooMany {
        /// `services` or `calls`.
        what: &'static str,
        /// How many there are.
        number: usize,
        /// How many there may be.
        most: usize,
    },
    /// A figure of a call is out of range.
    #[error("{what} of {value} in the call from {from} to {to}, expected {expected}")]
    OutOfRange {
        /// Who calls.
        from: String,
        /// Who is called.
        to: String,
        /// The figure.
        what: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        expected: String,
    },
}

impl CallGraph {
    /// A graph of services by name, and the one whose response time is asked for.
    ///
    /// # Errors
    /// [`GraphError`] for calls to services that are not there, circles, and figures out of range.
    pub fn new(root: impl Into<String>, services: BTreeMap<String, Service>) -> Result<Self, GraphError> {
        let root = root.into();
        let number = services.len();
        if number > MOST_SERVICES {
            return Err(GraphError::TooMany { what: "services", number, most: MOST_SERVICES });
        }
        let number = services.values().flat_map(|service| &service.steps).map(|step| step.calls.len()).sum();
        if number > MOST_CALLS {
            return Err(GraphError::TooMany { what: "calls", number, most: MOST_CALLS });
        }
        for (from, service) in &services {
            service.calls().try_for_each(|call| checked(from, call, &services))?;
        }
        if !services.contains_key(&root) {
            return Err(unknown("the request", &root, &services));
        }
        let order = order(&root, &services)?;
        Ok(Self { root, services, order })
    }

    /// The service that answers the request.
    #[must_use]
    pub fn root(&self) -> &str {
        &self.root
    }

    /// A service by name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.get(name)
    }

    /// Services the root reaches, every one after those it calls; the root is the last.
    pub fn reached(&self) -> impl DoubleEndedIterator<Item = (&str, &Service)> {
        self.order.iter().filter_map(|name| self.services.get_key_value(name)).map(|(name, one)| (name.as_str(), one))
    }

    /// Services the root does not reach, by name.
    pub fn unreached(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str).filter(|name| !self.order.iter().any(|reached| reached == name))
    }
}

impl Service {
    /// Its calls, in order.
    pub fn calls(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.steps.iter().flat_map(|step| &step.calls)
    }
}

fn checked(from: &str, call: &Call, services: &BTreeMap<String, Service>) -> Result<(), GraphError> {
    if !services.contains_key(&call.to) {
        return Err(unknown(from, &call.to, services));
    }
    let duration =
        |duration: Option<Seconds>| duration.is_none_or(|one| one.as_seconds() >= 0.0 && one.as_seconds().is_finite());
    let seconds = |duration: Option<Seconds>| duration.map_or(0.0, Seconds::as_seconds);
    let per_try = call.retry.and_then(|retry| retry.per_try);
    let attempts = call.retry.map_or(1, |retry| retry.attempts);
    let figures = [
        ("a number", call.times, (0.0..=MOST_REPEATS).contains(&call.times), format!("0 to {MOST_REPEATS}")),
        ("a fan-out", f64::from(call.fan_out), call.fan_out >= 1, "at least 1".to_owned()),
        ("a timeout", seconds(call.timeout), duration(call.timeout), "a duration".to_owned()),
        ("a timeout per try", seconds(per_try), duration(per_try), "a duration".to_owned()),
        (
            "a number of attempts",
            f64::from(attempts),
            (1..=MOST_ATTEMPTS).contains(&attempts),
            format!("1 to {MOST_ATTEMPTS}"),
        ),
    ];
    match figures.into_iter().find(|(_, _, fine, _)| !fine) {
        None => Ok(()),
        Some((what, value, _, expected)) => {
            Err(GraphError::OutOfRange { from: from.to_owned(), to: call.to.clone(), what, value, expected })
        }
    }
}

fn unknown(from: &str, to: &str, services: &BTreeMap<String, Service>) -> GraphError {
    const SHOWN: usize = 8;
    let mut known: Vec<&str> = services.keys().take(SHOWN).map(String::as_str).collect();
    if services.len() > SHOWN {
        known.push("…");
    }
    let known = if known.is_empty() { "there are none".to_owned() } else { known.join(", ") };
    GraphError::Unknown { from: from.to_owned(), to: to.to_owned(), known }
}

/// Every service the root reaches after those it calls.
fn order(root: &str, services: &BTreeMap<String, Service>) -> Result<Vec<String>, GraphError> {
    let (mut order, mut done) = (Vec::new(), std::collections::BTreeSet::new());
    // Services under way, each with the calls not yet followed.
    let calls = |name: &str| -> Vec<&str> {
        let service = services.get(name);
        service.into_iter().flat_map(Service::calls).map(|call| call.to.as_str()).rev().collect()
    };
    let mut under_way = vec![(root, calls(root))];
    while let Some((name, left)) = under_way.last_mut() {
        let Some(next) = left.pop() else {
            if done.insert(*name) {
                order.push((*name).to_owned());
            }
            under_way.pop();
            continue;
        };
        if done.contains(next) {
            continue;
        }
        if let Some(start) = under_way.iter().position(|(name, _)| *name == next) {
            let circle = under_way.iter().skip(start).map(|(name, _)| *name).chain([next]);
            return Err(GraphError::Cycle(circle.map(str::to_owned).collect()));
        }
        if under_way.len() > MOST_DEPTH {
            return Err(GraphError::TooDeep(next.to_owned()));
        }
        under_way.push((next, calls(next)));
    }
    Ok(order)
}
