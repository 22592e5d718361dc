//! In which period of its patient's quota a visit was counted: there it is taken back, whatever the patient has
//! subscribed to since.

use db::{Conn, sql};
use domain::{Date, ids::VisitId};

use crate::{Result, subscriptions::day};

/// Keeps the period that a visit was counted in, by its first day (primary key).
pub async fn count_in(tx: &Conn, id: VisitId, period: Date) -> Result<()> {
    tx.exec(sql!("UPDATE visits SET quota_period = ?2 WHERE id = ?1"), &[&id.0, &period.to_string()]).await?;
    Ok(())
}

/// A visit counts no more; the period that it was counted in. None where it was not, or before periods were kept
/// (primary key). The visit must be held.
pub async fn uncount(tx: &Conn, id: VisitId) -> Result<Option<Date>> {
    let found: Option<(String,)> = tx
        .one(sql!("SELECT quota_period FROM visits WHERE id = ?1 AND quota_period IS NOT NULL"), &[&id.0])
        .await?;
    let Some((period,)) = found else { return Ok(None) };
    tx.exec(sql!("UPDATE visits SET quota_period = NULL WHERE id = ?1"), &[&id.0]).await?;
    day("visits", "quota_period", &period).map(Some)
}
