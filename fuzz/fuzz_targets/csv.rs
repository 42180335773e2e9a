//! Samples and statistics in CSV and XML.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| meshcap_fuzz::read(
    &["csv", "hey", "jmeter", "k6", "locust", "vegeta"],
    bytes
));
