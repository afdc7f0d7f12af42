//! `credentials-in-url`: a user name, a password or a token in the URL of a file or a repository.
//!
//! BuildKit keeps the URL in the build's record and in detailed provenance; Dockerfiles have no such check.

use super::subject::Subject;
use crate::credentials::{Credential, find, host, redacted};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::{Action, ContextSource};
use crate::source::Span;
use crate::spec::Verb;

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    for context in &subject.plan.named_contexts {
        let Some(span) = context.declared else { continue };
        match &context.source {
            ContextSource::Git(git) => check_url(&git.remote, Kind::Git, span, diagnostics),
            ContextSource::Http(file) => check_url(&file.url, Kind::Http, span, diagnostics),
            _ => {}
        }
    }
    for (at, _) in subject.stages() {
        for (step, planned) in subject.steps(at) {
            match (&step.verb, &planned.action) {
                (Verb::Fetch(step), Action::Fetch(fetch)) => {
                    check_url(&fetch.url, Kind::Http, step.url.span, diagnostics);
                }
                (Verb::Git(step), Action::Git(git)) => {
                    check_url(&git.url, Kind::Git, step.url.span, diagnostics);
                }
                _ => {}
            }
        }
    }
}

/// BuildKit's kind of source for the URL, which determines the secrets that it requests from the
/// client.
#[derive(Clone, Copy)]
enum Kind {
    Git,
    Http,
}

fn check_url(url: &str, kind: Kind, span: Span, diagnostics: &mut Diagnostics) {
    let Some(credential) = find(url) else { return };
    let shown = redacted(url);
    let message = match credential {
        Credential::UserInfo => format!("`{shown}` contains credentials"),
        Credential::Query(key) => format!("`{shown}` contains a secret, `{key}`"),
    };
    let hint = match kind {
        Kind::Git if url.starts_with("ssh://") => {
            "remove the password, and build with --ssh default".to_owned()
        }
        Kind::Git => "remove them, and build with --secret id=GIT_AUTH_TOKEN,env=NAME".to_owned(),
        Kind::Http => format!(
            "remove them, and build with --secret id=HTTP_AUTH_TOKEN_{0},env=NAME or id=HTTP_AUTH_HEADER_{0}",
            host(url)
        ),
    };
    diagnostics.push(Diagnostic::new(Code::CredentialsInUrl, span, message).hint(hint));
}
