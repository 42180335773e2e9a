//! Outlier detection of services.
//!
//! **Question.** Does outlier detection eject more hosts than the others can carry the load without, or, with so few
//! hosts, none at all? And does anything leave a failing pod alone where there is no outlier detection?
//! **Law.** [`crate::model::ejection`]: of `n` hosts `⌊n · p⌋` go at once; what can be spared is `n` less the replicas
//! that carry the load within the policy's target.
//! **Decision.** One host less than can be spared, so that ejection and the loss of one more leave enough. Where no
//! host is ever ejected and one can be spared beside another, one. Where there is no outlier detection, one, or a tenth
//! as Istio has it, if that many can be spared; its other settings are Istio's defaults, said.
//! **Patch.** `outlierDetection` of the `DestinationRule`, or a new one.

use std::collections::BTreeMap;

use super::rules::{self, Settings};
use super::{Amount, Kind, Question, Recommendation, Risk, Setting, Withheld};
use crate::inventory::objects::{DestinationRulePatch, OutlierDetection, Patch};
use crate::inventory::{Change, DestinationRule, ObjectName};
use crate::mesh::hosts;
use crate::model::ejection::percent_for;
use crate::resilience::EjectionCase;
use crate::units::Seconds;

/// Failures in a row after which Istio ejects, how often it looks, and how long it leaves a host alone at first, where
/// nothing is said (Istio's reference of DestinationRule).
const FAILURES: u64 = 5;
const INTERVAL: Seconds = Seconds::new(10.0);
const EJECTION: Seconds = Seconds::new(30.0);

/// Looks at every outlier detection that holds for a service of the input, and at every service without one.
#[must_use]
pub fn outlier_detection(question: &Question<'_>) -> Vec<Recommendation> {
    let rules = question.inventory().istio.destination_rules.iter();
    let rules: BTreeMap<String, &DestinationRule> = rules.map(|rule| (rule.name.to_string(), rule)).collect();
    let of_case = |case: &EjectionCase| of_case(case, rules.get(&case.rule)?);
    let resilience = &question.plan.resilience;
    let set = resilience.ejections.iter().filter_map(of_case);
    let guards = &resilience.guards;
    let lacking = guards
        .unwatched
        .iter()
        .filter(|case| !guards.is_held_by_nobody(&case.host))
        .filter_map(|case| added(question, case, rules.get(&case.rule).map(|rule| &rule.name)));
    set.chain(lacking).chain(not_added(question)).collect()
}

fn of_case(case: &EjectionCase, rule: &DestinationRule) -> Option<Recommendation> {
    let today = case.left_alone();
    // Without the CPU of a request nobody knows how many hosts can be spared.
    let (Some(spare), Some(most)) = (case.spare(), case.most_safe()) else {
        return (today > 0).then(|| unknown(case));
    };
    let wanted = if today == 0 { most.min(1) } else { most };
    let is_fine = today <= most && (today > 0 || wanted == 0);
    if is_fine {
        return None;
    }
    let needed = case.hosts.saturating_sub(spare);
    let percent = percent_for(case.hosts, wanted);
    let mut found = recommendation(case, Some(case.most_percent), percent, format!("DestinationRule {}", case.rule));
    found.basis = vec![
        format!("{} pods, of which {needed} carry the load within the target: {spare} can be spared", case.hosts),
        format!("{} % ejects up to {today} at once; one more may be lost for another reason", case.most_percent),
    ];
    found.terms.clone_from(&case.carrying.load.basis.terms);
    found.risk = Risk {
        removes: (today > most).then(|| "the pods that are left are overloaded once others are ejected".to_owned()),
        brings: vec![if today > most {
            "more failing pods than that keep getting requests".to_owned()
        } else {
            "a pod that fails five times in a row gets no requests for a while".to_owned()
        }],
    };
    if wanted == 0 {
        let why = format!(
            "{} pods at least carry the load and the loss of one; there are {}: add pods, or accept that failing ones stay",
            needed.saturating_add(2),
            case.hosts
        );
        return Some(found.withhold(Withheld::Infeasible(why)));
    }
    let is_of_host = case.subset.is_none() && case.port.is_none() && rule.policy.settings.outliers.is_some();
    if !is_of_host {
        let why = "it stands in a list of subsets or ports, which a patch would replace as a whole: set it there";
        return Some(found.withhold(Withheld::NotPatchable(why.to_owned())));
    }
    found.changes = vec![Change::Patch(Patch::DestinationRule(DestinationRulePatch {
        name: rule.name.clone(),
        outliers: OutlierDetection { max_ejection_percent: Some(percent), ..OutlierDetection::default() },
        ..DestinationRulePatch::default()
    }))];
    Some(found)
}

/// Outlier detection for a service that has none; `None` where it has no pod to spare for it.
fn added(question: &Question<'_>, case: &EjectionCase, rule: Option<&ObjectName>) -> Option<Recommendation> {
    if !case.could_eject() {
        return None;
    }
    let (spare, most) = (case.spare()?, case.most_safe()?);
    let tenth = case.hosts * OutlierDetection::DEFAULT_MAX_EJECTION_PERCENT / 100;
    let percent = percent_for(case.hosts, most.min(tenth.max(1)));
    let service = service(case)?;
    let mut found = recommendation(case, None, percent, format!("service {service}"));
    found.settings.extend([
        Setting::exact("consecutive5xxErrors", None, Amount::Count(FAILURES)),
        Setting::exact("interval", None, Amount::Time(INTERVAL)),
        Setting::exact("baseEjectionTime", None, Amount::Time(EJECTION)),
    ]);
    let needed = case.hosts.saturating_sub(spare);
    found.basis = vec![
        "nothing leaves a failing pod alone: it keeps getting its share of the requests".to_owned(),
        format!("{} pods, of which {needed} carry the load within the target: {spare} can be spared", case.hosts),
        format!("{percent} % ejects {} at once; one more may be lost", case.hosts * percent / 100),
    ];
    found.terms.clone_from(&case.carrying.load.basis.terms);
    found.risk.brings = vec!["a pod that fails five times in a row gets no requests for a while".to_owned()];
    let outliers = OutlierDetection {
        consecutive_5xx: Some(FAILURES),
        interval: Some(INTERVAL),
        base_ejection_time: Some(EJECTION),
        max_ejection_percent: Some(percent),
        ..OutlierDetection::default()
    };
    let settings = Settings { outliers, ..Settings::default() };
    Some(rules::set(question, &service, rule, settings, found))
}

/// Services of several pods without outlier detection that get none, all in one.
fn not_added(question: &Question<'_>) -> Option<Recommendation> {
    let guards = &question.plan.resilience.guards;
    let is_held = |case: &&EjectionCase| !guards.is_held_by_nobody(&case.host);
    let several = || guards.unwatched.iter().filter(is_held).filter(|case| case.hosts > 1 && !case.could_eject());
    let of = |case: &EjectionCase| hosts::short(&case.host);
    let unknown: Vec<String> = several().filter(|case| case.spare().is_none()).map(of).collect();
    let scarce: Vec<String> = several().filter(|case| case.spare().is_some()).map(of).collect();
    if unknown.is_empty() && scarce.is_empty() {
        return None;
    }
    let count = (unknown.len() + scarce.len()) as u64;
    let setting = Setting::exact("services with outlier detection", Some(Amount::Count(0)), Amount::Count(count));
    let found =
        Recommendation::new(Kind::OutlierDetection, "mesh", "services without outlier detection", vec![setting]);
    let first = |names: &[String]| {
        let dots = if names.len() > 3 { ", …" } else { "" };
        format!("{}{dots}", names.iter().take(3).cloned().collect::<Vec<String>>().join(", "))
    };
    let no_spare = format!(
        "of {} ({}) no pod can be spared beside one that is lost: add pods first",
        scarce.len(),
        first(&scarce)
    );
    Some(found.withhold(if unknown.is_empty() {
        Withheld::Infeasible(no_spare)
    } else {
        let more = if scarce.is_empty() { String::new() } else { format!("; {no_spare}") };
        Withheld::Data(format!(
            "measured requests and CPU of the application, and what it requests, of {} ({}){more}",
            unknown.len(),
            first(&unknown)
        ))
    }))
}

fn service(case: &EjectionCase) -> Option<ObjectName> {
    let short = hosts::short(&case.host);
    short.split_once('/').map(|(namespace, name)| ObjectName::new(namespace, name))
}

fn unknown(case: &EjectionCase) -> Recommendation {
    let subject = format!("DestinationRule {}", case.rule);
    let mut found = recommendation(case, Some(case.most_percent), case.most_percent, subject);
    found.basis = vec![format!("{} % ejects up to {} of {} pods", case.most_percent, case.at_once, case.hosts)];
    let why = "measured requests and CPU of the application, and what it requests: without them nobody knows what the \
               other pods carry";
    found.withhold(Withheld::Data(why.to_owned()))
}

fn recommendation(case: &EjectionCase, today: Option<u64>, percent: u64, subject: String) -> Recommendation {
    let parts = [Some(hosts::short(&case.host)), case.subset.clone(), case.port.map(|port| port.to_string())];
    let about = parts.into_iter().flatten().collect::<Vec<_>>().join("/");
    let share = |percent: u64| Amount::Share(percent as f64 / 100.0);
    let setting = Setting::exact("maxEjectionPercent", today.map(share), share(percent));
    Recommendation::new(Kind::OutlierDetection, &about, subject, vec![setting])
}
