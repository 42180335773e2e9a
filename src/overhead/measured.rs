//! Memory that was measured, beside what the law says of it.
//!
//! Where a part of the mesh was measured at enough moments over the time the policy asks for, the measurement is the base
//! of its figures and the law says what differs from it ([`rebased`]); otherwise the law's figures stand, and what was
//! measured only raises what is requested. A limit is never below the largest measurement.

use std::fmt::Display;

use super::findings::{Cases, MEASURED_MEMORY_OUTSIDE, MEASURED_MEMORY_SHORT};
use super::memory_needed;
use crate::estimate::{Basis, Estimate, Term};
use crate::inventory::{FEWEST_MOMENTS, PodMemory};
use crate::model::rebased;
use crate::policy::SizingPolicy;
use crate::units::{Bytes, Memory, Seconds};

/// Memory of one part of the mesh, measured and by its law.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredMemory {
    /// What was measured, pod by pod.
    pub pods: PodMemory,
    /// What the law says of them as they were then.
    pub predicted: Estimate<Memory>,
    /// Whether it was measured for long enough to take the place of the estimate.
    pub counts: bool,
    /// What a memory limit must leave: the largest measurement, what the law adds to it since, and the policy's reserve.
    pub limit_needed: Bytes,
}

/// How well the law of memory describes the proxies that were measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryCheck {
    /// Workloads whose proxies were measured.
    pub workloads: u64,
    /// Those of them whose median lies in the law's 90 % interval.
    pub inside: u64,
    /// Those whose figures rest on the measurement.
    pub counted: u64,
    /// Median over the workloads of the law's figure over the measured median, less 1: above 0 where it says too much.
    pub error: f64,
}

impl MeasuredMemory {
    /// Of pods, of which the law said `predicted` then and says `now` of what they are to hold.
    #[must_use]
    pub fn new(pods: PodMemory, predicted: Estimate<Memory>, now: &Estimate<Memory>, sizing: &SizingPolicy) -> Self {
        let counts = pods.moments >= FEWEST_MOMENTS && pods.span >= sizing.measured_for;
        let it = Self { pods, predicted, counts, limit_needed: Bytes::ZERO };
        let grown = (it.moved(now).value - pods.median).max(Memory::ZERO);
        let limit_needed = Bytes::holding((pods.largest + grown) * (1.0 + sizing.limit_reserve.get()));
        Self { limit_needed, ..it }
    }

    /// Whether the measured median lies in the law's 90 % interval.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.predicted.contains(self.pods.median)
    }

    /// The law's figure over the measured median, less 1.
    #[must_use]
    pub fn error(&self) -> f64 {
        self.predicted.value / self.pods.median - 1.0
    }

    /// What the law says now, on the base of the measurement.
    #[must_use]
    pub fn moved(&self, now: &Estimate<Memory>) -> Estimate<Memory> {
        let PodMemory { low, median, high, .. } = self.pods;
        self.moved_from((low, median, high), "measured, median", (&self.predicted, now))
    }

    /// The same for what takes most, on the base of the highest measurements, of which the law said `then`.
    pub(super) fn most(&self, then: &Estimate<Memory>, now: &Estimate<Memory>) -> Estimate<Memory> {
        let PodMemory { median, p95, largest, .. } = self.pods;
        self.moved_from((median, p95, largest), "measured, p95", (then, now))
    }

    fn moved_from(
        &self,
        (lower, value, upper): (Memory, Memory, Memory),
        what: &str,
        (then, now): (&Estimate<Memory>, &Estimate<Memory>),
    ) -> Estimate<Memory> {
        let terms = vec![Term::new(what, 1.0, value.as_mib(), "MiB")];
        let basis = Basis { law: String::new(), terms, assumptions: self.pods.assumption() };
        rebased(&Estimate::new(lower, value, upper, basis), then, now)
    }

    /// What was measured, and what the law says of it.
    #[must_use]
    pub fn in_words(&self) -> String {
        let PodMemory { median, p95, largest, samples, moments, pods, span, .. } = self.pods;
        let counted = |count: u64, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        let of = pods.map_or_else(|| "their sum".to_owned(), |pods| counted(pods, "pod"));
        let place = if self.is_inside() { "inside" } else { "outside" };
        format!(
            "measured: median {:.0}, p95 {:.0}, largest {:.0} MiB; {} of {of} at {} over {:.1} h; {place} the {:.0} \
             to {:.0} MiB of the law, which says {:.0}",
            median.as_mib(),
            p95.as_mib(),
            largest.as_mib(),
            counted(samples, "sample"),
            counted(moments, "moment"),
            span.as_seconds() / 3600.0,
            self.predicted.lower.as_mib(),
            self.predicted.upper.as_mib(),
            self.predicted.value.as_mib(),
        )
    }
}

impl MeasuredMemory {
    /// What is odd about it.
    pub(super) fn note(&self, subject: &dyn Display, sizing: &SizingPolicy, cases: &mut Cases) {
        if !self.is_inside() {
            let is_above = self.pods.median > self.predicted.upper;
            let detail = format!(
                "{:.0} MiB measured, the law says {:.0} to {:.0}",
                self.pods.median.as_mib(),
                self.predicted.lower.as_mib(),
                self.predicted.upper.as_mib()
            );
            cases.add(&MEASURED_MEMORY_OUTSIDE, if is_above { "above" } else { "below" }, subject, detail);
        }
        if !self.counts {
            let hours = |time: Seconds| time.as_seconds() / 3600.0;
            let detail = format!(
                "{} moments over {:.1} h, {FEWEST_MOMENTS} over {:.1} h wanted",
                self.pods.moments,
                hours(self.pods.span),
                hours(sizing.measured_for)
            );
            cases.add(&MEASURED_MEMORY_SHORT, "", subject, detail);
        }
    }
}

/// What to request: of what was measured for long enough its own quantile, of the rest that of the law's peak, and never
/// less than was measured.
pub(super) fn request(
    measured: Option<&MeasuredMemory>,
    (steady, peak): (&Estimate<Memory>, &Estimate<Memory>),
    sizing: &SizingPolicy,
) -> Bytes {
    let of = |estimate: &Estimate<Memory>| memory_needed(estimate, sizing, Bytes::ZERO);
    match measured {
        None => of(peak),
        Some(measured) if measured.counts => of(steady),
        Some(measured) => of(peak).max(of(&measured.moved(steady))),
    }
}

/// How well the law describes what was measured; `None` where nothing was.
pub(super) fn check<'a>(measured: impl Iterator<Item = &'a MeasuredMemory>) -> Option<MemoryCheck> {
    let all: Vec<&MeasuredMemory> = measured.collect();
    let mut errors: Vec<f64> = all.iter().map(|it| it.error()).collect();
    errors.sort_by(f64::total_cmp);
    let error = errors.get(errors.len().saturating_sub(1) / 2).copied()?;
    let count = |is: &dyn Fn(&MeasuredMemory) -> bool| all.iter().filter(|it| is(it)).count() as u64;
    Some(MemoryCheck {
        workloads: all.len() as u64,
        inside: count(&MeasuredMemory::is_inside),
        counted: count(&|it| it.counts),
        error,
    })
}
