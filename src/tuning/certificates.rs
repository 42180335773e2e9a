//! Life of workload certificates, and how many may be asked for at once.
//!
//! **Question.** Does istiod spend a good deal of its CPU on renewals, or too long on those of a mass restart?
//! **Law.** [`crate::model::csr_rate`]: renewals fall with the life of a certificate; the time to sign after a restart grows
//! with the pods that restart together ([`crate::model::Certificates`]).
//! **Decision.** A short life is raised to the longest that security allows (`tuning.longest_certificate_hours`) where
//! that frees more of istiod's CPU than is tolerated. Nothing is ever shortened: that is for security to decide. A restart
//! that takes longer to sign than proxies may take to connect is to be done in waves, which is for people to do.
//! **Patch.** `SECRET_TTL` in `meshConfig.defaultConfig.proxyMetadata` of Helm values: agents ask for the life of their
//! certificates, and istiod's own default holds for those that do not ask.
//!
//! **Source.** istio/istio `pilot/cmd/pilot-agent/options/options.go` (SECRET_TTL, 24 hours); istio/istio issue 21944.

use super::{Amount, Kind, Question, Recommendation, Setting, Withheld};
use crate::inventory::Change;
use crate::inventory::objects::{CertificateSettings, MeshConfig, MeshConfigOrigin};
use crate::mesh::ProxyMode;
use crate::model::csr_rate;
use crate::units::Seconds;

/// Sets the life of certificates, and names restarts that are too large.
#[must_use]
pub fn certificates(question: &Question<'_>) -> Vec<Recommendation> {
    [life(question), at_once(question)].into_iter().flatten().collect()
}

fn life(question: &Question<'_>) -> Option<Recommendation> {
    let plan = &question.plan.control_plane.certificates;
    let operation = question.plan.control_plane.operation.as_ref()?;
    let said = question.inventory().istio.mesh.certificates;
    let allowed = question.policy().longest_certificate;
    let target = said.longest_seconds.map_or(allowed, |longest| allowed.min(Seconds::new(longest)));
    if target <= plan.ttl {
        return None;
    }
    let rate = |life: Seconds| csr_rate(plan.holders, life, plan.grace_ratio).as_per_second();
    let (today, then) = (rate(plan.ttl), rate(target));
    let term = operation.cpu.basis.terms.iter().find(|term| term.what.starts_with("certificates"))?;
    let saved = (today - then) * term.coefficient;
    if saved <= operation.cpu.value.as_cores() * question.policy().tolerance.get() {
        return None;
    }
    let time = |life: Seconds| Amount::Text(format!("{:.1} h", life.as_seconds() / 3600.0));
    let setting = Setting::exact("SECRET_TTL", Some(time(plan.ttl)), time(target));
    let mut found = Recommendation::new(Kind::Certificates, "life", "workload certificates", vec![setting]);
    found.basis = vec![
        format!(
            "{} certificates: {today:.2} are signed a second today and {then:.2} then, which frees {saved:.3} of istiod's \
             {:.3} cores",
            plan.holders,
            operation.cpu.value.as_cores()
        ),
        format!("tuning.longest_certificate_hours: {}; today as {} has it", allowed.as_seconds() / 3600.0, plan.from),
    ];
    found.terms.clone_from(&operation.cpu.basis.terms);
    found.risk.brings = vec![
        "a stolen certificate is of use for longer".to_owned(),
        "proxies that run keep the old life until they restart".to_owned(),
    ];
    if question.members().any(|it| it.member.mode == ProxyMode::Ambient) {
        found
            .risk
            .brings
            .push("ztunnels ask for the life that their own chart says (env.SECRET_TTL): set it there too".to_owned());
    }
    let in_object = plan.from.starts_with("ProxyConfig");
    if in_object {
        let what = format!("{} sets it, and holds more variables than are read here: set SECRET_TTL there", plan.from);
        return Some(found.withhold(Withheld::NotPatchable(what)));
    }
    let certificates = CertificateSettings { ttl_seconds: Some(target.as_seconds()), ..CertificateSettings::default() };
    let values = MeshConfig { origin: MeshConfigOrigin::Overlay, certificates, ..MeshConfig::default() };
    found.changes = vec![Change::Values(Box::new(values))];
    Some(found)
}

/// Advice: no object says how many pods people restart together.
fn at_once(question: &Question<'_>) -> Option<Recommendation> {
    let plan = &question.plan.control_plane.certificates;
    let within = question.inputs.policy.control_plane.reconnect_within;
    let all = plan.restart.as_ref()?;
    if all.value <= within {
        return None;
    }
    let pods = |time: Seconds| {
        let share = if time > Seconds::ZERO { within.as_seconds() / time.as_seconds() } else { 1.0 };
        Amount::Count((plan.holders as f64 * share.min(1.0)).floor().max(1.0) as u64)
    };
    let setting = Setting {
        name: "pods restarted at once",
        current: Some(Amount::Count(plan.holders)),
        lower: pods(all.upper),
        target: pods(all.value),
        upper: pods(all.lower),
    };
    let mut found = Recommendation::new(Kind::Certificates, "at-once", "restarts of the mesh", vec![setting]);
    found.basis = vec![
        format!(
            "{} certificates take istiod {:.0} s to sign when all pods restart, up to {:.0}; control_plane.\
             reconnect_within_seconds: {}",
            plan.holders,
            all.value.as_seconds(),
            all.upper.as_seconds(),
            within.as_seconds()
        ),
        "restart namespaces one after the other; `meshcap whatif` plays a restart in waves that fit the cluster"
            .to_owned(),
    ];
    found.terms.clone_from(&all.basis.terms);
    Some(found)
}
