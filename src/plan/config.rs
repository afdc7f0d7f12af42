//! The config of an image, as registries keep it (the OCI image spec with Docker's additions).

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::Platform;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::environment::Environment;

/// What a registry keeps of an image besides its layers. Members that are not known here pass
/// through unchanged.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ImageConfig {
    /// `amd64`, `arm64`...
    #[serde(default)]
    pub architecture: String,
    /// `linux`, `windows`...
    #[serde(default)]
    pub os: String,
    /// `v7`...
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// The version of the operating system, for Windows.
    #[serde(default, rename = "os.version", skip_serializing_if = "String::is_empty")]
    pub os_version: String,
    /// How a container is run.
    #[serde(default)]
    pub config: ContainerConfig,
    /// The digests of the layers. BuildKit writes it anew when it exports.
    #[serde(default)]
    pub rootfs: RootFs,
    /// What each layer was made by.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub history: Vec<History>,
    /// When the image was made: left out, so that BuildKit fills it in.
    #[serde(default, skip_serializing)]
    pub created: Value,
    /// Everything else.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

/// How a container is run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerConfig {
    /// The user, with a group or without.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The ports that the program listens on.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub exposed_ports: BTreeMap<String, Empty>,
    /// The environment, as `NAME=value`.
    #[serde(default, deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Directories that outlive containers.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub volumes: BTreeMap<String, Empty>,
    /// The signal that stops a container.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// How a container is found to be well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<HealthcheckConfig>,
    /// The program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// The program's arguments, or the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    /// The working directory.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// Labels.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub labels: BTreeMap<String, String>,
    /// Instructions for Dockerfiles built from this image.
    #[serde(default, deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub on_build: Vec<String>,
    /// What runs the string forms of commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<Vec<String>>,
    /// Whether `cmd` is ready for Windows; Docker sets it with every `CMD`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub args_escaped: bool,
    /// Everything else.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

/// How a container is found to be well. Times are nanoseconds; 0 is Docker's default.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HealthcheckConfig {
    /// `CMD` and a program, `CMD-SHELL` and a text, or `NONE`.
    #[serde(default, deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<String>,
    /// Between two runs.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub interval: i64,
    /// For a run.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub timeout: i64,
    /// In which a container may be unwell.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start_period: i64,
    /// Between two runs in the start period.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start_interval: i64,
    /// How many failures in a row make a container unwell.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u32,
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
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The digests of the uncompressed layers, the base first.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub diff_ids: Vec<String>,
}

impl Default for RootFs {
    fn default() -> Self {
        Self { kind: "layers".to_owned(), diff_ids: Vec::new() }
    }
}

/// What one layer, or a change of the config, was made by.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct History {
    /// The command.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub created_by: String,
    /// Which tool made it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Whether there is no layer for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
    /// Everything else, the time of a base image's entries included.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

impl ImageConfig {
    /// Reads a config as a registry keeps it.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// Writes it as BuildKit takes it in a result.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self)
            .expect("a config has string keys only, and no value that JSON cannot say")
    }

    /// Sets what the image runs on.
    pub fn set_platform(&mut self, platform: &Platform) {
        self.os = platform.os().to_owned();
        self.architecture = platform.architecture().to_owned();
        self.variant = platform.variant().to_owned();
        self.os_version = platform.os_version().to_owned();
    }

    /// How many layers it has. What a Dockerfile makes has no digests yet, but a history.
    pub fn layers(&self) -> usize {
        let told = self.history.iter().filter(|entry| !entry.empty_layer).count();
        told.max(self.rootfs.diff_ids.len())
    }

    /// Whether the image has a file system at all.
    pub fn has_layers(&self) -> bool {
        !self.rootfs.diff_ids.is_empty() || self.history.iter().any(|entry| !entry.empty_layer)
    }
}

impl ContainerConfig {
    /// That of an image with nothing in it.
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

    /// The same with the time at which it was made, where that is known.
    pub(super) fn at(mut self, created: Option<&str>) -> Self {
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

/// The names of the ports of a set, for a history entry.
pub(super) fn port_names(ports: &BTreeSet<String>) -> String {
    ports.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// Go writes an empty list or map as `null`.
fn null_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
