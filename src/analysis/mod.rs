//! Everything that is known about a build file without an engine.
//!
//! Input: the files, a [`Request`], and the facts about images that the caller has. Output: the
//! [`Spec`] with its diagnostics, and on request a selection or plan for each platform. Does no
//! I/O: included files are read by a function of the caller. The program and the language server
//! use all of it; [`crate::gateway`] uses the parts that need no lookups.

mod dockerfile;
mod files;

pub use self::dockerfile::for_file;
pub(crate) use self::dockerfile::{check_built, check_text, input};
pub(crate) use self::files::{hold, read_ignore, report_invalid};
use crate::convert::{self, ReadDockerfile};
use crate::diagnostic::Diagnostics;
use crate::lower::Engine;
use crate::plan::{Facts, Plan, Request, Selection, check_of, epoch_wanted, resolve, select_alone};
use crate::record;
use crate::rules;
use crate::source::{SourceFile, SourceMap};
use crate::spec::{Absent, FileAddress, Reading, Spec, Wanted};

/// The name of the ignore file of a directory.
pub const IGNORE_FILE: &str = ".dockerignore";

/// A build file with the files next to it.
#[derive(Debug, Clone)]
pub struct BuildFiles {
    /// The build file, or a Dockerfile.
    pub file: SourceFile,
    /// The ignore file of the build context.
    pub ignore: Option<SourceFile>,
    /// The lock file.
    pub lock: Option<SourceFile>,
}

/// A build file that has been read with its includes, as far as possible.
#[derive(Debug)]
pub struct Analysis {
    /// All files that were read.
    pub files: SourceMap,
    /// `None` if the file cannot be read at all.
    pub spec: Option<Spec>,
    /// The Dockerfile that the spec was converted from, if any.
    pub dockerfile: Option<ReadDockerfile>,
    /// The name of the ignore file: `.dockerignore` if there is none.
    pub ignore_file: String,
    /// The patterns of files that are not transferred, of the ignore file and of the build file.
    pub ignore: Vec<String>,
    /// The request for each platform, with the pins of the lock file. At least one.
    pub requests: Vec<Request>,
}

/// A function that selects the stages for a request, such as [`select`](crate::plan::select()).
pub type Select = for<'s> fn(&'s Spec, &'s Request, &mut Diagnostics) -> Option<Selection<'s>>;

/// The selected stages for a platform and their plan.
pub struct Planned<'a> {
    /// The selected stages.
    pub selection: Selection<'a>,
    /// `None` if there are errors.
    pub plan: Option<Plan>,
}

impl Analysis {
    /// Reads a build file. `requests` are those for each platform, at least one; `read` returns the
    /// content of an included file.
    pub fn new(
        BuildFiles { file, ignore, lock }: BuildFiles,
        mut requests: Vec<Request>,
        mut read: impl FnMut(&FileAddress) -> Result<Vec<u8>, Absent>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        for request in &mut requests {
            for_file(request, &file);
        }
        let ignore_file = ignore.as_ref().map_or(IGNORE_FILE, SourceFile::name).to_owned();
        let first = &mut requests[0];
        check_of(first, diagnostics);
        let as_build_file = convert::as_build_file(
            file,
            &first.build_args,
            |file, dockerfile, diagnostics| check_text(file, dockerfile, first, diagnostics),
            diagnostics,
        );
        let (file, dockerfile) = match as_build_file {
            Ok(converted) => converted,
            Err(file) => {
                let files = SourceMap::new(*file);
                let (spec, dockerfile, ignore) = (None, None, Vec::new());
                return Self { files, spec, dockerfile, ignore_file, ignore, requests };
            }
        };
        let mut reading = Reading::new(file, diagnostics);
        while !reading.wanted().is_empty() {
            let contents = reading.wanted().iter().map(|Wanted { address, .. }| read(address));
            let contents: Vec<_> = contents.collect();
            reading.add(contents, diagnostics);
        }
        let (mut files, mut spec) = reading.finish(diagnostics);
        if let (Some(spec), Some(dockerfile)) = (&mut spec, &dockerfile) {
            spec.hide_stages(|name| dockerfile.names_stage(name));
        }
        if let Some(spec) = &spec {
            rules::check_file(spec, diagnostics);
        }
        let ignore = ignore.map(|file| read_ignore(file, &mut files, diagnostics));
        let mut ignore = ignore.unwrap_or_default();
        let spec = hold(first, lock, spec, &mut files, diagnostics);
        let locking = first.locking.clone();
        for request in &mut requests {
            request.locking = locking.clone();
            if let Some(spec) = &spec {
                set_epoch(request, spec);
            }
        }
        if let Some(spec) = &spec {
            ignore.extend(spec.ignore.iter().map(|pattern| pattern.text.clone()));
        }
        Self { files, spec, dockerfile, ignore_file, ignore, requests }
    }

    /// Checks all stages, or those of the request's target, as far as the facts are known. The
    /// options of a build are unknown: a missing build arg is not an error.
    pub fn check(&self, facts: impl Fn(&Selection<'_>) -> Facts, diagnostics: &mut Diagnostics) {
        let all = self.requests.iter().all(|request| request.target.is_none());
        let mut knows_all = true;
        let facts = |selection: &Selection<'_>| {
            let facts = facts(selection);
            knows_all &= selection.has_all_stages()
                && facts.images.iter().all(Option::is_some)
                && facts.contexts.iter().all(Option::is_some);
            facts
        };
        let planned = self.plan(select_alone, all, facts, diagnostics);
        let is_planned = planned.len() == self.requests.len()
            && planned.iter().all(|planned| planned.plan.is_some());
        // A rule that finds nothing may lack a fact.
        if all && knows_all && is_planned {
            let main = self.files.main().name();
            rules::check_silences(diagnostics, |place| self.files.file(place).name() == main);
        }
    }

    /// The selection and the plan for each platform, with the findings of all rules. `facts`
    /// returns what is known about the images and build contexts of a selection. `check_all` is
    /// true if the checks of a Dockerfile cover all stages, not only those that the target needs.
    pub fn plan(
        &self,
        select: Select,
        check_all: bool,
        mut facts: impl FnMut(&Selection<'_>) -> Facts,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Planned<'_>> {
        let Some(spec) = &self.spec else { return Vec::new() };
        let mut planned = Vec::with_capacity(self.requests.len());
        for request in &self.requests {
            let Some(selection) = select(spec, request, diagnostics) else { continue };
            if !diagnostics.has_errors() {
                rules::check_selection(&selection, diagnostics);
            }
            let facts = match diagnostics.has_errors() {
                true => Facts::none(&selection),
                false => facts(&selection),
            };
            // As in BuildKit, findings for the first platform are not repeated for the others.
            if let (Some(read), true) = (&self.dockerfile, planned.is_empty()) {
                let (file, dockerfile) = (self.files.main(), &read.dockerfile);
                let ignore = &self.ignore;
                check_built(file, dockerfile, &selection, &facts, ignore, check_all, diagnostics);
            }
            let plan = self.resolve(&selection, facts, diagnostics);
            planned.push(Planned { selection, plan });
        }
        if let Some(dockerfile) = &self.dockerfile {
            record::reword(dockerfile, &self.files, diagnostics);
        }
        planned
    }

    /// The selection for each platform, without a plan. Empty if there are errors.
    pub fn select(&self, select: Select, diagnostics: &mut Diagnostics) -> Vec<Selection<'_>> {
        let Some(spec) = self.spec.as_ref().filter(|spec| spec.is_whole()) else {
            return Vec::new();
        };
        let selections = self.requests.iter().map(|request| select(spec, request, diagnostics));
        let selections: Option<Vec<Selection<'_>>> = selections.collect();
        if let Some(dockerfile) = &self.dockerfile {
            record::reword(dockerfile, &self.files, diagnostics);
        }
        selections.filter(|_| !diagnostics.has_errors()).unwrap_or_default()
    }

    fn resolve(
        &self,
        selection: &Selection<'_>,
        facts: Facts,
        diagnostics: &mut Diagnostics,
    ) -> Option<Plan> {
        let mut plan = resolve(selection, facts, diagnostics)?;
        rules::check_plan(selection, &plan, diagnostics);
        if let Some(dockerfile) = &self.dockerfile {
            record::apply(dockerfile, &self.files, selection.request(), &mut plan);
        }
        rules::check_build(&plan, &self.ignore, &Engine::CURRENT, diagnostics);
        Some(plan)
    }
}

/// Sets the time of a build. A keyword for a time is looked up only in a build.
fn set_epoch(request: &mut Request, spec: &Spec) {
    let Some(text) = epoch_wanted(spec, request) else { return };
    request.epoch = text.parse().ok();
    request.epoch_value = Some(request.epoch.map(|epoch| epoch.to_string()).unwrap_or_default());
}
