//! A plan's own discount: it counts from its first day to its last, and nobody is shown it before or after.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine, TestApp, User};

use super::{DAY, PLANS, buy, later, paid, premium, rich, wants};

fn save(app: &TestApp, admin: &User, discount: &Value) -> Call {
    app.put("/api/v1/admin/plans/premium/").by(admin).json(&premium(discount))
}

/// The discount of premium that can be bought now.
async fn shown(app: &TestApp, user: &User) -> Option<Value> {
    let plans: Answer = app.get(PLANS).by(user).send().await.expect(200);
    assert_eq!(plans.text("/plans/1/id"), "premium");
    plans.json["plans"][1].get("discount").cloned()
}

#[rstest]
#[tokio::test]
async fn a_discount_counts_from_its_first_day_to_its_last(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (admin, mut user) = (app.admin().await, rich(&app).await);
    let discount = json!({ "percentage": 20, "valid_from": "2024-01-21", "valid_until": "2024-01-22" });
    // admins see it at once
    let saved = save(&app, &admin, &discount).send().await.expect(200);
    assert_eq!(saved.json["discount"], discount);
    for (day, is_valid) in
        [("2024-01-20", false), ("2024-01-21", true), ("2024-01-22", true), ("2024-01-23", false)]
    {
        assert_eq!(shown(&app, &user).await, is_valid.then(|| discount.clone()), "{day}");
        let amount = if is_valid { 239_200 } else { 299_000 };
        let bought = buy(&app, &user, &wants("premium", 1)).send().await.expect(200);
        assert_eq!(paid(&bought), [amount, 0, 0, 0, amount], "{day}");
        user = later(&app, &user, DAY).await;
    }
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_discount_needs_no_first_day_and_none_after_its_last(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (admin, user) = (app.admin().await, app.patient().await);
    let reference = json!({ "percentage": 20, "valid_until": "2024-02-01" });
    let null = json!({ "percentage": 20, "valid_from": null, "valid_until": "2024-02-01" });
    for sent in [&reference, &null] {
        let saved = save(&app, &admin, sent).send().await.expect(200);
        assert_eq!(saved.json["discount"], reference);
        assert_eq!(shown(&app, &user).await, Some(reference.clone()));
    }
    for (discount, wrong) in [
        (json!({ "percentage": 20, "valid_from": "2024-02-02", "valid_until": "2024-02-01" }), "valid_until"),
        (json!({ "percentage": 20, "valid_from": "2024-01-20" }), "valid_until"),
        (json!({ "valid_from": "2024-01-20", "valid_until": "2024-02-01" }), "percentage"),
        (json!({ "valid_from": "2024-01-20" }), "percentage"),
        (json!({ "percentage": 20, "valid_from": "soon", "valid_until": "2024-02-01" }), "valid_from"),
    ] {
        let refused = save(&app, &admin, &discount).send().await.expect(422);
        let field = format!("discount.{wrong}");
        assert!(refused.json["error"]["details"]["field_errors"].get(&field).is_some(), "{}", refused.json);
    }
    assert_eq!(shown(&app, &user).await, Some(reference), "nothing has changed");
    let day = json!({ "percentage": 5, "valid_from": "2024-01-20", "valid_until": "2024-01-20" });
    let _ = save(&app, &admin, &day).send().await.expect(200);
    assert_eq!(shown(&app, &user).await, Some(day));
}
