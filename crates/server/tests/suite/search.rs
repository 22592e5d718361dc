//! Doctors are found by what people type (D17): in every spelling, by all filters together, a moment after they
//! were saved, on every node.

use std::collections::BTreeSet;

use db::{At, sql};
use domain::{Clock, SignedDuration, ids::UserId};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Engine, TestApp, User, users::new_phone, visits::practice};

use crate::{
    doctors::{DOCTORS, ids},
    frame::assert_enveloped,
    settings_of_doctors::patch,
    visits::anew,
};

const SEARCH: &str = "/api/v1/patients/doctors/search/";
const SETTINGS: &str = "/api/v1/doctors/settings/";

/// A query, and whom it finds.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a String]);

/// As it stands in a query string.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02X}"))
}

/// A query string of these names and values.
fn query(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("?{}", pairs.join("&"))
}

async fn ask(app: &TestApp, by: &User, pairs: &[(&str, &str)]) -> Answer {
    app.get(&format!("{SEARCH}{}", query(pairs))).by(by).send().await
}

/// The ids of those found, in order.
async fn found(app: &TestApp, by: &User, pairs: &[(&str, &str)]) -> Vec<String> {
    let page = ask(app, by, pairs).await.expect(200).json;
    let ids = ids(&page);
    assert_eq!(page["count"], json!(ids.len()), "{pairs:?}");
    ids
}

/// Doctors as an admin adds them, and a patient who looks for them.
struct Register {
    app: TestApp,
    admin: User,
    patient: User,
    added: u32,
}

impl Register {
    async fn open(engine: Engine) -> Self {
        let app = TestApp::start(engine).await;
        let (admin, patient) = (app.admin().await, app.rich_patient().await);
        Self { app, admin, patient, added: 0 }
    }

    /// Adds a cardiologist in Tehran, but for these fields; id and phone number.
    async fn add(&mut self, name: (&str, &str), fields: &Value) -> (String, String) {
        self.added += 1;
        let phone = new_phone();
        let mut body = json!({
            "phone_number": phone, "first_name": name.0, "last_name": name.1, "specialty": "cardiology",
            "medical_council_number": (7_000_000 + self.added).to_string(), "city": "تهران",
        });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let made = self.app.post(DOCTORS).by(&self.admin).json(&body).send().await.expect(201);
        (made.text("/id"), phone)
    }

    /// The same, with settings; the id.
    async fn practising(&mut self, name: (&str, &str), fields: &Value, settings: &Value) -> String {
        let (id, phone) = self.add(name, fields).await;
        let doctor = self.app.log_in(&phone).await;
        let _ = self.app.put(SETTINGS).by(&doctor).json(settings).send().await.expect(200);
        id
    }

    async fn change(&self, id: &str, change: &Value) {
        let _ =
            self.app.patch(&format!("{DOCTORS}{id}/")).by(&self.admin).json(change).send().await.expect(200);
    }

    async fn found(&self, pairs: &[(&str, &str)]) -> Vec<String> {
        found(&self.app, &self.patient, pairs).await
    }

    async fn text(&self, q: &str) -> Vec<String> {
        self.found(&[("q", q)]).await
    }
}

/// Writes ratings down as if so many patients had given them.
async fn rate(app: &TestApp, doctor: &str, sum: i64, count: i64) {
    let input = (UserId(doctor.parse().unwrap()).0, sum, count, app.clock.now());
    let written = app.app.db.write(input, |tx, (doctor, sum, count, now)| {
        Box::pin(async move {
            let statement = sql!(
                "UPDATE doctors SET rating_sum = ?2, rating_count = ?3, version = version + 1, changed_at = ?4
                 WHERE user_id = ?1"
            );
            tx.exec(statement, &[doctor, sum, count, &At(*now)]).await
        })
    });
    assert_eq!(written.await.unwrap(), 1);
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_unstable();
    ids
}

fn in_person(fee: i64) -> Value {
    json!({
        "consultation_settings": { "in_person_consultation_fee": fee },
        "availability": practice()["availability"],
        "accepted_insurances": ["ایران"],
    })
}

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

#[rstest]
#[tokio::test]
async fn filters_are_true_together_and_each_order_is_what_it_says(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut register = Register::open(engine).await;
    let woman = |years: i64| json!({ "gender": "female", "experience_years": years });
    let maryam = register.practising(("مریم", "رضایی"), &woman(15), &practice()).await;
    let fields = json!({ "gender": "male", "experience_years": 25, "city": "شیراز", "province": "فارس" });
    let reza = register.practising(("رضا", "کریمی"), &fields, &in_person(500_000)).await;
    let mut online = practice();
    online["consultation_settings"] =
        json!({ "online_consultation_enabled": true, "online_consultation_fee": 400_000 });
    online["accepted_insurances"] = json!([]);
    let mut fields = woman(5);
    fields["specialty"] = json!("dermatology");
    let sara = register.practising(("سارا", "احمدی"), &fields, &online).await;
    let fields = json!({ "specialty": "neurology", "city": "مشهد", "province": "خراسان رضوی" });
    let amir = register.add(("امیر", "موسوی"), &fields).await.0;
    rate(&register.app, &maryam, 48, 10).await;
    rate(&register.app, &reza, 8, 2).await;

    let all = [&maryam, &reza, &sara, &amir];
    let cases: &[Case<'_>] = &[
        (&[], &all),
        (&[("q", ""), ("specialty", ""), ("min_rating", "")], &all),
        (&[("specialty", "cardiology")], &[&maryam, &reza]),
        (&[("specialty", "urology")], &[]),
        (&[("city", "تهران")], &[&maryam, &sara]),
        (&[("city", "شيراز")], &[&reza]),
        (&[("city", "فارس")], &[&reza]),
        (&[("city", "خراسان‌رضوی")], &[&amir]),
        (&[("city", "یزد")], &[]),
        (&[("gender", "female")], &[&maryam, &sara]),
        (&[("gender", "male")], &[&reza]),
        (&[("online_available", "true")], &[&maryam, &sara]),
        (&[("online_available", "false")], &[&reza, &amir]),
        (&[("insurance_accepted", "ایران")], &[&maryam, &reza]),
        (&[("insurance_accepted", "تأمین‌اجتماعي")], &[&maryam]),
        (&[("insurance_accepted", "هیچ")], &[]),
        (&[("min_rating", "1")], &[&maryam, &reza]),
        (&[("min_rating", "4")], &[&maryam, &reza]),
        (&[("min_rating", "۴.۸")], &[&maryam]),
        (&[("min_rating", "4.81")], &[]),
        (&[("specialty", "cardiology"), ("gender", "male")], &[&reza]),
        (&[("q", "قلب"), ("online_available", "true")], &[&maryam]),
        (&[("q", "مریم"), ("city", "شیراز")], &[]),
        (
            &[
                ("q", "رضایی"),
                ("specialty", "cardiology"),
                ("city", "تهران"),
                ("gender", "female"),
                ("online_available", "true"),
                ("insurance_accepted", "آسیا"),
                ("min_rating", "4.5"),
                ("sort_by", "price"),
            ],
            &[&maryam],
        ),
    ];
    for (pairs, expected) in cases {
        let expected = sorted(expected.iter().copied().cloned().collect());
        assert_eq!(sorted(register.found(pairs).await), expected, "{pairs:?}");
    }

    // Sara and Amir have no ratings: between them the id decides
    let unrated = sorted(vec![sara.clone(), amir.clone()]);
    let by_rating = [&maryam, &reza, &unrated[0], &unrated[1]];
    let cases: &[Case<'_>] = &[
        (&[("sort_by", "rating")], &by_rating),
        (&[("sort_by", "experience")], &[&reza, &maryam, &sara, &amir]),
        (&[("sort_by", "price")], &[&sara, &reza, &maryam, &amir]),
        (&[("sort_by", "price"), ("online_available", "true")], &[&sara, &maryam]),
        (&[("sort_by", "experience"), ("city", "تهران")], &[&maryam, &sara]),
    ];
    for (pairs, expected) in cases {
        let expected: Vec<String> = expected.iter().copied().cloned().collect();
        assert_eq!(register.found(pairs).await, expected, "{pairs:?}");
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

/// Whether a doctor is found, asked of both nodes.
async fn on_both(here: &Register, there: &TestApp, pairs: &[(&str, &str)]) -> Vec<String> {
    let ours = here.found(pairs).await;
    assert_eq!(found(there, &here.patient, pairs).await, ours, "{pairs:?} on the other node");
    ours
}

#[rstest]
#[tokio::test]
async fn a_doctor_saved_a_moment_ago_is_found_on_every_node(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut here = Register::open(engine).await;
    let there = here.app.second_node().await;
    // both have read what there is before anything happens
    assert!(on_both(&here, &there, &[]).await.is_empty());

    let (id, phone) = here.add(("مریم", "رضایی"), &json!({})).await;
    assert_eq!(on_both(&here, &there, &[("q", "مریم رضایی")]).await, [&*id]);
    assert!(on_both(&here, &there, &[("online_available", "true")]).await.is_empty());
    assert!(on_both(&here, &there, &[("insurance_accepted", "ایران")]).await.is_empty());

    let doctor = here.app.log_in(&phone).await;
    let _ = here.app.put(SETTINGS).by(&doctor).json(&practice()).send().await.expect(200);
    assert_eq!(on_both(&here, &there, &[("online_available", "true")]).await, [&*id]);
    assert_eq!(on_both(&here, &there, &[("insurance_accepted", "ایران")]).await, [&*id]);
    let dearer = json!({ "consultation_settings": { "online_consultation_fee": 900_000 } });
    let _ = patch(&there, &doctor, &dearer).await.expect(200);
    for node in [&here.app, &there] {
        let page = ask(node, &here.patient, &[("q", "رضایی")]).await.expect(200);
        assert_eq!(page.json["results"][0]["online_consultation_fee"], 900_000);
    }

    let renamed = json!({ "last_name": "کریمی", "city": "شیراز", "specialty": "neurology" });
    here.change(&id, &renamed).await;
    assert!(on_both(&here, &there, &[("q", "رضایی")]).await.is_empty());
    assert!(on_both(&here, &there, &[("specialty", "cardiology")]).await.is_empty());
    assert_eq!(on_both(&here, &there, &[("q", "کریمی شیراز اعصاب")]).await, [&*id]);
    rate(&there, &id, 5, 1).await;
    assert_eq!(on_both(&here, &there, &[("min_rating", "5")]).await, [&*id]);

    let title = json!({ "title": "متخصص نورولوژی", "title_en": "Neurology" });
    let path = "/api/v1/admin/specialties/neurology/";
    let _ = there.put(path).by(&here.admin).json(&title).send().await.expect(200);
    assert_eq!(on_both(&here, &there, &[("q", "نورولوژی")]).await, [&*id]);
    assert!(on_both(&here, &there, &[("q", "اعصاب")]).await.is_empty());

    let reason = json!({ "reason": "شکایت بیمار" });
    let suspend = format!("{DOCTORS}{id}/suspend/");
    let _ = there.post(&suspend).by(&here.admin).json(&reason).send().await.expect(200);
    assert!(on_both(&here, &there, &[]).await.is_empty());
    let one = format!("/api/v1/patients/doctors/{id}/");
    for node in [&here.app, &there] {
        let _ = node.get(&one).by(&here.patient).send().await.expect(404);
    }
    // what becomes of a doctor who can't be found is known when they can be again
    here.change(&id, &json!({ "first_name": "نرگس" })).await;
    assert!(on_both(&here, &there, &[("q", "نرگس")]).await.is_empty());
    let reinstate = format!("{DOCTORS}{id}/reinstate/");
    let _ = here.app.post(&reinstate).by(&here.admin).send().await.expect(200);
    assert_eq!(on_both(&here, &there, &[("q", "نرگس کریمی")]).await, [&*id]);
    // a node that begins now knows as much
    let third = here.app.second_node().await;
    assert_eq!(found(&third, &here.patient, &[("q", "نرگس")]).await, [&*id]);
}

/// The first free time that patients are told, by the list of slots.
async fn first_slot(app: &TestApp, patient: &User, doctor: &str) -> Value {
    let today = domain::days::tehran_today(app.clock.now());
    let last = today.saturating_add(domain::days::span_of_days(60));
    let path = format!("/api/v1/patients/doctors/{doctor}/slots/?from={today}&to={last}");
    let answer = app.get(&path).by(patient).send().await;
    if answer.status == 404 {
        return Value::Null;
    }
    answer.expect(200).json["results"].get(0).map_or(Value::Null, |slot| slot["start"].clone())
}

#[rstest]
#[tokio::test]
async fn the_next_free_time_is_the_first_of_the_slots(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut register = Register::open(engine).await;
    let (app, patient) = (&register.app, register.patient.clone());
    let (free, busy, away, closed) = (
        app.bookable_doctor().await,
        app.bookable_doctor().await,
        app.bookable_doctor().await,
        app.bookable_doctor().await,
    );
    for at in ["2024-01-20T10:30:00Z", "2024-01-20T11:00:00Z"] {
        let visit = app.book(&busy, &patient, at).await.expect(201).text("/id");
        let pay = format!("/api/v1/patients/encounters/{visit}/pay/");
        let wallet = json!({ "payment_method": "wallet" });
        let _ = app.post(&pay).by(&patient).json(&wallet).send().await.expect(200);
    }
    // held, for now
    let _ = app.book(&busy, &patient, "2024-01-20T11:30:00Z").await.expect(201);
    let leave = json!({ "leaves": [{ "from": "2024-01-20", "to": "2024-02-09" }] });
    let _ = patch(app, &away, &json!({ "availability": leave })).await.expect(200);
    let switch = json!({ "online_consultation_enabled": false, "in_person_consultation_enabled": false });
    let _ = patch(app, &closed, &json!({ "consultation_settings": switch })).await.expect(200);
    let untouched = register.add(("نو", "آمده"), &json!({})).await.0;

    let told = async |register: &Register, doctor: &str| {
        let page = ask(&register.app, &register.patient, &[]).await.expect(200).json;
        let results = page["results"].as_array().unwrap();
        assert_eq!(results.len(), 5);
        let found = results.iter().find(|found| found["id"] == doctor).unwrap();
        found["availability"]["next_available"].clone()
    };
    assert_eq!(told(&register, &free.id).await, "2024-01-20T10:30:00Z");
    assert_eq!(told(&register, &busy.id).await, "2024-01-20T12:00:00Z");
    assert_eq!(told(&register, &away.id).await, "2024-02-10T05:30:00Z");
    // now; when the hold has ended; in the evening; on Thursday evening, before a day off; three weeks later
    for pause in [0, 16, 7 * 60, 5 * 24 * 60, 16 * 24 * 60] {
        register.app.clock.advance(SignedDuration::from_mins(pause));
        register.patient = anew(&register.app, &register.patient).await;
        for doctor in [&free.id, &busy.id, &away.id, &closed.id, &untouched] {
            let first = first_slot(&register.app, &register.patient, doctor).await;
            assert_eq!(told(&register, doctor).await, first, "{doctor} after {pause} minutes");
            let one = format!("/api/v1/patients/doctors/{doctor}/");
            let alone = register.app.get(&one).by(&register.patient).send().await.expect(200).json;
            assert_eq!(alone["availability"]["next_available"], first, "{doctor} alone");
        }
    }
}

#[rstest]
#[tokio::test]
async fn pages_over_equals_show_each_doctor_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let mut register = Register::open(engine).await;
    let mut all = BTreeSet::new();
    for _ in 0..45 {
        let (id, _) = register.add(("مریم", "رضایی"), &json!({ "experience_years": 10 })).await;
        rate(&register.app, &id, 8, 2).await;
        all.insert(id);
    }
    let orders = [None, Some("rating"), Some("experience"), Some("price")];
    for (order, text) in orders.into_iter().flat_map(|order| [(order, ""), (order, "مریم"), (order, "قلب")])
    {
        let mut pairs = vec![("q", text)];
        pairs.extend(order.map(|order| ("sort_by", order)));
        let whole = {
            let mut pairs = pairs.clone();
            pairs.push(("page_size", "100"));
            register.found(&pairs).await
        };
        assert_eq!(whole.iter().cloned().collect::<BTreeSet<_>>(), all, "{pairs:?}");
        assert_eq!(whole.len(), 45);
        for size in ["1", "7", "20", "44", "45"] {
            let mut pairs = pairs.clone();
            pairs.push(("page_size", size));
            let mut next = Some(format!("{SEARCH}{}", query(&pairs)));
            let mut walked = vec![];
            while let Some(path) = next {
                let page = register.app.get(&path).by(&register.patient).send().await.expect(200).json;
                assert_eq!(page["count"], 45);
                walked.extend(ids(&page));
                let link = page["next"].as_str();
                next = link.map(|link| link.strip_prefix("http://127.0.0.1:8000").unwrap().to_owned());
            }
            assert_eq!(walked, whole, "{pairs:?}");
        }
    }
    for (page, count) in [("3", 5), ("4", 0), ("1000000000", 0)] {
        let found = ask(&register.app, &register.patient, &[("page", page)]).await.expect(200).json;
        assert_eq!((&found["count"], ids(&found).len()), (&json!(45), count), "{page}");
    }
}

/// What somebody may type who means no good.
const CROOKED: &[&str] = &[
    "' OR '1'='1",
    "'; DROP TABLE doctors; --",
    "\" OR \"\"=\"",
    "%",
    "_",
    "*",
    "\\",
    "\\'",
    "?1",
    "$1",
    "NULL",
    "NEAR(\"a\", 5)",
    "a AND NOT b*",
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/x}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "\u{0}",
    "a\u{0}b",
    "a\u{1B}[31mb",
    "a\u{202E}b",
    "\u{FEFF}",
    "a\nb",
    "\u{1FA7A}\u{2764}\u{FE0F}\u{200D}\u{1FA79}",
    "\u{1D54F}",
    "ﷺﷲ",
    "e\u{301}\u{301}\u{301}",
    "\u{200C}\u{200C}\u{200C}",
    "و و و و و و و و و و",
    "-1",
    "NaN",
    "1e308",
    "99999999999999999999",
    "true",
    "[]",
    "{}",
];
const PARAMETERS: [&str; 10] = [
    "q",
    "specialty",
    "city",
    "gender",
    "online_available",
    "insurance_accepted",
    "min_rating",
    "sort_by",
    "page",
    "page_size",
];

#[rstest]
#[tokio::test]
async fn whatever_is_typed_is_found_or_refused_and_breaks_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut register = Register::open(engine).await;
    let maryam = register.add(("مریم", "رضایی"), &json!({})).await.0;
    let long = [
        "a".repeat(10_000),
        "ا".repeat(10_000),
        "ا ".repeat(5_000),
        "مریم ".repeat(1_000),
        "%".repeat(10_000),
        "a".repeat(101),
    ];
    for name in PARAMETERS {
        for value in CROOKED.iter().copied() {
            let answer = ask(&register.app, &register.patient, &[(name, value)]).await;
            if answer.status == 200 {
                let results = answer.json["results"].as_array().unwrap();
                assert_eq!(answer.json["count"], json!(results.len()), "{name} {value:?}");
            } else {
                assert_eq!(answer.status, 422, "{name} {value:?}");
                assert_enveloped(&answer, value);
                let told = &answer.json["error"]["details"]["field_errors"];
                assert!(told[name][0].is_string(), "{name} {value:?}: {told}");
            }
        }
        for value in &long {
            let answer = ask(&register.app, &register.patient, &[(name, value.as_str())]).await.expect(422);
            assert!(answer.json["error"]["details"]["field_errors"][name][0].is_string(), "{name}");
            assert!(answer.bytes.len() < 2_000, "nothing is repeated at length");
        }
    }
    for text in ["' OR '1'='1", "'; DROP TABLE doctors; --", "NEAR(\"a\", 5)", "${jndi:ldap://127.0.0.1/x}"] {
        assert!(register.text(text).await.is_empty(), "{text}");
    }
    // a hundred characters of words without end, and what is no text at all
    let longest = "ا ب ".repeat(25);
    assert!(register.text(longest.trim_end()).await.is_empty());
    for raw in ["?q=%FF%FE", "?q=%C0%AF", "?q=%", "?q=%zz", "?%00=1", "?&&&=&=&q", "?q=a&q=b&q[]=c"] {
        let answer = register.app.get(&format!("{SEARCH}{raw}")).by(&register.patient).send().await;
        assert!(matches!(answer.status, 200 | 400 | 422), "{raw}: {}", answer.json);
    }
    assert_eq!(register.text("مریم").await, [&*maryam]);
}
