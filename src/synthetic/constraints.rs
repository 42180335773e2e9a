//! Where pods may run, in the words of their specification.

use super::json::Json;
use super::nodes::{DEDICATED, ZONES};
use super::template::{Admitted, selector};
use super::workloads::{Kind, Rule, Workload};

/// Node affinity and anti-affinity between pods.
pub(super) fn write_affinity(json: &mut Json<'_>, workload: &Workload, admitted: Option<&Admitted<'_>>) {
    match workload.rule {
        Rule::NotInZone(shunned) => json.object("affinity", |json| {
            write_node_affinity(json, "matchExpressions", "topology.kubernetes.io/zone", |json| {
                let zones = ZONES.iter().enumerate().filter(|(zone, _)| *zone != shunned);
                zones.for_each(|(_, zone)| json.element_string(zone));
            });
        }),
        Rule::EveryNode if workload.kind == Kind::DaemonSet => {
            // A DaemonSet's controller binds its pods by affinity; its template has none.
            if let Some(node) = admitted.and_then(|admitted| admitted.node) {
                json.object("affinity", |json| {
                    write_node_affinity(json, "matchFields", "metadata.name", |json| json.element_string(&node.name));
                });
            }
        }
        Rule::PreferApart => json.object("affinity", |json| {
            json.object("podAntiAffinity", |json| {
                json.array("preferredDuringSchedulingIgnoredDuringExecution", |json| {
                    json.element(|json| {
                        json.object("podAffinityTerm", |json| write_apart(json, workload));
                        json.plain("weight", 100);
                    });
                });
            });
        }),
        Rule::Apart => json.object("affinity", |json| {
            json.object("podAntiAffinity", |json| {
                json.array("requiredDuringSchedulingIgnoredDuringExecution", |json| {
                    json.element(|json| write_apart(json, workload));
                });
            });
        }),
        _ => {}
    }
}

fn write_node_affinity(json: &mut Json<'_>, kind: &str, key: &str, values: impl FnOnce(&mut Json<'_>)) {
    json.object("nodeAffinity", |json| {
        json.object("requiredDuringSchedulingIgnoredDuringExecution", |json| {
            json.array("nodeSelectorTerms", |json| {
                json.element(|json| {
                    json.array(kind, |json| {
                        json.element(|json| {
                            json.string("key", key);
                            json.string("operator", "In");
                            json.array("values", values);
                        });
                    });
                });
            });
        });
    });
}

fn write_apart(json: &mut Json<'_>, workload: &Workload) {
    write_own_selector(json, workload);
    json.string("topologyKey", "kubernetes.io/hostname");
}

fn write_own_selector(json: &mut Json<'_>, workload: &Workload) {
    json.object("labelSelector", |json| {
        json.object("matchLabels", |json| json.string(selector(workload), &workload.name));
    });
}

/// `nodeSelector`.
pub(super) fn write_node_selector(json: &mut Json<'_>, rule: Rule) {
    let (key, value) = match rule {
        Rule::Dedicated => ("node-pool", DEDICATED),
        Rule::GeneralPool => ("node-pool", "general"),
        Rule::Nowhere => ("accelerator", "none-yet"),
        _ => return,
    };
    json.object("nodeSelector", |json| json.string(key, value));
}

/// Tolerations: its own, and those admission adds to pods.
pub(super) fn write_tolerations(json: &mut Json<'_>, workload: &Workload, admitted: bool) {
    let everywhere = workload.rule == Rule::EveryNode;
    let dedicated = workload.rule == Rule::Dedicated;
    if !everywhere && !dedicated && !admitted {
        return;
    }
    json.array("tolerations", |json| {
        if everywhere {
            json.element(|json| json.string("operator", "Exists"));
        }
        if dedicated {
            json.element(|json| {
                json.string("effect", "NoSchedule");
                json.string("key", "dedicated");
                json.string("operator", "Equal");
                json.string("value", DEDICATED);
            });
        }
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            if admitted && !everywhere {
                json.element(|json| {
                    json.string("effect", "NoExecute");
                    json.string("key", key);
                    json.string("operator", "Exists");
                    json.plain("tolerationSeconds", 300);
                });
            }
        }
    });
}

/// Topology spread constraints.
pub(super) fn write_spread(json: &mut Json<'_>, workload: &Workload) {
    let Rule::SpreadZones(strict) = workload.rule else { return };
    json.array("topologySpreadConstraints", |json| {
        json.element(|json| {
            write_own_selector(json, workload);
            json.plain("maxSkew", 1);
            json.string("topologyKey", "topology.kubernetes.io/zone");
            json.string("whenUnsatisfiable", if strict { "DoNotSchedule" } else { "ScheduleAnyway" });
        });
    });
}
