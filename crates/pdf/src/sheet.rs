//! The texts of an invoice's page, as the template takes them.

use domain::{
    days,
    invoice::Kind,
    text::is_dangerous,
    words::{grouped, in_words, persian_digits},
};
use serde::Serialize;

use crate::InvoicePage;

/// A text on the page has at most so many characters; what is longer ends with «…».
const MOST: usize = 400;
/// Lines of an invoice that are shown: more than any has.
const MOST_LINES: usize = 200;
/// A word that is longer could not be broken, and would leave the page.
const LONGEST_WORD: usize = 40;

/// All that is on the page, as text.
#[derive(Serialize)]
pub(crate) struct Sheet {
    title: &'static str,
    number: String,
    issued_on: String,
    /// Empty: none.
    corrects: String,
    seller: SellerTexts,
    buyer: String,
    lines: Vec<LineTexts>,
    sums: Vec<SumTexts>,
    total: SumTexts,
    total_in_words: String,
    payment: PaymentTexts,
    footer: &'static str,
}

#[derive(Serialize)]
struct SellerTexts {
    name: String,
    address: String,
    economic_code: String,
}

#[derive(Serialize)]
struct LineTexts {
    row: String,
    description: String,
    quantity: String,
    unit_price: String,
    amount: String,
}

#[derive(Serialize)]
struct SumTexts {
    label: &'static str,
    amount: String,
}

#[derive(Serialize)]
struct PaymentTexts {
    label: &'static str,
    method: String,
    reference: String,
}

impl Sheet {
    pub(crate) fn of(page: &InvoicePage) -> Self {
        let is_credit_note = page.kind == Kind::CreditNote;
        let day = days::jalali(days::tehran_today(page.issued_at)).replace('-', "/");
        let lines = page.lines.iter().take(MOST_LINES).zip(1_i64..).map(|(line, row)| LineTexts {
            row: grouped(row),
            description: clean(&line.description),
            quantity: grouped(line.quantity),
            unit_price: grouped(line.unit_price),
            amount: grouped(line.amount),
        });
        let sums = page.sums;
        let taken_off = [("تخفیف", sums.discount), ("سهم بیمه", sums.insurance_share)];
        let mut above = vec![SumTexts { label: "جمع", amount: grouped(sums.subtotal.get()) }];
        above.extend(
            taken_off
                .into_iter()
                .filter(|(_, amount)| amount.get() > 0)
                .map(|(label, amount)| SumTexts { label, amount: grouped(amount.get()) }),
        );
        let total = if is_credit_note { "مبلغ بازگشتی" } else { "مبلغ پرداخت‌شده" };
        Self {
            title: if is_credit_note { "برگشت از فاکتور" } else { "فاکتور" },
            number: persian_digits(&page.number.to_string()),
            issued_on: persian_digits(&day),
            corrects: page.corrects.map(|number| persian_digits(&number.to_string())).unwrap_or_default(),
            seller: SellerTexts {
                name: clean(&page.seller.name),
                address: clean(&page.seller.address),
                economic_code: persian_digits(&clean(&page.seller.economic_code)),
            },
            buyer: clean(&page.buyer),
            lines: lines.collect(),
            sums: above,
            total: SumTexts { label: total, amount: grouped(sums.total.get()) },
            total_in_words: format!("{} ریال", in_words(sums.total.get())),
            payment: PaymentTexts {
                label: if is_credit_note { "شیوهٔ بازگشت" } else { "شیوهٔ پرداخت" },
                method: clean(&page.method),
                reference: clean(&page.payment_reference),
            },
            footer: "این سند به‌صورت الکترونیکی صادر شده است و بدون مهر و امضا معتبر است.",
        }
    }
}

/// Text that can do nothing to the page: on one line, without marks that turn its direction around, not too long, and
/// with a place to break in words that would leave the page.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = 0;
    for (n, c) in text.trim().chars().enumerate() {
        if n == MOST {
            out.push('…');
            break;
        }
        if c.is_whitespace() {
            word = 0;
            out.push(' ');
            continue;
        }
        if is_dangerous(c) {
            continue;
        }
        word += 1;
        if word > LONGEST_WORD {
            word = 1;
            // zero width space
            out.push('\u{200B}');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_hurt_the_page_is_gone() {
        assert_eq!(clean(" علی\tمحمدی\n"), "علی محمدی");
        assert_eq!(clean("a\u{202E}b\u{2066}c\0d\u{FEFF}"), "abcd");
        assert_eq!(clean("می\u{200C}روم"), "می\u{200C}روم");
        let long = clean(&"w".repeat(5_000));
        assert!(long.ends_with('…') && long.chars().count() <= MOST + 1 + MOST / LONGEST_WORD);
        assert!(long.split('\u{200B}').all(|part| part.chars().count() <= LONGEST_WORD + 1));
    }
}
