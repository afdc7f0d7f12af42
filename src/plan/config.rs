//! The config of an image, as stored in registries (the OCI image spec with Docker's additions).

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::Platform;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::environment::Environment;
use crate::null::{absent, absent_in_list, absent_in_map, absent_in_optional_list};

/// The config of an image. Unknown members are kept unchanged.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ImageConfig {
    /// `amd64`, `arm64`...
    #[serde(default, deserialize_with = "absent")]
    pub architecture: String,
    /// `linux`, `windows`...
    #[serde(default, deserialize_with = "absent")]
    pub os: String,
    /// `v7`...
    #[serde(default, deserialize_with = "absent", skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// The version of the operating system, for Windows.
    #[serde(
        default,
        deserialize_with = "absent",
        rename = "os.version",
        skip_serializing_if = "String::is_empty"
    )]
    pub os_version: String,
    /// The settings of a container.
    #[serde(default, deserialize_with = "absent")]
    pub config: ContainerConfig,
    /// The digests of the layers. BuildKit replaces them when it exports.
    #[serde(default, deserialize_with = "absent")]
    pub rootfs: RootFs,
    /// The history of the layers.
    #[serde(default, deserialize_with = "absent_in_list")]
    pub history: Vec<History>,
    /// The time of creation. Without a `SOURCE_DATE_EPOCH` it is omitted, so that BuildKit sets it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub created: Value,
    /// Everything else.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

/// The settings of a container.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerConfig {
    /// The user, with or without a group.
    #[serde(default, deserialize_with = "absent", skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The ports that the program listens on.
    #[serde(
        default,
        deserialize_with = "absent_in_map",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub exposed_ports: BTreeMap<String, Empty>,
    /// The environment, as `NAME=value`.
    #[serde(default, deserialize_with = "absent_in_list", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Directories whose content outlives containers.
    #[serde(
        default,
        deserialize_with = "absent_in_map",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub volumes: BTreeMap<String, Empty>,
    /// The signal that stops a container.
    #[serde(default, deserialize_with = "absent", skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// The healthcheck of a container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<HealthcheckConfig>,
    /// The program.
    #[serde(
        default,
        deserialize_with = "absent_in_optional_list",
        skip_serializing_if = "is_empty_list"
    )]
    pub entrypoint: Option<Vec<String>>,
    /// The program's arguments, or the program.
    #[serde(
        default,
        deserialize_with = "absent_in_optional_list",
        skip_serializing_if = "is_empty_list"
    )]
    pub cmd: Option<Vec<String>>,
    /// The working directory.
    #[serde(default, deserialize_with = "absent", skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// Labels.
    #[serde(
        default,
        deserialize_with = "absent_in_map",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub labels: BTreeMap<String, String>,
    /// Instructions to run in Dockerfiles based on this image.
    #[serde(default, deserialize_with = "absent_in_list", skip_serializing_if = "Vec::is_empty")]
    pub on_build: Vec<String>,
    /// The shell for the string forms of commands.
    #[serde(
        default,
        deserialize_with = "absent_in_optional_list",
        skip_serializing_if = "Option::is_none"
    )]
    pub shell: Option<Vec<String>>,
    /// True if `cmd` is ready for Windows; Docker sets it with every `CMD`.
    #[serde(default, deserialize_with = "absent", skip_serializing_if = "std::ops::Not::not")]
    pub args_escaped: bool,
    /// Everything else.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

/// The healthcheck of a container. Times are nanoseconds; 0 is Docker's default.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HealthcheckConfig {
    /// `CMD` and a program, `CMD-SHELL` and a text, or `NONE`.
    #[serde(default, deserialize_with = "absent_in_list", skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<String>,
    /// Time between two runs.
    #[serde(default, deserialize_with = "absent", skip_serializing_if = "is_zero")]
    pub interval: i64,
    /// Time limit for a run.
    #[serde(default, deserialize_with = "absent", skip_serializing_if = "is_zero")]
    pub timeout: i64,
    /// Time after the start during which failures do not count.
    #[serde(default, deserialize_with = "absent", skip_serializing_if = "is_zero")]
    pub start_period: i64,
    /// Time between two runs in the start period.
    #[serde(default, deserialize_with = "absent", skip_serializing_if = "is_zero")]
    pub start_interval: i64,
    /// Number of consecutive failures after which a container is unhealthy.
    #[serde(default, deserialize_with = "absent", skip_serializing_if = "is_zero")]
    pub retries: u32,
}

impl ContainerConfig {
    /// The texts that become part of processes and paths.
    fn texts(&self) -> impl Iterator<Item = &String> {
        let lists = [&self.entrypoint, &self.cmd, &self.shell];
        let words = lists.into_iter().flatten().flatten();
        [&self.user, &self.working_dir].into_iter().chain(&self.env).chain(words)
    }
}

fn is_zero<T: Default + PartialEq>(number: &T) -> bool {
    *number == T::default()
}

/// `{}`, the value of every member of a set in JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// The layers' digests.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type", default, deserialize_with = "absent")]
    pub kind: String,
    /// The digests of the uncompressed layers, the base first.
    #[serde(default, deserialize_with = "absent_in_list")]
    pub diff_ids: Vec<String>,
}

impl Default for RootFs {
    fn default() -> Self {
        Self { kind: "layers".to_owned(), diff_ids: Vec::new() }
    }
}

/// An entry of the history: for a layer, or for a change of the config.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct History {
    /// The command.
    #[serde(default, deserialize_with = "absent", skip_serializing_if = "String::is_empty")]
    pub created_by: String,
    /// The tool that made it.
    #[serde(default, deserialize_with = "absent", skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// True if it has no layer.
    #[serde(default, deserialize_with = "absent", skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
    /// Everything else, including the time of a base image's entries.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

impl ImageConfig {
    /// Parses a config from a registry. A `null` is an absent value, in any place; an entry of
    /// `Env` or `OnBuild` that is `null` or empty is ignored.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        let mut config = serde_json::from_slice::<Option<Self>>(json)?.unwrap_or_default();
        config.created = Value::Null;
        config.rest.retain(|_, member| !member.is_null());
        config.config.rest.retain(|_, member| !member.is_null());
        config.config.env.retain(|entry| !entry.is_empty());
        config.config.on_build.retain(|trigger| !trigger.is_empty());
        if config.config.texts().any(|text| text.contains('\0')) {
            return Err(serde::de::Error::custom("it contains a NUL character"));
        }
        Ok(config)
    }

    /// The config in the form that BuildKit expects in a result.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self)
            .expect("a config has string keys only, and no value that JSON cannot say")
    }

    /// Sets the platform. If the architecture is the same, the image keeps its own variant and
    /// version of the operating system unless the platform has one, as in BuildKit's
    /// `dockerfile2llb/convert.go`.
    pub fn set_platform(&mut self, platform: &Platform) {
        let is_same = self.os == platform.os() && self.architecture == platform.architecture();
        if !is_same || !platform.variant().is_empty() {
            self.variant = platform.variant().to_owned();
        }
        if !is_same || !platform.os_version().is_empty() {
            self.os_version = platform.os_version().to_owned();
        }
        self.os = platform.os().to_owned();
        self.architecture = platform.architecture().to_owned();
    }

    /// Converts the image's own platform to the canonical form: `arm64` for `aarch64`. Returns
    /// false if it has none.
    pub fn normalize_platform(&mut self) -> bool {
        let Ok(own) = Platform::new(&self.os, &self.architecture, &self.variant) else {
            return false;
        };
        self.os = own.os().to_owned();
        self.architecture = own.architecture().to_owned();
        self.variant = own.variant().to_owned();
        true
    }

    /// The number of layers. The result of a Dockerfile has no digests yet, but a history.
    pub fn layers(&self) -> usize {
        let told = self.history.iter().filter(|entry| !entry.empty_layer).count();
        told.max(self.rootfs.diff_ids.len())
    }

    /// True if the image has a file system at all.
    pub fn has_layers(&self) -> bool {
        !self.rootfs.diff_ids.is_empty() || self.history.iter().any(|entry| !entry.empty_layer)
    }
}

impl ContainerConfig {
    /// The config of an empty image.
    pub fn scratch() -> Self {
        Self { working_dir: "/".to_owned(), ..Self::default() }
    }

    /// The environment.
    pub fn environment(&self) -> Environment {
        Environment::from_entries(self.env.iter().map(String::as_str))
    }
}

impl History {
    /// An entry for a layer.
    pub fn layer(created_by: impl Into<String>) -> Self {
        Self { created_by: created_by.into(), comment: "mstage".to_owned(), ..Self::default() }
    }

    /// Sets the time of creation, if known.
    pub(crate) fn at(mut self, created: Option<&str>) -> Self {
        if let Some(created) = created {
            self.rest.insert("created".to_owned(), created.into());
        }
        self
    }

    /// An entry for a change of the config.
    pub fn config(created_by: impl Into<String>) -> Self {
        Self { empty_layer: true, ..Self::layer(created_by) }
    }
}

/// The names of the ports in a set, for a history entry.
pub(super) fn port_names(ports: &BTreeSet<String>) -> String {
    ports.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// True for a list that is not written: BuildKit's config omits empty ones.
fn is_empty_list(list: &Option<Vec<String>>) -> bool {
    list.as_ref().is_none_or(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_characters() {
        for text in [
            r#"{"config":{"Env":["A=\u0000"]}}"#,
            r#"{"config":{"WorkingDir":"/\u0000"}}"#,
            r#"{"config":{"Cmd":["a","\u0000"]}}"#,
        ] {
            assert!(ImageConfig::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn unknown_members_survive() {
        let json =
            br#"{"architecture":"amd64","os":"linux","created":"2024-01-01T00:00:00Z","x":[1],
            "config":{"Env":null,"Healthcheck":{"Test":["NONE"]},"Cmd":null},
            "rootfs":{"type":"layers","diff_ids":null},"history":null}"#;
        let config = ImageConfig::parse(json).unwrap();
        assert!(!config.has_layers());
        assert_eq!(
            String::from_utf8(config.to_json()).unwrap(),
            r#"{"architecture":"amd64","os":"linux","config":{"Healthcheck":{"Test":["NONE"]}},"rootfs":{"type":"layers","diff_ids":[]},"history":[],"x":[1]}"#
        );
    }

    /// Go, and therefore BuildKit and Docker, treats `null` as an absent value.
    #[test]
    fn a_null_is_an_absent_value_wherever_it_is() {
        const WHOLE: &str = r#"{"architecture":"arm64","os":"linux","variant":"v8","os.version":"1","created":"2024-01-01T00:00:00Z",
            "author":"me","os.features":["a"],
            "config":{"User":"me","ExposedPorts":{"80/tcp":{}},"Env":["A=b"],"Volumes":{"/v":{}},"StopSignal":"TERM",
            "Healthcheck":{"Test":["NONE"],"Interval":1,"Timeout":1,"StartPeriod":1,"StartInterval":1,"Retries":1},
            "Entrypoint":["e"],"Cmd":["c"],"WorkingDir":"/w","Labels":{"l":"v"},"OnBuild":["RUN x"],"Shell":["s"],
            "ArgsEscaped":true,"Hostname":"h"},
            "rootfs":{"type":"layers","diff_ids":["sha256:00"]},
            "history":[{"created":"2024-01-01T00:00:00Z","created_by":"x","comment":"y","empty_layer":true}]}"#;
        let whole: Value = serde_json::from_str(WHOLE).unwrap();
        let mut places = Vec::new();
        pointers(&whole, String::new(), &mut places);
        assert!(places.len() > 40, "{places:?}");
        for place in places {
            let mut json = whole.clone();
            *json.pointer_mut(&place).unwrap() = Value::Null;
            let config = ImageConfig::parse(json.to_string().as_bytes());
            let config = config.unwrap_or_else(|err| panic!("null at `{place}`: {err}"));
            let written = config.to_json();
            assert!(ImageConfig::parse(&written).is_ok(), "null at `{place}`");
        }

        let nulls = r#"{"config":{"Env":[null,"A=b"],"Cmd":["sh",null],"Labels":{"l":null},"ExposedPorts":{"1/tcp":null},
            "OnBuild":[null]},"rootfs":null,"history":[null]}"#;
        let config = ImageConfig::parse(nulls.as_bytes()).unwrap();
        assert_eq!(
            String::from_utf8(config.to_json()).unwrap(),
            r#"{"architecture":"","os":"","config":{"ExposedPorts":{"1/tcp":{}},"Env":["A=b"],"Cmd":["sh",""],"Labels":{"l":""}},"rootfs":{"type":"layers","diff_ids":[]},"history":[{}]}"#
        );
    }

    /// The JSON pointers of all values in a document, including the document itself.
    fn pointers(value: &Value, own: String, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    pointers(member, format!("{own}/{name}"), found);
                }
            }
            Value::Array(entries) => {
                for (at, entry) in entries.iter().enumerate() {
                    pointers(entry, format!("{own}/{at}"), found);
                }
            }
            _ => {}
        }
        found.push(own);
    }

    #[test]
    fn platforms_of_the_same_architecture_keep_their_variant() {
        let config = |json: &str| ImageConfig::parse(json.as_bytes()).unwrap();
        let amd64 = Platform::new("linux", "amd64", "").unwrap();
        let mut same = config(r#"{"os":"linux","architecture":"amd64","variant":"v3"}"#);
        same.set_platform(&amd64);
        assert_eq!((same.architecture.as_str(), same.variant.as_str()), ("amd64", "v3"));
        let mut other = config(r#"{"os":"linux","architecture":"arm","variant":"v7"}"#);
        other.set_platform(&amd64);
        assert_eq!((other.architecture.as_str(), other.variant.as_str()), ("amd64", ""));
        let mut own = config(r#"{"os":"linux","architecture":"aarch64","variant":"v8"}"#);
        assert!(own.normalize_platform());
        assert_eq!((own.architecture.as_str(), own.variant.as_str()), ("arm64", ""));
        assert!(!config("{}").normalize_platform());
    }
}
