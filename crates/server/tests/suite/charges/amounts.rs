//! What a gateway says was paid is compared with what was charged: of another amount, or in another currency, it credits
//! nothing, and admins see it.

use std::time::Duration;

use domain::{Secret, ledger::Account};
use providers::gateways::{BitpaySettings, IdpaySettings, ZarinpalSettings};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{
    Engine, TestApp,
    fakes::{
        bitpay::{self, Bitpay},
        gateway::{Book, Order, Trouble},
        http::Reply,
        idpay::{self, Idpay},
        zarinpal::{self, Zarinpal},
    },
};

use super::{AMOUNT, charge, location, path};
use crate::refunds::CHARGES;

struct Fakes {
    zarinpal: Zarinpal,
    idpay: Idpay,
    bitpay: Bitpay,
}

impl Fakes {
    fn book(&self, gateway: &str) -> &Book {
        match gateway {
            "zarinpal" => &self.zarinpal,
            "idpay" => &self.idpay,
            _ => &self.bitpay,
        }
    }

    /// The payer pays; what the browser brings back.
    fn pay(&self, gateway: &str, id: &str) -> Vec<(String, String)> {
        match gateway {
            "zarinpal" => self.zarinpal.pay(id),
            "idpay" => self.idpay.pay(id),
            _ => self.bitpay.pay(id),
        }
    }
}

/// An app with stand-ins for all of them.
async fn with_all(engine: Engine) -> (TestApp, Fakes) {
    let fakes = Fakes {
        zarinpal: Zarinpal::start().await.unwrap(),
        idpay: Idpay::start().await.unwrap(),
        bitpay: Bitpay::start().await.unwrap(),
    };
    let timeout = Duration::from_mins(1);
    let at_zarinpal = ZarinpalSettings {
        base_url: fakes.zarinpal.base_url(),
        merchant_id: Secret::new(zarinpal::MERCHANT.to_owned()),
        accept_sandbox: false,
        timeout,
    };
    let at_idpay = IdpaySettings {
        base_url: fakes.idpay.base_url(),
        api_key: Secret::new(idpay::KEY.to_owned()),
        sandbox: false,
        timeout,
    };
    let at_bitpay = BitpaySettings {
        base_url: fakes.bitpay.base_url(),
        api_key: Secret::new(bitpay::KEY.to_owned()),
        timeout,
    };
    let app = TestApp::with(engine, move |all| {
        all.gateways.zarinpal = Some(at_zarinpal);
        all.gateways.idpay = Some(at_idpay);
        all.gateways.bitpay = Some(at_bitpay);
    })
    .await;
    (app, fakes)
}

/// What ZarinPal says when the amount is not the one that was paid; and yes, in Tomans.
fn of_zarinpal() -> Vec<Reply> {
    let in_tomans = json!({ "code": 100, "message": "Paid", "ref_id": 201, "currency": "IRT" });
    vec![Reply::Json(422, zarinpal::failure(-50)), Reply::Json(200, zarinpal::success(&in_tomans))]
}

/// IDPay says yes to this order, but for another amount or in another currency.
fn of_idpay(order: &Order) -> Vec<Reply> {
    let told = |registered: i64, paid: i64, currency: Value| {
        let payment = json!({ "amount": paid.to_string(), "track_id": "888001" });
        let body = json!({
            "status": "100", "track_id": "10012", "id": order.id, "order_id": order.order_id,
            "amount": registered.to_string(), "currency": currency, "payment": payment,
        });
        Reply::Json(200, body)
    };
    vec![
        told(AMOUNT / 10, AMOUNT / 10, Value::Null),
        told(AMOUNT, AMOUNT - 1, Value::Null),
        told(AMOUNT + 1, AMOUNT, Value::Null),
        told(AMOUNT, AMOUNT, json!("IRT")),
    ]
}

/// The same of BitPay.
fn of_bitpay(order: &Order) -> Vec<Reply> {
    let told = |amount: i64, currency: Value| {
        let body = json!({
            "status": 1, "amount": amount.to_string(), "factorId": order.order_id, "currency": currency,
        });
        Reply::Json(200, body)
    };
    vec![
        told(AMOUNT / 10, Value::Null),
        told(AMOUNT + 1, Value::Null),
        told(0, Value::Null),
        told(AMOUNT, json!("USD")),
    ]
}

#[rstest]
#[tokio::test]
async fn another_amount_or_currency_than_was_charged_credits_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values("zarinpal", "idpay", "bitpay")] gateway: &str,
) {
    let (app, fakes) = with_all(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let body = json!({ "amount": AMOUNT, "gateway": gateway });
    let id = charge(&app, &patient, &body).await.expect(200).text("/transaction_id");
    let order = fakes.book(gateway).orders().pop().unwrap();
    let (method, wrong) = match gateway {
        "zarinpal" => ("verify", of_zarinpal()),
        "idpay" => ("payment/verify", of_idpay(&order)),
        _ => ("gateway-result-second", of_bitpay(&order)),
    };
    let brought: Vec<String> =
        fakes.pay(gateway, &order.id).iter().map(|(name, value)| format!("{name}={value}")).collect();
    let callback = format!("{}&{}", path(&order.callback_url), brought.join("&"));
    let back = async || location(&app.get(&callback).send().await.expect(303));
    let all = wrong.len();
    for answer in wrong {
        let told = format!("{answer:?}");
        fakes.book(gateway).trouble(method, Trouble::Instead(answer));
        let back = back().await;
        assert!(back.ends_with(&format!("transaction_id={id}&status=failed")), "{told}: {back}");
        let came_in = app.holds(&Account::clearing(gateway)).await;
        assert_eq!((app.spendable(&patient).await, came_in), (0, 0), "{told}");
        let seen = app.get(&format!("{CHARGES}{id}/")).by(&admin).send().await.expect(200).json;
        assert_eq!(
            (&seen["status"], &seen["authorities"][0]["status"], &seen["credited_authority"]),
            (&json!("failed"), &json!("failed"), &Value::Null),
            "{told}"
        );
    }
    let told = app.get(&format!("/api/v1/admin/users/{}/audit/?page_size=100", patient.id)).by(&admin);
    let told = told.send().await.expect(200).json;
    let refused: Vec<&Value> = told["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "charge.refuse")
        .collect();
    assert_eq!(refused.len(), 1, "of {all} that say the same, the first: {told}");
    assert_eq!(refused[0]["detail"], json!(format!("{id} said to be paid, and is not")));
    app.expect_a_sound_ledger().await;

    // what was charged is credited
    assert!(back().await.ends_with(&format!("transaction_id={id}&status=completed")));
    assert_eq!(app.spendable(&patient).await, AMOUNT);
    app.expect_a_sound_ledger().await;
}
