//! Admins find charges by state, gateway and user, and by where their refunds are; with the open ones, what they need
//! to end these.

use domain::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User, fakes::gateway::Trouble};

use super::{AMOUNT, CHARGE, CHARGES, at_the_sandbox, at_zarinpal, minutes, refund, why, with_zarinpal};

async fn list(app: &TestApp, admin: &User, query: &str) -> Value {
    app.get(&format!("{CHARGES}?{query}")).by(admin).send().await.expect(200).json
}

fn ids(page: &Value) -> Vec<&str> {
    page["results"].as_array().unwrap().iter().map(|charge| charge["id"].as_str().unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn admins_find_charges_by_state_gateway_and_user(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, one, two) = (app.admin().await, app.patient().await, app.patient().await);
    let first = at_the_sandbox(&app, &one).await;
    app.clock.advance(SignedDuration::from_secs(1));
    let (second, _) = at_zarinpal(&app, &fake, &two).await;
    app.clock.advance(SignedDuration::from_secs(1));
    let waiting =
        app.post(CHARGE).by(&one).json(&json!({ "amount": AMOUNT, "gateway": "sandbox" })).send().await;
    let third = waiting.expect(200).text("/transaction_id");
    let user = format!("user={}", one.id);
    for (query, expected) in [
        ("", vec![&third, &second, &first]),
        ("status=completed", vec![&second, &first]),
        ("gateway=zarinpal", vec![&second]),
        (user.as_str(), vec![&third, &first]),
        ("status=pending&gateway=zarinpal", vec![]),
        ("page=2&page_size=2", vec![&first]),
    ] {
        let found = app.get(&format!("{CHARGES}?{query}")).by(&admin).send().await.expect(200).json;
        let ids: Vec<&str> =
            found["results"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
        assert_eq!(ids, expected, "{query}");
        assert!(
            found["results"]
                .as_array()
                .unwrap()
                .iter()
                .all(|c| c["authorities"].as_array().unwrap().len() == 1)
        );
    }
    for query in ["status=paid", "gateway=paypal", "user=me", "page=0"] {
        let _ = app.get(&format!("{CHARGES}?{query}")).by(&admin).send().await.expect(422);
    }
    assert_eq!(app.audited("charge.list").await, 6);
}

#[rstest]
#[tokio::test]
async fn charges_are_found_by_where_their_refunds_are(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, fake) = with_zarinpal(engine).await;
    let (admin, one, two) = (app.admin().await, app.patient().await, app.patient().await);
    let given = at_the_sandbox(&app, &one).await;
    let done = refund(&app, &admin, &given, &why()).await.expect(200);
    assert_eq!(done.json["status"], "refunded");
    minutes(&app, 1).await;
    let (kept, _) = at_zarinpal(&app, &fake, &two).await;
    let part = refund(&app, &admin, &kept, &json!({ "reason": "test", "amount": 1 })).await.expect(200);
    assert_eq!(part.json["status"], "in_wallet");
    minutes(&app, 1).await;
    let (open, _) = at_zarinpal(&app, &fake, &one).await;
    fake.trouble("reverse", Trouble::Reset);
    let unclear = refund(&app, &admin, &open, &why()).await.expect(200);
    assert_eq!(unclear.json["status"], "refunding");
    let _ = at_the_sandbox(&app, &two).await;

    let (of_one, of_two) = (format!("user={}", one.id), format!("user={}", two.id));
    for (query, expected) in [
        ("refund=refunding".to_owned(), vec![&open]),
        ("refund=refunded".to_owned(), vec![&given]),
        ("refund=in_wallet".to_owned(), vec![&kept]),
        ("refund=refunding&gateway=zarinpal&status=completed".to_owned(), vec![&open]),
        ("refund=refunding&gateway=sandbox".to_owned(), vec![]),
        ("refund=refunding&status=pending".to_owned(), vec![]),
        (format!("refund=refunding&{of_one}"), vec![&open]),
        (format!("refund=refunding&{of_two}"), vec![]),
        (format!("refund=refunded&status=completed&gateway=sandbox&{of_one}"), vec![&given]),
    ] {
        let page = list(&app, &admin, &query).await;
        assert_eq!(page["count"], expected.len(), "{query}");
        assert_eq!(ids(&page), expected, "{query}");
    }
    assert_eq!(app.audited("charge.list").await, 9);

    // what it takes to end it
    let page = list(&app, &admin, "refund=refunding").await;
    let seen = &page["results"][0]["refunds"][0];
    assert_eq!((&seen["id"], &seen["status"]), (&unclear.json["id"], &json!("refunding")));
    assert_eq!((&seen["attempts"], &seen["next_check_at"]), (&json!(1), &unclear.json["next_check_at"]));

    minutes(&app, 2).await;
    assert_eq!(list(&app, &admin, "refund=refunding").await["count"], 0);
    assert_eq!(ids(&list(&app, &admin, "refund=refunded").await), [&open, &given]);
    for query in ["refund=open", "refund=REFUNDED"] {
        let refused = app.get(&format!("{CHARGES}?{query}")).by(&admin).send().await.expect(422);
        assert!(refused.json["error"]["details"]["field_errors"]["refund"].is_array(), "{query}");
    }
    app.expect_a_sound_ledger().await;
}
