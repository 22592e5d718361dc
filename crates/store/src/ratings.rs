//! Ratings: one a visit, and the doctor's sum and count with it, in the same transaction.

use db::{At, Conn, record, sql};
use domain::{
    Timestamp,
    ids::{UserId, VisitId},
};
use uuid::Uuid;

use crate::{Keyring, Result, keyring::Field};

pub(crate) const COMMENT: Field = Field { table: "ratings", column: "comment" };

/// What a patient thinks of a visit.
#[derive(Clone)]
pub struct Rating {
    pub visit: VisitId,
    pub doctor: UserId,
    pub patient: UserId,
    /// 1 to 5.
    pub score: i64,
    pub comment: String,
    pub created_at: Timestamp,
}

domain::blank_debug!(Rating);

record! {
    struct Row {
        visit_id: Uuid,
        doctor_id: Uuid,
        patient_id: Uuid,
        score: i64,
        comment: Option<Vec<u8>>,
        created_at: At,
    }
}

/// Adds a rating to the visit and to its doctor; false when the visit has one (primary key).
pub async fn insert(tx: &Conn, keys: &Keyring, rating: &Rating) -> Result<bool> {
    let id = rating.visit.0;
    let comment =
        (!rating.comment.is_empty()).then(|| keys.seal_text(COMMENT, id, &rating.comment)).transpose()?;
    let at = At(rating.created_at);
    let added = tx
        .exec(
            sql!(
                "INSERT INTO ratings (visit_id, doctor_id, patient_id, score, comment, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (visit_id) DO NOTHING"
            ),
            &[&id, &rating.doctor.0, &rating.patient.0, &rating.score, &comment, &at],
        )
        .await?;
    if added == 0 {
        return Ok(false);
    }
    tx.exec(
        sql!(
            "UPDATE doctors SET rating_sum = rating_sum + ?2, rating_count = rating_count + 1, version = version + 1,
                    changed_at = ?3
             WHERE user_id = ?1"
        ),
        &[&rating.doctor.0, &rating.score, &at],
    )
    .await?;
    Ok(true)
}

/// One page of a doctor's ratings, newest first, and how many there are (index `ratings_by_doctor`).
pub async fn of_doctor(
    c: &Conn,
    keys: &Keyring,
    doctor: UserId,
    limit: i64,
    offset: i64,
) -> Result<(i64, Vec<Rating>)> {
    let count: Option<(i64,)> =
        c.one(sql!("SELECT count(*) FROM ratings WHERE doctor_id = ?1"), &[&doctor.0]).await?;
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT visit_id, doctor_id, patient_id, score, comment, created_at FROM ratings
                 WHERE doctor_id = ?1 ORDER BY created_at DESC, visit_id DESC LIMIT ?2 OFFSET ?3"
            ),
            &[&doctor.0, &limit, &offset],
        )
        .await?;
    let rating = |row: Row| -> Result<Rating> {
        Ok(Rating {
            visit: VisitId(row.visit_id),
            doctor: UserId(row.doctor_id),
            patient: UserId(row.patient_id),
            score: row.score,
            comment: keys.open_text(COMMENT, row.visit_id, row.comment.as_deref())?,
            created_at: row.created_at.0,
        })
    };
    Ok((count.map_or(0, |(n,)| n), rows.into_iter().map(rating).collect::<Result<_>>()?))
}
