//! A Dockerfile and the equivalent spec give the same image.
//!
//! Each folder of `tests/parity` is a case: both files, and their context. The engine's own
//! frontend builds the Dockerfile and mstage the spec; then their files and their configs are
//! compared. `MSTAGE_PARITY=NAME,NAME cargo engine parity` runs only some. The keys of a
//! `case.toml` are in [`Settings`].
//! [`random`] generates further Dockerfiles.

#![expect(clippy::disallowed_methods, reason = "cases are files")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::harness::{
    Build, Command, FRONTEND, Failure, Files, Image, ROOT, Server, build, build_by_plugin, engine,
    inspect,
};

mod converted;
mod made;
mod mapping;
mod random;
mod settings;
mod verdict;

pub(crate) use self::converted::convert_with;
use self::made::{
    Differing, Made, Store, all_differences, config_of_image, config_of_layout, differences,
};
use self::settings::{Fails, Settings};
use self::verdict::{Verdict, judge, refusal, report, said};

/// Number of cases that are built concurrently.
const WORKERS: usize = 4;

/// A case, copied to a folder that can also contain its generated files.
struct Case {
    name: String,
    /// The folder in the repository.
    home: PathBuf,
    /// The copy.
    folder: PathBuf,
    settings: Settings,
    /// The files of its images, by the digests of their layers.
    trees: Mutex<BTreeMap<String, Arc<Files>>>,
}

/// The options and the context of both builds.
#[derive(Clone)]
struct Request {
    options: Vec<String>,
    context: Option<String>,
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn specs_give_what_their_dockerfiles_give() {
    let (text, different) = run_all(Case::verdict);
    println!("{text}");
    assert!(different == 0, "\n{text}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn dockerfiles_are_built_as_they_are_and_converted() {
    let (text, different) = run_all(Case::direct_verdict);
    println!("{text}");
    assert!(different == 0, "\n{text}");
}

/// Runs all cases, or the requested ones. Returns a report of those that are not equal, and the
/// number that differ.
fn run_all(verdict: fn(&Case, Store, &Server) -> Verdict) -> (String, u32) {
    let root = TempDir::new().unwrap();
    let only = std::env::var("MSTAGE_PARITY").ok().filter(|name| !name.is_empty());
    let mut cases: Vec<Case> =
        case_names().into_iter().map(|name| Case::new(name, root.path())).collect();
    cases.retain(|case| {
        only.as_ref().is_none_or(|only| only.split(',').any(|name| case.name == name))
    });
    assert!(only.is_some() || cases.len() >= 100, "there are only {} cases", cases.len());
    assert!(!cases.is_empty(), "there is no such case");
    let images = cases.iter().flat_map(|case| &case.settings.images).map(String::as_str);
    engine().provide(&images.chain(["alpine:3.20"]).collect::<Vec<_>>()).unwrap();

    let server = Server::start(root.path().to_owned());
    let store = Store::of_engine();
    report(&verdicts(&cases, |case| verdict(case, store, &server)))
}

/// Tries several cases at once.
fn verdicts(
    cases: &[Case],
    verdict: impl Fn(&Case) -> Verdict + Sync,
) -> BTreeMap<&String, Verdict> {
    let waiting = Mutex::new(cases.iter());
    let verdicts = Mutex::new(BTreeMap::new());
    let take = || waiting.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(case) = take() {
                    let verdict = verdict(case);
                    verdicts.lock().unwrap().insert(&case.name, verdict);
                }
            });
        }
    });
    verdicts.into_inner().unwrap()
}

fn case_names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(Path::new(ROOT).join("tests/parity"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

impl Case {
    fn new(name: String, root: &Path) -> Self {
        let home = Path::new(ROOT).join("tests/parity").join(&name);
        let settings = Settings::of(&name);
        let folder = root.join(&name);
        Self { name, home, folder, settings, trees: Mutex::default() }
    }

    fn verdict(&self, store: Store, server: &Server) -> Verdict {
        if engine().major_version < self.settings.engine {
            return Verdict::NotCompared("the engine cannot do it");
        }
        let verdict = self.check(store, server).unwrap_or_else(Verdict::Different);
        match (&self.settings.missing, verdict) {
            (Some(_), Verdict::Same) => {
                Verdict::Different("  it is the same: `missing` is out of date".to_owned())
            }
            (Some(missing), Verdict::Different(_)) => Verdict::Missing(missing.clone()),
            (_, verdict) => verdict,
        }
    }

    fn check(&self, store: Store, server: &Server) -> Result<Verdict, String> {
        self.prepare()?;
        let base = self.base()?;
        let request = self.request(server, base.as_ref());
        if let Some(fails) = &self.settings.fails {
            return self.check_failure(fails, &request);
        }
        let by_spec = match self.make("mstage.toml", store, &request) {
            Ok(made) => made,
            Err(failure) => {
                return refusal(&failure)
                    .ok_or_else(|| format!("  the spec is not built:\n{failure}"));
            }
        };
        if self.settings.too_new.is_some() {
            return self.check_expected(&by_spec, store, &request);
        }
        if engine().major_version < self.settings.since {
            return Ok(Verdict::NotCompared(
                "built, but its own frontend cannot build the Dockerfile",
            ));
        }
        Ok(self.compare(&*self.by_engine(store, &request)?, &by_spec))
    }

    /// The image that the engine's own frontend builds from the Dockerfile. Unless the case
    /// generates files, it is built only once for all comparisons.
    fn by_engine(&self, store: Store, request: &Request) -> Result<Arc<Made>, String> {
        static KNOWN: Mutex<BTreeMap<String, Arc<Made>>> = Mutex::new(BTreeMap::new());
        let generates = |file: &str| self.home.join(file).exists();
        let is_generated = self.settings.options.iter().any(|option| option.contains('{'))
            || self.settings.context.is_some()
            || generates("prepare.sh")
            || generates("base.Dockerfile");
        let known = KNOWN.lock().unwrap().get(&self.name).map(Arc::clone);
        if let Some(made) = known.filter(|_| !is_generated) {
            return Ok(made);
        }
        let made = self
            .make("Dockerfile", store, request)
            .map_err(|failure| format!("  the Dockerfile is not built:\n{failure}"))?;
        let made = Arc::new(made);
        KNOWN.lock().unwrap().insert(self.name.clone(), Arc::clone(&made));
        Ok(made)
    }

    /// Compares the Dockerfile, built directly by mstage, with the file that it is converted to:
    /// the images must be equal, even where a spec may differ.
    fn direct_verdict(&self, store: Store, server: &Server) -> Verdict {
        if engine().major_version < self.settings.engine {
            return Verdict::NotCompared("the engine cannot do it");
        }
        match (&self.settings.direct, self.check_direct(store, server)) {
            (Some(_), Ok(Verdict::Same)) if engine().major_version >= 28 => {
                Verdict::Different("  it is the same: `direct` is out of date".to_owned())
            }
            (Some(missing), Ok(Verdict::Different(_)) | Err(_)) => {
                Verdict::Missing(missing.clone())
            }
            (_, verdict) => verdict.unwrap_or_else(Verdict::Different),
        }
    }

    fn check_direct(&self, store: Store, server: &Server) -> Result<Verdict, String> {
        self.prepare()?;
        let base = self.base()?;
        let request = self.request(server, base.as_ref());
        let mut direct = request.clone();
        direct.options.push(format!("--build-arg=BUILDKIT_SYNTAX={FRONTEND}"));
        if let Some(fails) = &self.settings.fails {
            return match self.build("Dockerfile", &direct, &["--output=type=cacheonly"]) {
                Ok(_) => Err("  the Dockerfile is built by mstage".to_owned()),
                Err(failure) if said(&failure).contains(&fails.dockerfile) => Ok(Verdict::Same),
                Err(failure) => refusal(&failure).ok_or_else(|| {
                    let part = &fails.dockerfile;
                    format!("  mstage does not fail with `{part}`:\n{failure}")
                }),
            };
        }
        let by_mstage = match self.make("Dockerfile", store, &direct) {
            Ok(made) => made,
            Err(failure) => {
                return refusal(&failure)
                    .ok_or_else(|| format!("  mstage does not build the Dockerfile:\n{failure}"));
            }
        };
        match (&self.settings.converted, self.check_converted(&by_mstage, store, &direct)) {
            (Some(_), Ok(())) if engine().major_version >= 28 => {
                return Err("  it is the same: `converted` is out of date".to_owned());
            }
            (None, Err(how)) => return Err(how),
            (_, _) => {}
        }
        if self.settings.too_new.is_some() {
            return self.check_expected(&by_mstage, store, &request);
        }
        if engine().major_version < self.settings.since {
            return Ok(Verdict::NotCompared(
                "built, but its own frontend cannot build the Dockerfile",
            ));
        }
        let by_dockerfile = self.by_engine(store, &request)?;
        let mut differing = all_differences(&by_dockerfile, &by_mstage);
        if by_dockerfile.history != by_mstage.history {
            let text = |made: &Made| made.history.join("; ");
            differing.push(("history".to_owned(), text(&by_dockerfile), text(&by_mstage)));
        }
        Ok(judge(&differing, &[]))
    }

    /// Copies the folder, with modes that do not depend on the umask, and adds the generated files.
    fn prepare(&self) -> Result<(), String> {
        copy(&self.home, &self.folder).map_err(|err| format!("  it cannot be copied: {err}"))?;
        let spec = self.folder.join("mstage.toml");
        let text = fs::read_to_string(&spec).map_err(|err| format!("  mstage.toml: {err}"))?;
        let rest = text
            .strip_prefix("# syntax=myorg/mstage\n")
            .ok_or("  mstage.toml does not begin with `# syntax=myorg/mstage`")?;
        fs::write(&spec, format!("# syntax={FRONTEND}\n{rest}")).unwrap();
        if self.folder.join("prepare.sh").exists() {
            Command::new("sh")
                .args(["-eu", "prepare.sh"])
                .directory(&self.folder)
                .attempt()
                .map_err(|report| format!("  prepare.sh: {report}"))?;
            fs::remove_file(self.folder.join("prepare.sh")).unwrap();
        }
        for file in ["case.toml", "expected.txt"] {
            // Most cases have neither.
            let _ = fs::remove_file(self.folder.join(file));
        }
        Ok(())
    }

    /// The image of `base.Dockerfile`, if there is one.
    fn base(&self) -> Result<Option<Image>, String> {
        let file = self.folder.join("base.Dockerfile");
        if !file.exists() {
            return Ok(None);
        }
        let image = Image::unique();
        let options = self.settings.base_options.iter().map(String::as_str);
        let options: Vec<&str> =
            ["--load", "-t", image.name()].into_iter().chain(options).collect();
        build(&file, &self.folder, &options)
            .map_err(|failure| format!("  base.Dockerfile is not built:\n{failure}"))?;
        Ok(Some(image))
    }

    /// The options and the context of both builds.
    fn request(&self, server: &Server, base: Option<&Image>) -> Request {
        let fill = |text: &String| {
            let mut text = text
                .replace("{server}", &server.url(&self.name))
                .replace("{host}", &server.host())
                .replace("{folder}", &self.folder.to_string_lossy())
                .replace("{base}", base.map_or("", Image::name))
                .replace("{long}", &"long ".repeat(20_000));
            if text.contains("{alpine}") {
                let digest = inspect("alpine:3.20")["Id"].as_str().unwrap().to_owned();
                text = text.replace("{alpine}", &digest);
            }
            text
        };
        Request {
            options: self.settings.options.iter().map(fill).collect(),
            context: self.settings.context.as_ref().map(fill),
        }
    }

    fn build(&self, file: &str, request: &Request, outputs: &[&str]) -> Result<Build, Failure> {
        let options: Vec<&str> =
            request.options.iter().map(String::as_str).chain(outputs.iter().copied()).collect();
        match &request.context {
            Some(context) => build_by_plugin(Path::new(file), Path::new(context), &options),
            None => build_by_plugin(&self.folder.join(file), &self.folder, &options),
        }
    }

    fn make(&self, file: &str, store: Store, request: &Request) -> Result<Made, Failure> {
        let directory = TempDir::new().unwrap();
        let (tree, layout) = (directory.path().join("files.tar"), directory.path().join("oci.tar"));
        let to_tree = format!("--output=type=tar,dest={}", tree.display());
        match store {
            Store::Containerd => {
                let to_layout = format!("--output=type=oci,dest={}", layout.display());
                self.build(file, request, &["--provenance=false", &to_tree, &to_layout])?;
                let is_dated =
                    request.options.iter().any(|option| option.contains("SOURCE_DATE_EPOCH"));
                let (config, history) = config_of_layout(&layout, is_dated);
                Ok(Made { config, history, files: Arc::new(Files::read(&tree).unwrap()) })
            }
            Store::Docker => {
                let image = Image::unique();
                self.build(file, request, &["--load", "-t", image.name()])?;
                let told = image.inspect();
                let layers = told["RootFS"]["Layers"].to_string();
                let known = self.trees.lock().unwrap().get(&layers).map(Arc::clone);
                let files = match known {
                    Some(files) => files,
                    // This store has one output for each build.
                    None => {
                        self.build(file, request, &[&to_tree])?;
                        Arc::new(Files::read(&tree).unwrap())
                    }
                };
                self.trees.lock().unwrap().insert(layers, Arc::clone(&files));
                Ok(Made { config: config_of_image(&told), history: Vec::new(), files })
            }
        }
    }

    fn check_failure(&self, fails: &Fails, request: &Request) -> Result<Verdict, String> {
        let syntax = newer_frontend().map(|image| format!("--build-arg=BUILDKIT_SYNTAX={image}"));
        for (file, part) in [("Dockerfile", &fails.dockerfile), ("mstage.toml", &fails.mstage)] {
            let mut more = vec!["--output=type=cacheonly"];
            if file == "Dockerfile" {
                if engine().major_version < self.settings.since {
                    continue;
                }
                if self.settings.too_new.is_some() {
                    let Some(syntax) = &syntax else { continue };
                    more.push(syntax);
                }
            }
            match self.build(file, request, &more) {
                Ok(_) => return Err(format!("  {file} is built")),
                Err(failure) if !said(&failure).contains(part.as_str()) => {
                    if let Some(refused) = refusal(&failure) {
                        return Ok(refused);
                    }
                    return Err(format!("  {file} does not fail with `{part}`:\n{failure}"));
                }
                Err(_) => {}
            }
        }
        Ok(Verdict::Same)
    }

    fn compare(&self, by_dockerfile: &Made, by_spec: &Made) -> Verdict {
        self.judge(&all_differences(by_dockerfile, by_spec))
    }

    fn judge(&self, differences: &[Differing]) -> Verdict {
        judge(differences, &self.settings.differences)
    }

    /// Compares with the image that a newer frontend than the engine's own made of the Dockerfile,
    /// or makes now.
    fn check_expected(
        &self,
        by_spec: &Made,
        store: Store,
        request: &Request,
    ) -> Result<Verdict, String> {
        let file = self.home.join("expected.txt");
        if let Some(frontend) = newer_frontend() {
            let mut request = request.clone();
            request.options.push(format!("--build-arg=BUILDKIT_SYNTAX={frontend}"));
            let made = self
                .make("Dockerfile", store, &request)
                .map_err(|failure| format!("  the Dockerfile is not built:\n{failure}"))?;
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                fs::write(&file, made.text()).unwrap();
            }
            return Ok(self.compare(&made, by_spec));
        }
        let expected = fs::read_to_string(&file).map_err(|err| format!("  expected.txt: {err}"))?;
        let lines = |text: &str| -> BTreeMap<String, String> {
            // Without the OCI layout, the config has another format.
            let seen = |line: &&str| store == Store::Containerd || line.starts_with('/');
            let pair =
                |line: &str| line.split_once(": ").map(|(a, b)| (a.to_owned(), b.to_owned()));
            text.lines().filter(seen).filter_map(pair).collect()
        };
        Ok(self.judge(&differences(&lines(&expected), &lines(&by_spec.text()))))
    }
}

/// The image of an official frontend that is newer than the engine's own.
fn newer_frontend() -> Option<String> {
    std::env::var("MSTAGE_DOCKERFILE_FRONTEND").ok().filter(|image| !image.is_empty())
}

/// Copies a folder: links as links, files as 0644 or 0755.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let kind = from.symlink_metadata()?;
    if kind.is_symlink() {
        std::os::unix::fs::symlink(from.read_link()?, to)
    } else if kind.is_dir() {
        fs::create_dir(to)?;
        fs::set_permissions(to, fs::Permissions::from_mode(0o755))?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        Ok(())
    } else {
        fs::copy(from, to)?;
        let mode = if kind.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 };
        fs::set_permissions(to, fs::Permissions::from_mode(mode))
    }
}
