#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| divan_fuzz::device_tokens(bytes));
