//! Texts inside files for spreadsheets.

/// RFC 4180. What a spreadsheet would take for a formula begins with an apostrophe.
pub(crate) fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_is_quoted_and_formulas_are_text() {
        assert_eq!(quoted("شارژ، کیف پول"), "\"شارژ، کیف پول\"");
        assert_eq!(quoted("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        for formula in ["=1+1", "+1", "-1", "@A1", "\tx"] {
            assert_eq!(quoted(formula), format!("\"'{formula}\""));
        }
    }
}
