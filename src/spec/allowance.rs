//! A limit on the total size of a file's expanded values.
//!
//! Values refer to other values: a few lines that double each other, or a long value in many
//! places, could exhaust the memory.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The remaining size in bytes. Shared by everything that expands values of the same file.
#[derive(Debug)]
pub struct Allowance(AtomicUsize);

/// The allowance is exhausted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent;

impl Allowance {
    /// An allowance of `bytes`.
    pub fn new(bytes: usize) -> Self {
        Self(AtomicUsize::new(bytes))
    }

    /// Takes `bytes` from it. Once exhausted, every later call fails.
    pub fn spend(&self, bytes: usize) -> Result<(), Spent> {
        let left = self.0.load(Ordering::Relaxed).checked_sub(bytes);
        self.0.store(left.unwrap_or(0), Ordering::Relaxed);
        left.map(|_| ()).ok_or(Spent)
    }
}
