//! Fewer stages for a stage of a Dockerfile: variables that only a few steps see become keys of
//! these steps.
//!
//! A stage of the build file that only sets variables for one or two run steps is longer than the
//! same variables as `env` of the steps and of the image. The last part of a stage is folded into
//! the one before it if both forms mean the same, and if the variables are short.

use super::part::Part;
use super::toml::{Kind, Value, key};
use super::words;

/// Maximum length of the variables of a step on one line.
const LONGEST: usize = 80;

/// Maximum length of a single variable that two steps repeat.
const LONGEST_OF_TWO: usize = 24;

/// Folds the last parts of a stage into those before them. The stage must not be the base of
/// another one: its steps would not inherit the variables.
pub(super) fn fold_last_parts(parts: &mut Vec<Part>) {
    while let Some(last) = parts.pop() {
        let Some(before) = parts.last_mut() else {
            parts.push(last);
            return;
        };
        if !can_fold(before, &last) {
            parts.push(last);
            return;
        }
        fold(before, last);
    }
}

/// True if the part only adds variables, which nothing but its run steps and its image uses.
fn can_fold(before: &Part, part: &Part) -> bool {
    let sets_more = part.workdir.is_some() || part.user.is_some() || part.shell.is_some();
    let has_own_args = !part.listed.is_empty() || !part.hidden.is_empty();
    let has_image = !before.image.is_empty() || !before.image.comments.is_empty();
    // The steps of a part that sets nothing wait for the working directory of the part before.
    let may_wait = part.env.is_empty() || before.workdir.is_some() && before.user.is_some();
    if sets_more || has_own_args || has_image || may_wait || !part.image.hidden.is_empty() {
        return false;
    }
    let runs = part.steps.iter().filter(|step| step.run.is_some()).count();
    let length: usize =
        part.env.iter().map(|(name, variable)| name.len() + variable.value.len() + 7).sum();
    let is_short = match runs {
        0 | 1 => length <= LONGEST,
        2 => part.env.len() == 1 && length <= LONGEST_OF_TWO,
        _ => false,
    };
    is_short
        && !refers_to_later_ones(part)
        && part.env.keys().all(|name| {
            !part.image.env.contains_key(name)
                && !before.runs().any(|run| run.reads.contains(name))
                && !part.steps.iter().any(|step| uses(&step.item.value, name))
        })
}

/// True if a variable refers to one that only some steps, or only the image, set after it: in one
/// table it would refer to the later value.
fn refers_to_later_ones(part: &Part) -> bool {
    part.env.values().any(|variable| {
        words::names_of_template(&variable.value).iter().any(|name| {
            let written = key(name);
            part.image.env.contains_key(name)
                || part.steps.iter().any(|step| sets(&step.item.value, &written))
        })
    })
}

/// True if a step sets a variable itself. `written` is the name as a key.
fn sets(step: &Value, written: &str) -> bool {
    let Kind::Table(keys) = &step.kind else { return false };
    keys.iter().any(|(verb, value)| match &value.kind {
        Kind::Table(own) if verb == "env" => own.iter().any(|(own, _)| own == written),
        _ => false,
    })
}

/// True if a step uses a variable in another place than the text of a script, or sets it itself.
fn uses(step: &Value, name: &str) -> bool {
    let Kind::Table(keys) = &step.kind else { return false };
    keys.iter().any(|(verb, value)| match (&**verb, &value.kind) {
        ("run", _) => false,
        ("env", Kind::Table(variables)) => {
            let written = key(name);
            variables.iter().any(|(own, _)| *own == written)
        }
        _ => is_in(value, name),
    })
}

/// True if a value substitutes a variable.
fn is_in(value: &Value, name: &str) -> bool {
    match &value.kind {
        Kind::Text(text) | Kind::Script(text) | Kind::Block(text) => {
            words::names_of_template(text).contains(name)
        }
        Kind::Literal(_) => false,
        Kind::List(items) => items.iter().any(|item| is_in(&item.value, name)),
        Kind::Table(entries) => {
            entries.iter().any(|(key, value)| key.contains(name) || is_in(value, name))
        }
    }
}

fn fold(before: &mut Part, part: Part) {
    let Part { env, steps, mut image, sbom, key_comments, names, .. } = part;
    let mut comments: Vec<String> = key_comments.into_iter().flat_map(|(_, text)| text).collect();
    let mut variables = Vec::new();
    let mut recorded = std::mem::take(&mut image.env);
    for (name, variable) in env.into_iter().rev() {
        let value = Value::text(variable.value).at(variable.span);
        comments.splice(0..0, variable.comments);
        recorded.shift_insert(0, name.clone(), value.clone());
        variables.insert(0, (key(&name), value));
    }
    image.env = recorded;
    for mut step in steps {
        if step.run.is_some() && !variables.is_empty() {
            add_variables(&mut step.item.value, &variables);
            step.item.comments.splice(0..0, std::mem::take(&mut comments));
        }
        before.steps.push(step);
    }
    image.comments.splice(0..0, comments);
    before.image = image;
    before.sbom = sbom;
    before.names.extend(names);
}

/// Adds variables to the `env` of a run step, before its own. The step may be a plain string.
fn add_variables(step: &mut Value, variables: &[(String, Value)]) {
    if !matches!(step.kind, Kind::Table(_)) {
        let text = std::mem::replace(step, Value::text(""));
        step.origin = text.origin;
        step.kind = Kind::Table(vec![("run".to_owned(), text)]);
    }
    let Kind::Table(keys) = &mut step.kind else { return };
    let own = keys.iter_mut().find(|(key, _)| key == "env").map(|(_, value)| &mut value.kind);
    match own {
        Some(Kind::Table(own)) => _ = own.splice(0..0, variables.iter().cloned()),
        _ => keys.insert(1, ("env".to_owned(), Value::table(variables.to_vec()))),
    }
}
