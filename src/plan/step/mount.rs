//! Mounts of processes.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::FileName;

use super::{Form, outside, parse};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::plan::origin::Origins;
use crate::plan::owner::{Id, Mode, Owner};
use crate::plan::stage_scope::StageScope;
use crate::plan::{MountKind, PlannedMount, SecretEnv, path};
use crate::source::Span;
use crate::spec::{
    BindMount, CacheMount, Mount, MountList, Scalar, SecretMount, Sharing, SshMount, Template,
    TmpfsMount, is_env_name,
};
use crate::text::Text;

const FILE_MODE: Form<u32> = Form {
    parse: |text| match Mode::parse(text) {
        Some(Mode::Octal(mode)) => Some(mode),
        Some(Mode::Everywhere(_) | Mode::Symbolic(_)) | None => None,
    },
    what: "a mode",
    hint: "write octal digits such as \"0400\"",
};

const NUMBER: Form<u32> =
    Form { parse: number, what: "a number", hint: "write an id such as 1000" };

/// Parses decimal digits only: Rust would accept a sign.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

const VARIABLE: Form<Text> = Form {
    parse: |text| is_env_name(text).then(|| text.into()),
    what: "the name of an environment variable",
    hint: "names have no `=` and no whitespace",
};

const SIZE: Form<u64> = Form {
    parse: |text| {
        let unit = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let factor = match text[unit.len()..].to_ascii_lowercase().trim_end_matches('b') {
            "" => 1,
            "k" => 1 << 10,
            "m" => 1 << 20,
            "g" => 1 << 30,
            _ => return None,
        };
        unit.parse::<u64>().ok()?.checked_mul(factor)
    },
    what: "a size",
    hint: "write a number of bytes, or a number with a unit, such as \"64m\"",
};

/// The context for planning mounts.
struct MountPlanner<'a, 's> {
    /// The base of relative paths.
    workdir: &'a Text,
    values: &'a StageScope<'a, 's>,
    origins: &'a Origins,
}

/// Mounts with absolute paths. `workdir` is the base of relative ones. Mounts with a reported error
/// are left out.
pub(in crate::plan) fn plan_mounts(
    mounts: &MountList,
    workdir: &Text,
    values: &StageScope<'_, '_>,
    origins: &Origins,
    diagnostics: &mut Diagnostics,
) -> Vec<PlannedMount> {
    let planner = MountPlanner { workdir, values, origins };
    let mut planned: Vec<PlannedMount> = Vec::with_capacity(mounts.len());
    let mut places: BTreeMap<Text, Span> = BTreeMap::new();
    for mount in mounts.iter() {
        let Ok(Some((span, mount))) = planner.plan(mount, diagnostics) else { continue };
        match places.get(&mount.destination) {
            Some(&first) => diagnostics.push(
                Diagnostic::new(
                    Code::ConflictingKeys,
                    span,
                    format!("two mounts have the same target `{}`", mount.destination),
                )
                .hint("only one would be visible: change the path of one")
                .related(first, "the other mount"),
            ),
            None => {
                places.insert(mount.destination.clone(), span);
                planned.push(mount);
            }
        }
    }
    planned
}

/// The secrets among mounts that are environment variables.
pub(in crate::plan) fn plan_secrets(
    mounts: &MountList,
    values: &StageScope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Vec<SecretEnv> {
    let mut secrets: Vec<SecretEnv> = Vec::new();
    let mut places: BTreeMap<Text, Span> = BTreeMap::new();
    for mount in mounts.iter() {
        let Mount::Secret(SecretMount { id, env: Some(env), required, .. }) = mount else {
            continue;
        };
        if let (Ok(id), Ok(name)) =
            (values.expand(id, diagnostics), parse(values, env, VARIABLE, diagnostics))
        {
            if let Some(first) = places.insert(name.clone(), env.span) {
                diagnostics.push(
                    Diagnostic::new(
                        Code::ConflictingKeys,
                        env.span,
                        format!("two secrets use the same variable `{name}`"),
                    )
                    .hint("change the variable of one")
                    .related(first, "the other mount"),
                );
            }
            let required = required.unwrap_or(false);
            secrets.push(SecretEnv { id, name, span: env.span, required });
        }
    }
    secrets
}

/// Reports secrets in variables that already have a value. BuildKit passes both (`loadSecretEnv` in
/// `solver/llbsolver/ops/exec.go`), and programs differ in which one they use. `set` returns the
/// span that sets a variable.
pub(in crate::plan) fn check_secrets(
    secrets: &[SecretEnv],
    set: impl Fn(&str) -> Option<Span>,
    diagnostics: &mut Diagnostics,
) {
    for SecretEnv { name, span, .. } in secrets {
        let Some(other) = set(name).filter(|_| diagnostics.is_of_build_file()) else { continue };
        diagnostics.push(
            Diagnostic::new(
                Code::ConflictingKeys,
                *span,
                format!("variable `{name}` is set both by `env` and by a secret"),
            )
            .hint("remove one, or use another variable for the secret")
            .related(other, "the other value"),
        );
    }
}

/// The stage's mounts, without those that the step replaces, followed by the step's own.
pub(super) fn overlay(stage: &[PlannedMount], own: Vec<PlannedMount>) -> Vec<PlannedMount> {
    if stage.is_empty() {
        return own;
    }
    let taken: BTreeSet<&str> = own.iter().map(|mount| mount.destination.as_str()).collect();
    let kept = stage.iter().filter(|mount| !taken.contains(mount.destination.as_str()));
    let mut all: Vec<PlannedMount> = kept.cloned().collect();
    all.extend(own);
    all
}

impl MountPlanner<'_, '_> {
    /// A mount with the span of its path. `None` if it is a secret that is not a file.
    fn plan(
        &self,
        mount: &Mount,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<(Span, PlannedMount)>, Reported> {
        let (to, span, kind) = match mount {
            Mount::Cache(cache) => self.cache(cache, diagnostics)?,
            Mount::Bind(bind) => self.bind(bind, diagnostics)?,
            Mount::Secret(secret) => match self.secret(secret, diagnostics)? {
                Some(secret) => secret,
                None => return Ok(None),
            },
            Mount::Ssh(ssh) => self.ssh(ssh, diagnostics)?,
            Mount::Tmpfs(tmpfs) => self.tmpfs(tmpfs, diagnostics)?,
        };
        let destination = path::join(self.workdir, &to);
        self.values.scope.spend(destination.len(), span, diagnostics)?;
        if destination == "/" {
            if self.values.hangs_on_lost_workdir(self.workdir, &to) {
                return Err(diagnostics.told_elsewhere());
            }
            return diagnostics.error(
                Diagnostic::new(
                    Code::InvalidValue,
                    span,
                    "invalid mount target `/`: it would hide the whole stage",
                )
                .hint("set another directory with `to`, or set a `workdir`"),
            );
        }
        Ok(Some((span, PlannedMount { destination, kind })))
    }

    fn cache(
        &self,
        cache: &CacheMount,
        diagnostics: &mut Diagnostics,
    ) -> Result<(Text, Span, MountKind), Reported> {
        let path = self.values.expand(&cache.path, diagnostics)?;
        let id = self.values.expand_option(cache.id.as_ref(), diagnostics)?;
        let mode = self.option(cache.mode.as_deref(), FILE_MODE, diagnostics)?;
        let uid = self.number(cache.uid.as_deref(), diagnostics)?;
        let gid = self.number(cache.gid.as_deref(), diagnostics)?;
        let source = self.values.expand_option(cache.source.as_deref(), diagnostics)?;
        let source = match (source, &cache.source) {
            (Some(text), Some(template)) => match path::inside(&text) {
                Some(source) => Some(source),
                None => {
                    let origin = self.origins.of_option(cache.from.as_deref());
                    return diagnostics.error(outside(template.span, &text, origin));
                }
            },
            _ => None,
        };
        let ids = (uid.is_some() || gid.is_some()).then(|| Owner {
            user: Id::Number(uid.unwrap_or(0)),
            // As in Dockerfiles, so that mounts with the same id share a directory.
            group: Some(Id::Number(gid.unwrap_or(0))),
        });
        let ids = ids.map(Box::new);
        let kind = MountKind::Cache {
            id: id.unwrap_or_else(|| path.map(path::clean)),
            sharing: cache.sharing.unwrap_or(Sharing::Shared),
            read_only: cache.read_only.unwrap_or(false),
            owner: ids,
            mode,
            origin: cache.from.as_deref().map(|from| self.origins.of(from)),
            source,
        };
        Ok((path, cache.path.span, kind))
    }

    fn bind(
        &self,
        bind: &BindMount,
        diagnostics: &mut Diagnostics,
    ) -> Result<(Text, Span, MountKind), Reported> {
        let source = self.values.expand(&bind.source, diagnostics)?;
        let to = self.values.expand_option(bind.to.as_ref().map(|to| &to.value), diagnostics)?;
        let origin = self.origins.of_option(bind.from.as_deref());
        let Some(inside) = path::inside(&source) else {
            return diagnostics.error(outside(bind.source.span, &source, origin));
        };
        let span = bind.to.as_ref().map_or(bind.source.span, |to| to.span);
        let kind =
            MountKind::Bind { origin, source: inside, writable: bind.writable.unwrap_or(false) };
        Ok((to.unwrap_or(source), span, kind))
    }

    fn secret(
        &self,
        secret: &SecretMount,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<(Text, Span, MountKind)>, Reported> {
        let id = self.values.expand(&secret.id, diagnostics)?;
        let to = self.values.expand_option(secret.to.as_ref().map(|to| &to.value), diagnostics)?;
        let kind = MountKind::Secret {
            id: id.clone(),
            mode: self.option(secret.mode.as_deref(), FILE_MODE, diagnostics)?.unwrap_or(0o400),
            uid: self.number(secret.uid.as_deref(), diagnostics)?.unwrap_or(0),
            gid: self.number(secret.gid.as_deref(), diagnostics)?.unwrap_or(0),
            required: secret.required.unwrap_or(false),
        };
        // If it is only a variable, it is not a file.
        let path = match (to, &secret.env) {
            (Some(to), _) => to,
            (None, None) => {
                let last = id.rsplit('/').next().unwrap_or_default();
                file_of(&id, last, secret.id.span, diagnostics)?;
                format!("/run/secrets/{last}").into()
            }
            (None, Some(_)) => return Ok(None),
        };
        Ok(Some((path, secret.to.as_ref().map_or(secret.id.span, |to| to.span), kind)))
    }

    fn ssh(
        &self,
        ssh: &SshMount,
        diagnostics: &mut Diagnostics,
    ) -> Result<(Text, Span, MountKind), Reported> {
        let id = self.values.expand(&ssh.id, diagnostics)?;
        let to = self.values.expand_option(ssh.to.as_ref().map(|to| &to.value), diagnostics)?;
        let kind = MountKind::Ssh {
            mode: self.option(ssh.mode.as_deref(), FILE_MODE, diagnostics)?.unwrap_or(0o600),
            uid: self.number(ssh.uid.as_deref(), diagnostics)?.unwrap_or(0),
            gid: self.number(ssh.gid.as_deref(), diagnostics)?.unwrap_or(0),
            required: ssh.required.unwrap_or(false),
            named: to.is_some(),
            id: id.clone(),
        };
        let path = match to {
            Some(to) => to,
            None => {
                for part in id.split('/') {
                    file_of(&id, part, ssh.id.span, diagnostics)?;
                }
                format!("/run/buildkit/ssh_agent.{id}").into()
            }
        };
        Ok((path, ssh.to.as_ref().map_or(ssh.id.span, |to| to.span), kind))
    }

    fn tmpfs(
        &self,
        tmpfs: &TmpfsMount,
        diagnostics: &mut Diagnostics,
    ) -> Result<(Text, Span, MountKind), Reported> {
        let path = self.values.expand(&tmpfs.path, diagnostics)?;
        let size = tmpfs.size.as_ref().map(|size| &size.value.0);
        let size = self.option(size, SIZE, diagnostics)?.unwrap_or(0);
        Ok((path, tmpfs.path.span, MountKind::Tmpfs { size }))
    }

    fn number(
        &self,
        scalar: Option<&Scalar>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<u32>, Reported> {
        self.option(scalar.map(|Scalar(template)| template), NUMBER, diagnostics)
    }

    fn option<T>(
        &self,
        template: Option<&Template>,
        form: Form<T>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<T>, Reported> {
        template.map(|template| parse(self.values, template, form, diagnostics)).transpose()
    }
}

/// Checks the part of an id that becomes a file name in the container.
fn file_of(
    id: &str,
    part: &str,
    span: Span,
    diagnostics: &mut Diagnostics,
) -> Result<(), Reported> {
    if FileName::new(part).is_ok() {
        return Ok(());
    }
    let message = format!("the id `{id}` is not a valid file name");
    diagnostics.error(
        Diagnostic::new(Code::InvalidValue, span, message)
            .hint("set the path with `to = \"/PATH\"`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("1024", Some(1024)),
            ("64m", Some(64 << 20)),
            ("1GB", Some(1 << 30)),
            ("2k", Some(2048)),
        ] {
            assert_eq!((SIZE.parse)(text), bytes, "{text}");
        }
        for text in ["", "m", "1x", "-1", "1.5g", "99999999999999999999", "99999999999g"] {
            assert_eq!((SIZE.parse)(text), None, "{text}");
        }
    }
}
