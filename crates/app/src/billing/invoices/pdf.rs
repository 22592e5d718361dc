//! An invoice as a PDF. It is made anew each time: from what was stored when it was issued, so always the same.

use ::pdf::InvoicePage;
use tokio::sync::Semaphore;

use super::{Invoice, issue::WALLET};
use crate::Fault;

/// So many are made at a time: each takes a core, and some memory.
static PRESSES: Semaphore = Semaphore::const_new(2);

/// The bytes; waits until a press is free, and keeps none of the runtime's threads.
pub async fn pdf(invoice: &Invoice) -> Result<Vec<u8>, Fault> {
    let page = page(invoice);
    let press = PRESSES.acquire().await.map_err(|e| Fault::Internal(e.to_string()))?;
    // the press is taken along: it is free when the work is done, not when whoever has asked goes away
    let made = tokio::task::spawn_blocking(move || {
        let made = ::pdf::invoice(&page);
        drop(press);
        made
    });
    let made = made.await.map_err(|e| Fault::Internal(format!("an invoice's PDF: {e}")))?;
    made.map_err(|e| Fault::Internal(format!("an invoice's PDF: {e}")))
}

fn page(invoice: &Invoice) -> InvoicePage {
    let content = &invoice.content;
    InvoicePage {
        number: invoice.number,
        kind: content.kind,
        issued_at: content.issued_at,
        corrects: invoice.corrected,
        seller: content.seller.clone(),
        buyer: content.buyer.clone(),
        lines: content.lines.clone(),
        sums: content.sums,
        method: spoken(&content.method).to_owned(),
        payment_reference: content.payment_reference.clone().unwrap_or_default(),
    }
}

/// As a reader says it. A gateway that was switched off is still known by its name.
fn spoken(method: &str) -> &str {
    match method {
        WALLET => "کیف پول",
        "online" => "پرداخت آنلاین",
        "zarinpal" => "پرداخت آنلاین (زرین‌پال)",
        "bitpay" => "پرداخت آنلاین (بیت‌پی)",
        "idpay" => "پرداخت آنلاین (آیدی‌پی)",
        "sandbox" => "پرداخت آزمایشی",
        other => other,
    }
}
