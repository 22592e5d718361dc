//! Doctors are found by words in every spelling, with slips too, the best match first.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, visits::practice};

use super::{Register, ask, rate, sorted};

#[rstest]
#[tokio::test]
async fn heart_tehran_finds_the_cardiologist_in_tehran(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut register = Register::open(engine).await;
    let fields = json!({ "gender": "female", "experience_years": 15, "languages": ["فارسی", "انگلیسی"] });
    let mut settings = practice();
    settings["address"] = json!("میدان ونک");
    let maryam = register.practising(("مریم", "رضایی"), &fields, &settings).await;
    let shiraz = json!({ "city": "شیراز", "province": "فارس" });
    let reza = register.add(("رضا", "کریمی"), &shiraz).await.0;
    let sara = register.add(("سارا", "احمدی"), &json!({ "specialty": "dermatology" })).await.0;
    rate(&register.app, &maryam, 24, 5).await;

    for text in
        ["قلب تهران", "تهران قلب", "متخصص قلب و عروق تهران", "cardiology تهران", "دکتر قلب‌وعروق تهران"]
    {
        assert_eq!(register.text(text).await, [&*maryam], "{text}");
    }
    assert_eq!(sorted(register.text("قلب").await), sorted(vec![maryam.clone(), reza.clone()]));
    assert_eq!(register.text("قلب شیراز").await, [&*reza]);
    assert_eq!(sorted(register.text("تهران").await), sorted(vec![maryam.clone(), sara]));

    let page = ask(&register.app, &register.patient, &[("q", "قلب تهران")]).await.expect(200).json;
    assert_eq!((&page["count"], &page["next"], &page["previous"]), (&json!(1), &Value::Null, &Value::Null));
    let expected = json!({
        "id": maryam,
        "name": "دکتر مریم رضایی",
        "specialty": { "id": "cardiology", "title": "متخصص قلب و عروق" },
        "medical_council_number": "7000001",
        "experience_years": 15,
        "rating": { "average": 4.8, "count": 5 },
        "consultation_fee": 800_000,
        "online_consultation_fee": 600_000,
        "profile_image": format!("http://127.0.0.1:8000/avatars/{maryam}.svg"),
        "location": { "province": "تهران", "city": "تهران", "address": "میدان ونک" },
        "availability": { "online": true, "in_person": true, "next_available": "2024-01-20T10:30:00Z" },
        "languages": ["فارسی", "انگلیسی"],
        "accepted_insurances": ["تامین اجتماعی", "ایران", "آسیا"],
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&page["results"][0][field], value, "{field}");
    }
    let one = format!("/api/v1/patients/doctors/{maryam}/");
    let alone = register.app.get(&one).by(&register.patient).send().await.expect(200).json;
    for (field, value) in page["results"][0].as_object().unwrap() {
        assert_eq!(&alone[field], value, "{field} of the doctor alone");
    }
}

/// What finds دکتر محمد‌رضا کریمی‌نژاد of بندر عباس, and nobody else here.
const SPELLINGS: &[&str] = &[
    "محمد\u{200C}رضا کریمی\u{200C}نژاد",
    "محمدرضا کریمی نژاد",
    "محمد رضا کریمینژاد",
    "محمد رضا كريمي نژاد",
    "محمدرضا کریمی\u{200C}\u{200C}نژاد",
    "دکتر محمدرضا کریمی\u{200C}نژاد",
    "دكتر كريمى نژاد",
    "دکترکریمی",
    "کریمی\u{200C}نژاد محمدرضا",
    "  محمدرضا   کریمی  ",
    "مُحَمَّدرضا",
    "محـــمدرضا کریــمی",
    "محمدرضاکریمی",
    "کریمی-نژاد",
    "کریمی، نژاد",
    "کریمی نژآد",
    // beginnings
    "محم",
    "محمدرض",
    "کریمی نژ",
    "كر",
    // the city, the council number in all digits
    "کریمی بندرعباس",
    "بندر عباس کریمی",
    "بندر\u{200C}عبّاس",
    "7000001",
    "۷۰۰۰۰۰۱",
    "٧٠٠٠٠٠١",
    "کریمی ۷۰۰۰۰۰۱",
    // slips: changed, left out, added, swapped
    "کریمی نزاد",
    "محمذرضا کریمی",
    "محمدرضا کریمینژد",
    "کریممی نژاد",
    "کریمی ژناد",
];

#[rstest]
#[tokio::test]
async fn a_name_is_found_however_it_is_spelt(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let mut register = Register::open(engine).await;
    let fields = json!({ "city": "بندر عباس", "province": "هرمزگان" });
    let wanted = register.add(("محمد\u{200C}رضا", "کریمی\u{200C}نژاد"), &fields).await.0;
    let fields = json!({ "specialty": "general", "city": "یزد" });
    let other = register.add(("سارا", "احمدی"), &fields).await.0;
    for text in SPELLINGS {
        assert_eq!(register.text(text).await, [&*wanted], "{text:?}");
    }
    for city in ["بندر عباس", "بندرعباس", "بندر\u{200C}عباس", "بندر عبّاس"] {
        assert_eq!(register.found(&[("city", city)]).await, [&*wanted], "{city:?}");
    }
    // nothing but noise asks for nothing
    for text in ["دکتر", " دكتر ", "و", "؟!", "\u{200C}"] {
        assert_eq!(
            sorted(register.text(text).await),
            sorted(vec![wanted.clone(), other.clone()]),
            "{text:?}"
        );
    }
    for text in ["محمدرضا احمدی", "کریمی یزد", "رضاکریمی احمدی", "700000", "7000003", "نژادپور کریمی"]
    {
        assert!(register.text(text).await.is_empty(), "{text:?}");
    }
}

#[rstest]
#[tokio::test]
async fn the_name_itself_comes_before_its_beginnings_and_the_better_rated_before_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut register = Register::open(engine).await;
    let begun = register.add(("علی", "رضاییان"), &json!({})).await.0;
    let longer = register.add(("علی اکبر", "رضایی"), &json!({})).await.0;
    let itself = register.add(("علی", "رضایی"), &json!({})).await.0;
    let better = register.add(("علی اصغر", "رضایی"), &json!({})).await.0;
    rate(&register.app, &begun, 500, 100).await;
    rate(&register.app, &better, 450, 100).await;
    rate(&register.app, &longer, 350, 100).await;
    assert_eq!(register.text("دکتر علی رضايي").await, [&*itself, &*better, &*longer, &*begun]);
}
