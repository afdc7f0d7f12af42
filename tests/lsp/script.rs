//! Runs a scripted session.

use std::collections::BTreeMap;
use std::fmt::Write;

use lsp_server::{Message, Notification, Request, Response};
use mstage::lsp::{Disk, Session};
use serde_json::{Value, json};

use super::json::compact;

/// The folder of the files.
const FOLDER: &str = "/w";

/// Files in memory.
#[derive(Default)]
struct Memory(BTreeMap<String, String>);

impl Disk for Memory {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.0.get(path).map(|text| text.clone().into_bytes())
    }

    fn toml_files(&self, directory: &str) -> Vec<String> {
        let is_in = |path: &&String| {
            path.ends_with(".toml")
                && path.rsplit_once('/').is_some_and(|(dir, _)| dir == directory)
        };
        self.0.keys().filter(is_in).cloned().collect()
    }
}

/// A client: its session, and the texts as it knows them.
struct Client {
    session: Session,
    texts: BTreeMap<String, String>,
    encoding: String,
    next: i32,
    output: String,
}

/// The script with the server's answers.
pub(super) fn run(name: &str, script: &str) -> String {
    let mut files = BTreeMap::new();
    let commands = commands(script);
    for (line, text) in &commands {
        if let Some(file) = line.strip_prefix("> disk ") {
            files.insert(format!("{FOLDER}/{}", file.trim()), text.clone());
        }
    }
    let mut client = Client {
        session: Session::new(Box::new(Memory(files.clone()))),
        texts: BTreeMap::new(),
        encoding: "utf-16".to_owned(),
        next: 1,
        output: String::new(),
    };
    for (line, text) in commands {
        client.output.push_str(&line);
        client.output.push('\n');
        for line in text.lines() {
            client.output.push_str(format!("| {line}").trim_end());
            client.output.push('\n');
        }
        if let Some(command) = line.strip_prefix("> ") {
            client.command(&words(command), &text).unwrap_or_else(|| panic!("{name}: {line}"));
            client.output.push('\n');
        }
    }
    client.output.trim_end().to_owned() + "\n"
}

/// The commands and comments, each with its text.
fn commands(script: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in script.lines() {
        if line.starts_with('>') || line.starts_with('#') {
            commands.push((line.to_owned(), String::new()));
        } else if let Some(text) = line.strip_prefix('|')
            && let Some((_, last)) = commands.last_mut()
        {
            last.push_str(text.strip_prefix(' ').unwrap_or(text));
            last.push('\n');
        }
    }
    commands
}

/// The words of a command; those in quotes may have spaces, `\n` and `\"`.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = command.trim();
    while !rest.is_empty() {
        if rest.starts_with('"') {
            let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            let word = stream.next().unwrap().unwrap();
            rest = rest[stream.byte_offset()..].trim_start();
            words.push(word);
        } else if rest.starts_with('{') || rest.starts_with('[') {
            words.push(rest.to_owned());
            break;
        } else {
            let (word, more) = rest.split_once(' ').unwrap_or((rest, ""));
            words.push(word.to_owned());
            rest = more.trim_start();
        }
    }
    words
}

impl Client {
    fn command(&mut self, words: &[String], text: &str) -> Option<()> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["start", ref options @ ..] => self.start(options),
            ["disk", _] => {}
            ["open", file, ref options @ ..] => {
                let language = options.first().copied().unwrap_or("toml");
                self.texts.insert(file.to_owned(), text.to_owned());
                let document =
                    json!({ "uri": uri(file), "languageId": language, "version": 1, "text": text });
                self.notify("textDocument/didOpen", json!({ "textDocument": document }));
            }
            ["close", file] => {
                self.notify("textDocument/didClose", about(file));
            }
            ["change", file, old, new] => {
                let text = self.texts.get(file)?;
                let at = text.find(old)?;
                let range = self.range(file, at, at + old.len());
                let text = text.replacen(old, new, 1);
                self.texts.insert(file.to_owned(), text);
                let document = json!({ "uri": uri(file), "version": 2 });
                let change = json!({ "range": range, "text": new });
                let params = json!({ "textDocument": document, "contentChanges": [change] });
                self.notify("textDocument/didChange", params);
            }
            ["rename", file, text, new] => {
                let mut params = self.at(file, text)?;
                params["newName"] = new.into();
                let answer = self.request("textDocument/rename", params);
                self.print(&answer);
            }
            ["actions", file, text] => self.actions(file, text)?,
            ["symbols", file] => self.about("documentSymbol", file),
            ["folding", file] => self.about("foldingRange", file),
            ["lenses", file] => self.about("codeLens", file),
            ["tokens", file] => self.tokens(file)?,
            ["send", method, params] => {
                let answer = self.request(method, serde_json::from_str(params).ok()?);
                self.print(&answer);
            }
            ["notify", method, params] => self.notify(method, serde_json::from_str(params).ok()?),
            [command, file, text] => self.position(command, file, text)?,
            _ => return None,
        }
        Some(())
    }

    fn start(&mut self, options: &[&str]) {
        let encodings: Vec<&&str> =
            options.iter().filter(|option| option.starts_with("utf")).collect();
        let params = json!({
            "processId": null,
            "rootUri": uri("").trim_end_matches('/'),
            "capabilities": {
                "general": { "positionEncodings": encodings },
                "textDocument": { "completion": { "completionItem": {
                    "snippetSupport": options.contains(&"snippets"),
                } } },
            },
            "initializationOptions": { "codeLens": options.contains(&"lenses") },
        });
        let answer = self.request("initialize", params);
        if let Some(encoding) = answer["capabilities"]["positionEncoding"].as_str() {
            self.encoding = encoding.to_owned();
        }
        self.notify("initialized", json!({}));
    }

    fn position(&mut self, command: &str, file: &str, text: &str) -> Option<()> {
        let method = match command {
            "signature" => "signatureHelp",
            "highlight" => "documentHighlight",
            "prepare-rename" => "prepareRename",
            "completion" | "hover" | "definition" | "references" => command,
            _ => return None,
        };
        let mut params = self.at(file, text)?;
        params["context"] = json!({ "includeDeclaration": true });
        let answer = self.request(&format!("textDocument/{method}"), params);
        match command {
            "completion" => self.completions(&answer),
            "signature" if answer["signatures"].is_array() => {
                let signature = &answer["signatures"][0];
                let active = answer["activeParameter"].as_u64();
                let active = active.map(|active| &signature["parameters"][active as usize]);
                let _ = writeln!(self.output, "{}", signature["label"].as_str()?);
                if let Some(active) = active {
                    let docs = active["documentation"]["value"].as_str()?;
                    let _ = writeln!(self.output, "  {}: {docs}", active["label"].as_str()?);
                }
            }
            "hover" if answer["contents"].is_object() => {
                let range = position(&answer["range"]);
                let text = answer["contents"]["value"].as_str()?.to_owned();
                let _ = writeln!(self.output, "{range}\n{}", indented(&text));
            }
            _ => self.print(&answer),
        }
        Some(())
    }

    /// The items in short: labels, what is inserted, and details.
    fn completions(&mut self, answer: &Value) {
        for item in answer.as_array().into_iter().flatten() {
            let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
            let (label, inserted) = (text("label"), item["textEdit"]["newText"].as_str());
            let range = position(&item["textEdit"]["range"]);
            let inserted = inserted.unwrap_or_default();
            let inserted =
                if inserted == label { String::new() } else { format!(" + {inserted:?}") };
            let _ = writeln!(self.output, "{range} {label}{inserted}  {}", text("detail"));
        }
        if answer.as_array().is_none_or(Vec::is_empty) {
            self.print(answer);
        }
    }

    /// The titles of the fixes, each with the lines that it changes.
    fn actions(&mut self, file: &str, text: &str) -> Option<()> {
        let content = self.texts.get(file)?.clone();
        let at = content.find(text)?;
        let mut params = about(file);
        params["range"] = self.range(file, at, at + text.len());
        params["context"] = json!({ "diagnostics": [] });
        let answer = self.request("textDocument/codeAction", params);
        for action in answer.as_array().into_iter().flatten() {
            let _ = writeln!(self.output, "{}", action["title"].as_str()?);
            let changes = action["edit"]["changes"].as_object()?;
            for edits in changes.values() {
                let mut edits: Vec<&Value> = edits.as_array()?.iter().collect();
                edits.sort_by_key(|edit| {
                    std::cmp::Reverse(self.offset(file, &edit["range"]["start"]))
                });
                let mut changed = content.clone();
                for edit in edits {
                    let start = self.offset(file, &edit["range"]["start"]);
                    let end = self.offset(file, &edit["range"]["end"]);
                    changed.replace_range(start..end, edit["newText"].as_str()?);
                }
                self.output.push_str(&difference(&content, &changed));
            }
        }
        if answer.as_array().is_none_or(Vec::is_empty) {
            self.print(&answer);
        }
        Some(())
    }

    fn tokens(&mut self, file: &str) -> Option<()> {
        let answer = self.request("textDocument/semanticTokens/full", about(file));
        let (mut line, mut column) = (0, 0);
        for token in answer["data"].as_array()?.chunks(5) {
            let number = |at: usize| token[at].as_u64().unwrap();
            line += number(0);
            column = if number(0) == 0 { column + number(1) } else { number(1) };
            let position = |character: u64| json!({ "line": line, "character": character });
            let start = self.offset(file, &position(column));
            let end = self.offset(file, &position(column + number(2)));
            let text = &self.texts[file][start..end];
            let kind = ["class", "variable", "function", "namespace"][number(3) as usize];
            let modifiers = ["", " declaration", " readonly", " declaration readonly"];
            let _ = writeln!(
                self.output,
                "{line}:{column} {text} {kind}{}",
                modifiers[number(4) as usize]
            );
        }
        Some(())
    }

    fn about(&mut self, request: &str, file: &str) {
        let answer = self.request(&format!("textDocument/{request}"), about(file));
        for item in answer.as_array().into_iter().flatten() {
            self.output.push_str(&compact(item, 110));
            self.output.push('\n');
        }
        if answer.as_array().is_none_or(Vec::is_empty) {
            self.print(&answer);
        }
    }

    fn print(&mut self, answer: &Value) {
        self.output.push_str(&compact(answer, 110));
        self.output.push('\n');
    }

    /// Sends a request, and returns its result or error.
    fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.next.into();
        self.next += 1;
        let request = Request { id, method: method.to_owned(), params };
        let Response { response_result, .. } =
            self.session.handle(Message::Request(request)).unwrap();
        response_result
            .unwrap_or_else(|error| json!({ "error": error.code, "message": error.message }))
    }

    /// Sends a notification, and prints what the server publishes.
    fn notify(&mut self, method: &str, params: Value) {
        let notification = Notification { method: method.to_owned(), params };
        assert!(self.session.handle(Message::Notification(notification)).is_none());
        for message in self.session.publish() {
            assert_eq!(message.method, "textDocument/publishDiagnostics");
            let file = message.params["uri"].as_str().unwrap_or_default();
            let file = file.trim_start_matches(&uri(""));
            let found = message.params["diagnostics"].as_array().unwrap();
            if found.is_empty() {
                let _ = writeln!(self.output, "{file}: nothing");
            }
            for found in found {
                let severity = match found["severity"].as_u64() {
                    Some(1) => "error",
                    Some(2) => "warning",
                    _ => "other",
                };
                let (range, code) = (position(&found["range"]), found["code"].as_str().unwrap());
                let message = indented(found["message"].as_str().unwrap());
                let _ = writeln!(self.output, "{file} {range} {severity} {code}\n{message}");
                for related in found["relatedInformation"].as_array().into_iter().flatten() {
                    let range = position(&related["location"]["range"]);
                    let file =
                        related["location"]["uri"].as_str().unwrap().trim_start_matches(&uri(""));
                    let _ = writeln!(
                        self.output,
                        "  {file} {range} {}",
                        related["message"].as_str().unwrap()
                    );
                }
            }
        }
    }

    /// The parameters of a request at the end of a text.
    fn at(&self, file: &str, text: &str) -> Option<Value> {
        let content = self.texts.get(file).cloned().unwrap_or_default();
        let (text, count) = match text.rsplit_once(" @") {
            Some((text, count)) => (text, count.parse().ok()?),
            None => (text, 1),
        };
        let found = content.match_indices(text).nth(count - 1usize)?;
        let mut params = about(file);
        params["position"] = self.range(file, found.0, found.0 + text.len())["end"].clone();
        Some(params)
    }

    fn units(&self, text: &str) -> usize {
        match self.encoding.as_str() {
            "utf-8" => text.len(),
            "utf-32" => text.chars().count(),
            _ => text.encode_utf16().count(),
        }
    }

    fn range(&self, file: &str, start: usize, end: usize) -> Value {
        let text = &self.texts[file];
        let position = |offset: usize| {
            let before = &text[..offset];
            let line = before.matches('\n').count();
            let start = before.rfind('\n').map_or(0, |newline| newline + 1);
            json!({ "line": line, "character": self.units(&before[start..]) })
        };
        json!({ "start": position(start), "end": position(end) })
    }

    fn offset(&self, file: &str, position: &Value) -> usize {
        let text = &self.texts[file];
        let line = position["line"].as_u64().unwrap() as usize;
        let character = position["character"].as_u64().unwrap() as usize;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let rest = &text[start..];
        let found = rest.char_indices().find(|(at, _)| self.units(&rest[..*at]) == character);
        start + found.map_or(rest.len(), |(at, _)| at)
    }
}

fn uri(file: &str) -> String {
    format!("file://{FOLDER}/{file}")
}

fn about(file: &str) -> Value {
    json!({ "textDocument": { "uri": uri(file) } })
}

/// `LINE:COLUMN-COLUMN`, or both lines.
fn position(range: &Value) -> String {
    let (start, end) = (&range["start"], &range["end"]);
    let at = |position: &Value| format!("{}:{}", position["line"], position["character"]);
    match start["line"] == end["line"] {
        true if start == end => at(start),
        true => format!("{}-{}", at(start), end["character"]),
        false => format!("{}-{}", at(start), at(end)),
    }
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}").trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The lines that differ.
fn difference(before: &str, after: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    let start = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let rest = before.len().min(after.len()) - start;
    let same = before.iter().rev().zip(after.iter().rev()).take(rest).take_while(|(a, b)| a == b);
    let same = same.count();
    let mut text = String::new();
    for (sign, lines) in [("-", &before), ("+", &after)] {
        for line in &lines[start..lines.len() - same] {
            text.push_str(format!("  {sign} {line}").trim_end());
            text.push('\n');
        }
    }
    text
}
