//! What a pod asks the scheduler for, by version: for filters, and for scores, where nothing asked counts as something.

use crate::inventory::PodSpec;
use crate::inventory::objects::{Container, Resized};
use crate::resources::{Declared, Resources};
use crate::units::{Bytes, Millicores};

use super::KubernetesVersion;

/// What a container without a CPU request counts for in scores (`util/pod_resources.go`).
const UNSAID_CPU: Millicores = Millicores::new(100);
/// What a container without a memory request counts for in scores.
const UNSAID_MEMORY: Bytes = Bytes::new(200 * 1024 * 1024);

/// What a pod asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodRequest {
    /// What filters count.
    pub real: Resources,
    /// What NodeResourcesFit scores.
    pub scored: Resources,
}

/// The request of a pod.
///
/// `max( maxᵢ(initᵢ + sidecars started before i), sidecars + containers )`, overridden by what the pod
/// as a whole asks for, plus overhead; per resource. Source: `PodRequests` in component-helpers; see
/// [`crate::inventory::request::pod_request`] for the same without versions.
#[must_use]
pub fn pod_request(spec: &PodSpec, resized: Option<&Resized>, version: KubernetesVersion) -> PodRequest {
    let resized = resized.filter(|_| version.counts_resizes());
    let containers = of_containers(spec, resized, &Declared::default());
    let whole = if version.counts_pod_level_resources() { of_pod(spec, &containers) } else { Declared::default() };
    let unsaid = Declared {
        cpu: whole.cpu.is_none().then_some(UNSAID_CPU),
        memory: whole.memory.is_none().then_some(UNSAID_MEMORY),
        ..Declared::default()
    };
    let scored = with_whole(of_containers(spec, resized, &unsaid), spec, &whole);
    PodRequest { real: with_whole(containers, spec, &whole), scored }
}

/// What the pod as a whole asks for: CPU, memory and huge pages. A limit stands in where no container asks for anything.
fn of_pod(spec: &PodSpec, containers: &Resources) -> Declared {
    let (asked, allowed) = (&spec.pod_level.requests, &spec.pod_level.limits);
    let huge_pages = asked.extended.iter().filter(|(name, _)| name.starts_with("hugepages-"));
    Declared {
        cpu: asked.cpu.or(allowed.cpu.filter(|_| containers.cpu.is_zero())),
        memory: asked.memory.or(allowed.memory.filter(|_| containers.memory.is_zero())),
        ephemeral_storage: None,
        extended: huge_pages.map(|(name, &amount)| (name.clone(), amount)).collect(),
    }
}

fn of_containers(spec: &PodSpec, resized: Option<&Resized>, unsaid: &Declared) -> Resources {
    let asked = |container: &Container| {
        let requests = container.resources.effective_requests().or(unsaid).to_resources();
        let held = resized
            .and_then(|it| it.containers.iter().find(|(name, _)| *name == container.name).map(|(_, held)| (it, held)));
        match held {
            Some((resized, held)) if resized.infeasible => held.clone(),
            Some((_, held)) => requests.max(held),
            None => requests,
        }
    };
    let mut steady = Resources::default();
    for container in &spec.containers {
        steady += &asked(container);
    }
    let (mut sidecars, mut peak) = (Resources::default(), Resources::default());
    for init in &spec.init_containers {
        let request = asked(init);
        if init.restartable {
            sidecars += &request;
            peak = peak.max(&sidecars);
        } else {
            peak = peak.max(&(request + &sidecars));
        }
    }
    (steady + &sidecars).max(&peak)
}

fn with_whole(mut total: Resources, spec: &PodSpec, whole: &Declared) -> Resources {
    total.cpu = whole.cpu.unwrap_or(total.cpu);
    total.memory = whole.memory.unwrap_or(total.memory);
    total.extended.extend(whole.extended.iter().map(|(name, &amount)| (name.clone(), amount)));
    total + &spec.overhead.to_resources()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::Requirements;

    fn container(name: &str, cpu: Option<u64>) -> Container {
        let requests = Declared::new(cpu.map(Millicores::new), None);
        Container {
            name: name.to_owned(),
            resources: Requirements { requests, ..Requirements::default() },
            ..Container::default()
        }
    }

    fn cpu(spec: &PodSpec, resized: Option<&Resized>, version: KubernetesVersion) -> (u64, u64) {
        let request = pod_request(spec, resized, version);
        (request.real.cpu.get(), request.scored.cpu.get())
    }

    /// Golden vector: a native proxy before or after a heavy init container.
    #[test]
    fn the_order_of_init_containers_decides() {
        let native = || Container { restartable: true, ..container("istio-proxy", Some(100)) };
        let heavy = || container("migrate", Some(2000));
        for (inits, expected) in [
            (vec![container("istio-init", Some(100)), native(), heavy()], 2100),
            (vec![container("istio-init", Some(100)), heavy(), native()], 2000),
        ] {
            let spec = PodSpec {
                containers: vec![container("app", Some(1000))],
                init_containers: inits,
                ..PodSpec::default()
            };
            assert_eq!(cpu(&spec, None, KubernetesVersion::V1_34), (expected, expected));
        }
    }

    #[test]
    fn what_is_not_said_counts_in_scores_only_and_zero_is_said() {
        let spec = |containers| PodSpec { containers, ..PodSpec::default() };
        for (containers, expected) in [
            (vec![container("a", None)], (0, 100)),
            (vec![container("a", Some(0))], (0, 0)),
            (vec![container("a", None), container("b", Some(300))], (300, 400)),
        ] {
            assert_eq!(cpu(&spec(containers), None, KubernetesVersion::V1_34), expected);
        }
        let memory = pod_request(&spec(vec![container("a", None)]), None, KubernetesVersion::V1_34).scored.memory;
        assert_eq!(memory, Bytes::from_mib(200));
    }

    #[test]
    fn pods_as_a_whole_count_since_1_34() {
        let mut spec = PodSpec { containers: vec![container("a", Some(300))], ..PodSpec::default() };
        spec.pod_level.requests.cpu = Some(Millicores::new(700));
        spec.overhead.cpu = Some(Millicores::new(50));
        assert_eq!(cpu(&spec, None, KubernetesVersion::V1_33), (350, 350));
        assert_eq!(cpu(&spec, None, KubernetesVersion::V1_34), (750, 750));
    }

    #[test]
    fn resizes_under_way_hold_the_larger_amount() {
        let spec = PodSpec { containers: vec![container("a", Some(500))], ..PodSpec::default() };
        let held = Resources::new(Millicores::new(800), Bytes::ZERO);
        let shrinking = Resized { containers: vec![("a".to_owned(), held.clone())], infeasible: false };
        let small = Resources::new(Millicores::new(200), Bytes::ZERO);
        let growing = Resized { containers: vec![("a".to_owned(), small)], infeasible: false };
        let never = Resized { infeasible: true, ..growing.clone() };
        for (resized, version, expected) in [
            (&shrinking, KubernetesVersion::V1_32, 500),
            (&shrinking, KubernetesVersion::V1_33, 800),
            (&growing, KubernetesVersion::V1_34, 500),
            (&never, KubernetesVersion::V1_34, 200),
        ] {
            assert_eq!(cpu(&spec, Some(resized), version).0, expected, "{resized:?}");
        }
    }
}
