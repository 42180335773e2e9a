//! Outlier detection of services.
//!
//! **Question.** Does outlier detection eject more hosts than the others can carry the load without, or, with so few
//! hosts, none at all?
//! **Law.** [`crate::model::ejection`]: of `n` hosts `⌊n · p⌋` go at once; what can be spared is `n` less the replicas
//! that carry the load within the policy's target.
//! **Decision.** One host less than can be spared, so that ejection and the loss of one more leave enough. Where no
//! host is ever ejected and one can be spared beside another, one.
//! **Patch.** `maxEjectionPercent` of the `DestinationRule`.

use super::{Amount, Kind, Question, Recommendation, Risk, Setting, Withheld};
use crate::inventory::objects::{DestinationRulePatch, OutlierDetection, Patch};
use crate::inventory::{Change, DestinationRule};
use crate::model::ejection::{Ejection, percent_for};
use crate::resilience::EjectionCase;

/// Looks at every outlier detection that holds for a service of the input.
#[must_use]
pub fn outlier_detection(question: &Question<'_>) -> Vec<Recommendation> {
    let rules = &question.inventory().istio.destination_rules;
    let of_case = |case: &EjectionCase| {
        let rule = rules.iter().find(|rule| rule.name.to_string() == case.rule)?;
        of_case(case, rule)
    };
    question.plan.resilience.ejections.iter().filter_map(of_case).collect()
}

fn of_case(case: &EjectionCase, rule: &DestinationRule) -> Option<Recommendation> {
    let today = Ejection::new(case.hosts, case.most_percent, case.min_health_percent).left_alone();
    // Without the CPU of a request nobody knows how many hosts can be spared.
    let Some(needed) = case.carrying.needed.filter(|_| case.carrying.utilization.is_some() || case.hosts == case.gone)
    else {
        return (today > 0).then(|| unknown(case));
    };
    let spare = case.hosts.saturating_sub(needed);
    let most = spare.saturating_sub(1);
    let wanted = if today == 0 { most.min(1) } else { most };
    let is_fine = today <= most && (today > 0 || wanted == 0);
    if is_fine {
        return None;
    }
    let percent = percent_for(case.hosts, wanted);
    let mut found = recommendation(case, percent);
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

fn unknown(case: &EjectionCase) -> Recommendation {
    let mut found = recommendation(case, case.most_percent);
    found.basis = vec![format!("{} % ejects up to {} of {} pods", case.most_percent, case.at_once, case.hosts)];
    let why = "measured requests and CPU of the application, and what it requests: without them nobody knows what the \
               other pods carry";
    found.withhold(Withheld::Data(why.to_owned()))
}

fn recommendation(case: &EjectionCase, percent: u64) -> Recommendation {
    let mut about = case.host.split('.').take(2).collect::<Vec<_>>();
    about.reverse();
    let parts = [Some(about.join("/")), case.subset.clone(), case.port.map(|port| port.to_string())];
    let about = parts.into_iter().flatten().collect::<Vec<_>>().join("/");
    let share = |percent: u64| Amount::Share(percent as f64 / 100.0);
    let setting = Setting::exact("maxEjectionPercent", Some(share(case.most_percent)), share(percent));
    let subject = format!("DestinationRule {}", case.rule);
    Recommendation::new(Kind::OutlierDetection, &about, subject, vec![setting])
}
