//! Kubernetes objects in YAML and JSON, and what is made of them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| meshcap_fuzz::plan(bytes));
