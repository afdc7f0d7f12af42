//! A port of `EXPOSE`.
//!
//! Follows `frontend/dockerfile/dockerfile2llb/convert_expose.go` of BuildKit, including its
//! messages.

use std::net::IpAddr;

use crate::plan::port_range;

/// Checks a port such as `80`, `53/udp`, `8000-8010/tcp` or `127.0.0.1:8080:80`.
pub fn exposed(written: &str) -> Result<(), String> {
    let (address, host, container) = parts(written);
    let (container, protocol) = container.split_once('/').unwrap_or((container, ""));
    if container.is_empty() {
        return Err(format!("invalid port: {written:?}: no port specified"));
    }
    if !["", "tcp", "udp", "sctp"].iter().any(|known| protocol.eq_ignore_ascii_case(known)) {
        return Err(format!("invalid port: {written:?}: invalid proto: {protocol}"));
    }
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
    if !address.is_empty() && bare.parse::<IpAddr>().is_err() {
        return Err(format!("invalid IP address: {bare}"));
    }
    let Some((ports, _)) = port_range(container) else {
        return Err(format!("invalid containerPort: {container}"));
    };
    if host.is_empty() {
        return Ok(());
    }
    let Some((of_host, _)) = port_range(host).filter(|_| !host.contains('/')) else {
        return Err(format!("invalid hostPort: {host}"));
    };
    if ports.len() > 1 && ports.len() != of_host.len() {
        return Err(format!(
            "invalid ranges specified for container and host Ports: {container} and {host}"
        ));
    }
    Ok(())
}

/// The address, the port of the host, and that of the container.
fn parts(written: &str) -> (&str, &str, &str) {
    let Some((before, container)) = written.rsplit_once(':') else { return ("", "", written) };
    match before.rsplit_once(':') {
        Some((address, host)) => (address, host, container),
        None => ("", before, container),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_buildkit() {
        for (written, expected) in [
            ("80", Ok(())),
            ("80/", Ok(())),
            ("8000-8002/UDP", Ok(())),
            ("[::1]:80:81", Ok(())),
            ("8000-8002:80", Ok(())),
            ("80/foo", Err("invalid port: \"80/foo\": invalid proto: foo")),
            ("/tcp", Err("invalid port: \"/tcp\": no port specified")),
            ("+80", Err("invalid containerPort: +80")),
            ("65536", Err("invalid containerPort: 65536")),
            ("90-80", Err("invalid containerPort: 90-80")),
            ("x:80:80", Err("invalid IP address: x")),
            ("x:80", Err("invalid hostPort: x")),
            (
                "8000-8001:80-82",
                Err("invalid ranges specified for container and host Ports: 80-82 and 8000-8001"),
            ),
        ] {
            assert_eq!(exposed(written), expected.map_err(str::to_owned), "{written}");
        }
    }
}
