//! Scrapes in text and Protocol Buffers, and API answers.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| meshcap_fuzz::read(&["prometheus"], bytes));
