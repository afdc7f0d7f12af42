//! Messages that no client should send: never a panic, never a hang.
#![expect(clippy::unwrap_used, reason = "a test that gets no answer has failed")]

use lsp_server::{Message, Response};
use serde_json::{Value, json};

use super::stream::Server;

fn request(id: i32, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

fn open(text: &str) -> Value {
    let document =
        json!({ "uri": "file:///w/mstage.toml", "languageId": "toml", "version": 1, "text": text });
    notification("textDocument/didOpen", json!({ "textDocument": document }))
}

/// The next answer, past everything that the server publishes.
fn answer(server: &mut Server) -> Response {
    loop {
        match server.receive().unwrap() {
            Message::Response(response) => return response,
            Message::Notification(_) | Message::Request(_) => {}
        }
    }
}

fn code(response: &Response) -> i32 {
    response.response_result.as_ref().unwrap_err().code
}

#[test]
fn messages_that_are_none() {
    let mut server = Server::initialized();
    for (body, expected) in [
        ("{", -32700),
        ("\u{0}\u{1}", -32700),
        ("[]", -32600),
        ("{\"jsonrpc\":\"2.0\"}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":123456789012,\"method\":\"textDocument/hover\"}", -32600),
        ("\"text\"", -32600),
    ] {
        server.send_raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        assert_eq!(server.receive_json()["error"]["code"], expected, "{body}");
    }
    // The session goes on.
    server.send(&request(1, "shutdown", Value::Null));
    assert!(answer(&mut server).response_result.is_ok());
    server.send(&notification("exit", Value::Null));
    assert_eq!(server.end(), (Some(0), String::new()));
}

#[test]
fn streams_that_break_off() {
    for bytes in [
        &b""[..],
        b"Content-Length: 100\r\n\r\n{",
        b"Content-Length: x\r\n\r\n{}",
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"Content-Length: 9999999999\r\n\r\n{}",
        b"no header\r\n",
        b"\xff\xfe\x00\r\n\r\n",
        &[b'x'; 100_000],
    ] {
        let mut server = Server::start();
        server.send_raw(bytes);
        let (status, stderr) = server.end();
        assert_eq!(
            (status, stderr.as_str()),
            (Some(1), ""),
            "{:?}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn requests_at_the_wrong_time() {
    let mut server = Server::start();
    server.send(&request(1, "textDocument/hover", json!({})));
    assert_eq!(code(&answer(&mut server)), -32002);
    server.send(&open("default = 1\n"));
    server.send(&request(2, "initialize", json!({ "capabilities": 5 })));
    assert_eq!(code(&answer(&mut server)), -32602);
    server.send(&request(3, "initialize", json!({ "capabilities": {} })));
    assert!(answer(&mut server).response_result.is_ok());
    server.send(&request(4, "initialize", json!({ "capabilities": {} })));
    assert_eq!(code(&answer(&mut server)), -32600);
    server.send(&request(5, "no/such", Value::Null));
    assert_eq!(code(&answer(&mut server)), -32601);
    server.send(&request(6, "shutdown", Value::Null));
    assert!(answer(&mut server).response_result.is_ok());
    server.send(&request(7, "shutdown", Value::Null));
    assert_eq!(code(&answer(&mut server)), -32600);
    server.send(&notification("exit", Value::Null));
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn exit_without_shutdown_is_a_failure() {
    let mut server = Server::initialized();
    server.send(&notification("exit", Value::Null));
    assert_eq!(server.end(), (Some(1), String::new()));
}

const METHODS: [&str; 13] = [
    "completion",
    "hover",
    "signatureHelp",
    "definition",
    "references",
    "documentHighlight",
    "prepareRename",
    "rename",
    "documentSymbol",
    "foldingRange",
    "codeLens",
    "codeAction",
    "semanticTokens/full",
];

fn params(uri: &str, line: u32, character: u32) -> Value {
    let position = json!({ "line": line, "character": character });
    json!({
        "textDocument": { "uri": uri },
        "position": position,
        "range": { "start": position, "end": { "line": 0, "character": 0 } },
        "context": { "includeDeclaration": true, "diagnostics": [] },
        "newName": "x",
    })
}

/// Files that are not open, positions that do not exist, parameters that are none.
#[test]
fn every_request_about_nothing() {
    let mut server = Server::initialized();
    server.send(&open("[stages.a]\nfrom = \"\u{1f600}\"\nsteps = ['''\n$A\n'''"));
    let mut id = 0;
    for method in METHODS {
        let method = format!("textDocument/{method}");
        for params in [
            params("file:///w/other.toml", 0, 0),
            params("", 0, 0),
            params("\u{1f600}%", 1, 1),
            params("file:///w/mstage.toml", u32::MAX, u32::MAX),
            params("file:///w/mstage.toml", 1, 9),
            params("file:///w/mstage.toml", 4, 3),
            Value::Null,
            json!([]),
            json!({ "textDocument": 5 }),
        ] {
            id += 1;
            server.send(&request(id, &method, params));
            let answer = answer(&mut server);
            assert_eq!(answer.id, id.into(), "{method}");
            if let Err(error) = answer.response_result {
                assert!([-32602, -32803].contains(&error.code), "{method}: {}", error.message);
            }
        }
    }
    for method in ["didOpen", "didChange", "didClose", "didSave"] {
        server
            .send(&notification(&format!("textDocument/{method}"), json!({ "textDocument": [] })));
    }
    let change = json!({ "range": { "start": { "line": 9, "character": 9 }, "end": { "line": 0, "character": 1 } }, "text": "\u{e4}" });
    let document = json!({ "uri": "file:///w/mstage.toml", "version": -1 });
    server.send(&notification(
        "textDocument/didChange",
        json!({ "textDocument": document, "contentChanges": [change, { "text": "default = " }] }),
    ));
    server.send(&request(1000, "shutdown", Value::Null));
    assert_eq!(answer(&mut server).id, 1000.into());
    server.send(&notification("exit", Value::Null));
    assert_eq!(server.end(), (Some(0), String::new()));
}

/// Every request at every position of texts that are cut off anywhere.
#[test]
fn requests_everywhere_in_broken_text() {
    const TEXT: &str = "# check=skip=unused-arg\n[args]\nA = \"\u{e4}\"\n[stages.a]\nfrom = \"x${A}\"\nsteps = [\n  { copy = [\"a\"], to = '/b' }, '''\n echo $A \u{1f600}\n''',\n]\n[stages.a.image]\nenv.B = \"${A:-x}\"\n";
    let mut server = Server::initialized();
    server.send(&open(""));
    let document = json!({ "uri": "file:///w/mstage.toml", "version": 2 });
    let mut id = 0;
    let ends = TEXT.char_indices().map(|(at, _)| at).filter(|at| at % 7 == 0);
    for end in ends.chain([TEXT.len()]) {
        let text = &TEXT[..end];
        let changes = json!([{ "text": text }]);
        server.send(&notification(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": changes }),
        ));
        let line = text.matches('\n').count() as u32;
        for method in METHODS {
            for (line, character) in [(line, 0), (line, 3), (line, 99), (line / 2, 5)] {
                id += 1;
                let method = format!("textDocument/{method}");
                server.send(&request(
                    id,
                    &method,
                    params("file:///w/mstage.toml", line, character),
                ));
                let answer = answer(&mut server);
                assert_eq!(answer.id, id.into());
                if let Err(error) = answer.response_result {
                    assert_eq!(error.code, -32803, "{method} in {text:?}: {}", error.message);
                }
            }
        }
    }
    server.send(&notification("exit", Value::Null));
    assert_eq!(server.end(), (Some(1), String::new()));
}

/// A request that is cancelled before it is read has an answer, too.
#[test]
fn a_cancelled_request_is_answered() {
    let mut server = Server::initialized();
    let mut bytes = Vec::new();
    for message in [
        open("default = \"a\"\n"),
        request(1, "textDocument/hover", params("file:///w/mstage.toml", 0, 0)),
        notification("$/cancelRequest", json!({ "id": 1 })),
        notification("$/cancelRequest", json!({ "id": "unknown" })),
        notification("$/cancelRequest", Value::Null),
    ] {
        let text = message.to_string();
        bytes.extend(format!("Content-Length: {}\r\n\r\n{text}", text.len()).into_bytes());
    }
    server.send_raw(&bytes);
    let answer = answer(&mut server);
    assert_eq!(answer.id, 1.into());
    // It may have been read before the cancellation arrived.
    assert!(answer.response_result.is_ok() || code(&answer) == -32800);
    server.send(&request(2, "shutdown", Value::Null));
    assert_eq!(self::answer(&mut server).id, 2.into());
    assert_eq!(server.end().1, "");
}

/// Files larger than any build file, and such that are hard to recover.
#[test]
fn huge_files() {
    let mut server = Server::initialized();
    for text in [
        "a".repeat(5 << 20),
        "[stages.a]\n".repeat(3_000),
        "'''".repeat(50_000),
        "[{".repeat(100_000),
        "\"\n".repeat(5_000),
        "a = [\n".repeat(5_000),
    ] {
        server.send(&open(&text));
        server.send(&request(1, "textDocument/completion", params("file:///w/mstage.toml", 1, 0)));
        assert_eq!(answer(&mut server).id, 1.into());
    }
    server.send(&notification("exit", Value::Null));
    assert_eq!(server.end(), (Some(1), String::new()));
}
