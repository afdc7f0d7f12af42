//! The machine and the versions.

use std::fs;

use crate::harness::FRONTEND;
use crate::project::Setting;

/// The conditions of a run.
pub(crate) struct About {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    /// GiB.
    pub(crate) memory: u64,
    pub(crate) engine: String,
    pub(crate) official: String,
    pub(crate) rounds: usize,
    /// The size of the image of mstage in MB.
    pub(crate) size: f64,
    /// The size of the official frontend's image in MB.
    pub(crate) official_size: Option<f64>,
}

pub(crate) fn about(setting: &Setting<'_>, rounds: usize) -> About {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
    };
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split(' ').next()?.parse::<u64>().ok())
        .map_or(0, |kibibytes| kibibytes >> 20);
    let ask = |args: &[&str]| setting.engine.docker(args.iter().copied()).run().text();
    let size = |image: &str| {
        let bytes = ask(&["image", "inspect", "--format={{.Size}}", image]);
        bytes.trim().parse::<f64>().unwrap_or_default() / 1e6
    };
    About {
        processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory,
        engine: ask(&["version", "--format={{.Server.Version}}"]).trim().to_owned(),
        official: match setting.official {
            Some(image) => format!("the image {image}"),
            None => "the copy in the engine, as its image cannot be pulled there".to_owned(),
        },
        rounds,
        size: size(FRONTEND),
        official_size: setting.official.map(size),
    }
}
