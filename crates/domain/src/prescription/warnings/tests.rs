//! What is warned of, in every spelling, and what is not.

use super::*;

fn item(name: &str) -> Item {
    Item { drug_name: name.into(), ..Item::default() }
}

fn coded(code: &str, name: &str) -> Item {
    Item { drug_code: Some(code.into()), ..item(name) }
}

fn known() -> Vec<Known> {
    [
        ("A1", "آموکسی‌سیلین 500", "Amoxicillin 500", "penicillin"),
        ("C1", "سفیکسیم", "Cefixime", "cephalosporin"),
        ("M1", "متفورمین", "Metformin", "biguanide"),
        ("S1", "آتورواستاتین", "Atorvastatin", "statin"),
        ("S2", "سیمواستاتین", "Simvastatin", "statin"),
        ("X1", "فروس سولفات", "Ferrous sulfate", "iron"),
    ]
    .map(|(code, name_fa, name_en, class)| Known {
        code: code.into(),
        name_fa: name_fa.into(),
        name_en: name_en.into(),
        class: class.into(),
    })
    .to_vec()
}

fn told(items: &[Item], allergies: &[&str], current: &[&str]) -> Vec<(Kind, usize, String)> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    warnings(items, &known(), &texts(allergies), &texts(current))
        .into_iter()
        .map(|warning| (warning.kind, warning.item, warning.with))
        .collect()
}

#[test]
fn who_is_allergic_to_penicillin_is_warned_of_all_penicillins() {
    for allergy in [
        "پنی‌سیلین",
        "پنی سیلین",
        "پنیسیلین",
        "پني‌سيلين",
        "حساسیت به پنی‌سیلین‌ها",
        "Penicillin",
        "penicillins (rash)",
        "amoxicillin",
    ] {
        for item in [
            coded("A1", "آموکسی‌سیلین"),
            item("آموکسی سیلین ۵۰۰"),
            item("Amoxicillin 250 mg"),
            item("کوآموکسی‌کلاو"),
            item("Ampicillin"),
            item("پنی‌سیلین ۸۰۰"),
        ] {
            let expected = [(Kind::Allergy, 0, allergy.to_owned())];
            assert_eq!(told(std::slice::from_ref(&item), &[allergy], &[]), expected, "{allergy}");
        }
        assert!(told(&[coded("M1", "متفورمین"), item("Cefixime")], &[allergy], &[]).is_empty());
    }
}

#[test]
fn families_and_names_warn_and_likenesses_do_not() {
    for (allergy, drug) in [
        ("سولفا", "کوتریموکسازول"),
        ("sulfa", "Sulfasalazine"),
        ("آسپرین", "ایبوپروفن ۴۰۰"),
        ("ASA", "Naproxen"),
        ("nsaid", "دیکلوفناک"),
        ("سفالوسپورین", "سفتریاکسون"),
        ("متفورمین", "متفورمین ۵۰۰"),
        ("Metformin", "متفورمین"),
        ("کدئین", "استامینوفن کدئین"),
        ("استامینوفن", "استامینوفن کدئین"),
    ] {
        assert_eq!(told(&[item(drug)], &[allergy], &[]).len(), 1, "{allergy}: {drug}");
    }
    for (allergy, drug) in [
        ("sulfa", "Ferrous sulfate"),
        ("سولفا", "فروس سولفات"),
        ("گرده گل", "متفورمین"),
        ("", "متفورمین"),
        ("ندارد", "آموکسی‌سیلین"),
        ("-", "آموکسی‌سیلین"),
    ] {
        assert!(told(&[item(drug)], &[allergy], &[]).is_empty(), "{allergy}: {drug}");
    }
}

#[test]
fn a_class_of_the_list_is_an_allergy_too() {
    let item = coded("S1", "آتورواستاتین");
    assert_eq!(told(&[item], &["statin"], &[]), [(Kind::Allergy, 0, "statin".to_owned())]);
}

#[test]
fn the_same_drug_twice_is_a_duplicate_however_it_is_written() {
    for (one, other) in [
        (coded("A1", "آموکسی‌سیلین"), coded("A1", "Amoxil")),
        (item("آموکسی‌سیلین ۵۰۰"), item("آموکسی سیلین 250")),
        (item("Metformin"), item("متفورمین")),
        (item("Loratadine 10 mg"), item("loratadine")),
        (item("Tab. Metformin 500"), item("قرص متفورمین")),
    ] {
        let name = one.drug_name.clone();
        assert_eq!(told(&[one, other], &[], &[]), [(Kind::Duplicate, 1, name)]);
    }
    let others = [item("قرص 10 لوراتادین"), item("قرص 10"), item("10"), item("Metformin")];
    assert!(told(&others, &[], &["قرص فشار"]).is_empty());
}

#[test]
fn two_of_one_class_are_told_once() {
    let items = [coded("S1", "آتورواستاتین"), coded("M1", "متفورمین"), coded("S2", "سیمواستاتین")];
    assert_eq!(told(&items, &[], &[]), [(Kind::DuplicateClass, 2, "آتورواستاتین".to_owned())], "by the list");
    let items = [item("Ibuprofen 400"), item("ناپروکسن")];
    assert_eq!(
        told(&items, &[], &[]),
        [(Kind::DuplicateClass, 1, "Ibuprofen 400".to_owned())],
        "by the family"
    );
}

#[test]
fn what_the_patient_takes_already_is_told() {
    let items = [item("Metformin 500"), item("Losartan")];
    let told = told(&items, &[], &["متفورمین ۵۰۰ روزی دو بار", "قرص فشار"]);
    assert_eq!(told, [(Kind::CurrentMedication, 0, "متفورمین ۵۰۰ روزی دو بار".to_owned())]);
}

#[test]
fn nothing_prescribed_warns_of_nothing() {
    assert!(told(&[], &["پنی‌سیلین"], &["متفورمین"]).is_empty());
}
