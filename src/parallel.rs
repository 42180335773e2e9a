//! Several cores where the feature `parallel` is on; the same results, in the same order, without.

use std::cmp::Ordering;

/// `work` of each number below `count`, in order. `scratch` makes the working space of a thread;
/// work leaves it as it found it. A thread is given `least` of them or more, and with as many or fewer in
/// all, one thread does it: handing work over costs more than it saves.
#[cfg(feature = "parallel")]
pub(crate) fn map<S, T: Send>(
    count: usize,
    least: usize,
    scratch: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, usize) -> T + Sync + Send,
) -> Vec<T> {
    use rayon::prelude::*;
    /// Parts a thread gets, so that none waits long for the last.
    const PARTS: usize = 4;
    if count <= least {
        let mut space = scratch();
        return (0..count).map(|number| work(&mut space, number)).collect();
    }
    let part = count / (PARTS * rayon::current_num_threads());
    (0..count).into_par_iter().with_min_len(part.max(least)).map_init(scratch, work).collect()
}

/// `work` of each number below `count`, in order.
#[cfg(not(feature = "parallel"))]
pub(crate) fn map<S, T>(
    count: usize,
    _least: usize,
    scratch: impl Fn() -> S,
    work: impl Fn(&mut S, usize) -> T,
) -> Vec<T> {
    let mut space = scratch();
    (0..count).map(|number| work(&mut space, number)).collect()
}

/// Sorts by an order in which equal means interchangeable or already in place: a stable sort.
#[cfg(feature = "parallel")]
pub(crate) fn sort_by<T: Send>(items: &mut [T], order: impl Fn(&T, &T) -> Ordering + Sync) {
    use rayon::prelude::*;
    items.par_sort_by(order);
}

/// Sorts by an order in which equal means interchangeable or already in place: a stable sort.
#[cfg(not(feature = "parallel"))]
pub(crate) fn sort_by<T>(items: &mut [T], order: impl Fn(&T, &T) -> Ordering) {
    items.sort_by(order);
}
