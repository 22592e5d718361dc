//! Invoices as PDF: whole, the same each time, whatever somebody has typed, and without growing.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use domain::{
    Rials,
    invoice::{Kind, Line, Number, Seller, Sums},
};
use helssa_pdf::{InvoicePage, invoice};

fn page() -> InvoicePage {
    let lines = vec![Line::one("ویزیت آنلاین با دکتر سارا احمدی، کد پیگیری HLS-AB12CD", 800_000)];
    InvoicePage {
        number: Number { year: 1405, number: 1 },
        kind: Kind::Visit,
        issued_at: "2027-01-25T15:00:00Z".parse().unwrap(),
        corrects: None,
        seller: Seller {
            name: "هلسا".into(),
            address: "تهران، خیابان ولیعصر، پلاک ۱۲".into(),
            economic_code: "41112223334".into(),
        },
        buyer: "علی محمدی".into(),
        sums: Sums::of(&lines, Rials::ZERO, Rials::new(480_000).unwrap()).unwrap(),
        lines,
        method: "کیف پول".into(),
        payment_reference: "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b".into(),
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn an_invoice_is_a_pdf_with_its_font_in_it() {
    let pdf = invoice(&page()).unwrap();
    assert!(pdf.starts_with(b"%PDF-") && pdf.trim_ascii_end().ends_with(b"%%EOF"));
    assert!(contains(&pdf, "Vazirmatn"), "a reader without the font sees the same");
    assert!(pdf.len() < 200_000, "{} bytes: only the letters that are used", pdf.len());
}

#[test]
fn the_same_invoice_is_the_same_bytes_and_another_is_not() {
    let first = invoice(&page()).unwrap();
    assert!(invoice(&page()).unwrap() == first);
    let other = InvoicePage { number: Number { year: 1405, number: 2 }, ..page() };
    assert!(invoice(&other).unwrap() != first);
    let note =
        InvoicePage { kind: Kind::CreditNote, corrects: Some(Number { year: 1405, number: 1 }), ..page() };
    assert!(invoice(&note).unwrap() != first);
}

#[test]
fn what_somebody_typed_is_text_and_never_breaks_the_page() {
    let long = "متن بلند ".repeat(556);
    for hostile in [
        "#panic(\"x\")",
        "#sys.inputs.page",
        "#read(\"/etc/passwd\")",
        "#import \"@preview/cetz:0.3.0\"",
        "$ sum_(i=0)^n $",
        "*bold* _it_ `raw` ```x",
        "= heading",
        "- list\n+ list\n/ a: b",
        "\"quoted\" \\ 'single' \\u{41}",
        "<label> @ref [content] {code}",
        "// comment /* open",
        "\u{202E}نام\u{202C}\u{2066}\u{0}",
        "👩‍⚕️ 漢字 ﷽",
        "",
        &"w".repeat(5_000),
        &long,
    ] {
        let page = InvoicePage {
            seller: Seller { name: hostile.into(), address: hostile.into(), economic_code: hostile.into() },
            buyer: hostile.into(),
            lines: vec![Line::one(hostile, 800_000); 30],
            method: hostile.into(),
            payment_reference: hostile.into(),
            ..page()
        };
        let pdf = invoice(&page).unwrap_or_else(|e| panic!("{hostile:.40}: {e}"));
        assert!(pdf.starts_with(b"%PDF-"), "{hostile:.40}");
    }
}

#[test]
fn amounts_may_be_as_large_as_they_get() {
    let lines = vec![Line::one("a", i64::MAX), Line::one("b", -1)];
    let sums = Sums::of(&lines, Rials::ZERO, Rials::ZERO).unwrap();
    assert!(invoice(&InvoicePage { lines, sums, ..page() }).is_ok());
    assert!(invoice(&InvoicePage { lines: vec![Line::one("a", 1); 1_000], ..page() }).is_ok());
}

/// Bytes of memory that this process has now; none where there is no `/proc`.
fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split(' ').nth(1)?.parse::<u64>().ok()? * 4_096)
}

#[test]
fn two_hundred_invoices_take_no_more_memory_than_fifty() {
    let make = |from: i64, to: i64| {
        for number in from..to {
            let page = InvoicePage {
                number: Number { year: 1405, number },
                buyer: format!("علی محمدی {number}"),
                ..page()
            };
            invoice(&page).unwrap();
        }
    };
    make(0, 50);
    let Some(before) = resident() else { return };
    make(50, 200);
    let grown = resident().unwrap().saturating_sub(before);
    assert!(grown < 48 << 20, "{grown} bytes more");
}
