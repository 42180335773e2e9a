//! The proxy container itself: its resources and worker threads.

use super::findings::{ANNOTATION_ERASES_DEFAULTS, ANNOTATION_NOT_A_QUANTITY, PROXY_WITHOUT_CPU_LIMIT};
use super::{Proxy, ProxyMode};
use crate::card::InjectionDefaults;
use crate::finding::{Finding, Tally};
use crate::inventory::{
    Container, IstioConfig, Labels, PROXY_CONTAINER, PROXY_CPU as CPU, PROXY_CPU_LIMIT as CPU_LIMIT,
    PROXY_MEMORY as MEMORY, PROXY_MEMORY_LIMIT as MEMORY_LIMIT, PodSpec, Workload,
};
use crate::policy::{InjectionPolicy, SidecarForm};
use crate::quantity;
use crate::resources::{Declared, Requirements};
use crate::units::Millicores;

/// A proxy container in a pod, and whether it is a native sidecar.
pub(super) struct FoundProxy<'a> {
    pub container: &'a Container,
    pub native: bool,
}

/// The Istio proxy of a pod, if it has one.
pub(super) fn find_proxy(spec: &PodSpec) -> Option<FoundProxy<'_>> {
    let named = |containers: &'_ [Container]| containers.iter().position(|container| container.name == PROXY_CONTAINER);
    if let Some(index) = named(&spec.containers) {
        return spec.containers.get(index).map(|container| FoundProxy { container, native: false });
    }
    let index = named(&spec.init_containers)?;
    spec.init_containers
        .get(index)
        .filter(|init| init.restartable)
        .map(|container| FoundProxy { container, native: true })
}

/// What decides an injected proxy.
pub(super) struct Context<'a> {
    pub defaults: &'a InjectionDefaults,
    pub policy: &'a InjectionPolicy,
    /// Settings of proxies, from the mesh to single workloads.
    pub istio: &'a IstioConfig,
    /// CPU of the largest node, if nodes are known.
    pub largest_node_cpu: Option<Millicores>,
}

/// Odd proxies, counted.
#[derive(Default)]
pub(super) struct ProxyNotes {
    erasing: Tally,
    malformed: Vec<Finding>,
    unlimited: Tally,
}

impl ProxyNotes {
    pub fn findings(self) -> Vec<Finding> {
        let mut findings = self.malformed;
        findings.extend(self.erasing.finding(&ANNOTATION_ERASES_DEFAULTS, "workloads", |names| {
            format!("some but not all resource annotations are set: {names}")
        }));
        findings.extend(self.unlimited.finding(&PROXY_WITHOUT_CPU_LIMIT, "workloads", |names| {
            format!("proxies run a worker thread for every core of the node: {names}")
        }));
        findings
    }
}

/// ztunnel is no Envoy: it runs two worker threads whatever its limit (ztunnel, up to Istio 1.30).
const ZTUNNEL_WORKERS: (u32, &str) = (2, "ztunnel's own default");

impl Context<'_> {
    /// The proxy that pods already have.
    pub fn existing(
        &self,
        workload: &Workload,
        found: &FoundProxy<'_>,
        running: u64,
        mode: ProxyMode,
        notes: &mut ProxyNotes,
    ) -> Proxy {
        let form = if found.native { SidecarForm::Native } else { SidecarForm::Classic };
        // A container to be completed by injection (`image: auto`) has no resources of its own yet.
        let mut container = found.container.clone();
        if container.image == "auto" && container.resources == Requirements::default() {
            container.resources = self.resources(workload, notes);
        }
        let present = running >= workload.replicas && running > 0;
        let (workers, workers_basis) = match mode {
            ProxyMode::Ztunnel => ZTUNNEL_WORKERS,
            _ => self.workers(workload, &container, notes),
        };
        Proxy { container, present, running, form, workers, workers_basis }
    }

    /// The proxy that injection will add.
    pub fn injected(&self, workload: &Workload, notes: &mut ProxyNotes) -> Proxy {
        let form = match self.policy.form {
            SidecarForm::Auto => self.defaults.form,
            form => form,
        };
        let container = Container {
            name: PROXY_CONTAINER.to_owned(),
            resources: self.resources(workload, notes),
            restartable: form == SidecarForm::Native,
            ..Container::default()
        };
        let (workers, workers_basis) = self.workers(workload, &container, notes);
        Proxy { container, present: false, running: 0, form, workers, workers_basis }
    }

    /// Annotations if there are any (they replace all defaults), else the policy's, else the card's.
    fn resources(&self, workload: &Workload, notes: &mut ProxyNotes) -> Requirements {
        let annotations = &workload.annotations;
        let set = [CPU, CPU_LIMIT, MEMORY, MEMORY_LIMIT].iter().filter(|key| annotations.contains_key(**key)).count();
        if set == 0 {
            let chosen = Declared::new(self.policy.proxy_cpu, self.policy.proxy_memory);
            return Requirements { requests: chosen.or(&self.defaults.requests), limits: self.defaults.limits.clone() };
        }
        if set < 4 {
            notes.erasing.add(&workload.id);
        }
        let read = |key: &str| annotations.get(key).map(|text| (key.to_owned(), text.clone()));
        let (cpu, cpu_limit, memory, memory_limit) = (read(CPU), read(CPU_LIMIT), read(MEMORY), read(MEMORY_LIMIT));
        let mut parse = Parse { workload, notes };
        Requirements {
            requests: Declared::new(parse.with(cpu, quantity::parse_cpu), parse.with(memory, quantity::parse_bytes)),
            limits: Declared::new(
                parse.with(cpu_limit, quantity::parse_cpu),
                parse.with(memory_limit, quantity::parse_bytes),
            ),
        }
    }

    /// Worker threads: the workload's own setting, else that of its namespace or of the mesh, else as many as
    /// the CPU limit has cores (rounded up), else every core of the node. Source: pilot-agent, Istio 1.18 and
    /// later; `EffectiveProxyConfig` of istiod, where a ProxyConfig that selects the workload wins over the
    /// annotation, and that over the others.
    fn workers(&self, workload: &Workload, container: &Container, notes: &mut ProxyNotes) -> (u32, &'static str) {
        let configured = self.own_setting(workload).or(container.concurrency.map(|workers| (workers, "--concurrency")));
        let configured = configured.or_else(|| self.general_setting(workload));
        if let Some(setting) = configured.filter(|(workers, _)| *workers > 0) {
            return setting;
        }
        let all_cores = configured.is_some();
        if let Some(limit) = container.resources.limits.cpu.filter(|limit| !limit.is_zero() && !all_cores) {
            return (cores(limit), "CPU limit, rounded up to cores");
        }
        notes.unlimited.add(&workload.id);
        match self.largest_node_cpu {
            Some(cpu) => (cores(cpu), "no CPU limit: every core of the largest node"),
            None => (2, "no CPU limit and no nodes known: 2 assumed"),
        }
    }
}

impl Context<'_> {
    /// What a ProxyConfig that selects the workload says, or else its annotation.
    fn own_setting(&self, workload: &Workload) -> Option<(u32, &'static str)> {
        let annotation = workload.annotations.get("proxy.istio.io/config").and_then(|text| concurrency_in(text));
        let selected = self.settings(&workload.id.namespace).filter(|(selector, _)| {
            !selector.is_empty() && selector.iter().all(|(key, value)| workload.labels.get(key) == Some(value))
        });
        let by_object = selected.map(|(_, workers)| (workers, "concurrency of a ProxyConfig that selects it")).next();
        by_object.or(annotation.map(|workers| (workers, "concurrency in proxy.istio.io/config")))
    }

    /// What holds for the namespace, or else for the mesh.
    fn general_setting(&self, workload: &Workload) -> Option<(u32, &'static str)> {
        let of = |namespace: &str| {
            self.settings(namespace).filter(|(selector, _)| selector.is_empty()).map(|(_, workers)| workers).next()
        };
        let mesh = &self.istio.mesh;
        of(&workload.id.namespace)
            .map(|workers| (workers, "concurrency of its namespace's ProxyConfig"))
            .or_else(|| of(mesh.root_namespace()).map(|workers| (workers, "concurrency of the mesh's ProxyConfig")))
            .or(mesh.concurrency.map(|workers| (workers, "concurrency of the mesh settings")))
    }

    /// ProxyConfigs of a namespace that speak of worker threads, oldest first, each with its selector.
    fn settings(&self, namespace: &str) -> impl Iterator<Item = (&Labels, u32)> {
        static ALL: Labels = Labels::new();
        let of_namespace = self.istio.proxy_settings.iter().filter(move |it| *it.name.namespace == *namespace);
        of_namespace.filter_map(|it| Some((it.selector.as_ref().unwrap_or(&ALL), it.concurrency?)))
    }
}

/// Reads annotations of one workload.
struct Parse<'a> {
    workload: &'a Workload,
    notes: &'a mut ProxyNotes,
}

impl Parse<'_> {
    fn with<T>(
        &mut self,
        annotation: Option<(String, String)>,
        parse: impl Fn(&str) -> Result<T, quantity::QuantityError>,
    ) -> Option<T> {
        let (key, text) = annotation?;
        match parse(&text) {
            Ok(amount) => Some(amount),
            Err(error) => {
                let finding =
                    Finding::new(&ANNOTATION_NOT_A_QUANTITY, self.workload.id.to_string(), format!("{key}: {error}"));
                self.notes.malformed.push(finding);
                None
            }
        }
    }
}

fn cores(cpu: Millicores) -> u32 {
    u32::try_from(cpu.get().div_ceil(1000)).unwrap_or(u32::MAX)
}

/// The number after `concurrency:` in a ProxyConfig written as YAML or JSON.
fn concurrency_in(config: &str) -> Option<u32> {
    let (_, rest) = config.split_once("concurrency")?;
    let rest = rest
        .trim_start_matches(['"', '\''])
        .trim_start()
        .strip_prefix(':')?
        .trim_start()
        .trim_start_matches(['"', '\'']);
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concurrency_is_found_in_yaml_and_json() {
        for (text, workers) in [
            ("concurrency: 4", Some(4)),
            ("holdApplicationUntilProxyStarts: true\nconcurrency: 0\n", Some(0)),
            ("{\"concurrency\":8}", Some(8)),
            ("{ \"concurrency\" : \"3\" }", Some(3)),
            ("concurrency:", None),
            ("concurrency: many", None),
            ("tracing: {}", None),
        ] {
            assert_eq!(concurrency_in(text), workers, "{text}");
        }
    }
}
