//! `SOURCE_DATE_EPOCH`, from the client or as a default in the build file.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::planned::Plan;
use super::request::Request;
use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{EPOCH_ARG, Spec};

/// The requested timestamp: a number of seconds, or a keyword for its source. `None` if there is
/// none, or if it is wrong, which is reported when the build is planned.
pub fn epoch_wanted(spec: &Spec, request: &Request) -> Option<String> {
    let text = match spec.args.0.contains_key(EPOCH_ARG) {
        true => {
            let scope = Scope::unreported(spec, request);
            scope.lookup(EPOCH_ARG).ok().flatten()?.to_string()
        }
        false => request.build_args.get(EPOCH_ARG)?.clone(),
    };
    Some(text).filter(|text| !text.is_empty())
}

impl Plan {
    /// The timestamp, in the format of image configs.
    pub(crate) fn created(&self) -> Option<String> {
        self.epoch.and_then(rfc3339)
    }
}

/// Rejects a time that images cannot represent: the years in their configs have four digits.
pub(super) fn check_epoch(request: &Request, spec: &Spec, diagnostics: &mut Diagnostics) {
    let Some(seconds) = request.epoch.filter(|&seconds| rfc3339(seconds).is_none()) else {
        return;
    };
    let message = format!("SOURCE_DATE_EPOCH is {seconds}, which is outside the years 0 to 9999");
    let name = "SOURCE_DATE_EPOCH";
    let given = request.build_args.contains_key(name);
    let declared = spec.args.0.get(name).filter(|_| !given);
    let problem = match declared {
        Some(arg) => Diagnostic::new(Code::InvalidArg, arg.span, message),
        None => Diagnostic::without_place(Code::InvalidArg, message),
    };
    diagnostics.push(problem.hint("give the number of seconds since 1970, such as 1700000000"));
}

/// A time in the format of image configs; `None` for one after the year 9999.
pub(super) fn rfc3339(seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
}
