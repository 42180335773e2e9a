//! What people write in TOML: policies, scenarios, node shapes, model cards.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| meshcap_fuzz::settings(bytes));
