//! How much may be made of a file's values.
//!
//! Values are made of other values: a few lines that double each other, or a long value in many places, would
//! be more than any memory holds.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What is left to be made, in bytes. Shared by all that make something of the same file.
#[derive(Debug)]
pub struct Allowance(AtomicUsize);

/// There is not that much left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent;

impl Allowance {
    /// So many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(AtomicUsize::new(bytes))
    }

    /// Takes some of it. What has once been asked for too much gives nothing any more.
    pub fn spend(&self, bytes: usize) -> Result<(), Spent> {
        let left = self.0.load(Ordering::Relaxed).checked_sub(bytes);
        self.0.store(left.unwrap_or(0), Ordering::Relaxed);
        left.map(|_| ()).ok_or(Spent)
    }
}
