//! Shares equal values: pods of one template carry the same specification, labels and names.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::sync::{Arc, Mutex, PoisonError};

use crate::inventory::objects::{Labels, Object, ObjectName, PodSpec};

/// Values seen so far, on all threads. Which of equal values is kept shows nowhere, nor does the hash
/// order: nothing is ever iterated.
#[derive(Default)]
pub(super) struct Interner {
    texts: Pool<str>,
    labels: Pool<Labels>,
    specs: Pool<PodSpec>,
}

impl Interner {
    /// Replaces shareable parts of an object by those seen before.
    pub(super) fn share(&self, object: &mut Object) {
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
            Object::Node(node) => {
                for name in node.images.iter_mut().flat_map(|image| &mut image.names) {
                    self.texts.share(name);
                }
            }
            Object::Service(service) => self.share_name(&mut service.name),
            Object::Endpoints(endpoints) => self.share_name(&mut endpoints.service),
            Object::Measured(measured) => self.share_name(&mut measured.name),
            _ => {}
        }
    }

    fn share_name(&self, name: &mut ObjectName) {
        self.texts.share(&mut name.namespace);
    }
}

/// Shared values in parts that are locked one by one, so that threads seldom wait for each other.
struct Pool<T: ?Sized> {
    parts: [Mutex<ByHash<T>>; 32],
}

/// With a fixed hasher: no randomness enters.
type ByHash<T> = HashMap<u64, Vec<Arc<T>>, BuildHasherDefault<DefaultHasher>>;

impl<T: ?Sized> Default for Pool<T> {
    fn default() -> Self {
        Self { parts: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl<T: ?Sized + Hash + Eq> Pool<T> {
    fn share(&self, value: &mut Arc<T>) {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&**value);
        let Some(part) = self.parts.get(hash as usize % self.parts.len()) else { return };
        let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
        let same = part.entry(hash).or_default();
        let known = match same.iter().find(|known| ***known == **value) {
            Some(known) => Arc::clone(known),
            None => {
                same.push(Arc::clone(value));
                return;
            }
        };
        drop(part);
        *value = known;
    }
}
