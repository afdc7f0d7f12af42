//! The args and variables that the values of a file may use, found without evaluating anything.

use std::collections::BTreeMap;

use crate::source::Spanned;
use crate::text::Text;

/// A part of a file that may use args and variables.
pub(super) trait Names {
    /// Calls `visit` with each name that may be used, once for each use.
    fn visit_names(&self, visit: &mut dyn FnMut(&str));
}

macro_rules! no_names {
    ($($Type:ty),+) => {$(
        impl Names for $Type {
            fn visit_names(&self, _: &mut dyn FnMut(&str)) {}
        }
    )+};
}

no_names!(bool, u32, String, Text);

impl<T: Names> Names for &T {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        (**self).visit_names(visit);
    }
}

impl<T: Names> Names for Box<T> {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        (**self).visit_names(visit);
    }
}

impl<T: Names> Names for Option<T> {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        self.iter().for_each(|value| value.visit_names(visit));
    }
}

impl<T: Names> Names for Vec<T> {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        self.iter().for_each(|value| value.visit_names(visit));
    }
}

impl<K, T: Names> Names for BTreeMap<K, T> {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        self.values().for_each(|value| value.visit_names(visit));
    }
}

impl<T: Names> Names for Spanned<T> {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        self.value.visit_names(visit);
    }
}
