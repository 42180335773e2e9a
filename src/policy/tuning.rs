//! What recommendations may change, and how far.

use serde::{Deserialize, Serialize};

use super::{bytes, hours, millicores, optional_bytes};
use crate::units::{Bytes, Millicores, Seconds, Share};

/// What recommendations may change, and how far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TuningPolicy {
    /// The most a setting may be lowered at once, as a share of what it is; raises are never held back.
    pub max_change: Share,
    /// A setting that is this close to what it should be, as a share, is left alone unless it is dangerous.
    pub tolerance: Share,
    /// Least CPU request of a proxy.
    #[serde(with = "millicores")]
    pub least_proxy_cpu: Millicores,
    /// Least memory request of a proxy.
    #[serde(with = "bytes")]
    pub least_proxy_memory: Bytes,
    /// Share of its worker threads a proxy may keep busy at the upper end of its CPU.
    pub worker_utilization: Share,
    /// Whether namespaces may be moved to ambient mode; otherwise that is only shown.
    pub ambient: bool,
    /// Share of its request that the application's container uses in the mean, by autoscalers that are yet to come.
    pub autoscaler_target: Share,
    /// Share of CFS periods in which a proxy may be throttled; more is a danger.
    pub throttling: Share,
    /// Spans per second that the proxies of the whole mesh may make; `None` where nobody said, and the sampling is left
    /// alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span_budget: Option<f64>,
    /// Access log that the whole mesh may write in a day; `None` where nobody said.
    #[serde(with = "optional_bytes", skip_serializing_if = "Option::is_none")]
    pub log_budget: Option<Bytes>,
    /// Time series that the whole mesh may have; `None` where nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series_budget: Option<f64>,
    /// The longest life of workload certificates that security allows; none is made to live longer.
    #[serde(rename = "longest_certificate_hours", with = "hours")]
    pub longest_certificate: Seconds,
    /// Workloads left alone, as `NAMESPACE/NAME`; `*` stands for any name.
    pub exclude: Vec<String>,
    /// Recommendations that are not wanted.
    pub waivers: Vec<Waiver>,
}

/// A recommendation that is not wanted, for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The recommendation as `meshcap tune` names it; `*` at the end stands for anything.
    pub id: String,
    /// Why.
    pub reason: String,
    /// The last day on which it holds, as `2027-03-31`; without, it holds for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Default for TuningPolicy {
    fn default() -> Self {
        Self {
            max_change: Share::ONE,
            tolerance: Share::literal(0.1),
            least_proxy_cpu: Millicores::new(10),
            least_proxy_memory: Bytes::from_mib(40),
            worker_utilization: Share::literal(0.6),
            ambient: false,
            autoscaler_target: Share::literal(0.7),
            throttling: Share::literal(0.05),
            span_budget: None,
            log_budget: None,
            series_budget: None,
            longest_certificate: Seconds::from_hours(24.0),
            exclude: Vec::new(),
            waivers: Vec::new(),
        }
    }
}

impl TuningPolicy {
    /// Whether a workload is left alone.
    #[must_use]
    pub fn excludes(&self, namespace: &str, name: &str) -> bool {
        let covers = |pattern: &String| {
            let (in_namespace, named) = pattern.split_once('/').unwrap_or((pattern, "*"));
            in_namespace == namespace && (named == "*" || named == name)
        };
        self.exclude.iter().any(covers)
    }

    /// The waiver that holds for a recommendation on a day, `2027-03-31`; without a day all hold.
    #[must_use]
    pub fn waiver(&self, id: &str, today: Option<&str>) -> Option<&Waiver> {
        let covers = |pattern: &str| match pattern.strip_suffix('*') {
            Some(start) => id.starts_with(start),
            None => id == pattern,
        };
        let holds = |until: &Option<String>| match (until, today) {
            (Some(until), Some(today)) => today <= until.as_str(),
            _ => true,
        };
        self.waivers.iter().find(|waiver| covers(&waiver.id) && holds(&waiver.until))
    }

    /// What is wrong with it, if anything.
    pub(super) fn wrong(&self) -> Option<String> {
        if self.max_change.get() <= 0.0 {
            return Some("tuning.max_change is 0: nothing could be lowered; use a share such as 0.5".to_owned());
        }
        if self.worker_utilization.get() <= 0.0 {
            return Some(
                "tuning.worker_utilization is 0: no number of threads would do; use a share such as 0.6".to_owned(),
            );
        }
        if self.autoscaler_target.get() < 0.01 {
            return Some(
                "tuning.autoscaler_target is below 1 %: no number of replicas would do; use a share such as 0.7"
                    .to_owned(),
            );
        }
        if self.least_proxy_memory.is_zero() || self.least_proxy_cpu.is_zero() {
            return Some("tuning.least_proxy_cpu and least_proxy_memory must be above 0".to_owned());
        }
        let is_amount = |budget: Option<f64>| budget.is_none_or(|amount| amount.is_finite() && amount >= 0.0);
        if !is_amount(self.span_budget) || !is_amount(self.series_budget) {
            return Some("tuning.span_budget and series_budget must be finite numbers, 0 or more".to_owned());
        }
        let life = self.longest_certificate.as_seconds();
        if !life.is_finite() || life <= 0.0 {
            return Some("tuning.longest_certificate_hours must be a finite number above 0".to_owned());
        }
        let waivers = self.waivers.iter();
        let mut wrong = waivers.filter_map(|waiver| {
            let until = waiver.until.as_deref().unwrap_or("2000-01-01");
            if waiver.reason.trim().is_empty() {
                return Some(format!("tuning.waivers: the waiver of {} gives no reason", waiver.id));
            }
            (!is_day(until)).then(|| {
                format!("tuning.waivers: until = {until:?} of {} is no day; write it as \"2027-03-31\"", waiver.id)
            })
        });
        wrong.next()
    }
}

/// Whether a text is a day as `2027-03-31`, so that texts order as days do.
#[must_use]
pub fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number = |text: &str, digits: usize| {
        Some(text).filter(|text| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
    };
    let (year, month, day): (Option<u32>, Option<u32>, Option<u32>) =
        (number(year, 4), number(month, 2), number(day, 2));
    let leap = year.is_some_and(|year| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let days = match month {
        Some(1 | 3 | 5 | 7 | 8 | 10 | 12) => 31,
        Some(4 | 6 | 9 | 11) => 30,
        Some(2) if leap => 29,
        Some(2) => 28,
        _ => 0,
    };
    year.is_some() && day.is_some_and(|day| (1..=days).contains(&day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_days() {
        for (text, is) in [
            ("2027-03-31", true),
            ("2028-02-29", true),
            ("2027-02-29", false),
            ("2100-02-29", false),
            ("2027-3-31", false),
            ("2027-13-01", false),
            ("2027-00-10", false),
            ("2027-04-31", false),
            ("tomorrow", false),
            ("", false),
        ] {
            assert_eq!(is_day(text), is, "{text}");
        }
    }

    #[test]
    fn waivers_hold_up_to_their_day() {
        let waiver = |id: &str, until: Option<&str>| Waiver {
            id: id.to_owned(),
            reason: "agreed".to_owned(),
            until: until.map(str::to_owned),
        };
        let waivers = vec![waiver("proxy-resources/shop/*", Some("2027-03-31")), waiver("istiod", None)];
        let policy = TuningPolicy { waivers, ..TuningPolicy::default() };
        for (id, today, holds) in [
            ("proxy-resources/shop/cart", Some("2027-03-31"), true),
            ("proxy-resources/shop/cart", Some("2027-04-01"), false),
            ("proxy-resources/shop/cart", None, true),
            ("proxy-resources/other/cart", Some("2027-03-31"), false),
            ("istiod", Some("2099-01-01"), true),
            ("istiod-size", Some("2027-01-01"), false),
        ] {
            assert_eq!(policy.waiver(id, today).is_some(), holds, "{id} {today:?}");
        }
    }

    #[test]
    fn excluded_are_named_or_a_whole_namespace() {
        let exclude = vec!["shop/cart".to_owned(), "legacy/*".to_owned(), "old".to_owned()];
        let policy = TuningPolicy { exclude, ..TuningPolicy::default() };
        let excluded = |namespace, name| policy.excludes(namespace, name);
        assert!(excluded("shop", "cart") && excluded("legacy", "any") && excluded("old", "any"));
        assert!(!excluded("shop", "cart2") && !excluded("other", "cart"));
    }
}
