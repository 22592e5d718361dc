//! What doctors are told about their payouts, in the app and by SMS. Of the account, its last four digits: SMS is read
//! on locked screens.

use db::Conn;
use domain::{Timestamp, payout::Status};

use super::Payout;
use crate::{
    App, Fault,
    notifications::{Notice, NoticeKind, tell},
};

/// It was paid, rejected or returned; who cancels it knows.
pub(super) async fn changed(tx: &Conn, app: &App, payout: &Payout, now: Timestamp) -> Result<(), Fault> {
    let (amount, reason) = (payout.amount, &payout.reason);
    let message = match payout.status {
        Status::Paid => format!("{amount} ریال به حساب بانکی شما (با پایان {}) واریز شد", ending(payout)),
        Status::Rejected => {
            format!("درخواست تسویه {amount} ریال پذیرفته نشد: {reason}. مبلغ آن در کیف پول شماست")
        }
        Status::Returned => {
            format!("بانک واریز {amount} ریال را برگرداند: {reason}. مبلغ آن در کیف پول شماست")
        }
        Status::Requested | Status::Approved | Status::Exported | Status::Cancelled => return Ok(()),
    };
    let notice = Notice {
        user: payout.doctor,
        kind: NoticeKind::Payout,
        message,
        visit: None,
        unique_key: format!("payout:{}:{}", payout.id, payout.status.as_str()),
        sms: true,
    };
    tell(tx, app, &notice, now).await
}

/// The last four digits of what may be shown.
fn ending(payout: &Payout) -> String {
    let shown: Vec<char> = payout.iban_masked.chars().collect();
    shown.iter().skip(shown.len().saturating_sub(4)).collect()
}
