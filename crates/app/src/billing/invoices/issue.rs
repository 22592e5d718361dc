//! Issues invoices. Safe twice: a cause is billed once. An invoice's year is that of the day it is issued on, in Tehran.

use std::sync::Arc;

use db::Conn;
use domain::{
    Date, Rials, Timestamp, days,
    ids::{UserId, VisitId, new_v7},
    invoice::{self, Kind, Line, Number, Sums},
    visit::VisitType,
    words::persian_digits,
};
use store::{
    audit,
    invoices::{self, Content, Issued},
    ledger,
    purchases::{self, Purchase, Status},
    visits::Visit,
};
use uuid::Uuid;

use super::Cause;
use crate::{App, By, jobs::Failure};

/// How money moves that stays here.
pub(super) const WALLET: &str = "wallet";

/// Issues the invoice of this cause, unless it was issued before.
pub(crate) async fn issue(app: &Arc<App>, cause: Cause) -> Result<(), Failure> {
    let now = app.clock.now();
    app.db
        .write((Arc::clone(app), cause, now), |tx, (app, cause, now)| {
            Box::pin(async move {
                let mut desk = Desk { tx, app, now: *now, issued: vec![] };
                match *cause {
                    Cause::Visit(id) => {
                        desk.visit(id).await?;
                    }
                    Cause::VisitRefund(id) => desk.refund(id).await?,
                    Cause::Purchase(id) => desk.purchase(id).await?,
                }
                desk.put_on_record().await
            })
        })
        .await
}

/// What one transaction issues.
struct Desk<'c> {
    tx: &'c Conn,
    app: &'c App,
    now: Timestamp,
    issued: Vec<(UserId, Number)>,
}

impl Desk<'_> {
    /// A paid visit's; the invoice that there is, or a new one.
    async fn visit(&mut self, id: VisitId) -> Result<Uuid, Failure> {
        let cause = Cause::Visit(id).key();
        if let Some(before) = invoices::of_cause(self.tx, &cause).await? {
            return Ok(before);
        }
        let visit = self.found(id).await?;
        let lines = vec![Line::one(self.description(&visit).await?, visit.price.total.get())];
        let sums = Sums::of(&lines, Rials::ZERO, visit.price.insurance_share);
        let sums = sums.filter(|sums| sums.total == visit.paid && sums.total > Rials::ZERO);
        let sums = sums.ok_or_else(|| never("what was paid for the visit is not its price"))?;
        let (method, payment_reference) = self.payment_of(&visit).await?;
        let blank = self.blank(visit.patient, (Kind::Visit, id.0), cause).await?;
        self.put(Content { lines, sums, method, payment_reference, ..blank }).await
    }

    /// The credit note of what went back of a visit's money. Its invoice comes first.
    async fn refund(&mut self, id: VisitId) -> Result<(), Failure> {
        let cause = Cause::VisitRefund(id).key();
        if invoices::of_cause(self.tx, &cause).await?.is_some() {
            return Ok(());
        }
        let corrects = Some(self.visit(id).await?);
        let visit = self.found(id).await?;
        let description = format!("بازگشت هزینهٔ {}", self.description(&visit).await?);
        let lines = vec![Line::one(description, visit.refunded.get())];
        let sums = Sums::of(&lines, Rials::ZERO, Rials::ZERO).filter(|sums| sums.total > Rials::ZERO);
        let sums = sums.ok_or_else(|| never("nothing of the visit's money went back"))?;
        let posted = ledger::posted(self.tx, &format!("visit:{id}:refund")).await?;
        let blank = self.blank(visit.patient, (Kind::CreditNote, id.0), cause).await?;
        let payment_reference = posted.map(|id| id.to_string());
        self.put(Content { lines, sums, payment_reference, corrects, ..blank }).await?;
        Ok(())
    }

    /// A purchase's invoice, or the credit notes of what it has left over.
    async fn purchase(&mut self, id: Uuid) -> Result<(), Failure> {
        let purchase = self.paid(id).await?;
        if purchase.returned > Rials::ZERO {
            self.returned(&purchase).await?;
        } else if purchase.total > Rials::ZERO {
            self.bought(&purchase).await?;
        }
        Ok(())
    }

    /// Of a purchase that money was paid for; the invoice that there is, or a new one.
    async fn bought(&mut self, purchase: &Purchase) -> Result<Uuid, Failure> {
        let cause = Cause::Purchase(purchase.id).key();
        if let Some(before) = invoices::of_cause(self.tx, &cause).await? {
            return Ok(before);
        }
        let plan = self.plan_of(purchase).await?;
        let (months, start, end) = (purchase.months, day(purchase.start), day(purchase.end));
        let months = persian_digits(&months.to_string());
        let description = format!("اشتراک {plan}، {months} ماه، از {start} تا {end}");
        let mut lines = vec![Line::one(description, purchase.amount.get())];
        if purchase.credit > Rials::ZERO {
            lines.push(Line::one("بستانکاری ماندهٔ اشتراک پیشین", -purchase.credit.get()));
        }
        let sums = Sums::of(&lines, purchase.discount, Rials::ZERO);
        let sums = sums.filter(|sums| sums.total == purchase.total);
        let sums = sums.ok_or_else(|| never("what was paid for the purchase is not its price"))?;
        let (method, payment_reference) = if purchase.from_wallet {
            (WALLET.to_owned(), Some(purchase.id.to_string()))
        } else {
            self.online(purchase.id).await?
        };
        let blank = self.blank(purchase.user, (Kind::Subscription, purchase.id), cause).await?;
        self.put(Content { lines, sums, method, payment_reference, ..blank }).await
    }

    /// The credit notes of what the old days were worth beyond the new price: one for each invoice that the old days
    /// were paid with, the newest first, none above what is left of it.
    async fn returned(&mut self, purchase: &Purchase) -> Result<(), Failure> {
        let cause = Cause::Purchase(purchase.id).key();
        if invoices::of_cause(self.tx, &cause).await?.is_some() {
            return Ok(());
        }
        let parts = self.parts_of(purchase).await?;
        for (n, (amount, corrects)) in parts.into_iter().enumerate() {
            let cause = if n == 0 { cause.clone() } else { format!("{cause}:{n}") };
            let lines = vec![Line::one("بازگشت ماندهٔ اشتراک پیشین", amount.get())];
            let sums = Sums::of(&lines, Rials::ZERO, Rials::ZERO);
            let sums = sums.ok_or_else(|| never("what went back is not a sum"))?;
            let payment_reference = Some(purchase.id.to_string());
            let blank = self.blank(purchase.user, (Kind::CreditNote, purchase.id), cause).await?;
            let note = Content { lines, sums, payment_reference, corrects, ..blank };
            if let Issued::Before(_) = self.issue(&note).await? {
                // another node has issued them, all in one transaction
                return Ok(());
            }
        }
        Ok(())
    }

    /// What went back, and the invoices that it corrects. Days that were credited to a plan were paid before it, with the
    /// plan that it replaced. What no invoice is left for corrects none.
    async fn parts_of(&mut self, purchase: &Purchase) -> Result<Vec<(Rials, Option<Uuid>)>, Failure> {
        let mut parts = vec![];
        let mut rest = purchase.returned;
        let mut base = purchase.base;
        while let Some((subscription, _)) = base {
            base = None;
            for old in purchases::paid_of(self.tx, subscription).await? {
                if rest > Rials::ZERO && old.total > Rials::ZERO {
                    let invoice = self.bought(&old).await?;
                    let left = old.total.less(invoices::credited(self.tx, invoice).await?);
                    let part = rest.min(left);
                    if part > Rials::ZERO {
                        parts.push((part, Some(invoice)));
                        rest = rest.less(part);
                    }
                }
                // its first purchase alone has one
                base = base.or(old.base);
            }
            if rest == Rials::ZERO {
                return Ok(parts);
            }
        }
        if rest > Rials::ZERO {
            parts.push((rest, None));
        }
        Ok(parts)
    }

    async fn found(&self, id: VisitId) -> Result<Visit, Failure> {
        let visit = store::visits::by_id(self.tx, &self.app.keys, id).await?;
        visit.ok_or_else(|| never("there is no such visit"))
    }

    async fn paid(&self, id: Uuid) -> Result<Purchase, Failure> {
        let purchase = purchases::by_id(self.tx, id).await?.filter(|found| found.status == Status::Paid);
        purchase.ok_or_else(|| never("there is no such purchase that was paid"))
    }

    async fn plan_of(&self, purchase: &Purchase) -> Result<String, Failure> {
        let plan = store::plans::by_id(self.tx, &purchase.plan).await?;
        Ok(plan.map_or_else(|| purchase.plan.clone(), |plan| plan.name))
    }

    /// Of a visit, as insurers ask for it: its kind, whose it was, and by what it is found; nothing medical.
    async fn description(&self, visit: &Visit) -> Result<String, Failure> {
        let kind = match visit.kind {
            VisitType::Online => "ویزیت آنلاین",
            VisitType::InPerson => "ویزیت حضوری",
        };
        let doctor = self.name(visit.doctor).await?;
        Ok(format!("{kind} با دکتر {doctor}، کد پیگیری {}", visit.reference))
    }

    /// First and last name; may be empty.
    async fn name(&self, user: UserId) -> Result<String, Failure> {
        let account = store::accounts::by_id(self.tx, &self.app.keys, user).await?;
        let name = account.map(|account| format!("{} {}", account.first_name, account.last_name));
        Ok(name.map(|name| name.trim().to_owned()).unwrap_or_default())
    }

    /// How a visit was paid, and by what the payment is found.
    async fn payment_of(&self, visit: &Visit) -> Result<(String, Option<String>), Failure> {
        match invoices::method_of_visit(self.tx, visit.id).await? {
            Some(method) if method != WALLET => {
                let (_, reference) = self.online(visit.id.0).await?;
                Ok((method, reference))
            }
            _ => {
                let posted = ledger::posted(self.tx, &format!("visit:{}:pay", visit.id)).await?;
                Ok((WALLET.to_owned(), posted.map(|id| id.to_string())))
            }
        }
    }

    async fn online(&self, reference: Uuid) -> Result<(String, Option<String>), Failure> {
        let payment = invoices::online_payment(self.tx, reference).await?;
        Ok(payment.unwrap_or_else(|| ("online".to_owned(), None)))
    }

    /// An invoice on which nothing stands yet but who and when.
    async fn blank(
        &self,
        user: UserId,
        (kind, reference): (Kind, Uuid),
        cause: String,
    ) -> Result<Content, Failure> {
        Ok(Content {
            id: new_v7(self.now, &*self.app.rng),
            user,
            kind,
            reference,
            cause,
            issued_at: self.now,
            seller: self.app.billing.seller.clone(),
            buyer: self.name(user).await?,
            lines: vec![],
            sums: Sums::default(),
            method: WALLET.to_owned(),
            payment_reference: None,
            corrects: None,
        })
    }

    async fn put(&mut self, content: Content) -> Result<Uuid, Failure> {
        match self.issue(&content).await? {
            Issued::Done(_) => Ok(content.id),
            Issued::Before(id) => Ok(id),
        }
    }

    async fn issue(&mut self, content: &Content) -> Result<Issued, Failure> {
        let issued = invoices::issue(self.tx, invoice::year_of(self.now), content).await?;
        if let Issued::Done(number) = issued {
            self.issued.push((content.user, number));
        }
        Ok(issued)
    }

    /// Last in the transaction: it locks the audit log's chain.
    async fn put_on_record(&self) -> Result<(), Failure> {
        let by = By::worker("job");
        for (user, number) in &self.issued {
            let event = by.event("invoice.issue", Some(*user), number.to_string());
            audit::append(self.tx, &self.app.keys, &event, self.now).await?;
        }
        Ok(())
    }
}

/// Jalali, as people write it: «۱۴۰۵/۱۱/۰۵».
fn day(day: Date) -> String {
    persian_digits(&days::jalali(day).replace('-', "/"))
}

fn never(cause: &str) -> Failure {
    Failure::Never(cause.to_owned())
}
