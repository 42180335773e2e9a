//! Pod specifications as the injector leaves them: with a proxy, completed, or without one any more.

use std::borrow::Cow;

use crate::inventory::{Container, PROXY_CONTAINER, PodSpec};
use crate::mesh::Proxy;
use crate::policy::SidecarForm;
use crate::resources::Requirements;

/// What a pod runs today: a template whose injection has yet to complete already counts its proxy.
pub(super) fn today<'a>(spec: &'a PodSpec, proxy: Option<&Proxy>) -> Cow<'a, PodSpec> {
    let completed = proxy.filter(|_| has_proxy(spec)).and_then(|proxy| completed(spec, &proxy.container));
    completed.map_or(Cow::Borrowed(spec), Cow::Owned)
}

/// What a pod runs with its planned proxy.
///
/// A native proxy starts before the application's own init containers, a classic one runs beside its
/// containers. Init containers that only set up the network are left out: they ask for no more than the
/// proxy and end before it starts.
pub(super) fn with_proxy<'a>(spec: &'a PodSpec, proxy: Option<&Proxy>) -> Cow<'a, PodSpec> {
    let Some(proxy) = proxy.filter(|_| !has_proxy(spec)) else { return today(spec, proxy) };
    let mut spec = spec.clone();
    let mut container = proxy.container.clone();
    PROXY_CONTAINER.clone_into(&mut container.name);
    match proxy.form {
        SidecarForm::Native => {
            container.restartable = true;
            spec.init_containers.insert(0, container);
        }
        _ => spec.containers.push(container),
    }
    Cow::Owned(spec)
}

/// The proxy of a pod, classic or native.
#[must_use]
pub fn proxy_of(spec: &PodSpec) -> Option<&Container> {
    let native = spec.init_containers.iter().filter(|init| init.restartable);
    spec.containers.iter().chain(native).find(|container| container.name == PROXY_CONTAINER)
}

fn has_proxy(spec: &PodSpec) -> bool {
    proxy_of(spec).is_some()
}

/// A template whose proxy injection has yet to complete (`image: auto`), with what it will ask for.
fn completed(spec: &PodSpec, proxy: &Container) -> Option<PodSpec> {
    let is_blank = |container: &Container| {
        container.name == PROXY_CONTAINER && container.image == "auto" && container.resources == Requirements::default()
    };
    let index = spec.containers.iter().position(is_blank)?;
    let mut spec = spec.clone();
    spec.containers.get_mut(index)?.resources = proxy.resources.clone();
    Some(spec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::request::{container_request, pod_request};
    use crate::inventory::without_proxy;
    use crate::resources::Declared;
    use crate::units::{Bytes, Millicores};

    fn container(name: &str, image: &str, millicores: Option<u64>) -> Container {
        let requests = Declared::new(millicores.map(Millicores::new), millicores.map(Bytes::from_mib));
        Container {
            name: name.to_owned(),
            image: image.to_owned(),
            resources: Requirements { requests, ..Requirements::default() },
            ..Container::default()
        }
    }

    fn proxy(form: SidecarForm) -> Proxy {
        Proxy {
            container: container(PROXY_CONTAINER, "", Some(100)),
            present: false,
            running: 0,
            form,
            workers: 2,
            workers_basis: "test",
        }
    }

    /// CPU a pod of these containers asks for today and with the mesh, and the part its proxy makes.
    fn requested(containers: Vec<Container>) -> [u64; 3] {
        let (proxy, spec) = (proxy(SidecarForm::Classic), PodSpec { containers, ..PodSpec::default() });
        let planned = with_proxy(&spec, Some(&proxy));
        let share = proxy_of(&planned).map(container_request).unwrap_or_default();
        [pod_request(&today(&spec, Some(&proxy))), pod_request(&planned), share].map(|amount| amount.cpu.get())
    }

    #[test]
    fn a_proxy_is_asked_for_once() {
        let app = || container("app", "cart:1", Some(500));
        let proxy = |image, millicores| container(PROXY_CONTAINER, image, millicores);
        for (containers, expected) in [
            (vec![app()], [500, 600, 100]),
            (vec![app(), proxy("proxyv2:1.24", Some(70))], [570, 570, 70]),
            // Declares nothing, and that is what the scheduler sees.
            (vec![app(), proxy("proxyv2:1.24", None)], [500, 500, 0]),
            // To be completed by injection.
            (vec![proxy("auto", None)], [100, 100, 100]),
            (vec![proxy("auto", Some(30))], [30, 30, 30]),
        ] {
            assert_eq!(requested(containers.clone()), expected, "{containers:?}");
        }
    }

    #[test]
    fn a_native_proxy_runs_beside_the_init_containers_of_the_application() {
        let spec = PodSpec {
            containers: vec![container("app", "", Some(500))],
            init_containers: vec![container("migrate", "", Some(900))],
            ..PodSpec::default()
        };
        for (form, expected) in [(SidecarForm::Native, 1000), (SidecarForm::Classic, 900)] {
            let planned = with_proxy(&spec, Some(&proxy(form)));
            assert_eq!(pod_request(&planned).cpu.get(), expected, "{form:?}");
            assert_eq!(without_proxy(&planned), spec, "{form:?}");
        }
    }
}
