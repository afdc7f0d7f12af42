//! `sudo-in-step`: `sudo` in a run step.
//!
//! A step runs as root by default, and any step may set a user of its own. `sudo` needs a package
//! and a rule without a password, both of which remain in the image.

use super::process::Process;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

pub(super) fn check(processes: &[Process<'_>], diagnostics: &mut Diagnostics) {
    for process in processes {
        let Some(sudo) = process.commands().iter().find_map(|command| command.sudo.clone()) else {
            continue;
        };
        let user = process.exec.user.as_str();
        let (message, hint) = match user {
            "" | "root" | "0" => {
                ("unnecessary `sudo`: this step runs as root".to_owned(), "remove `sudo`")
            }
            user => (
                format!("`sudo` in a step that runs as user `{user}`"),
                "set the user of the step instead: `{ run = '...', user = \"root\" }`",
            ),
        };
        diagnostics.push(Diagnostic::new(Code::SudoInStep, process.span(sudo), message).hint(hint));
    }
}
