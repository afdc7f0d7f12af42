#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mstage_fuzz::gateway_answers(data));
