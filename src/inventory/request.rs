//! What a pod asks the scheduler for.

use super::objects::{Container, PodSpec};
use crate::policy::SidecarForm;
use crate::resources::{Declared, Resources};
use crate::units::Millicores;

/// The request of a pod: containers, init containers in start order, native sidecars, pod-level
/// resources and overhead.
///
/// A native sidecar keeps running beside every later init container and beside the main containers,
/// so `request = max( maxᵢ(initᵢ + sidecars started before i), sidecars + containers ) + overhead`,
/// per resource. Source: KEP-753, stable since Kubernetes 1.33; pod-level resources override CPU and
/// memory (KEP-2837).
#[must_use]
pub fn pod_request(spec: &PodSpec) -> Resources {
    pod_request_with(spec, None)
}

/// The request of a pod after a proxy is injected.
///
/// A native proxy starts before the application's own init containers, as Istio injects it, and so
/// adds to their peak; a classic one is one more main container.
#[must_use]
pub fn pod_request_with(spec: &PodSpec, injected: Option<(&Container, SidecarForm)>) -> Resources {
    let mut steady = Resources::default();
    for container in &spec.containers {
        steady += &container_request(container);
    }
    let mut sidecars = Resources::default();
    let mut peak = Resources::default();
    match injected {
        Some((proxy, SidecarForm::Native)) => sidecars += &container_request(proxy),
        Some((proxy, _)) => steady += &container_request(proxy),
        None => {}
    }
    for init in &spec.init_containers {
        let request = container_request(init);
        if init.restartable {
            sidecars += &request;
            peak = peak.max(&sidecars);
        } else {
            peak = peak.max(&(request + &sidecars));
        }
    }
    let mut total = (steady + &sidecars).max(&peak);
    let (asked, allowed) = (&spec.pod_level.requests, &spec.pod_level.limits);
    total.cpu = of_pod(asked.cpu, allowed.cpu, total.cpu);
    total.memory = of_pod(asked.memory, allowed.memory, total.memory);
    total + &spec.overhead.to_resources()
}

/// What a pod asks for as a whole: its limit stands in only where no container asks for anything.
fn of_pod<T: Copy + Default + PartialEq>(asked: Option<T>, allowed: Option<T>, by_containers: T) -> T {
    let stand_in = allowed.filter(|_| by_containers == T::default());
    asked.or(stand_in).unwrap_or(by_containers)
}

/// The request of one container; where only a limit is declared, the request equals it.
#[must_use]
pub fn container_request(container: &Container) -> Resources {
    container.resources.effective_requests().to_resources()
}

/// The requests of a pod's application containers alone: no Istio proxy, no init containers.
#[must_use]
pub fn application_request(spec: &PodSpec) -> Resources {
    let mut total = Resources::default();
    for container in spec.containers.iter().filter(|container| container.name != super::PROXY_CONTAINER) {
        total += &container_request(container);
    }
    for sidecar in spec.init_containers.iter().filter(|init| init.restartable && init.name != super::PROXY_CONTAINER) {
        total += &container_request(sidecar);
    }
    total
}

/// The most CPU that a pod's application containers may use together; `None` where one of them has no limit.
#[must_use]
pub fn application_cpu_limit(spec: &PodSpec) -> Option<Millicores> {
    let sidecars = spec.init_containers.iter().filter(|init| init.restartable);
    let own = spec.containers.iter().chain(sidecars).filter(|container| container.name != super::PROXY_CONTAINER);
    let mut limits = own.map(|container| container.resources.limits.cpu).peekable();
    limits.peek()?;
    limits.sum()
}

/// Fills what is not declared from defaults, resource by resource.
pub(super) fn fill(declared: &mut Declared, defaults: &Declared) {
    declared.cpu = declared.cpu.or(defaults.cpu);
    declared.memory = declared.memory.or(defaults.memory);
    declared.ephemeral_storage = declared.ephemeral_storage.or(defaults.ephemeral_storage);
    for (name, &amount) in &defaults.extended {
        if !declared.extended.contains_key(name) {
            declared.extended.insert(name.clone(), amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::Requirements;
    use crate::units::Bytes;

    fn container(name: &str, millicores: u64) -> Container {
        let requests = Declared::new(Some(Millicores::new(millicores)), Some(Bytes::from_mib(millicores)));
        Container {
            name: name.to_owned(),
            resources: Requirements { requests, ..Requirements::default() },
            ..Container::default()
        }
    }

    fn sidecar(name: &str, millicores: u64) -> Container {
        Container { restartable: true, ..container(name, millicores) }
    }

    fn spec(containers: Vec<Container>, init_containers: Vec<Container>) -> PodSpec {
        PodSpec { containers, init_containers, ..PodSpec::default() }
    }

    fn cpu_of(spec: &PodSpec) -> u64 {
        pod_request(spec).cpu.get()
    }

    /// Golden vector: the order of init containers decides.
    #[test]
    fn native_sidecars_add_to_later_init_containers() {
        let app = || vec![container("app", 1000)];
        let init = |name| container(name, if name == "migrate" { 2000 } else { 100 });
        let proxy = || sidecar("istio-proxy", 100);
        assert_eq!(cpu_of(&spec(app(), vec![init("istio-init"), proxy(), init("migrate")])), 2100);
        assert_eq!(cpu_of(&spec(app(), vec![init("istio-init"), init("migrate"), proxy()])), 2000);
    }

    #[test]
    fn injection_equals_the_injected_pod() {
        let before = spec(vec![container("app", 1000)], vec![container("migrate", 2000)]);
        let proxy = container("istio-proxy", 100);
        let classic = spec(vec![container("app", 1000), proxy.clone()], vec![container("migrate", 2000)]);
        let native = spec(vec![container("app", 1000)], vec![sidecar("istio-proxy", 100), container("migrate", 2000)]);
        assert_eq!(pod_request_with(&before, Some((&proxy, SidecarForm::Classic))), pod_request(&classic));
        assert_eq!(pod_request_with(&before, Some((&proxy, SidecarForm::Native))), pod_request(&native));
    }

    #[test]
    fn limits_stand_in_for_requests_and_pod_level_overrides() {
        let mut only_limit = Container::default();
        only_limit.resources.limits.cpu = Some(Millicores::new(300));
        let mut pod = spec(vec![only_limit], vec![]);
        assert_eq!(cpu_of(&pod), 300);
        pod.pod_level.requests.cpu = Some(Millicores::new(700));
        pod.overhead.cpu = Some(Millicores::new(50));
        assert_eq!(cpu_of(&pod), 750);
    }

    /// KEP-2837: with a limit of the pod alone, its request is what containers ask for together, and
    /// the limit only if they ask for nothing.
    #[test]
    fn a_limit_of_the_pod_gives_way_to_requests_of_containers() {
        let mut pod = spec(vec![container("app", 300), container("logs", 100)], vec![]);
        pod.pod_level.limits.cpu = Some(Millicores::new(1000));
        assert_eq!(cpu_of(&pod), 400);
        pod.containers = vec![Container::default()];
        assert_eq!(cpu_of(&pod), 1000);
    }

    #[test]
    fn one_container_without_a_limit_leaves_the_application_without() {
        let limited = |name, millicores| {
            let mut container = container(name, millicores);
            container.resources.limits.cpu = Some(Millicores::new(millicores));
            container
        };
        let proxy = || container("istio-proxy", 100);
        for (containers, limit) in [
            (vec![limited("app", 500), proxy()], Some(500)),
            (vec![limited("app", 500), limited("logs", 50)], Some(550)),
            (vec![limited("app", 500), container("logs", 50)], None),
            (vec![proxy()], None),
        ] {
            assert_eq!(application_cpu_limit(&spec(containers, vec![])), limit.map(Millicores::new));
        }
    }

    #[test]
    fn the_application_is_the_pod_without_its_proxy() {
        let pod = spec(vec![container("app", 1000), container("istio-proxy", 100)], vec![sidecar("logs", 50)]);
        assert_eq!(application_request(&pod).cpu.get(), 1050);
    }
}
