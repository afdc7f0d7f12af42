//! The checks of a Dockerfile with the client's options and the lookups of the build, and the
//! client's options as its build file needs them.

use buildkit_llb::Platform;

use crate::convert::{self, scans_context};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::dockerfile::checks::{Config, FromProblem, IgnoreFile, check_file, check_stages};
use crate::dockerfile::evaluate::{Base, BaseImage, Images, Input};
use crate::dockerfile::{Dockerfile, is_dockerfile, parse};
use crate::plan::{
    CACHES, ContextSource, Facts, ImageConfig, Request, SbomScope, Selection, Stages,
    platform_args, platform_of_base,
};
use crate::reference::Reference;
use crate::source::SourceFile;

/// The client's configuration of checks, which overrides that of the Dockerfile.
const ARG: &str = "BUILDKIT_DOCKERFILE_CHECK";

/// The values in a build of a Dockerfile.
pub(crate) fn input<'i>(
    file: &'i SourceFile,
    dockerfile: &'i Dockerfile,
    request: &'i Request,
) -> Input<'i> {
    let target = request.target.as_deref();
    Input {
        predefined: platform_args(request),
        target: target.map(|target| target.strip_suffix(".report").unwrap_or(target)),
        ..Input::new(file, dockerfile, &request.build_args)
    }
}

/// The configuration of the checks. The error is BuildKit's message.
fn config(dockerfile: &Dockerfile, request: &Request) -> Result<Config, String> {
    let directive = dockerfile.directives.check.as_ref();
    // The text after a space is a remark.
    let directive = directive.and_then(|check| check.value.split(' ').next());
    let text = request.build_args.get(ARG).map(String::as_str).or(directive);
    Config::parse(text.unwrap_or_default())
}

/// Runs the checks of a Dockerfile that need no lookups. `diagnostics` contains its syntax errors,
/// and gets the findings and further errors that fail every build.
pub(crate) fn check_text(
    file: &SourceFile,
    dockerfile: &Dockerfile,
    request: &Request,
    diagnostics: &mut Diagnostics,
) {
    let config = match (config(dockerfile, request), &dockerfile.directives.check) {
        (Ok(config), _) => config,
        (Err(problem), Some(check)) if !request.build_args.contains_key(ARG) => {
            let message = format!("failed to parse check options: {problem}");
            let hint = "write `# check=skip=RULE,RULE;error=true`";
            diagnostics
                .push(Diagnostic::new(Code::InvalidDirective, check.span, message).hint(hint));
            return;
        }
        // An invalid option of the client is reported for every build file.
        (Err(_), _) => return,
    };
    let errors = diagnostics.errors();
    // After an unterminated heredoc, the rest of the file is unknown.
    if errors.iter().any(|error| matches!(error.code, Code::UnterminatedHeredoc | Code::NotText)) {
        return;
    }
    let mistakes = errors.iter().filter_map(|error| Some(file.line(error.span?.start)));
    let input = input(file, dockerfile, request);
    let (findings, problem) = check_file(&input, &config, mistakes.min());
    diagnostics.add_dockerfile(findings);
    if let Some(FromProblem { stage, message }) = problem {
        let header = &dockerfile.stages[stage].header;
        let word = header.platform.as_ref().filter(|_| !message.starts_with("base name"));
        let span = word.unwrap_or(&header.base).span;
        diagnostics.push(Diagnostic::new(Code::InvalidReference, span, message).hint(
            "declare its args above the first `FROM`, and give them a default or pass --build-arg",
        ));
    }
}

/// Checks the stages of a Dockerfile: those that the target needs, or all. `ignore` are the patterns
/// of the ignore file.
pub(crate) fn check_built(
    file: &SourceFile,
    dockerfile: &Dockerfile,
    selection: &Selection<'_>,
    facts: &Facts,
    ignore: &[String],
    all: bool,
    diagnostics: &mut Diagnostics,
) {
    let request = selection.request();
    let Ok(config) = config(dockerfile, request) else { return };
    if diagnostics.has_errors() {
        return;
    }
    let known = Known { selection, facts, request };
    let ignore = IgnoreFile::new(ignore);
    let input = input(file, dockerfile, request);
    diagnostics.add_dockerfile(check_stages(&input, &config, &known, ignore.as_ref(), all));
}

/// Adapts a request to the file: the stages of a Dockerfile are named in lower case.
pub fn for_file(request: &mut Request, file: &SourceFile) {
    if !is_dockerfile(file) {
        return;
    }
    request.is_dockerfile = true;
    // The caches of all needed stages belong to the default target.
    let caches = request.target.take_if(|target| target == CACHES);
    let target = request.target.take();
    // Errors in the file are reported by the build.
    let dockerfile = parse(file, &mut Diagnostics::default());
    let last = dockerfile.stages.last().map(|stage| &stage.header);
    let named = dockerfile.stages.iter().rposition(|stage| {
        let name = stage.header.name.as_ref();
        name.zip(target.as_ref())
            .is_some_and(|(name, target)| name.value.eq_ignore_ascii_case(target))
    });
    request.target_stage = match &target {
        Some(target) => Some(target.clone()),
        None => last.map(|last| {
            // Stage names are in lower case (`parseBuildStageName`).
            last.name.as_ref().map_or_else(String::new, |name| name.value.to_lowercase())
        }),
    };
    // In a Dockerfile, these options are set with `ARG`.
    request.sbom = SbomScope {
        context: scans_context(&dockerfile, &request.build_args, named),
        stages: Stages::None,
    };
    request.target = target.map(|target| match &*target {
        crate::lock::TARGET | convert::TARGET => target,
        _ => match target.strip_suffix(".report") {
            Some(stage) => format!("{}.report", convert::target(stage)),
            None => convert::target(&target),
        },
    });
    request.target = caches.or(request.target.take());
}

/// The results of lookups for a build.
struct Known<'k> {
    selection: &'k Selection<'k>,
    facts: &'k Facts,
    request: &'k Request,
}

impl Images for Known<'_> {
    fn image(&self, name: &str, platform: Option<&str>) -> Base {
        let build = &self.request.build_platform;
        let asked = platform.and_then(|platform| Platform::parse(platform, build).ok());
        let platform = asked.as_ref().unwrap_or(&self.request.target_platform);
        if let Some(context) = self.context(name, platform) {
            return context;
        }
        let Ok(reference) = Reference::parse(name) else { return Base::Unknown };
        let images = self.selection.images().iter().zip(&self.facts.images);
        let mut images = images.filter(|(query, _)| {
            query.reference == reference && query.context.is_none() && query.layout.is_none()
        });
        let Some((_, Some(fact))) =
            images.clone().find(|(query, _)| query.platform == *platform).or(images.next())
        else {
            return Base::Unknown;
        };
        let Ok(config) = ImageConfig::parse(&fact.config) else { return Base::Unknown };
        let is_taken_over = asked.is_none() && platform_of_base(&config, self.request).is_some();
        let other_platform = other_platform(&config, platform).filter(|_| !is_taken_over);
        Base::Image(BaseImage { other_platform, ..image(config) })
    }

    fn replacement(&self, stage: &str) -> Option<Base> {
        self.context(stage, &self.request.target_platform)
    }
}

impl Known<'_> {
    /// The client's build context with a name.
    fn context(&self, name: &str, platform: &Platform) -> Option<Base> {
        let (key, source) = self.request.contexts.find(name, platform)?;
        let config = match source {
            ContextSource::Image(_) | ContextSource::OciLayout { .. } => {
                let mut images = self.selection.images().iter().zip(&self.facts.images);
                let found = images.find(|(query, _)| query.context.as_deref() == Some(key));
                let Some((_, Some(fact))) = found else { return Some(Base::Unknown) };
                Some(&fact.config)
            }
            ContextSource::Input(_) => {
                let mut contexts = self.selection.contexts().iter().zip(&self.facts.contexts);
                let found = contexts.find(|(query, _)| query.name == key);
                let Some((_, Some(fact))) = found else { return Some(Base::Unknown) };
                fact.config.as_ref()
            }
            ContextSource::Target(_) => return Some(Base::Unknown),
            // Plain files have no config.
            ContextSource::Local(_)
            | ContextSource::Git(_)
            | ContextSource::Http(_)
            | ContextSource::Scratch
            | ContextSource::Dockerfile(_) => None,
        };
        let Some(config) = config else { return Some(Base::Image(BaseImage::default())) };
        Some(ImageConfig::parse(config).map_or(Base::Unknown, |config| Base::Image(image(config))))
    }
}

/// The checked parts of an image's config.
fn image(config: ImageConfig) -> BaseImage {
    BaseImage {
        env: config.config.env,
        has_shell: config.config.shell.is_some_and(|shell| !shell.is_empty()),
        triggers: config.config.on_build,
        other_platform: None,
        is_windows: config.os == "windows",
    }
}

/// The requested platform and that of the image, if they differ. Irrelevant for an image without
/// files.
fn other_platform(config: &ImageConfig, wanted: &Platform) -> Option<[String; 2]> {
    let is_empty = config.rootfs.diff_ids.is_empty()
        && config.history.iter().all(|history| history.empty_layer);
    if is_empty || config.os == wanted.os() && config.architecture == wanted.architecture() {
        return None;
    }
    let found = Platform::new(&config.os, &config.architecture, &config.variant);
    let found = found.map(|found| found.with_os_version(config.os_version.as_str()).id());
    // containerd's word for a platform without an operating system.
    Some([wanted.id(), found.unwrap_or_else(|_| "unknown".to_owned())])
}
