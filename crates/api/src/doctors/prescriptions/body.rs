//! What a doctor sends to write a prescription, or to write a draft anew.

use app::prescriptions::Item;
use domain::{
    Violation,
    prescription::MAX_ITEMS,
    text::{block, line, required_line},
};
use utoipa::ToSchema;

use crate::extract::{Body, Fields, text};

/// A prescription. A draft may have no items; one that is signed has at least one.
#[derive(ToSchema)]
pub(crate) struct PrescriptionBody {
    #[schema(value_type = Vec<PrescriptionItemBody>, max_items = 50)]
    pub(super) items: Vec<Item>,
    /// For the patient and the pharmacy.
    #[schema(value_type = Option<String>, example = "مایعات فراوان بنوشید", max_length = 2000)]
    pub(super) notes: String,
    /// Signs it at once: the patient sees it, and it stays as it is. `false` unless it says otherwise.
    #[schema(value_type = Option<bool>, example = true)]
    pub(super) sign: bool,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire; the value is the domain's item")]
pub(crate) struct PrescriptionItemBody {
    #[schema(example = "آموکسی‌سیلین 500", min_length = 1, max_length = 200)]
    drug_name: String,
    /// Of the drug list, where the doctor chose from it: warnings go by it.
    #[schema(value_type = Option<String>, example = "amoxicillin", max_length = 100)]
    drug_code: String,
    #[schema(example = "یک کپسول", min_length = 1, max_length = 200)]
    dosage: String,
    #[schema(example = "هر 8 ساعت", min_length = 1, max_length = 200)]
    frequency: String,
    #[schema(example = "7 روز", min_length = 1, max_length = 200)]
    duration: String,
    #[schema(value_type = Option<String>, example = "پس از غذا", max_length = 1000)]
    instructions: String,
}

const LINE: usize = 200;
const CODE: usize = 100;
const INSTRUCTIONS: usize = 1000;
const NOTES: usize = 2000;

impl Body for PrescriptionBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let items = fields.objects("items", MAX_ITEMS, item);
        if items.as_ref().is_some_and(Option::is_none) {
            fields.violated("items", Violation::Required);
        }
        let notes = fields.optional("notes", text(|text| block(text, NOTES)));
        let sign = fields.optional("sign", |value| value.as_bool().ok_or(Violation::Type));
        let (items, sign) = (items??, sign?.unwrap_or(false));
        if sign && items.is_empty() {
            fields.violated("items", Violation::Required);
        }
        Some(Self { items, notes: notes?.unwrap_or_default(), sign })
    }
}

fn item(fields: &mut Fields<'_>) -> Option<Item> {
    let drug_name = fields.required("drug_name", text(|text| required_line(text, LINE)));
    let drug_code = fields.optional("drug_code", text(|text| line(text, CODE)));
    let dosage = fields.required("dosage", text(|text| required_line(text, LINE)));
    let frequency = fields.required("frequency", text(|text| required_line(text, LINE)));
    let duration = fields.required("duration", text(|text| required_line(text, LINE)));
    let instructions = fields.optional("instructions", text(|text| block(text, INSTRUCTIONS)));
    Some(Item {
        drug_code: drug_code?.filter(|code| !code.is_empty()),
        drug_name: drug_name?,
        dosage: dosage?,
        frequency: frequency?,
        duration: duration?,
        instructions: instructions?.unwrap_or_default(),
    })
}
