//! Durations as Go's `time.ParseDuration` reads them, with its messages.

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

/// The shortest allowed duration in nanoseconds.
const LEAST: f64 = 1e6;

/// The longest duration in nanoseconds.
const MOST: f64 = i64::MAX as f64;

/// Checks the value of an option (`parseOptInterval` in
/// `frontend/dockerfile/instructions/parse.go` of BuildKit).
pub(super) fn check(option: &str, text: &str) -> Result<(), String> {
    let nanoseconds = nanoseconds(text)?;
    if nanoseconds != 0.0 && nanoseconds < LEAST {
        return Err(format!("Interval {option:?} cannot be less than 1ms"));
    }
    Ok(())
}

fn nanoseconds(text: &str) -> Result<f64, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    if unsigned == "0" {
        return Ok(0.0);
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
        if sum > MOST {
            return Err(invalid());
        }
    }
    Ok(sign * sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_go() {
        for (text, expected) in [
            ("1h1m1.5s", Ok(())),
            ("0", Ok(())),
            ("+.5s", Ok(())),
            ("1.s", Ok(())),
            ("x", Err("time: invalid duration \"x\"")),
            ("", Err("time: invalid duration \"\"")),
            (".s", Err("time: invalid duration \".s\"")),
            ("1", Err("time: missing unit in duration \"1\"")),
            ("1.2.3s", Err("time: missing unit in duration \"1.2.3s\"")),
            ("1d", Err("time: unknown unit \"d\" in duration \"1d\"")),
            ("99999999999h", Err("time: invalid duration \"99999999999h\"")),
            ("-1s", Err("Interval \"interval\" cannot be less than 1ms")),
            ("1us", Err("Interval \"interval\" cannot be less than 1ms")),
        ] {
            assert_eq!(check("interval", text), expected.map_err(str::to_owned), "{text}");
        }
    }
}
