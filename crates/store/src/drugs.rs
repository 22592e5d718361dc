//! The drugs that prescriptions can name, shipped with the schema (migration 8).

use db::{Conn, record, sql};

use crate::Result;

/// A generic drug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drug {
    /// Such as `amoxicillin`; prescriptions keep it.
    pub code: String,
    pub name_fa: String,
    pub name_en: String,
    /// Such as `penicillin`: what warnings about duplicates and allergies go by.
    pub drug_class: String,
}

record! {
    struct Row {
        code: String,
        name_fa: String,
        name_en: String,
        drug_class: String,
    }
}

impl From<Row> for Drug {
    fn from(row: Row) -> Self {
        Self { code: row.code, name_fa: row.name_fa, name_en: row.name_en, drug_class: row.drug_class }
    }
}

/// All drugs in the order of their codes (the whole of a small table).
pub async fn all(c: &Conn) -> Result<Vec<Drug>> {
    let rows: Vec<Row> =
        c.all(sql!("SELECT code, name_fa, name_en, drug_class FROM drugs ORDER BY code"), &[]).await?;
    Ok(rows.into_iter().map(Drug::from).collect())
}

/// Those of these drugs that there are (primary key), in the order of their codes.
pub async fn by_codes(c: &Conn, codes: &[String]) -> Result<Vec<Drug>> {
    let codes = serde_json::Value::from(codes).to_string();
    let rows: Vec<Row> = c
        .all(
            sql!(
                sqlite: "SELECT code, name_fa, name_en, drug_class FROM drugs
                         WHERE code IN (SELECT value FROM json_each(?1)) ORDER BY code",
                postgres: "SELECT code, name_fa, name_en, drug_class FROM drugs
                           WHERE code IN (SELECT jsonb_array_elements_text(CAST(CAST($1 AS TEXT) AS JSONB)))
                           ORDER BY code"
            ),
            &[&codes],
        )
        .await?;
    Ok(rows.into_iter().map(Drug::from).collect())
}
