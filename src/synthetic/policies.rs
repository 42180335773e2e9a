//! Objects that set rules for others: namespaces, priority classes, limit ranges, autoscalers,
//! disruption budgets.

use std::io;

use super::draw::{Ago, Uid, mix};
use super::json::Json;
use super::namespaces::{Mesh, Namespace};
use super::planning::{Cluster, DEFAULT_REQUEST};
use super::template::{selector, write_amounts};
use super::workloads::{Role, Workload};

/// Writes the namespaces.
pub(super) fn write_namespaces(cluster: &Cluster, json: &mut Json<'_>) -> io::Result<()> {
    cluster.namespaces.iter().try_for_each(|namespace| json.item(|json| write_namespace(json, namespace)))
}

/// Writes the priority classes pods name: Kubernetes' own two, and two of the cluster.
pub(super) fn write_priority_classes(json: &mut Json<'_>) -> io::Result<()> {
    for (number, (name, value, description)) in (0..).zip([
        ("batch", -100_i64, "jobs that may wait"),
        ("business-critical", 100_000, "services customers notice at once"),
        ("system-cluster-critical", 2_000_000_000, "services the cluster cannot work without"),
        ("system-node-critical", 2_000_001_000, "agents a node cannot work without"),
    ]) {
        json.item(|json| {
            json.string("apiVersion", "scheduling.k8s.io/v1");
            json.string("description", description);
            json.string("kind", "PriorityClass");
            json.object("metadata", |json| {
                json.string("creationTimestamp", Ago(300 * 86_400));
                json.plain("generation", 1);
                json.string("name", name);
                json.string("resourceVersion", 70 + number);
                json.string("uid", Uid(mix(0x7063, number)));
            });
            json.string("preemptionPolicy", "PreemptLowerPriority");
            json.plain("value", value);
        })?;
    }
    Ok(())
}

/// Writes the limit ranges.
pub(super) fn write_limit_ranges(cluster: &Cluster, json: &mut Json<'_>) -> io::Result<()> {
    for namespace in cluster.namespaces.iter().filter(|namespace| namespace.limit_range) {
        json.item(|json| {
            json.string("apiVersion", "v1");
            json.string("kind", "LimitRange");
            json.object("metadata", |json| {
                write_identity(json, "defaults", &namespace.name, mix(namespace.key, 1), 200 * 86_400);
            });
            json.object("spec", |json| {
                json.array("limits", |json| {
                    json.element(|json| {
                        write_amounts(json, "defaultRequest", (DEFAULT_REQUEST.cpu, DEFAULT_REQUEST.memory));
                        json.string("type", "Container");
                    });
                });
            });
        })?;
    }
    Ok(())
}

/// Writes the autoscalers; `ready` holds the ready pods of each workload.
pub(super) fn write_autoscalers(cluster: &Cluster, ready: &[u64], json: &mut Json<'_>) -> io::Result<()> {
    for (workload, ready) in cluster.workloads.iter().zip(ready).filter(|(workload, _)| workload.autoscaled) {
        json.item(|json| write_autoscaler(json, workload, *ready, cluster.namespace_of(workload)))?;
    }
    Ok(())
}

/// Writes the disruption budgets; `ready` holds the ready pods of each workload.
pub(super) fn write_disruption_budgets(cluster: &Cluster, ready: &[u64], json: &mut Json<'_>) -> io::Result<()> {
    for (workload, ready) in cluster.workloads.iter().zip(ready).filter(|(workload, _)| workload.protected) {
        json.item(|json| write_disruption_budget(json, workload, *ready, cluster.namespace_of(workload)))?;
    }
    Ok(())
}

fn write_namespace(json: &mut Json<'_>, namespace: &Namespace) {
    json.string("apiVersion", "v1");
    json.string("kind", "Namespace");
    json.object("metadata", |json| {
        json.string("creationTimestamp", Ago(301 * 86_400));
        json.object("labels", |json| {
            match namespace.mesh {
                Mesh::Outside => {}
                Mesh::Disabled => json.string("istio-injection", "disabled"),
                Mesh::Enrolled | Mesh::Running(_) => json.string("istio-injection", "enabled"),
            }
            json.string("kubernetes.io/metadata.name", &namespace.name);
            if namespace.team {
                let team = namespace.name.split('-').next().unwrap_or_default();
                json.string("team", team);
            }
        });
        json.string("name", &namespace.name);
        json.string("resourceVersion", 1_000 + namespace.key % 1_000_000);
        json.string("uid", Uid(namespace.key));
    });
    json.object("spec", |json| json.strings("finalizers", &["kubernetes"]));
    json.object("status", |json| json.string("phase", "Active"));
}

/// An autoscaler around today's replicas: down to a third, up to three times as many.
fn write_autoscaler(json: &mut Json<'_>, workload: &Workload, ready: u64, namespace: &str) {
    let replicas = workload.replicas;
    let (least, most) =
        if workload.role == Role::Application { ((replicas / 3).max(1), replicas * 3) } else { (1, replicas.max(5)) };
    let target = [60, 70, 80].get((workload.key % 3) as usize).copied().unwrap_or(80);
    json.string("apiVersion", "autoscaling/v2");
    json.string("kind", "HorizontalPodAutoscaler");
    json.object("metadata", |json| {
        write_identity(json, &workload.name, namespace, mix(workload.key, 400), workload.age());
    });
    json.object("spec", |json| {
        json.plain("maxReplicas", most);
        json.array("metrics", |json| {
            json.element(|json| {
                json.object("resource", |json| {
                    json.string("name", "cpu");
                    json.object("target", |json| {
                        json.plain("averageUtilization", target);
                        json.string("type", "Utilization");
                    });
                });
                json.string("type", "Resource");
            });
        });
        json.plain("minReplicas", least);
        json.object("scaleTargetRef", |json| {
            json.string("apiVersion", "apps/v1");
            json.string("kind", "Deployment");
            json.string("name", &workload.name);
        });
    });
    json.object("status", |json| {
        json.plain("currentReplicas", ready);
        json.plain("desiredReplicas", replicas);
    });
}

fn write_disruption_budget(json: &mut Json<'_>, workload: &Workload, ready: u64, namespace: &str) {
    json.string("apiVersion", "policy/v1");
    json.string("kind", "PodDisruptionBudget");
    json.object("metadata", |json| {
        write_identity(json, &workload.name, namespace, mix(workload.key, 500), workload.age());
    });
    json.object("spec", |json| {
        if workload.key.is_multiple_of(2) {
            json.plain("maxUnavailable", 1);
        } else {
            json.string("minAvailable", "50%");
        }
        json.object("selector", |json| {
            json.object("matchLabels", |json| json.string(selector(workload), &workload.name));
        });
    });
    let desired = if workload.key.is_multiple_of(2) { workload.replicas - 1 } else { workload.replicas.div_ceil(2) };
    json.object("status", |json| {
        json.plain("currentHealthy", ready);
        json.plain("desiredHealthy", desired);
        json.plain("disruptionsAllowed", ready.saturating_sub(desired));
        json.plain("expectedPods", workload.replicas);
        json.plain("observedGeneration", 1);
    });
}

/// Metadata of an object without labels.
fn write_identity(json: &mut Json<'_>, name: &str, namespace: &str, key: u64, age: u64) {
    json.string("creationTimestamp", Ago(age));
    json.string("name", name);
    json.string("namespace", namespace);
    json.string("resourceVersion", 1_000_000 + mix(key, 1) % 90_000_000);
    json.string("uid", Uid(key));
}
