//! `SOURCE_DATE_EPOCH`, from the client or as a default in the build file.

use super::request::Request;
use super::scope::Scope;
use crate::diagnostic::Diagnostics;
use crate::spec::{EPOCH_ARG, Spec};

/// The requested timestamp: a number of seconds, or a keyword for its source. `None` if there is
/// none, or if it is wrong, which is reported when the build is planned.
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
