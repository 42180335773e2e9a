//! What the API server adds to a pod template before a pod exists: limit-range defaults, runtime-class
//! overhead, priorities. Listed pods already carry all of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::objects::{Container, LimitRange, PodSpec, PriorityClass, RuntimeClass};
use super::request::fill;

/// The admission rules of a cluster.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    /// All limit ranges of a namespace in one: of several defaults the first counts.
    limit_ranges: BTreeMap<Arc<str>, LimitRange>,
    runtime_classes: BTreeMap<Arc<str>, RuntimeClass>,
    priorities: BTreeMap<Arc<str>, i32>,
    default_priority: i32,
}

impl Admission {
    /// The rules that limit ranges, runtime classes and priority classes make.
    #[must_use]
    pub fn new(limit_ranges: &[LimitRange], runtime_classes: &[RuntimeClass], priorities: &[PriorityClass]) -> Self {
        let mut admission = Self::default();
        for range in limit_ranges {
            let defaults = admission.limit_ranges.entry(range.name.namespace.clone()).or_default();
            fill(&mut defaults.default_request, &range.default_request);
            fill(&mut defaults.default_request, &range.default_limit);
            fill(&mut defaults.default_limit, &range.default_limit);
        }
        for class in runtime_classes {
            admission.runtime_classes.insert(class.name.clone(), class.clone());
        }
        for class in priorities {
            admission.priorities.insert(class.name.clone(), class.value);
            if class.global_default {
                admission.default_priority = class.value;
            }
        }
        admission
    }

    /// A template's specification as a pod of that namespace would carry it.
    #[must_use]
    pub fn admit(&self, namespace: &str, template: &PodSpec) -> PodSpec {
        let mut spec = template.clone();
        if let Some(defaults) = self.limit_ranges.get(namespace) {
            for container in spec.containers.iter_mut().chain(&mut spec.init_containers) {
                apply_limit_range(container, defaults);
            }
        }
        if spec.overhead.is_empty() {
            let class = spec.runtime_class.as_deref().and_then(|name| self.runtime_classes.get(name));
            spec.overhead = class.map(|class| class.overhead.clone()).unwrap_or_default();
        }
        if spec.priority.is_none() {
            spec.priority = Some(match spec.priority_class.as_deref() {
                Some("system-node-critical") => 2_000_001_000,
                Some("system-cluster-critical") => 2_000_000_000,
                Some(name) => self.priorities.get(name).copied().unwrap_or(self.default_priority),
                None => self.default_priority,
            });
        }
        spec
    }
}

/// A limit without a request sets the request first; only then do the namespace's defaults fill gaps.
fn apply_limit_range(container: &mut Container, defaults: &LimitRange) {
    let requests = container.resources.effective_requests();
    container.resources.requests = requests;
    fill(&mut container.resources.requests, &defaults.default_request);
    fill(&mut container.resources.limits, &defaults.default_limit);
}

#[cfg(test)]
mod tests {
    use super::super::objects::ObjectName;
    use super::*;
    use crate::resources::Declared;
    use crate::units::{Bytes, Millicores};

    fn cpu(millicores: u64) -> Declared {
        Declared::new(Some(Millicores::new(millicores)), None)
    }

    fn range(default_request: Declared, default_limit: Declared) -> LimitRange {
        LimitRange { name: ObjectName::new("shop", "defaults"), default_request, default_limit }
    }

    fn template(requests: Declared, limits: Declared) -> PodSpec {
        let mut container = Container::default();
        container.resources.requests = requests;
        container.resources.limits = limits;
        PodSpec { containers: vec![container], ..PodSpec::default() }
    }

    #[test]
    fn limit_ranges_fill_only_gaps() {
        for (request, limit, default_request, default_limit, expected) in [
            (Declared::default(), Declared::default(), cpu(100), cpu(500), (100, 500)),
            (Declared::default(), Declared::default(), Declared::default(), cpu(500), (500, 500)),
            (cpu(50), Declared::default(), cpu(100), cpu(500), (50, 500)),
            (Declared::default(), cpu(200), cpu(100), cpu(500), (200, 200)),
        ] {
            let admission = Admission::new(&[range(default_request, default_limit)], &[], &[]);
            let spec = admission.admit("shop", &template(request, limit));
            let resources = &spec.containers[0].resources;
            let found = (resources.requests.cpu.unwrap().get(), resources.limits.cpu.unwrap().get());
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn of_several_limit_ranges_the_first_that_says_something_counts() {
        let memory = |mebibytes| Declared::new(None, Some(Bytes::from_mib(mebibytes)));
        let ranges = [
            range(Declared::default(), cpu(500)),
            range(cpu(100), cpu(900)),
            range(memory(64), memory(128)),
            range(memory(32), memory(256)),
        ];
        let admission = Admission::new(&ranges, &[], &[]);
        let spec = admission.admit("shop", &template(Declared::default(), Declared::default()));
        let resources = &spec.containers[0].resources;
        let declared = |cpu, memory| Declared::new(Some(Millicores::new(cpu)), Some(Bytes::from_mib(memory)));
        assert_eq!(resources.requests, declared(500, 64));
        assert_eq!(resources.limits, declared(500, 128));
    }

    #[test]
    fn other_namespaces_are_left_alone() {
        let admission = Admission::new(&[range(cpu(100), cpu(500))], &[], &[]);
        let spec = admission.admit("elsewhere", &template(Declared::default(), Declared::default()));
        assert!(spec.containers[0].resources.requests.is_empty());
    }

    #[test]
    fn runtime_classes_add_overhead_and_priority_classes_a_priority() {
        let class = RuntimeClass { name: "kata".into(), overhead: Declared::new(None, Some(Bytes::from_mib(160))) };
        let urgent = PriorityClass { name: "urgent".into(), value: 1000, global_default: false };
        let admission = Admission::new(&[], &[class], &[urgent]);
        let template = PodSpec {
            runtime_class: Some("kata".to_owned()),
            priority_class: Some("urgent".to_owned()),
            ..PodSpec::default()
        };
        let spec = admission.admit("shop", &template);
        assert_eq!(spec.overhead.memory, Some(Bytes::from_mib(160)));
        assert_eq!(spec.priority, Some(1000));
    }
}
