//! Recognition of Dockerfiles among build files.

use crate::source::SourceFile;

/// True if a build file is a Dockerfile: its first instruction is one that only a Dockerfile can
/// begin with, or it is named like a Dockerfile and does not begin with a key or header of TOML.
pub fn is_dockerfile(file: &SourceFile) -> bool {
    let text = file.text().trim_start_matches('\u{feff}');
    let Some(first) = text.lines().map(str::trim).find(is_code) else {
        return is_named_like_dockerfile(file.name());
    };
    let (keyword, rest) = first.split_once([' ', '\t']).unwrap_or((first, ""));
    let begins = ["FROM", "ARG"].iter().any(|known| keyword.eq_ignore_ascii_case(known));
    // In TOML, a key is followed by `=` or a dot.
    let is_instruction = begins && !rest.trim_start().starts_with(['=', '.']);
    is_instruction || is_named_like_dockerfile(file.name()) && !is_toml(first)
}

fn is_code(line: &&str) -> bool {
    !line.is_empty() && !line.starts_with('#')
}

/// True if a file is named like a Dockerfile.
pub fn is_named_like_dockerfile(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let is_whole = ["dockerfile", "containerfile"].contains(&&*name);
    is_whole || name.starts_with("dockerfile.") || name.ends_with(".dockerfile")
}

/// True if a line is a header, or begins with a key and `=`.
fn is_toml(line: &str) -> bool {
    let after = line.trim_start_matches(is_of_key);
    line.starts_with('[') || after.len() < line.len() && after.trim_start().starts_with('=')
}

fn is_of_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.\"'".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_content_and_by_name() {
        let is = |name: &str, text: &str| is_dockerfile(&SourceFile::new(name, text.into()));
        assert!(is("x", "# syntax=a\n\nFROM alpine\n[x]\n"));
        assert!(is("build.df", "\u{feff}arg A=1\nFROM $A"));
        assert!(is("Dockerfile", "FRMO alpine"));
        assert!(is("docker/Dockerfile.dev", "RUN x"));
        assert!(is("Dockerfile", ""));
        assert!(!is("mstage.toml", ""));
        assert!(!is("Dockerfile", "# syntax=myorg/mstage\ndefault = \"a\"\n"));
        assert!(!is("Dockerfile", "[stages.a]\nfrom = \"b\"\n"));
        assert!(!is("mstage.toml", "from = \"a\"\n"));
        assert!(!is("mstage.toml", "FRMO alpine"));
    }
}
