//! Results of load tools in JSON, whole or line by line.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| meshcap_fuzz::read(&["fortio", "k6", "nighthawk", "oha", "vegeta"], bytes));
