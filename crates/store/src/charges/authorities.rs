//! Authorities: the gateways' names for charges, and what is known of each.

use db::{At, Conn, record, sql};
use domain::{Rials, Timestamp};
use uuid::Uuid;

use super::stored;
use crate::Result;

/// Characters of a masked card that are kept.
const CARD: usize = 32;

/// What is known of one authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorityStatus {
    /// The payer was sent there.
    Requested,
    /// Paid, and what its charge was completed with.
    Paid,
    Failed,
    /// The gateway had no clear answer when it was last asked.
    Unknown,
    /// Paid after another authority of the same charge.
    Extra,
}

impl AuthorityStatus {
    const ALL: [Self; 5] = [Self::Requested, Self::Paid, Self::Failed, Self::Unknown, Self::Extra];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Extra => "extra",
        }
    }

    /// Its money was credited.
    #[must_use]
    pub const fn is_credited(self) -> bool {
        matches!(self, Self::Paid | Self::Extra)
    }
}

/// A gateway's name for a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    pub gateway: String,
    pub authority: String,
    pub charge: Uuid,
    pub status: AuthorityStatus,
    /// Where the payer pays.
    pub pay_url: String,
    pub created_at: Timestamp,
}

/// What a gateway tells of a payment besides that it was made. For admins, and in no log.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The payer's, its middle masked.
    pub card: Option<String>,
    /// What the gateway keeps of the payment.
    pub fee: Option<Rials>,
}

domain::blank_debug!(Receipt);

record! {
    struct AuthorityRow {
        gateway: String,
        authority: String,
        charge_id: Uuid,
        status: String,
        pay_url: String,
        created_at: At,
    }
}

record! {
    struct SeenRow {
        gateway: String,
        authority: String,
        charge_id: Uuid,
        status: String,
        pay_url: String,
        created_at: At,
        card: Option<String>,
        fee: Option<i64>,
    }
}

fn authority(row: AuthorityRow) -> Result<Authority> {
    let status = AuthorityStatus::ALL.into_iter().find(|status| status.as_str() == row.status);
    Ok(Authority {
        gateway: row.gateway,
        authority: row.authority,
        charge: row.charge_id,
        status: status.ok_or_else(|| stored("charge_authorities", "status"))?,
        pay_url: row.pay_url,
        created_at: row.created_at.0,
    })
}

fn seen(row: SeenRow) -> Result<(Authority, Receipt)> {
    let SeenRow { gateway, authority: name, charge_id, status, pay_url, created_at, card, fee } = row;
    let known = AuthorityRow { gateway, authority: name, charge_id, status, pay_url, created_at };
    let read = |fee| Rials::new(fee).ok_or_else(|| stored("charge_authorities", "fee"));
    Ok((authority(known)?, Receipt { card, fee: fee.map(read).transpose()? }))
}

/// Keeps a gateway's name for a charge; false when the gateway has given it before (primary key).
pub async fn add_authority(tx: &Conn, authority: &Authority) -> Result<bool> {
    let added = tx
        .exec(
            sql!(
                "INSERT INTO charge_authorities (gateway, authority, charge_id, status, pay_url, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (gateway, authority) DO NOTHING"
            ),
            &[
                &authority.gateway,
                &authority.authority,
                &authority.charge,
                &authority.status.as_str(),
                &authority.pay_url,
                &At(authority.created_at),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// What a gateway's name stands for (primary key).
pub async fn by_authority(c: &Conn, gateway: &str, name: &str) -> Result<Option<Authority>> {
    let row = c
        .one(
            sql!(
                "SELECT gateway, authority, charge_id, status, pay_url, created_at FROM charge_authorities
                 WHERE gateway = ?1 AND authority = ?2"
            ),
            &[&gateway, &name],
        )
        .await?;
    row.map(authority).transpose()
}

/// All of a charge's, the oldest first (index `charge_authorities_by_charge`).
pub async fn authorities(c: &Conn, charge: Uuid) -> Result<Vec<Authority>> {
    let rows: Vec<AuthorityRow> = c
        .all(
            sql!(
                "SELECT gateway, authority, charge_id, status, pay_url, created_at FROM charge_authorities
                 WHERE charge_id = ?1 ORDER BY created_at, authority"
            ),
            &[&charge],
        )
        .await?;
    rows.into_iter().map(authority).collect()
}

/// All authorities of these charges, the oldest first (index `charge_authorities_by_charge`).
pub async fn authorities_of_many(c: &Conn, charges: &[Uuid]) -> Result<Vec<Authority>> {
    if charges.is_empty() {
        return Ok(vec![]);
    }
    let rows: Vec<AuthorityRow> = c
        .all(
            sql!(
                sqlite: "SELECT gateway, authority, charge_id, status, pay_url, created_at FROM charge_authorities
                         WHERE charge_id IN (SELECT unhex(value) FROM json_each(?1))
                         ORDER BY created_at, authority",
                postgres: "SELECT gateway, authority, charge_id, status, pay_url, created_at FROM charge_authorities
                         WHERE charge_id IN (
                             SELECT CAST(id AS UUID)
                             FROM jsonb_array_elements_text(CAST(CAST($1 AS TEXT) AS jsonb)) AS ids (id))
                         ORDER BY created_at, authority"
            ),
            &[&listed(charges)],
        )
        .await?;
    rows.into_iter().map(authority).collect()
}

/// The same as admins see them, with what the gateways told (index `charge_authorities_by_charge`).
pub async fn authorities_seen(c: &Conn, charges: &[Uuid]) -> Result<Vec<(Authority, Receipt)>> {
    if charges.is_empty() {
        return Ok(vec![]);
    }
    let rows: Vec<SeenRow> = c
        .all(
            sql!(
                sqlite: "SELECT gateway, authority, charge_id, status, pay_url, created_at, card, fee
                         FROM charge_authorities WHERE charge_id IN (SELECT unhex(value) FROM json_each(?1))
                         ORDER BY created_at, authority",
                postgres: "SELECT gateway, authority, charge_id, status, pay_url, created_at, card, fee
                         FROM charge_authorities WHERE charge_id IN (
                             SELECT CAST(id AS UUID)
                             FROM jsonb_array_elements_text(CAST(CAST($1 AS TEXT) AS jsonb)) AS ids (id))
                         ORDER BY created_at, authority"
            ),
            &[&listed(charges)],
        )
        .await?;
    rows.into_iter().map(seen).collect()
}

/// As both databases take many ids at once.
fn listed(charges: &[Uuid]) -> String {
    let ids: Vec<String> = charges.iter().map(|id| id.simple().to_string()).collect();
    serde_json::Value::from(ids).to_string()
}

/// Says what became of an authority; one whose money was credited stays as it is. Whether it changed (primary key).
pub async fn mark(tx: &Conn, gateway: &str, name: &str, status: AuthorityStatus) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE charge_authorities SET status = ?3
                 WHERE gateway = ?1 AND authority = ?2 AND status NOT IN ('paid', 'extra') AND status <> ?3"
            ),
            &[&gateway, &name, &status.as_str()],
        )
        .await?;
    Ok(changed == 1)
}

/// The authority's money is credited (`paid` or `extra`): its receipt is written now, or never. Whether it changed (primary
/// key).
pub async fn mark_credited(
    tx: &Conn,
    gateway: &str,
    name: &str,
    status: AuthorityStatus,
    receipt: &Receipt,
) -> Result<bool> {
    // whatever a gateway writes there, its money is credited
    let card: Option<String> = receipt.card.as_ref().map(|card| card.chars().take(CARD).collect());
    let changed = tx
        .exec(
            sql!(
                "UPDATE charge_authorities SET status = ?3, card = ?4, fee = ?5
                 WHERE gateway = ?1 AND authority = ?2 AND status NOT IN ('paid', 'extra')"
            ),
            &[&gateway, &name, &status.as_str(), &card, &receipt.fee.map(Rials::get)],
        )
        .await?;
    Ok(changed == 1)
}

/// What a stranger says of an authority is refused; of one whose money was credited nothing is. Whether it is the first time
/// (primary key).
pub async fn refuse_stranger(tx: &Conn, gateway: &str, name: &str) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE charge_authorities SET stranger_refused = TRUE
                 WHERE gateway = ?1 AND authority = ?2
                   AND status NOT IN ('paid', 'extra') AND NOT stranger_refused"
            ),
            &[&gateway, &name],
        )
        .await?;
    Ok(changed == 1)
}
