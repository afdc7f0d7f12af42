//! Mounts of run steps.

use crate::harness::Project;

/// Builds twice, with another value of the arg `TURN`, and returns the content of the cache in the
/// second build.
///
/// Every step gets the arg `NONCE`: the id of a cache is not part of a step's key, so a step with
/// the nonce only there would be cached from an earlier run of the tests.
#[track_caller]
fn kept(keys: &str) -> String {
    let project = Project::new(&format!(
        r#"
default = "out"
args = {{ TURN = {{}}, NONCE = {{}} }}

[stages.work]
args = ["NONCE"]
{keys}

[stages.out]
from = "scratch"
steps = [{{ copy = "/tmp/seen", from = "work" }}]
"#
    ));
    let nonce = format!("NONCE={}", project.nonce());
    let build = |turn: &str| {
        project.files(&["--build-arg", &nonce, "--build-arg", turn])["seen"].text().to_owned()
    };
    build("TURN=1");
    build("TURN=2")
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_cache_outlives_changes_of_the_steps() {
    let seen = kept(
        r#"
from = "busybox"
steps = [
  "echo $TURN > /changed",
  { run = "echo $TURN >> /cache/turns; cp /cache/turns /tmp/seen", mounts = [{ cache = "/cache", id = "${NONCE}" }] },
]
"#,
    );
    assert_eq!(seen, "1\n2\n");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_cache_belongs_to_the_user_of_its_step() {
    for (user, image, owner) in [
        ("1000:1001", "busybox", "1000:1001"),
        ("1000", "busybox", "1000:1000"),
        ("nobody", "debian:bookworm-slim", "65534:65534"),
        ("root", "busybox", "0:0"),
    ] {
        let seen = kept(&format!(
            r#"
from = "{image}"
user = "{user}"
steps = [
  {{ run = "echo $TURN > /changed", user = "root" }},
  {{ run = '''
    echo $TURN $(id -u) >> /cache/turns
    stat -c %u:%g /cache > /tmp/seen
    cat /cache/turns >> /tmp/seen
  ''', mounts = [{{ cache = "/cache", id = "${{NONCE}}" }}] }},
]
"#
        ));
        let uid = owner.split_once(':').unwrap().0;
        assert_eq!(seen, format!("{owner}\n1 {uid}\n2 {uid}\n"), "user {user} of {image}");
    }
}

/// A team can migrate one Dockerfile at a time, and its compilers keep their caches.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_cache_is_shared_with_dockerfiles() {
    let project = Project::new(
        r#"
[args]
NONCE = {}

[stages.a]
from = "busybox"
steps = [
  { run = ": $NONCE; cp /cache/by-dockerfile /seen", mounts = [{ cache = "/cache", id = "${NONCE}" }] },
]
"#,
    );
    let nonce = project.nonce();
    let run = format!(
        "RUN --mount=type=cache,target=/cache,id={nonce} echo {nonce} > /cache/by-dockerfile"
    );
    project.write("Dockerfile", &format!("FROM busybox\n{run}\n"));
    project.build_dockerfile();
    let options = ["--build-arg", &format!("NONCE={nonce}")];
    assert_eq!(project.files(&options)["seen"].text(), format!("{nonce}\n"));
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_bind_shows_files_of_a_stage_an_image_and_the_context() {
    let project = Project::new(
        r#"
default = "out"

[stages.other]
from = "scratch"
steps = [{ copy = "of-stage", to = "/files/of-stage" }]

[stages.work]
from = "busybox"
workdir = "/work"
mounts = [{ bind = "/files", from = "other", to = "/mnt" }]
steps = [
  { run = "cat /mnt/of-stage directory/of-context > /out", mounts = [{ bind = "directory" }] },
  { run = "cat /one >> /out; ls /mnt >> /out", mounts = [{ bind = "directory/of-context", to = "/one" }] },
  { run = "cat /os/etc/debian_version > /dev/null", mounts = [{ bind = "/", from = "debian:bookworm-slim", to = "/os" }] },
]

[stages.out]
from = "scratch"
steps = [{ copy = "/out", from = "work" }]
"#,
    )
    .with("of-stage", "stage\n")
    .with("directory/of-context", "context\n");
    assert_eq!(project.files(&[])["out"].text(), "stage\ncontext\ncontext\nof-stage\n");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_bind_is_read_only_unless_it_says_so_and_never_changed() {
    let project = Project::new(
        r#"
default = "out"

[stages.work]
from = "busybox"
steps = [
  { run = "! touch /mnt/file 2> /out", mounts = [{ bind = "directory", to = "/mnt" }] },
  { run = "echo new > /mnt/file; cat /mnt/file > /out", mounts = [{ bind = "directory", to = "/mnt", writable = true }] },
  { run = "cat /mnt/file >> /out", mounts = [{ bind = "directory", to = "/mnt" }] },
]

[stages.out]
from = "scratch"
steps = [{ copy = "/out", from = "work" }]
"#,
    )
    .with("directory/file", "old\n");
    assert_eq!(project.files(&[])["out"].text(), "new\nold\n");
}

/// Without the cache of its stage, a step would have an empty directory; a step with `no-cache`
/// keeps it.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_step_that_runs_in_every_build_keeps_its_caches() {
    let project = Project::new(
        r#"
default = "out"
args = { NONCE = {} }

[stages.work]
from = "busybox"
args = ["NONCE"]
steps = [
  { name = "before", run = "date > /before" },
  { name = "always", no-cache = true, run = "echo turn >> /cache/turns; cp /cache/turns /tmp/seen", mounts = [{ cache = "/cache", id = "${NONCE}" }] },
  { name = "written", no-cache = true, write = "/tmp/written", content = "" },
]

[stages.out]
from = "scratch"
steps = [{ copy = "/tmp", from = "work" }]
"#,
    );
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    let mut seen = String::new();
    for turn in 1..=3 {
        seen.push_str("turn\n");
        assert_eq!(project.files(&[&nonce])["seen"].text(), seen, "turn {turn}");
    }
    let build = project.build(&[&nonce]);
    let step = |name: &str| build.progress.steps().find(|step| step.name.ends_with(name)).unwrap();
    assert!(step("] before").is_cached(), "{build}");
    assert!(step("] always").ran() && step("] written").ran(), "{build}");
}

/// A cache directory is identified by its initial content, which is only its owner; and the same
/// name can be another user elsewhere.
#[test]
#[ignore = "needs a BuildKit engine"]
fn users_by_name_have_their_own_caches() {
    let project = Project::new(
        r#"
default = "out"
args = { NONCE = {} }

[stages.base]
from = "debian:bookworm-slim"
args = ["NONCE"]
mounts = [{ cache = "/cache", id = "${NONCE}" }]

[stages.one]
from = "base"
steps = [
  "useradd -u 4321 one && useradd -u 4322 two",
  { user = "one", run = "touch /cache/one && stat -c %u:%g /cache > /tmp/one" },
  { user = "two", run = "touch /cache/two && stat -c %u:%g /cache > /tmp/two" },
  { user = "two:one", run = "touch /cache/three && stat -c %u:%g /cache > /tmp/three" },
]

[stages.other]
from = "base"
steps = [
  "useradd -u 4323 one",
  { user = "one", run = "touch /cache/one && stat -c %u:%g /cache > /tmp/other" },
]

[stages.out]
from = "scratch"
steps = [
  { copy = ["/tmp/one", "/tmp/two", "/tmp/three"], from = "one", to = "/" },
  { copy = "/tmp/other", from = "other", to = "/" },
]
"#,
    );
    let files = project.files(&[&format!("--build-arg=NONCE={}", project.nonce())]);
    let seen = |name: &str| files[name].text().trim_end();
    let all = ["one", "two", "three", "other"].map(seen);
    assert_eq!(all, ["4321:4321", "4322:4322", "4322:4321", "4323:4323"]);
}
