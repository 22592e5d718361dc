//! What visits brought their doctors (D35), numbered and with running sums, so that any span of days is counted and
//! added up by looking at its two ends. The money itself is in the ledger; the schema holds the two together.

use db::{At, Conn, record, sql};
use domain::{
    Rials, Timestamp,
    ids::{UserId, VisitId},
};
use uuid::Uuid;

use crate::{Error, Result};

/// A visit that was paid for, and what of it is the doctor's.
#[derive(Clone, Copy, Debug)]
pub struct New {
    pub doctor: UserId,
    pub visit: VisitId,
    pub price: Rials,
    pub net: Rials,
    /// What the visit's insurer owes of its price; none: the patient paid all of it.
    pub insurance_share: Rials,
    pub at: Timestamp,
}

/// One visit of a doctor's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earning {
    pub visit: VisitId,
    /// The visit's booking reference.
    pub reference: String,
    /// When the visit began, as it was booked.
    pub starts_at: Timestamp,
    pub price: Rials,
    /// The platform's part.
    pub commission: Rials,
    pub net: Rials,
    pub posted_at: Timestamp,
}

/// All of a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub visits: i64,
    pub price: Rials,
    pub commission: Rials,
    pub net: Rials,
}

/// Which earnings are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before that.
    pub to: Option<Timestamp>,
}

record! {
    struct Sums {
        seq: i64,
        price: i64,
        net: i64,
        insured: i64,
        posted_at: At,
    }
}

record! {
    struct Row {
        visit_id: Uuid,
        reference: String,
        starts_at: At,
        price: i64,
        net: i64,
        posted_at: At,
    }
}

fn stored(column: &'static str) -> Error {
    Error::Stored { table: "earnings", column, cause: "not an amount".into() }
}

fn rials(amount: i64, column: &'static str) -> Result<Rials> {
    Rials::new(amount).ok_or_else(|| stored(column))
}

fn earning(row: Row) -> Result<Earning> {
    let (price, net) = (rials(row.price, "price")?, rials(row.net, "net")?);
    Ok(Earning {
        visit: VisitId(row.visit_id),
        reference: row.reference,
        starts_at: row.starts_at.0,
        price,
        commission: price.less(net),
        net,
        posted_at: row.posted_at.0,
    })
}

/// Notes what a visit brought, in the transaction that posted it and after the posting, which holds the doctor's
/// account: two visits of one doctor come one after the other (primary key). A visit that cost nothing is not noted.
pub async fn record(tx: &Conn, new: &New) -> Result<()> {
    if new.price == Rials::ZERO {
        return Ok(());
    }
    let before: Option<Sums> = tx
        .one(
            sql!(
                "SELECT seq, price_sum, net_sum, insured_sum, posted_at FROM earnings WHERE doctor_id = ?1
                 ORDER BY seq DESC LIMIT 1"
            ),
            &[&new.doctor.0],
        )
        .await?;
    let before = before.unwrap_or(Sums { seq: 0, price: 0, net: 0, insured: 0, posted_at: At(new.at) });
    let price_sum = before.price.checked_add(new.price.get()).ok_or_else(|| stored("price_sum"))?;
    let net_sum = before.net.checked_add(new.net.get()).ok_or_else(|| stored("net_sum"))?;
    let insured = new.insurance_share.min(new.net);
    let insured_sum = before.insured.checked_add(insured.get()).ok_or_else(|| stored("insured_sum"))?;
    tx.exec(
        sql!(
            "INSERT INTO earnings (doctor_id, seq, visit_id, price, net, insured, price_sum, net_sum, insured_sum,
                posted_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
        ),
        &[
            &new.doctor.0,
            &(before.seq + 1),
            &new.visit.0,
            &new.price.get(),
            &new.net.get(),
            &insured.get(),
            &price_sum,
            &net_sum,
            &insured_sum,
            // clocks of two nodes may differ a little
            &before.posted_at.max(At(new.at)),
        ],
    )
    .await?;
    Ok(())
}

/// The first and the last of a span, with the sums before the one and up to the other; none where there are none
/// (index `earnings_by_time`, twice).
async fn ends(c: &Conn, doctor: UserId, span: &Span) -> Result<Option<(Sums, Sums)>> {
    let first: Option<Sums> = c
        .one(
            sql!(
                "SELECT seq, price_sum - price, net_sum - net, insured_sum - insured, posted_at FROM earnings
                 WHERE doctor_id = ?1 AND posted_at >= ?2 ORDER BY posted_at, seq LIMIT 1"
            ),
            &[&doctor.0, &At(span.from.unwrap_or(Timestamp::MIN))],
        )
        .await?;
    let last: Option<Sums> = c
        .one(
            sql!(
                "SELECT seq, price_sum, net_sum, insured_sum, posted_at FROM earnings
                 WHERE doctor_id = ?1 AND posted_at < ?2 ORDER BY posted_at DESC, seq DESC LIMIT 1"
            ),
            &[&doctor.0, &At(span.to.unwrap_or(Timestamp::MAX))],
        )
        .await?;
    Ok(first.zip(last).filter(|(first, last)| first.seq <= last.seq))
}

/// One page of what a doctor earned, newest first, and the span's totals. However long the span is, two rows are
/// looked at, and the page's own (primary key).
pub async fn page(
    c: &Conn,
    doctor: UserId,
    span: &Span,
    limit: i64,
    offset: i64,
) -> Result<(Totals, Vec<Earning>)> {
    let Some((first, last)) = ends(c, doctor, span).await? else { return Ok((Totals::default(), vec![])) };
    let price = rials(last.price - first.price, "price_sum")?;
    let net = rials(last.net - first.net, "net_sum")?;
    let totals = Totals { visits: last.seq - first.seq + 1, price, commission: price.less(net), net };
    let newest = last.seq.saturating_sub(offset);
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT e.visit_id, v.reference, v.starts_at, e.price, e.net, e.posted_at
                 FROM earnings e JOIN visits v ON v.id = e.visit_id
                 WHERE e.doctor_id = ?1 AND e.seq >= ?2 AND e.seq <= ?3 ORDER BY e.seq DESC LIMIT ?4"
            ),
            &[&doctor.0, &first.seq, &newest, &limit],
        )
        .await?;
    Ok((totals, rows.into_iter().map(earning).collect::<Result<_>>()?))
}

/// What insurers owe of what a doctor has earned since then: in the wallet, and not yet paid by anybody (index
/// `earnings_by_time`, twice).
pub async fn insured_since(c: &Conn, doctor: UserId, since: Timestamp) -> Result<Rials> {
    let span = Span { from: Some(since), to: None };
    match ends(c, doctor, &span).await? {
        Some((first, last)) => rials(last.insured - first.insured, "insured_sum"),
        None => Ok(Rials::ZERO),
    }
}
