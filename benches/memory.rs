//! Allocations from the text of a build file to encoded LLB: `cargo bench --bench memory`.
//!
//! Prints their number, the peak and the size of the result. Times are in `compile.rs`.
#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
#![expect(clippy::unwrap_used, reason = "generated files are right")]

#[expect(dead_code, reason = "Dockerfiles are measured by the other benchmark")]
mod way;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn main() {
    let test = !std::env::args().any(|arg| arg == "--bench");
    let sizes: &[usize] = if test { &[10] } else { &[10, 100, 1_000] };
    println!("stages      ops  text KiB  allocations  per op  peak MiB  LLB MiB");
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    for &stages in sizes {
        let text = way::generate(stages);
        let profiler = dhat::Profiler::builder().testing().build();
        let way::Compiled { ops, bytes } = way::compile("mstage.toml", &text, &mut || {});
        let heap = dhat::HeapStats::get();
        drop(profiler);
        println!(
            "{stages:>6} {ops:>8} {:>9} {:>12} {:>7.1} {:>9.1} {:>8.2}",
            text.len() >> 10,
            heap.total_blocks,
            heap.total_blocks as f64 / ops as f64,
            mib(heap.max_bytes),
            mib(bytes),
        );
    }
}
