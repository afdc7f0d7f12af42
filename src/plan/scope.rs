//! The values of args: declared, given with `--build-arg`, and predefined.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use buildkit_llb::Platform;

use super::request::{Request, VCS_REVISION, VCS_SOURCE, Vcs, stage_of};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Known, Reported, list};
use crate::order::dependencies_first;
use crate::rules::undeclared_build_arg;
use crate::source::{Span, Spanned};
use crate::spec::{Allowance, Arg, ArgType, EPOCH_ARG, ExpandError, Scalar, Spec, Spent, Template};
use crate::text::Text;

/// Build args with a meaning for BuildKit, for the frontend or for all tools that use the network.
const PROXIES: [&str; 5] = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"];
const KNOWN_PREFIXES: [&str; 2] = ["buildkit_", "mstage_"];

/// Limit on the total size of a file's expanded values, in bytes. No engine accepts more than a
/// fraction of it.
const ALLOWANCE: usize = 64 << 20;

/// The values of names outside a stage's environment.
pub(crate) struct Scope<'s> {
    values: BTreeMap<&'s str, Value>,
    /// The names of all args, for suggestions.
    known: Known<'s>,
    /// Proxies given by the client, by their lowercase names.
    proxies: BTreeMap<String, String>,
    /// The remaining size of values.
    pub(super) allowance: Allowance,
    /// True if all of the spec could be read.
    pub(super) is_whole: bool,
    /// Names that a base image's variable has hidden where a stage used them, each with that value
    /// and the span.
    shadowed: Mutex<BTreeMap<Text, (Text, Span)>>,
}

enum Value {
    Set(Text),
    Unset,
    /// A required arg that was not given, with the span of its declaration.
    Missing(Span),
    /// Its declaration could not be read, or its default could not be expanded; that has been
    /// reported.
    Failed(Reported),
}

/// An arg or a variable before it is evaluated.
struct Definition<'s> {
    name: &'s str,
    span: Span,
    value: Option<&'s Template>,
    /// The span of its declaration, if it is required.
    missing: Option<Span>,
}

/// The reason why a name has no value.
pub(crate) enum LookupError {
    Missing { name: String, declared: Span },
    Reported(Reported),
}

/// The result of looking a name up: its value, `None` if it is unset.
pub(super) type Lookup = Result<Option<Text>, LookupError>;

impl<'s> Scope<'s> {
    /// The values for one request, for a caller that only looks values up. The selection reports the
    /// errors.
    pub(crate) fn unreported(spec: &'s Spec, request: &'s Request) -> Self {
        Self::new(spec, request, &mut Diagnostics::default())
    }

    /// The values for one request. `target` is the name of the stage that is built.
    pub(crate) fn new(spec: &'s Spec, request: &'s Request, diagnostics: &mut Diagnostics) -> Self {
        let platform_args = platform_args(request);
        let vcs_args = vcs_args(request);
        let declared = spec.args.0.keys().chain(spec.vars.0.keys()).map(|name| name.as_str());
        let mut scope = Self {
            values: BTreeMap::new(),
            known: Known::new(
                declared
                    .chain(platform_args.iter().map(|&(name, _)| name))
                    .chain(vcs_args.iter().map(|&(name, _)| name)),
            ),
            proxies: BTreeMap::new(),
            allowance: Allowance::new(ALLOWANCE),
            is_whole: spec.is_whole(),
            shadowed: Mutex::default(),
        };
        for (name, value) in platform_args {
            scope.values.insert(name, Value::Set(value.into()));
        }
        for (name, value) in vcs_args {
            let value = value.map_or(Value::Unset, |value| Value::Set(value.into()));
            scope.values.insert(name, value);
        }
        scope.add_build_args(spec, request, diagnostics);
        check_names(spec, diagnostics);
        if let (Some(value), Some((name, _))) =
            (&request.epoch_value, spec.args.0.get_key_value(EPOCH_ARG))
        {
            scope.values.insert(name.as_str(), Value::Set(value.into()));
        }
        if let Err(reported) = spec.whole() {
            for name in spec.unread() {
                let value = scope.values.entry(name).or_insert(Value::Unset);
                if matches!(value, Value::Unset) {
                    *value = Value::Failed(reported);
                }
            }
        }
        scope.add_defaults(spec, diagnostics);
        scope.check_values(spec, request, diagnostics);
        scope
    }

    /// Adds the values that the client gives.
    fn add_build_args(
        &mut self,
        spec: &'s Spec,
        request: &'s Request,
        diagnostics: &mut Diagnostics,
    ) {
        for (name, value) in &request.build_args {
            if value.contains('\0') {
                let message = format!("--build-arg {name} contains a NUL character");
                let reported = diagnostics.report(
                    Diagnostic::without_place(Code::InvalidArg, message)
                        .hint("programs cannot receive NUL characters"),
                );
                self.values.insert(name, Value::Failed(reported));
                continue;
            }
            let lowercase = name.to_ascii_lowercase();
            if PROXIES.contains(&lowercase.as_str()) {
                self.proxies.insert(lowercase, value.clone());
            }
            let declared = spec.args.0.contains_key(name.as_str()) || spec.is_unread(name);
            if declared || self.values.contains_key(name.as_str()) {
                self.values.insert(name, Value::Set(value.into()));
            } else if let Some(Scalar(var)) = spec.vars.0.get(name.as_str()) {
                diagnostics.push(undeclared_build_arg::of_constant(name, var.span));
            } else if !is_known(name) {
                diagnostics.push(undeclared_build_arg::found(name, self.did_you_mean(name)));
            }
        }
    }

    /// Adds the args that were not given, and the variables, each after those that its value refers
    /// to.
    fn add_defaults(&mut self, spec: &'s Spec, diagnostics: &mut Diagnostics) {
        let args = spec.args.0.iter().map(|(name, arg)| {
            let missing = arg.required.then_some(arg.span);
            Definition { name: name.as_str(), span: arg.span, value: arg.default.as_ref(), missing }
        });
        let vars = spec.vars.0.iter().map(|(name, Scalar(value))| Definition {
            name: name.as_str(),
            span: value.span,
            value: Some(value),
            missing: None,
        });
        let mut all: Vec<Definition<'s>> = args.chain(vars).collect();
        all.sort_by_key(|definition| definition.name);
        let needs = |at: usize| {
            let mut needs = Vec::new();
            if let Some(value) = all[at].value {
                value.visit_names(&mut |name| {
                    needs.extend(all.binary_search_by_key(&name, |definition| definition.name));
                });
            }
            needs
        };
        let order = dependencies_first(all.len(), 0..all.len(), needs);
        for cycle in &order.cycles {
            let names: Vec<_> = cycle.iter().map(|&at| all[at].name).collect();
            let reported = diagnostics.report(Diagnostic::new(
                Code::ValueCycle,
                all[cycle[0]].span,
                format!("values form a cycle: {} -> {}", names.join(" -> "), names[0]),
            ));
            for name in names {
                self.values.insert(name, Value::Failed(reported));
            }
        }
        for definition in order.nodes.into_iter().map(|at| &all[at]) {
            // A predefined arg that is unset in this build may have a default in the file.
            if !matches!(self.values.get(definition.name), None | Some(Value::Unset)) {
                continue;
            }
            let value = match (definition.missing, definition.value) {
                (Some(span), _) => Value::Missing(span),
                (None, None) => Value::Unset,
                (None, Some(value)) => match self.expand(value, diagnostics) {
                    Ok(value) => Value::Set(value),
                    Err(reported) => Value::Failed(reported),
                },
            };
            self.values.insert(definition.name, value);
        }
    }

    /// Checks every value against the declaration of its arg.
    fn check_values(&mut self, spec: &'s Spec, request: &Request, diagnostics: &mut Diagnostics) {
        for (name, arg) in &spec.args.0 {
            // The time of a keyword need not be an allowed value; the keyword itself has been
            // checked.
            if name.as_str() == EPOCH_ARG && request.epoch_value.is_some() {
                continue;
            }
            let Some(Value::Set(value)) = self.values.get(name.as_str()) else { continue };
            let Some(rule) = self.broken_rule(arg, value, diagnostics) else { continue };
            let given = request.build_args.contains_key(name.as_str());
            let how = if given {
                format!("--build-arg {name}={value}")
            } else {
                format!("the default `{value}` of arg `{name}`")
            };
            let reported = diagnostics.report(Diagnostic::new(
                Code::InvalidArg,
                arg.span,
                format!("{how} is not allowed: {rule}"),
            ));
            self.values.insert(name.as_str(), Value::Failed(reported));
        }
    }

    /// The rule of a declaration that a value violates.
    pub(super) fn broken_rule(
        &self,
        arg: &Arg,
        value: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<String> {
        match arg.kind {
            ArgType::Bool if !matches!(value, "true" | "false") => {
                return Some("it must be `true` or `false`".to_owned());
            }
            ArgType::Int if !digits(value.strip_prefix('-').unwrap_or(value)) => {
                return Some("it must be a whole number".to_owned());
            }
            ArgType::Bool | ArgType::Int | ArgType::String => {}
        }
        if let Some(values) = &arg.values {
            self.spend(values.len(), arg.span, diagnostics).ok()?;
            let allowed: Vec<Text> = values
                .iter()
                .filter_map(|Spanned { value: Scalar(value), .. }| {
                    self.expand(value, diagnostics).ok()
                })
                .collect();
            if allowed.len() == values.len() && !allowed.iter().any(|known| *known == value) {
                return Some(format!("it must be one of {}", list(allowed)));
            }
        }
        match &arg.pattern {
            Some(pattern) if !pattern.regex.is_match(value) => {
                Some(format!("it must match `{}`", pattern.text))
            }
            _ => None,
        }
    }

    /// Proxies given by the client, by the lowercase names of their variables.
    pub(super) fn proxies(&self) -> &BTreeMap<String, String> {
        &self.proxies
    }

    /// The value of an arg.
    pub(super) fn lookup(&self, name: &str) -> Lookup {
        match self.values.get(name) {
            Some(Value::Set(value)) => Ok(Some(value.clone())),
            Some(Value::Unset) | None => Ok(None),
            Some(Value::Missing(declared)) => {
                Err(LookupError::Missing { name: name.to_owned(), declared: *declared })
            }
            Some(Value::Failed(reported)) => Err(LookupError::Reported(*reported)),
        }
    }

    /// The value of an arg or a constant, if it has one.
    pub(crate) fn known_value(&self, name: &str) -> Option<Text> {
        self.lookup(name).ok().flatten()
    }

    /// True if there is an arg with that name and another value, or without one yet.
    pub(super) fn differs(&self, name: &str, value: &str) -> bool {
        match self.values.get(name) {
            Some(Value::Set(own)) => own.as_str() != value,
            Some(Value::Unset | Value::Missing(_)) => true,
            Some(Value::Failed(_)) | None => false,
        }
    }

    /// Records that a name had the value of a base image's variable, and not its own. Only the
    /// first use is kept.
    pub(super) fn note_shadowed(&self, name: &str, value: &Text, span: Span) {
        let mut shadowed = self.shadowed.lock().unwrap_or_else(PoisonError::into_inner);
        if !shadowed.contains_key(name) {
            shadowed.insert(name.into(), (value.clone(), span));
        }
    }

    /// The records since the last call.
    pub(super) fn take_shadowed(&self) -> BTreeMap<Text, (Text, Span)> {
        std::mem::take(&mut *self.shadowed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// True if there is an arg with that name, set or not.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// `did you mean ...?` for an unknown arg.
    pub(super) fn did_you_mean(&self, name: &str) -> Option<String> {
        self.known.did_you_mean(name, [])
    }

    /// The text of a template that can only refer to args.
    pub(crate) fn expand(
        &self,
        template: &Template,
        diagnostics: &mut Diagnostics,
    ) -> Result<Text, Reported> {
        self.value(template).map_err(|error| self.report(error, template.span, &[], diagnostics))
    }

    /// Like [`Self::expand`], returning the error without reporting it.
    pub(crate) fn value(&self, template: &Template) -> Result<Text, ExpandError<LookupError>> {
        template.expand(&mut |name| self.lookup(name), &self.allowance)
    }

    /// Takes bytes from the remaining size of values.
    pub(super) fn spend(
        &self,
        bytes: usize,
        span: Span,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Reported> {
        self.allowance.spend(bytes).or_else(|Spent| diagnostics.error(too_large(span)))
    }

    /// True if an unknown image could provide the missing value. A name similar to that of an arg
    /// is more likely a mistake.
    pub(super) fn may_be_elsewhere(&self, error: &ExpandError<LookupError>) -> bool {
        match error {
            ExpandError::Unset { name, .. } => {
                !self.knows(name) && self.known.one_slip(name).is_none()
            }
            ExpandError::Required { .. } => true,
            ExpandError::Lookup(_) | ExpandError::Unfit(_) | ExpandError::TooLarge => false,
        }
    }

    /// Reports why a template has no value. `environment` has the names known besides the args.
    pub(super) fn report(
        &self,
        error: ExpandError<LookupError>,
        span: Span,
        environment: &[&str],
        diagnostics: &mut Diagnostics,
    ) -> Reported {
        match error {
            ExpandError::Lookup(error) => self.report_lookup(error, diagnostics),
            ExpandError::Unset { name, span } if [VCS_REVISION, VCS_SOURCE].contains(&name.as_str()) => diagnostics.report(
                Diagnostic::new(Code::UnsetArg, span, format!("`{name}` is not known in this build"))
                    .hint(format!("buildx sets it for a git checkout with a commit and a remote; write `${{{name}:-}}` to allow an empty value, or pass `--build-arg {name}=...`")),
            ),
            ExpandError::Unset { name, span } if self.knows(&name) => diagnostics.report(
                Diagnostic::new(Code::UnsetArg, span, format!("arg `{name}` has no value"))
                    .hint(format!("pass `--build-arg {name}=...`, or write `${{{name}:-}}` if it may be empty")),
            ),
            ExpandError::Unset { name, span } => {
                let near = self.known.did_you_mean(&name, environment.iter().copied());
                let hint = near.unwrap_or_else(|| {
                    format!("declare it in [args], or write `${{{name}:-}}` if it may be missing")
                });
                diagnostics.report(
                    Diagnostic::new(Code::UndefinedName, span, format!("`{name}` is not defined")).hint(hint),
                )
            }
            ExpandError::Unfit(unfit) => diagnostics.report(unfit.diagnostic(span, false)),
            ExpandError::TooLarge => diagnostics.report(too_large(span)),
            ExpandError::Required { name, message, span } => {
                diagnostics.report(Diagnostic::new(Code::RequiredValue, span, format!("`{name}`: {message}")))
            }
        }
    }

    /// Reports why a name cannot be looked up.
    pub(super) fn report_lookup(
        &self,
        error: LookupError,
        diagnostics: &mut Diagnostics,
    ) -> Reported {
        match error {
            LookupError::Missing { name, declared } => diagnostics.report(
                Diagnostic::new(Code::MissingArg, declared, format!("arg `{name}` is required"))
                    .hint(format!("pass `--build-arg {name}=...`")),
            ),
            LookupError::Reported(reported) => reported,
        }
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The error if the allowance is exhausted.
fn too_large(span: Span) -> Diagnostic {
    let message = format!("the values of this build exceed {} MiB", ALLOWANCE >> 20);
    Diagnostic::new(Code::TooLarge, span, message)
        .hint("shorten values that repeat each other, or a long value that is used in many places")
}

/// Reports names that are both an arg and a variable.
fn check_names(spec: &Spec, diagnostics: &mut Diagnostics) {
    for (name, Scalar(var)) in &spec.vars.0 {
        if let Some((_, arg)) = spec.args.0.get_key_value(name) {
            diagnostics.push(
                Diagnostic::new(
                    Code::ArgAndVar,
                    var.span,
                    format!("`{name}` is both an arg and a variable"),
                )
                .related(arg.span, "the arg"),
            );
        }
    }
}

fn is_known(build_arg: &str) -> bool {
    let name = build_arg.to_ascii_lowercase();
    PROXIES.contains(&name.as_str())
        || name.eq_ignore_ascii_case(EPOCH_ARG)
        || KNOWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The predefined args, under the names that they have in Dockerfiles.
pub(crate) fn platform_args(request: &Request) -> Vec<(&'static str, String)> {
    let Request { build_platform: build, target_platform: target, .. } = request;
    vec![
        ("BUILDPLATFORM", build.to_string()),
        ("BUILDOS", part_of(Platform::os, build)),
        ("BUILDOSVERSION", part_of(Platform::os_version, build)),
        ("BUILDARCH", part_of(Platform::architecture, build)),
        ("BUILDVARIANT", part_of(Platform::variant, build)),
        ("TARGETPLATFORM", target.id()),
        ("TARGETOS", part_of(Platform::os, target)),
        ("TARGETOSVERSION", part_of(Platform::os_version, target)),
        ("TARGETARCH", part_of(Platform::architecture, target)),
        ("TARGETVARIANT", part_of(Platform::variant, target)),
        ("TARGETSTAGE", target_stage(request)),
    ]
}

fn part_of(part: fn(&Platform) -> &str, platform: &Platform) -> String {
    part(platform).to_owned()
}

fn target_stage(request: &Request) -> String {
    let target = request.target.as_deref().map(stage_of);
    let stage = request.target_stage.as_deref().or(target).filter(|stage| !stage.is_empty());
    stage.unwrap_or("default").to_owned()
}

/// The predefined args about the commit that is built, unset if it is unknown.
fn vcs_args(request: &Request) -> [(&'static str, Option<&String>); 2] {
    let Vcs { revision, source } = &request.vcs;
    [(VCS_REVISION, revision.as_ref()), (VCS_SOURCE, source.as_ref())]
}
