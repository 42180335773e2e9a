//! What features of the mesh do to the CPU of a request.
//!
//! **Law.** Each feature multiplies the request part of [`super::ProxyCpu`] by a factor of its own. A feature
//! that meets only a share `s` of the requests counts for that share: `f = 1 + s·(f₁ − 1)`. What the card's
//! figure was measured with divides instead where it is off.
//!
//! `f_authorization = 1 + s·(f₁ − 1 + rules·r + values·v)`, `f_wasm = 1 + s·filters·(f₁ − 1)`
//!
//! with `f₁` what the filter costs at all, and `r`, `v` what each rule and each alternative in a rule add:
//! Envoy looks at them one by one until one matches. To verify the signature of a token takes its time
//! however many requests come at once, so it is a term of its own: `s·q·(t + (issuers − 1)·t_i)`.
//!
//! **Source.** As the card says. Rules: istio.io blog of 2020 on large-scale security policies, whose paced
//! clients fire together, so that medians are the time of a request times the requests before it (64
//! connections on two workers: 32); an Envoy 1.40 with one to 1000 rules agrees in shares of a request.
//!
//! **Assumptions.** Factors multiply: what a feature adds is a share of what the request costs on the same
//! machine. No rule matches early, which is the most that rules can cost. Tokens come from all issuers alike.

use super::sum::Swings;
use super::{Coefficient, CoefficientError, CoefficientSet, Measure, OutOfRange};
use crate::units::Share;

/// Share of requests traced in the measurements behind the card's figure.
const ANCHOR_SAMPLING: f64 = 0.01;

/// Features of the mesh that cost proxy CPU, over all requests of a proxy.
///
/// The default is what the cards' figures were measured with: mutual TLS and standard metrics, 1 % traced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Features {
    /// Share of requests that travel over mutual TLS, in [0, 1].
    pub mtls: Share,
    /// Share of Istio's standard metrics that are kept, in [0, 1].
    pub metrics: Share,
    /// Share of requests with a log line, in [0, 1].
    pub access_log: Share,
    /// Share of requests traced, in [0, 1].
    pub tracing_sampling: Share,
    /// Share of requests that authorization rules are evaluated for, in [0, 1].
    pub authorization: Share,
    /// Rules evaluated for each of them.
    pub authorization_rules: u64,
    /// Alternatives (paths, principals, addresses …) in those rules together.
    pub authorization_values: u64,
    /// Share of requests whose token is validated, in [0, 1].
    pub jwt: Share,
    /// Issuers a token may come from; 0 is taken as 1.
    pub jwt_issuers: u64,
    /// Share of requests that pass WebAssembly filters, in [0, 1].
    pub wasm: Share,
    /// WebAssembly filters each of them passes.
    pub wasm_filters: u64,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            mtls: Share::ONE,
            metrics: Share::ONE,
            access_log: Share::ZERO,
            tracing_sampling: Share::literal(ANCHOR_SAMPLING),
            authorization: Share::ZERO,
            authorization_rules: 0,
            authorization_values: 0,
            jwt: Share::ZERO,
            jwt_issuers: 0,
            wasm: Share::ZERO,
            wasm_filters: 0,
        }
    }
}

/// A feature that observes the mesh, whose cost is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    /// Istio's standard metrics.
    Metrics,
    /// The access log.
    AccessLog,
    /// Tracing beyond the 1 % that the cards' figures hold.
    Tracing,
}

impl Features {
    /// The same, with one feature as the cards' figures were measured.
    pub(super) fn neutral(self, feature: Observed) -> Self {
        let measured = Self::default();
        match feature {
            Observed::Metrics => Self { metrics: measured.metrics, ..self },
            Observed::AccessLog => Self { access_log: measured.access_log, ..self },
            Observed::Tracing => Self { tracing_sampling: measured.tracing_sampling, ..self },
        }
    }
}

/// What features cost.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FeatureCosts {
    mtls: Coefficient,
    metrics: Coefficient,
    access_log: Coefficient,
    full_tracing: Coefficient,
    authorization: Coefficient,
    authorization_per_rule: Coefficient,
    authorization_per_value: Coefficient,
    wasm: Coefficient,
    jwt: Coefficient,
    jwt_per_issuer: Coefficient,
}

impl FeatureCosts {
    /// The factors among the coefficients of a card.
    pub fn take(card: &mut CoefficientSet) -> Result<Self, CoefficientError> {
        let mut factor = |key: &str| card.take(key, Measure::Ratio, "")?.at_least_one();
        let (mtls, metrics) = (factor("mtls_factor")?, factor("metrics_factor")?);
        let (access_log, full_tracing) = (factor("access_log_factor")?, factor("full_tracing_factor")?);
        let authorization = factor("authorization_factor")?;
        let wasm = factor("wasm_factor")?;
        Ok(Self {
            mtls,
            metrics,
            access_log,
            full_tracing,
            authorization,
            authorization_per_rule: card.take("authorization_per_rule", Measure::Ratio, "per rule")?,
            authorization_per_value: card.take("authorization_per_value", Measure::Ratio, "per value")?,
            wasm,
            jwt: card.take("jwt", Measure::Cpu, "per token per second")?,
            jwt_per_issuer: card.take("jwt_per_issuer", Measure::Cpu, "per token per second and further issuer")?,
        })
    }

    /// Its coefficients, in the order of the factors.
    pub fn coefficients(&self) -> [&Coefficient; 10] {
        [
            &self.mtls,
            &self.metrics,
            &self.access_log,
            &self.full_tracing,
            &self.authorization,
            &self.authorization_per_rule,
            &self.authorization_per_value,
            &self.wasm,
            &self.jwt,
            &self.jwt_per_issuer,
        ]
    }

    /// Factors by which features differ from those the card's figure was measured with.
    pub fn factors(&self, features: &Features) -> Vec<Factor> {
        let off = |share: Share, coefficient, none: &str, some: &str| {
            (share < Share::ONE).then(|| Factor::lacking(coefficient, share, none, some))
        };
        let on = |share: Share, coefficient, what: String| {
            (share > Share::ZERO).then(|| Factor::partly(coefficient, share.get(), what))
        };
        let log = match features.access_log {
            Share::ONE => "with access log".to_owned(),
            share => format!("with {} of requests logged", percent(share.get())),
        };
        [
            off(features.mtls, &self.mtls, "without mTLS", "of requests without mTLS"),
            off(features.metrics, &self.metrics, "without standard metrics", "of standard metrics off"),
            on(features.access_log, &self.access_log, log),
            self.tracing(features.tracing_sampling.get()),
            self.authorization(features),
            self.wasm(features),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// What a feature adds to the request part as it is set, as a share of what that is with the feature neutral:
    /// lower end, value and upper end.
    pub fn added_by(&self, features: &Features, feature: Observed) -> [f64; 3] {
        let ends = |coefficient: &Coefficient| [coefficient.lower, coefficient.value, coefficient.upper];
        let sampling = features.tracing_sampling.get();
        match feature {
            // Measured with: what is kept of them would go away.
            Observed::Metrics => ends(&self.metrics).map(|factor| features.metrics.get() * (1.0 - 1.0 / factor)),
            Observed::AccessLog => ends(&self.access_log).map(|factor| features.access_log.get() * (factor - 1.0)),
            Observed::Tracing if sampling > ANCHOR_SAMPLING => {
                let share = (sampling - ANCHOR_SAMPLING) / (1.0 - ANCHOR_SAMPLING);
                ends(&self.full_tracing).map(|factor| share * (factor - 1.0))
            }
            Observed::Tracing => [0.0; 3],
        }
    }

    /// CPU time of a token over all requests: what, how many a request, and the coefficient of each.
    pub fn tokens(&self, features: &Features) -> impl Iterator<Item = (&'static str, f64, &Coefficient)> {
        let share = features.jwt.get();
        let further = share * features.jwt_issuers.saturating_sub(1) as f64;
        let all =
            [("tokens validated", share, &self.jwt), ("further issuers of tokens", further, &self.jwt_per_issuer)];
        all.into_iter().filter(|(_, count, _)| *count > 0.0)
    }

    /// Coefficients used beyond the counts they were observed at.
    pub fn outside_range(&self, features: &Features) -> Vec<OutOfRange> {
        let counts = [
            (features.authorization, &self.authorization_per_rule, features.authorization_rules),
            (features.authorization, &self.authorization_per_value, features.authorization_values),
            (features.jwt, &self.jwt_per_issuer, features.jwt_issuers),
        ];
        let used = counts.iter().filter(|(share, _, count)| *share > Share::ZERO && *count > 0);
        used.filter_map(|(_, coefficient, count)| coefficient.outside_range(*count as f64)).collect()
    }

    fn tracing(&self, sampling: f64) -> Option<Factor> {
        (sampling > ANCHOR_SAMPLING).then(|| {
            let share = (sampling - ANCHOR_SAMPLING) / (1.0 - ANCHOR_SAMPLING);
            Factor::partly(&self.full_tracing, share, format!("with {} of requests traced", percent(sampling)))
        })
    }

    fn authorization(&self, features: &Features) -> Option<Factor> {
        let share = features.authorization.get();
        let is_on = share > 0.0 && features.authorization_rules > 0;
        is_on.then(|| {
            let (rules, values) = (features.authorization_rules as f64, features.authorization_values as f64);
            let what = format!("with {rules} authorization rules of {values} values{}", of_requests(share));
            let parts = [(&self.authorization_per_rule, rules), (&self.authorization_per_value, values)];
            Factor::growing(&self.authorization, &parts, share, what)
        })
    }

    fn wasm(&self, features: &Features) -> Option<Factor> {
        let share = features.wasm.get();
        let filters = features.wasm_filters as f64;
        (share > 0.0 && filters > 0.0).then(|| {
            let what = format!("with {filters} WebAssembly filters{}", of_requests(share));
            Factor::partly(&self.wasm, share * filters, what)
        })
    }
}

/// A multiplier of the request part with its interval.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Factor {
    pub what: String,
    pub lower: f64,
    pub value: f64,
    pub upper: f64,
}

impl Factor {
    /// A feature that is on where the card's figure was measured without it.
    pub fn with(coefficient: &Coefficient, what: &str) -> Self {
        Self::partly(coefficient, 1.0, what.to_owned())
    }

    fn partly(coefficient: &Coefficient, share: f64, what: String) -> Self {
        let part = |factor: f64| 1.0 + (factor - 1.0) * share;
        Self { what, lower: part(coefficient.lower), value: part(coefficient.value), upper: part(coefficient.upper) }
    }

    /// A feature that is off, for all or for some, where the card's figure was measured with it.
    fn lacking(coefficient: &Coefficient, share: Share, none: &str, some: &str) -> Self {
        let off = 1.0 - share.get();
        let what = if off < 1.0 { format!("with {} {some}", percent(off)) } else { none.to_owned() };
        let part = |factor: f64| if off < 1.0 { share.get() + off / factor } else { 1.0 / factor };
        Self { what, lower: part(coefficient.upper), value: part(coefficient.value), upper: part(coefficient.lower) }
    }

    /// A feature that costs something at all, and more with every one of something.
    fn growing(at_all: &Coefficient, parts: &[(&Coefficient, f64)], share: f64, what: String) -> Self {
        let mut swings = Swings::default();
        let mut value = at_all.value;
        swings.add(at_all.lower, at_all.value, at_all.upper);
        for (each, count) in parts {
            value += each.value * count;
            swings.add(each.lower * count, each.value * count, each.upper * count);
        }
        let (lower, upper) = swings.ends(value);
        let part = |factor: f64| 1.0 + (factor.max(1.0) - 1.0) * share;
        Self { what, lower: part(lower), value: part(value), upper: part(upper) }
    }
}

fn of_requests(share: f64) -> String {
    if share < 1.0 { format!(" on {} of requests", percent(share)) } else { String::new() }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::TEST_CARD;
    use crate::model::ProxyTraffic;
    use crate::units::Rate;

    const TOLERANCE: f64 = 1e-9;
    /// Cores of an idle proxy with two workers.
    const IDLE: f64 = 0.004;

    fn share(number: f64) -> Share {
        Share::new(number).unwrap()
    }

    fn requests(features: Features) -> f64 {
        let traffic = ProxyTraffic { rate: Rate::per_second(1000.0), workers: 2, features, ..ProxyTraffic::default() };
        TEST_CARD.proxy_cpu.usage(&traffic).value.as_cores() - IDLE
    }

    /// Factors of the embedded card; rules and issuers by the sums in the formula.
    #[test]
    fn features_change_the_request_part_by_their_factors() {
        let all = Features::default();
        let ruled = |authorization, rules, values| Features {
            authorization,
            authorization_rules: rules,
            authorization_values: values,
            ..all
        };
        for (what, features, factor) in [
            ("none", all, 1.0),
            ("mTLS off", Features { mtls: Share::ZERO, ..all }, 1.0 / 1.12),
            ("half of it without mTLS", Features { mtls: share(0.5), ..all }, 0.5 + 0.5 / 1.12),
            ("metrics off", Features { metrics: Share::ZERO, ..all }, 1.0 / 1.35),
            ("access log on", Features { access_log: Share::ONE, ..all }, 1.10),
            ("a tenth logged", Features { access_log: share(0.1), ..all }, 1.01),
            ("all traced", Features { tracing_sampling: Share::ONE, ..all }, 1.10),
            ("none traced", Features { tracing_sampling: Share::ZERO, ..all }, 1.0),
            ("ten rules", ruled(Share::ONE, 10, 10), 1.10 + 10.0 * 0.003 + 10.0 * 0.0006),
            ("rules for half", ruled(share(0.5), 10, 0), 1.0 + 0.5 * (0.10 + 10.0 * 0.003)),
            ("rules nobody passes", ruled(Share::ZERO, 10, 10), 1.0),
            ("tokens", Features { jwt: Share::ONE, jwt_issuers: 1, ..all }, 1.0 + 0.100 / 0.196),
            ("tokens of three", Features { jwt: Share::ONE, jwt_issuers: 3, ..all }, 1.0 + 0.120 / 0.196),
            ("tokens for half", Features { jwt: share(0.5), jwt_issuers: 1, ..all }, 1.0 + 0.050 / 0.196),
            ("a filter", Features { wasm: Share::ONE, wasm_filters: 1, ..all }, 1.40),
            ("two filters for half", Features { wasm: share(0.5), wasm_filters: 2, ..all }, 1.40),
        ] {
            assert!((requests(features) / 0.196 - factor).abs() < TOLERANCE, "{what}: {}", requests(features) / 0.196);
        }
    }

    /// istio.io blog 2020, security policies: what 1000 of each add to the median, over the 32 requests that
    /// each of two workers has to do when 64 connections fire together, as a share of the 162 µs of a proxy.
    #[test]
    fn a_thousand_rules_cost_what_was_measured() {
        let costs = |rules, values| {
            let features = Features {
                authorization: Share::ONE,
                authorization_rules: rules,
                authorization_values: values,
                ..Features::default()
            };
            let traffic =
                ProxyTraffic { rate: Rate::per_second(1000.0), workers: 2, features, ..ProxyTraffic::default() };
            TEST_CARD.proxy_cpu.usage(&traffic)
        };
        let idle_and_requests = requests(Features::default()) + IDLE;
        for (what, rules, values, before, after) in [
            ("paths in one policy", 1, 1000, 10.361, 13.344),
            ("principals in one policy", 1, 1000, 10.361, 15.881),
            ("addresses in one policy", 1, 1000, 10.361, 13.97),
            ("policies of one address", 1000, 1000, 10.361, 22.773),
        ] {
            let measured = 1.0 + (after - before) / 32.0 / 0.162;
            let cost = costs(rules, values);
            let [lower, upper] = [cost.lower, cost.upper].map(|end| end.as_cores() / idle_and_requests);
            assert!((lower..upper).contains(&measured), "{what}: {measured} outside {lower} … {upper}");
        }
    }

    #[test]
    fn counts_beyond_the_evidence_are_told() {
        let features = Features { authorization: Share::ONE, authorization_rules: 5000, ..Features::default() };
        let traffic = ProxyTraffic { features, ..ProxyTraffic::default() };
        let outside = TEST_CARD.proxy_cpu.outside_range(&traffic);
        let names: Vec<&str> = outside.iter().map(|it| it.coefficient.as_str()).collect();
        assert_eq!(names, ["proxy_cpu.authorization_per_rule"]);
    }
}
