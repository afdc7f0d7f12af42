//! `secret-in-env`: a secret, by its name, among args, constants or environment variables.
//!
//! Follows `SecretsUsedInArgOrEnv` of Dockerfiles (BuildKit's `dockerfile2llb/validations.go`): one of a few words
//! between underscores counts. A name whose last word says what of the secret it is (its file, its length) names no
//! secret, and neither does a value that cannot be one.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::spec::{Env, Scalar, Spec, Stage, Template, Verb};

/// Words that make a name look like a secret's: those of BuildKit's `SecretsUsedInArgOrEnv`.
pub(crate) const SECRET_NAME_WORDS: [&str; 10] = [
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

/// Words that say that it is none, wherever they are.
const NO_SECRET: [&str; 8] = ["public", "pub", "file", "version", "max", "min", "no", "checking"];

/// Last words that say what of a secret it is, and that it is not the secret itself.
const ABOUT_SECRET: [&str; 72] = [
    "algo",
    "algorithm",
    "alias",
    "aliases",
    "audience",
    "backend",
    "bits",
    "class",
    "cmd",
    "column",
    "command",
    "config",
    "count",
    "dir",
    "directory",
    "domain",
    "driver",
    "enabled",
    "endpoint",
    "expiration",
    "expires",
    "expiry",
    "field",
    "fingerprint",
    "folder",
    "format",
    "header",
    "headers",
    "helper",
    "host",
    "id",
    "ids",
    "issuer",
    "kind",
    "label",
    "len",
    "length",
    "lifetime",
    "limit",
    "location",
    "manager",
    "method",
    "methods",
    "mode",
    "module",
    "name",
    "names",
    "param",
    "path",
    "paths",
    "plugin",
    "policy",
    "port",
    "prefix",
    "provider",
    "ref",
    "region",
    "required",
    "scheme",
    "server",
    "service",
    "size",
    "sock",
    "socket",
    "store",
    "ttl",
    "type",
    "types",
    "uri",
    "url",
    "urls",
    "user",
];

/// Values of switches and choices.
const CHOICES: [&str; 14] = [
    "0", "1", "basic", "disabled", "enabled", "false", "ldap", "no", "none", "off", "on",
    "optional", "true", "yes",
];

/// Looks at args and constants.
pub(super) fn check_values(spec: &Spec, diagnostics: &mut Diagnostics) {
    for (name, arg) in &spec.args.0 {
        if arg.default.as_ref().is_some_and(cannot_be_secret) {
            continue;
        }
        check_name(
            name.as_str(),
            arg.span,
            "an arg is in the cache and in the provenance",
            diagnostics,
        );
    }
    for (name, Scalar(value)) in &spec.vars.0 {
        if !cannot_be_secret(value) {
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
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let has = |known: &[&str]| name.split('_').any(|word| known.contains(&word));
    // The id of a cloud's access key is half of the secret.
    let is_about = !name.ends_with("access_key_id")
        && words.next_back().is_some_and(|last| ABOUT_SECRET.contains(&last));
    has(&SECRET_NAME_WORDS) && !has(&NO_SECRET) && !is_about
}

/// Whether a value is nothing, a switch, a path, or an address without a password.
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

    #[test]
    fn names_of_secrets() {
        for name in
            ["API_KEY", "GITHUB_TOKEN", "token", "secret_MESSAGE", "AWS_ACCESS_KEY_ID", "AUTH"]
        {
            assert!(looks_secret(name), "{name}");
        }
        for name in [
            "MONKEY",
            "TOKENIZER",
            "PUBLIC_KEY",
            "PASSWORD_FILE",
            "AUTHOR",
            "KEY_VERSION",
            "KEY_NAME",
            "SSH_AUTH_SOCK",
            "AUTH_TYPE",
            "TOKEN_TTL",
            "GPG_KEY_ID",
            "MAX_TOKEN_LENGTH",
            "STRICT_HOST_KEY_CHECKING",
            "NO_AUTH",
            "SECRET_DIR",
            "AUTH_URL",
        ] {
            assert!(!looks_secret(name), "{name}");
        }
    }
}
