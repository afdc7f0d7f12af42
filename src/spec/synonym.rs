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
    let rows = SYNONYMS.iter().filter(|(tables, names, _)| is_meant(table, &key, tables, names));
    match rows.min_by_key(|(tables, ..)| tables.len()) {
        Some((.., hint)) if is_key(hint) => Some(Meant::Key(hint)),
        Some((.., hint)) => Some(Meant::Else(hint)),
        None => known.iter().find(|known| plain(known) == key).map(|same| Meant::Key(same)),
    }
}

fn is_meant(table: &str, key: &str, tables: &[&str], names: &[&str]) -> bool {
    tables.contains(&table) && names.contains(&key)
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
    (BIND, &["source", "src"], "put the source in `bind`: `{ bind = \"SOURCE\", to = \"/PATH\" }`"),
    (BIND, &["rw", "readwrite", "write"], "writable"),
    (
        BIND,
        &["ro", "readonly"],
        "remove it: bind mounts are read-only unless `writable = true` is set",
    ),
    (
        CACHE,
        &["to", "target", "dst", "dest", "destination", "path", "mountpath"],
        "put the path in `cache`: `{ cache = \"/PATH\" }`; use `id` to name the cache",
    ),
    (CACHE, &["name", "key", "cachekey"], "id"),
    (CACHE, &["ro"], "read-only"),
    (CACHE, &["src"], "source"),
    (CACHE, &["shared", "locked", "private", "lock"], "write `sharing = \"locked\"`"),
    (
        CACHE,
        &["rw", "writable", "readwrite"],
        "remove it: cache mounts are writable unless `read-only = true` is set",
    ),
    (SECRET_OR_SSH, &["target", "dst", "dest", "destination", "path", "file", "mountpath"], "to"),
    (SECRET, &["environment", "variable", "envvar", "var"], "env"),
    (
        SECRET,
        &["id", "name", "source", "src", "from"],
        "put the id in `secret`: `{ secret = \"ID\" }`; the client provides the secret with `--secret id=ID,src=FILE`",
    ),
    (SSH, &["id", "name", "agent"], "put the id in `ssh`: `{ ssh = \"default\" }`"),
    (
        TMPFS,
        &["to", "target", "dst", "dest", "destination", "path", "mountpath"],
        "put the path in `tmpfs`: `{ tmpfs = \"/PATH\" }`",
    ),
    (
        ALL_MOUNTS,
        &["type"],
        "remove it: the kind is a key with its value, as in `{ cache = \"/PATH\" }`",
    ),
    // Steps that run a process
    (PROCESS, &["environment", "environ"], "env"),
    (ALL_STEPS, WORKDIR, "workdir"),
    (
        ALL_STEPS,
        &["if", "condition", "rule"],
        "use `when = { ARG = \"VALUE\" }` to run the step only if the arg has that value",
    ),
    (ALL_STEPS, &["id", "label", "title"], "use `name` to label the step in the progress output"),
    (ALL_STEPS, &["nocachefilter", "alwaysrun"], "no-cache"),
    (PROCESS, &["net"], "network"),
    (
        PROCESS,
        &["privileged", "capadd"],
        "use `security = \"insecure\"`, which the client must allow",
    ),
    (PROCESS, &["gpu"], "write `devices = [\"nvidia.com/gpu=all\"]`"),
    (PROCESS, &["as", "uid", "group", "gid", "runa"], "write `user = \"USER:GROUP\"`"),
    (
        PROCESS,
        &["cache", "bind", "secret", "ssh", "tmpf", "volume"],
        "put it in `mounts`: `[{ cache = \"/PATH\" }, { bind = \"FILE\" }, { secret = \"ID\" }, { ssh = \"default\" }]`",
    ),
    (PROCESS, &["arg", "buildarg"], "args"),
    (
        PROCESS,
        &["continueonerror", "allowfailure", "ignoreerror", "optional"],
        "to ignore a failure, write 'COMMAND || true'",
    ),
    (PROCESS, &["timeout", "timeoutminute"], "to limit the time, write 'timeout 60 COMMAND'"),
    (PROCESS, &["retry", "retrie"], "to retry, write 'COMMAND || COMMAND'"),
    (
        ALL_STEPS,
        &["dependson", "need", "require", "after"],
        "steps run in order; to require other stages, use `requires` in [stages.NAME]",
    ),
    (
        ALL_STEPS,
        &["description", "comment"],
        "use `name` to label the step in the progress output, or a comment: # ...",
    ),
    (EXEC, &["shell"], "`exec` runs without a shell: write `{ run = 'TEXT', shell = \"bash\" }`"),
    (
        ALL_STEPS,
        &["matrix", "strategy", "foreach", "loop"],
        "loops are not supported: write a step for each value, or a stage that uses an arg",
    ),
    // Steps that create files
    (
        DESTINATION,
        &["dst", "dest", "destination", "target", "into", "output", "out", "outputfile", "path"],
        "to",
    ),
    (OWNED, &["owner", "own", "user", "uid", "gid", "group"], "write `chown = \"USER:GROUP\"`"),
    (OWNED, &["mode", "permission", "perm"], "write `chmod = \"0755\"`"),
    (COPY, &["stage", "image", "fromstage"], "from"),
    (COPY, &["context"], "write `from = { context = \"NAME\" }`"),
    (COPY, &["ignore", "except"], "exclude"),
    (COPY, &["only", "filter"], "include"),
    (
        COPY,
        &["source", "src", "file"],
        "put the source in `copy`: `{ copy = \"FILE\", to = \"DIR/\" }`",
    ),
    (COPY, &["recursive", "r"], "remove it: directories are copied recursively"),
    (COPY, &["checksum"], "`checksum` is only for downloads: `fetch` and `git`"),
    (
        FETCH,
        &["url", "uri", "source", "src", "from"],
        "put the URL in `fetch`: `{ fetch = \"https://...\" }`",
    ),
    (
        FETCH,
        &["sha256", "sha256sum", "hash", "digest", "integrity", "sum"],
        "write `checksum = \"sha256:...\"`",
    ),
    (
        FETCH,
        &["header", "auth", "token", "username", "password"],
        "authenticate with a secret of the client: `--secret id=HTTP_AUTH_TOKEN_HOST`",
    ),
    (FETCH, &["unpack", "untar", "unzip", "decompress"], "write `extract = true`"),
    (STRIP, &["stripcomponent", "striplevel", "stripprefix"], "strip"),
    (
        GIT,
        &["branch", "tag", "rev", "revision", "version"],
        "use `ref` for a branch, a tag or a commit",
    ),
    (
        GIT,
        &["commit", "sha", "digest", "sha256"],
        "use `ref = \"COMMIT\"`, or `checksum = \"COMMIT\"` to verify the commit of a tag",
    ),
    (GIT, &["depth", "shallow"], "remove it: only the history that `ref` needs is fetched"),
    (GIT, &["subpath", "subdirectory", "subfolder", "folder", "dir"], "subdir"),
    (GIT, &["keepgit"], "keep-git-dir"),
    (
        UNPACK,
        &["chmod", "mode"],
        "files keep the modes of the archive; to change them, add a step 'chmod ...'",
    ),
    (WRITE, &["text", "body", "data", "value"], "content"),
    (
        WRITE,
        &["to", "path", "file", "target", "dst", "dest", "destination"],
        "put the path in `write`: `{ write = \"/PATH\", content = \"TEXT\" }`",
    ),
    (WRITE, &["template", "interpolate"], "expand"),
    (WRITE, &["append"], "`write` replaces the file; to append, run 'echo TEXT >> FILE'"),
    (MKDIR, &["parent", "p"], "remove it: parent directories are created"),
    (REMOVE, &["recursive", "r", "rf"], "remove it: directories are removed recursively"),
    (REMOVE, &["force", "f", "ignoremissing", "optional"], "missing-ok"),
    (SYMLINK, &["to", "source", "src", "from", "dest"], "target"),
    // Steps without a verb
    (
        STEP,
        &["add"],
        "use `copy` for files, `unpack` for archives, `fetch` for URLs or `git` for repositories",
    ),
    (STEP, &["command", "script", "shellscript", "sh", "bash", "exe"], "run"),
    (STEP, &["url", "download", "curl", "wget", "http", "get"], "fetch"),
    (STEP, &["clone", "checkout", "repo", "repository", "gitclone"], "git"),
    (STEP, &["extract", "untar", "unzip", "tar"], "unpack"),
    (STEP, &["file", "content", "create", "touch"], "write"),
    (STEP, &["dir", "directory", "folder", "makedir"], "mkdir"),
    (STEP, &["rm", "delete", "del", "rmdir", "unlink"], "remove"),
    (STEP, &["ln", "link", "softlink"], "symlink"),
    (STEP, &["move", "mv", "rename"], "write `{ run = 'mv OLD NEW' }`"),
    (
        STEP,
        &["chmod", "chown"],
        "`chmod` and `chown` need a verb: `{ copy = \"FILE\", chmod = \"0755\" }`; for an existing file, write `{ run = 'chmod 755 FILE' }`",
    ),
    (STEP, &["use", "with"], "actions are not supported: write their commands as steps"),
    (
        STEP,
        &["step"],
        "a stage has one list of steps; `{ steps = [...] }` is a branch of `{ parallel = [...] }`",
    ),
    (STEP, &["group"], "use `parallel` to run steps at the same time"),
    (
        STEP,
        &["arg", "buildarg"],
        "declare args in [args], `NAME = \"DEFAULT\"`: steps that use $NAME receive it",
    ),
    (STEP, &["echo", "print", "log"], "write `{ run = 'echo TEXT' }`"),
    // Stages
    (STAGE, &["base", "extend", "inherit", "baseimage"], "from"),
    (STAGE, &["environment", "variable"], "env"),
    (STAGE, WORKDIR, "workdir"),
    (
        STAGE,
        &["command", "script"],
        "use `steps = ['COMMAND']` for the build, `cmd` in [stages.NAME.image] for the container",
    ),
    (
        STAGE,
        &["buildarg", "arg"],
        "use `args`, a list of names: `args = [\"NAME\"]`; their defaults belong in [args] at the top of the file",
    ),
    (STAGE, &["port"], PORTS),
    (STAGE, &["dependson", "need", "depend"], "requires"),
    (
        STAGE,
        &["cache", "secret", "ssh", "tmpf", "bind", "tmp"],
        "put it in `mounts`: `[{ cache = \"/PATH\" }, { secret = \"ID\" }, { ssh = \"default\" }]`",
    ),
    (STAGE, &["maintainer"], "use `author` in [stages.NAME.image]"),
    (STAGE, &["arch", "architecture", "os"], "write `platform = \"linux/arm64\"`"),
    (STAGE, &["target", "as", "name", "id"], "put the name in the header: [stages.NAME]"),
    (STAGE, &["context"], "use `from = { context = \"NAME\" }` to start from a build context"),
    (
        STAGE,
        &["dockerfile", "build"],
        "use `from = { dockerfile = \"Dockerfile\" }` to start from a Dockerfile's result",
    ),
    (
        STAGE,
        &["tag", "output", "push"],
        "set it in the client: `docker buildx build --tag NAME --output TYPE`",
    ),
    (
        STAGE,
        &["artifact", "export"],
        "use `report = \"/DIR\"`, which `--target NAME.report` exports",
    ),
    (
        STAGE,
        &["if", "condition", "only"],
        "use `when = { ARG = \"VALUE\" }` to define the stage only if the arg has that value",
    ),
    (STAGE, &["uid", "gid", "group"], "write `user = \"USER:GROUP\"`"),
    (
        STAGE,
        &["network", "security", "privileged", "device"],
        "put it in each step that needs it: `{ run = 'TEXT', network = \"none\" }`",
    ),
    (STAGE, &["onbuild"], "use `on-build` in [stages.NAME.image]"),
    (STAGE, &["config"], "image"),
    (STAGE_OR_IMAGE, &["restart", "hostname", "deploy", "replica"], RUNTIME),
    // The image
    (IMAGE, &["command", "arg"], "cmd"),
    (IMAGE, &["port", "exposedport"], PORTS),
    (IMAGE, &["environment"], "env"),
    (IMAGE, WORKDIR, "workdir"),
    (IMAGE, &["maintainer"], "author"),
    (IMAGE, &["health", "check"], "healthcheck"),
    (IMAGE, &["name", "tag"], "set it in the client: `docker buildx build --tag NAME`"),
    (IMAGE, &["base"], "use `from` in [stages.NAME]"),
    (HEALTHCHECK, &["test", "command", "run", "exec"], "cmd"),
    (HEALTHCHECK, &["disable", "disabled"], "write `none = true`"),
    (
        HEALTHCHECK,
        &["httpget", "tcpsocket", "http", "url"],
        "use `cmd` for the command to run in the container, such as [\"curl\", \"-f\", \"http://localhost:8080/\"]",
    ),
    (HEALTHCHECK, &["period", "periodsecond"], "interval"),
    (HEALTHCHECK, &["initialdelaysecond", "delay", "initialdelay"], "start-period"),
    (HEALTHCHECK, &["timeoutsecond"], "timeout"),
    (HEALTHCHECK, &["failurethreshold", "retry"], "retries"),
    // Origins of files or of a base
    (
        FROM,
        &["name", "ref", "reference", "repository", "tag", "digest"],
        "write the reference as one value: `{ image = \"NAME:TAG\" }`",
    ),
    (
        FROM,
        &["git", "http", "url", "repo"],
        "declare it in [sources.NAME] and write `{ source = \"NAME\" }`",
    ),
    (FROM, &["build", "file"], "use `dockerfile` for the path of a Dockerfile"),
    (
        FROM,
        &["path", "dir", "directory"],
        "use `context` with a name passed as `--build-context NAME=PATH`",
    ),
    (SOURCE, &["url", "repo", "repository"], "use `git` for a repository, `http` for a file"),
    (SOURCE, &["type"], "remove it: `git`, `http`, `image` or `context` sets the kind of source"),
    (SOURCE, &["fetch", "download"], "http"),
    (SOURCE, &["branch", "tag", "rev", "revision", "commit", "version"], "ref"),
    (SOURCE, &["sha256", "sha256sum", "hash", "digest", "integrity"], "checksum"),
    (SOURCE, &["unpack", "untar"], "extract"),
    (
        SOURCE,
        &["path", "dir", "directory", "local"],
        "files of the build context need no source; for another directory, use `context` and pass `--build-context NAME=PATH`",
    ),
    (SOURCE, &["dockerfile"], "put it in a stage: `from = { dockerfile = \"Dockerfile\" }`"),
    // Args
    (ARG, &["value", "defaultvalue"], "default"),
    (ARG, &["choice", "enum", "allowed", "option", "allowedvalue", "oneof"], "values"),
    (ARG, &["regex", "regexp", "match", "validation"], "pattern"),
    (ARG, &["desc", "help", "doc", "comment"], "description"),
    (ARG, &["optional"], "remove it: args are optional unless `required = true` is set"),
    (ARG, &["kind"], "type"),
    // The build file
    (
        FILE,
        &["env", "environment", "variable"],
        "use [vars] for constants of the file, `env` in [stages.NAME] for environment variables",
    ),
    (FILE, &["arg", "buildarg", "param", "parameter"], "args"),
    (
        FILE,
        &["service"],
        "the header of a stage is [stages.NAME]; use Compose to run several containers",
    ),
    (
        FILE,
        &["target", "job", "build"],
        "the header of a stage is [stages.NAME]; set the default target with `default = \"NAME\"`",
    ),
    (FILE, &["defaulttarget"], "default"),
    (FILE, &["version", "name"], "remove it: a build file has no version and no name"),
    (FILE, &["syntax"], "write it as a comment in the first line: # syntax=myorg/mstage"),
    (FILE, &["escape"], "remove it: it applies only to Dockerfiles"),
    (FILE, &["dockerignore", "exclude"], "ignore"),
    (FILE, &["import", "extend"], "include"),
    (FILE, &["secret"], "put it in `mounts`: `[{ secret = \"ID\" }]`"),
    (
        FILE,
        &["platform"],
        "set `platform` in a stage, or pass `--platform` for the platforms of the build",
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
    "use `expose = [8080]` in [stages.NAME.image]; ports are published when a container is run";
const RUNTIME: &str = "remove it: it is set when a container is run, not in an image";

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
