//! Recognition of args and variables with secret values by their names.

/// Words that make a name look like that of a secret: those of BuildKit's `SecretsUsedInArgOrEnv`.
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

/// Words that show, at any position, that it is not one.
const NO_SECRET: [&str; 8] = ["public", "pub", "file", "version", "max", "min", "no", "checking"];

/// Last words that show that it is only about a secret.
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

/// True if the name suggests that the value is a secret.
pub(crate) fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut words = name.split('_').filter(|word| !word.is_empty());
    // The id of a cloud's access key is half of the secret.
    let is_about = !name.ends_with("access_key_id")
        && words.next_back().is_some_and(|last| ABOUT_SECRET.contains(&last));
    has_word(&name, &SECRET_NAME_WORDS) && !has_word(&name, &NO_SECRET) && !is_about
}

fn has_word(name: &str, known: &[&str]) -> bool {
    name.split('_').any(|word| known.contains(&word))
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
