//! The list of drugs, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeSet;

use db::Db;
use helssa_store::drugs::{self, Drug};
use rstest::rstest;
use testkit::{Engine, database};

async fn all(db: &Db) -> Vec<Drug> {
    db.read((), |c, ()| Box::pin(drugs::all(c))).await.unwrap()
}

async fn by_codes(db: &Db, codes: &[&str]) -> Vec<Drug> {
    let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
    db.read(codes, |c, codes| Box::pin(drugs::by_codes(c, codes))).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn the_drugs_are_there(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let all = all(&db).await;
    assert!(all.len() >= 350, "{}", all.len());
    let is_of_a_slug = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    for drug in &all {
        assert!(drug.code.bytes().chain(drug.drug_class.bytes()).all(is_of_a_slug), "{drug:?}");
        assert!(!drug.drug_class.is_empty() && !drug.name_en.is_empty(), "{drug:?}");
        // Arabic letters would be found by nobody who compares them as they are
        assert!(!drug.name_fa.is_empty() && !drug.name_fa.contains(['ي', 'ك']), "{drug:?}");
    }
    let names: BTreeSet<_> = all.iter().map(|drug| &drug.name_fa).collect();
    assert_eq!(names.len(), all.len(), "no two have one name");
    let classes: BTreeSet<_> = all.iter().map(|drug| drug.drug_class.as_str()).collect();
    for class in ["penicillin", "nsaid", "statin", "arb", "ssri", "ppi", "anticoagulant", "biguanide"] {
        assert!(classes.contains(class), "{class}");
    }
}

#[rstest]
#[tokio::test]
async fn some_are_found_by_their_codes(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let found = by_codes(&db, &["metformin", "amoxicillin", "phlogiston", "amoxicillin", "x', \"y\""]).await;
    let amoxicillin = Drug {
        code: "amoxicillin".into(),
        name_fa: "آموکسی‌سیلین".into(),
        name_en: "Amoxicillin".into(),
        drug_class: "penicillin".into(),
    };
    let codes: Vec<_> = found.iter().map(|drug| drug.code.as_str()).collect();
    assert_eq!(codes, ["amoxicillin", "metformin"]);
    assert_eq!(found.first(), Some(&amoxicillin));
    assert!(by_codes(&db, &[]).await.is_empty());
}
