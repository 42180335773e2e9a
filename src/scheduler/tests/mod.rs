//! The whole of it on small clusters.
