//! What sidecar injection adds to a pod, in the shape of Istio 1.28: init container, proxy, volumes.

use super::json::Json;
use super::template::{Admitted, labels, main_container, write_amounts, write_field_reference, write_termination};
use super::volumes::{write_mount, write_token};
use super::workloads::{Form, Kind, Wish, Workload};

/// Name of the proxy container.
pub(super) const CONTAINER: &str = "istio-proxy";
/// Name of the init container that redirects traffic.
pub(super) const INIT_CONTAINER: &str = "istio-init";
/// Image of the proxy, without its tag.
pub(super) const IMAGE: &str = "registry.example.com/istio/proxyv2";
/// Istio's version.
pub(super) const TAG: &str = "1.28.2";

/// Annotations injection adds, unsorted.
pub(super) fn annotations(workload: &Workload, form: Form) -> Vec<(&'static str, String)> {
    let (init, containers) = match form {
        Form::Classic => (r#"["istio-init"]"#, r#"["istio-proxy"]"#),
        Form::Native => (r#"["istio-init","istio-proxy"]"#, "null"),
    };
    let volumes = VOLUMES.map(|volume| format!("\"{volume}\"")).join(",");
    let status = format!(
        r#"{{"initContainers":{init},"containers":{containers},"volumes":[{volumes}],"imagePullSecrets":null,"revision":"default"}}"#
    );
    let mut annotations = vec![
        ("istio.io/rev", "default".to_owned()),
        ("kubectl.kubernetes.io/default-container", main_container(workload).to_owned()),
        ("kubectl.kubernetes.io/default-logs-container", main_container(workload).to_owned()),
        ("sidecar.istio.io/status", status),
    ];
    // Injection points the scrape annotations at the merged endpoint of the agent.
    annotations.push(("prometheus.io/path", "/stats/prometheus".to_owned()));
    annotations.push(("prometheus.io/port", "15020".to_owned()));
    annotations.push(("prometheus.io/scrape", "true".to_owned()));
    annotations
}

/// Labels injection adds, unsorted.
pub(super) fn added_labels(workload: &Workload) -> Vec<(&'static str, String)> {
    let version = labels(workload).into_iter().find(|(key, _)| *key == "version").map(|(_, version)| version);
    vec![
        ("security.istio.io/tlsMode", "istio".to_owned()),
        ("service.istio.io/canonical-name", workload.name.clone()),
        ("service.istio.io/canonical-revision", version.unwrap_or_else(|| "latest".to_owned())),
    ]
}

/// Writes the init container that redirects the pod's traffic to the proxy.
pub(super) fn write_init(json: &mut Json<'_>, workload: &Workload) {
    json.strings(
        "args",
        &[
            "istio-iptables",
            "-p",
            "15001",
            "-z",
            "15006",
            "-u",
            "1337",
            "-m",
            "REDIRECT",
            "-i",
            "*",
            "-d",
            "15090,15021,15020",
        ],
    );
    json.string("image", format_args!("{IMAGE}:{TAG}"));
    json.string("imagePullPolicy", "IfNotPresent");
    json.string("name", INIT_CONTAINER);
    write_resources(json, workload);
    json.object("securityContext", |json| {
        json.plain("allowPrivilegeEscalation", false);
        json.object("capabilities", |json| {
            json.strings("add", &["NET_ADMIN", "NET_RAW"]);
            json.strings("drop", &["ALL"]);
        });
        json.plain("privileged", false);
        json.plain("runAsGroup", 0);
        json.plain("runAsNonRoot", false);
        json.plain("runAsUser", 0);
    });
    write_termination(json);
}

/// Writes the proxy itself, as a container or as a restartable init container.
pub(super) fn write_sidecar(json: &mut Json<'_>, workload: &Workload, admitted: &Admitted<'_>) {
    json.strings(
        "args",
        &[
            "proxy",
            "sidecar",
            "--domain",
            "$(POD_NAMESPACE).svc.cluster.local",
            "--proxyLogLevel=warning",
            "--log_output_level=default:info",
        ],
    );
    json.array("env", |json| write_environment(json, workload, admitted));
    json.string("image", format_args!("{IMAGE}:{TAG}"));
    json.string("imagePullPolicy", "IfNotPresent");
    json.string("name", CONTAINER);
    json.array("ports", |json| {
        json.element(|json| {
            json.plain("containerPort", 15090);
            json.string("name", "http-envoy-prom");
            json.string("protocol", "TCP");
        });
    });
    json.object("readinessProbe", |json| write_probe(json, 4, 15));
    write_resources(json, workload);
    if workload.proxy == Some(Form::Native) {
        json.string("restartPolicy", "Always");
    }
    json.object("securityContext", |json| {
        json.plain("allowPrivilegeEscalation", false);
        json.object("capabilities", |json| json.strings("drop", &["ALL"]));
        json.plain("privileged", false);
        json.plain("readOnlyRootFilesystem", true);
        json.plain("runAsGroup", 1337);
        json.plain("runAsNonRoot", true);
        json.plain("runAsUser", 1337);
    });
    json.object("startupProbe", |json| write_probe(json, 600, 1));
    write_termination(json);
    json.array("volumeMounts", |json| {
        for (path, volume) in [
            ("/var/run/secrets/workload-spiffe-uds", "workload-socket"),
            ("/var/run/secrets/istio", "istiod-ca-cert"),
            ("/var/lib/istio/data", "istio-data"),
            ("/etc/istio/proxy", "istio-envoy"),
            ("/var/run/secrets/tokens", "istio-token"),
            ("/etc/istio/pod", "istio-podinfo"),
        ] {
            write_mount(json, path, volume, false);
        }
        write_token(json, admitted);
    });
}

/// Writes the volumes injection adds.
pub(super) fn write_volumes(json: &mut Json<'_>) {
    json.element(|json| {
        json.object("emptyDir", |_| {});
        json.string("name", "workload-socket");
    });
    json.element(|json| {
        json.object("emptyDir", |json| json.string("medium", "Memory"));
        json.string("name", "istio-envoy");
    });
    json.element(|json| {
        json.object("emptyDir", |_| {});
        json.string("name", "istio-data");
    });
    json.element(|json| {
        json.object("downwardAPI", |json| {
            json.plain("defaultMode", 420);
            json.array("items", |json| {
                for (field, path) in [("metadata.labels", "labels"), ("metadata.annotations", "annotations")] {
                    json.element(|json| {
                        write_field_reference(json, field);
                        json.string("path", path);
                    });
                }
            });
        });
        json.string("name", "istio-podinfo");
    });
    json.element(|json| {
        json.string("name", "istio-token");
        json.object("projected", |json| {
            json.plain("defaultMode", 420);
            json.array("sources", |json| {
                json.element(|json| {
                    json.object("serviceAccountToken", |json| {
                        json.string("audience", "istio-ca");
                        json.plain("expirationSeconds", 43200);
                        json.string("path", "istio-token");
                    });
                });
            });
        });
    });
    json.element(|json| {
        json.object("configMap", |json| {
            json.plain("defaultMode", 420);
            json.string("name", "istio-ca-root-cert");
        });
        json.string("name", "istiod-ca-cert");
    });
}

const VOLUMES: [&str; 6] =
    ["workload-socket", "istio-envoy", "istio-data", "istio-podinfo", "istio-token", "istiod-ca-cert"];

fn write_environment(json: &mut Json<'_>, workload: &Workload, admitted: &Admitted<'_>) {
    let plural = if workload.kind == Kind::StatefulSet { "statefulsets" } else { "deployments" };
    let owner = format!("kubernetes://apis/apps/v1/namespaces/{}/{plural}/{}", admitted.namespace, workload.name);
    for (name, value) in [("PILOT_CERT_PROVIDER", "istiod"), ("CA_ADDR", "istiod.istio-system.svc:15012")] {
        write_value(json, name, value);
    }
    for (name, path) in [
        ("POD_NAME", "metadata.name"),
        ("POD_NAMESPACE", "metadata.namespace"),
        ("INSTANCE_IP", "status.podIP"),
        ("SERVICE_ACCOUNT", "spec.serviceAccountName"),
        ("HOST_IP", "status.hostIP"),
        ("ISTIO_META_NODE_NAME", "spec.nodeName"),
    ] {
        json.element(|json| {
            json.string("name", name);
            json.object("valueFrom", |json| write_field_reference(json, path));
        });
    }
    for (name, resource) in [("ISTIO_CPU_LIMIT", "limits.cpu"), ("GOMEMLIMIT", "limits.memory")] {
        json.element(|json| {
            json.string("name", name);
            json.object("valueFrom", |json| {
                json.object("resourceFieldRef", |json| {
                    json.string("divisor", "0");
                    json.string("resource", resource);
                });
            });
        });
    }
    for (name, value) in [
        ("PROXY_CONFIG", "{}\n"),
        ("ISTIO_META_APP_CONTAINERS", main_container(workload)),
        ("ISTIO_META_CLUSTER_ID", "Kubernetes"),
        ("ISTIO_META_INTERCEPTION_MODE", "REDIRECT"),
        ("ISTIO_META_WORKLOAD_NAME", &workload.name),
        ("ISTIO_META_OWNER", &owner),
        ("ISTIO_META_MESH_ID", "cluster.local"),
        ("TRUST_DOMAIN", "cluster.local"),
    ] {
        write_value(json, name, value);
    }
}

fn write_value(json: &mut Json<'_>, name: &str, value: &str) {
    json.element(|json| {
        json.string("name", name);
        json.string("value", value);
    });
}

fn write_probe(json: &mut Json<'_>, failures: u64, period: u64) {
    json.plain("failureThreshold", failures);
    json.object("httpGet", |json| {
        json.string("path", "/healthz/ready");
        json.plain("port", 15021);
        json.string("scheme", "HTTP");
    });
    json.plain("periodSeconds", period);
    json.plain("successThreshold", 1);
    json.plain("timeoutSeconds", 3);
}

/// Where any resource annotation is given, injection drops all its defaults, limits included.
fn write_resources(json: &mut Json<'_>, workload: &Workload) {
    let request = workload.proxy_request();
    let limits = if workload.wish == Wish::LargerProxy { (0, 0) } else { (2000, 1024) };
    json.object("resources", |json| {
        write_amounts(json, "limits", limits);
        write_amounts(json, "requests", (request.cpu, request.memory));
    });
}
