//! Who asks for money in a way that is refused is told of the field, nothing is posted, and the audit log has the
//! field's name, never what was in it.

use domain::ledger::Account;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Engine, TestApp, User};

use crate::{
    booking::{ENCOUNTERS, assert_wrong},
    charges::{AMOUNT, CHARGE},
    payouts::{LEAST, PAYOUTS, wants as payout},
    refunds::{CHARGES, at_the_sandbox, why},
    subscriptions::{PURCHASE, wants as months},
};

/// A POST that moves money, with a body that it takes.
struct Ask {
    path: String,
    by: User,
    body: Value,
    status: u16,
    /// What is audited where it is refused.
    refused: &'static str,
}

/// What can be asked for, and somebody who reads the audit log.
struct World {
    app: TestApp,
    admin: User,
    /// Whose charge can be given back: it is there before anything is refused.
    payer: User,
    asks: Vec<Ask>,
}

impl World {
    async fn new(engine: Engine) -> Self {
        let app = TestApp::start(engine).await;
        let (admin, doctor, patient) = (app.admin().await, app.bookable_doctor().await, app.patient().await);
        app.give(&doctor, LEAST).await;
        let payer = app.patient().await;
        let charged = at_the_sandbox(&app, &payer).await;
        let visit = app.booked(&doctor, &patient).await;
        let online = json!({ "payment_method": "online", "gateway": "sandbox" });
        let mut plan = months("basic", 1);
        plan["payment_method"] = "online".into();
        let charge = json!({ "amount": AMOUNT, "gateway": "sandbox" });
        let ask = |path: &str, by: &User, body: Value, status: u16, refused: &'static str| Ask {
            path: path.to_owned(),
            by: by.clone(),
            body,
            status,
            refused,
        };
        let pay = format!("{ENCOUNTERS}{visit}/pay/");
        let refund = format!("{CHARGES}{charged}/refund/");
        let asks = vec![
            ask(CHARGE, &patient, charge, 200, "charge.refuse"),
            ask(&pay, &patient, online, 200, "charge.refuse"),
            ask(PURCHASE, &patient, plan, 200, "subscription.refuse"),
            ask(PAYOUTS, &doctor, payout(LEAST), 201, "payout.refuse"),
            ask(&refund, &admin, why(), 200, "refund.refuse"),
        ];
        Self { app, admin, payer, asks }
    }

    /// The same with this field.
    async fn with(&self, ask: &Ask, field: &str, value: &Value) -> Answer {
        let mut body = ask.body.clone();
        body[field] = value.clone();
        self.app.post(&ask.path).by(&ask.by).json(&body).send().await
    }

    /// Refused for the sake of this field alone, and one entry of the audit log tells so.
    async fn refuses(&self, ask: &Ask, field: &str, value: &Value) {
        let why = format!("{} {field} {value}", ask.path);
        let before = self.app.audited(ask.refused).await;
        let answer = self.with(ask, field, value).await;
        assert_wrong(&answer, field, &why);
        assert_eq!(self.app.audited(ask.refused).await, before + 1, "{why}");
        assert_eq!(self.newest(&ask.by).await, entry(ask, field, &answer), "{why}");
    }

    /// What was last written down of this user.
    async fn newest(&self, user: &User) -> [Value; 4] {
        let path = format!("/api/v1/admin/users/{}/audit/?page_size=1", user.id);
        let page = self.app.get(&path).by(&self.admin).send().await.expect(200).json;
        ["action", "detail", "actor_id", "request_id"].map(|name| page["results"][0][name].clone())
    }

    async fn nothing_happened(&self) {
        for done in
            ["subscription.order", "subscription.purchase", "payout.request", "visit.pay", "charge.refund"]
        {
            assert_eq!(self.app.audited(done).await, 0, "{done}");
        }
        assert_eq!(self.app.audited("charge.start").await, 1, "the payer's own");
        let [patient, doctor] = [&self.asks[0].by, &self.asks[3].by];
        assert_eq!((self.app.spendable(patient).await, self.app.spendable(doctor).await), (0, LEAST));
        assert_eq!(self.app.spendable(&self.payer).await, AMOUNT);
        for (account, holds) in
            [(Account::clearing("sandbox"), -AMOUNT), (Account::escrow(), 0), (Account::subscriptions(), 0)]
        {
            assert_eq!(self.app.holds(&account).await, holds);
        }
        self.app.expect_a_sound_ledger().await;
    }
}

fn entry(ask: &Ask, fields: &str, answer: &Answer) -> [Value; 4] {
    [json!(ask.refused), json!(fields), json!(ask.by.id), json!(answer.header("x-request-id").unwrap())]
}

#[rstest]
#[tokio::test]
async fn the_currency_is_nobodys_choice(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine).await;
    for ask in &world.asks {
        for currency in ["USD", "IRT", "IRR"] {
            world.refuses(ask, "currency", &json!(currency)).await;
        }
    }
    world.nothing_happened().await;
    // and without one they are taken
    for ask in &world.asks {
        let _ = world.app.post(&ask.path).by(&ask.by).json(&ask.body).send().await.expect(ask.status);
    }
}

#[rstest]
#[tokio::test]
async fn amounts_that_are_none_and_amounts_that_nobody_may_choose_are_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine).await;
    for ask in &world.asks {
        for amount in [
            json!(0),
            json!(-AMOUNT),
            json!(i64::MIN),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(1e30),
            json!(1_000_000.5),
            json!("1000000"),
            json!([1_000_000]),
        ] {
            world.refuses(ask, "amount", &amount).await;
        }
    }
    // the price of a visit and of a plan is not said by who pays it
    for ask in &world.asks[1..3] {
        world.refuses(ask, "amount", &json!(AMOUNT)).await;
    }
    world.nothing_happened().await;
}

#[rstest]
#[tokio::test]
async fn ways_that_lead_elsewhere_are_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine).await;
    let site = world.app.settings.public_site_url.clone();
    for ask in &world.asks[..3] {
        for url in [
            json!("https://evil.example/"),
            json!("//evil.example"),
            json!("javascript:alert(1)"),
            json!(format!("{site}.evil.example/")),
            json!(format!("{site}@evil.example/")),
            json!(format!("{site}/\r\nset-cookie: a=b")),
            json!(format!("{site}/{}", "a".repeat(2_000))),
            json!([site]),
        ] {
            world.refuses(ask, "return_url", &url).await;
        }
        for gateway in [json!("paypal"), json!("zarinpal"), json!(1), json!("x".repeat(100_000))] {
            world.refuses(ask, "gateway", &gateway).await;
        }
    }
    for iban in [
        json!("IR590540105180021273113007"),
        json!("DE89370400440532013000"),
        json!("6219861012345678"),
        json!(580_540),
    ] {
        world.refuses(&world.asks[3], "iban", &iban).await;
    }
    world.nothing_happened().await;
}

#[rstest]
#[tokio::test]
async fn one_request_is_one_entry_and_what_was_forgotten_is_none(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine).await;
    let ask = &world.asks[0];
    let body = json!({
        "amount": 0, "gateway": "paypal", "return_url": 5, "currency": "USD", "iban": "IR58", "password": "12345",
    });
    let answer = world.app.post(&ask.path).by(&ask.by).json(&body).send().await.expect(422);
    let told = answer.json["error"]["details"]["field_errors"].as_object().unwrap();
    assert_eq!(told.len(), 6, "{}", answer.json);
    assert_eq!(
        world.newest(&ask.by).await,
        entry(ask, "amount, currency, gateway, return_url, iban", &answer),
        "in one order, and nobody else's words"
    );
    assert_eq!(world.app.audited("charge.refuse").await, 1);
    for ask in &world.asks {
        for body in [json!({}), json!({ "password": "12345" })] {
            let _ = world.app.post(&ask.path).by(&ask.by).json(&body).send().await.expect(422);
        }
    }
    let audited = async |action| world.app.audited(action).await;
    assert_eq!(
        (
            audited("charge.refuse").await,
            audited("subscription.refuse").await,
            audited("payout.refuse").await,
            audited("refund.refuse").await
        ),
        (1, 0, 0, 0)
    );
    world.nothing_happened().await;
}
