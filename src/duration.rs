//! Durations in the syntax of Go's `time.ParseDuration`, with its messages.

/// The units and their nanoseconds.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Nanoseconds. An error is the message of Go.
pub(crate) fn parse_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    if unsigned == "0" {
        return Ok(0);
    }
    if unsigned.is_empty() {
        return Err(invalid());
    }
    let mut rest = unsigned;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let whole = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let fraction = rest[whole..].strip_prefix('.').map_or(0, |after| {
            1 + after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len())
        });
        let number: f64 = rest[..whole + fraction].parse().map_err(|_| invalid())?;
        rest = &rest[whole + fraction..];
        let unit = rest.find(is_number).unwrap_or(rest.len());
        let factor = match &rest[..unit] {
            "" => return Err(format!("time: missing unit in duration {text:?}")),
            unit => UNITS
                .iter()
                .find_map(|(name, factor)| (*name == unit).then_some(*factor))
                .ok_or_else(|| format!("time: unknown unit {unit:?} in duration {text:?}"))?,
        };
        rest = &rest[unit..];
        sum += number * factor as f64;
    }
    if sum >= i64::MAX as f64 {
        return Err(invalid());
    }
    Ok((sign * sum) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid() {
        for (text, nanoseconds) in [
            ("30s", 30_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1h1m1.5s", 3_661_500_000_000),
            ("+.5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("-1s", -1_000_000_000),
            ("1us", 1_000),
            ("0s", 0),
            ("0", 0),
            ("0h0m", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(nanoseconds), "{text}");
        }
    }

    #[test]
    fn the_words_of_go() {
        for (text, expected) in [
            ("x", "time: invalid duration \"x\""),
            ("", "time: invalid duration \"\""),
            (".s", "time: invalid duration \".s\""),
            ("1", "time: missing unit in duration \"1\""),
            ("00", "time: missing unit in duration \"00\""),
            ("1.2.3s", "time: missing unit in duration \"1.2.3s\""),
            ("1d", "time: unknown unit \"d\" in duration \"1d\""),
            ("1e400h", "time: unknown unit \"e\" in duration \"1e400h\""),
            ("1s s", "time: unknown unit \"s s\" in duration \"1s s\""),
            ("99999999999h", "time: invalid duration \"99999999999h\""),
        ] {
            assert_eq!(parse_duration(text), Err(expected.to_owned()), "{text}");
        }
    }
}
