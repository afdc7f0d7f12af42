//! The JSON Schema of a build file (draft 7, which editors support best).

use serde_json::{Map, Value, json};

use crate::diagnostic::Code;
use crate::spec::shape::{Shape, TableShape};

/// The version of the answer to `--call=schema`.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// The schema of a shape, as text.
pub fn schema(shape: &Shape) -> String {
    let mut definitions = Map::new();
    let root = value(shape, &mut definitions);
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "mstage build file",
        "allOf": [root],
        "definitions": definitions,
    });
    let text = serde_json::to_string_pretty(&schema).expect("a value of JSON is JSON");
    format!("{text}\n")
}

fn value(shape: &Shape, definitions: &mut Map<String, Value>) -> Value {
    match shape {
        Shape::Text | Shape::Template => json!({ "type": "string" }),
        Shape::Words(words) => json!({ "enum": words }),
        Shape::Rule => {
            let rules: Vec<&str> = Code::rules().map(Code::name).collect();
            definitions.insert("rule".to_owned(), json!({ "enum": rules }));
            reference("rule")
        }
        Shape::Integer => json!({ "type": "integer" }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::List(items) => json!({ "type": "array", "items": value(items, definitions) }),
        Shape::Map { names, values } => {
            let mut map =
                json!({ "type": "object", "additionalProperties": value(values, definitions) });
            if !names.is_empty() {
                map["propertyNames"] = json!({ "pattern": names });
            }
            map
        }
        Shape::Tree => {
            let tree = json!({
                "type": ["string", "integer", "object"],
                "additionalProperties": reference("tree"),
            });
            definitions.insert("tree".to_owned(), tree);
            json!({ "type": "object", "additionalProperties": reference("tree") })
        }
        Shape::Any(shapes) => match &shapes[..] {
            [Shape::Any(one), Shape::List(_)]
                if one.iter().any(|shape| matches!(shape, Shape::Table(_))) =>
            {
                one_or_list(one, definitions)
            }
            shapes => alternatives(shapes, definitions),
        },
        Shape::Table(shape) => {
            let name = definition_name(shape);
            if !definitions.contains_key(&name) {
                // Reserves the name while the table's own keys are visited.
                definitions.insert(name.clone(), Value::Null);
                let table = table(shape, definitions);
                definitions.insert(name.clone(), table);
            }
            reference(&name)
        }
    }
}

/// A value of one of several shapes, or a list of such values.
fn one_or_list(shapes: &[Shape], definitions: &mut Map<String, Value>) -> Value {
    let table = shapes.iter().find_map(|shape| match shape {
        Shape::Table(table) => Some(definition_name(table)),
        _ => None,
    });
    // The alternatives are long: they are in the schema once.
    let name = format!("{}-or-other", table.unwrap_or_else(|| "value".to_owned()));
    let one = alternatives(shapes, definitions);
    definitions.insert(name.clone(), one);
    json!({
        "if": { "type": "array" },
        "then": { "items": reference(&name) },
        "else": reference(&name),
    })
}

fn table(shape: &TableShape, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for key in &shape.keys {
        let mut property = value(&(key.shape)(), definitions);
        // Draft 7 ignores keywords next to a `$ref`.
        if property.get("$ref").is_some() {
            property = json!({ "allOf": [property] });
        }
        property["description"] = key.docs.clone().into();
        properties.insert(key.name.to_owned(), property);
    }
    let required: Vec<&str> =
        shape.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    json!({
        "type": "object",
        "description": shape.docs,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// `a run step` becomes `run-step`.
fn definition_name(shape: &TableShape) -> String {
    let words = shape.what.split(' ').skip(1);
    words.map(|word| word.replace('`', "")).collect::<Vec<_>>().join("-")
}

/// The schema of a value that has one of several shapes: a string or a table, a step of any verb.
///
/// With `anyOf` alone, a validator can only report that a value matches none of the forms. Here the
/// form is selected first, by the value's type and, for tables, by the key that only one of them
/// requires; then that form's own errors are reported.
fn alternatives(shapes: &[Shape], definitions: &mut Map<String, Value>) -> Value {
    let mut forms = Vec::new();
    flatten(shapes, &mut forms);
    let mut types = Vec::new();
    for form in &forms {
        let name = type_of(form);
        if !types.contains(&name) {
            types.push(name);
        }
    }
    let mut branches = Vec::new();
    let mut editors = vec![json!({})];
    for &name in &types {
        let forms: Vec<&Shape> =
            forms.iter().copied().filter(|form| type_of(form) == name).collect();
        let tables: Vec<&TableShape> = forms.iter().filter_map(|form| table_of(form)).collect();
        let schemas: Vec<Value> = forms.iter().map(|form| value(form, definitions)).collect();
        if !tables.is_empty() {
            editors.extend(schemas.iter().cloned());
        }
        match &schemas[..] {
            [only] if *only == json!({ "type": name }) => {}
            [only] => branches.push(chosen_by_type(name, only)),
            _ if tables.len() == forms.len() && has_keys(&tables) => {
                branches.extend(chosen_by_key(&tables, schemas));
            }
            _ if schemas.contains(&json!({ "type": name })) => {}
            _ => branches.push(chosen_by_type(name, &json!({ "anyOf": schemas }))),
        }
    }
    let mut schema = match &types[..] {
        [only] => json!({ "type": only }),
        _ => json!({ "type": types }),
    };
    if editors.len() > 1 {
        // Always valid: editors look for keys and their descriptions in `anyOf`, but not in `if`.
        schema["anyOf"] = editors.into();
    }
    if !branches.is_empty() {
        schema["allOf"] = branches.into();
    }
    schema
}

/// Flattens nested alternatives.
fn flatten<'s>(shapes: &'s [Shape], forms: &mut Vec<&'s Shape>) {
    for shape in shapes {
        match shape {
            Shape::Any(inner) => flatten(inner, forms),
            form => forms.push(form),
        }
    }
}

/// The JSON type of values of this shape.
fn type_of(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text | Shape::Template | Shape::Words(_) | Shape::Rule => "string",
        Shape::Integer => "integer",
        Shape::Boolean => "boolean",
        Shape::List(_) => "array",
        Shape::Map { .. } | Shape::Tree | Shape::Table(_) | Shape::Any(_) => "object",
    }
}

fn table_of<'s>(shape: &&'s Shape) -> Option<&'s TableShape> {
    match shape {
        Shape::Table(table) => Some(table),
        _ => None,
    }
}

/// The key that distinguishes a table from others: its verb, or its kind of mount.
fn key_of(table: &TableShape) -> Option<&'static str> {
    let required = table.keys.iter().find(|key| key.required);
    required
        .or_else(|| Some(&table.keys[..]).filter(|keys| keys.len() == 1)?.first())
        .map(|key| key.name)
}

fn has_keys(tables: &[&TableShape]) -> bool {
    tables.iter().all(|table| key_of(table).is_some())
}

fn chosen_by_type(name: &str, schema: &Value) -> Value {
    json!({ "if": { "type": name }, "then": schema })
}

/// One branch for each table, and two for a table with none of their keys: one for unknown keys,
/// the other for the missing verb.
fn chosen_by_key(tables: &[&TableShape], schemas: Vec<Value>) -> Vec<Value> {
    let verbs: Vec<&str> = tables.iter().filter_map(|table| key_of(table)).collect();
    let mut known: Vec<&str> =
        tables.iter().flat_map(|table| &table.keys).map(|key| key.name).collect();
    known.sort_unstable();
    known.dedup();
    let mut branches: Vec<Value> = verbs
        .iter()
        .zip(schemas)
        .map(|(verb, schema)| json!({ "if": has(verb), "then": schema }))
        .collect();
    let any_verb: Vec<Value> = verbs.iter().map(|verb| json!({ "required": [verb] })).collect();
    let mut allowed = Map::new();
    for key in &known {
        allowed.insert((*key).to_owned(), json!({}));
    }
    branches.push(json!({
        "if": { "type": "object", "not": { "anyOf": any_verb } },
        "then": {
            "if": { "propertyNames": { "enum": known } },
            "then": { "propertyNames": { "enum": verbs }, "minProperties": 1 },
            "else": { "properties": allowed, "additionalProperties": false },
        },
    }));
    branches
}

fn has(verb: &str) -> Value {
    json!({ "type": "object", "required": [verb] })
}
