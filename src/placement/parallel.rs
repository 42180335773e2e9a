//! Several cores where the feature `parallel` is on; the same results, in the same order, without.

use std::cmp::Ordering;

/// `work` of each number below `count`, in order. `scratch` makes the working space of a thread;
/// work leaves it as it found it.
#[cfg(feature = "parallel")]
pub(super) fn map<S, T: Send>(
    count: usize,
    scratch: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, usize) -> T + Sync + Send,
) -> Vec<T> {
    use rayon::prelude::*;
    /// Below this, handing work to another thread costs more than it saves.
    const FEW: usize = 64;
    if count <= FEW {
        let mut space = scratch();
        return (0..count).map(|number| work(&mut space, number)).collect();
    }
    (0..count).into_par_iter().with_min_len(FEW).map_init(scratch, work).collect()
}

/// `work` of each number below `count`, in order.
#[cfg(not(feature = "parallel"))]
pub(super) fn map<S, T>(count: usize, scratch: impl Fn() -> S, work: impl Fn(&mut S, usize) -> T) -> Vec<T> {
    let mut space = scratch();
    (0..count).map(|number| work(&mut space, number)).collect()
}

/// Sorts by an order in which equal means interchangeable or already in place: a stable sort.
#[cfg(feature = "parallel")]
pub(super) fn sort_by<T: Send>(items: &mut [T], order: impl Fn(&T, &T) -> Ordering + Sync) {
    use rayon::prelude::*;
    items.par_sort_by(order);
}

/// Sorts by an order in which equal means interchangeable or already in place: a stable sort.
#[cfg(not(feature = "parallel"))]
pub(super) fn sort_by<T>(items: &mut [T], order: impl Fn(&T, &T) -> Ordering) {
    items.sort_by(order);
}
