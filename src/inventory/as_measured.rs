//! The cluster that was measured, kept while another is made of it.
//!
//! Memory of a proxy was measured with what it was sent then. What a change adds or takes is a difference to that, so
//! every cluster that is made of the measured one knows it.

use std::sync::Arc;

use super::Inventory;

impl Inventory {
    /// Keeps this cluster as the one that was measured, unless another is kept already; nothing where no memory was
    /// measured. To be called before anything is changed.
    pub fn keep_as_measured(&mut self) {
        if self.as_measured.is_none() && self.measures_memory() {
            self.as_measured = Some(Arc::new(self.clone()));
        }
    }

    /// Whether memory of single pods was measured in it.
    #[must_use]
    pub fn measures_memory(&self) -> bool {
        self.workloads.iter().any(|workload| {
            let pods = &workload.measured.pods;
            pods.proxy.is_some() || (pods.app.is_some() && workload.is_istiod())
        })
    }
}
