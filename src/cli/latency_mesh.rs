//! Measured response times with the mesh on top.

use super::args::MeshArguments;
use super::{Failure, load, output};
use crate::card::ModelCard;
use crate::finding::Finding;
use crate::latency::published::arrivals;
use crate::latency::{Mode, Traffic, extract, predict, saturated, sweep};
use crate::measurement::{Measurement, Slo};
use crate::plan::assumed_traffic;
use crate::policy::Policy;
use crate::report::{self, Extracted, MeshAnswer};
use crate::units::Rate;

/// What was asked of the mesh.
pub struct Mesh<'a> {
    arguments: &'a MeshArguments,
    modes: Vec<Mode>,
    card: ModelCard,
    /// The load where a measurement does not tell its own.
    default: Traffic,
}

impl<'a> Mesh<'a> {
    /// What the arguments ask; `None` where they ask nothing of the mesh.
    pub fn new(arguments: &'a MeshArguments) -> Result<Option<Self>, Failure> {
        if arguments.mesh.is_empty() {
            return Ok(None);
        }
        let policy = load::policy(arguments.policy.as_deref())?;
        let modes = arguments.mesh.iter().filter_map(|name| Mode::named(name)).collect();
        let card = load::card(&arguments.card)?;
        Ok(Some(Self { arguments, modes, card, default: traffic(arguments, &policy) }))
    }

    /// The load of every proxy on the way of a measurement's requests.
    fn traffic(&self, measurement: &Measurement) -> Traffic {
        let like = self.default.like(&measurement.load);
        Traffic {
            rate: self.arguments.rate.map_or(like.rate, Rate::per_second),
            connections: self.arguments.connections.unwrap_or(like.connections),
            arrivals: self.arguments.arrivals.as_deref().and_then(arrivals).unwrap_or(like.arrivals),
            ..like
        }
    }

    /// Every baseline in every mode; where a proxy cannot carry the load, a finding says so.
    pub fn predictions(
        &self,
        baselines: &[&Measurement],
        slos: &[Slo],
        findings: &mut Vec<Finding>,
    ) -> Result<Vec<MeshAnswer>, Failure> {
        let mut answers = Vec::new();
        for baseline in baselines {
            let traffic = self.traffic(baseline);
            for mode in &self.modes {
                match predict(baseline, *mode, &traffic, slos, &self.card) {
                    Ok(prediction) => {
                        findings.extend(prediction.findings.iter().cloned());
                        let swept = if self.arguments.sweep {
                            let failed = |error| Failure::Input(format!("failed to sweep {}: {error}", baseline.name));
                            Some(sweep(baseline, *mode, &traffic, slos, &self.card).map_err(failed)?)
                        } else {
                            None
                        };
                        answers.push(MeshAnswer::new(&baseline.name, prediction, swept));
                    }
                    Err(error) => findings.push(saturated(&format!("{} with {}", baseline.name, mode.name()), &error)),
                }
            }
        }
        Ok(answers)
    }

    /// What one traversal takes, written as a card where that was asked for.
    pub fn extraction(
        &self,
        base: Option<&Measurement>,
        measurements: &[Measurement],
        quiet: bool,
    ) -> Result<Option<Extracted>, Failure> {
        let (Some(path), Some(base)) = (&self.arguments.extract, base) else { return Ok(None) };
        let ([mode], [meshed]) = (&*self.modes, measurements) else {
            return Err(Failure::Input(format!(
                "failed to extract: {} FILEs and {} modes, expected one FILE, measured with the proxies of one --mesh MODE",
                measurements.len(),
                self.modes.len()
            )));
        };
        let traffic = self.traffic(meshed);
        let extraction = extract(base, meshed, *mode, &traffic, &self.card)
            .map_err(|error| Failure::Input(format!("failed to extract: {error}")))?;
        let conditions = format!(
            "{}, {:.0} requests per second on {} connections, {} worker threads",
            mode.name(),
            traffic.rate.as_per_second(),
            traffic.connections,
            traffic.workers
        );
        let extracted = Extracted {
            base: base.name.clone(),
            meshed: meshed.name.clone(),
            card: self.card.name().to_owned(),
            conditions,
            extraction,
        };
        output::write_text(
            path,
            &report::latency_card(&extracted, self.arguments.measured_on.as_deref().unwrap_or("not stated")),
            quiet,
        )?;
        Ok(Some(extracted))
    }
}

fn traffic(arguments: &MeshArguments, policy: &Policy) -> Traffic {
    Traffic {
        payload: arguments.payload,
        workers: arguments.workers,
        cpu_limit: arguments.cpu_limit.map(crate::units::Millicores::to_cores),
        ..assumed_traffic(policy)
    }
}
