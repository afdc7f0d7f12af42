#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mstage_fuzz::dockerfile_to_spec(data));
