//! The page that goes with the files: what they do, how to apply them, how to go back.

use std::fmt::Write;

use super::super::markdown;
use super::document;
use crate::tuning::{Manifest, Tuning};

/// Markdown for people who find the folder.
pub fn readme(tuning: &Tuning, files: &[Manifest]) -> String {
    let has_values = files.iter().any(|file| !file.path.contains('/') && file.path.ends_with("-values.yaml"));
    let mut page = String::from(
        "# Tuning of the mesh\n\n\
         This folder is a kustomize component. Include it where the objects it changes come from:\n\n\
         ```yaml\ncomponents:\n  - path/to/this/folder\n```\n\n\
         Without kustomize, apply `resources/` with `kubectl apply -f`, and each file of `patches/` with\n\
         `kubectl patch KIND NAME -n NAMESPACE --patch-file FILE`; for objects of Istio with `--type merge`, and for the\n\
         lists of operations that change a VirtualService with `--type json`. These fail, and change nothing, where the\n\
         route is no longer the one that was looked at.\n\n",
    );
    if has_values {
        page.push_str(
            "`istiod-values.yaml` goes to Helm, over the values in use:\n\n\
             ```sh\nhelm upgrade istiod istio/istiod -n istio-system --reuse-values -f istiod-values.yaml\n```\n\n",
        );
    }
    page.push_str(
        "Apply Sidecars and Helm values first, then the patches: proxies are sized for what they are sent then.\n\
         `meshcap plan INPUT THIS-FOLDER` gives the figures under \"Then\" below.\n\n\
         To go back, take the component out and apply again (`kubectl rollout undo` for a patched workload,\n\
         `kubectl delete -f` for what is in `resources/`, `helm rollback` for values).\n\n## Files\n\n",
    );
    for file in files {
        let _ = writeln!(page, "- `{}`", file.path);
    }
    page.push('\n');
    page.push_str(&markdown::render(&document(tuning)));
    page
}
