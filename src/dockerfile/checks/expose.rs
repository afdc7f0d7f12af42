//! `ExposeProtoCasing` and `ExposeInvalidFormat`.
//!
//! Follows `convert_expose.go` in `frontend/dockerfile/dockerfile2llb` of BuildKit.

use super::{Linter, State, Step};
use crate::diagnostic::DockerfileRule;
use crate::dockerfile::Kind;
use crate::dockerfile::evaluate::Values;

pub(super) fn check(step: &Step<'_>, state: &mut State<'_>, linter: &mut Linter<'_>) {
    let (Kind::Expose(_), Values::Words(ports)) = (&step.instruction.kind, &step.values) else {
        return;
    };
    let mut ports: Vec<&str> = ports.iter().map(String::as_str).collect();
    ports.sort_unstable();
    for port in ports {
        // An invalid port fails the build.
        let Some((is_mapped, protocol)) = read(port) else { return };
        if protocol != protocol.to_lowercase() {
            let detail =
                format!("Defined protocol '{port}' in EXPOSE instruction should be lowercase");
            linter.report_step(DockerfileRule::ExposeProtoCasing, step, state, detail);
        }
        if is_mapped {
            let detail = format!(
                "EXPOSE instruction should not define an IP address or host-port mapping, found '{port}'"
            );
            linter.report_step(DockerfileRule::ExposeInvalidFormat, step, state, detail);
        }
    }
}

/// Parses `[[ip]:[host]:]port[/protocol]`. Returns its protocol, and true if there is an address or
/// a host port.
fn read(port: &str) -> Option<(bool, &str)> {
    let (before, container) = port.rsplit_once(':').unwrap_or(("", port));
    let (number, protocol) = container.split_once('/').unwrap_or((container, ""));
    let is_protocol =
        ["", "tcp", "udp", "sctp"].iter().any(|known| protocol.eq_ignore_ascii_case(known));
    let is_mapped = before.chars().any(|c| c != ':');
    (!number.is_empty() && is_protocol).then_some((is_mapped, protocol))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports() {
        for (port, expected) in [
            ("80", Some((false, ""))),
            ("80/TcP", Some((false, "TcP"))),
            ("127.0.0.1:80:80", Some((true, ""))),
            ("[::1]:8080:8080/udp", Some((true, "udp"))),
            ("5000:5000", Some((true, ""))),
            ("::80", Some((false, ""))),
            ("80/xyz", None),
            ("80:", None),
        ] {
            assert_eq!(read(port), expected, "{port}");
        }
    }
}
