//! A word of an instruction, and a flag that is one.

use crate::source::Spanned;

/// A value as written, with its span.
pub type Word = Spanned<String>;

/// `--device=name[,required]`.
#[derive(Debug, Clone)]
pub struct DeviceFlag {
    /// The CDI name.
    pub name: Word,
    /// True if a build fails without the device.
    pub required: bool,
}
