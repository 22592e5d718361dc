//! Doctors' money on its way to their banks: decided, sent in batches, paid or returned (D35). For admins.

pub(crate) mod batches;
pub(crate) mod decide;
pub(crate) mod file;
pub(crate) mod list;
pub(crate) mod outcome;

use app::billing::payouts::Payout;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::billing::payouts::{PayoutItem, item};

/// Whose money it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct PayoutDoctor {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    #[schema(example = "مریم")]
    first_name: String,
    #[schema(example = "رضایی")]
    last_name: String,
}

/// A payout as admins see it. Its IBAN is shown in part: the whole is in the batch's file alone.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminPayout {
    #[serde(flatten)]
    payout: PayoutItem,
    doctor: PayoutDoctor,
    /// The batch that it went to the bank in.
    #[schema(example = json!(null))]
    batch_id: Option<Uuid>,
}

fn body(payout: Payout) -> AdminPayout {
    let doctor = PayoutDoctor {
        id: payout.doctor.0,
        first_name: payout.first_name.clone(),
        last_name: payout.last_name.clone(),
    };
    AdminPayout { doctor, batch_id: payout.batch, payout: item(payout) }
}
