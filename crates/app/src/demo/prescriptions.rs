//! What was prescribed in a visit.

use domain::{SignedDuration, Timestamp, ids::PrescriptionId, prescription::Item};
use store::visits::Visit;

use super::{
    dice::Dice,
    lists::Lists,
    medicine::{Drug, Field},
    words,
};
use crate::App;

/// A prescription to be written down.
#[derive(Clone)]
#[expect(clippy::struct_field_names, reason = "the names of the columns")]
pub(super) struct Written {
    pub(super) id: PrescriptionId,
    pub(super) items: Vec<Item>,
    pub(super) notes: &'static str,
    pub(super) written_at: Timestamp,
    /// None: a draft.
    pub(super) signed_at: Option<Timestamp>,
}

/// Some drugs of the field, signed at the end of the visit; a draft while it goes on. None where the field
/// prescribes nothing.
pub(super) fn prescription(
    app: &App,
    lists: &Lists,
    field: &Field,
    visit: &Visit,
    now: Timestamp,
    dice: &Dice,
) -> Option<Written> {
    let count = usize::try_from(dice.between(1, 3)).unwrap_or(1).min(field.drugs.len());
    let first = usize::try_from(dice.between(0, 9)).unwrap_or(0).checked_rem(field.drugs.len())?;
    let drugs = field.drugs.iter().cycle().skip(first).take(count);
    let before_end = |minutes| visit.ended_at.map(|end| end - SignedDuration::from_mins(minutes));
    let written_at = before_end(2).unwrap_or(now);
    Some(Written {
        id: PrescriptionId::new(written_at, &*app.rng),
        items: drugs.map(|drug| item(drug, lists)).collect(),
        notes: words::notes(dice),
        written_at,
        signed_at: before_end(1),
    })
}

/// A drug that has left the list is written by its code alone.
fn item(drug: &Drug, lists: &Lists) -> Item {
    let name = lists.drug(drug.code);
    Item {
        drug_code: name.map(|_| drug.code.into()),
        drug_name: name.unwrap_or(drug.code).into(),
        dosage: drug.dosage.into(),
        frequency: drug.frequency.into(),
        duration: drug.duration.into(),
        instructions: drug.instructions.into(),
    }
}
