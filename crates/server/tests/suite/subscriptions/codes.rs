//! Discount codes: what they spare, why one does not fit, and caps that hold. How one ends: `ended_codes`.

use rstest::rstest;
use serde_json::json;
use testkit::{Answer, Engine, TestApp};
use tokio::task::JoinSet;

use super::{CODES, buy, paid, reference, rich, wants, with_code};
use crate::races::{nodes, patients};

#[rstest]
#[tokio::test]
async fn nobody_gets_back_what_a_discount_had_spared_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let code = json!({ "code": "HALF", "percentage": 50, "plan_id": "basic" });
    let _ = app.post(CODES).by(&admin).json(&code).send().await.expect(201);
    let user = rich(&app).await;
    let _ = buy(&app, &user, &with_code("basic", 1, "half")).send().await.expect(200);
    let upgraded = buy(&app, &user, &wants("premium", 1)).send().await.expect(200);
    assert_eq!(paid(&upgraded), [299_000, 0, 49_500, 0, 249_500]);
}

#[rstest]
#[tokio::test]
async fn a_code_that_does_not_fit_says_why(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = reference(&app, &json!({ "per_user_cap": 1 })).await;
    for code in [
        json!({ "code": "LATER", "amount": 5_000, "valid_from": "2024-01-21" }),
        json!({ "code": "OVER", "amount": 5_000, "valid_until": "2024-01-19" }),
        json!({ "code": "BASIC", "amount": 5_000, "plan_id": "basic" }),
        json!({ "code": "ONCE", "amount": 5_000, "total_cap": 1, "valid_from": "2024-01-20", "valid_until": "2024-01-20" }),
    ] {
        let _ = app.post(CODES).by(&admin).json(&code).send().await.expect(201);
    }
    let twice = app.post(CODES).by(&admin).json(&json!({ "code": "over", "percentage": 1 })).send().await;
    assert_eq!(twice.expect(409).code(), "CONFLICT");
    let (user, other) = (rich(&app).await, rich(&app).await);
    let once = buy(&app, &user, &with_code("premium", 1, "ONCE")).send().await.expect(200);
    assert_eq!(paid(&once), [239_200, 5_000, 0, 0, 234_200]);
    let _ = buy(&app, &user, &with_code("premium", 1, "WINTER2024")).send().await.expect(200);
    let spent = app.spendable(&user).await;
    for (user, code, reason) in [
        (&user, "NOTHING", "unknown"),
        (&user, "LATER", "not_yet"),
        (&user, "OVER", "expired"),
        (&user, "BASIC", "other_plan"),
        (&other, "ONCE", "used_up"),
        (&user, "WINTER2024", "used_before"),
    ] {
        let refused = buy(&app, user, &with_code("premium", 1, code)).send().await.expect(409);
        assert_eq!(refused.code(), "DISCOUNT_INVALID", "{code}");
        assert_eq!(refused.json["error"]["details"], json!({ "reason": reason }), "{code}");
    }
    // the wallet decides after the code: what is refused there gives the code back
    let poor = app.patient().await;
    let refused = buy(&app, &poor, &with_code("premium", 1, "WINTER2024")).send().await.expect(409);
    assert_eq!(refused.code(), "INSUFFICIENT_BALANCE");
    app.give(&poor, 1_000_000).await;
    let _ = buy(&app, &poor, &with_code("premium", 1, "WINTER2024")).send().await.expect(200);
    assert_eq!(app.spendable(&user).await, spent);
    let listed = app.get(CODES).by(&admin).send().await.expect(200);
    let winter = listed.json["results"].as_array().unwrap().iter().find(|code| code["code"] == "WINTER2024");
    assert_eq!((&listed.json["count"], &winter.unwrap()["redeemed"]), (&json!(5), &json!(2)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_redemptions_at_once_a_cap_of_ten_lets_ten_through(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let _ = reference(app, &json!({ "total_cap": 10 })).await;
    let users = patients(app, 50).await;
    let calls = nodes.iter().cycle().zip(users.iter().cycle()).take(1_000);
    let body = with_code("premium", 1, "WINTER2024");
    let running: JoinSet<Answer> = calls.map(|(node, user)| buy(node, user, &body).insist()).collect();
    let (done, refused): (Vec<_>, Vec<_>) =
        running.join_all().await.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((done.len(), refused.len()), (10, 990));
    for refused in &refused {
        assert_eq!(refused.code(), "DISCOUNT_INVALID", "{}", refused.json);
    }
    app.expect_a_sound_ledger().await;
}
