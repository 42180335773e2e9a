//! Shares equal values: pods of one template carry the same specification, labels and names.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::sync::Arc;

use crate::inventory::objects::{Labels, Object, ObjectName, PodSpec};

/// Values seen so far. Nothing is ever iterated, so the hash order shows nowhere.
#[derive(Default)]
pub(super) struct Interner {
    texts: Pool<str>,
    labels: Pool<Labels>,
    specs: Pool<PodSpec>,
}

impl Interner {
    /// Replaces shareable parts of an object by those seen before.
    pub(super) fn share(&mut self, object: &mut Object) {
        match object {
            Object::Pod(pod) => {
                self.share_name(&mut pod.name);
                self.labels.share(&mut pod.labels);
                self.labels.share(&mut pod.annotations);
                self.specs.share(&mut pod.spec);
                if let Some(node) = &mut pod.node {
                    self.texts.share(node);
                }
                if let Some(owner) = &mut pod.owner {
                    self.texts.share(&mut owner.kind);
                    self.texts.share(&mut owner.name);
                }
            }
            Object::Controller(controller) => {
                self.share_name(&mut controller.name);
                self.texts.share(&mut controller.name.name);
                self.labels.share(&mut controller.template_labels);
                self.labels.share(&mut controller.template_annotations);
                self.specs.share(&mut controller.template);
                if let Some(owner) = &mut controller.owner {
                    self.texts.share(&mut owner.kind);
                    self.texts.share(&mut owner.name);
                }
            }
            Object::Service(service) => self.share_name(&mut service.name),
            Object::Endpoints(endpoints) => self.share_name(&mut endpoints.service),
            Object::Measured(measured) => self.share_name(&mut measured.name),
            _ => {}
        }
    }

    fn share_name(&mut self, name: &mut ObjectName) {
        self.texts.share(&mut name.namespace);
    }
}

/// Shared values by their hash, with a fixed hasher: no randomness enters.
struct Pool<T: ?Sized> {
    by_hash: HashMap<u64, Vec<Arc<T>>, BuildHasherDefault<DefaultHasher>>,
}

impl<T: ?Sized> Default for Pool<T> {
    fn default() -> Self {
        Self { by_hash: HashMap::default() }
    }
}

impl<T: ?Sized + Hash + Eq> Pool<T> {
    fn share(&mut self, value: &mut Arc<T>) {
        let hash = self.by_hash.hasher().hash_one(&**value);
        let same = self.by_hash.entry(hash).or_default();
        match same.iter().find(|known| ***known == **value) {
            Some(known) => *value = Arc::clone(known),
            None => same.push(Arc::clone(value)),
        }
    }
}
