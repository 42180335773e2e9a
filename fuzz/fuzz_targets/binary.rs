//! HdrHistogram in its binary encodings and in logs.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| meshcap_fuzz::read(&["hdr", "hlog"], bytes));
