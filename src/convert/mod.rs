//! Dockerfiles as build files: the same image, written as a person would write it.
//!
//! Input: a [`Dockerfile`]. Output: TOML text, where each piece of it comes from, and remarks about what
//! cannot be said. Must not depend on values of build args, on images, and on how the text is read.
//!
//! A Dockerfile changes its state from line to line, a stage of a build file says its own once. So a stage
//! whose state changes where it matters becomes several, each built from the one before (`stage.rs`).

mod ahead;
mod args;
mod bases;
mod comments;
mod files;
mod image;
mod layout;
mod mount_sets;
mod mounts;
mod output;
mod part;
mod run;
mod script;
mod stage;
mod state;
mod toml;
mod words;

use std::collections::BTreeMap;

use self::args::ArgTable;
pub use self::args::scans_context;
use self::bases::Bases;
use self::stage::convert_stage;
use self::state::State;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::dockerfile::{Dockerfile, is_dockerfile, parse};
use crate::source::{Piece, SourceFile, Span};

/// A Dockerfile as a build file.
#[derive(Debug)]
pub struct Converted {
    /// The build file.
    pub text: String,
    /// Where its pieces come from: outer pieces before those in them.
    pub origins: Vec<Piece>,
    /// What could not be said, or not exactly.
    pub remarks: Vec<Remark>,
    /// The number of the Dockerfile's stage for each stage of the build file.
    pub stages: BTreeMap<String, usize>,
}

/// Something that a build file cannot say, or not exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The place in the Dockerfile.
    pub span: Span,
    /// What is different.
    pub message: String,
    /// Whether the build file does not mean the same.
    pub is_error: bool,
}

/// Converts a Dockerfile. `syntax` is the name of the frontend image for the first line; `given` are build args, which
/// say what `ADD ${URL}` adds where no default does.
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

/// A Dockerfile that is read as the build file that says the same.
#[derive(Debug)]
pub struct ReadDockerfile {
    /// The Dockerfile.
    pub dockerfile: Dockerfile,
    /// The number of its stage for each stage of the build file.
    pub stages: BTreeMap<String, usize>,
}

/// The target that writes a Dockerfile's build file.
pub const TARGET: &str = "mstage.toml";

/// A Dockerfile as a build file that tells its places as those of the Dockerfile. A build file stays as it is.
/// `check` looks at the Dockerfile itself, and at the mistakes in its form. `Err` has the Dockerfile where it has
/// mistakes, or where a build file cannot say the same; they have been reported.
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

/// The name that a stage of a Dockerfile has in its build file, as far as names differ in general: stages are known
/// in lower case, and no name has a dot.
pub fn target(name: &str) -> String {
    name.to_lowercase().replace('.', "-")
}

/// What Dockerfiles are written in, for clients that color them.
pub const LANGUAGE: &str = "Dockerfile";

/// The frontend in the first line of a build file, where nobody says which one it is.
pub const SYNTAX: &str = "myorg/mstage";

/// What the conversion of each stage can look at.
struct Context<'c> {
    dockerfile: &'c Dockerfile,
    bases: &'c Bases,
    args: &'c ArgTable,
    given: &'c BTreeMap<String, String>,
    /// The values of args before the first `FROM`, as far as they are known.
    globals: &'c BTreeMap<String, String>,
    /// The number of the stage that is converted.
    stage: usize,
}

impl Context<'_> {
    /// The character that escapes in values.
    fn escape(&self) -> char {
        self.dockerfile.directives.escape.char()
    }
}
