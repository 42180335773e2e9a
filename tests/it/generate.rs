//! Synthetic clusters, made and read back through the library.

use std::io::{self, Write};

use meshcap::synthetic::{self, Istio, Spec};
use meshcap::units::Share;
use proptest::prelude::*;
use serde_json::Value;

/// A sink that counts and takes note of the largest piece it was handed.
#[derive(Default)]
struct Counter {
    bytes: usize,
    largest: usize,
}

impl Write for Counter {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.bytes += piece.len();
        self.largest = self.largest.max(piece.len());
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A sink that is full after so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(piece.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn count(list: &Value, kind: &str) -> u64 {
    list["items"].as_array().unwrap().iter().filter(|item| item["kind"] == kind).count() as u64
}

#[test]
fn the_listing_is_written_in_pieces() {
    let mut counter = Counter::default();
    synthetic::write(&Spec::new(100, 2_000, 1), &mut counter).unwrap();
    assert!(counter.bytes > 10_000_000, "{} bytes", counter.bytes);
    assert!(counter.largest < 200_000, "{} bytes at once", counter.largest);
}

#[test]
fn an_error_of_the_sink_is_the_callers() {
    for room in [0, 100_000, 1_000_000] {
        let error = synthetic::write(&Spec::new(20, 300, 1), &mut Full(room)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_spec_is_met_exactly(
        nodes in 0_u64..40,
        pods in 0_u64..400,
        seed: u64,
        enrolled in 0.0..=1.0,
        running in 0.0..=1.0,
        native in 0.0..=1.0,
    ) {
        let share = |number| Share::new(number).unwrap();
        let istio = Istio { enrolled: share(enrolled), running: share(running), native: share(native) };
        let spec = Spec { istio, ..Spec::new(nodes, pods, seed) };
        let mut out = Vec::new();
        synthetic::write(&spec, &mut out).unwrap();
        let list: Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(count(&list, "Node"), nodes);
        prop_assert_eq!(count(&list, "Pod"), pods);
    }
}
