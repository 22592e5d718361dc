//! What can be subscribed to: a table of a few rows, shipped with the schema (migration 11) and edited by admins.

use db::{At, Conn, record, sql};
use domain::{
    Timestamp,
    subscription::{Limits, Plan, PlanDiscount},
};

use crate::{
    Result,
    subscriptions::{day, rials, stored},
};

record! {
    struct Row {
        id: String,
        name: String,
        price: i64,
        features: String,
        monthly_consultations: i64,
        storage_mb: i64,
        ai_queries: i64,
        discount_percent: Option<i64>,
        discount_from: Option<String>,
        discount_until: Option<String>,
        is_premium: bool,
        is_active: bool,
    }
}

fn read(row: Row) -> Result<Plan> {
    let features =
        serde_json::from_str(&row.features).map_err(|e| stored("plans", "features", e.to_string()))?;
    let discount = match (row.discount_percent, row.discount_until) {
        (Some(percent), Some(until)) => Some(PlanDiscount {
            percent: u8::try_from(percent)
                .map_err(|_| stored("plans", "discount_percent", "not a percentage".into()))?,
            from: row.discount_from.map(|from| day("plans", "discount_from", &from)).transpose()?,
            until: day("plans", "discount_until", &until)?,
        }),
        _ => None,
    };
    Ok(Plan {
        id: row.id,
        name: row.name,
        price: rials("plans", "price", row.price)?,
        features,
        limits: Limits {
            monthly_consultations: row.monthly_consultations,
            storage_mb: row.storage_mb,
            ai_queries: row.ai_queries,
        },
        discount,
        is_premium: row.is_premium,
        is_active: row.is_active,
    })
}

/// All plans, the cheapest first (the whole of a table of a few rows).
pub async fn all(c: &Conn) -> Result<Vec<Plan>> {
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT id, name, price, features, monthly_consultations, storage_mb, ai_queries, discount_percent,
                        discount_from, discount_until, is_premium, is_active
                 FROM plans ORDER BY price, id"
            ),
            &[],
        )
        .await?;
    rows.into_iter().map(read).collect()
}

/// One plan (primary key).
pub async fn by_id(c: &Conn, id: &str) -> Result<Option<Plan>> {
    let row: Option<Row> = c
        .one(
            sql!(
                "SELECT id, name, price, features, monthly_consultations, storage_mb, ai_queries, discount_percent,
                        discount_from, discount_until, is_premium, is_active
                 FROM plans WHERE id = ?1"
            ),
            &[&id],
        )
        .await?;
    row.map(read).transpose()
}

/// Adds a plan or changes it (primary key). What was bought keeps its price; renewals have the new one.
pub async fn save(tx: &Conn, plan: &Plan, now: Timestamp) -> Result<()> {
    let features = serde_json::Value::from(plan.features.clone()).to_string();
    let percent = plan.discount.map(|discount| i64::from(discount.percent));
    let from = plan.discount.and_then(|discount| discount.from).map(|from| from.to_string());
    let until = plan.discount.map(|discount| discount.until.to_string());
    tx.exec(
        sql!(
            "INSERT INTO plans (id, name, price, features, monthly_consultations, storage_mb, ai_queries,
                                discount_percent, discount_from, discount_until, is_premium, is_active,
                                updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (id) DO UPDATE SET
                name = excluded.name, price = excluded.price, features = excluded.features,
                monthly_consultations = excluded.monthly_consultations, storage_mb = excluded.storage_mb,
                ai_queries = excluded.ai_queries, discount_percent = excluded.discount_percent,
                discount_from = excluded.discount_from, discount_until = excluded.discount_until,
                is_premium = excluded.is_premium, is_active = excluded.is_active,
                updated_at = excluded.updated_at"
        ),
        &[
            &plan.id,
            &plan.name,
            &plan.price.get(),
            &features,
            &plan.limits.monthly_consultations,
            &plan.limits.storage_mb,
            &plan.limits.ai_queries,
            &percent,
            &from,
            &until,
            &plan.is_premium,
            &plan.is_active,
            &At(now),
        ],
    )
    .await?;
    Ok(())
}
