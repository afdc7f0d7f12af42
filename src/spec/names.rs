//! Which args and variables the values of a file may use, found without evaluating anything.

use std::collections::BTreeMap;

use super::image::{Command, Labels};
use super::mount::{Mount, Sharing};
use super::name::ArgName;
use super::read::OneOrMany;
use super::script;
use super::stage::{Env, From, Shell};
use super::step::{Script, Step, Verb};
use super::template::{Scalar, Template};
use super::{Arg, Args};
use crate::source::Spanned;

/// A part of a file that may use args and variables.
pub(super) trait Names {
    /// Calls `visit` with each name that may be used, once for each use.
    fn visit_names(&self, visit: &mut dyn FnMut(&str));
}

impl Names for Template {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        Template::visit_names(self, visit);
    }
}

impl Names for Script {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        script::visit_names(&self.0, visit);
    }
}

impl Names for ArgName {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        visit(self.as_str());
    }
}

impl Names for Step {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        match &self.verb {
            Verb::Run(step) => step.visit_names(visit),
            Verb::Exec(step) => step.visit_names(visit),
            Verb::Copy(step) => step.visit_names(visit),
        }
    }
}

impl Names for Mount {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        match self {
            Mount::Cache(mount) => mount.visit_names(visit),
            Mount::Bind(mount) => mount.visit_names(visit),
        }
    }
}

impl Names for From {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        self.template().visit_names(visit);
    }
}

/// The container's own shell sees to its names.
impl Names for Command {
    fn visit_names(&self, _: &mut dyn FnMut(&str)) {}
}

macro_rules! inner_names {
    ($($Type:ty: $($field:tt).+;)+) => {$(
        impl Names for $Type {
            fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
                self.$($field).+.visit_names(visit);
            }
        }
    )+};
}

inner_names! {
    Scalar: 0;
    Shell: 0;
    Env: 0;
    Labels: 0;
    Args: 0;
    Arg: default;
}

macro_rules! no_names {
    ($($Type:ty),+) => {$(
        impl Names for $Type {
            fn visit_names(&self, _: &mut dyn FnMut(&str)) {}
        }
    )+};
}

no_names!(bool, String, Sharing);

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

impl<T: Names> Names for OneOrMany<T> {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        self.as_slice().iter().for_each(|value| value.visit_names(visit));
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
