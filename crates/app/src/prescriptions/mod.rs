//! Prescriptions: written, signed and cancelled by the visit's doctor; read by its patient once signed (D26).

mod cancel;
mod read;
mod sign;
mod write;

use db::Conn;
use domain::{
    SignedDuration, Timestamp,
    ids::{PrescriptionId, UserId},
    prescription::{Known, warnings},
};

use crate::{App, Fault, fault::faults, idempotency::OnceError};

pub use cancel::cancel;
pub use domain::prescription::{Item, Warning};
pub use read::{list_of_patient, read_by_doctor, read_by_patient};
pub use sign::sign;
pub use store::prescriptions::{Person, Prescription};
pub use write::{Replacement, WritePrescription, replace, write};

/// So long after a visit its doctor still sees the patient without a grant (D23).
const PATIENT_IS_SEEN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A prescription as its doctor sees it.
#[derive(Clone, Debug)]
pub struct View {
    pub prescription: Prescription,
    pub warnings: Vec<Warning>,
}

#[derive(Debug, thiserror::Error)]
pub enum PrescriptionError {
    /// No such prescription or visit of the caller's.
    #[error("no such prescription or visit")]
    NotFound,
    /// The visit hasn't begun, or the prescription is not in a state that allows it (no draft any more,
    /// cancelled already, or empty and so not to be signed): read it again.
    #[error("not in this state")]
    IllegalState,
    /// The visit has a draft or a signed prescription: change or cancel that one.
    #[error("the visit has a prescription")]
    AlreadyWritten,
    /// The drug list doesn't have this item's code; the item's place, from 0.
    #[error("unknown drug")]
    UnknownDrug { item: usize },
    #[error(transparent)]
    Once(#[from] OnceError),
    #[error(transparent)]
    Fault(Fault),
}
faults!(PrescriptionError);

/// The doctor's own prescription, held until the end of the transaction.
async fn of_doctor(
    tx: &Conn,
    app: &App,
    id: PrescriptionId,
    doctor: UserId,
) -> Result<Prescription, PrescriptionError> {
    let found = store::prescriptions::lock(tx, &app.keys, id).await?;
    found.filter(|found| found.doctor.id == doctor).ok_or(PrescriptionError::NotFound)
}

/// A code that nobody knows would silence the warnings.
async fn refuse_unknown_drugs(c: &Conn, items: &[Item]) -> Result<(), PrescriptionError> {
    let codes: Vec<String> = items.iter().filter_map(|item| item.drug_code.clone()).collect();
    if codes.is_empty() {
        return Ok(());
    }
    let drugs = store::drugs::by_codes(c, &codes).await?;
    let is_unknown = |code: &String| drugs.iter().all(|drug| drug.code != *code);
    match items.iter().position(|item| item.drug_code.as_ref().is_some_and(is_unknown)) {
        Some(item) => Err(PrescriptionError::UnknownDrug { item }),
        None => Ok(()),
    }
}

/// The prescription as it is now, with its warnings.
async fn view(c: &Conn, app: &App, id: PrescriptionId, now: Timestamp) -> Result<View, PrescriptionError> {
    let found = store::prescriptions::by_id(c, &app.keys, id).await?;
    let prescription = found.ok_or_else(|| Fault::Internal("a prescription vanished".into()))?;
    let warnings = warnings_of(c, app, &prescription, now).await?;
    Ok(View { prescription, warnings })
}

/// About what the patient says of themself only as long as the doctor may see that; about the items among
/// themselves always.
async fn warnings_of(
    c: &Conn,
    app: &App,
    prescription: &Prescription,
    now: Timestamp,
) -> Result<Vec<Warning>, Fault> {
    let items = &prescription.items;
    if items.is_empty() {
        return Ok(vec![]);
    }
    let is_seen = now < prescription.visit_ends_at + PATIENT_IS_SEEN;
    let patient =
        if is_seen { store::patients::of(c, &app.keys, prescription.patient.id).await? } else { None };
    let medical = patient.map(|patient| patient.profile.medical_info).unwrap_or_default();
    let known = known(c, items).await?;
    Ok(warnings(items, &known, &medical.allergies, &medical.current_medications))
}

/// What the drug list has of these items. All of it where the doctor wrote a name of their own, which may be
/// one of the list's.
async fn known(c: &Conn, items: &[Item]) -> Result<Vec<Known>, Fault> {
    let codes: Option<Vec<String>> = items.iter().map(|item| item.drug_code.clone()).collect();
    let drugs = match codes {
        Some(codes) => store::drugs::by_codes(c, &codes).await?,
        None => store::drugs::all(c).await?,
    };
    let known = drugs.into_iter().map(|drug| Known {
        code: drug.code,
        name_fa: drug.name_fa,
        name_en: drug.name_en,
        class: drug.drug_class,
    });
    Ok(known.collect())
}
