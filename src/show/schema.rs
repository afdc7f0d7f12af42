//! The JSON Schema of a build file (draft 7, which editors support best).

mod alternatives;

use serde_json::{Map, Value, json};

use self::alternatives::alternatives;

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
