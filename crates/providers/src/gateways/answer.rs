//! Values as gateways write them: numbers as strings, strings as numbers, and garbage.

use serde_json::Value;

/// A whole number, also where it is written as a string.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Whether what is told is told in Rials: it is where no currency is named. 364 is their number in ISO 4217.
pub(super) fn is_in_rials(told: &Value) -> bool {
    match &told["currency"] {
        Value::Null => true,
        Value::String(name) => {
            let name = name.trim();
            ["", "IRR", "364", "Rial", "Rials", "ریال"].iter().any(|rials| name.eq_ignore_ascii_case(rials))
        }
        told => whole(told) == Some(364),
    }
}

/// A short plain text, also where it is written as a number.
pub(super) fn short(value: &Value) -> Option<String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    ((1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())).then_some(text)
}

/// A card's number with its middle masked, whether the gateway did it or not.
pub(super) fn card(value: &Value) -> Option<String> {
    let text = short(value)?;
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'x' | b'X'));
    if !plain || !(13..=19).contains(&text.len()) {
        return None;
    }
    Some(format!("{}******{}", &text[..6], &text[text.len() - 4..]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_numbers_in_either_spelling() {
        for (value, expected) in [
            (json!(100), Some(100)),
            (json!("100"), Some(100)),
            (json!(" -51 "), Some(-51)),
            (json!(1.0), None),
            (json!("1.0"), None),
            (json!(1e30), None),
            (json!("99999999999999999999"), None),
            (json!(true), None),
            (json!(null), None),
            (json!([100]), None),
        ] {
            assert_eq!(whole(&value), expected, "{value}");
        }
    }

    #[test]
    fn another_currency_is_none_of_ours() {
        assert!(is_in_rials(&json!({})) && is_in_rials(&json!(1)));
        for currency in [json!(null), json!(" irr "), json!(""), json!(364), json!("364"), json!("ریال")]
        {
            assert!(is_in_rials(&json!({ "currency": currency })), "{currency}");
        }
        for currency in [json!("IRT"), json!("USD"), json!("تومان"), json!(840), json!(["IRR"])] {
            assert!(!is_in_rials(&json!({ "currency": currency })), "{currency}");
        }
    }

    #[test]
    fn a_reference_is_short_and_plain() {
        assert_eq!(short(&json!(201)), Some("201".to_owned()));
        assert_eq!(short(&json!(" 201 ")), Some("201".to_owned()));
        for bad in [json!(""), json!("a b"), json!("کد"), json!("9".repeat(65)), json!(null), json!({})] {
            assert_eq!(short(&bad), None, "{bad}");
        }
    }

    #[test]
    fn no_card_is_ever_whole() {
        let masked = Some("502229******5995".to_owned());
        assert_eq!(card(&json!("502229******5995")), masked);
        assert_eq!(card(&json!("5022291234565995")), masked);
        assert_eq!(card(&json!(5_022_291_234_565_995_i64)), masked);
        for bad in [json!(""), json!("5995"), json!("502229-1234-565995"), json!(null)] {
            assert_eq!(card(&bad), None, "{bad}");
        }
    }
}
