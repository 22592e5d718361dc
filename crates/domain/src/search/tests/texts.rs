//! What people type is found in every spelling, from its beginning on, and with a slip.

use super::{entry, index, named, numbers, text};

#[test]
fn spellings_find_each_other() {
    let spellings = ["محمد رضا كريمي", "محمد\u{200C}رضا کریمی", "محمدرضا کریمی", "مُحَمَّدرضا کریمى"];
    let index = named(&spellings);
    for typed in spellings.into_iter().chain(["دکتر محمدرضا کریمی", "کریمی محمدرضا", "محمدرضاکریمی"])
    {
        let mut found = numbers(&index, &text(typed));
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3, 4], "{typed}");
    }
    assert!(numbers(&index, &text("محمدرضا رضایی")).is_empty());
}

#[test]
fn beginnings_specialties_cities_and_numbers_find() {
    let mut shiraz = entry(2, "سارا احمدی");
    shiraz.specialty = "dermatology".into();
    shiraz.specialty_titles = vec!["متخصص پوست و مو".into(), "Dermatologist".into()];
    shiraz.city = "شیراز".into();
    let index = index(&[entry(1, "مریم رضایی"), shiraz]);
    for typed in [
        "مر",
        "رضا",
        "مریم",
        "قلب",
        "قلب و عروق",
        "قلب‌و‌عروق",
        "cardio",
        "تهر",
        "مریم تهران",
        "10001",
        "۱۰۰۰۱",
    ] {
        assert_eq!(numbers(&index, &text(typed)), [1], "{typed}");
    }
    for typed in ["س", "پوست", "شيراز", "متخصص پوست شیراز", "DERMATOLOGY", "دکتر احمدی"]
    {
        assert_eq!(numbers(&index, &text(typed)), [2], "{typed}");
    }
    for typed in ["", "دکتر", "متخصص", "  ", "؟"] {
        assert_eq!(numbers(&index, &text(typed)), [1, 2], "{typed}");
    }
    for typed in ["مریم شیراز", "1000", "ایی"] {
        assert!(numbers(&index, &text(typed)).is_empty(), "{typed}");
    }
}

#[test]
fn slips_are_understood_where_nothing_else_is_found() {
    let index = named(&["مریم رضایی", "سارا احمدی", "سارا محمدی"]);
    for (typed, found) in [
        ("مریم رصایی", vec![1]),
        ("مزیم", vec![1]),
        ("احدمی", vec![2]),
        ("سارا احمذی", vec![2]),
        ("اردیولوژیست", vec![]),
        ("caridologist", vec![1, 2, 3]),
        ("محمدی", vec![3]),
        ("احمدی", vec![2]),
    ] {
        assert_eq!(numbers(&index, &text(typed)), found, "{typed}");
    }
}
