//! The values of args: declared, given with `--build-arg`, and predefined.

use std::borrow::Cow;
use std::collections::BTreeMap;

use buildkit_llb::Platform;

use super::order::dependencies_first;
use super::request::Request;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::source::Span;
use crate::spec::{Arg, ExpandError, Spec, Template};

/// Build args that mean something to BuildKit, to the frontend or to every tool that uses the network.
const KNOWN_BUILD_ARGS: [&str; 6] =
    ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy", "source_date_epoch"];
const KNOWN_PREFIXES: [&str; 2] = ["buildkit_", "mstage_"];

/// The values that `${NAME}` has outside of a stage's environment.
pub(super) struct Scope<'s> {
    values: BTreeMap<&'s str, Value<'s>>,
}

enum Value<'s> {
    Set(Cow<'s, str>),
    Unset,
    /// A required arg that was not given; where it is declared.
    Missing(Span),
    /// Its default could not be expanded; that has been reported.
    Failed,
}

/// Why a name has no value to look up.
pub(super) enum LookupError {
    Missing { name: String, declared: Span },
    Reported,
}

/// What a lookup of a name gives: its value, `None` where it has none.
pub(super) type Lookup<'v> = Result<Option<Cow<'v, str>>, LookupError>;

impl<'s> Scope<'s> {
    /// The values for one request. `target` is the name of the stage that is built.
    pub(super) fn new(spec: &'s Spec, request: &'s Request, diagnostics: &mut Diagnostics) -> Self {
        let mut scope = Self { values: BTreeMap::new() };
        for (name, value) in platform_args(request) {
            scope.values.insert(name, Value::Set(value.into()));
        }
        for (name, value) in &request.build_args {
            let declared = spec.args.0.contains_key(name.as_str());
            if declared || scope.values.contains_key(name.as_str()) {
                scope.values.insert(name, Value::Set(value.into()));
            } else if !is_known(name) {
                let hint = did_you_mean(name, spec.args.0.keys().map(|known| known.as_str()))
                    .unwrap_or_else(|| format!("declare it: [args] {name} = {{}}"));
                diagnostics.push(
                    Diagnostic::without_place(
                        Code::UndeclaredBuildArg,
                        format!(
                            "--build-arg {name} reaches nothing: the file declares no such arg"
                        ),
                    )
                    .hint(hint),
                );
            }
        }
        scope.add_defaults(spec, diagnostics);
        scope
    }

    /// Adds the args that were not given, each behind those that its default names.
    fn add_defaults(&mut self, spec: &'s Spec, diagnostics: &mut Diagnostics) {
        let args: Vec<(&'s str, &'s Arg)> =
            spec.args.0.iter().map(|(name, arg)| (name.as_str(), arg)).collect();
        let needs = |at: usize| {
            let mut needs = Vec::new();
            if let Some(default) = &args[at].1.default {
                default.visit_names(&mut |name| {
                    needs.extend(args.binary_search_by_key(&name, |&(known, _)| known));
                });
            }
            needs
        };
        let order = dependencies_first(args.len(), 0..args.len(), needs);
        for cycle in &order.cycles {
            let names: Vec<_> = cycle.iter().map(|&at| args[at].0).collect();
            diagnostics.push(Diagnostic::new(
                Code::ValueCycle,
                args[cycle[0]].1.span,
                format!(
                    "the defaults of args need each other: {} -> {}",
                    names.join(" -> "),
                    names[0]
                ),
            ));
            for name in names {
                self.values.insert(name, Value::Failed);
            }
        }
        for (name, arg) in order.nodes.into_iter().map(|at| args[at]) {
            if self.values.contains_key(name) {
                continue;
            }
            let value = match &arg.default {
                _ if arg.required => Value::Missing(arg.span),
                None => Value::Unset,
                Some(default) => match default.as_literal() {
                    Some(literal) => Value::Set(literal.into()),
                    None => match self.expand(default, diagnostics) {
                        Some(value) => Value::Set(value.into()),
                        None => Value::Failed,
                    },
                },
            };
            self.values.insert(name, value);
        }
    }

    /// The value of an arg.
    pub(super) fn lookup(&self, name: &str) -> Lookup<'_> {
        match self.values.get(name) {
            Some(Value::Set(value)) => Ok(Some(Cow::Borrowed(value))),
            Some(Value::Unset) | None => Ok(None),
            Some(Value::Missing(declared)) => {
                Err(LookupError::Missing { name: name.to_owned(), declared: *declared })
            }
            Some(Value::Failed) => Err(LookupError::Reported),
        }
    }

    /// Whether there is an arg of that name, with a value or without.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The names of all args.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().copied()
    }

    /// The text of a template in which only args can stand.
    pub(super) fn expand(
        &self,
        template: &Template,
        diagnostics: &mut Diagnostics,
    ) -> Option<String> {
        match template.expand(&mut |name| self.lookup(name)) {
            Ok(text) => Some(text),
            Err(error) => self.report(error, template.span, &[], diagnostics),
        }
    }

    /// Reports why a template has no value. `environment` are the names known besides the args.
    pub(super) fn report<T>(
        &self,
        error: ExpandError<LookupError>,
        span: Span,
        environment: &[&str],
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        match error {
            ExpandError::Lookup(error) => {
                self.report_lookup(error, diagnostics);
                None
            }
            ExpandError::Unset { name } if self.knows(&name) => diagnostics.fail(
                Diagnostic::new(Code::UnsetArg, span, format!("arg `{name}` has no value"))
                    .hint(format!("give it with --build-arg {name}=..., or write `${{{name}:-}}` if it may be empty")),
            ),
            ExpandError::Unset { name } => {
                let known = self.names().chain(environment.iter().copied());
                let hint = did_you_mean(&name, known).unwrap_or_else(|| {
                    format!("declare it under [args], or write `${{{name}:-}}` if it may be missing")
                });
                diagnostics.fail(
                    Diagnostic::new(Code::UndefinedName, span, format!("`{name}` is not defined")).hint(hint),
                )
            }
            ExpandError::Required { name, message } => {
                let message = if message.is_empty() { "has no value".to_owned() } else { message };
                diagnostics.fail(Diagnostic::new(Code::RequiredValue, span, format!("`{name}`: {message}")))
            }
        }
    }

    /// Reports why a name cannot be looked up.
    pub(super) fn report_lookup(&self, error: LookupError, diagnostics: &mut Diagnostics) {
        if let LookupError::Missing { name, declared } = error {
            diagnostics.push(
                Diagnostic::new(Code::MissingArg, declared, format!("arg `{name}` must be given"))
                    .hint(format!("--build-arg {name}=...")),
            );
        }
    }
}

fn is_known(build_arg: &str) -> bool {
    let name = build_arg.to_ascii_lowercase();
    KNOWN_BUILD_ARGS.contains(&name.as_str())
        || KNOWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The predefined args, under the names that Dockerfiles have for them.
fn platform_args(request: &Request) -> Vec<(&'static str, String)> {
    let Request { build_platform: build, target_platform: target, .. } = request;
    let text = |part: fn(&Platform) -> &str, platform: &Platform| part(platform).to_owned();
    vec![
        ("BUILDPLATFORM", build.to_string()),
        ("BUILDOS", text(Platform::os, build)),
        ("BUILDOSVERSION", text(Platform::os_version, build)),
        ("BUILDARCH", text(Platform::architecture, build)),
        ("BUILDVARIANT", text(Platform::variant, build)),
        ("TARGETPLATFORM", target.to_string()),
        ("TARGETOS", text(Platform::os, target)),
        ("TARGETOSVERSION", text(Platform::os_version, target)),
        ("TARGETARCH", text(Platform::architecture, target)),
        ("TARGETVARIANT", text(Platform::variant, target)),
        ("TARGETSTAGE", request.target.clone().unwrap_or_else(|| "default".to_owned())),
    ]
}
