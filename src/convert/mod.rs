//! Conversion of Dockerfiles to build files: the same image, written as a person would write it.
//!
//! Input: a [`Dockerfile`]. Output: TOML text, the origin of each piece of it, and remarks about
//! parts that cannot be converted. Must not depend on values of build args, on images, and on the
//! way the text is read.
//!
//! A Dockerfile changes its state from line to line; a stage of a build file declares its state
//! once. So a stage whose state changes in between becomes several stages, each based on the one
//! before (`stage.rs`).

mod ahead;
mod args;
mod bases;
mod comments;
mod context;
mod files;
mod fold;
mod image;
mod layout;
mod mount_sets;
mod mounts;
mod output;
mod part;
mod remark;
mod run;
mod sbom;
mod script;
mod stage;
mod state;
mod toml;
mod words;

use std::collections::BTreeMap;

use self::args::ArgTable;
use self::bases::Bases;
use self::context::Context;
pub use self::remark::Remark;
pub use self::sbom::scans_context;
use self::stage::convert_stage;
use self::state::State;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::dockerfile::{Dockerfile, is_dockerfile, parse};
use crate::source::{Piece, SourceFile};

/// A Dockerfile converted to a build file.
#[derive(Debug)]
pub struct Converted {
    /// The build file.
    pub text: String,
    /// The origins of its pieces: outer pieces before inner ones.
    pub origins: Vec<Piece>,
    /// The parts that could not be converted, or not exactly.
    pub remarks: Vec<Remark>,
    /// For each stage of the build file, the index of the Dockerfile's stage.
    pub stages: BTreeMap<String, usize>,
}

/// Converts a Dockerfile. `syntax` is the name of the frontend image for the first line; `given`
/// are build args, which decide on the form of `ADD ${URL}` where no default does.
pub fn convert(
    dockerfile: &Dockerfile,
    syntax: &str,
    given: &BTreeMap<String, String>,
) -> Converted {
    let mut remarks = Vec::new();
    let bases = Bases::new(dockerfile);
    let args = ArgTable::new(dockerfile, &bases, &mut remarks);
    let globals = args::globals(dockerfile, given, &mut remarks);
    let mut context =
        Context { dockerfile, bases: &bases, args: &args, given, globals: &globals, stage: 0 };
    let mut states: Vec<State> = Vec::new();
    let mut stages = Vec::new();
    let mut numbers = BTreeMap::new();
    let mut taken = bases.taken();
    for index in 0..dockerfile.stages.len() {
        context.stage = index;
        let (mut parts, state) = convert_stage(&context, index, &states, &mut remarks);
        part::name_parts(&mut parts, bases.name(index), &mut taken);
        numbers.extend(parts.iter().map(|part| (part.name.clone(), index)));
        stages.extend(parts);
        states.push(state);
    }
    let sets = mount_sets::name_repeated(&mut stages);
    let (text, origins) = output::write(&context, syntax, &sets, stages);
    Converted { text, origins, remarks, stages: numbers }
}

/// A Dockerfile together with the stages of its build file.
#[derive(Debug)]
pub struct ReadDockerfile {
    /// The Dockerfile.
    pub dockerfile: Dockerfile,
    /// For each stage of the build file, the index of the Dockerfile's stage.
    pub stages: BTreeMap<String, usize>,
}

impl ReadDockerfile {
    /// True if the Dockerfile has a stage with that name in the build file. The others got their
    /// names from the conversion.
    pub fn names_stage(&self, stage: &str) -> bool {
        let header = self.stages.get(stage).map(|&index| &self.dockerfile.stages[index].header);
        let name = header.and_then(|header| header.name.as_ref());
        name.is_some_and(|name| target(&name.value) == stage)
    }
}

/// The target that writes a Dockerfile's build file.
pub const TARGET: &str = "mstage.toml";

/// Converts a Dockerfile to a build file whose diagnostics point into the Dockerfile. A build file
/// is returned unchanged. `check` checks the Dockerfile itself, including its syntax errors. `Err`
/// returns the Dockerfile if it has errors, or if a build file cannot express it; they have been
/// reported.
pub fn as_build_file(
    file: SourceFile,
    given: &BTreeMap<String, String>,
    check: impl FnOnce(&SourceFile, &Dockerfile, &mut Diagnostics),
    diagnostics: &mut Diagnostics,
) -> Result<(SourceFile, Option<ReadDockerfile>), Box<SourceFile>> {
    if !is_dockerfile(&file) {
        return Ok((file, None));
    }
    diagnostics.silence_rules();
    let file = file.in_language(LANGUAGE);
    let mut found = Diagnostics::default();
    let dockerfile = parse(&file, &mut found);
    check(&file, &dockerfile, &mut found);
    let has_errors = found.has_errors();
    diagnostics.absorb(found, |_| true);
    if has_errors {
        return Err(Box::new(file));
    }
    let converted = convert(&dockerfile, SYNTAX, given);
    let mut is_wrong = false;
    for remark in converted.remarks.iter().filter(|remark| remark.is_error) {
        is_wrong = true;
        diagnostics.push(Diagnostic::new(
            Code::InvalidInstruction,
            remark.span,
            remark.message.clone(),
        ));
    }
    match is_wrong {
        true => Err(Box::new(file)),
        false => {
            let Converted { text, origins, stages, .. } = converted;
            let read = ReadDockerfile { dockerfile, stages };
            Ok((SourceFile::made_from(file, text, origins), Some(read)))
        }
    }
}

/// The name of a Dockerfile's stage in its build file, as far as the names differ in general: lower
/// case, and without dots.
pub fn target(name: &str) -> String {
    name.to_lowercase().replace('.', "-")
}

/// The language name of Dockerfiles, which clients use for syntax highlighting.
pub const LANGUAGE: &str = "Dockerfile";

/// The frontend image in the first line of a build file, if none is given.
pub const SYNTAX: &str = "myorg/mstage";
