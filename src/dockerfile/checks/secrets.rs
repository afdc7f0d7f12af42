//! `SecretsUsedInArgOrEnv`: a secret, judging by its name, in a place that everyone with the image
//! can read.

use super::{Linter, State, Step};
use crate::diagnostic::DockerfileRule;
use crate::dockerfile::Kind;
use crate::dockerfile::evaluate::Values;
use crate::secret_names::SECRET_NAME_WORDS;

/// Words that mean the name is not that of a secret.
const NO_SECRET: [&str; 3] = ["public", "file", "version"];

pub(super) fn check(step: &Step<'_>, state: &mut State<'_>, linter: &mut Linter<'_>) {
    let (keyword, names): (_, Vec<&str>) = match (&step.instruction.kind, &step.values) {
        (Kind::Env(_), Values::Pairs(pairs)) => {
            ("ENV", pairs.iter().map(|(name, _)| name.as_str()).collect())
        }
        (Kind::Arg(_), Values::Args(args)) => {
            ("ARG", args.iter().map(|arg| arg.name.as_str()).collect())
        }
        _ => return,
    };
    for name in names.into_iter().filter(|name| is_secret(name)) {
        let detail =
            format!("Do not use ARG or ENV instructions for sensitive data ({keyword} {name:?})");
        linter.report_step(DockerfileRule::SecretsUsedInArgOrEnv, step, state, detail);
    }
}

/// True if one of the words of a name, separated by `_`, suggests a secret.
fn is_secret(name: &str) -> bool {
    has_word(name, &SECRET_NAME_WORDS) && !has_word(name, &NO_SECRET)
}

fn has_word(name: &str, known: &[&str]) -> bool {
    name.split('_').any(|word| known.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in ["SECRET_PASSPHRASE", "auth", "git_key", "API_TOKEN_2", "Password"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["PUBLIC_KEY", "SECRET_FILE", "AUTH_VERSION", "KEYS", "authentic", "token1"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
