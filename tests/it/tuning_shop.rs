//! A small shop in a mesh, to be tuned.

use std::fmt::Write;
use std::fs;

use meshcap::card::ModelCard;
use meshcap::plan::Inputs;
use meshcap::policy::Policy;
use meshcap::sources::{self, Input, Limits};
use meshcap::tuning::{Recommendation, Tuning, manifests};

use crate::tuning::keeps_its_promise;

/// A shop of two workloads, with a gateway in front.
pub const SHOP: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: cart}}
  template: {metadata: {labels: {app: cart}}, spec: {containers: [{name: cart, image: cart}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{port: 80, name: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, name: http}]}
---
";

/// A shop with further objects under a policy: tuned, with everything that holds of any tuning.
pub fn tuned(further: &str, policy: &str) -> Tuning {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.yaml");
    fs::write(&path, format!("{SHOP}{further}")).unwrap();
    keeps_its_promise(std::slice::from_ref(&path), &inputs(&[Input::Path(path.clone())], policy))
}

/// The same with calls, as lines of `from,to`.
pub fn tuned_with_calls(further: &str, policy: &str, calls: &str) -> Tuning {
    let folder = tempfile::tempdir().unwrap();
    let [shop, known] = ["shop.yaml", "calls.csv"].map(|name| folder.path().join(name));
    fs::write(&shop, format!("{SHOP}{further}")).unwrap();
    fs::write(&known, format!("from,to\n{calls}")).unwrap();
    let inputs = inputs(&[Input::Path(shop.clone())], policy);
    let calls = Some(sources::read_calls(&known).unwrap());
    keeps_its_promise(&[shop], &Inputs { calls, ..inputs })
}

pub fn inputs(sources: &[Input], policy: &str) -> Inputs {
    let reading = sources::read(sources, &Limits::default(), &|_| ()).unwrap();
    let inventory = meshcap::inventory::assemble(reading.objects).inventory;
    Inputs::new(inventory, Policy::from_toml(policy).unwrap(), ModelCard::named("istio-1.24").unwrap())
}

pub fn found<'a>(tuning: &'a Tuning, id: &str) -> &'a Recommendation {
    let all: Vec<&str> = tuning.recommendations.iter().map(|it| it.id.as_str()).collect();
    tuning.recommendations.iter().find(|it| it.id == id).unwrap_or_else(|| panic!("no {id} among {all:?}"))
}

/// One more workload behind a service of its name.
pub fn workload(name: &str) -> String {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  \
                      selector: {matchLabels: {app: web}}\n  template: {metadata: {labels: {app: web}}, \
                      spec: {containers: [{name: web, image: web}]}}\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n\
                   spec: {selector: {app: web}, ports: [{port: 80, name: http}]}\n";
    format!("{deployment}---\n{service}---\n").replace("web", name)
}

/// What a recommendation would write, as one text.
pub fn written(it: &Recommendation) -> String {
    manifests(&it.changes).iter().filter(|file| file.path != "kustomization.yaml").fold(
        String::new(),
        |mut all, file| {
            let _ = write!(all, "{}: {} ", file.path, file.object);
            all
        },
    )
}
