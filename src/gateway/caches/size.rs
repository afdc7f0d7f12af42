//! Sizes as text: `MSTAGE_CACHES_MAX`.

/// The units of sizes, the largest first.
const UNITS: [(&str, u64); 5] =
    [("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10), ("", 1)];

/// Parses a size such as `5g`, `1.5GB`, `500MiB` or `1000`. All units are powers of 1,024.
pub(super) fn parse(text: &str) -> Option<u64> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[number.len()..].to_ascii_uppercase();
    let unit = unit.strip_suffix("IB").or(unit.strip_suffix('B')).unwrap_or(&unit);
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || number.ends_with('.') {
        return None;
    }
    // Three digits are enough, and cannot overflow.
    let thousandths: u64 = format!("{fraction:0<3.3}").parse().ok()?;
    let whole = whole.parse::<u64>().ok()?.checked_mul(*factor)?;
    whole.checked_add(factor * thousandths / 1_000)
}

/// A size with one decimal of its largest unit, such as `1.5 GiB`.
pub(super) fn show(bytes: u64) -> String {
    match UNITS.iter().find(|(name, unit)| bytes >= *unit && !name.is_empty()) {
        Some((name, unit)) => {
            let tenths = u128::from(bytes) * 10 / u128::from(*unit);
            format!("{}.{} {name}iB", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1000", Some(1000)),
            ("64k", Some(64 << 10)),
            ("5GB", Some(5 << 30)),
            ("500MiB", Some(500 << 20)),
            ("1.5g", Some(3 << 29)),
            ("1.0009t", Some(1 << 40)),
            ("", None),
            ("g", None),
            ("-1", None),
            ("1.", None),
            (".5g", None),
            ("1.2.3g", None),
            ("5 GB", None),
            ("5x", None),
            ("99999999999999t", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        for (bytes, expected) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1536, "1.5 KiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(show(bytes), expected);
        }
    }
}
