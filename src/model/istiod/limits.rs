//! The throttles and defaults istiod is built with.
//!
//! **Law.** An istiod with `p` cores works on `min(15 + 5·p, 100)` pushes at once and accepts as many new
//! connections a second; one core gives 20, two give 25, seventeen and more give 100.
//!
//! **Source.** istio/istio `pilot/pkg/features/tuning.go` (1.21 and later); debounce, connection age and
//! autoscaler from `pilot/pkg/features` and the istio-discovery chart.
//!
//! **Assumptions.** Cores are those the Go runtime uses: the CPU limit, or all of the node without one. What an
//! installation sets itself takes the place of that ([`IstiodLimits::set_by`]).

use super::super::{Coefficient, CoefficientError, CoefficientSet, Measure, bounded};
use crate::units::{Bytes, Cores, Memory, Rate, Seconds};

/// Limits of an istiod replica.
#[derive(Debug, Clone, PartialEq)]
pub struct IstiodLimits {
    throttle_base: Coefficient,
    throttle_per_core: Coefficient,
    throttle_most: Coefficient,
    pub(in crate::model) debounce_quiet: Coefficient,
    pub(in crate::model) debounce_longest: Coefficient,
    connection_age: Coefficient,
    connection_patience: Coefficient,
    message: Coefficient,
    autoscaler_least: Coefficient,
    autoscaler_most: Coefficient,
    autoscaler_target: Coefficient,
    autoscaler_tolerance: Coefficient,
    autoscaler_memory: Coefficient,
    replica_request: Coefficient,
    surge: Coefficient,
    set: IstiodSettings,
}

/// Limits that an installation sets itself; `None` for those it leaves to istiod.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct IstiodSettings {
    /// Pushes a replica works on at once (PILOT_PUSH_THROTTLE); at least 1.
    pub pushes_at_once: Option<f64>,
    /// New connections a second that a replica accepts (PILOT_MAX_REQUESTS_PER_SECOND); above 0.
    pub connection_rate: Option<Rate>,
    /// Quiet time after which a push starts (PILOT_DEBOUNCE_AFTER); above 0.
    pub debounce_quiet: Option<Seconds>,
    /// Longest that a push is put off (PILOT_DEBOUNCE_MAX); above 0.
    pub debounce_longest: Option<Seconds>,
    /// Age at which a proxy's connection is closed (keepaliveMaxServerConnectionAge); above 0.
    pub connection_age: Option<Seconds>,
    /// Whether changes of endpoints wait for others as well (PILOT_ENABLE_EDS_DEBOUNCE).
    pub endpoints_wait: Option<bool>,
}

impl IstiodLimits {
    /// The limits from a card.
    ///
    /// # Errors
    /// [`CoefficientError`] when one is missing, unknown, in another unit or out of its domain.
    pub fn new(mut card: CoefficientSet) -> Result<Self, CoefficientError> {
        let mut take = |key: &str, measure: Measure, per: &str| card.take(key, measure, per)?.above_zero();
        let limits = Self {
            throttle_base: take("throttle_base", Measure::Ratio, "")?,
            throttle_per_core: take("throttle_per_core", Measure::Ratio, "per core")?,
            throttle_most: take("throttle_most", Measure::Ratio, "")?,
            debounce_quiet: take("debounce_quiet", Measure::Time, "")?,
            debounce_longest: take("debounce_longest", Measure::Time, "")?,
            connection_age: take("connection_age", Measure::Time, "")?,
            connection_patience: take("connection_patience", Measure::Time, "")?,
            message: take("message", Measure::Memory, "")?,
            autoscaler_least: take("autoscaler_least", Measure::Ratio, "")?,
            autoscaler_most: take("autoscaler_most", Measure::Ratio, "")?,
            autoscaler_target: take("autoscaler_target", Measure::Ratio, "")?,
            autoscaler_tolerance: take("autoscaler_tolerance", Measure::Ratio, "")?,
            autoscaler_memory: take("autoscaler_memory", Measure::Time, "")?,
            replica_request: take("replica_request", Measure::Cpu, "")?,
            surge: take("surge", Measure::Ratio, "")?,
            set: IstiodSettings::default(),
        };
        card.finish()?;
        Ok(limits)
    }

    /// Its coefficients.
    #[must_use]
    pub fn coefficients(&self) -> [&Coefficient; 15] {
        [
            &self.throttle_base,
            &self.throttle_per_core,
            &self.throttle_most,
            &self.debounce_quiet,
            &self.debounce_longest,
            &self.connection_age,
            &self.connection_patience,
            &self.message,
            &self.autoscaler_least,
            &self.autoscaler_most,
            &self.autoscaler_target,
            &self.autoscaler_tolerance,
            &self.autoscaler_memory,
            &self.replica_request,
            &self.surge,
        ]
    }

    /// The limits of an installation that sets some of them; what is not above 0 is left as it is.
    #[must_use]
    pub fn set_by(&self, settings: &IstiodSettings) -> Self {
        let sound = |time: &Option<Seconds>| time.map(|it| bounded(it.as_seconds())).filter(|it| *it > 0.0);
        let mut limits = self.clone();
        let set = [
            (&mut limits.debounce_quiet, &settings.debounce_quiet),
            (&mut limits.debounce_longest, &settings.debounce_longest),
            (&mut limits.connection_age, &settings.connection_age),
        ];
        for (coefficient, time) in set {
            if let Some(seconds) = sound(time) {
                *coefficient = coefficient.set_to(seconds);
            }
        }
        limits.set = IstiodSettings {
            pushes_at_once: settings.pushes_at_once.or(self.set.pushes_at_once),
            connection_rate: settings.connection_rate.or(self.set.connection_rate),
            endpoints_wait: settings.endpoints_wait.or(self.set.endpoints_wait),
            ..IstiodSettings::default()
        };
        limits
    }

    /// Pushes a replica with so many cores works on at once; at least 1.
    #[must_use]
    pub fn pushes_at_once(&self, cores: u64) -> f64 {
        self.set.pushes_at_once.map_or_else(|| self.throttle(cores), |set| bounded(set).max(1.0))
    }

    fn throttle(&self, cores: u64) -> f64 {
        let wanted = self.throttle_base.value + self.throttle_per_core.value * bounded(cores as f64);
        wanted.min(self.throttle_most.value).max(1.0)
    }

    /// New connections a second that a replica with so many cores accepts.
    #[must_use]
    pub fn connection_rate(&self, cores: u64) -> Rate {
        let set = self.set.connection_rate.filter(|rate| bounded(rate.as_per_second()) > 0.0);
        set.unwrap_or_else(|| Rate::per_second(self.throttle(cores)))
    }

    /// Whether changes of endpoints wait for others as those of configuration do; they do unless that is turned off.
    #[must_use]
    pub fn endpoints_wait(&self) -> bool {
        self.set.endpoints_wait.unwrap_or(true)
    }

    /// Quiet time after which a push starts.
    #[must_use]
    pub fn debounce_quiet(&self) -> Seconds {
        Seconds::new(self.debounce_quiet.value)
    }

    /// Longest that a push is put off while changes keep coming.
    #[must_use]
    pub fn debounce_longest(&self) -> Seconds {
        Seconds::new(self.debounce_longest.value)
    }

    /// How long a proxy waits for its turn to connect before it is turned away.
    #[must_use]
    pub fn connection_patience(&self) -> Seconds {
        Seconds::new(self.connection_patience.value)
    }

    /// Age at which istiod closes a proxy's connection, so that it may come back to another replica.
    #[must_use]
    pub fn connection_age(&self) -> Seconds {
        Seconds::new(self.connection_age.value)
    }

    /// Largest message a proxy's agent accepts.
    #[must_use]
    pub fn largest_message(&self) -> Bytes {
        Bytes::holding(Memory::from_bytes(self.message.value))
    }

    /// Fewest and most replicas of the autoscaler Istio installs.
    #[must_use]
    pub fn autoscaler_bounds(&self) -> (u64, u64) {
        let whole = |coefficient: &Coefficient| bounded(coefficient.value).ceil() as u64;
        (whole(&self.autoscaler_least), whole(&self.autoscaler_most))
    }

    /// Share of the CPU requests at which that autoscaler aims.
    #[must_use]
    pub fn autoscaler_target(&self) -> f64 {
        self.autoscaler_target.value
    }

    /// Share by which usage may differ from the target without a change.
    #[must_use]
    pub fn autoscaler_tolerance(&self) -> f64 {
        self.autoscaler_tolerance.value
    }

    /// Time over which an autoscaler remembers that it wanted more replicas.
    #[must_use]
    pub fn autoscaler_memory(&self) -> Seconds {
        Seconds::new(self.autoscaler_memory.value)
    }

    /// CPU that a replica requests as Istio installs it.
    #[must_use]
    pub fn replica_request(&self) -> Cores {
        Cores::new(self.replica_request.value)
    }

    /// Replicas that a rollout adds, as a share of those there are.
    #[must_use]
    pub fn surge(&self) -> f64 {
        self.surge.value
    }

    /// Share of connections that have moved so long after replicas were added: `min(1, t / age)`, for
    /// connections whose ages are spread evenly.
    #[must_use]
    pub fn moved_after(&self, time: Seconds) -> f64 {
        (time.as_seconds() / self.connection_age.value).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::TEST_CARD;

    #[test]
    fn the_throttle_follows_the_cores() {
        for (cores, expected) in [(0, 15.0), (1, 20.0), (2, 25.0), (4, 35.0), (16, 95.0), (17, 100.0), (64, 100.0)] {
            assert_eq!(TEST_CARD.istiod_limits.pushes_at_once(cores), expected, "{cores} cores");
        }
    }

    #[test]
    fn what_is_set_takes_the_place_of_what_is_built_in() {
        let built_in = &TEST_CARD.istiod_limits;
        assert_eq!(built_in.set_by(&IstiodSettings::default()), *built_in);
        let set = built_in.set_by(&IstiodSettings {
            pushes_at_once: Some(7.0),
            connection_rate: Some(Rate::per_second(250.0)),
            debounce_quiet: Some(Seconds::new(1.0)),
            debounce_longest: Some(Seconds::new(0.0)),
            connection_age: Some(Seconds::new(f64::NAN)),
            endpoints_wait: Some(false),
        });
        assert!(built_in.endpoints_wait() && !set.endpoints_wait());
        assert!(
            set.set_by(&IstiodSettings { endpoints_wait: Some(true), ..IstiodSettings::default() }).endpoints_wait()
        );
        assert_eq!((set.pushes_at_once(4), set.connection_rate(4)), (7.0, Rate::per_second(250.0)));
        assert_eq!(set.debounce_quiet(), Seconds::new(1.0));
        assert_eq!(
            (set.debounce_longest(), set.connection_age()),
            (built_in.debounce_longest(), built_in.connection_age())
        );
        let throttled = built_in.set_by(&IstiodSettings { pushes_at_once: Some(7.0), ..IstiodSettings::default() });
        assert_eq!(throttled.connection_rate(4), Rate::per_second(35.0));
    }

    #[test]
    fn connections_move_within_their_age() {
        for (minutes, share) in [(0.0, 0.0), (3.0, 0.1), (15.0, 0.5), (30.0, 1.0), (90.0, 1.0)] {
            let moved = TEST_CARD.istiod_limits.moved_after(Seconds::new(minutes * 60.0));
            assert!((moved - share).abs() < 1e-12, "{minutes} min: {moved}");
        }
    }

    #[test]
    fn the_largest_message_is_four_mebibytes() {
        assert_eq!(TEST_CARD.istiod_limits.largest_message(), Bytes::new(4_194_304));
    }
}
