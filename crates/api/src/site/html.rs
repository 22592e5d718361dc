//! What the pages about money share: how a template is filled, and how texts and amounts are written in it.

use axum::{
    http::header,
    response::{Html, IntoResponse, Response},
};
use domain::Rials;

const STYLE: &str = include_str!("pay.css");

/// A page made of its template, and the policy that goes with it. Values are HTML: what people wrote is [`escaped`]
/// before.
pub(super) fn page(template: &str, policy: &'static str, values: &[(&str, &str)]) -> Response {
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(filled(template, values))).into_response()
}

fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let styled = template.replace("{style}", STYLE);
    values.iter().fold(styled, |page, (name, value)| page.replace(&format!("{{{name}}}"), value))
}

/// Text as HTML; without braces, which are the templates' own.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace(['{', '}'], "")
}

/// The same text with Persian digits.
pub(super) fn persian(text: &str) -> String {
    let digit = |c: char| match c.to_digit(10) {
        Some(n) => char::from_u32(u32::from('۰') + n).unwrap_or(c),
        None => c,
    };
    text.chars().map(digit).collect()
}

/// `۳۲۰٬۰۰۰`
pub(super) fn grouped(amount: Rials) -> String {
    let digits = amount.get().to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('٬');
        }
        out.push(digit);
    }
    persian(&out)
}

/// What a page says about how things are. `kind` is `good`, `bad` or nothing.
pub(super) fn note(kind: &str, text: &str) -> String {
    // what went wrong is told at once to those who hear the page
    let role = if kind == "bad" { "alert" } else { "status" };
    let class = if kind.is_empty() { "note".to_owned() } else { format!("note {kind}") };
    format!("<p class=\"{class}\" role=\"{role}\">{text}</p>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_and_amounts_are_grouped() {
        assert_eq!(escaped("<b>\"{state}\"</b>"), "&lt;b&gt;&quot;state&quot;&lt;/b&gt;");
        let written = |n| grouped(Rials::new(n).unwrap());
        assert_eq!(
            (written(0), written(320_000), written(1_234_567)),
            ("۰".into(), "۳۲۰٬۰۰۰".into(), "۱٬۲۳۴٬۵۶۷".into())
        );
        assert_eq!(persian("شنبه 30 دی 1402 ساعت 13:45"), "شنبه ۳۰ دی ۱۴۰۲ ساعت ۱۳:۴۵");
    }

    #[test]
    fn a_value_fills_its_own_place_only() {
        let name = escaped("{amount} & co");
        let values = [("name", name.as_str()), ("amount", "۵")];
        assert_eq!(filled("<p>{name}: {amount}</p>", &values), "<p>amount &amp; co: ۵</p>");
        let templates = [include_str!("pay.html"), include_str!("result.html"), include_str!("dev_pay.html")];
        for template in templates {
            assert!(filled(template, &[]).contains("color-scheme"), "{template}");
            assert!(!template.contains("<script"), "pages about money need no script");
        }
    }
}
