//! Controllers: what the owner references of pods lead to.

use std::io;

use super::draw::{Ago, Uid, mix};
use super::json::Json;
use super::planning::Cluster;
use super::template::{self, selector};
use super::workloads::{Kind, Workload};

/// Writes every controller; `ready` holds the ready pods of each workload.
pub(super) fn write(cluster: &Cluster, ready: &[u64], json: &mut Json<'_>) -> io::Result<()> {
    let of = |kind| {
        let workloads = cluster.workloads.iter().zip(ready);
        workloads.filter(move |(workload, _)| workload.kind == kind).map(|(workload, ready)| Subject {
            workload,
            namespace: cluster.namespace_of(workload),
            ready: *ready,
        })
    };
    for subject in of(Kind::Deployment) {
        json.item(|json| subject.write_deployment(json))?;
    }
    for subject in of(Kind::Deployment) {
        json.item(|json| subject.write_replica_set(json, 0))?;
        for revision in 1..=subject.old_revisions() {
            json.item(|json| subject.write_replica_set(json, revision))?;
        }
    }
    for subject in of(Kind::StatefulSet) {
        json.item(|json| subject.write_stateful_set(json))?;
    }
    for subject in of(Kind::DaemonSet) {
        json.item(|json| subject.write_daemon_set(json))?;
    }
    for subject in of(Kind::CronJob) {
        json.item(|json| subject.write_cron_job(json))?;
    }
    for subject in of(Kind::CronJob) {
        for run in 0..subject.workload.replicas {
            json.item(|json| subject.write_job(json, run))?;
        }
    }
    Ok(())
}

struct Subject<'a> {
    workload: &'a Workload,
    namespace: &'a str,
    ready: u64,
}

/// Name and identity of an object.
struct Id<'a> {
    name: &'a str,
    key: u64,
    age: u64,
}

/// Owner of an object: version, kind, name, identity.
type Owner<'a> = (&'a str, &'a str, &'a str, u64);

impl Subject<'_> {
    /// Older revisions kept for a rollback.
    fn old_revisions(&self) -> u64 {
        self.workload.key % 7 / 5
    }

    fn id(&self) -> Id<'_> {
        Id { name: &self.workload.name, key: self.workload.key, age: self.workload.age() }
    }

    fn write_deployment(&self, json: &mut Json<'_>) {
        let replicas = self.workload.replicas;
        json.string("apiVersion", "apps/v1");
        json.string("kind", "Deployment");
        self.write_metadata(json, &self.id(), None, self.revision(0));
        json.object("spec", |json| {
            json.plain("progressDeadlineSeconds", 600);
            json.plain("replicas", replicas);
            json.plain("revisionHistoryLimit", 10);
            self.write_selector(json, None);
            json.object("strategy", |json| {
                json.object("rollingUpdate", |json| {
                    json.string("maxSurge", "25%");
                    json.string("maxUnavailable", "25%");
                });
                json.string("type", "RollingUpdate");
            });
            self.write_template(json, None);
        });
        json.object("status", |json| {
            if self.ready > 0 {
                json.plain("availableReplicas", self.ready);
            }
            let available = if self.ready * 4 >= replicas * 3 { "True" } else { "False" };
            json.array("conditions", |json| {
                json.element(|json| {
                    json.string("lastTransitionTime", Ago(self.workload.age() - 60));
                    json.string("lastUpdateTime", Ago(self.workload.age() - 60));
                    json.string("reason", "MinimumReplicas");
                    json.string("status", available);
                    json.string("type", "Available");
                });
            });
            json.plain("observedGeneration", self.generation());
            if self.ready > 0 {
                json.plain("readyReplicas", self.ready);
            }
            json.plain("replicas", replicas);
            if self.ready < replicas {
                json.plain("unavailableReplicas", replicas - self.ready);
            }
            json.plain("updatedReplicas", replicas);
        });
    }

    fn write_replica_set(&self, json: &mut Json<'_>, revision: u64) {
        let workload = self.workload;
        let hash = workload.template_hash(revision).to_string();
        let name = format!("{}-{hash}", workload.name);
        let key = if revision == 0 { workload.replica_set_key() } else { mix(workload.key, 20 + revision) };
        let (replicas, ready) = if revision == 0 { (workload.replicas, self.ready) } else { (0, 0) };
        let id = Id { name: &name, key, age: workload.revision_age() + revision * 86_400 };
        json.string("apiVersion", "apps/v1");
        json.string("kind", "ReplicaSet");
        let owner = ("apps/v1", "Deployment", workload.name.as_str(), workload.key);
        self.write_metadata(json, &id, Some(owner), self.revision(revision));
        json.object("spec", |json| {
            json.plain("replicas", replicas);
            self.write_selector(json, Some(&hash));
            self.write_template(json, Some(&hash));
        });
        json.object("status", |json| {
            if ready > 0 {
                json.plain("availableReplicas", ready);
                json.plain("fullyLabeledReplicas", replicas);
            }
            json.plain("observedGeneration", 1);
            if ready > 0 {
                json.plain("readyReplicas", ready);
            }
            json.plain("replicas", replicas);
        });
    }

    fn write_stateful_set(&self, json: &mut Json<'_>) {
        let workload = self.workload;
        let revision = format!("{}-{}", workload.name, workload.template_hash(0));
        json.string("apiVersion", "apps/v1");
        json.string("kind", "StatefulSet");
        self.write_metadata(json, &self.id(), None, None);
        json.object("spec", |json| {
            json.string("podManagementPolicy", "OrderedReady");
            json.plain("replicas", workload.replicas);
            json.plain("revisionHistoryLimit", 10);
            self.write_selector(json, None);
            json.string("serviceName", &workload.name);
            self.write_template(json, None);
            json.object("updateStrategy", |json| {
                json.object("rollingUpdate", |json| json.plain("partition", 0));
                json.string("type", "RollingUpdate");
            });
            json.array("volumeClaimTemplates", |json| json.element(write_claim));
        });
        json.object("status", |json| {
            json.plain("availableReplicas", self.ready);
            json.plain("collisionCount", 0);
            json.plain("currentReplicas", workload.replicas);
            json.string("currentRevision", &revision);
            json.plain("observedGeneration", self.generation());
            json.plain("readyReplicas", self.ready);
            json.plain("replicas", workload.replicas);
            json.string("updateRevision", &revision);
            json.plain("updatedReplicas", workload.replicas);
        });
    }

    fn write_daemon_set(&self, json: &mut Json<'_>) {
        json.string("apiVersion", "apps/v1");
        json.string("kind", "DaemonSet");
        self.write_metadata(json, &self.id(), None, None);
        json.object("spec", |json| {
            json.plain("revisionHistoryLimit", 10);
            self.write_selector(json, None);
            self.write_template(json, None);
            json.object("updateStrategy", |json| {
                json.object("rollingUpdate", |json| {
                    json.plain("maxSurge", 0);
                    json.plain("maxUnavailable", 1);
                });
                json.string("type", "RollingUpdate");
            });
        });
        json.object("status", |json| {
            json.plain("currentNumberScheduled", self.workload.replicas);
            json.plain("desiredNumberScheduled", self.workload.replicas);
            json.plain("numberAvailable", self.ready);
            json.plain("numberMisscheduled", 0);
            json.plain("numberReady", self.ready);
            json.plain("observedGeneration", self.generation());
            json.plain("updatedNumberScheduled", self.workload.replicas);
        });
    }

    fn write_cron_job(&self, json: &mut Json<'_>) {
        json.string("apiVersion", "batch/v1");
        json.string("kind", "CronJob");
        self.write_metadata(json, &self.id(), None, None);
        json.object("spec", |json| {
            json.string("concurrencyPolicy", "Forbid");
            json.plain("failedJobsHistoryLimit", 1);
            json.object("jobTemplate", |json| {
                json.object("metadata", |_| {});
                json.object("spec", |json| {
                    json.plain("backoffLimit", 0);
                    self.write_template(json, None);
                });
            });
            json.string("schedule", "0 0 * * *");
            json.plain("successfulJobsHistoryLimit", 4);
            json.plain("suspend", false);
        });
        json.object("status", |json| json.string("lastScheduleTime", Ago(86_400)));
    }

    fn write_job(&self, json: &mut Json<'_>, run: u64) {
        let workload = self.workload;
        let name = workload.job(run);
        let id = Id { name: &name, key: workload.job_key(run), age: 86_400 * (run + 1) };
        let uid = Uid(id.key).to_string();
        json.string("apiVersion", "batch/v1");
        json.string("kind", "Job");
        let owner = ("batch/v1", "CronJob", workload.name.as_str(), workload.key);
        self.write_metadata(json, &id, Some(owner), None);
        json.object("spec", |json| {
            json.plain("backoffLimit", 0);
            json.string("completionMode", "NonIndexed");
            json.plain("completions", 1);
            json.plain("parallelism", 1);
            json.object("selector", |json| {
                json.object("matchLabels", |json| json.string("batch.kubernetes.io/controller-uid", &uid));
            });
            json.plain("suspend", false);
            json.object("template", |json| {
                let mut labels = template::labels(workload);
                labels.push(("batch.kubernetes.io/controller-uid", uid.clone()));
                labels.push(("batch.kubernetes.io/job-name", name.clone()));
                json.object("metadata", |json| template::write_map(json, "labels", labels));
                json.object("spec", |json| template::write_spec(json, workload, None));
            });
        });
        json.object("status", |json| json.string("startTime", Ago(id.age)));
    }

    fn write_metadata(&self, json: &mut Json<'_>, id: &Id<'_>, owner: Option<Owner<'_>>, revision: Option<String>) {
        json.object("metadata", |json| {
            if let Some(revision) = revision {
                json.object("annotations", |json| json.string("deployment.kubernetes.io/revision", revision));
            }
            json.string("creationTimestamp", Ago(id.age));
            json.plain("generation", if owner.is_some() { 1 } else { self.generation() });
            json.object("labels", |json| json.string(selector(self.workload), &self.workload.name));
            json.string("name", id.name);
            json.string("namespace", self.namespace);
            if let Some((version, kind, name, key)) = owner {
                json.array("ownerReferences", |json| {
                    json.element(|json| {
                        json.string("apiVersion", version);
                        json.plain("blockOwnerDeletion", true);
                        json.plain("controller", true);
                        json.string("kind", kind);
                        json.string("name", name);
                        json.string("uid", Uid(key));
                    });
                });
            }
            json.string("resourceVersion", 1_000_000 + mix(id.key, 4) % 90_000_000);
            json.string("uid", Uid(id.key));
        });
    }

    fn write_selector(&self, json: &mut Json<'_>, hash: Option<&str>) {
        json.object("selector", |json| {
            json.object("matchLabels", |json| {
                json.string(selector(self.workload), &self.workload.name);
                if let Some(hash) = hash {
                    json.string("pod-template-hash", hash);
                }
            });
        });
    }

    fn write_template(&self, json: &mut Json<'_>, hash: Option<&str>) {
        let mut labels = template::labels(self.workload);
        if let Some(hash) = hash {
            labels.push(("pod-template-hash", hash.to_owned()));
        }
        json.object("template", |json| {
            json.object("metadata", |json| {
                template::write_map(json, "annotations", template::annotations(self.workload));
                template::write_map(json, "labels", labels);
            });
            json.object("spec", |json| template::write_spec(json, self.workload, None));
        });
    }

    /// Number of a revision in the Deployment's history, counted from the current one back.
    fn revision(&self, back: u64) -> Option<String> {
        Some((1 + self.old_revisions() - back).to_string())
    }

    fn generation(&self) -> u64 {
        1 + self.workload.key % 40
    }
}

fn write_claim(json: &mut Json<'_>) {
    json.string("apiVersion", "v1");
    json.string("kind", "PersistentVolumeClaim");
    json.object("metadata", |json| json.string("name", "data"));
    json.object("spec", |json| {
        json.strings("accessModes", &["ReadWriteOnce"]);
        json.object("resources", |json| {
            json.object("requests", |json| json.string("storage", "50Gi"));
        });
        json.string("storageClassName", "standard-rwo");
        json.string("volumeMode", "Filesystem");
    });
    json.object("status", |json| json.string("phase", "Pending"));
}
