//! The parts of an image that are compared: its files and its config.

#![expect(clippy::disallowed_methods, reason = "an image is in files")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::harness::{Files, engine};

/// The compared parts of an image.
pub(super) struct Made {
    /// Parts of the config as text, and other compared properties that are not files.
    pub(super) config: BTreeMap<String, String>,
    /// The texts of its history, if it can be read.
    pub(super) history: Vec<String>,
    pub(super) files: Arc<Files>,
}

/// The image store of the engine, which determines how the config of a build is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    /// One build can have several outputs, including OCI layouts.
    Containerd,
    /// Docker's older store.
    Docker,
}

impl Store {
    pub(super) fn of_engine() -> Self {
        let status = engine().docker(["info", "--format", "{{json .DriverStatus}}"]).run().text();
        if status.contains("io.containerd.snapshotter") { Store::Containerd } else { Store::Docker }
    }
}

impl Made {
    /// Everything by name: `config NAME` and `/path`.
    pub(super) fn lines(&self) -> BTreeMap<String, String> {
        let config =
            self.config.iter().map(|(name, text)| (format!("config {name}"), text.clone()));
        let files = self.files.iter().map(|(path, entry)| (format!("/{path}"), entry.to_string()));
        config.chain(files).collect()
    }

    pub(super) fn text(&self) -> String {
        self.lines().iter().map(|(name, text)| format!("{name}: {text}\n")).collect()
    }
}

/// A name, and its values on both sides.
pub(super) type Differing = (String, String, String);

/// The differences between two images, including files with different content.
pub(super) fn all_differences(by_dockerfile: &Made, by_spec: &Made) -> Vec<Differing> {
    let mut differing = differences(&by_dockerfile.lines(), &by_spec.lines());
    // A line contains only the beginning of the content.
    let contents: BTreeMap<&str, &[u8]> =
        by_dockerfile.files.iter().map(|(path, entry)| (path, &*entry.content)).collect();
    for (path, entry) in by_spec.files.iter() {
        let name = format!("/{path}");
        let is_same = contents.get(path).is_none_or(|content| *content == entry.content);
        if !is_same && !differing.iter().any(|(differing, ..)| *differing == name) {
            differing.push((name, entry.to_string(), "other content".to_owned()));
        }
    }
    differing
}

pub(super) fn differences(
    one: &BTreeMap<String, String>,
    other: &BTreeMap<String, String>,
) -> Vec<Differing> {
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let text = |side: Option<&String>| side.cloned().unwrap_or_else(|| "nothing".to_owned());
    names
        .into_iter()
        .filter(|&name| one.get(name) != other.get(name))
        .map(|name| (name.clone(), text(one.get(name)), text(other.get(name))))
        .collect()
}

/// The config in an OCI layout, and whether its history matches its layers; its date if one was
/// requested.
pub(super) fn config_of_layout(
    archive: &Path,
    is_dated: bool,
) -> (BTreeMap<String, String>, Vec<String>) {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(fs::File::open(archive).unwrap()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        // Layers are larger than their descriptions.
        if entry.size() < 1 << 20 {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            files.insert(path, content);
        }
    }
    let json = |path: &str| -> Value { serde_json::from_slice(&files[path]).unwrap() };
    let blob = |descriptor: &Value| {
        json(&format!("blobs/{}", descriptor["digest"].as_str().unwrap().replace(':', "/")))
    };
    let mut manifest = blob(&json("index.json")["manifests"][0]);
    if manifest["manifests"].is_array() {
        manifest = blob(&manifest["manifests"][0]);
    }
    let mut image = blob(&manifest["config"]);

    let mut config = BTreeMap::new();
    let entries = image["history"].as_array().into_iter().flatten();
    let mut history: Vec<String> =
        entries.map(|entry| format!("{} {}", entry["created_by"], entry["comment"])).collect();
    // Docker 28 writes a healthcheck's numbers as characters.
    history.retain(|entry| !entry.starts_with("\"HEALTHCHECK "));
    let layers = image["rootfs"]["diff_ids"].as_array().map_or(0, Vec::len);
    let told = image["history"].as_array().map_or(0, |history| {
        history.iter().filter(|entry| entry["empty_layer"] != Value::Bool(true)).count()
    });
    if layers != told {
        config.insert("history".to_owned(), format!("{layers} layers, {told} in the history"));
    }
    add(&mut config, "annotations", &manifest["annotations"]);
    for member in ["history", "rootfs"] {
        image[member] = Value::Null;
    }
    if !is_dated {
        image["created"] = Value::Null;
    }
    for (name, value) in image["config"].take().as_object_mut().unwrap() {
        add(&mut config, name, value);
    }
    for (name, value) in image.as_object().unwrap() {
        add(&mut config, name, value);
    }
    (config, history)
}

/// The config in the output of `docker image inspect`.
pub(super) fn config_of_image(told: &Value) -> BTreeMap<String, String> {
    const MEMBERS: [&str; 13] = [
        "ArgsEscaped",
        "Cmd",
        "Entrypoint",
        "Env",
        "ExposedPorts",
        "Healthcheck",
        "Labels",
        "OnBuild",
        "Shell",
        "StopSignal",
        "User",
        "Volumes",
        "WorkingDir",
    ];
    let mut config = BTreeMap::new();
    for member in ["Architecture", "Author", "Os"] {
        add(&mut config, &member.to_lowercase(), &told[member]);
    }
    for member in MEMBERS {
        add(&mut config, member, &told["Config"][member]);
    }
    config
}

/// Adds a part of a config, unless it is empty. The order of `Env` has no meaning.
fn add(config: &mut BTreeMap<String, String>, name: &str, value: &Value) {
    let mut value = value.clone();
    if let ("Env", Value::Array(variables)) = (name, &mut value) {
        variables.sort_by_key(ToString::to_string);
    }
    let is_empty = match &value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    };
    if !is_empty {
        config.insert(name.to_owned(), value.to_string());
    }
}
