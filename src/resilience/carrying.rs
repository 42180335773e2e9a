//! Whether replicas carry what they get: against their CPU where that is known, else against what replicas take today.

use crate::estimate::{Basis, Estimate, Term};
use crate::units::{Cores, Quantity, Rate, Ratio, Share};

/// Floating-point dust: so much more than a bound still counts as within it.
const DUST: f64 = 1e-9;

/// Replicas that share requests evenly, and what is known of one of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Servers {
    /// How many there are.
    pub replicas: u64,
    /// How many an autoscaler may make of them, at least [`Self::replicas`].
    pub most: u64,
    /// Requests per second that a replica takes today, the busiest where they differ.
    pub today: Rate,
    /// Whether requests were measured rather than assumed.
    pub measured: bool,
    /// What a request costs, and what there is for it.
    pub cpu: Option<ReplicaCpu>,
}

/// CPU of the application in one replica, the smallest where they differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ReplicaCpu {
    /// Requested, above 0.
    pub request: Cores,
    /// The most it may use, where it has a limit.
    pub limit: Option<Cores>,
    /// Used for one request per second.
    pub per_rps: Cores,
    /// Whether that was measured at others that share the requests.
    pub of_others: bool,
}

/// How replicas stand with a load.
#[derive(Debug, Clone, PartialEq)]
pub struct Carrying {
    /// Replicas that share it.
    pub replicas: u64,
    /// How many an autoscaler may make of them.
    pub most_replicas: u64,
    /// Requests per second of all of them together.
    pub load: Estimate<Rate>,
    /// Requests per second of each; `None` without a replica.
    pub per_replica: Option<Estimate<Rate>>,
    /// That over what a replica takes today; `None` where that is nothing.
    pub against_today: Option<Estimate<Ratio>>,
    /// CPU of the application over its request; `None` where CPU per request or the request is not known.
    pub utilization: Option<Estimate<Ratio>>,
    /// Replicas that carry the upper end of the load within the policy's target, or as much as each takes today
    /// where CPU is not known; `None` where neither is.
    pub needed: Option<u64>,
    /// The answer.
    pub verdict: Verdict,
    /// Why.
    pub why: String,
}

/// Whether replicas carry a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// They do.
    Carries,
    /// They do above the policy's target, or once an autoscaler has added some.
    Tight,
    /// They do not.
    Cannot,
    /// The input does not say.
    Unknown,
}

impl Verdict {
    /// Name in reports and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Carries => "carries",
            Self::Tight => "tight",
            Self::Cannot => "cannot",
            Self::Unknown => "unknown",
        }
    }
}

impl Servers {
    /// How they stand with a load when the policy wants CPU below `target`.
    pub fn carry(&self, load: Estimate<Rate>, target: Share) -> Carrying {
        let per_replica = (self.replicas > 0).then(|| {
            let mut share = product("requests of a replica", &load, "requests per second", 1.0 / self.replicas as f64);
            share.basis.assumptions.push("requests spread evenly over replicas".to_owned());
            share
        });
        let against_today = per_replica.as_ref().filter(|_| self.today > Rate::ZERO).map(|each| {
            product("load of a replica against today", each, "requests per second", 1.0 / self.today.as_per_second())
        });
        let utilization = per_replica.as_ref().zip(self.cpu).map(|(each, cpu)| cpu.utilization(each));
        let needed = self.needed(load.upper, target);
        let (verdict, why) = self.judge(&load, against_today.as_ref(), utilization.as_ref(), needed, target);
        Carrying {
            replicas: self.replicas,
            most_replicas: self.most,
            load,
            per_replica,
            against_today,
            utilization,
            needed,
            verdict,
            why,
        }
    }

    /// Replicas for a load: within the target of what each requests, else with what each takes today.
    fn needed(&self, load: Rate, target: Share) -> Option<u64> {
        let each = match self.cpu {
            Some(cpu) => cpu.request.as_cores() * target.get() / cpu.per_rps.as_cores(),
            None => self.today.as_per_second(),
        };
        let count = load.as_per_second() / each;
        (count.is_finite() && each > 0.0).then(|| (count * (1.0 - DUST)).ceil().max(0.0) as u64)
    }

    fn judge(
        &self,
        load: &Estimate<Rate>,
        against_today: Option<&Estimate<Ratio>>,
        utilization: Option<&Estimate<Ratio>>,
        needed: Option<u64>,
        target: Share,
    ) -> (Verdict, String) {
        if load.upper <= Rate::ZERO {
            return (Verdict::Carries, "gets no requests".to_owned());
        }
        if self.replicas == 0 {
            return (Verdict::Cannot, "no pod takes its requests".to_owned());
        }
        let grows = needed.filter(|needed| *needed <= self.most && self.most > self.replicas);
        let judged = match (utilization, self.cpu) {
            (Some(used), Some(cpu)) => cpu.judge(used, target),
            _ => self.judge_by_today(against_today),
        };
        match (judged.0, grows) {
            (Verdict::Carries, _) | (_, None) => judged,
            (_, Some(needed)) => {
                let why = format!("{}; once the autoscaler has {needed} of at most {}", judged.1, self.most);
                (Verdict::Tight, why)
            }
        }
    }

    fn judge_by_today(&self, against_today: Option<&Estimate<Ratio>>) -> (Verdict, String) {
        let Some(times) = against_today else {
            return (Verdict::Unknown, "its replicas take no requests today to compare with".to_owned());
        };
        if times.upper.as_number() <= 1.0 + DUST {
            return (Verdict::Carries, "no more for each than replicas take today".to_owned());
        }
        let what = if self.measured { "measured CPU of the application" } else { "measured requests" };
        let most = times.upper.as_number();
        (
            Verdict::Unknown,
            format!("up to {most:.2} times what each takes today, and without {what} no one can say more"),
        )
    }
}

impl ReplicaCpu {
    fn utilization(&self, each: &Estimate<Rate>) -> Estimate<Ratio> {
        let per_request = self.per_rps.as_cores() / self.request.as_cores();
        let mut used = product("CPU over what is requested", each, "requests per second", per_request);
        used.basis.assumptions.push(format!(
            "{:.2} ms of CPU a request, {}, of {:.0}m requested; CPU grows in step with requests",
            self.per_rps.as_millis(),
            if self.of_others { "as others that share the requests use" } else { "as measured" },
            self.request.as_millis(),
        ));
        used
    }

    fn judge(&self, used: &Estimate<Ratio>, target: Share) -> (Verdict, String) {
        let percent = |ratio: f64| format!("{:.0} %", ratio * 100.0);
        let (lower, upper) = (used.lower.as_number(), used.upper.as_number());
        let uses = if lower < upper * (1.0 - DUST) {
            format!("{} to {} of requested CPU", percent(lower), percent(upper))
        } else {
            format!("{} of requested CPU", percent(upper))
        };
        if upper <= target.get() + DUST {
            return (Verdict::Carries, uses);
        }
        match self.limit.map(|limit| limit / self.request) {
            _ if upper <= 1.0 + DUST => (Verdict::Tight, format!("{uses}, above {}", percent(target.get()))),
            Some(limit) if lower > limit + DUST => (Verdict::Cannot, format!("{uses}, limited to {}", percent(limit))),
            Some(limit) if upper <= limit + DUST => (Verdict::Tight, format!("{uses}, within the limit alone")),
            Some(limit) => (Verdict::Unknown, format!("{uses}, limited to {}", percent(limit))),
            None => (Verdict::Unknown, format!("{uses}; without a limit, what the node has to spare decides")),
        }
    }
}

/// A figure times a factor known exactly, as one term.
fn product<P: Quantity, Q: Quantity>(law: &str, figure: &Estimate<P>, what: &str, factor: f64) -> Estimate<Q> {
    let times = |end: P| Q::from_base(end.base() * factor);
    let term = Term::new(what, figure.value.base(), factor, "");
    let basis = Basis { law: law.to_owned(), terms: vec![term], assumptions: Vec::new() };
    Estimate::new(times(figure.lower), times(figure.value), times(figure.upper), basis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(lower: f64, value: f64, upper: f64) -> Estimate<Rate> {
        Estimate::new(Rate::per_second(lower), Rate::per_second(value), Rate::per_second(upper), Basis::default())
    }

    /// 4 replicas that take 50 rps each, 5 ms of CPU a request, of 500m requested and at most 1000m.
    fn servers() -> Servers {
        let cpu = ReplicaCpu {
            request: Cores::from_millis(500.0),
            limit: Some(Cores::from_millis(1000.0)),
            per_rps: Cores::from_millis(5.0),
            of_others: false,
        };
        Servers { replicas: 4, most: 4, today: Rate::per_second(50.0), measured: true, cpu: Some(cpu) }
    }

    #[track_caller]
    fn check(servers: Servers, load: Estimate<Rate>, verdict: Verdict, needed: Option<u64>, why: &str) {
        let carrying = servers.carry(load, Share::literal(0.8));
        assert_eq!((carrying.verdict, carrying.needed), (verdict, needed), "{}", carrying.why);
        assert!(carrying.why.contains(why), "{}", carrying.why);
    }

    #[test]
    fn cpu_decides_where_it_is_known() {
        check(servers(), rate(320.0, 320.0, 320.0), Verdict::Carries, Some(4), "80 % of requested CPU");
        check(servers(), rate(400.0, 400.0, 400.0), Verdict::Tight, Some(5), "above 80 %");
        check(servers(), rate(700.0, 700.0, 700.0), Verdict::Tight, Some(9), "within the limit alone");
        check(servers(), rate(900.0, 900.0, 900.0), Verdict::Cannot, Some(12), "limited to 200 %");
        check(servers(), rate(0.0, 500.0, 1000.0), Verdict::Unknown, Some(13), "0 % to 250 %");
        let unlimited = ReplicaCpu { limit: None, ..servers().cpu.unwrap() };
        check(
            Servers { cpu: Some(unlimited), ..servers() },
            rate(700.0, 700.0, 700.0),
            Verdict::Unknown,
            Some(9),
            "node",
        );
    }

    #[test]
    fn an_autoscaler_may_answer_later() {
        let scaled = |most| Servers { most, ..servers() };
        check(
            scaled(12),
            rate(900.0, 900.0, 900.0),
            Verdict::Tight,
            Some(12),
            "once the autoscaler has 12 of at most 12",
        );
        check(scaled(11), rate(900.0, 900.0, 900.0), Verdict::Cannot, Some(12), "limited");
    }

    #[test]
    fn without_cpu_the_load_of_today_is_all_that_is_proven() {
        let plain = Servers { cpu: None, ..servers() };
        check(plain, rate(200.0, 200.0, 200.0), Verdict::Carries, Some(4), "no more for each");
        check(plain, rate(300.0, 300.0, 300.0), Verdict::Unknown, Some(6), "up to 1.50 times");
        check(Servers { most: 6, ..plain }, rate(300.0, 300.0, 300.0), Verdict::Tight, Some(6), "autoscaler has 6");
        check(Servers { today: Rate::ZERO, ..plain }, rate(1.0, 1.0, 1.0), Verdict::Unknown, None, "take no requests");
    }

    #[test]
    fn nothing_is_carried_by_anyone_and_something_by_no_one() {
        check(
            Servers { replicas: 0, most: 0, ..servers() },
            rate(0.0, 0.0, 0.0),
            Verdict::Carries,
            Some(0),
            "no requests",
        );
        check(Servers { replicas: 0, most: 0, ..servers() }, rate(1.0, 1.0, 1.0), Verdict::Cannot, Some(1), "no pod");
    }

    #[test]
    fn terms_add_up_to_the_figures() {
        let carrying = servers().carry(rate(100.0, 300.0, 400.0), Share::literal(0.8));
        let total = |basis: &Basis| basis.terms.iter().map(|term| term.amount).sum::<f64>();
        let each = carrying.per_replica.unwrap();
        let used = carrying.utilization.unwrap();
        let times = carrying.against_today.unwrap();
        assert!((total(&each.basis) - 75.0).abs() < 1e-9 && each.upper == Rate::per_second(100.0));
        assert!((total(&used.basis) - 0.75).abs() < 1e-9 && (used.value.as_number() - 0.75).abs() < 1e-9);
        assert!((total(&times.basis) - 1.5).abs() < 1e-9 && (times.value.as_number() - 1.5).abs() < 1e-9);
    }
}
