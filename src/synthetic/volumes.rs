//! Volumes of pods and where containers mount them.

use super::json::Json;
use super::proxy;
use super::template::{Admitted, write_field_reference};
use super::workloads::{Kind, Workload};

/// Volumes of a template, or of a pod as admitted.
pub(super) fn write(json: &mut Json<'_>, workload: &Workload, admitted: Option<&Admitted<'_>>) {
    json.array("volumes", |json| {
        json.element(|json| {
            json.object("configMap", |json| {
                json.plain("defaultMode", 420);
                json.string("name", format_args!("{}-config", workload.name));
            });
            json.string("name", "config");
        });
        let Some(admitted) = admitted else { return };
        // A StatefulSet's claims come from its volumeClaimTemplates, per pod.
        if workload.kind == Kind::StatefulSet {
            json.element(|json| {
                json.string("name", "data");
                json.object("persistentVolumeClaim", |json| {
                    json.string("claimName", format_args!("data-{}-{}", workload.name, admitted.ordinal));
                });
            });
        }
        if workload.proxy.is_some() {
            proxy::write_volumes(json);
        }
        if workload.kind != Kind::Static {
            write_token_volume(json, admitted);
        }
    });
}

fn write_token_volume(json: &mut Json<'_>, admitted: &Admitted<'_>) {
    json.element(|json| {
        json.string("name", format_args!("kube-api-access-{}", admitted.token));
        json.object("projected", |json| {
            json.plain("defaultMode", 420);
            json.array("sources", |json| {
                json.element(|json| {
                    json.object("serviceAccountToken", |json| {
                        json.plain("expirationSeconds", 3607);
                        json.string("path", "token");
                    });
                });
                json.element(|json| {
                    json.object("configMap", |json| {
                        json.array("items", |json| {
                            json.element(|json| {
                                json.string("key", "ca.crt");
                                json.string("path", "ca.crt");
                            });
                        });
                        json.string("name", "kube-root-ca.crt");
                    });
                });
                json.element(|json| {
                    json.object("downwardAPI", |json| {
                        json.array("items", |json| {
                            json.element(|json| {
                                write_field_reference(json, "metadata.namespace");
                                json.string("path", "namespace");
                            });
                        });
                    });
                });
            });
        });
    });
}

/// A volume mount.
pub(super) fn write_mount(json: &mut Json<'_>, path: &str, volume: &str, read_only: bool) {
    json.element(|json| {
        json.string("mountPath", path);
        json.string("name", volume);
        if read_only {
            json.plain("readOnly", true);
        }
    });
}

/// The mount of the token in the main container; static pods have none.
pub(super) fn write_token_mount(json: &mut Json<'_>, workload: &Workload, admitted: Option<&Admitted<'_>>) {
    if let Some(admitted) = admitted.filter(|_| workload.kind != Kind::Static) {
        write_token(json, admitted);
    }
}

/// The mount of the service account's token.
pub(super) fn write_token(json: &mut Json<'_>, admitted: &Admitted<'_>) {
    let volume = format!("kube-api-access-{}", admitted.token);
    write_mount(json, "/var/run/secrets/kubernetes.io/serviceaccount", &volume, true);
}
