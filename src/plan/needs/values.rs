//! The builds that a lock file covers.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::lock::Upstream;
use crate::plan::Request;
use crate::secret_names::looks_secret;
use crate::spec::{ArgType, Condition, From, Input, Operand, Scalar, Spec, Template, Verb};

/// Maximum number of combinations of values; beyond that, the values of each arg are tried
/// separately.
const MAX_COMBINATIONS: usize = 64;

/// Maximum number of builds that a lock file covers. Each is planned, and may need references of
/// its own, which are all looked up.
const MAX_BUILDS: usize = 256;

/// The requests to cover, derived from the given one: each arg that affects a reference and
/// declares its allowed values, with each of these values.
pub fn requests_for_lock(
    spec: &Spec,
    request: &Request,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Request>, Reported> {
    let request = Request { target: None, ..request.clone() };
    let args: Vec<(&str, Vec<String>)> = deciding_names(spec)
        .into_iter()
        .filter_map(|name| Some((name, values(spec, name)?)))
        .collect();
    let mut all = vec![request.clone()];
    let count =
        args.iter().try_fold(1, |count: usize, (_, values)| count.checked_mul(values.len()));
    if count.is_some_and(|count| count <= MAX_COMBINATIONS) {
        for (name, values) in &args {
            all = all
                .iter()
                .flat_map(|request| values.iter().map(|value| with(request, name, value)))
                .collect();
        }
    } else {
        let count = args.iter().map(|(_, values)| values.len()).sum::<usize>() + 1;
        if count > MAX_BUILDS
            && let Some(most) = args.iter().max_by_key(|(_, values)| values.len())
        {
            return diagnostics.error(too_many(spec, count, most));
        }
        for (name, values) in &args {
            all.extend(values.iter().map(|value| with(&request, name, value)));
        }
    }
    Ok(all)
}

fn with(request: &Request, name: &str, value: &str) -> Request {
    let mut request = request.clone();
    request.build_args.insert(name.to_owned(), value.to_owned());
    request
}

/// The error for too many builds, at the arg with the most values.
fn too_many(spec: &Spec, count: usize, (name, values): &(&str, Vec<String>)) -> Diagnostic {
    let message = format!(
        "the lock file would cover {count} builds, but the limit is {MAX_BUILDS}: external references depend on `{name}`, which has {} `values`",
        values.len()
    );
    let diagnostic = match spec.args.0.get(*name) {
        Some(arg) => Diagnostic::new(Code::TooLarge, arg.span, message),
        None => Diagnostic::without_place(Code::TooLarge, message),
    };
    diagnostic.hint("list fewer `values`, or use a `pattern` instead: then only the value given when the lock file is written is pinned")
}

/// An arg that looks like a secret, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretArg {
    /// Its name.
    pub name: String,
    /// Its value in a build.
    pub value: String,
}

impl SecretArg {
    /// True if its value is in the name of a reference.
    pub fn is_in(&self, upstream: &Upstream) -> bool {
        upstream.key().contains(&self.value)
    }

    /// The remark for a reference that is left out because of its value.
    pub(super) fn remark(&self, upstream: &Upstream) -> String {
        let Self { name, value } = self;
        let shown = upstream.key().replace(value.as_str(), &format!("${{{name}}}"));
        format!(
            "`{shown}` is not pinned because `{name}` looks like a secret: set its `checksum` in the build file"
        )
    }
}

/// The args that look like secrets and affect references: their values must not be written to a
/// lock file.
pub fn secrets_in_references(spec: &Spec, request: &Request) -> Vec<SecretArg> {
    let names = deciding_names(spec).into_iter().filter(|name| looks_secret(name));
    let with_value = |name: &str| {
        let given = request.build_args.get(name).cloned();
        let value = given
            .or_else(|| {
                let default = spec.args.0.get(name)?.default.as_ref()?;
                default.as_literal().map(str::to_owned)
            })
            .filter(|value| !value.is_empty())?;
        Some(SecretArg { name: name.to_owned(), value })
    };
    names.filter_map(with_value).collect()
}

/// The allowed values of an arg, if the file declares them.
fn values(spec: &Spec, name: &str) -> Option<Vec<String>> {
    let arg = spec.args.0.get(name)?;
    match &arg.values {
        // A value that refers to others has all values that these give.
        Some(values) => values
            .iter()
            .map(|value| value.value.0.as_literal().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .filter(|values| !values.is_empty()),
        None if arg.kind == ArgType::Bool => Some(vec!["false".to_owned(), "true".to_owned()]),
        None => None,
    }
}

/// The names that affect the references of a file, or the choice of references.
fn deciding_names(spec: &Spec) -> BTreeSet<&str> {
    let mut names = Names { spec, found: BTreeSet::new(), to_do: Vec::new() };
    for source in spec.sources.values() {
        match &source.value {
            Input::Git { url, reference, .. } => {
                names.add(url);
                reference.iter().for_each(|reference| names.add(reference));
            }
            Input::Http { url, .. } => names.add(url),
            Input::Image { reference, .. } => names.add(reference),
            Input::Context(_) => {}
        }
    }
    for stage in spec.stages.values() {
        names.add_conditions([&stage.conditions.when, &stage.conditions.unless]);
        stage.visit_froms(&mut |from| match &from.value {
            From::Name(template)
            | From::Stage(template)
            | From::Source(template)
            | From::Image { reference: template, .. } => {
                names.add(template);
            }
            From::Context(_) | From::Merge { .. } | From::Dockerfile { .. } => {}
        });
        for step in stage.all_steps() {
            let conditions = &step.verb.keys().conditions;
            names.add_conditions([&conditions.when, &conditions.unless]);
            match &step.verb {
                Verb::Fetch(fetch) => names.add(&fetch.url),
                Verb::Git(git) => {
                    names.add(&git.url);
                    git.reference.iter().for_each(|reference| names.add(reference));
                }
                _ => {}
            }
        }
    }
    names.follow();
    names
        .found
        .into_iter()
        .filter_map(|name| Some(spec.args.0.get_key_value(name.as_str())?.0.as_str()))
        .collect()
}

struct Names<'s> {
    spec: &'s Spec,
    found: BTreeSet<String>,
    to_do: Vec<String>,
}

impl Names<'_> {
    fn add(&mut self, template: &Template) {
        template.visit_names(&mut |name| self.add_name(name));
    }

    fn add_name(&mut self, name: &str) {
        if self.found.insert(name.to_owned()) {
            self.to_do.push(name.to_owned());
        }
    }

    fn add_conditions(&mut self, conditions: [&Option<Box<Condition>>; 2]) {
        for (name, operands) in conditions.into_iter().flatten().flat_map(|of| &of.tests) {
            self.add_name(name.as_str());
            operands.as_slice().iter().for_each(|Operand(operand)| self.add(operand));
        }
    }

    /// Adds the names that values of names refer to.
    fn follow(&mut self) {
        while let Some(name) = self.to_do.pop() {
            let spec = self.spec;
            if let Some(Scalar(var)) = spec.vars.0.get(name.as_str()) {
                self.add(var);
            }
            if let Some(default) =
                spec.args.0.get(name.as_str()).and_then(|arg| arg.default.as_ref())
            {
                self.add(default);
            }
            for stage in spec.stages.values() {
                if let Some(variable) = stage.env.0.get(name.as_str()) {
                    self.add(variable);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use buildkit_llb::Platform;

    use super::*;
    use crate::source::SourceFile;
    use crate::spec;

    fn tried(spec: &str) -> Vec<String> {
        let file = SourceFile::new("mstage.toml", spec.into());
        let spec = spec::parse(file, &mut Diagnostics::default()).1.unwrap();
        let mut request = Request::new(Platform::new("linux", "amd64", "").unwrap());
        request.target = Some("mstage.lock".to_owned());
        let requests = requests_for_lock(&spec, &request, &mut Diagnostics::default()).unwrap();
        assert!(requests.iter().all(|request| request.target.is_none()));
        let args = |request: Request| {
            let args = request.build_args.iter().map(|(name, value)| format!("{name}={value}"));
            args.collect::<Vec<_>>().join(" ")
        };
        requests.into_iter().map(args).collect()
    }

    #[test]
    fn values_that_decide() {
        let spec = r#"
[args]
A = { default = "1", values = ["1", "2"] }
B = { default = "x", values = ["x", "y"] }
LABEL = { default = "x", values = ["x", "y"] }
OPEN = "1"
FAST = { type = "bool", default = false }
[vars]
NAME = "alpine:${A}"
[stages.a]
from = "${NAME}"
env = { URL = "https://h/${B}" }
steps = [{ fetch = "${URL}/${OPEN}" }, "echo $LABEL"]
"#;
        let of_source = "[args]\nA = { default = '1', values = ['1', '2'] }\n\
                         [sources.lib]\ngit = 'https://h/a.git'\nref = '${A}'\n[stages.a]\nfrom = 'lib'\n";
        assert_eq!(tried(of_source), ["A=1", "A=2"]);
        assert_eq!(tried(spec), ["A=1 B=x", "A=1 B=y", "A=2 B=x", "A=2 B=y"]);
        let spec = spec.replace("\"echo $LABEL\"", "{ run = \"true\", when = { FAST = true } }");
        assert_eq!(tried(&spec).len(), 8);
    }

    #[test]
    fn too_many_are_tried_alone() {
        let values: Vec<String> = (0..10).map(|n| format!("\"{n}\"")).collect();
        let args = ["A", "B", "C"].map(|name| {
            format!("{name} = {{ default = \"0\", values = [{}] }}\n", values.join(", "))
        });
        let spec =
            format!("[args]\n{}[stages.a]\nfrom = \"i:${{A}}${{B}}${{C}}\"\n", args.concat());
        let tried = tried(&spec);
        assert_eq!(tried.len(), 31);
        assert_eq!((tried[0].as_str(), tried[1].as_str()), ("", "A=0"));
    }

    #[test]
    fn very_many_builds_are_refused() {
        let values: Vec<String> = (0..2_000).map(|n| format!("\"{n}\"")).collect();
        let spec = format!(
            "[args]\nA = {{ default = \"0\", values = [{}] }}\n[stages.a]\nfrom = \"i:${{A}}\"\n",
            values.join(", ")
        );
        let file = SourceFile::new("mstage.toml", spec.into());
        let spec = spec::parse(file, &mut Diagnostics::default()).1.unwrap();
        let request = Request::new(Platform::new("linux", "amd64", "").unwrap());
        let mut diagnostics = Diagnostics::default();
        assert!(requests_for_lock(&spec, &request, &mut diagnostics).is_err());
        let [found] = &diagnostics.errors()[..] else { panic!("{diagnostics:?}") };
        assert_eq!(found.code, Code::TooLarge);
        assert!(found.message.contains("would cover 2001 builds"), "{}", found.message);
    }
}
