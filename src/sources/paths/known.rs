//! Measurements by the service they belong to.

use super::super::InputError;
use crate::composition::Spread;
use crate::finding::Finding;
use crate::measurement::{Distribution, Measurement, Reporter, examine, merge};

/// Measurements that may be asked for by service.
pub(super) struct Known<'a>(&'a [Measurement]);

impl<'a> Known<'a> {
    pub fn new(measurements: &'a [Measurement]) -> Self {
        Self(measurements)
    }

    /// Response times of a service, from all measurements that are its own.
    ///
    /// # Errors
    /// [`InputError`] when there is none, or when there are several that cannot be merged.
    pub fn of(&self, place: &str, service: &str, findings: &mut Vec<Finding>) -> Result<Spread, InputError> {
        let own: Vec<Measurement> = self.0.iter().filter(|one| belongs(one, service)).cloned().collect();
        if own.is_empty() {
            let remedy = format!("add a file named after it, such as {service}.json, to the FILEs");
            return Err(InputError::new(
                format!("{place}, service {service}"),
                "no measurement",
                "response times of every service",
                remedy,
            ));
        }
        together(place, service, &own, findings).map(|distribution| Spread::of(&distribution))
    }

    /// The same, or nothing.
    pub fn maybe(&self, service: &str) -> bool {
        self.0.iter().any(|one| belongs(one, service))
    }
}

/// One measurement, or several as one; their oddities are noticed.
///
/// # Errors
/// [`InputError`] when they do not say how many requests they stand for.
pub(super) fn together(
    place: &str,
    service: &str,
    own: &[Measurement],
    findings: &mut Vec<Finding>,
) -> Result<Distribution, InputError> {
    findings.extend(own.iter().flat_map(examine));
    if let [only] = own {
        return Ok(only.distribution.clone());
    }
    // A path waits for the server and for what lies between: as the client's proxy saw it, if it is there.
    let (whole, noticed) = merge(service, own).map_err(|error| {
        let found = format!("{} measurements that cannot be merged: {error}", own.len());
        InputError::new(
            format!("{place}, service {service}"),
            found,
            "measurements that say how many requests they stand for, or one",
            "name one of them",
        )
    })?;
    findings.extend(noticed);
    Ok(whole.distribution)
}

/// Whether a measurement is named after a service: by its file, its section in the file, or Istio's destination.
fn belongs(measurement: &Measurement, service: &str) -> bool {
    if let Some((_, about)) = &measurement.reported {
        let (_, destination) = about.rsplit_once(' ').unwrap_or(("", about));
        return is(destination, service);
    }
    let (file, section) = measurement.name.split_once(' ').unwrap_or((&measurement.name, ""));
    let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = file.split('.').next().unwrap_or(file);
    section == service || stem == service
}

/// `shop/cart` is the service of that name, and the service `cart`.
fn is(destination: &str, service: &str) -> bool {
    destination == service || destination.rsplit_once('/').is_some_and(|(_, name)| name == service)
}

/// Measurements of a file at the server, where both proxies reported, else at the client.
pub(super) fn at_destination(measurements: Vec<Measurement>) -> Vec<Measurement> {
    let seen = |about: &str| {
        measurements
            .iter()
            .any(|one| one.reported.as_ref().is_some_and(|(who, what)| *who == Reporter::Destination && what == about))
    };
    let twice: Vec<bool> = measurements
        .iter()
        .map(|one| one.reported.as_ref().is_some_and(|(who, about)| *who == Reporter::Source && seen(about)))
        .collect();
    measurements.into_iter().zip(twice).filter(|(_, twice)| !twice).map(|(one, _)| one).collect()
}
