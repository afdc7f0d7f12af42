//! Lock files on the shared engine: their entries for downloads, repositories and images of a
//! registry or of the engine's own store, and builds that use them.

#![expect(clippy::disallowed_methods, reason = "what is served is files")]

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::harness::{Command, FRONTEND, Image, Project, Registry, Server, engine, succeeded};

/// A repository with a branch and an annotated tag, for a web server. The branch then moves on.
fn repository(folder: &Path) {
    let script = r#"
        export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
        git init -q -b master work
        git -C work config user.name test
        git -C work config user.email test@example.com
        for version in 1 2; do
            echo $version > work/version
            git -C work add version
            git -C work commit -q -m "version $version"
            git -C work tag -a -m "version $version" v$version
        done
        git clone -q --bare work repo.git
        git -C repo.git update-server-info
    "#;
    Command::new("sh").args(["-euc", script]).directory(folder).run();
}

fn commit(folder: &Path, reference: &str) -> String {
    let reference = format!("{reference}^{{commit}}");
    let found =
        Command::new("git").args(["-C", "work", "rev-parse", &reference]).directory(folder).run();
    found.text().trim().to_owned()
}

fn checksum(content: &[u8]) -> String {
    let hex: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// Writes the lock file into the project.
#[track_caller]
fn write_lock(project: &Project, options: &[&str]) -> String {
    let output = format!("--output={}", project.path().display());
    let options = [&["--target=mstage.lock", &output], options].concat();
    succeeded(project.try_build_on(engine(), &options));
    String::from_utf8(project.read("mstage.lock")).unwrap()
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn downloads_and_repositories() {
    let web = tempfile::tempdir().unwrap();
    repository(web.path());
    // More than fits into one message.
    let large: Vec<u8> = (0..20_u32 << 20).map(|at| (at >> 7) as u8).collect();
    fs::write(web.path().join("large"), &large).unwrap();
    fs::write(web.path().join("small"), "first").unwrap();
    let server = Server::start(web.path().to_owned());
    let spec = r#"
default = "app"
args = { NAME = { default = "small", values = ["small", "large"] } }
[sources.lib]
git = "URL/repo.git"
ref = "refs/heads/master"
[stages.app]
from = "scratch"
steps = [
  { git = "URL/repo.git", ref = "master", to = "/branch/" },
  { git = "URL/repo.git", to = "/default/" },
  { git = "URL/repo.git", ref = "v1", to = "/v1/" },
  { fetch = "URL/${NAME}", to = "/" },
  { copy = "version", from = "lib", to = "/source/" },
]
"#;
    let project = Project::new(&spec.replace("URL", server.url("").trim_end_matches('/')));
    let lock = write_lock(&project, &[]);
    let url = server.url("");
    // The oldest engine does not resolve annotated tags.
    let tells_tags = engine().major_version > 20;
    let mut pins = vec![
        ("repo.git", commit(web.path(), "master")),
        ("repo.git#master", commit(web.path(), "master")),
        ("repo.git#refs/heads/master", commit(web.path(), "master")),
        ("small", checksum(b"first")),
        ("large", checksum(&large)),
    ];
    pins.extend(tells_tags.then(|| ("repo.git#v1", commit(web.path(), "v1"))));
    for (key, pin) in pins {
        let line = format!("\"{url}{key}\" = \"{pin}\"\n");
        assert!(lock.contains(&line), "no {line}in\n{lock}");
    }
    assert_eq!(lock.contains("repo.git#v1\" is not pinned"), !tells_tags, "{lock}");
    // One file for any number of platforms. Older image stores support only one.
    let several = ["--platform=linux/amd64,linux/arm64"];
    let platforms = if engine().has_containerd_store() { &several[..] } else { &[] };
    assert_eq!(write_lock(&project, platforms), lock);

    // The current version has no effect.
    let script = "echo 3 > work/version; git -C work -c user.name=t -c user.email=t@example.com \
                  commit -q -a -m 3; git -C repo.git fetch -q ../work master:master; \
                  git -C repo.git update-server-info";
    Command::new("sh").args(["-euc", script]).directory(web.path()).run();
    let locked = format!("MSTAGE_LOCKED={tells_tags}");
    let files = project.files(&["--build-arg", &locked]);
    assert_eq!(files["branch/version"].text(), "2\n");
    assert_eq!(files["default/version"].text(), "2\n");
    assert_eq!(files["source/version"].text(), "2\n");
    assert_eq!(files["v1/version"].text(), "1\n");
    assert_eq!(files["small"].text(), "first");

    // The repository is not accessed again, so its removal has no effect either.
    if tells_tags {
        fs::remove_dir_all(web.path().join("repo.git")).unwrap();
        fs::remove_file(web.path().join("small")).unwrap();
        let files = project.files(&["--build-arg", &locked]);
        assert_eq!(files["branch/version"].text(), "2\n");
    }

    // A changed file is not accepted for the pinned one.
    fs::write(web.path().join("large"), "changed").unwrap();
    let failure = project.fail(&["--build-arg", "NAME=large"]);
    assert!(failure.message.contains("digest mismatch"), "{failure}");
}

/// A repository with a branch and a tag `v1` of different commits, in the folder `private`. The
/// file `version` contains `content`, followed by the word `branch` or `tag`.
fn ambiguous_repository(folder: &Path, content: &str) {
    let script = r#"
        export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
        git init -q -b main work
        git -C work config user.name test
        git -C work config user.email test@example.com
        for version in tag branch main; do
            echo CONTENT$version > work/version
            git -C work add version
            git -C work commit -q -m $version
            test $version = main || git -C work $version v1
        done
        mkdir private
        git clone -q --bare work private/repo.git
        git -C private/repo.git update-server-info
    "#;
    Command::new("sh").args(["-euc", &script.replace("CONTENT", content)]).directory(folder).run();
}

/// The lock file for references in a repository that needs the token, and the files of these
/// references in a build with the lock file.
fn locked_references(web: &Path, references: &[&str]) -> (Vec<String>, Vec<String>) {
    let server = Server::start(web.to_owned());
    fs::write(web.join("token"), "letmein").unwrap();
    let url = server.url("private/repo.git");
    let (mut sources, mut steps) = (String::new(), String::new());
    for (at, reference) in references.iter().enumerate() {
        sources.push_str(&format!("[sources.s{at}]\ngit = \"{url}\"\nref = \"{reference}\"\n"));
        steps.push_str(&format!("{{ copy = \"version\", from = \"s{at}\", to = \"/s{at}\" }},\n"));
    }
    let project = Project::new(&format!(
        "\n{sources}[stages.app]\nfrom = \"scratch\"\nsteps = [\n{steps}]\n"
    ));
    let secret = format!("--secret=id=GIT_AUTH_TOKEN,src={}", web.join("token").display());
    let lock = write_lock(&project, &[&secret]);
    let pin = |reference: &&str| {
        let start = format!("\"{url}#{reference}\" = \"");
        let line = lock.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("no {start} in:\n{lock}")).trim_end_matches('"').to_owned()
    };
    let pins = references.iter().map(pin).collect();
    let files = project.files(&[&secret, "--build-arg=MSTAGE_LOCKED=1"]);
    let names = (0..references.len()).map(|at| format!("s{at}"));
    (pins, names.map(|name| files[&name].text().to_owned()).collect())
}

/// The lock file pins such a name to the version that the engine itself builds.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_branch_and_a_tag_of_one_name() {
    let web = tempfile::tempdir().unwrap();
    ambiguous_repository(web.path(), "");
    let references = ["refs/heads/v1", "refs/tags/v1"];
    let (pins, files) = locked_references(web.path(), &references);
    assert_eq!(pins, references.map(|reference| commit(web.path(), reference)));
    assert_eq!(files, ["branch\n", "tag\n"]);

    // BuildKit before 0.26 caches the tag's files for the branch's commit: this one has other
    // commits.
    let web = tempfile::tempdir().unwrap();
    ambiguous_repository(web.path(), "either ");
    let (pins, files) = locked_references(web.path(), &["v1"]);
    let expected = references.map(|reference| commit(web.path(), reference));
    let at = expected.iter().position(|commit| *commit == pins[0]).expect("neither");
    assert_eq!(files[0], ["either branch\n", "either tag\n"][at]);
}

/// Secrets give access to repositories and files for sources, steps and a lock file.
#[test]
#[ignore = "needs a BuildKit engine"]
fn private_sources() {
    let web = tempfile::tempdir().unwrap();
    repository(web.path());
    let script = "mkdir private; mv repo.git private; echo secret > private/file; printf letmein > token; \
                  printf 'Basic eC1hY2Nlc3MtdG9rZW46bGV0bWVpbg==' > header; printf 'Bearer letmein' > bearer";
    Command::new("sh").args(["-euc", script]).directory(web.path()).run();
    let server = Server::start(web.path().to_owned());
    let url = server.url("private");
    let git = format!(
        "[sources.lib]\ngit = \"{url}/repo.git\"\nref = \"refs/tags/v1\"\n[stages.app]\nfrom = \"scratch\"\n\
         steps = [{{ copy = \"version\", from = \"lib\", to = \"/source\" }}, {{ git = \"{url}/repo.git\", ref = \"refs/tags/v2\", to = \"/step/\" }}"
    );
    let source = format!("[sources.file]\nhttp = \"{url}/file\"\n");
    let http = format!(
        ", {{ copy = \"file\", from = \"file\", to = \"/source-file\" }}, {{ fetch = \"{url}/file\", to = \"/step-file\" }}"
    );
    // BuildKit supports secrets for files since 0.23.
    let opens_files = engine().major_version > 27;
    let spec = match opens_files {
        true => format!("\n{source}{git}{http}]\n"),
        false => format!("\n{git}]\n"),
    };
    let secret =
        |id: &str, file: &str| format!("--secret=id={id},src={}", web.path().join(file).display());
    let host = server.host();
    for (kind, git, http) in [("TOKEN", "token", "token"), ("HEADER", "header", "bearer")] {
        let project = Project::new(&spec);
        let git = secret(&format!("GIT_AUTH_{kind}"), git);
        let http = secret(&format!("HTTP_AUTH_{kind}_{host}"), http);
        let secrets = [git.as_str(), http.as_str()];
        let lock = write_lock(&project, &secrets);
        let pin = format!("repo.git#refs/tags/v2\" = \"{}\"\n", commit(web.path(), "v2"));
        let pins_tags = engine().major_version > 20;
        assert!(!pins_tags || lock.contains(&pin), "{kind}\n{lock}");
        assert!(!opens_files || lock.contains(&checksum(b"secret\n")), "{kind}\n{lock}");
        assert!(!lock.contains("letmein"), "{lock}");
        let locked = format!("--build-arg=MSTAGE_LOCKED={pins_tags}");
        let files = project.files(&[&git, &http, &locked]);
        assert_eq!(files["source"].text(), "1\n", "{kind}");
        assert_eq!(files["step/version"].text(), "2\n", "{kind}");
        if opens_files {
            assert_eq!(files["source-file"].text(), "secret\n", "{kind}");
            assert_eq!(files["step-file"].text(), "secret\n", "{kind}");
        }
    }
    assert!(
        Project::new(&spec).try_build_on(engine(), &["--no-cache"]).is_err(),
        "without secrets"
    );
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn images_of_a_registry_and_of_the_engines_own() {
    let registry = Registry::start();
    let published = registry.name("published:1");
    let digest = registry.push("busybox:latest", "published:1");
    let own = Image::named(registry.name("own:1"));
    engine().docker(["image", "tag", "busybox:latest", own.name()]).run();
    let spec = format!(
        "\n[stages.a]\nfrom = \"{published}\"\nsteps = [{{ copy = \"/bin\", from = \"{}\", to = \"/own/\" }}]\n",
        own.name()
    );
    let project = Project::new(&spec);
    let lock = write_lock(&project, &[]);
    let pin = format!("\"{published}\" = \"{digest}\"\n");
    assert!(lock.contains(&pin), "no {pin}in\n{lock}");
    let remark = format!("# \"{}\" is not pinned: it is only in the engine's store\n", own.name());
    assert!(lock.contains(&remark), "no {remark}in\n{lock}");
    project.build(&[]);
    let failure = project.fail(&["--build-arg", "MSTAGE_LOCKED=1"]);
    let expected = format!("mstage.toml:4: MSTAGE_LOCKED: `{}` is not in mstage.lock", own.name());
    assert!(failure.message.contains(&expected), "{failure}");
}

/// The registry's version is unknown if the registry is unavailable; the engine has an image with
/// that name.
#[test]
#[ignore = "needs a BuildKit engine"]
fn an_image_of_a_registry_that_does_not_answer() {
    let image = Image::named("127.0.0.1:9/own:1".to_owned());
    engine().docker(["image", "tag", "busybox:latest", image.name()]).run();
    let project = Project::new(&format!("\n[stages.a]\nfrom = \"{}\"\n", image.name()));
    let lock = write_lock(&project, &[]);
    let remark = format!(
        "# \"{}\" is not pinned: its registry is unreachable, and the engine's store has the image\n",
        image.name()
    );
    assert!(lock.contains(&remark), "no {remark}in\n{lock}");
    let context = format!("{0}=docker-image://{0}", image.name());
    let lock = write_lock(&project, &["--build-context", &context]);
    assert!(!lock.contains(image.name()), "{lock}");
}

/// A lock file records the frontend image that writes it, and with `MSTAGE_LOCKED` no other one may
/// use it.
#[test]
#[ignore = "needs a BuildKit engine"]
fn the_frontend_is_recorded() {
    let registry = Registry::start();
    let name = registry.push_frontend();
    let labelled = format!(
        "\n[stages.a]\nfrom = \"{FRONTEND}\"\nimage = {{ labels = {{ other = \"{name}\" }} }}\n"
    );
    let labelled = Project::new(&labelled).image(&[]);
    let other = registry.name("other:1");
    let other_digest = registry.push(labelled.name(), "other:1");
    let copy = registry.name("copy:1");
    let digest = registry.push(FRONTEND, "copy:1");

    let project = Project::with_syntax(&name, "\n[stages.a]\nfrom = \"scratch\"\n");
    let lock = write_lock(&project, &[]);
    let entry = format!("[frontend]\n\"{name}\" = \"{digest}\"\n");
    assert!(lock.contains(&entry), "no {entry}in\n{lock}");
    project.build(&["--build-arg=MSTAGE_LOCKED=1"]);

    let with = |image: &str| format!("--build-arg=BUILDKIT_SYNTAX={image}");
    let locked = |image: &str| [with(image), "--build-arg=MSTAGE_LOCKED=1".to_owned()];
    let refused = |image: &str| {
        let [syntax, locked] = locked(image);
        project.fail(&[&syntax, &locked]).message
    };
    let accepted = |image: &str| {
        let [syntax, locked] = locked(image);
        project.build(&[&syntax, &locked])
    };
    let message = refused(&other);
    let expected = format!(
        "mstage.lock:7: MSTAGE_LOCKED: this frontend is `{other}@{other_digest}`, but mstage.lock records `{digest}`"
    );
    assert!(message.contains(&expected), "{message}");
    let build = project.build(&[&with(&other)]);
    assert!(build.progress.warnings.is_empty(), "{:?}", build.progress.warnings);
    accepted(&copy);
    accepted(&format!("{name}@{digest}"));

    // An older image store does not report the digest of an image that it has itself.
    if !engine().has_containerd_store() {
        let message = refused(FRONTEND);
        assert!(message.contains("is unknown: the engine does not report its digest"), "{message}");
        let kept = write_lock(&project, &[&with(FRONTEND)]);
        let comment = "# not updated: the engine does not report its digest\n";
        assert_eq!(kept, lock.replace("[frontend]\n", &format!("[frontend]\n{comment}")));
    }
    let updated = write_lock(&project, &[&with(&other)]);
    assert!(
        updated.contains(&format!("[frontend]\n\"{other}\" = \"{other_digest}\"\n")),
        "{updated}"
    );
    accepted(&other);
    refused(&name);
}
