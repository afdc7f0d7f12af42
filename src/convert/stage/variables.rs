//! The variables of a stage: its `ARG` and `ENV` instructions.

use std::collections::{BTreeMap, BTreeSet};

use super::Walk;
use crate::convert::ahead::Ahead;
use crate::convert::part::Variable;
use crate::convert::remark::Remark;
use crate::convert::toml::Value;
use crate::convert::{comments, words};
use crate::dockerfile::{ArgPair, Instruction, Pair, Word, lex};

/// A pair of an `ENV`, and its value.
struct Assignment<'w> {
    name: String,
    value: &'w Word,
    /// The variables in the value.
    uses: BTreeSet<String>,
}

fn set_or_remove(values: &mut BTreeMap<String, String>, name: &str, value: Option<String>) {
    match value {
        Some(value) => values.insert(name.to_owned(), value),
        None => values.remove(name),
    };
}

/// The assignments whose variable another assignment uses, and the others.
fn with_uses_by_others(
    assignments: Vec<Assignment<'_>>,
) -> (Vec<Assignment<'_>>, Vec<Assignment<'_>>) {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for name in assignments.iter().flat_map(|assignment| &assignment.uses) {
        *uses.entry(name.clone()).or_default() += 1;
    }
    assignments.into_iter().partition(|assignment| {
        let own = usize::from(assignment.uses.contains(&assignment.name));
        uses.get(&assignment.name).is_some_and(|&uses| uses > own)
    })
}

impl Walk<'_> {
    pub(super) fn args(
        &mut self,
        pairs: &[ArgPair],
        instruction: &Instruction,
    ) -> Result<(), String> {
        for pair in pairs {
            let Some(name) = words::constant(&pair.name.value, self.context.escape()) else {
                return Err("the name of an arg cannot contain a variable".to_owned());
            };
            // Only the environment of processes has it.
            if !words::is_name(&name) {
                continue;
            }
            let declared = self.context.args.get(&name);
            let own = match (declared, &pair.default) {
                (Some(declared), Some(default)) => {
                    let value = words::value(
                        &default.value,
                        self.context.escape(),
                        &self.names(Some(&name)),
                    )?;
                    self.keep_fixed_default(&name, default)?;
                    // If the value is the default, the arg need not be set.
                    self.hidden.borrow_mut().remove(&name);
                    (declared.default.as_ref() != Some(&value)).then_some(value)
                }
                (Some(declared), None) => declared.global_default.clone(),
                (None, _) => None,
            };
            // Earlier strings do not see it.
            if self.image.hidden.contains(&name) {
                self.settle_image();
                self.begin_part(instruction);
            } else if self.part().hidden.contains(&name) {
                self.begin_part(instruction);
            }
            // An arg takes precedence over a variable that was set above it, once the stage lists
            // it.
            if self.state.visible.get(&name).map(|arg| &arg.default) != Some(&own) {
                self.state.keep_defaults(&name, self.context.args);
            }
            self.state.lost.remove(&name);
            self.state.fixed.remove(&name);
            if self.state.env.remove(&name) {
                let is_set_here = self.part().env.contains_key(&name);
                if is_set_here || self.has_run {
                    self.begin_part(instruction);
                }
                self.part().listed.insert(name.clone());
            }
            self.arg_value(&name, pair.default.as_ref())?;
            self.state.declare(name, own);
        }
        if self.context.args.args.iter().all(|arg| arg.span != pairs[0].name.span) {
            self.part().comment("from", instruction);
        }
        Ok(())
    }

    /// Records the default of an arg if no build arg and no base image changes its value.
    fn keep_fixed_default(&mut self, name: &str, default: &Word) -> Result<(), String> {
        let pieces = lex::word(&default.value, self.context.escape())?;
        match words::fold(&pieces, &|name| self.state.fixed(name))? {
            Some(value) => self.state.fixed_defaults.insert(name.to_owned(), value),
            None => self.state.fixed_defaults.remove(name),
        };
        Ok(())
    }

    /// Records the value of an arg, as far as it is known. Fails if a default cannot be expanded.
    fn arg_value(&mut self, name: &str, default: Option<&Word>) -> Result<(), String> {
        let given = self.context.given.get(name);
        let value = match (given, default) {
            (Some(given), _) => Some(given.clone()),
            (None, Some(default)) => {
                let pieces = lex::word(&default.value, self.context.escape())?;
                words::fold(&pieces, &|name| self.state.known(name))?
            }
            (None, None) => self.context.globals.get(name).cloned(),
        };
        match value {
            Some(value) => self.state.values.insert(name.to_owned(), value),
            None => self.state.values.remove(name),
        };
        Ok(())
    }

    /// The name of a variable that contains variables. In a build file it is fixed.
    fn computed_name(&mut self, word: &Word) -> Result<String, String> {
        let escape = self.context.escape();
        let name = words::folded(&word.value, escape, &self.names(None))
            .ok_or("the name of a variable cannot contain a variable")?;
        let message = format!("the name of the variable is always `{name}`");
        self.remarks.push(Remark { span: word.span, message, is_error: false });
        Ok(name)
    }

    pub(super) fn env(
        &mut self,
        pairs: &[Pair],
        instruction: &Instruction,
        ahead: &Ahead,
        at: usize,
    ) -> Result<(), String> {
        let escape = self.context.escape();
        let mut assignments = Vec::new();
        for pair in pairs {
            let name = match words::constant(&pair.name.value, escape) {
                Some(name) => name,
                None => self.computed_name(&pair.name)?,
            };
            let uses = words::names(&pair.value.value, escape).into_iter().collect();
            assignments.push(Assignment { name, value: &pair.value, uses });
        }
        let known: Vec<Option<String>> = assignments
            .iter()
            .map(|assignment| words::folded(&assignment.value.value, escape, &self.names(None)))
            .collect();
        let fixed = assignments.iter().map(|assignment| self.fixed_value(assignment.value));
        let fixed: Vec<Option<String>> = fixed.collect();
        for (assignment, (value, fixed)) in assignments.iter().zip(known.into_iter().zip(fixed)) {
            let Assignment { name, value: word, .. } = assignment;
            // `ENV NAME=$NAME` changes nothing.
            if ![format!("${name}"), format!("${{{name}}}")].contains(&word.value) {
                self.state.keep_defaults(name, self.context.args);
            }
            set_or_remove(&mut self.state.values, name, value);
            set_or_remove(&mut self.state.fixed, name, fixed);
        }
        // The values of an instruction refer to the state before it. A variable that another pair
        // uses is set after that pair.
        let (late, early): (Vec<_>, Vec<_>) = with_uses_by_others(assignments);
        if early.is_empty() && late.len() > 1 {
            return Err("variables of one ENV refer to each other".to_owned());
        }
        let only_image = !self.is_base
            && !ahead.is_run(at)
            && early.iter().chain(&late).all(|assignment| !ahead.is_named(&assignment.name, at));
        let mut comments = comments::above(instruction);
        for assignment in early.into_iter().chain(late) {
            self.variable(assignment, instruction, only_image, std::mem::take(&mut comments))?;
        }
        Ok(())
    }

    /// The value of a word if no build arg and no base image changes it.
    fn fixed_value(&self, word: &Word) -> Option<String> {
        let pieces = lex::word(&word.value, self.context.escape()).ok()?;
        words::fold(&pieces, &|name| self.state.fixed(name)).ok()?
    }

    /// Sets a variable in the part, in the image's config, or in a new part.
    fn variable(
        &mut self,
        assignment: Assignment<'_>,
        instruction: &Instruction,
        only_image: bool,
        comments: Vec<String>,
    ) -> Result<(), String> {
        let escape = self.context.escape();
        let Assignment { name, value, uses } = assignment;
        let is_set_here = self.part().env.contains_key(&name);
        let is_of_image_already = self.image.env.contains_key(&name);
        let uses_that_of_image = is_of_image_already && uses.contains(&name);
        if self.is_used(&name)
            || is_set_here && words::modifies(&value.value, escape, &name)
            || uses_that_of_image
        {
            if only_image && !self.image.names.contains(&name) && !uses_that_of_image {
                let text = words::value(&value.value, escape, &self.names(None))?;
                let used = words::names_with_defaults(&value.value, escape, &self.names(None));
                self.image.names.extend(used);
                self.image.hidden.append(&mut self.hidden.borrow_mut());
                self.image.env.shift_remove(&name);
                self.image.env.insert(name, Value::text(text).at(value.span));
                self.image.comments.extend(comments);
                return Ok(());
            }
            if self.image.names.contains(&name) || is_of_image_already {
                self.settle_image();
            }
            self.hide();
            self.begin_part(instruction);
        }
        let text = words::value(&value.value, escape, &self.names(Some(&name)))?;
        let mut uses: Vec<String> = uses.into_iter().collect();
        words::add_names_of_defaults(&mut uses, &self.names(None));
        // A base image may also have a variable of that name.
        let is_of_arg = uses.contains(&name) && self.state.visible.contains_key(&name);
        let part = self.part();
        if is_of_arg && !part.env.contains_key(&name) {
            part.listed.insert(name.clone());
        }
        part.names.extend(uses.into_iter().filter(|used| *used != name));
        part.env.shift_remove(&name);
        part.env.insert(name.clone(), Variable { value: text, span: value.span, comments });
        self.state.env.insert(name);
        Ok(())
    }

    /// True if something in the part or the image's config depends on a variable.
    fn is_used(&mut self, name: &str) -> bool {
        self.has_run || self.image.names.contains(name) || self.part().names.contains(name)
    }
}
