//! `secret-in-env`: a secret, judging by its name, among args, constants or environment variables.
//!
//! Follows `SecretsUsedInArgOrEnv` of Dockerfiles (BuildKit's `dockerfile2llb/validations.go`): the
//! name contains one of a few words, separated by underscores. There is no finding if the last word
//! shows that it is only about a secret (its file, its length), or if the value cannot be a secret.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::secret_names::looks_secret;
use crate::source::Span;
use crate::spec::{Env, Scalar, Spec, Stage, StageName, Template, Verb};

/// Values of switches and choices.
const CHOICES: [&str; 14] = [
    "0", "1", "basic", "disabled", "enabled", "false", "ldap", "no", "none", "off", "on",
    "optional", "true", "yes",
];

/// Checks args and constants.
pub(super) fn check_values(spec: &Spec, diagnostics: &mut Diagnostics) {
    for (name, arg) in &spec.args.0 {
        if arg.default.as_ref().is_some_and(cannot_be_secret) {
            continue;
        }
        check_name(
            name.as_str(),
            arg.span,
            "args are stored in the cache and in the provenance",
            diagnostics,
        );
    }
    for (name, Scalar(value)) in &spec.vars.0 {
        if !cannot_be_secret(value) {
            check_name(
                name.as_str(),
                value.span,
                "the build file is stored in the provenance",
                diagnostics,
            );
        }
    }
}

/// Checks environment variables.
pub(super) fn check_stage(_: &StageName, stage: &Stage, diagnostics: &mut Diagnostics) {
    check_env(&stage.env, "the `env` of a stage is stored in the image", diagnostics);
    if let Some(image) = &stage.image {
        check_env(&image.env, "`env` is stored in the image", diagnostics);
    }
    for step in stage.all_steps() {
        let process = match &step.verb {
            Verb::Run(run) => &run.process,
            Verb::Exec(exec) => &exec.process,
            _ => continue,
        };
        check_env(&process.env, "the `env` of a step is stored in the cache", diagnostics);
    }
}

fn check_env(env: &Env, why: &str, diagnostics: &mut Diagnostics) {
    for (name, value) in &env.0 {
        if !cannot_be_secret(value) {
            check_name(name.as_str(), value.span, why, diagnostics);
        }
    }
}

fn check_name(name: &str, span: Span, why: &str, diagnostics: &mut Diagnostics) {
    if looks_secret(name) {
        diagnostics.push(
            Diagnostic::new(
                Code::SecretInEnv,
                span,
                format!("`{name}` looks like a secret, but {why}"),
            )
            .hint(format!(
                "mount the secret in the steps that need it: `mounts = [{{ secret = \"ID\", env = \"{name}\" }}]`"
            )),
        );
    }
}

/// True if a value is empty, a switch, a path, or a URL without a password.
fn cannot_be_secret(value: &Template) -> bool {
    let Some(text) = value.as_literal() else { return false };
    let is_path = text.starts_with('/') && text[1..].contains('/') && !text.ends_with('=');
    let is_address = text.split_once("://").is_some_and(|(scheme, rest)| {
        scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !rest.contains(['@', '?'])
    });
    text.is_empty() || CHOICES.contains(&text) || is_path || is_address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_no_secrets() {
        let value = |text: &str| Template::literal(text, Span::at(0));
        for text in ["", "true", "1", "/etc/ssl/private", "https://auth.example.com/x", "ldap"] {
            assert!(cannot_be_secret(&value(text)), "{text}");
        }
        for text in ["hunter2", "/x", "https://u:p@x", "https://x?sig=1", "aGk/aGk="] {
            assert!(!cannot_be_secret(&value(text)), "{text}");
        }
    }
}
