//! Options whose values are JSON. Go writes an empty list or map as `null`, so every member may be absent.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use buildkit_llb::Platform;
use serde::Deserialize;

use super::values::{InvalidOption, Options};
use crate::{CacheImport, keys};

#[derive(Deserialize)]
struct WorkerJson {
    platforms: Option<Vec<PlatformJson>>,
}

#[derive(Deserialize)]
struct PlatformJson {
    architecture: String,
    os: String,
    variant: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CacheImportJson {
    r#type: String,
    attrs: Option<BTreeMap<String, Option<String>>>,
}

/// The platforms of the first worker in `BUILDKIT_WORKERS`.
pub(super) fn worker_platforms(workers: &str) -> Result<Vec<Platform>, InvalidOption> {
    if workers.is_empty() {
        return Ok(Vec::new());
    }
    let workers: Option<Vec<WorkerJson>> =
        serde_json::from_str(workers).map_err(|err| InvalidOption::new("BUILDKIT_WORKERS", err))?;
    let first = workers.into_iter().flatten().next();
    let platforms = first.and_then(|worker| worker.platforms).unwrap_or_default();
    platforms.into_iter().map(platform).collect()
}

fn platform(
    PlatformJson { architecture, os, variant }: PlatformJson,
) -> Result<Platform, InvalidOption> {
    let variant = variant.unwrap_or_default();
    Platform::new(&os, &architecture, &variant)
        .map_err(|err| InvalidOption::new("BUILDKIT_WORKERS", err))
}

/// The newer option is a JSON list; the older one is a list of references, separated by commas.
pub(super) fn cache_imports(options: &Options) -> Result<Vec<CacheImport>, InvalidOption> {
    let mut imports = Vec::new();
    if let Some(json) = options.non_empty("cache-imports") {
        let list: Option<Vec<CacheImportJson>> =
            serde_json::from_str(json).map_err(|err| InvalidOption::new("cache-imports", err))?;
        imports.extend(list.into_iter().flatten().map(CacheImport::from));
    }
    let references = options.get("cache-from").unwrap_or_default();
    for reference in references.split(',').filter(|reference| !reference.is_empty()) {
        let attrs = BTreeMap::from([("ref".to_owned(), reference.to_owned())]);
        let import = CacheImport::new("registry", attrs);
        if !imports.contains(&import) {
            imports.push(import);
        }
    }
    Ok(imports)
}

impl From<CacheImportJson> for CacheImport {
    fn from(CacheImportJson { r#type, attrs }: CacheImportJson) -> Self {
        let mut import = Self { kind: r#type, attrs: BTreeMap::new() };
        for (name, value) in attrs.unwrap_or_default() {
            import.attrs.insert(name, value.unwrap_or_default());
        }
        import
    }
}

/// The metadata of each input has values in base64.
pub(super) fn input_configs(options: &Options) -> Result<BTreeMap<String, Vec<u8>>, InvalidOption> {
    let mut configs = BTreeMap::new();
    for (input, json) in options.with_prefix("input-metadata:") {
        let problem =
            |err: &dyn fmt::Display| InvalidOption::new(format!("input-metadata:{input}"), err);
        let metadata: Option<BTreeMap<String, Option<String>>> =
            serde_json::from_str(&json).map_err(|err| problem(&err))?;
        let config = metadata.unwrap_or_default().remove(keys::IMAGE_CONFIG).flatten();
        if let Some(config) = config {
            let config = BASE64_STANDARD.decode(config).map_err(|err| problem(&err))?;
            configs.insert(input, config);
        }
    }
    Ok(configs)
}
