//! `RUN --mount=...` and `RUN --device=...`: lists of fields in one flag.
//!
//! Follows `commands_runmount.go` and `commands_rundevice.go` in `frontend/dockerfile/instructions` of BuildKit.

use super::word::{DeviceFlag, Word};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported, list, suggesting};
use crate::source::{Span, Spanned};
use buildkit_frontend::{csv, parse_bool};

/// A mount as written. Values are raw: they still contain `$NAME`.
#[derive(Debug, Clone)]
pub struct MountFlag {
    /// The whole flag.
    pub span: Span,
    /// The value of `type`.
    pub kind: MountKind,
    /// The value of `from`, in which variables are not expanded.
    pub from: Option<String>,
    /// The value of `source` or `src`.
    pub source: Option<String>,
    /// The value of `target`, `dst` or `destination`.
    pub target: Option<String>,
    /// The value of `id`.
    pub id: Option<String>,
    /// The value of `sharing`.
    pub sharing: Option<String>,
    /// The value of `size`.
    pub size: Option<String>,
    /// The value of `mode`.
    pub mode: Option<String>,
    /// The value of `uid`.
    pub uid: Option<String>,
    /// The value of `gid`.
    pub gid: Option<String>,
    /// The value of `env`.
    pub env: Option<String>,
    /// True if the secret or agent is required.
    pub required: bool,
    /// True for `readonly`, false for `readwrite`, `None` if neither is given.
    pub read_only: Option<bool>,
    /// The whole value, if the type contains a variable: the other fields are read by
    /// [`MountFlag::of_type`].
    pub open: Option<OpenMount>,
}

/// A mount whose type contains variables.
#[derive(Debug, Clone)]
pub struct OpenMount {
    /// The value of `type`, raw.
    pub kind: String,
    fields: Vec<String>,
}

/// The kinds of mounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MountKind {
    /// `bind`, the default.
    Bind,
    /// `cache`.
    Cache,
    /// `tmpfs`.
    Tmpfs,
    /// `secret`.
    Secret,
    /// `ssh`.
    Ssh,
}

impl MountKind {
    const ALL: [MountKind; 5] =
        [MountKind::Bind, MountKind::Cache, MountKind::Tmpfs, MountKind::Secret, MountKind::Ssh];

    /// The value of `type`.
    pub fn name(self) -> &'static str {
        match self {
            MountKind::Bind => "bind",
            MountKind::Cache => "cache",
            MountKind::Tmpfs => "tmpfs",
            MountKind::Secret => "secret",
            MountKind::Ssh => "ssh",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    fn has_required(self) -> bool {
        matches!(self, MountKind::Secret | MountKind::Ssh)
    }
}

/// The keys of a mount, as BuildKit lists them in its error message.
const KEYS: [&str; 19] = [
    "type",
    "from",
    "source",
    "target",
    "readonly",
    "id",
    "sharing",
    "required",
    "size",
    "mode",
    "uid",
    "gid",
    "src",
    "dst",
    "destination",
    "ro",
    "rw",
    "readwrite",
    "env",
];

/// An error: its message and the hint.
struct Mistake {
    message: String,
    hint: Option<String>,
}

impl Mistake {
    fn diagnostic(self, span: Span) -> Diagnostic {
        Diagnostic::new(Code::InvalidInstruction, span, self.message).maybe_hint(self.hint)
    }
}

fn mistake<T>(message: impl Into<String>, hint: impl Into<String>) -> Result<T, Mistake> {
    Err(Mistake { message: message.into(), hint: Some(hint.into()) })
}

/// An error about an unknown name, with the most similar known one.
fn unknown<T>(
    message: String,
    name: &str,
    known: &[&str],
    hint: impl Into<String>,
) -> Result<T, Mistake> {
    match suggesting(&message, name, known.iter().copied()) {
        Some(message) => Err(Mistake { message, hint: None }),
        None => mistake(message, hint),
    }
}

/// Parses the value of a `--mount`.
pub(super) fn read(flag: &Word, diagnostics: &mut Diagnostics) -> Result<MountFlag, Reported> {
    let found = fields(&flag.value).and_then(|fields| mount(flag.span, &fields));
    found.map_err(|mistake| diagnostics.report(mistake.diagnostic(flag.span)))
}

/// Parses the value of a `--device`.
pub(super) fn read_device(
    flag: &Word,
    diagnostics: &mut Diagnostics,
) -> Result<DeviceFlag, Reported> {
    let found = fields(&flag.value).and_then(|fields| device(flag.span, fields));
    found.map_err(|mistake| diagnostics.report(mistake.diagnostic(flag.span)))
}

fn fields(text: &str) -> Result<Vec<String>, Mistake> {
    csv::fields(text).or_else(|problem| {
        mistake(
            format!("failed to parse csv mounts: {problem}"),
            "separate fields with commas, and put a field that contains a comma in double quotes",
        )
    })
}

/// The value of `type`, if it contains variables.
fn open_type(fields: &[String]) -> Option<&str> {
    let mut kinds = fields.iter().rev().filter_map(|field| field.split_once('='));
    let (_, kind) = kinds.find(|(key, _)| key.eq_ignore_ascii_case("type"))?;
    kind.contains('$').then_some(kind)
}

fn mount(span: Span, fields: &[String]) -> Result<MountFlag, Mistake> {
    let mut found = MountFlag {
        span,
        kind: MountKind::Bind,
        from: None,
        source: None,
        target: None,
        id: None,
        sharing: None,
        size: None,
        mode: None,
        uid: None,
        gid: None,
        env: None,
        required: false,
        read_only: None,
        open: None,
    };
    if let Some(kind) = open_type(fields) {
        found.open = Some(OpenMount { kind: kind.to_owned(), fields: fields.to_vec() });
        return Ok(found);
    }
    for field in fields {
        match field.split_once('=') {
            Some((key, value)) => found.set(field, &key.to_ascii_lowercase(), value)?,
            None => found.set_switch(field)?,
        }
    }
    found.check()?;
    Ok(found)
}

impl MountFlag {
    /// Parses a mount whose type was open, now that it is known. The error is BuildKit's message.
    pub fn of_type(&self, open: &OpenMount, kind: &str) -> Result<MountFlag, String> {
        let fields: Vec<String> = open.fields.iter().map(|field| with_type(field, kind)).collect();
        if kind.contains('$') {
            return Err(format!("unsupported mount type \"{kind}\""));
        }
        mount(self.span, &fields).map_err(|mistake| mistake.message)
    }

    /// Sets a field that has no value.
    fn set_switch(&mut self, field: &str) -> Result<(), Mistake> {
        match &*field.to_ascii_lowercase() {
            "readonly" | "ro" => self.read_only = Some(true),
            "readwrite" | "rw" => self.read_only = Some(false),
            "required" if self.kind.has_required() => self.required = true,
            "required" => return self.unexpected("required"),
            _ => {
                return mistake(
                    format!("invalid field '{field}' must be a key=value pair"),
                    "only `readonly`, `readwrite` and `required` have no value",
                );
            }
        }
        Ok(())
    }

    /// Sets a field that has a value.
    fn set(&mut self, field: &str, key: &str, value: &str) -> Result<(), Mistake> {
        let text = Some(value.to_owned());
        match key {
            "type" => match MountKind::named(value) {
                Some(kind) => self.kind = kind,
                None => {
                    let kinds = MountKind::ALL.map(MountKind::name);
                    return unknown(
                        format!("unsupported mount type \"{value}\""),
                        value,
                        &kinds,
                        format!("the types are {}", list(kinds)),
                    );
                }
            },
            "from" => {
                if value.find('$').is_some_and(|at| at + 1 < value.len()) {
                    return mistake(
                        "'from' doesn't support variable expansion, define alias stage instead",
                        "write `FROM ... AS name` above, and `from=name` here",
                    );
                }
                self.from = text;
            }
            "source" | "src" => self.source = text,
            "target" | "dst" | "destination" => self.target = text,
            "readonly" | "ro" => self.read_only = Some(truth(key, value)?),
            "readwrite" | "rw" => self.read_only = Some(!truth(key, value)?),
            "required" if self.kind.has_required() => self.required = truth(key, value)?,
            "size" if self.kind == MountKind::Tmpfs => self.size = text,
            "required" | "size" => return self.unexpected(key),
            "id" => self.id = text,
            "sharing" => {
                const MODES: [&str; 3] = ["shared", "private", "locked"];
                let value = value.to_ascii_lowercase();
                if !value.contains('$') && !MODES.contains(&&*value) {
                    return unknown(
                        format!("unsupported sharing value \"{value}\""),
                        &value,
                        &MODES,
                        format!("the values are {}", list(MODES)),
                    );
                }
                self.sharing = Some(value);
            }
            "mode" => self.mode = Some(number(value, 8, "mode")?),
            "uid" => self.uid = Some(number(value, 10, "uid")?),
            "gid" => self.gid = Some(number(value, 10, "gid")?),
            "env" => self.env = text,
            _ => {
                return unknown(
                    format!("unexpected key '{key}' in '{field}'"),
                    key,
                    &KEYS,
                    "see RUN --mount in the Dockerfile reference for the keys of a mount",
                );
            }
        }
        Ok(())
    }

    fn unexpected(&self, key: &str) -> Result<(), Mistake> {
        mistake(
            format!("unexpected key '{key}' for mount type '{}'", self.kind.name()),
            match key {
                "size" => "`size` is only for `type=tmpfs`, which must come before it",
                _ => {
                    "`required` is only for `type=secret` and `type=ssh`, which must come before it"
                }
            },
        )
    }

    /// Checks the combination of fields.
    fn check(&self) -> Result<(), Mistake> {
        let kind = self.kind.name();
        if matches!(self.kind, MountKind::Bind | MountKind::Tmpfs) {
            let owners = [("mode", &self.mode), ("uid", &self.uid), ("gid", &self.gid)];
            if let Some((key, _)) = owners.iter().find(|(_, value)| value.is_some()) {
                return mistake(
                    format!("{key} not allowed for \"{kind}\" type mounts"),
                    "it is only for cache, secret and ssh mounts",
                );
            }
        }
        let sharing = self.sharing.as_deref().filter(|sharing| !sharing.is_empty());
        if self.kind == MountKind::Secret {
            if !is_empty(&self.from) {
                return mistake("secret mount should not have a from", "remove `from`");
            }
            if sharing.is_some() {
                return mistake("secret mount should not define sharing", "remove `sharing`");
            }
            if is_empty(&self.source) && is_empty(&self.target) && is_empty(&self.id) {
                return mistake(
                    "invalid secret mount. one of source, target required",
                    "write `id=NAME`, with the name given to `--secret`",
                );
            }
            if !is_empty(&self.source) && !is_empty(&self.id) {
                return mistake("both source and id can't be set", "remove `source`");
            }
        }
        if sharing.is_some() && self.kind != MountKind::Cache {
            return mistake(
                format!("invalid cache sharing set for {kind} mount"),
                "`sharing` is only for `type=cache`",
            );
        }
        Ok(())
    }
}

fn with_type(field: &str, kind: &str) -> String {
    match field.split_once('=') {
        Some((key, _)) if key.eq_ignore_ascii_case("type") => format!("{key}={kind}"),
        _ => field.to_owned(),
    }
}

fn is_empty(value: &Option<String>) -> bool {
    value.as_deref().unwrap_or("").is_empty()
}

/// Parses the value of a flag.
fn truth(key: &str, value: &str) -> Result<bool, Mistake> {
    match parse_bool(value) {
        Some(truth) => Ok(truth),
        None => mistake(format!("invalid value for {key}: {value}"), "write `true` or `false`"),
    }
}

/// Checks a number. A number with a variable is checked once its value is known.
fn number(value: &str, radix: u32, key: &str) -> Result<String, Mistake> {
    if !value.contains('$') && u32::from_str_radix(value, radix).is_err() {
        return mistake(
            format!("invalid value {value} for {key}"),
            if radix == 8 { "write octal digits, such as 0755" } else { "write a number" },
        );
    }
    Ok(value.to_owned())
}

fn device(span: Span, fields: Vec<String>) -> Result<DeviceFlag, Mistake> {
    let mut name: Option<String> = None;
    let mut required = false;
    for field in fields {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key.to_ascii_lowercase(), Some(value)),
            None => (field.to_ascii_lowercase(), None),
        };
        match (&*key, value) {
            ("required", None) => required = true,
            ("required", Some(value)) => required = truth("required", value)?,
            ("name", Some(value)) => match &name {
                Some(name) => {
                    return mistake(format!("device name already set to {name}"), "write one name");
                }
                None => name = Some(value.to_owned()),
            },
            _ if name.is_none() => name = Some(field),
            (_, None) => {
                return mistake(
                    format!("invalid field '{field}' must be a key=value pair"),
                    "only the name and `required` have no value",
                );
            }
            (_, Some(_)) => {
                return mistake(
                    format!("unexpected key '{key}' in '{field}'"),
                    "the keys of a device are `name` and `required`",
                );
            }
        }
    }
    match name {
        Some(name) if !name.is_empty() => {
            Ok(DeviceFlag { name: Spanned { value: name, span }, required })
        }
        _ => mistake("a device has no name", "write `--device=vendor.com/class=name`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(value: &str) -> Vec<String> {
        let span = Span { start: 0, end: 0 };
        let mut diagnostics = Diagnostics::default();
        _ = read(&Spanned { value: value.to_owned(), span }, &mut diagnostics);
        diagnostics.errors().iter().map(|error| error.message.clone()).collect()
    }

    #[test]
    fn mounts_that_are_right() {
        for value in [
            "type=cache,target=/c,uid=1000,sharing=locked",
            "target=/x",
            "type=secret,id=a,required",
            "TYPE=ssh,required=true,mode=0600",
            "type=tmpfs,size=64m,target=/t",
            "type=cache,target=/c,mode=${MODE}",
            "type=bind,\"target=/a,b\",rw",
        ] {
            assert_eq!(reported(value), [""; 0], "{value}");
        }
    }

    #[test]
    fn mounts_that_are_wrong_have_the_words_of_buildkit() {
        for (value, expected) in [
            ("type=cach", "unsupported mount type \"cach\" (did you mean cache?)"),
            ("taget=/x", "unexpected key 'taget' in 'taget=/x' (did you mean target?)"),
            ("required,type=secret", "unexpected key 'required' for mount type 'bind'"),
            ("type=secret", "invalid secret mount. one of source, target required"),
            ("type=bind,uid=1", "uid not allowed for \"bind\" type mounts"),
            ("type=cache,mode=9", "invalid value 9 for mode"),
            ("from=$X", "'from' doesn't support variable expansion, define alias stage instead"),
            ("readonly=maybe", "invalid value for readonly: maybe"),
            ("junk", "invalid field 'junk' must be a key=value pair"),
        ] {
            assert_eq!(reported(value), [expected], "{value}");
        }
    }

    #[test]
    fn devices() {
        let read = |value: &str| {
            let word = Spanned { value: value.to_owned(), span: Span { start: 0, end: 0 } };
            let mut diagnostics = Diagnostics::default();
            let device = read_device(&word, &mut diagnostics).ok();
            device.map(|device| (device.name.value, device.required))
        };
        assert_eq!(read("vendor/d=foo,required"), Some(("vendor/d=foo".to_owned(), true)));
        assert_eq!(read("name=vendor/d=foo"), Some(("vendor/d=foo".to_owned(), false)));
        assert_eq!(read("vendor/d=foo,name=other"), None);
        assert_eq!(read(""), None);
    }
}
