//! The pages about money: what the development gateway's buttons do, what a payer is told afterwards, and that an address
//! proves nothing.

use domain::{SignedDuration, ledger::Account};
use rstest::rstest;
use serde_json::json;
use testkit::{Answer, Engine, TestApp, User, visits::FEE};
use tokio::task::JoinSet;

const CHARGE: &str = "/api/v1/billing/wallet/charge/";
const AMOUNT: i64 = 1_000_000;
const FORM: &str = "application/x-www-form-urlencoded";

/// The path of an address of this server's.
fn path(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned())
}

fn location(answer: &Answer) -> String {
    path(answer.header("location").unwrap())
}

/// The path of the sandbox's page of a new charge.
async fn charged(app: &TestApp, patient: &User) -> String {
    let body = json!({ "amount": AMOUNT, "gateway": "sandbox" });
    path(&app.post(CHARGE).by(patient).json(&body).send().await.expect(200).text("/payment_url"))
}

async fn html(app: &TestApp, page: &str) -> String {
    let answer = app.get(page).send().await.expect(200);
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let html = String::from_utf8(answer.bytes.to_vec()).unwrap();
    assert!(html.contains("<html lang=\"fa\" dir=\"rtl\">") && html.contains("width=device-width"), "{html}");
    html
}

/// Presses a button, and follows the browser's way to where it ends; that page's path.
async fn pressed(app: &TestApp, page: &str, verb: &str) -> String {
    let callback = location(&app.post(&format!("{page}/{verb}/")).send().await.expect(303));
    location(&app.get(&callback).send().await.expect(303))
}

async fn pass(app: &TestApp, minutes: i64) {
    app.clock.advance(SignedDuration::from_mins(minutes));
    app::jobs::run_cron(&app.app).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn without_a_page_of_its_own_an_app_has_ours(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let page = charged(&app, &patient).await;
    let shown = html(&app, &page).await;
    for button in ["succeed", "fail", "leave", "late", "twice", "abandon"] {
        assert!(shown.contains(&format!("action=\"{page}/{button}/\"")), "{button} is not in\n{shown}");
    }
    let failed = pressed(&app, &page, "fail").await;
    assert!(
        failed.starts_with("/pay/result/?transaction_id=") && failed.ends_with("&status=failed"),
        "{failed}"
    );
    assert!(html(&app, &failed).await.contains("پرداخت انجام نشد"));
    // who says that it is paid is not believed
    let (address, _) = failed.split_once('&').unwrap();
    let forged = html(&app, &format!("{address}&status=completed")).await;
    assert!(forged.contains("پرداخت انجام نشد") && !forged.contains("پرداخت موفق"), "{forged}");
    let paid = html(&app, &pressed(&app, &page, "succeed").await).await;
    for text in ["پرداخت موفق بود", "شارژ کیف پول", "۱٬۰۰۰٬۰۰۰ ریال", address.split_once('=').unwrap().1]
    {
        assert!(paid.contains(text), "{text} is not in\n{paid}");
    }
    assert!(!paid.contains(&patient.id), "it names nobody");
    for nothing in ["", "?transaction_id=x", "?transaction_id=018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b"] {
        let _ = app.get(&format!("/pay/result/{nothing}")).send().await.expect(404);
    }
    let _ = app.post(&format!("{page}/steal/")).send().await.expect(404);
}

#[rstest]
#[tokio::test]
async fn a_payment_whose_word_comes_twice_is_credited_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let page = charged(&app, &patient).await;
    let back = pressed(&app, &page, "twice").await;
    assert!(back.ends_with("&status=completed"), "{back}");
    assert_eq!((app.spendable(&patient).await, app.audited("charge.complete").await), (AMOUNT, 1));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn who_goes_away_pays_nothing_and_who_pays_late_has_it_in_the_wallet(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let abandoned = charged(&app, &patient).await;
    let left = app.post(&format!("{abandoned}/abandon/")).send().await.expect(200);
    assert!(String::from_utf8_lossy(&left.bytes).contains("رها شد"));

    let visit = app.booked(&doctor, &patient).await;
    let pay = format!("/api/v1/patients/encounters/{visit}/pay/");
    let online = json!({ "payment_method": "online" });
    let visits =
        path(&app.post(&pay).by(&patient).json(&online).send().await.expect(200).text("/payment_url"));
    let sandbox = location(&app.post(&visits).body(FORM, "gateway=sandbox").send().await.expect(303));
    let late = app.post(&format!("{sandbox}/late/")).send().await.expect(200);
    assert!(String::from_utf8_lossy(&late.bytes).contains("پس از پایان مهلت"));
    pass(&app, 10).await;
    assert_eq!(app.spendable(&patient).await, 0, "not yet");
    // the charge ends after 30 minutes, and is looked at every ten from then on
    for _ in 0..4 {
        pass(&app, 10).await;
    }
    assert_eq!(app.spendable(&patient).await, FEE, "not lost, and nothing of what was abandoned");
    assert_eq!(app.holds(&Account::escrow()).await, 0);
    let shown = html(&app, &visits).await;
    assert!(shown.contains("پایان یافته") && !shown.contains("<form"), "{shown}");
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_visits_page_says_how_things_are(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    let own = format!("/api/v1/patients/encounters/{visit}/");
    let online = json!({ "payment_method": "online" });
    let answer = app.post(&format!("{own}pay/")).by(&patient).json(&online).send().await.expect(200);
    let page = path(&answer.text("/payment_url"));
    let open = html(&app, &page).await;
    for text in ["مهلت پرداخت: ", "۶۰۰٬۰۰۰ ریال", "قابل پرداخت", "value=\"sandbox\""]
    {
        assert!(open.contains(text), "{text} is not in\n{open}");
    }
    assert!(!open.contains("role=\"alert\"") && !open.contains(&patient.id), "{open}");

    let sandbox = location(&app.post(&page).body(FORM, "gateway=sandbox").send().await.expect(303));
    let failed = pressed(&app, &sandbox, "fail").await;
    assert!(failed.starts_with(page.trim_end_matches('/')), "{failed}");
    let failed = html(&app, &failed).await;
    assert!(
        failed.contains("role=\"alert\"") && failed.contains("value=\"sandbox\""),
        "one may try again\n{failed}"
    );
    // another's charge says nothing about this visit
    let other = pressed(&app, &charged(&app, &patient).await, "fail").await;
    let (_, query) = other.split_once('?').unwrap();
    assert!(!html(&app, &format!("{page}?{query}")).await.contains("role=\"alert\""));

    let paid = html(&app, &pressed(&app, &sandbox, "succeed").await).await;
    assert!(paid.contains("پرداخت انجام شد") && !paid.contains("<form"), "{paid}");
    // pressed once more in another window: it says that it is paid
    let again = location(&app.post(&page).body(FORM, "gateway=sandbox").send().await.expect(303));
    assert_eq!(again.trim_end_matches('/'), page.trim_end_matches('/'));

    let _ = app.post(&format!("{own}cancel/")).by(&patient).send().await.expect(200);
    let cancelled = html(&app, &page).await;
    assert!(cancelled.contains("لغو شده") && cancelled.contains("۶۰۰٬۰۰۰ ریال به کیف پول"), "{cancelled}");
}

#[rstest]
#[tokio::test]
async fn an_insured_visits_page_says_what_the_insurer_pays_and_what_is_left(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let free = app.free(&doctor).await;
    let body = json!({
        "doctor_id": doctor.id, "scheduled_at": free[0], "visit_type": "online", "chief_complaint": "سردرد",
        "insurance_info": { "use_insurance": true, "provider": "تامین اجتماعی", "number": "1234567890" },
    });
    let book = "/api/v1/patients/encounters/book/";
    let booked = app.post(book).by(&patient).json(&body).send().await.expect(201);
    let page = path(&booked.text("/payment/payment_url"));
    let row = |name: &str, amount: &str| format!("<dt>{name}</dt><dd>{amount} ریال</dd>");
    let open = html(&app, &page).await;
    for text in [
        row("هزینه ویزیت", "۶۰۰٬۰۰۰"),
        row("سهم بیمه", "۳۶۰٬۰۰۰"),
        row("قابل پرداخت", "۲۴۰٬۰۰۰"),
        // a quarter of an hour from now
        "مهلت پرداخت: شنبه ۳۰ دی ۱۴۰۲ ساعت ۱۳:۴۵".to_owned(),
    ] {
        assert!(open.contains(&text), "{text} is not in\n{open}");
    }

    let sandbox = location(&app.post(&page).body(FORM, "gateway=sandbox").send().await.expect(303));
    assert!(html(&app, &sandbox).await.contains("۲۴۰٬۰۰۰"), "the gateway takes the patient's share alone");
    let paid = html(&app, &pressed(&app, &sandbox, "succeed").await).await;
    for (name, amount) in [("هزینه ویزیت", "۶۰۰٬۰۰۰"), ("سهم بیمه", "۳۶۰٬۰۰۰"), ("سهم شما", "۲۴۰٬۰۰۰")]
    {
        let text = row(name, amount);
        assert!(paid.contains(&text), "{text} is not in\n{paid}");
    }
    assert!(!paid.contains("مهلت پرداخت") && !paid.contains("قابل پرداخت"), "{paid}");
    assert_eq!(app.holds(&Account::escrow()).await, 240_000);
    app.expect_a_sound_ledger().await;
}

/// The path of a visit's payment page.
async fn visits_page(app: &TestApp) -> String {
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.booked(&doctor, &patient).await;
    let pay = format!("/api/v1/patients/encounters/{visit}/pay/");
    let online = json!({ "payment_method": "online" });
    path(&app.post(&pay).by(&patient).json(&online).send().await.expect(200).text("/payment_url"))
}

#[rstest]
#[tokio::test]
async fn who_presses_again_is_sent_to_the_same_page(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let page = visits_page(&app).await;
    let press = || app.post(&page).body(FORM, "gateway=sandbox");
    let first = location(&press().send().await.expect(303));
    app.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(location(&press().send().await.expect(303)), first);
    assert_eq!(app.audited("charge.start").await, 1);
    // what has failed is begun anew
    let _ = pressed(&app, &first, "fail").await;
    let second = location(&press().send().await.expect(303));
    assert_ne!(second, first);
    assert_eq!(app.audited("charge.start").await, 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_visit_has_five_charges_at_once_and_no_more(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let page = visits_page(&app).await;
    let mut all = JoinSet::new();
    for _ in 0..30 {
        let call = app.post(&page).body(FORM, "gateway=sandbox");
        all.spawn(async move { call.send().await.status });
    }
    assert!(all.join_all().await.iter().all(|status| *status == 303));
    let begun = app.audited("charge.start").await;
    assert!((1..=5).contains(&begun), "{begun}");
}

#[rstest]
#[tokio::test]
async fn pressing_is_counted_and_looking_is_not(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let limits = app::RateLimits { anonymous: 2, authenticated: 1_000, premium: 1_000 };
    let app = TestApp::with(engine, move |settings| settings.rate_limit = Some(limits)).await;
    let page = visits_page(&app).await;
    for expected in [303, 303, 429] {
        let press = app.post(&page).from("203.0.113.1").body(FORM, "gateway=sandbox");
        let _ = press.send().await.expect(expected);
    }
    let _ = app.get(&page).from("203.0.113.1").send().await.expect(200);
}
