//! From a Dockerfile to the build file that says the same.

use std::collections::BTreeMap;

use buildkit_proto::pb;
use mstage::convert::{Converted, SYNTAX, as_build_file, convert};
use mstage::diagnostic::{Code, Diagnostics, render};
use mstage::dockerfile::{is_dockerfile, parse};
use mstage::plan::{Facts, resolve, select};
use mstage::source::{SourceFile, SourceMap};
use prost::Message;

use super::compile::{Compiled, check_diagnostics, compile, facts, lowered, request};

/// Converts a Dockerfile. The build file must be readable, and both must have the same graph.
pub fn dockerfile_to_spec(data: &[u8]) {
    let file = SourceFile::new("Dockerfile", data.to_vec());
    // A build file may have any name.
    if !is_dockerfile(&file) {
        return;
    }
    let mut diagnostics = Diagnostics::default();
    let dockerfile = parse(&file, &mut diagnostics);
    let files = SourceMap::new(file);
    check_diagnostics(&diagnostics, &files);
    // With the names and the history of the Dockerfile.
    let built = compile(files.main(), None, &[request()]);
    if diagnostics.has_errors() {
        assert!(built.is_err(), "a Dockerfile with errors is built");
        return;
    }

    let converted = convert(&dockerfile, SYNTAX, &BTreeMap::new());
    let again = convert(&dockerfile, SYNTAX, &BTreeMap::new());
    assert_eq!(converted.text, again.text, "the build file differs between two conversions");
    check_build_file(&converted);
    if !converted.remarks.is_empty() {
        return;
    }
    let spec = SourceFile::new("mstage.toml", converted.text.clone().into_bytes());
    let text = &converted.text;
    match (exact(files.main()), exact(&spec)) {
        (Ok(direct), Ok(built)) => {
            for (direct, built) in direct.graphs.iter().zip(&built.graphs) {
                check_graphs(direct.as_deref(), built.as_deref(), text);
            }
            assert_eq!(direct.config, built.config, "{text}");
        }
        // Errors that only a build finds, such as a required variable that is not set.
        (Err(_), Err(_)) => {}
        // A build file does not allow all values that a Dockerfile does.
        (Ok(_), Err(Failed { codes, message })) => {
            let is_malformed = codes.iter().any(|code| FORM.contains(code));
            assert!(!is_malformed, "only the build file has errors:\n{text}\n{message}");
        }
        (Err(Failed { message, .. }), Ok(_)) => {
            panic!("only the Dockerfile has errors:\n{text}\n{message}");
        }
    }
}

/// The errors of a file.
struct Failed {
    codes: Vec<Code>,
    message: String,
}

impl Failed {
    fn new(diagnostics: &Diagnostics, files: &SourceMap) -> Self {
        let errors = diagnostics.errors();
        let codes = errors.iter().map(|error| error.code).collect();
        Self { codes, message: render::errors(&errors, files) }
    }
}

/// Compiles a file without the names, the history and the further differences of Dockerfiles, which
/// the build file does not have.
fn exact(file: &SourceFile) -> Result<Compiled, Failed> {
    let request = request();
    let mut diagnostics = Diagnostics::default();
    let read = as_build_file(file.clone(), &BTreeMap::new(), |_, _, _| (), &mut diagnostics);
    let file = match read {
        Ok((file, _)) => file,
        Err(file) => return Err(Failed::new(&diagnostics, &SourceMap::new(*file))),
    };
    let (files, spec) = mstage::spec::parse(file, &mut diagnostics);
    let plan = spec.and_then(|spec| {
        let selection = select(&spec, &request, &mut diagnostics)?;
        let facts =
            if diagnostics.has_errors() { Facts::none(&selection) } else { facts(&selection) };
        resolve(&selection, facts, &mut diagnostics)
    });
    match plan.filter(|_| !diagnostics.has_errors()) {
        Some(plan) => Ok(lowered(&plan, &files)),
        None => Err(Failed::new(&diagnostics, &files)),
    }
}

fn check_graphs(direct: Option<&[Vec<u8>]>, built: Option<&[Vec<u8>]>, text: &str) {
    if direct == built {
        return;
    }
    let ops = direct.into_iter().flatten().zip(built.into_iter().flatten());
    let different = ops.into_iter().find(|(direct, built)| direct != built);
    let different = different.map(|(direct, built)| {
        [direct, built].map(|op| pb::Op::decode(op.as_slice()).map(|op| op.op))
    });
    panic!("the graph differs:\n{text}\n{different:#?}");
}

/// Checks that the build file is well formed. It has the same wrong values as the Dockerfile.
fn check_build_file(converted: &Converted) {
    let Converted { text, remarks, .. } = converted;
    let mut diagnostics = Diagnostics::default();
    let file = SourceFile::new("mstage.toml", text.clone().into_bytes());
    let (files, _) = mstage::spec::parse(file, &mut diagnostics);
    check_diagnostics(&diagnostics, &files);
    // A name with a control character is an error there.
    let is_plain = !text.contains("\\u00");
    let is_exact = is_plain && !remarks.iter().any(|remark| remark.is_error);
    for error in diagnostics.errors() {
        let is_malformed = match error.code {
            Code::InvalidToml => true,
            // The names of labels and variables are the Dockerfile's own.
            Code::InvalidName if !error.message.starts_with("invalid stage name") => false,
            code => is_exact && FORM.contains(&code),
        };
        assert!(!is_malformed, "{text}\n{}", render::diagnostic(error, &files));
    }
}

/// Errors that no value of a Dockerfile can cause.
const FORM: [Code; 14] = [
    Code::NotText,
    Code::UnknownKey,
    Code::MissingKey,
    Code::ConflictingKeys,
    Code::InvalidName,
    Code::NoVerb,
    Code::SeveralVerbs,
    Code::DuplicateName,
    Code::InvalidSubstitution,
    Code::UndefinedName,
    Code::UnknownStage,
    Code::UnknownSource,
    Code::UnknownMounts,
    Code::ArgAndVar,
];
