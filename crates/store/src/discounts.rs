//! Discount codes (D34). Caps and ends hold however many redeem at once: the code's own row is what they wait for.

use db::{At, Conn, record, sql};
use domain::{Date, Rials, Timestamp, ids::UserId, subscription::Worth};
use uuid::Uuid;

use crate::{Error, Result};

/// A code and its terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    pub code: String,
    pub worth: Worth,
    /// The first day; none: from ever.
    pub valid_from: Option<Date>,
    /// The last day; none: for ever.
    pub valid_until: Option<Date>,
    pub per_user_cap: Option<i64>,
    pub total_cap: Option<i64>,
    /// For this plan alone.
    pub plan: Option<String>,
    pub redeemed: i64,
    pub created_at: Timestamp,
    /// When an admin ended it; none: nobody has.
    pub ended_at: Option<Timestamp>,
}

record! {
    struct Row {
        code: String,
        percent: Option<i64>,
        amount: Option<i64>,
        valid_from: Option<String>,
        valid_until: Option<String>,
        per_user_cap: Option<i64>,
        total_cap: Option<i64>,
        plan_id: Option<String>,
        redeemed: i64,
        created_at: At,
        ended_at: Option<At>,
    }
}

fn stored(column: &'static str) -> Error {
    Error::Stored { table: "discount_codes", column, cause: "not what it should be".into() }
}

fn read(row: Row) -> Result<Code> {
    let worth = match (row.percent, row.amount) {
        (Some(percent), None) => Worth::Percent(u8::try_from(percent).map_err(|_| stored("percent"))?),
        (None, Some(amount)) => Worth::Amount(Rials::new(amount).ok_or_else(|| stored("amount"))?),
        _ => return Err(stored("percent")),
    };
    let day = |column, text: Option<String>| {
        text.map(|text| text.parse::<Date>().map_err(|_| stored(column))).transpose()
    };
    Ok(Code {
        code: row.code,
        worth,
        valid_from: day("valid_from", row.valid_from)?,
        valid_until: day("valid_until", row.valid_until)?,
        per_user_cap: row.per_user_cap,
        total_cap: row.total_cap,
        plan: row.plan_id,
        redeemed: row.redeemed,
        created_at: row.created_at.0,
        ended_at: row.ended_at.map(|At(at)| at),
    })
}

/// Adds a code that nobody has ended or redeemed; false when there is one of that name (primary key).
pub async fn insert(tx: &Conn, code: &Code) -> Result<bool> {
    let (percent, amount) = match code.worth {
        Worth::Percent(percent) => (Some(i64::from(percent)), None),
        Worth::Amount(amount) => (None, Some(amount.get())),
    };
    let added = tx
        .exec(
            sql!(
                "INSERT INTO discount_codes (code, percent, amount, valid_from, valid_until, per_user_cap, total_cap,
                                             plan_id, redeemed, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9) ON CONFLICT (code) DO NOTHING"
            ),
            &[
                &code.code,
                &percent,
                &amount,
                &code.valid_from.as_ref().map(ToString::to_string),
                &code.valid_until.as_ref().map(ToString::to_string),
                &code.per_user_cap,
                &code.total_cap,
                &code.plan,
                &At(code.created_at),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// One code and its terms (primary key).
pub async fn by_code(c: &Conn, code: &str) -> Result<Option<Code>> {
    let row: Option<Row> = c
        .one(
            sql!(
                "SELECT code, percent, amount, valid_from, valid_until, per_user_cap, total_cap, plan_id, redeemed,
                        created_at, ended_at
                 FROM discount_codes WHERE code = ?1"
            ),
            &[&code],
        )
        .await?;
    row.map(read).transpose()
}

/// One page of all codes, the newest first, and how many there are (index `discount_codes_by_age`).
pub async fn page(c: &Conn, limit: i64, offset: i64) -> Result<(i64, Vec<Code>)> {
    let count: Option<(i64,)> = c.one(sql!("SELECT count(*) FROM discount_codes"), &[]).await?;
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT code, percent, amount, valid_from, valid_until, per_user_cap, total_cap, plan_id, redeemed,
                        created_at, ended_at
                 FROM discount_codes ORDER BY created_at DESC, code DESC LIMIT ?1 OFFSET ?2"
            ),
            &[&limit, &offset],
        )
        .await?;
    let codes = rows.into_iter().map(read).collect::<Result<_>>()?;
    Ok((count.map_or(0, |(count,)| count), codes))
}

/// Ends a code; false when it has ended before, or there is none of that name (primary key). On `PostgreSQL` this waits
/// for the redemptions that hold its row, and those that come second see it.
pub async fn end(tx: &Conn, code: &str, now: Timestamp) -> Result<bool> {
    let ended = tx
        .exec(
            sql!("UPDATE discount_codes SET ended_at = ?2 WHERE code = ?1 AND ended_at IS NULL"),
            &[&code, &At(now)],
        )
        .await?;
    Ok(ended == 1)
}

/// The answer to a redemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    Done,
    /// An admin has ended it.
    Ended,
    /// As often as it may be in all.
    UsedUp,
    /// This user has had it as often as one may. The caller gives the transaction up: the code has counted it.
    UsedByThem,
}

/// Redeems a code for a purchase, if it has not ended and both caps allow it. On `PostgreSQL` the code's row is held from
/// here to the end of the transaction, so that those who come second see what the first have done.
pub async fn redeem(tx: &Conn, code: &str, user: UserId, purchase: Uuid, now: Timestamp) -> Result<Redeemed> {
    let counted = tx
        .exec(
            sql!(
                "UPDATE discount_codes SET redeemed = redeemed + 1
                 WHERE code = ?1 AND ended_at IS NULL AND (total_cap IS NULL OR redeemed < total_cap)"
            ),
            &[&code],
        )
        .await?;
    if counted == 0 {
        let has_ended = by_code(tx, code).await?.is_some_and(|code| code.ended_at.is_some());
        return Ok(if has_ended { Redeemed::Ended } else { Redeemed::UsedUp });
    }
    let caps: Option<(Option<i64>, i64)> = tx
        .one(
            sql!(
                "SELECT c.per_user_cap,
                        (SELECT count(*) FROM code_redemptions r WHERE r.code = c.code AND r.user_id = ?2)
                 FROM discount_codes c WHERE c.code = ?1"
            ),
            &[&code, &user.0],
        )
        .await?;
    if caps.is_none_or(|(cap, had)| cap.is_some_and(|cap| had >= cap)) {
        return Ok(Redeemed::UsedByThem);
    }
    tx.exec(
        sql!("INSERT INTO code_redemptions (purchase_id, code, user_id, created_at) VALUES (?1, ?2, ?3, ?4)"),
        &[&purchase, &code, &user.0, &At(now)],
    )
    .await?;
    Ok(Redeemed::Done)
}

/// Takes a redemption back, because what it was for was never paid; false when there was none (primary keys).
pub async fn give_back(tx: &Conn, purchase: Uuid) -> Result<bool> {
    let removed: Option<(String,)> = tx
        .one(sql!("DELETE FROM code_redemptions WHERE purchase_id = ?1 RETURNING code"), &[&purchase])
        .await?;
    let Some((code,)) = removed else { return Ok(false) };
    tx.exec(sql!("UPDATE discount_codes SET redeemed = redeemed - 1 WHERE code = ?1"), &[&code]).await?;
    Ok(true)
}
