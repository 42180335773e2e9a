//! The specification of a workload's pods: in the controller's template, and in each pod as admitted.

use super::draw::{Suffix, mix};
use super::json::Json;
use super::nodes::Node;
use super::workloads::{EXPORTER, Form, Kind, Limits, Protocol, Role, Rule, Wish, Workload};
use super::{constraints, proxy, volumes};

/// What admission, injection and the scheduler add to one pod.
pub(super) struct Admitted<'a> {
    pub node: Option<&'a Node>,
    /// Tells its service account volume from that of its like.
    pub token: Suffix,
    pub namespace: &'a str,
    /// Which of the workload's pods it is.
    pub ordinal: u64,
}

/// Labels of the template, and so of every pod, unsorted.
pub(super) fn labels(workload: &Workload) -> Vec<(&'static str, String)> {
    let name = || workload.name.clone();
    let mut labels = match workload.role {
        Role::System(_) => vec![("k8s-app", name())],
        Role::Istiod => vec![("app", name()), ("istio", "pilot".to_owned())],
        Role::IngressGateway => vec![("app", name()), ("istio", "ingressgateway".to_owned())],
        Role::Application => vec![
            ("app", name()),
            ("app.kubernetes.io/managed-by", "Helm".to_owned()),
            ("version", format!("v{}", 1 + workload.key % 4)),
        ],
    };
    match (workload.role, workload.wish) {
        (Role::IngressGateway, _) => labels.push(("sidecar.istio.io/inject", "true".to_owned())),
        (Role::Istiod, _) | (_, Wish::OptOut) => labels.push(("sidecar.istio.io/inject", "false".to_owned())),
        _ => {}
    }
    labels
}

/// The label by which controllers and services select the pods.
pub(super) fn selector(workload: &Workload) -> &'static str {
    if matches!(workload.role, Role::System(_)) { "k8s-app" } else { "app" }
}

/// Annotations of the template, unsorted.
pub(super) fn annotations(workload: &Workload) -> Vec<(&'static str, String)> {
    let mut annotations = Vec::new();
    if workload.exporter {
        annotations.push(("prometheus.io/port", "9102".to_owned()));
        annotations.push(("prometheus.io/scrape", "true".to_owned()));
    }
    if workload.wish == Wish::LargerProxy {
        annotations.push(("sidecar.istio.io/proxyCPU", "200m".to_owned()));
        annotations.push(("sidecar.istio.io/proxyMemory", "256Mi".to_owned()));
    }
    if workload.role == Role::IngressGateway {
        annotations.push(("inject.istio.io/templates", "gateway".to_owned()));
    }
    if workload.kind == Kind::Deployment && workload.key.is_multiple_of(3) {
        let rolled_out = super::draw::Ago(workload.revision_age()).to_string();
        annotations.push(("kubectl.kubernetes.io/restartedAt", rolled_out));
    }
    annotations
}

/// Writes labels or annotations in order.
pub(super) fn write_map(json: &mut Json<'_>, key: &str, mut entries: Vec<(&'static str, String)>) {
    if entries.is_empty() {
        return;
    }
    entries.sort_unstable();
    json.object(key, |json| entries.iter().for_each(|(key, value)| json.string(key, value)));
}

/// Writes the fields of a pod specification; `admitted` for a pod, nothing for a template.
pub(super) fn write_spec(json: &mut Json<'_>, workload: &Workload, admitted: Option<&Admitted<'_>>) {
    let proxy = admitted.and(workload.proxy);
    constraints::write_affinity(json, workload, admitted);
    json.array("containers", |json| {
        json.element(|json| write_main_container(json, workload, admitted));
        if workload.exporter {
            json.element(|json| write_exporter(json, admitted));
        }
        if let (Some(Form::Classic), Some(admitted)) = (proxy, admitted) {
            json.element(|json| proxy::write_sidecar(json, workload, admitted));
        }
    });
    json.string("dnsPolicy", if host_network(workload) { "ClusterFirstWithHostNet" } else { "ClusterFirst" });
    if admitted.is_some() {
        json.plain("enableServiceLinks", true);
    }
    if host_network(workload) {
        json.plain("hostNetwork", true);
    }
    if let (Some(form), Some(admitted)) = (proxy, admitted) {
        json.array("initContainers", |json| {
            json.element(|json| proxy::write_init(json, workload));
            if form == Form::Native {
                json.element(|json| proxy::write_sidecar(json, workload, admitted));
            }
        });
    }
    if let Some(node) = admitted.and_then(|admitted| admitted.node) {
        json.string("nodeName", &node.name);
    }
    constraints::write_node_selector(json, workload.rule);
    let (class, priority) = priority(workload);
    if admitted.is_some() {
        json.string("preemptionPolicy", "PreemptLowerPriority");
        json.plain("priority", priority);
    }
    if let Some(class) = class {
        json.string("priorityClassName", class);
    }
    json.string("restartPolicy", if workload.kind == Kind::CronJob { "Never" } else { "Always" });
    json.string("schedulerName", "default-scheduler");
    json.object("securityContext", |json| {
        if workload.proxy.is_some() || workload.key % 4 == 1 {
            json.plain("fsGroup", 1000);
        }
    });
    if workload.kind != Kind::Static {
        json.string("serviceAccount", workload.service_account());
        json.string("serviceAccountName", workload.service_account());
    }
    json.plain("terminationGracePeriodSeconds", 30);
    constraints::write_tolerations(json, workload, admitted.is_some());
    constraints::write_spread(json, workload);
    volumes::write(json, workload, admitted);
}

/// Priority class and priority of its pods.
pub(super) fn priority(workload: &Workload) -> (Option<&'static str>, i64) {
    match workload.role {
        Role::System(_) if workload.rule == Rule::EveryNode => (Some("system-node-critical"), 2_000_001_000),
        Role::System(_) => (Some("system-cluster-critical"), 2_000_000_000),
        Role::Application if workload.kind == Kind::CronJob => (Some("batch"), -100),
        Role::Application if workload.key % 10 == 3 => (Some("business-critical"), 100_000),
        _ => (None, 0),
    }
}

/// The image of the main container, without its tag.
pub(super) fn image(workload: &Workload) -> String {
    match workload.role {
        Role::System(_) => format!("registry.example.com/platform/{}", workload.name),
        Role::Istiod => "registry.example.com/istio/pilot".to_owned(),
        Role::IngressGateway => proxy::IMAGE.to_owned(),
        Role::Application => format!("registry.example.com/apps/{}", workload.name),
    }
}

/// The tag of the main container's image.
pub(super) fn tag(workload: &Workload) -> String {
    match workload.role {
        Role::Istiod | Role::IngressGateway => proxy::TAG.to_owned(),
        _ => format!("{}.{}.{}", 1 + workload.key % 5, mix(workload.key, 40) % 30, mix(workload.key, 41) % 12),
    }
}

/// The name of the main container.
pub(super) fn main_container(workload: &Workload) -> &str {
    match workload.role {
        Role::Istiod => "discovery",
        Role::IngressGateway => proxy::CONTAINER,
        _ => &workload.name,
    }
}

/// Whether its pods use the host's network.
pub(super) fn host_network(workload: &Workload) -> bool {
    workload.role == Role::System(true)
}

/// The exporter beside some main containers.
pub(super) const EXPORTER_NAME: &str = "metrics-exporter";
/// Image of the exporter, without its tag.
pub(super) const EXPORTER_IMAGE: &str = "registry.example.com/platform/metrics-exporter";

fn write_main_container(json: &mut Json<'_>, workload: &Workload, admitted: Option<&Admitted<'_>>) {
    match workload.role {
        Role::Istiod => json.strings("args", &["discovery", "--monitoringAddr=:15014", "--domain", "cluster.local"]),
        Role::IngressGateway => {
            json.strings("args", &["proxy", "router", "--domain", "$(POD_NAMESPACE).svc.cluster.local"]);
        }
        _ => {}
    }
    write_environment(json, workload);
    json.string("image", format_args!("{}:{}", image(workload), tag(workload)));
    json.string("imagePullPolicy", "IfNotPresent");
    let probed = workload.serves.filter(|_| workload.kind != Kind::CronJob);
    if let Some(protocol) = probed.filter(|_| workload.key.is_multiple_of(2)) {
        json.object("livenessProbe", |json| write_probe(json, protocol, "/healthz", 20));
    }
    json.string("name", main_container(workload));
    if let Some(protocol) = workload.serves {
        json.array("ports", |json| {
            json.element(|json| {
                json.plain("containerPort", protocol.target_port());
                if host_network(workload) {
                    json.plain("hostPort", protocol.target_port());
                }
                json.string("name", protocol.port_name());
                json.string("protocol", "TCP");
            });
        });
    }
    if let Some(protocol) = probed {
        json.object("readinessProbe", |json| write_probe(json, protocol, "/ready", 5));
    }
    write_resources(json, workload);
    if workload.role == Role::Application && workload.key.is_multiple_of(3) {
        json.object("securityContext", |json| {
            json.plain("allowPrivilegeEscalation", false);
            json.object("capabilities", |json| json.strings("drop", &["ALL"]));
            json.plain("readOnlyRootFilesystem", workload.key.is_multiple_of(2));
        });
    }
    write_termination(json);
    json.array("volumeMounts", |json| {
        volumes::write_mount(json, "/etc/app", "config", true);
        if workload.kind == Kind::StatefulSet {
            volumes::write_mount(json, "/var/lib/data", "data", false);
        }
        volumes::write_token_mount(json, workload, admitted);
    });
}

fn write_environment(json: &mut Json<'_>, workload: &Workload) {
    const NAMES: [&str; 12] = [
        "LOG_LEVEL",
        "HTTP_TIMEOUT_SECONDS",
        "DATABASE_URL",
        "CACHE_ADDRESS",
        "FEATURE_FLAGS_FILE",
        "QUEUE_TOPIC",
        "MAX_CONNECTIONS",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "RETRY_BUDGET",
        "UPSTREAM_ADDRESS",
        "REGION",
        "CACHE_TTL",
    ];
    json.array("env", |json| {
        json.element(|json| {
            json.string("name", "POD_IP");
            json.object("valueFrom", |json| write_field_reference(json, "status.podIP"));
        });
        for (number, name) in (0..workload.variables).zip(NAMES) {
            json.element(|json| {
                json.string("name", name);
                if mix(workload.key, 50 + number).is_multiple_of(4) {
                    json.object("valueFrom", |json| {
                        json.object("secretKeyRef", |json| {
                            json.string("key", name.to_lowercase());
                            json.string("name", format_args!("{}-credentials", workload.name));
                        });
                    });
                } else {
                    json.string("value", format_args!("value-{}", mix(workload.key, 60 + number) % 1_000_000));
                }
            });
        }
    });
}

/// A reference to a field of the pod itself.
pub(super) fn write_field_reference(json: &mut Json<'_>, path: &str) {
    json.object("fieldRef", |json| {
        json.string("apiVersion", "v1");
        json.string("fieldPath", path);
    });
}

fn write_probe(json: &mut Json<'_>, protocol: Protocol, path: &str, delay: u64) {
    json.plain("failureThreshold", 3);
    match protocol {
        Protocol::Http => json.object("httpGet", |json| {
            json.string("path", path);
            json.string("port", protocol.port_name());
            json.string("scheme", "HTTP");
        }),
        Protocol::Grpc => json.object("grpc", |json| {
            json.plain("port", protocol.target_port());
            json.string("service", "");
        }),
        Protocol::Tcp | Protocol::Dns => {}
    }
    json.plain("initialDelaySeconds", delay);
    json.plain("periodSeconds", 10);
    json.plain("successThreshold", 1);
    if matches!(protocol, Protocol::Tcp | Protocol::Dns) {
        json.object("tcpSocket", |json| json.string("port", protocol.port_name()));
    }
    json.plain("timeoutSeconds", 2);
}

fn write_resources(json: &mut Json<'_>, workload: &Workload) {
    let (cpu, memory) = (workload.request.cpu, workload.request.memory);
    let limits = match workload.limits {
        Limits::None => (0, 0),
        Limits::Memory => (0, memory),
        Limits::Both => (cpu * 4, memory * 2),
    };
    json.object("resources", |json| {
        write_amounts(json, "limits", limits);
        write_amounts(json, "requests", (cpu, memory));
    });
}

/// Writes CPU and memory where they are not 0, as people write them.
pub(super) fn write_amounts(json: &mut Json<'_>, key: &str, (cpu, memory): (u64, u64)) {
    if cpu == 0 && memory == 0 {
        return;
    }
    json.object(key, |json| {
        match cpu {
            0 => {}
            whole if whole.is_multiple_of(1000) => json.string("cpu", whole / 1000),
            millis => json.string("cpu", format_args!("{millis}m")),
        }
        match memory {
            0 => {}
            whole if whole.is_multiple_of(1024) => json.string("memory", format_args!("{}Gi", whole / 1024)),
            mib => json.string("memory", format_args!("{mib}Mi")),
        }
    });
}

fn write_exporter(json: &mut Json<'_>, admitted: Option<&Admitted<'_>>) {
    json.string("image", format_args!("{EXPORTER_IMAGE}:v0.15.1"));
    json.string("imagePullPolicy", "IfNotPresent");
    json.string("name", EXPORTER_NAME);
    json.array("ports", |json| {
        json.element(|json| {
            json.plain("containerPort", 9102);
            json.string("name", "http-metrics");
            json.string("protocol", "TCP");
        });
    });
    json.object("resources", |json| {
        write_amounts(json, "limits", (0, EXPORTER.memory * 2));
        write_amounts(json, "requests", (EXPORTER.cpu, EXPORTER.memory));
    });
    write_termination(json);
    if let Some(admitted) = admitted {
        json.array("volumeMounts", |json| volumes::write_token(json, admitted));
    }
}

/// What the API server adds to every container.
pub(super) fn write_termination(json: &mut Json<'_>) {
    json.string("terminationMessagePath", "/dev/termination-log");
    json.string("terminationMessagePolicy", "File");
}
