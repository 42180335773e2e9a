//! The catalogue of node shapes that comes with the program.

use crate::policy::{NodePoolPolicy, ScenarioFile};

/// Common shapes of the managed services with their list prices; what they are and where they are from is in
/// `data/node-shapes.toml`.
#[must_use]
pub fn catalogue() -> Vec<NodePoolPolicy> {
    const TEXT: &str = include_str!("../../data/node-shapes.toml");
    ScenarioFile::shapes_from_toml(TEXT).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_has_a_price_and_a_name_of_its_own() {
        let shapes = catalogue();
        assert!(shapes.len() > 8);
        let names: std::collections::BTreeSet<&str> = shapes.iter().map(|shape| shape.name.as_str()).collect();
        assert_eq!(names.len(), shapes.len());
        assert!(shapes.iter().all(|shape| shape.price_per_hour.amount() > 0.0));
    }
}
