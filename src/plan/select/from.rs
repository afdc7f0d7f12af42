//! Resolution of `from`.
//!
//! Input: a `from`, and all names. Output: a [`Meaning`]. Must not depend on which stages the build
//! needs.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::Platform;

use super::declared::{Declared, DeclaredId};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported, did_you_mean};
use crate::plan::context::{ContextSource, Dockerfile};
use crate::plan::platform::platform_of;
use crate::plan::request::Request;
use crate::plan::scope::Scope;
use crate::reference::{Reference, hint_about, placeholder};
use crate::rules::near_stage_name;
use crate::source::{Span, Spanned};
use crate::spec::{ArgName, From, Scalar, Spec, StageName, Template};

/// The meaning of a `from`, before it is known which stages the build needs.
pub(super) enum Meaning {
    Stage(DeclaredId),
    Outside(Outside),
}

/// A source that is not a stage of the file.
pub(super) enum Outside {
    Scratch,
    /// An image, by a name without another meaning.
    Image(Reference, Platform),
    /// An image that the spec declares as one, here or as a source, with the span of the
    /// declaration.
    DeclaredImage(Reference, Platform, Span),
    /// A named context, with the platform for which it is used.
    Context(String, ContextSource, Platform),
    /// A source of the spec that is not an image, with the span of its declaration.
    Source(String, ContextSource, Span),
}

/// The context for resolving the `from`s of a stage.
pub(super) struct FromLookup<'a, 's> {
    /// The stage that contains them.
    pub(super) own: &'a StageName,
    pub(super) stages: &'a Declared<'s>,
    pub(super) spec: &'s Spec,
    pub(super) scope: &'a Scope<'s>,
    pub(super) request: &'a Request,
    /// The `from`s in `[mounts]`. Each belongs to every stage that uses the set, and has the same
    /// meaning in all of them.
    pub(super) shared: &'a BTreeSet<Span>,
}

impl FromLookup<'_, '_> {
    /// Resolves a `from`: a build context with that name, a stage, a source, `scratch`, or an
    /// image, in that order. A stage's own name means the image with that name, except in a set of
    /// mounts. `platform` is the default for an image.
    pub(super) fn meaning(
        &self,
        from: &Spanned<From>,
        platform: &Platform,
        diagnostics: &mut Diagnostics,
    ) -> Result<Meaning, Reported> {
        let text = self.scope.expand(from.template(), diagnostics)?;
        if let From::Dockerfile { target, args, .. } = &from.value {
            let file = text.to_string();
            return self.dockerfile(from.span, file, target.as_ref(), args, platform, diagnostics);
        }
        let own = match from.platform() {
            Some(own) => {
                Some(platform_of(own, self.scope, &self.request.build_platform, diagnostics)?)
            }
            None => None,
        };
        let platform = own.as_ref().unwrap_or(platform);
        // A context that replaces a stage has been applied already.
        let stage = self.stages.find(&text);
        match (&from.value, stage) {
            (From::Name(_), Some(at))
                if text != self.own.as_str() || self.shared.contains(&from.span) =>
            {
                self.stage(at, from, diagnostics)
            }
            (From::Name(_), _) if let Some(source) = self.spec.sources.get(text.as_str()) => {
                self.source(&text, source, platform, diagnostics)
            }
            (From::Name(_) | From::Stage(_) | From::Source(_), None)
                if self.spec.is_unread(&text) =>
            {
                // As with an image whose lookup failed, nothing is known about it, and the stage is
                // still checked for other errors.
                Ok(Meaning::Outside(Outside::Image(placeholder("unread"), platform.clone())))
            }
            // No registry has an image with this reserved name.
            (From::Name(_) | From::Image { .. }, _) if text == "scratch" => {
                Ok(Meaning::Outside(Outside::Scratch))
            }
            (From::Source(_), _) => match self.spec.sources.get(text.as_str()) {
                Some(source) => self.source(&text, source, platform, diagnostics),
                None => diagnostics.error(self.unknown_source(from.span, &text)),
            },
            (From::Merge { .. }, _) => diagnostics.error(
                Diagnostic::new(
                    Code::InvalidValue,
                    from.span,
                    "`merge` is only allowed in the `from` of a stage",
                )
                .hint("define a stage with the merge, and copy from that stage"),
            ),
            (From::Stage(_), Some(at)) => self.stage(at, from, diagnostics),
            (From::Stage(_), None) => {
                let unknown = self.stages.unknown(Code::UnknownStage, from.span, &text);
                diagnostics.error(match self.spec.sources.contains_key(text.as_str()) {
                    true => unknown
                        .hint(format!("`{text}` is a source: use a stage that starts from it")),
                    false => unknown,
                })
            }
            (From::Context(_), _) => self.given_context(&text, from.span, platform, diagnostics),
            (From::Name(_) | From::Image { .. } | From::Dockerfile { .. }, _) => {
                match self.context(&text, platform) {
                    Some(context) => Ok(context),
                    None => self.image(from, &text, platform, diagnostics),
                }
            }
        }
    }

    /// The build context with that name, if the client gives one.
    pub(super) fn context(&self, name: &str, platform: &Platform) -> Option<Meaning> {
        let (name, source) = self.request.contexts.find(name, platform)?;
        Some(Meaning::Outside(Outside::Context(name.to_owned(), source.clone(), platform.clone())))
    }

    /// The build context with that name, which is required.
    pub(super) fn given_context(
        &self,
        name: &str,
        span: Span,
        platform: &Platform,
        diagnostics: &mut Diagnostics,
    ) -> Result<Meaning, Reported> {
        if let Some(context) = self.context(name, platform) {
            return Ok(context);
        }
        let contexts = self.request.contexts.iter().map(|(name, _)| name);
        let hint = did_you_mean(name, contexts)
            .unwrap_or_else(|| format!("pass `--build-context {name}=...`"));
        let message = format!("there is no build context `{name}`");
        diagnostics.error(Diagnostic::new(Code::UnknownContext, span, message).hint(hint))
    }

    /// The result of a Dockerfile, as a build context with a name that no client gives.
    fn dockerfile(
        &self,
        span: Span,
        file: String,
        target: Option<&Template>,
        args: &BTreeMap<ArgName, Scalar>,
        platform: &Platform,
        diagnostics: &mut Diagnostics,
    ) -> Result<Meaning, Reported> {
        // An error in one does not hide errors in others.
        let mut expand =
            |template: &Template| Ok(self.scope.expand(template, diagnostics)?.to_string());
        let target = target.map(&mut expand);
        match crate::plan::path::inside(&file.as_str().into()) {
            None => {
                let message = format!("`{file}` is outside the directory of the build file");
                return diagnostics.error(Diagnostic::new(Code::PathOutside, span, message).hint(
                    "move the build file into a directory that contains both, or copy the Dockerfile",
                ));
            }
            Some(directory) if directory == "/" => {
                let message = format!("`{file}` is a directory");
                return diagnostics.error(
                    Diagnostic::new(Code::InvalidValue, span, message)
                        .hint("name the file: `{ dockerfile = \"Dockerfile\" }`"),
                );
            }
            Some(_) => {}
        }
        let args: Vec<_> =
            args.iter().map(|(name, Scalar(value))| (name.to_string(), expand(value))).collect();
        let target: Option<String> = target.transpose()?;
        let mut values = BTreeMap::new();
        for (name, value) in args {
            values.insert(name, value?);
        }
        let of_target = target.as_ref().map(|target| format!(":{target}")).unwrap_or_default();
        let of_args: String = values.iter().map(|(arg, value)| format!(" {arg}={value}")).collect();
        let name = format!("{file}{of_target}{of_args} for {}", platform.id());
        let dockerfile = Dockerfile { file, target, args: values, platform: platform.clone() };
        Ok(Meaning::Outside(Outside::Context(
            name,
            ContextSource::Dockerfile(dockerfile),
            platform.clone(),
        )))
    }

    fn stage(
        &self,
        at: DeclaredId,
        from: &Spanned<From>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Meaning, Reported> {
        let stage = &self.stages.list[at];
        let Some(absence) = &stage.absence else { return Ok(Meaning::Stage(at)) };
        let name = stage.name.as_str();
        diagnostics.error(absence.of_stage(Code::AbsentStage, Some(from.span), name))
    }

    fn image(
        &self,
        from: &Spanned<From>,
        text: &str,
        platform: &Platform,
        diagnostics: &mut Diagnostics,
    ) -> Result<Meaning, Reported> {
        match Reference::parse(text) {
            Ok(reference) => {
                let is_name = matches!(from.value, From::Name(_));
                if let Some(near) = self.nearly_a_stage(text).filter(|_| is_name) {
                    diagnostics.push(near_stage_name::found(text, near, from.span));
                }
                let reference = self.request.locking.image(reference, from.span, diagnostics);
                Ok(match is_name {
                    true => Meaning::Outside(Outside::Image(reference, platform.clone())),
                    false => Meaning::Outside(Outside::DeclaredImage(
                        reference,
                        platform.clone(),
                        from.span,
                    )),
                })
            }
            Err(err) => diagnostics.error(
                Diagnostic::new(Code::InvalidReference, from.span, err.to_string()).maybe_hint(
                    hint_about(text).or_else(|| self.stages.known.did_you_mean(text, [])),
                ),
            ),
        }
    }

    /// The stage with a name at edit distance one from an unknown name.
    fn nearly_a_stage<'n>(&'n self, name: &'n str) -> Option<&'n str> {
        // Most images have a tag or a registry, which the name of a stage cannot have.
        let could_be = name.len() > 3 && !name.contains([':', '/', '.', '@']);
        let near = match name.strip_prefix("stages.") {
            Some(stage) => self.stages.find(stage).is_some().then_some(stage),
            None if could_be => self.stages.known.one_slip(name),
            None => None,
        };
        near.filter(|&near| near != self.own.as_str())
    }
}
