//! Settings of the client for the processes of steps: hosts, limits, network.
//!
//! Follows `frontend/dockerui/attr.go` of BuildKit.

use std::net::IpAddr;
use std::str::FromStr;

use buildkit_llb::{HostIp, LinuxResources, NetMode, Ulimit};

use super::values::{InvalidOption, Options};
use crate::csv;

/// Settings for the processes of steps.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ProcessOptions {
    /// The network of processes whose step asks for none itself (`force-network-mode`; `--network`). `None` is the
    /// sandbox's.
    pub network: Option<NetMode>,
    /// Further entries of `/etc/hosts` (`add-hosts`; `--add-host`).
    pub hosts: Vec<HostIp>,
    /// The host name (`hostname`, the build arg `BUILDKIT_SANDBOX_HOSTNAME`); empty for BuildKit's.
    pub hostname: String,
    /// The size of `/dev/shm` in bytes (`shm-size`; `--shm-size`); 0 for the daemon's.
    pub shm_size: u64,
    /// Limits of each process (`ulimit`; `--ulimit`).
    pub ulimits: Vec<Ulimit>,
    /// The parent of the processes' control group (`cgroup-parent`; `--cgroup-parent`); empty for the daemon's.
    pub cgroup_parent: String,
    /// Limits of memory and processors (`memory`, `cpushares` and others; `--memory` and the like).
    pub resources: Option<LinuxResources>,
}

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

pub(super) fn read(options: &Options) -> Result<ProcessOptions, InvalidOption> {
    let opt = |name: &str| options.get(name).unwrap_or_default();
    let own_hostname = opt("build-arg:BUILDKIT_SANDBOX_HOSTNAME");
    let hostname = if own_hostname.is_empty() { opt("hostname") } else { own_hostname };
    Ok(ProcessOptions {
        network: network(opt("force-network-mode"))?,
        hosts: hosts(opt("add-hosts"))?,
        hostname: hostname.to_owned(),
        shm_size: number(options, "shm-size", 0, "a whole number of bytes")?,
        ulimits: ulimits(opt("ulimit"))?,
        cgroup_parent: opt("cgroup-parent").to_owned(),
        resources: resources(options)?,
    })
}

fn network(text: &str) -> Result<Option<NetMode>, InvalidOption> {
    match text {
        "" | "sandbox" => Ok(None),
        "host" => Ok(Some(NetMode::Host)),
        "none" => Ok(Some(NetMode::None)),
        other => Err(InvalidOption::new(
            "force-network-mode",
            format!("expected `sandbox`, `host` or `none`, found `{other}`"),
        )),
    }
}

fn hosts(text: &str) -> Result<Vec<HostIp>, InvalidOption> {
    csv::fields(text)
        .map_err(|err| InvalidOption::new("add-hosts", err))?
        .into_iter()
        .map(host)
        .collect()
}

fn host(field: String) -> Result<HostIp, InvalidOption> {
    let field = field.to_ascii_lowercase();
    let Some((host, ip)) = field.split_once('=') else {
        return Err(InvalidOption::new(
            "add-hosts",
            format!("expected `NAME=ADDRESS`, found `{field}`"),
        ));
    };
    if IpAddr::from_str(ip).is_err() {
        return Err(InvalidOption::new("add-hosts", format!("invalid IP address `{ip}`")));
    }
    Ok(HostIp::new(host.to_owned(), ip.to_owned()))
}

fn ulimits(text: &str) -> Result<Vec<Ulimit>, InvalidOption> {
    csv::fields(text)
        .map_err(|err| InvalidOption::new("ulimit", err))?
        .into_iter()
        .map(ulimit)
        .collect()
}

fn ulimit(field: String) -> Result<Ulimit, InvalidOption> {
    let Some((name, limits)) = field.split_once('=') else {
        return Err(invalid_ulimit(&field, "expected `NAME=SOFT` or `NAME=SOFT:HARD`"));
    };
    if !ULIMITS.contains(&name) {
        return Err(invalid_ulimit(&field, &format!("the limits are {}", ULIMITS.join(", "))));
    }
    let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
    let (Ok(soft), Ok(hard)) = (soft.parse::<i64>(), hard.parse::<i64>()) else {
        return Err(invalid_ulimit(&field, "a limit is a whole number, or -1 for none"));
    };
    if hard != -1 && (soft == -1 || soft > hard) {
        return Err(invalid_ulimit(&field, "the soft limit is above the hard limit"));
    }
    Ok(Ulimit::new(name.to_owned(), soft, hard))
}

fn resources(options: &Options) -> Result<Option<LinuxResources>, InvalidOption> {
    const POSITIVE: &str = "a whole number above 0";
    let memory_swap = number(options, "memswap", -1, "a number of bytes, or -1 for no limit")?;
    let resources = LinuxResources::default()
        .memory(number(options, "memory", 1, POSITIVE)?)
        .memory_swap(memory_swap)
        .cpu_shares(number(options, "cpushares", 1, POSITIVE)?)
        .cpu_period(number(options, "cpuperiod", 1, POSITIVE)?)
        .cpu_quota(number(options, "cpuquota", 1, POSITIVE)?)
        .cpuset_cpus(cpuset(options, "cpusetcpus")?)
        .cpuset_mems(cpuset(options, "cpusetmems")?);
    Ok((resources != LinuxResources::default()).then_some(resources))
}

fn invalid_ulimit(field: &str, problem: &str) -> InvalidOption {
    InvalidOption::new("ulimit", format!("`{field}`: {problem}"))
}

/// Reads a number. An absent one is 0; a given one is at least `least`, and not 0 unless `least` is.
fn number<N>(options: &Options, name: &str, least: N, what: &str) -> Result<N, InvalidOption>
where
    N: FromStr + Default + PartialOrd,
{
    let text = options.get(name).unwrap_or_default();
    if text.is_empty() {
        return Ok(N::default());
    }
    let zero_means_something = least == N::default();
    match text.parse::<N>() {
        Ok(number) if number >= least && (zero_means_something || number != N::default()) => {
            Ok(number)
        }
        _ => Err(InvalidOption::new(name, format!("expected {what}, found `{text}`"))),
    }
}

fn cpuset(options: &Options, name: &str) -> Result<String, InvalidOption> {
    let text = options.get(name).unwrap_or_default();
    if is_cpuset(text) {
        return Ok(text.to_owned());
    }
    let problem = format!("expected a list of numbers and ranges, such as `0-3,5`, found `{text}`");
    Err(InvalidOption::new(name, problem))
}

fn cpu(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

/// Returns true for a list of numbers and ranges, as in `0-3,5`, and for nothing.
fn is_cpuset(text: &str) -> bool {
    text.is_empty()
        || text.split(',').all(|part| match part.split_once('-') {
            Some((first, last)) => {
                matches!((cpu(first), cpu(last)), (Some(first), Some(last)) if first <= last)
            }
            None => cpu(part).is_some(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<ProcessOptions, String> {
        let mut options = Options::default();
        pairs.iter().for_each(|&(name, value)| options.set(name, value));
        options.process().map_err(|err| err.to_string())
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
        let host = |host: &str, ip: &str| HostIp::new(host.to_owned(), ip.to_owned());
        let ulimit = |name: &str, soft, hard| Ulimit::new(name.to_owned(), soft, hard);
        let expected = ProcessOptions {
            network: Some(NetMode::None),
            hosts: vec![host("a", "10.0.0.1"), host("b", "::1")],
            hostname: "box".to_owned(),
            shm_size: 1024,
            ulimits: vec![ulimit("nofile", 10, 20), ulimit("nproc", -1, -1)],
            cgroup_parent: "/group".to_owned(),
            resources: Some(
                LinuxResources::default()
                    .memory(1000)
                    .memory_swap(-1)
                    .cpuset_cpus("0-1,3".to_owned()),
            ),
        };
        assert_eq!(read, Ok(expected));
        assert_eq!(Options::default().process(), Ok(ProcessOptions::default()));
    }

    #[test]
    fn bad_values_name_their_option() {
        for (name, value, problem) in [
            ("force-network-mode", "x", "expected `sandbox`, `host` or `none`, found `x`"),
            ("add-hosts", "a", "expected `NAME=ADDRESS`, found `a`"),
            ("add-hosts", "a=b", "invalid IP address `b`"),
            ("shm-size", "1m", "expected a whole number of bytes, found `1m`"),
            ("ulimit", "nofile=2:1", "`nofile=2:1`: the soft limit is above the hard limit"),
            ("ulimit", "nofile=x", "`nofile=x`: a limit is a whole number, or -1 for none"),
            ("memory", "0", "expected a whole number above 0, found `0`"),
            ("memswap", "-2", "expected a number of bytes, or -1 for no limit, found `-2`"),
            ("cpuquota", "-1", "expected a whole number above 0, found `-1`"),
            (
                "cpusetcpus",
                "3-1",
                "expected a list of numbers and ranges, such as `0-3,5`, found `3-1`",
            ),
        ] {
            assert_eq!(read(&[(name, value)]), Err(format!("option `{name}`: {problem}")));
        }
        let unknown = read(&[("ulimit", "files=1")]).expect_err("no such limit");
        assert!(unknown.starts_with("option `ulimit`: `files=1`: the limits are core, "));
    }
}
