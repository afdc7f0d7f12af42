//! `--image NAME=CONFIG.json`: the configs of images, instead of a look-up.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::disk::read_bounded;
use super::options::pairs;
use super::output::Failure;
use crate::plan::{ImageConfig, ImageFact, ImageQuery};
use crate::reference::Reference;

/// The configs of images, by reference, and for each the platforms.
#[derive(Debug, Default)]
pub(super) struct Images(BTreeMap<String, Vec<Value>>);

impl Images {
    /// Reads the files of `--image` options.
    pub(super) fn read(options: &[String]) -> Result<Self, Failure> {
        let mut images: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (name, path) in pairs("--image", "NAME=CONFIG.json", options)? {
            let problem =
                |problem: String| Failure::new(format!("--image {name}={path}: {problem}"));
            let reference = Reference::parse(name).map_err(|err| problem(err.to_string()))?;
            let bytes =
                read_bounded(Path::new(path)).map_err(|err| err.of_file(Path::new(path)))?;
            let json: Value = serde_json::from_slice(&bytes)
                .map_err(|err| problem(format!("not JSON: {err}")))?;
            let configs = configs(json);
            for config in &configs {
                let text = config.to_string();
                ImageConfig::parse(text.as_bytes()).map_err(|err| problem(err.to_string()))?;
            }
            if configs.is_empty() {
                return Err(problem("expected the config of an image".to_owned()));
            }
            images.entry(reference.to_string()).or_default().extend(configs);
        }
        Ok(Self(images))
    }

    /// The fact about an image: its config for the platform, else any.
    pub(super) fn fact(&self, query: &ImageQuery) -> Option<ImageFact> {
        let name = query.reference.to_string();
        let configs =
            self.0.get(&name).or_else(|| self.0.get(query.reference.without_digest().as_str()))?;
        let fitting = configs.iter().find(|config| {
            config["architecture"] == query.platform.architecture()
                && config["os"] == query.platform.os()
        });
        let config = fitting.or(configs.first())?;
        let config = config.to_string().into_bytes();
        let triggers = match ImageConfig::parse(&config) {
            Ok(parsed) if query.is_base => parsed.config.on_build,
            _ => Vec::new(),
        };
        let digest = query.reference.digest().map(str::to_owned);
        Some(ImageFact { digest, config, triggers, ..ImageFact::default() })
    }
}

/// The configs in a document: one as in a registry, one for each platform (`docker buildx
/// imagetools inspect`), or what the daemon says (`docker image inspect`).
fn configs(json: Value) -> Vec<Value> {
    match json {
        Value::Array(images) => images.into_iter().map(inspected).collect(),
        Value::Object(map) if map.contains_key("Architecture") => vec![inspected(map.into())],
        Value::Object(map) if map.contains_key("architecture") || map.contains_key("config") => {
            vec![map.into()]
        }
        Value::Object(map) => {
            let platforms = map.into_iter().filter(|(name, _)| name.contains('/'));
            platforms.flat_map(|(_, config)| configs(config)).collect()
        }
        _ => Vec::new(),
    }
}

/// The config of an image as the daemon says it.
fn inspected(image: Value) -> Value {
    json!({
        "architecture": image["Architecture"],
        "os": image["Os"],
        "variant": image["Variant"].as_str().unwrap_or_default(),
        "config": image["Config"],
        "rootfs": { "type": "layers", "diff_ids": image["RootFS"]["Layers"] },
    })
}
