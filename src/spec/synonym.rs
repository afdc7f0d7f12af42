//! Keys from other tools, with their names here.
//!
//! Input: an unknown key of a table, or the keys of a step or mount that has no verb or kind.
//! Output: a hint. Must not depend on the way tables are read.

/// The meaning of an unknown key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// A key of the table.
    Key(&'static str),
    /// Something else, described by the hint.
    Else(&'static str),
}

/// The meaning of an unknown key of a table. `known` are the keys that the table has.
pub(super) fn meant(table: &str, key: &str, known: &[&'static str]) -> Option<Meant> {
    let key = plain(key);
    let is_meant =
        |tables: &[&str], names: &[&str]| tables.contains(&table) && names.contains(&key.as_str());
    let rows = SYNONYMS.iter().filter(|(tables, names, _)| is_meant(tables, names));
    match rows.min_by_key(|(tables, ..)| tables.len()) {
        Some((.., hint)) if is_key(hint) => Some(Meant::Key(hint)),
        Some((.., hint)) => Some(Meant::Else(hint)),
        None => known.iter().find(|known| plain(known) == key).map(|same| Meant::Key(same)),
    }
}

/// The key of an image for a name in its `clear`. `known` are the valid names.
pub(crate) fn cleared(name: &str, known: &[&'static str]) -> Option<&'static str> {
    match meant(IMAGE[0], name, known)? {
        Meant::Key(key) => Some(key).filter(|key| known.contains(key)),
        Meant::Else(PORTS) => Some("expose"),
        Meant::Else(_) => None,
    }
}

/// A name without differences in spelling: case, `-`, `_`, and a plural `s`.
pub(super) fn plain(name: &str) -> String {
    let mut plain: String = name.chars().filter(|c| !['-', '_'].contains(c)).collect();
    plain.make_ascii_lowercase();
    if plain.len() > 2 && plain.ends_with('s') && !plain.ends_with("ss") {
        plain.pop();
    }
    plain
}

/// True if a hint is a key of the table rather than a sentence.
fn is_key(hint: &str) -> bool {
    hint.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Names from Dockerfiles, Compose, Kubernetes, CI systems and shells: the tables in which they are
/// used, the names, and the hint. Names are compared ignoring case, `-`, `_` and a plural `s`. A
/// hint that is one word is a key of the table. The row for the fewest tables takes precedence.
const SYNONYMS: &[(&[&str], &[&str], &str)] = &[
    // Mounts
    (BIND, &["target", "dst", "dest", "destination", "path", "mountpath"], "to"),
    (
        BIND,
        &["source", "src"],
        "`bind` itself is the source: { bind = \"SOURCE\", to = \"/PATH\" }",
    ),
    (BIND, &["rw", "readwrite", "write"], "writable"),
    (
        BIND,
        &["ro", "readonly"],
        "leave it out: a bind mount can only be read unless it has `writable = true`",
    ),
    (
        CACHE,
        &["to", "target", "dst", "dest", "destination", "path", "mountpath"],
        "`cache` itself is the path: { cache = \"/PATH\" }; a name for the cache is its `id`",
    ),
    (CACHE, &["name", "key", "cachekey"], "id"),
    (CACHE, &["ro"], "read-only"),
    (CACHE, &["src"], "source"),
    (CACHE, &["shared", "locked", "private", "lock"], "write sharing = \"locked\""),
    (
        CACHE,
        &["rw", "writable", "readwrite"],
        "leave it out: a cache can be written unless it has `read-only = true`",
    ),
    (SECRET_OR_SSH, &["target", "dst", "dest", "destination", "path", "file", "mountpath"], "to"),
    (SECRET, &["environment", "variable", "envvar", "var"], "env"),
    (
        SECRET,
        &["id", "name", "source", "src", "from"],
        "`secret` itself is the id: { secret = \"ID\" }; the client says what it is: --secret id=ID,src=FILE",
    ),
    (SSH, &["id", "name", "agent"], "`ssh` itself is the id: { ssh = \"default\" }"),
    (
        TMPFS,
        &["to", "target", "dst", "dest", "destination", "path", "mountpath"],
        "`tmpfs` itself is the path: { tmpfs = \"/PATH\" }",
    ),
    (
        ALL_MOUNTS,
        &["type"],
        "leave it out: the first key says which mount it is, as in { cache = \"/PATH\" }",
    ),
    // Steps that run a process
    (PROCESS, &["environment", "environ"], "env"),
    (ALL_STEPS, WORKDIR, "workdir"),
    (
        ALL_STEPS,
        &["if", "condition", "rule"],
        "`when = { ARG = \"VALUE\" }`: the step exists only where the arg has the value",
    ),
    (ALL_STEPS, &["id", "label", "title"], "`name`, its label in the progress"),
    (ALL_STEPS, &["nocachefilter", "alwaysrun"], "no-cache"),
    (PROCESS, &["net"], "network"),
    (PROCESS, &["privileged", "capadd"], "`security = \"insecure\"`, which the client must allow"),
    (PROCESS, &["gpu"], "write devices = [\"nvidia.com/gpu=all\"]"),
    (PROCESS, &["as", "uid", "group", "gid", "runa"], "write user = \"USER:GROUP\""),
    (
        PROCESS,
        &["cache", "bind", "secret", "ssh", "tmpf", "volume"],
        "it belongs in `mounts`: [{ cache = \"/PATH\" }, { bind = \"FILE\" }, { secret = \"ID\" }, { ssh = \"default\" }]",
    ),
    (PROCESS, &["arg", "buildarg"], "args"),
    (
        PROCESS,
        &["continueonerror", "allowfailure", "ignoreerror", "optional"],
        "a step that may fail says so in its text: 'COMMAND || true'",
    ),
    (
        PROCESS,
        &["timeout", "timeoutminute"],
        "the text can set a limit itself: 'timeout 60 COMMAND'",
    ),
    (PROCESS, &["retry", "retrie"], "the text can try again itself: 'COMMAND || COMMAND'"),
    (
        ALL_STEPS,
        &["dependson", "need", "require", "after"],
        "steps run in order; what other stages must do first is `requires` in [stages.NAME]",
    ),
    (
        ALL_STEPS,
        &["description", "comment"],
        "`name`, its label in the progress; or a comment: # ...",
    ),
    (EXEC, &["shell"], "`exec` runs no shell: write { run = 'TEXT', shell = \"bash\" }"),
    (
        ALL_STEPS,
        &["matrix", "strategy", "foreach", "loop"],
        "there are no loops: write a step for each value, or a stage that an arg varies",
    ),
    // Steps that create files
    (
        DESTINATION,
        &["dst", "dest", "destination", "target", "into", "output", "out", "outputfile", "path"],
        "to",
    ),
    (OWNED, &["owner", "own", "user", "uid", "gid", "group"], "write chown = \"USER:GROUP\""),
    (OWNED, &["mode", "permission", "perm"], "write chmod = \"0755\""),
    (COPY, &["stage", "image", "fromstage"], "from"),
    (COPY, &["context"], "write from = { context = \"NAME\" }"),
    (COPY, &["ignore", "except"], "exclude"),
    (COPY, &["only", "filter"], "include"),
    (
        COPY,
        &["source", "src", "file"],
        "`copy` itself is the source: { copy = \"FILE\", to = \"DIR/\" }",
    ),
    (COPY, &["recursive", "r"], "leave it out: directories are copied whole"),
    (COPY, &["checksum"], "only what is downloaded has a checksum: `fetch` or `git`"),
    (
        FETCH,
        &["url", "uri", "source", "src", "from"],
        "`fetch` itself is the URL: { fetch = \"https://...\" }",
    ),
    (
        FETCH,
        &["sha256", "sha256sum", "hash", "digest", "integrity", "sum"],
        "write checksum = \"sha256:...\"",
    ),
    (
        FETCH,
        &["header", "auth", "token", "username", "password"],
        "secrets of the client authenticate downloads: --secret id=HTTP_AUTH_TOKEN_HOST",
    ),
    (FETCH, &["unpack", "untar", "unzip", "decompress"], "write extract = true"),
    (STRIP, &["stripcomponent", "striplevel", "stripprefix"], "strip"),
    (GIT, &["branch", "tag", "rev", "revision", "version"], "`ref`: a branch, a tag or a commit"),
    (
        GIT,
        &["commit", "sha", "digest", "sha256"],
        "`ref = \"COMMIT\"`, and `checksum = \"COMMIT\"` to hold a tag to it",
    ),
    (GIT, &["depth", "shallow"], "leave it out: only what the ref needs is fetched"),
    (GIT, &["subpath", "subdirectory", "subfolder", "folder", "dir"], "subdir"),
    (GIT, &["keepgit"], "keep-git-dir"),
    (
        UNPACK,
        &["chmod", "mode"],
        "an archive has its own modes; change them with a step that runs 'chmod ...'",
    ),
    (WRITE, &["text", "body", "data", "value"], "content"),
    (
        WRITE,
        &["to", "path", "file", "target", "dst", "dest", "destination"],
        "`write` itself is the file: { write = \"/PATH\", content = \"TEXT\" }",
    ),
    (WRITE, &["template", "interpolate"], "expand"),
    (WRITE, &["append"], "a file is written whole; to add to one, run 'echo TEXT >> FILE'"),
    (MKDIR, &["parent", "p"], "leave it out: the directories on the way are made too"),
    (
        REMOVE,
        &["recursive", "r", "rf"],
        "leave it out: directories are removed with what is in them",
    ),
    (REMOVE, &["force", "f", "ignoremissing", "optional"], "missing-ok"),
    (SYMLINK, &["to", "source", "src", "from", "dest"], "target"),
    // Steps without a verb
    (
        STEP,
        &["add"],
        "`copy` for files, `unpack` for archives, `fetch` for URLs, `git` for repositories",
    ),
    (STEP, &["command", "script", "shellscript", "sh", "bash", "exe"], "run"),
    (STEP, &["url", "download", "curl", "wget", "http", "get"], "fetch"),
    (STEP, &["clone", "checkout", "repo", "repository", "gitclone"], "git"),
    (STEP, &["extract", "untar", "unzip", "tar"], "unpack"),
    (STEP, &["file", "content", "create", "touch"], "write"),
    (STEP, &["dir", "directory", "folder", "makedir"], "mkdir"),
    (STEP, &["rm", "delete", "del", "rmdir", "unlink"], "remove"),
    (STEP, &["ln", "link", "softlink"], "symlink"),
    (STEP, &["move", "mv", "rename"], "write { run = 'mv OLD NEW' }"),
    (
        STEP,
        &["chmod", "chown"],
        "`chmod` and `chown` go with a verb: { copy = \"FILE\", chmod = \"0755\" }; for a file that is there: { run = 'chmod 755 FILE' }",
    ),
    (STEP, &["use", "with"], "there are no actions: write what it does as steps"),
    (
        STEP,
        &["step"],
        "steps of a stage are one list; { steps = [...] } is a branch of { parallel = [...] }",
    ),
    (STEP, &["group"], "`parallel` for what is done at once"),
    (
        STEP,
        &["arg", "buildarg"],
        "an arg is declared at the top: [args] NAME = \"DEFAULT\"; steps whose text names it get it",
    ),
    (STEP, &["echo", "print", "log"], "write { run = 'echo TEXT' }"),
    // Stages
    (STAGE, &["base", "extend", "inherit", "baseimage"], "from"),
    (STAGE, &["environment", "variable"], "env"),
    (STAGE, WORKDIR, "workdir"),
    (
        STAGE,
        &["command", "script"],
        "`steps = ['COMMAND']` for the build; `cmd` in [stages.NAME.image] for the container",
    ),
    (
        STAGE,
        &["buildarg", "arg"],
        "`args`, a list of names: args = [\"NAME\"]; their defaults are in [args] at the top",
    ),
    (STAGE, &["port"], PORTS),
    (STAGE, &["dependson", "need", "depend"], "requires"),
    (
        STAGE,
        &["cache", "secret", "ssh", "tmpf", "bind", "tmp"],
        "it belongs in `mounts`: [{ cache = \"/PATH\" }, { secret = \"ID\" }, { ssh = \"default\" }]",
    ),
    (STAGE, &["maintainer"], "`author` in [stages.NAME.image]"),
    (STAGE, &["arch", "architecture", "os"], "write platform = \"linux/arm64\""),
    (STAGE, &["target", "as", "name", "id"], "a stage's name is in its header: [stages.NAME]"),
    (STAGE, &["context"], "`from = { context = \"NAME\" }` starts from a build context"),
    (
        STAGE,
        &["dockerfile", "build"],
        "`from = { dockerfile = \"Dockerfile\" }` starts from what a Dockerfile makes",
    ),
    (
        STAGE,
        &["tag", "output", "push"],
        "the client says it: docker buildx build --tag NAME, --output TYPE",
    ),
    (STAGE, &["artifact", "export"], "`report = \"/DIR\"` is exported by --target NAME.report"),
    (
        STAGE,
        &["if", "condition", "only"],
        "`when = { ARG = \"VALUE\" }`: the stage exists only where the arg has the value",
    ),
    (STAGE, &["uid", "gid", "group"], "write user = \"USER:GROUP\""),
    (
        STAGE,
        &["network", "security", "privileged", "device"],
        "it belongs in each step that needs it: { run = 'TEXT', network = \"none\" }",
    ),
    (STAGE, &["onbuild"], "`on-build` in [stages.NAME.image]"),
    (STAGE, &["config"], "image"),
    (STAGE_OR_IMAGE, &["restart", "hostname", "deploy", "replica"], RUNTIME),
    // The image
    (IMAGE, &["command", "arg"], "cmd"),
    (IMAGE, &["port", "exposedport"], PORTS),
    (IMAGE, &["environment"], "env"),
    (IMAGE, WORKDIR, "workdir"),
    (IMAGE, &["maintainer"], "author"),
    (IMAGE, &["health", "check"], "healthcheck"),
    (IMAGE, &["name", "tag"], "the client says it: docker buildx build --tag NAME"),
    (IMAGE, &["base"], "`from` in [stages.NAME]"),
    (HEALTHCHECK, &["test", "command", "run", "exec"], "cmd"),
    (HEALTHCHECK, &["disable", "disabled"], "write none = true"),
    (
        HEALTHCHECK,
        &["httpget", "tcpsocket", "http", "url"],
        "`cmd`: what is run in the container, such as [\"curl\", \"-f\", \"http://localhost:8080/\"]",
    ),
    (HEALTHCHECK, &["period", "periodsecond"], "interval"),
    (HEALTHCHECK, &["initialdelaysecond", "delay", "initialdelay"], "start-period"),
    (HEALTHCHECK, &["timeoutsecond"], "timeout"),
    (HEALTHCHECK, &["failurethreshold", "retry"], "retries"),
    // Origins of files or of a base
    (
        FROM,
        &["name", "ref", "reference", "repository", "tag", "digest"],
        "the whole reference is one value: { image = \"NAME:TAG\" }",
    ),
    (
        FROM,
        &["git", "http", "url", "repo"],
        "declare it with a name, [sources.NAME], and write { source = \"NAME\" }",
    ),
    (FROM, &["build", "file"], "`dockerfile`, the path of a Dockerfile"),
    (FROM, &["path", "dir", "directory"], "`context`, a name that --build-context NAME=PATH gives"),
    (SOURCE, &["url", "repo", "repository"], "`git` for a repository, `http` for a file"),
    (
        SOURCE,
        &["type"],
        "leave it out: `git`, `http`, `image` or `context` says which source it is",
    ),
    (SOURCE, &["fetch", "download"], "http"),
    (SOURCE, &["branch", "tag", "rev", "revision", "commit", "version"], "ref"),
    (SOURCE, &["sha256", "sha256sum", "hash", "digest", "integrity"], "checksum"),
    (SOURCE, &["unpack", "untar"], "extract"),
    (
        SOURCE,
        &["path", "dir", "directory", "local"],
        "files of the build context need no source; another directory is a `context`, which --build-context NAME=PATH gives",
    ),
    (SOURCE, &["dockerfile"], "it belongs in a stage: from = { dockerfile = \"Dockerfile\" }"),
    // Args
    (ARG, &["value", "defaultvalue"], "default"),
    (ARG, &["choice", "enum", "allowed", "option", "allowedvalue", "oneof"], "values"),
    (ARG, &["regex", "regexp", "match", "validation"], "pattern"),
    (ARG, &["desc", "help", "doc", "comment"], "description"),
    (ARG, &["optional"], "leave it out: an arg without `required = true` is optional"),
    (ARG, &["kind"], "type"),
    // The build file
    (
        FILE,
        &["env", "environment", "variable"],
        "constants of the file are in [vars]; environment is `env` in [stages.NAME]",
    ),
    (FILE, &["arg", "buildarg", "param", "parameter"], "args"),
    (
        FILE,
        &["service"],
        "the header of a stage is [stages.NAME]; what containers run beside each other is for Compose",
    ),
    (
        FILE,
        &["target", "job", "build"],
        "the header of a stage is [stages.NAME]; the stage that is built is `default = \"NAME\"`",
    ),
    (FILE, &["defaulttarget"], "default"),
    (FILE, &["version", "name"], "leave it out: a build file has no version and no name"),
    (FILE, &["syntax"], "it is a comment in the first line: # syntax=myorg/mstage"),
    (FILE, &["escape"], "leave it out: it is for Dockerfiles"),
    (FILE, &["dockerignore", "exclude"], "ignore"),
    (FILE, &["import", "extend"], "include"),
    (FILE, &["secret"], "it belongs in `mounts`: [{ secret = \"ID\" }]"),
    (
        FILE,
        &["platform"],
        "a stage has its own `platform`; the platforms of a build are --platform",
    ),
];

const BIND: &[&str] = &["a bind mount"];
const CACHE: &[&str] = &["a cache mount"];
const SECRET: &[&str] = &["a secret mount"];
const SSH: &[&str] = &["an ssh mount"];
const SECRET_OR_SSH: &[&str] = &["a secret mount", "an ssh mount"];
const TMPFS: &[&str] = &["a tmpfs mount"];
const ALL_MOUNTS: &[&str] =
    &["a cache mount", "a bind mount", "a secret mount", "an ssh mount", "a tmpfs mount"];
const PROCESS: &[&str] = &["a run step", "an exec step"];
const EXEC: &[&str] = &["an exec step"];
const COPY: &[&str] = &["a copy step"];
const FETCH: &[&str] = &["a fetch step"];
const GIT: &[&str] = &["a git step"];
const UNPACK: &[&str] = &["an unpack step"];
const WRITE: &[&str] = &["a write step"];
const MKDIR: &[&str] = &["a mkdir step"];
const REMOVE: &[&str] = &["a remove step"];
const SYMLINK: &[&str] = &["a symlink step"];
const DESTINATION: &[&str] = &["a copy step", "a fetch step", "a git step", "an unpack step"];
const OWNED: &[&str] = &[
    "a copy step",
    "a fetch step",
    "a git step",
    "an unpack step",
    "a write step",
    "a mkdir step",
];
const STRIP: &[&str] = &["a fetch step", "an unpack step"];
const ALL_STEPS: &[&str] = &[
    "a run step",
    "an exec step",
    "a copy step",
    "a fetch step",
    "a git step",
    "an unpack step",
    "a write step",
    "a mkdir step",
    "a remove step",
    "a symlink step",
    "a parallel step",
];
/// A step with an unknown verb.
const STEP: &[&str] = &["a step"];
const STAGE: &[&str] = &["a stage"];
const IMAGE: &[&str] = &["an image"];
const STAGE_OR_IMAGE: &[&str] = &["a stage", "an image"];
const HEALTHCHECK: &[&str] = &["a healthcheck"];
const FROM: &[&str] = &["a `from`"];
const SOURCE: &[&str] = &["a source"];
const ARG: &[&str] = &["an arg"];
const FILE: &[&str] = &["a build file"];

const WORKDIR: &[&str] = &["workingdir", "workingdirectory", "cwd", "dir", "directory", "wd"];
const PORTS: &str =
    "`expose = [8080]` in [stages.NAME.image]; who runs a container publishes its ports";
const RUNTIME: &str = "an image cannot say it: it is for who runs a container";

#[cfg(test)]
mod tests {
    use super::super::shape::TableShape;
    use super::*;

    #[test]
    fn every_synonym_is_for_tables_and_keys_that_exist() {
        let shapes: Vec<TableShape> = super::super::all_tables();
        for (tables, names, hint) in SYNONYMS {
            for table in *tables {
                let shape = shapes.iter().find(|shape| shape.what == *table);
                let Some(shape) = shape else {
                    assert_eq!(*table, "a step", "no such table");
                    continue;
                };
                let keys: Vec<_> = shape.keys.iter().map(|key| key.name).collect();
                assert!(!is_key(hint) || keys.contains(hint), "{table} has no {hint}");
                for name in *names {
                    assert_eq!(*name, plain(name), "{name} is not plain");
                    assert!(!keys.contains(name), "{table} has the key {name}");
                }
            }
        }
    }

    #[test]
    fn no_two_rows_are_for_the_same() {
        for (at, (tables, names, _)) in SYNONYMS.iter().enumerate() {
            for (others, other_names, _) in &SYNONYMS[..at] {
                let is_shared = tables.len() == others.len()
                    && tables.iter().any(|table| others.contains(table));
                let shared = names.iter().find(|name| is_shared && other_names.contains(name));
                assert_eq!(shared, None, "{tables:?} and {others:?}");
            }
        }
    }

    #[test]
    fn spellings() {
        let known = ["no-cache", "stop-signal", "args", "to"];
        for key in ["nocache", "no_cache", "noCache", "NO-CACHE", "--no-cache"] {
            assert_eq!(meant("a run step", key, &known), Some(Meant::Key("no-cache")), "{key}");
        }
        assert_eq!(meant("a bind mount", "target", &known), Some(Meant::Key("to")));
        assert_eq!(meant("a bind mount", "unheard", &known), None);
    }
}
