//! Visits are paid from wallets (D19, D21, D35): what patients pay is kept apart until the visit has ended.

use std::sync::Arc;

use db::Conn;
use domain::{
    Rials, Rng, Timestamp,
    ids::new_v7,
    ledger::{Account, Earning, Entry, Posting, PostingKind, without_zeros},
};

use super::{PostError, Posted};
use crate::{
    Fault,
    visits::payments::{Due, Earned, Payments, Source, TakeError},
};

/// The real thing: every movement is a posting in the ledger.
pub struct WalletPayments {
    rng: Arc<dyn Rng>,
}

impl WalletPayments {
    #[must_use]
    pub fn new(rng: Arc<dyn Rng>) -> Self {
        Self { rng }
    }

    /// Posts what is not nothing, and not twice: the visit's own state says that it was not posted before.
    async fn post(
        &self,
        tx: &Conn,
        (kind, unique_key, description): (PostingKind, String, &str),
        reference: uuid::Uuid,
        entries: Vec<Entry>,
        now: Timestamp,
    ) -> Result<(), TakeError> {
        if entries.is_empty() {
            return Ok(());
        }
        let posting = Posting::new(kind, unique_key, Some(reference), description, entries);
        let posting = posting.map_err(Fault::from)?;
        match store::ledger::post(tx, new_v7(now, &*self.rng), &posting, now).await {
            Ok(Posted::Done(_)) => Ok(()),
            Ok(Posted::Before(_)) => {
                Err(Fault::Internal(format!("{} was posted before", posting.unique_key())).into())
            }
            Err(PostError::Insufficient) => Err(TakeError::InsufficientBalance),
            Err(PostError::Store(e)) => Err(TakeError::Fault(e.into())),
        }
    }
}

/// Where the money is known to be there.
fn sure(result: Result<(), TakeError>) -> Result<(), Fault> {
    result.map_err(|e| match e {
        TakeError::InsufficientBalance => Fault::Internal("what was paid for a visit is not there".into()),
        TakeError::Fault(fault) => fault,
    })
}

impl Payments for WalletPayments {
    fn take<'c>(&'c self, tx: &'c Conn, due: &'c Due) -> db::Answer<'c, (), TakeError> {
        Box::pin(async move {
            let what = (PostingKind::VisitPayment, format!("visit:{}:pay", due.visit), "پرداخت هزینه ویزیت");
            let entries = without_zeros([
                Account::wallet(due.patient).gives(due.amount),
                Account::escrow().gets(due.amount),
            ]);
            self.post(tx, what, due.visit.0, entries, due.at).await
        })
    }

    fn settle_online<'c>(
        &'c self,
        tx: &'c Conn,
        due: &'c Due,
        source: &'c Source,
    ) -> db::Answer<'c, (), Fault> {
        Box::pin(async move {
            let key = format!("charge:{}", source.charge);
            let what = (PostingKind::VisitPayment, key, "پرداخت آنلاین هزینه ویزیت");
            // the statement of the wallet shows both ways
            let entries = without_zeros([
                Account::clearing(&source.gateway).gives(due.amount),
                Account::wallet(due.patient).gets(due.amount),
                Account::wallet(due.patient).gives(due.amount),
                Account::escrow().gets(due.amount),
            ]);
            sure(self.post(tx, what, due.visit.0, entries, due.at).await)
        })
    }

    fn late<'c>(&'c self, tx: &'c Conn, due: &'c Due, source: &'c Source) -> db::Answer<'c, (), Fault> {
        Box::pin(async move {
            let key = format!("charge:{}", source.charge);
            let what = (PostingKind::VisitLate, key, "واریز پرداخت دیرهنگام ویزیت به کیف پول");
            let entries = without_zeros([
                Account::clearing(&source.gateway).gives(due.amount),
                Account::wallet(due.patient).gets(due.amount),
            ]);
            sure(self.post(tx, what, due.visit.0, entries, due.at).await)
        })
    }

    fn refund<'c>(&'c self, tx: &'c Conn, due: &'c Due, fee: Rials) -> db::Answer<'c, (), Fault> {
        Box::pin(async move {
            let paid = due.amount.plus(fee).ok_or_else(|| Fault::Internal("a refund too large".into()))?;
            let what = (
                PostingKind::VisitRefund,
                format!("visit:{}:refund", due.visit),
                "بازگشت هزینه ویزیت لغوشده",
            );
            let entries = without_zeros([
                Account::escrow().gives(paid),
                Account::wallet(due.patient).gets(due.amount),
                Account::fees().gets(fee),
            ]);
            sure(self.post(tx, what, due.visit.0, entries, due.at).await)
        })
    }

    fn earned<'c>(&'c self, tx: &'c Conn, earned: &'c Earned) -> db::Answer<'c, (), Fault> {
        Box::pin(async move {
            let price = earned.price;
            let parts = Earning::of(price.total, earned.commission_percent);
            let mut entries = vec![Account::escrow().gives(price.patient_share)];
            if price.insurance_share > Rials::ZERO {
                let insurer = earned.insurer.as_deref();
                let insurer = insurer.ok_or_else(|| Fault::Internal("a share of no insurer".into()))?;
                entries.push(Account::insurer(insurer).gives(price.insurance_share));
            }
            entries.push(Account::wallet(earned.doctor).gets(parts.doctor));
            entries.push(Account::commission().gets(parts.commission));
            let what = (PostingKind::VisitEarning, format!("visit:{}:earned", earned.visit), "درآمد ویزیت");
            sure(self.post(tx, what, earned.visit.0, without_zeros(entries), earned.at).await)?;
            let (insurance_share, net) = (price.insurance_share, parts.doctor);
            let Earned { doctor, visit, at, .. } = *earned;
            let new = store::earnings::New { doctor, visit, price: price.total, net, insurance_share, at };
            Ok(store::earnings::record(tx, &new).await?)
        })
    }

    fn missed<'c>(&'c self, tx: &'c Conn, due: &'c Due) -> db::Answer<'c, (), Fault> {
        Box::pin(async move {
            let what =
                (PostingKind::VisitMissed, format!("visit:{}:missed", due.visit), "هزینه عدم حضور در ویزیت");
            let entries =
                without_zeros([Account::escrow().gives(due.amount), Account::fees().gets(due.amount)]);
            sure(self.post(tx, what, due.visit.0, entries, due.at).await)
        })
    }
}
