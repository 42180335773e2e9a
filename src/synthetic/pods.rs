//! Pods: made one at a time from their workload, written, and forgotten.

use std::io;

use super::draw::{Ago, Digest, Uid, mix, pod_suffix};
use super::json::Json;
use super::nodes::Node;
use super::planning::Cluster;
use super::proxy;
use super::schedule::Schedule;
use super::template::{self, Admitted, EXPORTER_IMAGE, EXPORTER_NAME};
use super::workloads::{Form, Kind, Role, Workload};

/// One pod while it is looked at.
pub(super) struct Pod<'a> {
    pub workload: &'a Workload,
    pub namespace: &'a str,
    pub name: String,
    pub key: u64,
    pub node: Option<&'a Node>,
    pub state: State,
    /// Which of the workload's pods it is.
    ordinal: u64,
    /// Position among all pods.
    number: u64,
}

/// How far a pod has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Running,
    /// On a node, its containers not started yet.
    Starting,
    /// No node takes it.
    Unschedulable,
    Succeeded,
    Failed,
    Evicted,
}

/// Writes every pod; gives the number of ready pods per workload.
pub(super) fn write(cluster: &Cluster, json: &mut Json<'_>) -> io::Result<Vec<u64>> {
    let mut ready = Vec::with_capacity(cluster.workloads.len());
    let mut schedule = Schedule::new(cluster);
    for workload in &cluster.workloads {
        let mut running = 0;
        each(cluster, &mut schedule, workload, |pod| {
            running += u64::from(pod.state == State::Running);
            json.item(|json| pod.write(json))
        })?;
        ready.push(running);
    }
    Ok(ready)
}

/// Makes the pods of a workload, one after the other. Workloads come in order: a schedule asked the
/// same way gives the same nodes.
pub(super) fn each(
    cluster: &Cluster,
    schedule: &mut Schedule,
    workload: &Workload,
    mut visit: impl FnMut(&Pod<'_>) -> io::Result<()>,
) -> io::Result<()> {
    schedule.begin();
    for ordinal in 0..workload.pods() {
        let number = workload.first_pod + ordinal;
        let key = mix(cluster.seed, 0x706f_6400_0000_0000 + number);
        let ended = ended(workload, ordinal, key);
        let position = if ended.is_some() { schedule.past_node() } else { schedule.place(workload, ordinal) };
        let node = position.and_then(|position| cluster.nodes.get(position));
        let state = match (ended, node) {
            (_, None) => State::Unschedulable,
            (Some(state), _) => state,
            (None, _) if is_starting(workload, key) => State::Starting,
            (None, _) => State::Running,
        };
        let name = name(workload, ordinal, node);
        visit(&Pod { workload, namespace: cluster.namespace_of(workload), name, key, node, state, ordinal, number })?;
    }
    Ok(())
}

/// The state of a pod that has ended: all runs of a job but some of the latest, and leftovers.
fn ended(workload: &Workload, ordinal: u64, key: u64) -> Option<State> {
    if workload.kind == Kind::CronJob {
        let runs_now = ordinal == 0 && key.is_multiple_of(20);
        let failed = key % 25 == 7;
        return (!runs_now).then_some(if failed { State::Failed } else { State::Succeeded });
    }
    let left_over = ordinal >= workload.replicas;
    left_over.then_some(if key % 4 == 1 { State::Failed } else { State::Evicted })
}

/// One pod in 300 has just been created.
fn is_starting(workload: &Workload, key: u64) -> bool {
    workload.role == Role::Application && key % 300 == 11
}

fn name(workload: &Workload, ordinal: u64, node: Option<&Node>) -> String {
    let suffix = pod_suffix(workload.key, ordinal);
    match workload.kind {
        Kind::Deployment => format!("{}-{suffix}", workload.replica_set()),
        Kind::StatefulSet => format!("{}-{ordinal}", workload.name),
        Kind::DaemonSet => format!("{}-{suffix}", workload.name),
        Kind::CronJob => format!("{}-{suffix}", workload.job(ordinal)),
        Kind::Static => format!("{}-{}", workload.name, node.map_or("", |node| &node.name)),
    }
}

impl Pod<'_> {
    /// Its address on the pod network 10.0.0.0/8, or that of its node.
    pub fn address(&self) -> Option<String> {
        let node = self.node?;
        if template::host_network(self.workload) {
            return Some(node.address());
        }
        let number = self.number % ((1 << 24) - 256) + 128;
        Some(format!("10.{}.{}.{}", number >> 16, (number >> 8) % 256, number % 256))
    }

    fn write(&self, json: &mut Json<'_>) {
        json.string("apiVersion", "v1");
        json.string("kind", "Pod");
        json.object("metadata", |json| self.write_metadata(json));
        let token = pod_suffix(self.key, 0);
        let admitted = Admitted { node: self.node, token, namespace: self.namespace, ordinal: self.ordinal };
        json.object("spec", |json| template::write_spec(json, self.workload, Some(&admitted)));
        json.object("status", |json| self.write_status(json));
    }

    /// Seconds since it was created.
    fn age(&self) -> u64 {
        match (self.workload.kind, self.state) {
            (Kind::CronJob, _) => 86_400 * (self.ordinal + 1),
            (_, State::Starting) => 20,
            (_, State::Evicted | State::Failed) => self.workload.revision_age(),
            _ => 600 + mix(self.key, 1) % self.workload.revision_age().max(1),
        }
    }

    fn write_metadata(&self, json: &mut Json<'_>) {
        let workload = self.workload;
        let mut annotations = template::annotations(workload);
        if let Some(form) = workload.proxy {
            annotations.retain(|(key, _)| !key.starts_with("prometheus.io/"));
            annotations.extend(proxy::annotations(workload, form));
        }
        if workload.kind == Kind::Static {
            let hash = format!("{:016x}{:016x}", mix(workload.key, 2), mix(workload.key, 3));
            annotations.push(("kubernetes.io/config.mirror", hash.clone()));
            annotations.push(("kubernetes.io/config.hash", hash));
            annotations.push(("kubernetes.io/config.seen", Ago(self.age()).to_string()));
            annotations.push(("kubernetes.io/config.source", "file".to_owned()));
        }
        template::write_map(json, "annotations", annotations);
        json.string("creationTimestamp", Ago(self.age()));
        match workload.kind {
            Kind::Static => {}
            Kind::Deployment => json.string("generateName", format_args!("{}-", workload.replica_set())),
            Kind::CronJob => json.string("generateName", format_args!("{}-", workload.job(self.ordinal))),
            Kind::StatefulSet | Kind::DaemonSet => json.string("generateName", format_args!("{}-", workload.name)),
        }
        template::write_map(json, "labels", self.labels());
        json.string("name", &self.name);
        json.string("namespace", self.namespace);
        json.array("ownerReferences", |json| json.element(|json| self.write_owner(json)));
        json.string("resourceVersion", 1_000_000 + mix(self.key, 4) % 90_000_000);
        json.string("uid", Uid(self.key));
    }

    fn labels(&self) -> Vec<(&'static str, String)> {
        let workload = self.workload;
        let mut labels = template::labels(workload);
        match workload.kind {
            Kind::Deployment => labels.push(("pod-template-hash", workload.template_hash(0).to_string())),
            Kind::StatefulSet => {
                labels.push(("apps.kubernetes.io/pod-index", self.ordinal.to_string()));
                labels.push(("controller-revision-hash", format!("{}-{}", workload.name, workload.template_hash(0))));
                labels.push(("statefulset.kubernetes.io/pod-name", self.name.clone()));
            }
            Kind::DaemonSet => {
                labels.push(("controller-revision-hash", workload.template_hash(0).to_string()));
                labels.push(("pod-template-generation", "1".to_owned()));
            }
            Kind::CronJob => {
                let uid = Uid(workload.job_key(self.ordinal)).to_string();
                labels.push(("batch.kubernetes.io/controller-uid", uid));
                labels.push(("batch.kubernetes.io/job-name", workload.job(self.ordinal)));
            }
            Kind::Static => labels.push(("tier", "node".to_owned())),
        }
        if workload.proxy.is_some() {
            labels.extend(proxy::added_labels(workload));
        }
        labels
    }

    fn write_owner(&self, json: &mut Json<'_>) {
        let workload = self.workload;
        let (version, kind, name, key) = match workload.kind {
            Kind::Deployment => ("apps/v1", "ReplicaSet", workload.replica_set(), workload.replica_set_key()),
            Kind::StatefulSet => ("apps/v1", "StatefulSet", workload.name.clone(), workload.key),
            Kind::DaemonSet => ("apps/v1", "DaemonSet", workload.name.clone(), workload.key),
            Kind::CronJob => ("batch/v1", "Job", workload.job(self.ordinal), workload.job_key(self.ordinal)),
            Kind::Static => {
                let node = self.node.map_or((String::new(), 0), |node| (node.name.clone(), node.key));
                ("v1", "Node", node.0, node.1)
            }
        };
        json.string("apiVersion", version);
        if workload.kind != Kind::Static {
            json.plain("blockOwnerDeletion", true);
        }
        json.plain("controller", true);
        json.string("kind", kind);
        json.string("name", name);
        json.string("uid", Uid(key));
    }

    fn write_status(&self, json: &mut Json<'_>) {
        let started = self.age().saturating_sub(2);
        match self.state {
            State::Unschedulable => {
                json.array("conditions", |json| {
                    json.element(|json| {
                        json.null("lastProbeTime");
                        json.string("lastTransitionTime", Ago(self.age()));
                        json.string("message", "no node of the cluster takes this pod");
                        json.string("reason", "Unschedulable");
                        json.string("status", "False");
                        json.string("type", "PodScheduled");
                    });
                });
                json.string("phase", "Pending");
                json.string("qosClass", self.quality());
                return;
            }
            State::Evicted => {
                json.string("message", "the node was low on memory");
                json.string("phase", "Failed");
                json.string("qosClass", self.quality());
                json.string("reason", "Evicted");
                json.string("startTime", Ago(started));
                return;
            }
            _ => {}
        }
        let (ready, reason) = match self.state {
            State::Running => ("True", None),
            State::Succeeded => ("False", Some("PodCompleted")),
            State::Failed => ("False", Some("PodFailed")),
            _ => ("False", Some("ContainersNotReady")),
        };
        json.array("conditions", |json| {
            for (kind, status, reason) in [
                ("PodReadyToStartContainers", "True", None),
                ("Initialized", "True", None),
                ("Ready", ready, reason),
                ("ContainersReady", ready, reason),
                ("PodScheduled", "True", None),
            ] {
                json.element(|json| {
                    json.null("lastProbeTime");
                    json.string("lastTransitionTime", Ago(started));
                    if let Some(reason) = reason {
                        json.string("reason", reason);
                    }
                    json.string("status", status);
                    json.string("type", kind);
                });
            }
        });
        json.array("containerStatuses", |json| self.write_container_statuses(json));
        let host = self.node.map(Node::address).unwrap_or_default();
        json.string("hostIP", &host);
        json.array("hostIPs", |json| json.element(|json| json.string("ip", &host)));
        if let Some(form) = self.workload.proxy {
            json.array("initContainerStatuses", |json| self.write_init_statuses(json, form));
        }
        json.string(
            "phase",
            match self.state {
                State::Running => "Running",
                State::Succeeded => "Succeeded",
                State::Failed => "Failed",
                _ => "Pending",
            },
        );
        if let Some(address) = self.address().filter(|_| self.state != State::Starting) {
            json.string("podIP", &address);
            json.array("podIPs", |json| json.element(|json| json.string("ip", &address)));
        }
        json.string("qosClass", self.quality());
        json.string("startTime", Ago(started));
    }

    fn write_container_statuses(&self, json: &mut Json<'_>) {
        let workload = self.workload;
        let image = (template::image(workload), template::tag(workload));
        json.element(|json| self.write_container(json, template::main_container(workload), &image, self.state));
        if workload.exporter {
            let image = (EXPORTER_IMAGE.to_owned(), "v0.15.1".to_owned());
            json.element(|json| self.write_container(json, EXPORTER_NAME, &image, self.state));
        }
        if workload.proxy == Some(Form::Classic) {
            let image = (proxy::IMAGE.to_owned(), proxy::TAG.to_owned());
            json.element(|json| self.write_container(json, proxy::CONTAINER, &image, self.state));
        }
    }

    fn write_init_statuses(&self, json: &mut Json<'_>, form: Form) {
        let image = (proxy::IMAGE.to_owned(), proxy::TAG.to_owned());
        let begun = if self.state == State::Starting { State::Starting } else { State::Succeeded };
        json.element(|json| self.write_container(json, proxy::INIT_CONTAINER, &image, begun));
        if form == Form::Native {
            json.element(|json| self.write_container(json, proxy::CONTAINER, &image, self.state));
        }
    }

    fn write_container(&self, json: &mut Json<'_>, name: &str, (image, tag): &(String, String), state: State) {
        let place = name.bytes().fold(self.key, |key, byte| mix(key, byte.into()));
        let image_key = image.bytes().fold(tag.len() as u64, |key, byte| mix(key, byte.into()));
        let container = format!("containerd://{}", Digest(place));
        let started = self.age().saturating_sub(2);
        if state != State::Starting {
            json.string("containerID", &container);
        }
        json.string("image", format_args!("{image}:{tag}"));
        let image_id = format!("{image}@sha256:{}", Digest(image_key));
        json.string("imageID", if state == State::Starting { "" } else { &image_id });
        json.object("lastState", |_| {});
        json.string("name", name);
        let initialized = name == proxy::INIT_CONTAINER && state == State::Succeeded;
        json.plain("ready", state == State::Running || initialized);
        let restarts = if place.is_multiple_of(12) { mix(place, 9) % 40 } else { 0 };
        json.plain("restartCount", if state == State::Running { restarts } else { 0 });
        json.plain("started", state == State::Running);
        json.object("state", |json| match state {
            State::Running => json.object("running", |json| json.string("startedAt", Ago(started))),
            State::Starting => json.object("waiting", |json| json.string("reason", "ContainerCreating")),
            _ => json.object("terminated", |json| {
                json.string("containerID", &container);
                json.plain("exitCode", u64::from(state == State::Failed));
                json.string("finishedAt", Ago(started.saturating_sub(60)));
                json.string("reason", if state == State::Failed { "Error" } else { "Completed" });
                json.string("startedAt", Ago(started));
            }),
        });
    }

    /// No container of a synthetic cluster has limits equal to its requests for both resources.
    fn quality(&self) -> &'static str {
        let request = self.workload.pod_request();
        if request.cpu == 0 && request.memory == 0 { "BestEffort" } else { "Burstable" }
    }
}
