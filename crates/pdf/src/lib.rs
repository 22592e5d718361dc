//! Documents as PDF: set by typst from a template, with a font of our own embedded. A crate of its own, because typst
//! is as much to compile as all the rest.
//!
//! Nothing is read from the disk or the network: template and fonts are in the program. What goes onto a page goes in
//! as data (`sys.inputs`), never into the template's text: whatever somebody has typed is shown, not run.

mod sheet;

use std::sync::LazyLock;

use domain::{
    Timestamp,
    days::utc,
    invoice::{Kind, Line, Number, Seller, Sums},
};
use sheet::Sheet;
use typst::{
    diag::SourceDiagnostic,
    foundations::{Datetime, Dict, Smart, Value},
};
use typst_as_lib::{TypstEngine, TypstTemplateMainFile};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

const TEMPLATE: &str = include_str!("../templates/invoice.typ");
/// Vazirmatn, by Saber Rastikerdar, under the SIL Open Font License (`fonts/OFL.txt`).
const FONTS: [&[u8]; 2] =
    [include_bytes!("../fonts/Vazirmatn-Regular.ttf"), include_bytes!("../fonts/Vazirmatn-Bold.ttf")];

/// The template and the fonts, read once.
static ENGINE: LazyLock<TypstEngine<TypstTemplateMainFile>> =
    LazyLock::new(|| TypstEngine::builder().main_file(TEMPLATE).fonts(FONTS).build());

/// What stands on an invoice or a credit note.
#[derive(Clone)]
pub struct InvoicePage {
    pub number: Number,
    pub kind: Kind,
    pub issued_at: Timestamp,
    /// The invoice that a credit note corrects.
    pub corrects: Option<Number>,
    pub seller: Seller,
    /// A name; may be empty.
    pub buyer: String,
    pub lines: Vec<Line>,
    pub sums: Sums,
    /// How it was paid, as a reader says it: «کیف پول».
    pub method: String,
    /// By which the payment is found; may be empty.
    pub payment_reference: String,
}

domain::blank_debug!(InvoicePage);

/// Why there is no PDF. Both are defects: no data makes them.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The template could not be set.
    #[error("the template: {0}")]
    Template(String),
    /// What was set could not be written.
    #[error("the file: {0}")]
    File(String),
}

/// The invoice as a PDF: A4, right to left. The same page makes the same bytes. Takes some 50 ms of a core: not for a
/// thread that others wait for.
pub fn invoice(page: &InvoicePage) -> Result<Vec<u8>, PdfError> {
    let _evicts = Evict;
    let sheet = serde_json::to_string(&Sheet::of(page)).map_err(|e| PdfError::Template(e.to_string()))?;
    let mut inputs = Dict::new();
    inputs.insert("page".into(), Value::Str(sheet.into()));
    let document: PagedDocument =
        ENGINE.compile_with_input(inputs).output.map_err(|e| PdfError::Template(e.to_string()))?;
    let options = PdfOptions {
        ident: Smart::Custom(format!("helssa invoice {}", page.number)),
        creator: Smart::Custom(Some("helssa".to_owned())),
        timestamp: moment(page.issued_at).map(typst_pdf::Timestamp::new_utc),
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|errors| {
        let messages: Vec<String> = errors.iter().map(|e: &SourceDiagnostic| e.message.to_string()).collect();
        PdfError::File(messages.join("; "))
    })
}

/// In UTC, to the second.
fn moment(at: Timestamp) -> Option<Datetime> {
    let at = at.to_zoned(utc()).datetime();
    let small = |n: i8| u8::try_from(n).ok();
    Datetime::from_ymd_hms(
        at.year().into(),
        small(at.month())?,
        small(at.day())?,
        small(at.hour())?,
        small(at.minute())?,
        small(at.second())?,
    )
}

/// Empties typst's memory of what it has set, however setting ends: it would grow for ever (typst#8628). The memory is
/// everybody's: others who are setting meanwhile take a little longer.
struct Evict;

impl Drop for Evict {
    fn drop(&mut self) {
        typst::comemo::evict(0);
    }
}
