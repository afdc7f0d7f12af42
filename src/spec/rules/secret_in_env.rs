//! `secret-in-env`: a secret, by its name, among args, constants or environment variables.
//!
//! Follows `SecretsUsedInArgOrEnv` of Dockerfiles (BuildKit's `dockerfile2llb/validations.go`): what counts
//! is one of a few words between underscores.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::spec::{Env, Scalar, Spec, Stage, Verb};

/// Words that make a name look like a secret's.
const SECRET: [&str; 10] = [
    "apikey",
    "auth",
    "credential",
    "credentials",
    "key",
    "password",
    "pword",
    "passwd",
    "secret",
    "token",
];

/// Words that say that it is none.
const NO_SECRET: [&str; 3] = ["public", "file", "version"];

/// Looks at args and constants.
pub(super) fn check_values(spec: &Spec, diagnostics: &mut Diagnostics) {
    for (name, arg) in &spec.args.0 {
        check_name(
            name.as_str(),
            arg.span,
            "an arg is in the cache and in the provenance",
            diagnostics,
        );
    }
    for (name, Scalar(value)) in &spec.vars.0 {
        if value.as_literal() != Some("") {
            check_name(name.as_str(), value.span, "the file is in the provenance", diagnostics);
        }
    }
}

/// Looks at environment variables.
pub(super) fn check_stage(stage: &Stage, diagnostics: &mut Diagnostics) {
    check_env(&stage.env, "`env` of a stage is in the image", diagnostics);
    if let Some(image) = &stage.image {
        check_env(&image.env, "`env` is in the image", diagnostics);
    }
    for step in stage.all_steps() {
        let process = match &step.verb {
            Verb::Run(run) => &run.process,
            Verb::Exec(exec) => &exec.process,
            _ => continue,
        };
        check_env(&process.env, "`env` of a step is in the cache", diagnostics);
    }
}

/// A variable that is set to nothing holds no secret.
fn check_env(env: &Env, why: &str, diagnostics: &mut Diagnostics) {
    for (name, value) in &env.0 {
        if value.as_literal() != Some("") {
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
                format!("`{name}` looks like a secret, and {why}"),
            )
            .hint(format!(
                "give it to the steps that need it: mounts = [{{ secret = \"ID\", env = \"{name}\" }}]"
            )),
        );
    }
}

/// Says by a name whether its value is a secret.
pub(crate) fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| name.split('_').any(|part| words.contains(&part));
    has(&SECRET) && !has(&NO_SECRET)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in
            ["API_KEY", "GITHUB_TOKEN", "token", "secret_MESSAGE", "AWS_ACCESS_KEY_ID", "AUTH"]
        {
            assert!(looks_secret(name), "{name}");
        }
        for name in ["MONKEY", "TOKENIZER", "PUBLIC_KEY", "PASSWORD_FILE", "AUTHOR", "KEY_VERSION"]
        {
            assert!(!looks_secret(name), "{name}");
        }
    }
}
