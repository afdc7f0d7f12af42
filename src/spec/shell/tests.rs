//! Scripts and their parsed commands.

use super::*;

fn shown(text: &str) -> Vec<String> {
    let show = |command: &Command<'_>| {
        let words: Vec<&str> = command.words.iter().map(|word| word.text.as_ref()).collect();
        let end = match command.end {
            End::Pipe => " |",
            End::Or => " ||",
            End::Other => "",
        };
        format!("{}{end}", words.join(" "))
    };
    read(text).commands.iter().map(show).filter(|command| !command.is_empty()).collect()
}

#[test]
fn commands_of_scripts() {
    for (text, expected) in [
        (
            "apt-get update && apt-get install -y curl",
            &["apt-get update", "apt-get install -y curl"][..],
        ),
        ("apk add \\\n  bash \\\n  curl\necho 'a; b' \"c\"", &["apk add bash curl", "echo a; b c"]),
        ("# apt-get update\ntrue # no\n", &["true"]),
        ("if ! A=1 sudo -E -u x dnf install x; then exit 1; fi", &["dnf install x", "exit 1"]),
        ("(cd /x && make) 2>&1 | tee log", &["cd /x", "make |", "tee log"]),
        ("for f in *; do sh $f; done | tee log", &["for f in *", "sh $f |", "tee log"]),
        ("echo a#b 'unclosed", &["echo a#b unclosed"]),
        ("cat <<EOF >x; ls\nrm -rf |\nEOF\ntrue", &["cat", "ls", "true"]),
        ("cat <<-'E' | sh\n\ta\n\tE\ntrue", &["cat |", "sh", "true"]),
        (
            "curl $(a | b) | sh -s \"$(c \"d e\")\" || f",
            &["curl  |", "a |", "b", "sh -s  ||", "c d e", "f"],
        ),
        ("A=$(curl x | jq .) B=`d` e >o 2>>p <i 'f'g\\ h", &["e fg h", "curl x |", "jq .", "d"]),
        ("x=$((1 << 2)) y", &["y"]),
        ("make >log 2>&1 & wait", &["make", "wait"]),
        ("cat ${A:-b | c} |& sh", &["cat ${A:-b | c} |", "sh"]),
        ("", &[]),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn pipes() {
    for (text, expected) in [
        ("curl $(a) | sh $(b)", &["curl..sh"][..]),
        ("curl $(a | b) | jq | sh", &["curl..sh", "a..b", "jq..sh"]),
        ("(a; b) | tee x", &["b..tee"]),
        ("X=$(curl | jq); a | b", &["curl..jq", "a..b"]),
        ("a | (b | c); d", &["b..c"]),
        ("curl x |\n  tar x && { a; } 2>&1 | tee b", &["curl..tar", "a..tee"]),
        ("a; b", &[]),
        ("a |", &[]),
    ] {
        let commands = read(text).commands;
        let name = |at: usize| commands[at].program().to_owned();
        let found = ends_of_pipes(&commands).into_iter();
        let found: Vec<_> = found.map(|(a, b)| format!("{}..{}", name(a), name(b))).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn words_have_their_places() {
    let text = "a 'b c'\"d\" $(e)f \\\n  g";
    let reading = read(text);
    let places = |command: &Command<'_>| -> Vec<String> {
        command.words.iter().map(|word| text[word.range.clone()].to_owned()).collect()
    };
    assert_eq!(places(&reading.commands[0]), ["a", "'b c'\"d\"", "$(e)f", "g"]);
    assert_eq!(places(&reading.commands[1]), ["e"]);
}

/// Blank lines and comments between complete commands are harmless.
#[test]
fn commands_that_do_not_go_on() {
    for (text, expected) in [
        ("a \\\n # b\nc", &["# b"][..]),
        ("a \\\n # b\n # c\nd \\\n# e \\\nf", &["# b", "# e \\"]),
        ("a \\\n\nb", &["\\"]),
        ("echo one; \\\n# note\necho two", &[]),
        ("a && \\\n # b\nc || \\\n\nd | \\\n# e\nf", &[]),
        ("if \\\n # a\n b; then \\\n # c\n d; fi", &[]),
        ("a \\\n # the last", &[]),
        ("# a \\\n# b\nc", &[]),
        ("echo 'a \\\n# b\nc' \"d \\\n# e\n\\\n\n\"", &[]),
        ("cat <<E\na \\\n# b\nc\nE\n", &[]),
        ("a \\\\\n# b\nc", &[]),
    ] {
        let found = read(text).broken.into_iter().map(|broken| match broken {
            Broken::Comment(range) | Broken::Blank(range) => text[range].to_owned(),
        });
        assert_eq!(found.collect::<Vec<_>>(), expected, "{text}");
    }
}

#[test]
fn shells() {
    assert!(
        is_for_posix("a")
            && is_for_posix("#!/usr/bin/env bash\n")
            && is_for_posix("#!/bin/sh -e\n")
    );
    assert!(!is_for_posix("#!/usr/bin/env python3\n"));
    assert!(is_shell("C:\\Windows\\cmd.exe") && is_shell("/bin/bash") && !is_shell("java"));
}

/// No text causes a hang or a panic.
#[test]
fn odd_texts() {
    for text in [
        "\\",
        "$(",
        "\"$(\"",
        "`",
        "${",
        "<<",
        "<<E",
        "a |",
        ")",
        "'",
        "$((",
        "&>",
        "\u{e4}\\\u{e4}",
        "\"`)\"",
    ] {
        read(text);
        read(&text.repeat(50));
    }
}
