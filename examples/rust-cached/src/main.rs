//! Prints its arguments in ASCII.

use deunicode::deunicode;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("{}", deunicode(&words.join(" ")));
}
