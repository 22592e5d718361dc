//! Invoices, numbered from 1 in each Jalali year without gaps (kept by triggers). Whoever issues one holds its year's
//! row until the commit, so that what is taken back leaves no gap.

use db::{At, Conn, record, sql};
use domain::{
    Rials, Timestamp,
    ids::{UserId, VisitId},
    invoice::{Kind, Line, Number, Seller, Sums},
};
use uuid::Uuid;

use crate::{
    Error, Result,
    subscriptions::{rials, stored},
};

const TABLE: &str = "invoices";

/// What stands on an invoice, but for its number.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    pub id: Uuid,
    pub user: UserId,
    pub kind: Kind,
    /// The visit, or the purchase of a subscription.
    pub reference: Uuid,
    /// What happened once is billed once.
    pub cause: String,
    pub issued_at: Timestamp,
    /// As it was then.
    pub seller: Seller,
    /// The buyer's name as it was then; may be empty.
    pub buyer: String,
    pub lines: Vec<Line>,
    pub sums: Sums,
    /// `wallet`, or a gateway's name.
    pub method: String,
    /// By which the payment is found: the gateway's, or the posting's in the ledger.
    pub payment_reference: Option<String>,
    /// The invoice that a credit note corrects.
    pub corrects: Option<Uuid>,
}

domain::blank_debug!(Content);

/// An invoice as it was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    pub number: Number,
    /// Of the invoice that a credit note corrects.
    pub corrected: Option<Number>,
    pub content: Content,
}

/// Which invoices a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub user: Option<UserId>,
    /// Jalali.
    pub year: Option<i64>,
}

/// What became of an invoice that was to be issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issued {
    Done(Number),
    /// Its cause was billed before, by this invoice: nothing happened.
    Before(Uuid),
}

record! {
    struct Row {
        id: Uuid,
        year: i64,
        number: i64,
        user_id: Uuid,
        kind: String,
        reference: Uuid,
        cause: String,
        issued_at: At,
        seller: String,
        buyer: String,
        lines: String,
        subtotal: i64,
        discount: i64,
        insurance_share: i64,
        total: i64,
        method: String,
        payment_reference: Option<String>,
        corrects: Option<Uuid>,
        corrected_year: Option<i64>,
        corrected_number: Option<i64>,
    }
}

fn read(row: Row) -> Result<Invoice> {
    let money = |column, amount| rials(TABLE, column, amount);
    let unreadable = |column: &'static str| move |e: serde_json::Error| stored(TABLE, column, e.to_string());
    let sums = Sums {
        subtotal: money("subtotal", row.subtotal)?,
        discount: money("discount", row.discount)?,
        insurance_share: money("insurance_share", row.insurance_share)?,
        total: money("total", row.total)?,
    };
    let corrected = row.corrected_year.zip(row.corrected_number);
    Ok(Invoice {
        number: Number { year: row.year, number: row.number },
        corrected: corrected.map(|(year, number)| Number { year, number }),
        content: Content {
            id: row.id,
            user: UserId(row.user_id),
            kind: Kind::parse(&row.kind).ok_or_else(|| stored(TABLE, "kind", "unknown kind".into()))?,
            reference: row.reference,
            cause: row.cause,
            issued_at: row.issued_at.0,
            seller: serde_json::from_str(&row.seller).map_err(unreadable("seller"))?,
            buyer: row.buyer,
            lines: serde_json::from_str(&row.lines).map_err(unreadable("lines"))?,
            sums,
            method: row.method,
            payment_reference: row.payment_reference,
            corrects: row.corrects,
        },
    })
}

/// Holds a year until the end of the transaction; its last number. Made at first use (primary key).
async fn hold(tx: &Conn, year: i64) -> Result<i64> {
    tx.exec(
        sql!("INSERT INTO invoice_years (year, last_number) VALUES (?1, 0) ON CONFLICT (year) DO NOTHING"),
        &[&year],
    )
    .await?;
    let last: Option<(i64,)> = tx
        .one(
            sql!(
                sqlite: "SELECT last_number FROM invoice_years WHERE year = ?1",
                postgres: "SELECT last_number FROM invoice_years WHERE year = $1 FOR UPDATE"
            ),
            &[&year],
        )
        .await?;
    last.map(|(last,)| last).ok_or_else(|| stored("invoice_years", "year", "is gone".into()))
}

/// Issues an invoice under the next number of this Jalali year, unless its cause was billed before (primary key of the
/// year, unique index on `cause`).
pub async fn issue(tx: &Conn, year: i64, content: &Content) -> Result<Issued> {
    let number = hold(tx, year).await? + 1;
    // only now: whoever held the year may have billed it
    if let Some(id) = of_cause(tx, &content.cause).await? {
        return Ok(Issued::Before(id));
    }
    let json = |column, written: serde_json::Result<String>| {
        written.map_err(|e| stored(TABLE, column, e.to_string()))
    };
    tx.exec(
        sql!(
            "INSERT INTO invoices (id, year, number, user_id, kind, reference, cause, issued_at, seller, buyer, lines,
                subtotal, discount, insurance_share, total, method, payment_reference, corrects)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"
        ),
        &[
            &content.id,
            &year,
            &number,
            &content.user.0,
            &content.kind.as_str(),
            &content.reference,
            &content.cause,
            &At(content.issued_at),
            &json("seller", serde_json::to_string(&content.seller))?,
            &content.buyer,
            &json("lines", serde_json::to_string(&content.lines))?,
            &content.sums.subtotal.get(),
            &content.sums.discount.get(),
            &content.sums.insurance_share.get(),
            &content.sums.total.get(),
            &content.method,
            &content.payment_reference,
            &content.corrects,
        ],
    )
    .await?;
    Ok(Issued::Done(Number { year, number }))
}

/// The invoice of this cause (unique index on `cause`).
pub async fn of_cause(c: &Conn, cause: &str) -> Result<Option<Uuid>> {
    let found: Option<(Uuid,)> = c.one(sql!("SELECT id FROM invoices WHERE cause = ?1"), &[&cause]).await?;
    Ok(found.map(|(id,)| id))
}

/// One invoice (primary key).
pub async fn by_id(c: &Conn, id: Uuid) -> Result<Option<Invoice>> {
    let row: Option<Row> = c
        .one(
            sql!(
                "SELECT i.id, i.year, i.number, i.user_id, i.kind, i.reference, i.cause, i.issued_at, i.seller,
                        i.buyer, i.lines, i.subtotal, i.discount, i.insurance_share, i.total, i.method,
                        i.payment_reference, i.corrects, o.year, o.number
                 FROM invoices i LEFT JOIN invoices o ON o.id = i.corrects
                 WHERE i.id = ?1"
            ),
            &[&id],
        )
        .await?;
    row.map(read).transpose()
}

/// One page of invoices, the newest numbers first, and how many match (index `invoices_by_user`, or the unique index
/// on `year, number`).
pub async fn page(c: &Conn, filter: Filter, limit: i64, offset: i64) -> Result<(i64, Vec<Invoice>)> {
    let (first, last) = filter.year.map_or((0, i64::MAX), |year| (year, year));
    let (count, rows): (Option<(i64,)>, Vec<Row>) = match filter.user {
        Some(user) => (
            c.one(
                sql!("SELECT count(*) FROM invoices WHERE user_id = ?1 AND year BETWEEN ?2 AND ?3"),
                &[&user.0, &first, &last],
            )
            .await?,
            c.all(
                sql!(
                    "SELECT i.id, i.year, i.number, i.user_id, i.kind, i.reference, i.cause, i.issued_at, i.seller,
                            i.buyer, i.lines, i.subtotal, i.discount, i.insurance_share, i.total, i.method,
                            i.payment_reference, i.corrects, o.year, o.number
                     FROM invoices i LEFT JOIN invoices o ON o.id = i.corrects
                     WHERE i.user_id = ?1 AND i.year BETWEEN ?2 AND ?3
                     ORDER BY i.year DESC, i.number DESC LIMIT ?4 OFFSET ?5"
                ),
                &[&user.0, &first, &last, &limit, &offset],
            )
            .await?,
        ),
        None => (
            c.one(sql!("SELECT count(*) FROM invoices WHERE year BETWEEN ?1 AND ?2"), &[&first, &last]).await?,
            c.all(
                sql!(
                    "SELECT i.id, i.year, i.number, i.user_id, i.kind, i.reference, i.cause, i.issued_at, i.seller,
                            i.buyer, i.lines, i.subtotal, i.discount, i.insurance_share, i.total, i.method,
                            i.payment_reference, i.corrects, o.year, o.number
                     FROM invoices i LEFT JOIN invoices o ON o.id = i.corrects
                     WHERE i.year BETWEEN ?1 AND ?2
                     ORDER BY i.year DESC, i.number DESC LIMIT ?3 OFFSET ?4"
                ),
                &[&first, &last, &limit, &offset],
            )
            .await?,
        ),
    };
    let items = rows.into_iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok((count.map_or(0, |(n,)| n), items))
}

/// How a visit was paid: `wallet`, or a gateway's name (unique index `visit_payments_once`).
pub async fn method_of_visit(c: &Conn, visit: VisitId) -> Result<Option<String>> {
    let found: Option<(String,)> = c
        .one(sql!("SELECT method FROM visit_payments WHERE visit_id = ?1 AND kind = 'payment'"), &[&visit.0])
        .await?;
    Ok(found.map(|(method,)| method))
}

/// By what a visit or a purchase was paid online: the gateway's name, and its reference (index `charges_by_reference`).
pub async fn online_payment(c: &Conn, reference: Uuid) -> Result<Option<(String, Option<String>)>> {
    c.one(
        sql!(
            "SELECT gateway, gateway_reference FROM charges WHERE reference = ?1 AND status = 'completed'
             ORDER BY verified_at LIMIT 1"
        ),
        &[&reference],
    )
    .await
    .map_err(Error::from)
}

/// What credit notes have taken off an invoice (index `invoices_by_corrected`).
pub async fn credited(c: &Conn, invoice: Uuid) -> Result<Rials> {
    let found: Option<(i64,)> = c
        .one(
            sql!("SELECT CAST(coalesce(sum(total), 0) AS BIGINT) FROM invoices WHERE corrects = ?1"),
            &[&invoice],
        )
        .await?;
    rials(TABLE, "total", found.map_or(0, |(sum,)| sum))
}
