//! Mutations of seeds.

use crate::numbers::Numbers;

/// Pieces of the languages: each is somewhere special.
const TOKENS: &[&str] = &[
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\0",
    "\u{feff}",
    "\u{e4}",
    "\u{1f600}",
    "\\",
    "\\\n",
    "`",
    "'",
    "\"",
    "'''",
    "\"\"\"",
    "#",
    "=",
    ".",
    ",",
    "/",
    "..",
    ":",
    "@",
    "$",
    "$$",
    "${",
    "}",
    "${A:-",
    "${A:+b}",
    "${A#*/}",
    "${A//a/b}",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "{}",
    "[]",
    "[stages.a]\n",
    "[args]\n",
    "<<EOF",
    "EOF\n",
    "<<-'E'\n",
    "--",
    "--mount=",
    "--from=",
    "type=cache,",
    "target=",
    "# syntax=x\n",
    "# escape=`\n",
    "# check=skip=all\n",
    "# check=error=true\n",
    "# lock:",
    "FROM ",
    "\nFROM a AS b\n",
    "RUN ",
    "COPY ",
    "ADD ",
    "ARG ",
    "ENV ",
    "ONBUILD ",
    "from = \"a\"\n",
    "steps = [",
    "{ run = ",
    "{ copy = ",
    "{ parallel = [",
    "{ include = \"x\" }",
    "args = ",
    "when = ",
    "true",
    "-1",
    "18446744073709551616",
    "0x",
    "1.5",
    "1979-05-27",
    "sha256:",
    "scratch",
    "https://",
    "git@h:a",
    "*",
    "?",
    "!",
    "%",
    "docker-image://",
    "oci-layout://",
    "input:",
    "local:",
    "linux/arm64",
    "linux/amd64,linux/arm/v7",
    "build-arg:",
    "context:",
    "target=",
    "requestid=",
    "platform=",
    "=== ",
    "=== fail Solve 2\n",
    "=== reply Solve\n",
    "null",
    "\"\":",
];

/// Longest input: longer ones only take longer.
const MAX: usize = 16 << 10;

/// A seed with some mutations.
pub(crate) fn mutated(seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut data = seeds[numbers.below(seeds.len())].clone();
    for _ in 0..1 + numbers.below(5) {
        let other = &seeds[numbers.below(seeds.len())];
        data = mutated_once(data, other, numbers);
        data.truncate(MAX);
    }
    data
}

fn mutated_once(mut data: Vec<u8>, other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let (start, end) = range(data.len(), numbers);
    match numbers.below(10) {
        0 if !data.is_empty() => {
            let at = numbers.below(data.len());
            data[at] ^= 1 << numbers.below(8);
        }
        1 => drop(data.drain(start..end)),
        2 => {
            let piece = data[start..end].to_vec();
            let at = numbers.below(data.len() + 1);
            data.splice(at..at, piece);
        }
        3 | 4 => {
            let token = TOKENS[numbers.below(TOKENS.len())];
            data.splice(start..start, token.bytes());
        }
        5 => {
            let token = TOKENS[numbers.below(TOKENS.len())];
            let (start, end) = word(&data, numbers);
            data.splice(start..end, token.bytes());
        }
        6 => {
            let (from, to) = range(other.len(), numbers);
            data.splice(start..end, other[from..to].iter().copied());
        }
        7 => {
            let (start, end) = line(&data, numbers);
            data.drain(start..end);
        }
        8 => {
            let (start, end) = line(&data, numbers);
            let copy = data[start..end].to_vec();
            let (at, _) = line(&data, numbers);
            data.splice(at..at, copy);
        }
        _ => {
            // The lines and the words of files of one kind fit together.
            let find = if numbers.one_in(2) { line } else { word };
            let (start, end) = find(&data, numbers);
            let (from, to) = find(other, numbers);
            data.splice(start..end, other[from..to].iter().copied());
        }
    }
    data
}

/// Any range; short ones are more likely.
fn range(length: usize, numbers: &mut Numbers) -> (usize, usize) {
    let start = numbers.below(length + 1);
    let most = if numbers.one_in(4) { length } else { 16 };
    (start, (start + numbers.below(most + 1)).min(length))
}

/// The range of a line, with its newline.
fn line(data: &[u8], numbers: &mut Numbers) -> (usize, usize) {
    around(data, numbers, |byte| byte == b'\n', 1)
}

/// The range of a word, or of the characters between two words.
fn word(data: &[u8], numbers: &mut Numbers) -> (usize, usize) {
    around(data, numbers, |byte| !byte.is_ascii_alphanumeric() && byte != b'_', 0)
}

/// The range between two bytes that end a part.
fn around(
    data: &[u8],
    numbers: &mut Numbers,
    ends: fn(u8) -> bool,
    included: usize,
) -> (usize, usize) {
    let at = numbers.below(data.len() + 1);
    let start = data[..at].iter().rposition(|&byte| ends(byte)).map_or(0, |before| before + 1);
    let end = data[at..].iter().position(|&byte| ends(byte));
    (start, end.map_or(data.len(), |end| at + end + included))
}
