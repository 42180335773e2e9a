//! How the mesh gets to another version of Istio.
//!
//! **Question.** In which waves can the mesh move to a second revision, what does that take at its peak, and how long
//! is the way back?
//! **Law.** A second istiod stands beside the first while namespaces restart onto it, wave after wave; played event by
//! event on the cluster as it would be tuned.
//! **Decision.** The order and the waves of [`waves`]. Where the cluster has no room, nodes of the policy's pool are
//! added until it has.
//! **Patch.** None: revisions are moved by relabelling namespaces, one wave at a time, by whoever watches them.
//!
//! **Source.** istio.io, "Canary Upgrades"; [`crate::course`].

mod waves;

use self::waves::{Wave, waves};
use super::{Amount, Kind, Question, Recommendation, Setting, Withheld};
use crate::course::{Course, End, Upgrade, Upgraded, upgrade};
use crate::scenario::{Standing, with_nodes};
use crate::units::{Bytes, Millicores};

/// Plans an upgrade by revision.
#[must_use]
pub fn upgrade_plan(question: &Question<'_>) -> Vec<Recommendation> {
    question.standing().and_then(|standing| of_mesh(question, standing)).into_iter().collect()
}

fn of_mesh(question: &Question<'_>, standing: &Standing) -> Option<Recommendation> {
    let waves = waves(question, standing);
    let control_plane = istiods(standing);
    if control_plane.is_empty() || waves.is_empty() {
        return None;
    }
    let played = play(standing, &waves);
    let Upgraded { forward, back } = &played;
    let count = Setting::exact("waves", None, Amount::Count(waves.len() as u64));
    let mut found = Recommendation::new(Kind::UpgradePlan, "mesh", "istiod and its proxies", vec![count]);
    found.basis =
        waves.iter().enumerate().map(|(number, wave)| format!("wave {}: {}", number + 1, wave.words())).collect();
    found.basis.push(waves::basis(question).to_owned());
    if !standing.unplaced().is_empty() {
        let pods = standing.unplaced().len();
        found.basis.push(format!("{pods} pods have no node today: their workloads are left out"));
    }
    if let Some(why) = stuck(forward) {
        let room = match nodes_for(question, &waves) {
            Some(nodes) => format!("{nodes} more of {} would do", question.inputs.policy.node_pool.name),
            None => "further nodes do not help".to_owned(),
        };
        return Some(found.withhold(Withheld::Infeasible(format!("{why}; {room}"))));
    }
    let (peak, before) = (&forward.peak.requested, &standing.fill().requested);
    let cpu = Millicores::new(peak.cpu.get().saturating_sub(before.cpu.get()));
    let memory = Bytes::new(peak.memory.get().saturating_sub(before.memory.get()));
    found.settings.extend([
        Setting::exact("further CPU requests at the peak", None, Amount::Cpu(cpu)),
        Setting::exact("further memory requests at the peak", None, Amount::Memory(memory)),
        Setting::exact("takes", None, Amount::Time(forward.duration())),
    ]);
    found
        .settings
        .extend(back.as_ref().map(|back| Setting::exact("way back takes", None, Amount::Time(back.duration()))));
    found.basis.push(format!(
        "at its peak {} pods connect at once and {:.0} % of CPU and {:.0} % of memory stay free",
        forward.peak.connecting,
        100.0 * forward.peak.cpu_headroom,
        100.0 * forward.peak.memory_headroom,
    ));
    found.risk.brings = match back.as_ref().and_then(stuck) {
        Some(why) => vec![format!("the way back gets stuck: {why}")],
        None => vec!["every pod with a proxy restarts once, and once more on the way back".to_owned()],
    };
    let stay = forward.untouched.iter().map(|(why, pods)| {
        format!("{pods} pods {} keep the proxies they have until somebody restarts them", why.as_str())
    });
    found.risk.brings.extend(stay);
    Some(found)
}

fn istiods(standing: &Standing) -> Vec<usize> {
    let workloads = standing.inventory().workloads.iter().enumerate();
    workloads.filter(|(_, workload)| workload.is_istiod()).map(|(index, _)| index).collect()
}

fn play(standing: &Standing, waves: &[Wave]) -> Upgraded {
    let index = |id| standing.inventory().workloads.binary_search_by(|known| known.id.cmp(id)).ok();
    let waves = waves.iter().map(|wave| wave.workloads.iter().filter_map(index).collect()).collect();
    upgrade(&standing.setting(), &Upgrade { control_plane: istiods(standing), waves })
}

/// What a course is stuck on; `None` where it comes to its end.
fn stuck(course: &Course) -> Option<String> {
    match (&course.end, course.waiting.first()) {
        (End::Stuck { because, pod: Some(pod), .. }, _) => Some(format!("{pod} waits: {because}")),
        (End::Stuck { because, .. }, _) => Some(because.to_string()),
        (End::Finished { .. }, Some(waiting)) => Some(format!("{} has no node in the end", waiting.pod)),
        (End::Finished { .. }, None) => None,
    }
}

/// The fewest nodes of the pool with which it comes to its end; `None` where none of those tried do.
fn nodes_for(question: &Question<'_>, waves: &[Wave]) -> Option<u64> {
    /// A surge needs no more than this: that many nodes are another cluster.
    const MOST: u64 = 64;
    let policy = &question.inputs.policy;
    let is_enough = |count: u64| {
        let inventory = with_nodes(question.inventory().clone(), count, &policy.node_pool);
        let standing = Standing::new(&inventory, policy, &question.inputs.card);
        stuck(&play(&standing, waves).forward).is_none()
    };
    // Where many do not help, few need not be tried.
    let (mut too_few, mut enough) = (0, Some(MOST).filter(|most| is_enough(*most))?);
    while enough - too_few > 1 {
        let middle = too_few.midpoint(enough);
        if is_enough(middle) { enough = middle } else { too_few = middle }
    }
    Some(enough)
}
