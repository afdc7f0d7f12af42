//! Platforms: parses texts like `linux/arm64` into a canonical form, as containerd's `platforms`
//! package does.
//!
//! Must not depend on the platform of the program, or on those that a daemon can run.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use buildkit_proto::{fields, pb};

use crate::wire::Writer;

/// An operating system on a processor architecture, in the canonical form: `x86_64` is `amd64`,
/// `linux/arm64/v8` is `linux/arm64`, `linux/arm` is `linux/arm/v7`.
///
/// ```
/// use buildkit_llb::Platform;
///
/// let platform: Platform = "Linux/aarch64".parse()?;
/// assert_eq!(platform.to_string(), "linux/arm64");
/// assert_eq!(Platform::parse("windows(10.0.17763)/amd64", &platform)?.id(), "windows(10.0.17763)/amd64");
/// assert_eq!(Platform::parse("amd64", &platform)?.to_string(), "linux/amd64");
/// # Ok::<(), buildkit_llb::InvalidPlatform>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform(Arc<Parts>);

/// Shared, since every op of a build has its platform.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Parts {
    os: String,
    architecture: String,
    variant: String,
    os_version: String,
    os_features: Vec<String>,
}

impl Platform {
    /// A platform from its parts; the variant may be empty.
    ///
    /// Fails if the system or the architecture is empty: BuildKit treats a platform with empty
    /// fields not as the daemon's own, but as one without an architecture.
    pub fn new(os: &str, architecture: &str, variant: &str) -> Result<Platform, InvalidPlatform> {
        if os.is_empty() || architecture.is_empty() {
            return Err(InvalidPlatform {
                text: format!("{os}/{architecture}"),
                problem: Problem::Empty,
            });
        }
        let (architecture, variant) = normalize_architecture(architecture, variant);
        Ok(Platform::of(Parts {
            os: normalize_os(os),
            architecture,
            variant,
            os_version: String::new(),
            os_features: Vec::new(),
        }))
    }

    /// Sets the version of the operating system, which Windows images have.
    pub fn with_os_version(self, os_version: impl Into<String>) -> Platform {
        Platform::of(Parts { os_version: os_version.into(), ..self.into_parts() })
    }

    /// Sets the required features of the operating system.
    pub fn with_os_features(self, os_features: impl IntoIterator<Item = String>) -> Platform {
        let mut os_features: Vec<_> = os_features.into_iter().collect();
        os_features.sort();
        os_features.dedup();
        Platform::of(Parts { os_features, ..self.into_parts() })
    }

    /// Parses `os/architecture[/variant]`, where `os` may be followed by `(version+feature…)`, or a
    /// known operating system or architecture alone, which `default` completes.
    pub fn parse(text: &str, default: &Platform) -> Result<Platform, InvalidPlatform> {
        if text.contains('/') {
            return text.parse();
        }
        let invalid = |problem| InvalidPlatform { text: text.to_owned(), problem };
        let (os, options) = OsOptions::split(text).map_err(invalid)?;
        let os = normalize_os(os);
        if KNOWN_OS.contains(&os.as_str()) {
            return Ok(options.set(Platform::of(Parts { os, ..default.without_os_options() })));
        }
        let (architecture, variant) = normalize_architecture(text, "");
        if KNOWN_ARCHITECTURES.contains(&architecture.as_str()) {
            let parts = default.without_os_options();
            return Ok(Platform::of(Parts { architecture, variant, ..parts }));
        }
        Err(invalid(Problem::UnknownName))
    }

    /// The operating systems known to containerd. It accepts unknown ones unchanged.
    pub fn known_systems() -> &'static [&'static str] {
        KNOWN_OS
    }

    /// The architectures known to containerd. It accepts unknown ones unchanged.
    pub fn known_architectures() -> &'static [&'static str] {
        KNOWN_ARCHITECTURES
    }

    /// The operating system, e.g. `linux`.
    pub fn os(&self) -> &str {
        &self.0.os
    }

    /// The architecture, e.g. `arm64`.
    pub fn architecture(&self) -> &str {
        &self.0.architecture
    }

    /// The variant of the architecture, e.g. `v7`; usually empty.
    pub fn variant(&self) -> &str {
        &self.0.variant
    }

    /// The version of the operating system; usually empty.
    pub fn os_version(&self) -> &str {
        &self.0.os_version
    }

    /// The required features of the operating system, sorted.
    pub fn os_features(&self) -> &[String] {
        &self.0.os_features
    }

    /// The text that identifies the platform in the results of a build: `Display` plus the version
    /// and features of the operating system (`FormatAll` in containerd's `platforms`).
    pub fn id(&self) -> String {
        let mut options = encode_option(&self.0.os_version);
        for feature in self.0.os_features.iter().filter(|feature| !feature.is_empty()) {
            options.push('+');
            options.push_str(&encode_option(feature));
        }
        let os = &self.0.os;
        let options = if options.is_empty() { options } else { format!("({options})") };
        let variant = self.separated_variant();
        format!("{os}{options}/{}{variant}", self.0.architecture)
    }

    fn of(parts: Parts) -> Platform {
        Platform(Arc::new(parts))
    }

    fn into_parts(self) -> Parts {
        Arc::unwrap_or_clone(self.0)
    }

    fn without_os_options(&self) -> Parts {
        Parts { os_version: String::new(), os_features: Vec::new(), ..(*self.0).clone() }
    }

    fn separated_variant(&self) -> String {
        if self.0.variant.is_empty() { String::new() } else { format!("/{}", self.0.variant) }
    }
}

/// `os/architecture[/variant]`, without the parts that `id` adds.
impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}{}", self.0.os, self.0.architecture, self.separated_variant()))
    }
}

/// Parses a platform with both its operating system and its architecture.
impl FromStr for Platform {
    type Err = InvalidPlatform;

    fn from_str(text: &str) -> Result<Platform, InvalidPlatform> {
        let invalid = |problem| InvalidPlatform { text: text.to_owned(), problem };
        let mut parts = text.split('/');
        let (os, options) = OsOptions::split(parts.next().unwrap_or_default()).map_err(invalid)?;
        let architecture = parts.next().ok_or_else(|| invalid(Problem::OnePart))?;
        let variant = parts.next();
        if parts.next().is_some() {
            return Err(invalid(Problem::TooManyParts));
        }
        // containerd accepts `..` too, which is not a valid name.
        if !is_part(architecture) || !variant.is_none_or(is_part) {
            return Err(invalid(Problem::BadPart));
        }
        Ok(options.set(Platform::new(os, architecture, variant.unwrap_or_default())?))
    }
}

fn is_part(part: &str) -> bool {
    is_word(part, "_.-") && part.contains(|c: char| c.is_ascii_alphanumeric())
}

/// A text or a message that is not a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPlatform {
    text: String,
    problem: Problem,
}

impl fmt::Display for InvalidPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            Problem::Empty => "its operating system or architecture is missing",
            Problem::OnePart => "it says only one of operating system and architecture",
            Problem::TooManyParts => "it has more than three parts",
            Problem::BadPart => "its parts may have letters, digits, `_`, `.` and `-` only",
            Problem::BadOs => {
                "its operating system may have letters, digits, `_` and `-` only, and a version in \
                 parentheses"
            }
            Problem::UnknownName => "it is no known operating system or architecture",
        };
        write!(f, "invalid platform {:?}: {problem}", self.text)
    }
}

impl Error for InvalidPlatform {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Empty,
    OnePart,
    TooManyParts,
    BadPart,
    BadOs,
    UnknownName,
}

impl Platform {
    /// Writes its message.
    pub(crate) fn write(&self, message: &mut Writer) {
        message.text(fields::platform::ARCHITECTURE, &self.0.architecture);
        message.text(fields::platform::OS, &self.0.os);
        message.text(fields::platform::VARIANT, &self.0.variant);
        message.text(fields::platform::OS_VERSION, &self.0.os_version);
        for feature in &self.0.os_features {
            message.item(fields::platform::OS_FEATURES, feature);
        }
    }
}

impl From<Platform> for pb::Platform {
    fn from(platform: Platform) -> pb::Platform {
        let Parts { os, architecture, variant, os_version, os_features } = platform.into_parts();
        pb::Platform { os, architecture, variant, os_version, os_features }
    }
}

impl TryFrom<pb::Platform> for Platform {
    type Error = InvalidPlatform;

    fn try_from(platform: pb::Platform) -> Result<Platform, InvalidPlatform> {
        Ok(Platform::new(&platform.os, &platform.architecture, &platform.variant)?
            .with_os_version(platform.os_version)
            .with_os_features(platform.os_features))
    }
}

/// The version and features of an operating system in a platform's text.
struct OsOptions {
    version: String,
    features: Vec<String>,
}

impl OsOptions {
    /// Splits `name(version+feature…)`.
    fn split(text: &str) -> Result<(&str, OsOptions), Problem> {
        let (name, options) = match text.split_once('(') {
            Some((name, options)) => (name, options.strip_suffix(')').ok_or(Problem::BadOs)?),
            None => (text, ""),
        };
        let (version, features) = match options.split_once('+') {
            Some((version, features)) => (version, Some(features)),
            None => (options, None),
        };
        let features: Vec<_> = features.into_iter().flat_map(|f| f.split('+')).collect();
        if !is_word(name, "_-")
            || !(version.is_empty() || is_option(version))
            || !features.iter().all(|feature| is_option(feature))
        {
            return Err(if text.is_empty() { Problem::Empty } else { Problem::BadOs });
        }
        let features = features.into_iter().map(decode).collect::<Result<_, _>>()?;
        Ok((name, OsOptions { version: decode(version)?, features }))
    }

    fn set(self, platform: Platform) -> Platform {
        platform.with_os_version(self.version).with_os_features(self.features)
    }
}

fn decode(option: &str) -> Result<String, Problem> {
    decode_option(option).ok_or(Problem::BadOs)
}

fn is_option(option: &str) -> bool {
    is_word(option, "_.%-")
}

/// The tables of containerd's `platforms/database.go`.
const KNOWN_OS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];
const KNOWN_ARCHITECTURES: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "arm64",
    "arm64be",
    "armbe",
    "loong64",
    "mips",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "mipsle",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

fn normalize_os(os: &str) -> String {
    let os = os.to_lowercase();
    if os == "macos" { "darwin".to_owned() } else { os }
}

fn normalize_architecture(architecture: &str, variant: &str) -> (String, String) {
    let architecture = architecture.to_lowercase();
    let variant = variant.to_lowercase();
    let (architecture, variant) = match (architecture.as_str(), variant.as_str()) {
        ("i386", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64" | "amd64", variant) => ("amd64", variant),
        ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", ""),
        ("aarch64" | "arm64", "9" | "9.0" | "v9.0") => ("arm64", "v9"),
        ("aarch64" | "arm64", variant) => ("arm64", variant),
        ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
        ("armel", _) | ("arm", "6") => ("arm", "v6"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "8") => ("arm", "v8"),
        other => other,
    };
    (architecture.to_owned(), variant.to_owned())
}

fn is_word(text: &str, punctuation: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || punctuation.contains(c))
}

/// Characters that would end an option early are percent-encoded.
fn encode_option(option: &str) -> String {
    let mut encoded = String::with_capacity(option.len());
    for character in option.chars() {
        match character {
            '%' => encoded.push_str("%25"),
            '+' => encoded.push_str("%2B"),
            '(' => encoded.push_str("%28"),
            ')' => encoded.push_str("%29"),
            '/' => encoded.push_str("%2F"),
            character => encoded.push(character),
        }
    }
    encoded
}

fn decode_option(option: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(option.len());
    let mut bytes = option.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut nibble = || char::from(bytes.next()?).to_digit(16);
        let value = nibble()? * 16 + nibble()?;
        decoded.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Platform {
        "linux/arm64".parse().unwrap()
    }

    #[test]
    fn canonical_texts() {
        for (text, id) in [
            ("linux/amd64", "linux/amd64"),
            ("Linux/X86_64", "linux/amd64"),
            ("linux/x86-64/v1", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64/v9.0", "linux/arm64/v9"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/arm/6", "linux/arm/v6"),
            ("linux/armhf", "linux/arm/v7"),
            ("linux/armel", "linux/arm/v6"),
            ("linux/i386", "linux/386"),
            ("macos/arm64", "darwin/arm64"),
            ("windows(10.0.17763)/amd64", "windows(10.0.17763)/amd64"),
            ("windows(10.0+b+a+b)/amd64", "windows(10.0+a+b)/amd64"),
            ("windows(+a%2Bb)/amd64", "windows(+a%2Bb)/amd64"),
            ("windows()/amd64", "windows/amd64"),
            ("amd64", "linux/amd64"),
            ("arm", "linux/arm/v7"),
            ("darwin", "darwin/arm64"),
            ("windows(10.0)", "windows(10.0)/arm64"),
        ] {
            assert_eq!(Platform::parse(text, &host()).map(|platform| platform.id()), Ok(id.into()));
        }
    }

    #[test]
    fn text_without_os_version() {
        let platform: Platform = "windows(10.0.17763)/amd64/v2".parse().unwrap();
        assert_eq!(platform.to_string(), "windows/amd64/v2");
    }

    #[test]
    fn invalid_texts() {
        for (text, problem) in [
            ("", Problem::Empty),
            ("/", Problem::Empty),
            ("linux/", Problem::BadPart),
            ("linux/amd64/", Problem::BadPart),
            ("/amd64", Problem::Empty),
            ("linux/amd64/v1/x", Problem::TooManyParts),
            ("linux/*", Problem::BadPart),
            ("lin ux/amd64", Problem::BadOs),
            ("windows(10/amd64", Problem::BadOs),
            ("windows(%zz)/amd64", Problem::BadOs),
            ("windows(+)/amd64", Problem::BadOs),
            ("vax", Problem::UnknownName),
        ] {
            let text = text.to_owned();
            assert_eq!(Platform::parse(&text, &host()), Err(InvalidPlatform { text, problem }));
        }
        let error = "linux".parse::<Platform>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid platform \"linux\": it says only one of operating system and architecture"
        );
    }

    #[test]
    fn message_and_back() {
        let platform: Platform = "windows(10.0+a)/arm/v7".parse().unwrap();
        let message = pb::Platform::from(platform.clone());
        assert_eq!(Platform::try_from(message), Ok(platform));
        assert!(Platform::try_from(pb::Platform::default()).is_err());
    }
}
