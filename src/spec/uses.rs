//! The args and variables that each type of the language may use.

use super::arg::Pattern;
use super::check::{Failing, Skip};
use super::condition::Operand;
use super::env::{Env, Shell};
use super::from::From;
use super::image::{Command, Labels};
use super::include::Include;
use super::input::Input;
use super::mount::Mount;
use super::name::ArgName;
use super::names::Names;
use super::read::OneOrMany;
use super::script;
use super::step::Step;
use super::step_values::{Content, Device, Script, Sources};
use super::template::{Scalar, Template};
use super::{Arg, Args, Own, Vars};
use crate::diagnostic::Check;
use crate::ignore::IgnorePattern;

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
        self.verb.visit_names(visit);
    }
}

impl Names for Sources {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        match self {
            Sources::To(sources) => sources.visit_names(visit),
            Sources::Each(pairs) => {
                for (source, to) in pairs {
                    source.visit_names(visit);
                    to.visit_names(visit);
                }
            }
        }
    }
}

/// With `expand`, its names would be substituted. They count even without it, so that no use of an
/// arg is missed.
impl Names for Content {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        if let Ok(template) = &self.template {
            template.visit_names(visit);
        }
    }
}

impl Names for Mount {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        match self {
            Mount::Cache(mount) => mount.visit_names(visit),
            Mount::Bind(mount) => mount.visit_names(visit),
            Mount::Secret(mount) => mount.visit_names(visit),
            Mount::Ssh(mount) => mount.visit_names(visit),
            Mount::Tmpfs(mount) => mount.visit_names(visit),
        }
    }
}

impl Names for From {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        self.template().visit_names(visit);
        self.platform().visit_names(visit);
        match self {
            From::Dockerfile { target, args, .. } => {
                target.visit_names(visit);
                args.visit_names(visit);
            }
            From::Merge { others, .. } => others.visit_names(visit),
            From::Name(_)
            | From::Stage(_)
            | From::Source(_)
            | From::Image { .. }
            | From::Context(_) => {}
        }
    }
}

impl Names for Input {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        match self {
            Input::Git { url, reference, checksum, subdir, .. } => {
                url.visit_names(visit);
                [reference, checksum, subdir].iter().for_each(|value| value.visit_names(visit));
            }
            Input::Http { url, checksum, name, .. } => {
                url.visit_names(visit);
                [checksum, name].iter().for_each(|value| value.visit_names(visit));
            }
            Input::Image { reference, platform } => {
                reference.visit_names(visit);
                platform.visit_names(visit);
            }
            Input::Context(name) => name.visit_names(visit),
        }
    }
}

/// Its names are expanded by the container's shell.
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
    Operand: 0;
    Shell: 0;
    Env: 0;
    Labels: 0;
    Args: 0;
    Vars: 0;
    Device: name;
}

macro_rules! no_names {
    ($($Type:ty),+) => {$(
        impl Names for $Type {
            fn visit_names(&self, _: &mut dyn FnMut(&str)) {}
        }
    )+};
}

no_names!(Own, Pattern, Check, Skip, Failing, Include, IgnorePattern);

impl Names for Arg {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        self.default.visit_names(visit);
        self.values.visit_names(visit);
    }
}

impl<T: Names> Names for OneOrMany<T> {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        self.as_slice().iter().for_each(|value| value.visit_names(visit));
    }
}
