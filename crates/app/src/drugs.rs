//! Finds drugs by what somebody has typed of their names.

use domain::fold::key;

pub use store::drugs::Drug;

use crate::{App, Fault};

/// How well a drug fits; better first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// One of its names begins so.
    Begins,
    /// One of its names has it inside.
    Contains,
}

/// At most `limit` drugs whose Persian or English name begins with or contains the text, however it is
/// spelled and its words are set apart (D17). The list is small: it is read whole and ranked here.
pub async fn drugs(app: &App, text: &str, limit: usize) -> Result<Vec<Drug>, Fault> {
    let wanted = key(text);
    if wanted.is_empty() {
        return Ok(vec![]);
    }
    let all =
        app.db.read((), |c, ()| Box::pin(async move { Ok::<_, Fault>(store::drugs::all(c).await?) })).await?;
    let mut found: Vec<(Fit, Drug)> =
        all.into_iter().filter_map(|drug| fit(&drug, &wanted).map(|fit| (fit, drug))).collect();
    // shorter names first: whoever types all of one means that one
    found.sort_by_cached_key(|(fit, drug)| (*fit, drug.name_en.len(), drug.name_en.clone()));
    Ok(found.into_iter().take(limit).map(|(_, drug)| drug).collect())
}

fn fit(drug: &Drug, wanted: &str) -> Option<Fit> {
    let names = [key(&drug.name_fa), key(&drug.name_en)];
    if names.iter().any(|name| name.starts_with(wanted)) {
        Some(Fit::Begins)
    } else {
        names.iter().any(|name| name.contains(wanted)).then_some(Fit::Contains)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_fits_better_than_a_part_in_both_languages() {
        let drug = Drug {
            code: "co_amoxiclav".into(),
            name_fa: "کوآموکسی‌کلاو".into(),
            name_en: "Co-amoxiclav".into(),
            drug_class: "penicillin".into(),
        };
        for (text, expected) in [
            ("کوآموکسی", Some(Fit::Begins)),
            ("كو آموكسي كلاو", Some(Fit::Begins)),
            ("CO AMOX", Some(Fit::Begins)),
            ("آموکسی", Some(Fit::Contains)),
            ("amoxi", Some(Fit::Contains)),
            ("ibu", None),
        ] {
            assert_eq!(fit(&drug, &key(text)), expected, "{text}");
        }
    }
}
