//! Filters that are true together, orders that are what they say, pages that show each doctor once.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, visits::practice};

use super::{Register, SEARCH, ask, query, rate, sorted};
use crate::doctors::ids;

/// A query, and whom it finds.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a String]);

fn in_person(fee: i64) -> Value {
    json!({
        "consultation_settings": { "in_person_consultation_fee": fee },
        "availability": practice()["availability"],
        "accepted_insurances": ["ایران"],
    })
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
