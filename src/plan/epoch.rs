//! `SOURCE_DATE_EPOCH`, as the client gives it or as the build file says by default.

use super::request::Request;
use super::scope::Scope;
use crate::diagnostic::Diagnostics;
use crate::spec::{EPOCH_ARG, Spec};

/// Returns what the time of everything is to be: a number of seconds, or a word for where to find it. `None` where
/// nobody says so, or where what is said is wrong, which is reported when the build is planned.
pub fn epoch_wanted(spec: &Spec, request: &Request) -> Option<String> {
    let text = match spec.args.0.contains_key(EPOCH_ARG) {
        true => {
            let scope = Scope::new(spec, request, &mut Diagnostics::default());
            scope.lookup(EPOCH_ARG).ok().flatten()?.to_string()
        }
        false => request.build_args.get(EPOCH_ARG)?.clone(),
    };
    Some(text).filter(|text| !text.is_empty())
}
