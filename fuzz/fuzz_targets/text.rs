//! Console output of load tools, and percentile files.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| meshcap_fuzz::read(
    &["hgrm", "nighthawk", "oha", "vegeta", "wrk", "wrk2"],
    bytes
));
