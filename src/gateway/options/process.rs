//! The client's settings for processes of run steps: hosts, limits, network.
//!
//! Follows `frontend/dockerui/attr.go` of BuildKit.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::str::FromStr;

use buildkit_llb::{HostIp, LinuxResources, Ulimit};

use super::{InvalidOption, invalid};
use crate::csv;
use crate::lower::ProcessSettings;
use crate::spec::Network;

/// The limits that Linux supports (`ulimitNameMapping` in `docker/go-units`).
const ULIMITS: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// Reads the settings of processes.
pub(super) fn settings(opts: &BTreeMap<String, String>) -> Result<ProcessSettings, InvalidOption> {
    let opt = |name: &str| opts.get(name).map_or("", String::as_str);
    let own_hostname = opt("build-arg:BUILDKIT_SANDBOX_HOSTNAME");
    let hostname = if own_hostname.is_empty() { opt("hostname") } else { own_hostname };
    Ok(ProcessSettings {
        network: network(opt("force-network-mode"))?,
        hosts: hosts(opt("add-hosts"))?,
        hostname: hostname.to_owned(),
        shm_size: number(opts, "shm-size", 0, "bytes, a whole number")?,
        ulimits: ulimits(opt("ulimit"))?,
        cgroup_parent: opt("cgroup-parent").to_owned(),
        resources: resources(opts)?,
    })
}

fn network(text: &str) -> Result<Option<Network>, InvalidOption> {
    match text {
        "" | "sandbox" => Ok(None),
        "host" => Ok(Some(Network::Host)),
        "none" => Ok(Some(Network::None)),
        other => Err(invalid(
            "force-network-mode",
            format!("`{other}` is none of `sandbox`, `host` and `none`"),
        )),
    }
}

fn hosts(text: &str) -> Result<Vec<HostIp>, InvalidOption> {
    let host = |field: String| {
        let field = field.to_ascii_lowercase();
        let Some((host, ip)) = field.split_once('=') else {
            return Err(invalid(
                "add-hosts",
                format!("`{field}` is not of the form `NAME=ADDRESS`"),
            ));
        };
        if IpAddr::from_str(ip).is_err() {
            return Err(invalid("add-hosts", format!("`{ip}` is not an IP address")));
        }
        Ok(HostIp { host: host.to_owned(), ip: ip.to_owned() })
    };
    csv::fields(text).map_err(|err| invalid("add-hosts", err))?.into_iter().map(host).collect()
}

fn ulimits(text: &str) -> Result<Vec<Ulimit>, InvalidOption> {
    let ulimit = |field: String| {
        let problem = |problem: &str| invalid("ulimit", format!("`{field}`: {problem}"));
        let Some((name, limits)) = field.split_once('=') else {
            return Err(problem("it is not of the form `NAME=SOFT` or `NAME=SOFT:HARD`"));
        };
        if !ULIMITS.contains(&name) {
            return Err(problem(&format!("the limits are {}", ULIMITS.join(", "))));
        }
        let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
        let (Ok(soft), Ok(hard)) = (soft.parse::<i64>(), hard.parse::<i64>()) else {
            return Err(problem("a limit is a whole number, or -1 for none"));
        };
        if hard != -1 && (soft == -1 || soft > hard) {
            return Err(problem("the soft limit is above the hard one"));
        }
        Ok(Ulimit { name: name.to_owned(), soft, hard })
    };
    csv::fields(text).map_err(|err| invalid("ulimit", err))?.into_iter().map(ulimit).collect()
}

fn resources(opts: &BTreeMap<String, String>) -> Result<Option<LinuxResources>, InvalidOption> {
    const POSITIVE: &str = "a whole number above 0";
    let memory_swap = number(opts, "memswap", -1, "bytes, or -1 for no limit")?;
    let cpuset = |name: &str| {
        let text = opts.get(name).map_or("", String::as_str);
        if is_cpuset(text) {
            return Ok(text.to_owned());
        }
        Err(invalid(name, format!("`{text}` is not a list of numbers and ranges, such as `0-3,5`")))
    };
    let resources = LinuxResources {
        memory: number(opts, "memory", 1, POSITIVE)?,
        memory_swap,
        cpu_shares: number(opts, "cpushares", 1, POSITIVE)?,
        cpu_period: number(opts, "cpuperiod", 1, POSITIVE)?,
        cpu_quota: number(opts, "cpuquota", 1, POSITIVE)?,
        cpuset_cpus: cpuset("cpusetcpus")?,
        cpuset_mems: cpuset("cpusetmems")?,
    };
    Ok((resources != LinuxResources::default()).then_some(resources))
}

/// A number; 0 if absent. A given number must be at least `least`, and not 0 unless `least` is.
fn number<N>(
    opts: &BTreeMap<String, String>,
    name: &str,
    least: N,
    what: &str,
) -> Result<N, InvalidOption>
where
    N: FromStr + Default + PartialOrd,
{
    let text = opts.get(name).map_or("", String::as_str);
    if text.is_empty() {
        return Ok(N::default());
    }
    let zero_means_something = least == N::default();
    match text.parse::<N>() {
        Ok(number) if number >= least && (zero_means_something || number != N::default()) => {
            Ok(number)
        }
        _ => Err(invalid(name, format!("`{text}` is not {what}"))),
    }
}

/// True for a list such as `0-3,5`, or an empty text.
fn is_cpuset(text: &str) -> bool {
    let number = |text: &str| text.parse::<u32>().ok().filter(|_| !text.starts_with('+'));
    text.is_empty()
        || text.split(',').all(|part| match part.split_once('-') {
            Some((first, last)) => {
                matches!((number(first), number(last)), (Some(first), Some(last)) if first <= last)
            }
            None => number(part).is_some(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<ProcessSettings, String> {
        let opts = pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        settings(&opts).map_err(|err| err.to_string())
    }

    #[test]
    fn everything() {
        let read = read(&[
            ("force-network-mode", "none"),
            ("add-hosts", "A=10.0.0.1,b=::1"),
            ("hostname", "overridden"),
            ("build-arg:BUILDKIT_SANDBOX_HOSTNAME", "box"),
            ("shm-size", "1024"),
            ("ulimit", "nofile=10:20,nproc=-1"),
            ("cgroup-parent", "/group"),
            ("memory", "1000"),
            ("memswap", "-1"),
            ("cpusetcpus", "0-1,3"),
        ]);
        let host = |host: &str, ip: &str| HostIp { host: host.to_owned(), ip: ip.to_owned() };
        let ulimit = |name: &str, soft, hard| Ulimit { name: name.to_owned(), soft, hard };
        let expected = ProcessSettings {
            network: Some(Network::None),
            hosts: vec![host("a", "10.0.0.1"), host("b", "::1")],
            hostname: "box".to_owned(),
            shm_size: 1024,
            ulimits: vec![ulimit("nofile", 10, 20), ulimit("nproc", -1, -1)],
            cgroup_parent: "/group".to_owned(),
            resources: Some(LinuxResources {
                memory: 1000,
                memory_swap: -1,
                cpuset_cpus: "0-1,3".to_owned(),
                ..LinuxResources::default()
            }),
        };
        assert_eq!(read, Ok(expected));
        assert_eq!(super::settings(&BTreeMap::new()), Ok(ProcessSettings::default()));
    }

    #[test]
    fn bad_values_name_their_option() {
        for (name, value, problem) in [
            ("force-network-mode", "x", "`x` is none of `sandbox`, `host` and `none`"),
            ("add-hosts", "a", "`a` is not of the form `NAME=ADDRESS`"),
            ("add-hosts", "a=b", "`b` is not an IP address"),
            ("shm-size", "1m", "`1m` is not bytes, a whole number"),
            ("ulimit", "nofile=2:1", "`nofile=2:1`: the soft limit is above the hard one"),
            ("ulimit", "nofile=x", "`nofile=x`: a limit is a whole number, or -1 for none"),
            ("memory", "0", "`0` is not a whole number above 0"),
            ("memswap", "-2", "`-2` is not bytes, or -1 for no limit"),
            ("cpuquota", "-1", "`-1` is not a whole number above 0"),
            ("cpusetcpus", "3-1", "`3-1` is not a list of numbers and ranges, such as `0-3,5`"),
        ] {
            assert_eq!(read(&[(name, value)]), Err(format!("option `{name}`: {problem}")));
        }
        let unknown = read(&[("ulimit", "files=1")]).expect_err("no such limit");
        assert!(unknown.starts_with("option `ulimit`: `files=1`: the limits are core, "));
    }
}
