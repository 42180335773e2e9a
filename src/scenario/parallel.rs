//! Several cores where the feature `parallel` is on; the same results, in the same order, without.

/// `work` of each item, in order.
#[cfg(feature = "parallel")]
pub(super) fn map<I: Sync, T: Send>(items: &[I], work: impl Fn(&I) -> T + Sync + Send) -> Vec<T> {
    use rayon::prelude::*;
    items.par_iter().map(work).collect()
}

/// `work` of each item, in order.
#[cfg(not(feature = "parallel"))]
pub(super) fn map<I, T>(items: &[I], work: impl Fn(&I) -> T) -> Vec<T> {
    items.iter().map(work).collect()
}
