//! Throttles, waits and connections of istiod.
//!
//! **Question.** Do proxies wait for something istiod is told to do, while it has cores to spare?
//! **Law.** [`crate::model::Convergence`]: of cores, pushes at once, network and accepted connections the scarcest decides
//! how long proxies wait; [`crate::model::Debounce`] merges changes; connections that reach their age move to other
//! replicas.
//! **Decision.**
//! - More connections a second (`PILOT_MAX_REQUESTS_PER_SECOND`) where that limit alone keeps a restart of istiod from
//!   being over within the policy's time: as few as do.
//! - More pushes at once (`PILOT_PUSH_THROTTLE`) where they decide how long a change takes: as few as let the cores decide.
//! - A longer quiet time (`PILOT_DEBOUNCE_AFTER`) where pushes are asked for faster than they are done and merging more of
//!   them ends that; withheld while the policy does not say how often things change.
//! - Endpoints that wait as well (`PILOT_ENABLE_EDS_DEBOUNCE`) where they were told not to, before that, and at once with
//!   a longer quiet time where it alone is not enough.
//! - A lower age of connections (`keepaliveMaxServerConnectionAge`) where the autoscaler still adds replicas under
//!   pushes and forgets about it before any connection has moved to them.
//!
//! **Patch.** Helm values of istiod.
//!
//! **Source.** istio/istio `pilot/pkg/features/tuning.go` and the istio-discovery chart (`templates/deployment.yaml`).

use super::{Amount, Kind, Question, Recommendation, Risk, Setting, Withheld};
use crate::card::ModelCard;
use crate::inventory::Change;
use crate::inventory::objects::{MeshConfig, MeshConfigOrigin, PilotSettings, PilotValues};
use crate::model::{Bound, Convergence, IstiodLimits, IstiodSettings};
use crate::overhead::{Event, Operation};
use crate::units::{Rate, Seconds};

/// Sets what keeps istiod waiting.
#[must_use]
pub fn istiod_environment(question: &Question<'_>) -> Vec<Recommendation> {
    let Some(operation) = &question.plan.control_plane.operation else { return Vec::new() };
    let istiod = Istiod { question, operation, card: question.inputs.card_as_installed() };
    let found = [istiod.connection_rate(), istiod.push_throttle(), istiod.merging(), istiod.connection_age()];
    found.into_iter().flatten().collect()
}

struct Istiod<'a> {
    question: &'a Question<'a>,
    operation: &'a Operation,
    card: ModelCard,
}

/// By how much limits are raised at a time, and how often at most.
const STEP: u64 = 5;
const MOST_STEPS: u64 = 2_000;

impl Istiod<'_> {
    fn connection_rate(&self) -> Option<Recommendation> {
        let within = self.question.inputs.policy.control_plane.reconnect_within;
        let today = self.operation.times.iter().find(|it| it.event == Event::Restart)?;
        if today.time.value <= within || today.bound != Bound::ConnectionRate {
            return None;
        }
        let now = self.operation.runtime.connection_rate.as_per_second();
        let mut best = (now, today.time.value);
        let mut target = None;
        for rate in raised(now) {
            let rate = rate as f64;
            let limits = self
                .limits(IstiodSettings { connection_rate: Some(Rate::per_second(rate)), ..IstiodSettings::default() });
            let then = self.operation.serving.reconnect(&self.law(&limits));
            best = (rate, then.time.value);
            if then.time.value <= within {
                target = Some(rate);
                break;
            }
            if then.bound != Bound::ConnectionRate {
                break;
            }
        }
        let (rate, time) = best;
        let setting = counted("PILOT_MAX_REQUESTS_PER_SECOND", now, rate);
        let mut found = found("connection-rate", setting);
        found.basis = vec![
            format!(
                "after istiod restarts {} proxies need {:.1} s to connect to {} replicas again, at {now} a second each",
                today.proxies,
                today.time.value.as_seconds(),
                self.operation.replicas
            ),
            format!(
                "at {rate} a second {:.1} s; control_plane.reconnect_within_seconds: {}",
                time.as_seconds(),
                within.as_seconds()
            ),
        ];
        found.terms.clone_from(&today.time.basis.terms);
        found.risk = Risk {
            removes: Some(format!(
                "after a restart of istiod some proxies have stale endpoints for {:.0} s",
                today.time.value.as_seconds()
            )),
            brings: vec!["all of istiod's cores are busy while its proxies connect again".to_owned(), replaced()],
        };
        if target.is_none() {
            let what = format!(
                "from {rate} a second on its cores decide, and all proxies are connected after {:.0} s; give istiod more \
                 replicas or cores",
                time.as_seconds()
            );
            return Some(found.withhold(Withheld::Infeasible(what)));
        }
        Some(setting_of(
            found,
            PilotSettings { connection_rate: Some(Rate::per_second(rate)), ..PilotSettings::default() },
        ))
    }

    fn push_throttle(&self) -> Option<Recommendation> {
        let today = self.operation.times.iter().find(|it| it.event == Event::ConfigChange)?;
        if today.bound != Bound::PushesAtOnce {
            return None;
        }
        let now = self.operation.runtime.pushes_at_once;
        let (throttle, then) = raised(now).find_map(|throttle| {
            let limits =
                self.limits(IstiodSettings { pushes_at_once: Some(throttle as f64), ..IstiodSettings::default() });
            let then = self.operation.serving.config_change(&self.law(&limits));
            (then.bound != Bound::PushesAtOnce).then_some((throttle, then))
        })?;
        let mut found = found("push-throttle", counted("PILOT_PUSH_THROTTLE", now, throttle as f64));
        found.basis = vec![
            format!(
                "a change of configuration reaches {} proxies in {:.2} s: {now} pushes at once wait for their \
                 connections while cores are free",
                today.proxies,
                today.time.value.as_seconds()
            ),
            format!(
                "with {throttle} at once in {:.2} s, which its {} decide",
                then.time.value.as_seconds(),
                if then.bound == Bound::Cores { "cores" } else { "network" }
            ),
        ];
        found.terms.clone_from(&today.time.basis.terms);
        found.risk.brings = vec!["istiod holds more pushes in memory at once".to_owned(), replaced()];
        Some(setting_of(found, PilotSettings { push_throttle: Some(throttle), ..PilotSettings::default() }))
    }

    /// Fewer and larger pushes: endpoints that wait as well, a longer quiet time, or both.
    fn merging(&self) -> Option<Recommendation> {
        const QUIET: [f64; 5] = [0.2, 0.5, 1.0, 2.0, 5.0];
        let (serving, changes) = (&self.operation.serving, &self.operation.changes);
        let limits = &self.card.istiod_limits;
        let (now, longest) = (limits.debounce_quiet(), limits.debounce_longest());
        let today = serving.pushes_under_way(&self.law(limits), changes);
        if today <= 1.0 {
            return None;
        }
        let at_once = !limits.endpoints_wait();
        let under_way = |quiet: Seconds| {
            let settings =
                IstiodSettings { debounce_quiet: Some(quiet), endpoints_wait: Some(true), ..Default::default() };
            serving.pushes_under_way(&self.law(&self.limits(settings)), changes)
        };
        let longer = QUIET.into_iter().map(Seconds::new).filter(|quiet| *quiet > now && *quiet < longest);
        let tried = at_once.then_some(now).into_iter().chain(longer).map(|quiet| (quiet, under_way(quiet)));
        // Where nothing ends it, endpoints that wait at least make it less.
        let less = || Some((now, under_way(now))).filter(|(_, then)| at_once && *then < today);
        let (quiet, then) = tried.into_iter().find(|(_, then)| *then <= 1.0).or_else(less)?;

        let said = |on: bool| Amount::Text(on.to_string());
        let wait = at_once.then(|| Setting::exact("PILOT_ENABLE_EDS_DEBOUNCE", Some(said(false)), said(true)));
        let longer = quiet > now;
        let after =
            longer.then(|| Setting::exact("PILOT_DEBOUNCE_AFTER", Some(Amount::Time(now)), Amount::Time(quiet)));
        let about = if at_once { "endpoint-debounce" } else { "debounce" };
        let settings = wait.into_iter().chain(after).collect();
        let mut found = Recommendation::new(Kind::IstiodEnvironment, about, "istiod", settings);
        found.basis = vec![
            format!(
                "{:.2} changes of pods{} and {:.2} of configuration a second: {today:.1} pushes under way on average, so that \
                 changes wait behind those before",
                changes.pods.as_per_second(),
                if at_once { ", each pushed at once," } else { "" },
                changes.config.as_per_second()
            ),
            format!("with {} s of quiet before a push {then:.2}", quiet.as_seconds()),
        ];
        let waiting = if at_once { "change of endpoints" } else { "change" };
        found.risk.brings =
            vec![format!("every {waiting} waits at least {} s before it is pushed", quiet.as_seconds()), replaced()];
        found.withheld = self.without_churn();
        let settings = PilotSettings {
            debounce_after: longer.then_some(quiet),
            endpoint_debounce: at_once.then_some(true),
            ..PilotSettings::default()
        };
        Some(setting_of(found, settings))
    }

    /// Why nothing that depends on how often things change is applied; `None` where the policy says it.
    fn without_churn(&self) -> Option<Withheld> {
        let churn = &self.question.inputs.policy.churn;
        let is_assumed = churn.pod_changes_per_hour.is_none() && churn.config_changes_per_hour.is_none();
        let missing = "how often things change is assumed; say it with churn.pod_changes_per_hour and \
                       churn.config_changes_per_hour";
        is_assumed.then(|| Withheld::Data(missing.to_owned()))
    }

    fn connection_age(&self) -> Option<Recommendation> {
        let own = self.operation.autoscaling.as_ref()?;
        if own.under_push <= own.at_rest || own.rebalanced_after <= own.memory {
            return None;
        }
        // Connections that come again are to take no more of the connection rate than is tolerated.
        let tolerated = self.operation.runtime.connection_rate.as_per_second()
            * self.operation.replicas as f64
            * self.question.policy().tolerance.get();
        let proxies = self.question.plan.control_plane.proxies as f64;
        let least = if tolerated > 0.0 { proxies / tolerated } else { f64::INFINITY };
        let minutes = (own.memory.as_seconds().max(least) / 60.0).ceil();
        let age = Seconds::new(minutes * 60.0);
        if age >= own.rebalanced_after {
            return None;
        }
        let now = Amount::Time(own.rebalanced_after);
        let mut found =
            found("connection-age", Setting::exact("keepaliveMaxServerConnectionAge", Some(now), Amount::Time(age)));
        found.basis = vec![
            format!(
                "the autoscaler goes from {} to {} replicas while changes are pushed, and takes them away after {:.0} min; \
                 connections move to them within {:.0} min",
                own.at_rest,
                own.under_push,
                own.memory.as_seconds() / 60.0,
                own.rebalanced_after.as_seconds() / 60.0
            ),
            format!(
                "at an age of {minutes:.0} min {:.2} of {proxies:.0} proxies connect again each second",
                proxies / age.as_seconds()
            ),
        ];
        found.risk.brings = vec!["each connection that comes again costs istiod a full push".to_owned(), replaced()];
        Some(setting_of(found, PilotSettings { connection_age: Some(age), ..PilotSettings::default() }))
    }

    fn law<'b>(&'b self, limits: &'b IstiodLimits) -> Convergence<'b> {
        Convergence { work: &self.card.istiod_work, limits }
    }

    fn limits(&self, settings: IstiodSettings) -> IstiodLimits {
        self.card.istiod_limits.set_by(&settings)
    }
}

/// Limits above one, step by step.
fn raised(now: f64) -> impl Iterator<Item = u64> {
    let from = (now / STEP as f64).floor() as u64;
    (1..=MOST_STEPS).map(move |step| (from + step) * STEP)
}

fn counted(name: &'static str, now: f64, target: f64) -> Setting {
    Setting::exact(name, Some(Amount::Count(now.round() as u64)), Amount::Count(target.round() as u64))
}

fn found(about: &str, setting: Setting) -> Recommendation {
    Recommendation::new(Kind::IstiodEnvironment, about, "istiod", vec![setting])
}

fn replaced() -> String {
    "istiod is replaced once: all proxies connect again".to_owned()
}

fn setting_of(mut found: Recommendation, settings: PilotSettings) -> Recommendation {
    let pilot = PilotValues { settings, ..PilotValues::default() };
    let values = MeshConfig { origin: MeshConfigOrigin::Overlay, pilot, ..MeshConfig::default() };
    found.changes = vec![Change::Values(Box::new(values))];
    found
}
