//! Whatever breaks while patients book and pay, `kill -9` or a use case half way: what was acknowledged is there, and
//! nothing is half done.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering::SeqCst},
    },
};

use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::Request,
};
use db::{Db, Location, sql};
use domain::{Rng, SignedDuration, ids::VisitId};
use helssa_server::wiring::{self, Parts};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User, clock::SeededRng};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    booking::{AT, BOOK, ENCOUNTERS, visits, wish},
    program::{Installed, charge, log_in},
    races::{assert_whole, patients},
};

const CLIENTS: usize = 8;
/// Acknowledged bookings and payments after which the server is killed, each time.
const KILLED_AFTER: [u32; 4] = [31, 70, 45, 102];
const DOCTOR: &str = "09351110001";

/// Works all day, five minutes a visit; the slots of the next days.
async fn open_practice(http: &reqwest::Client, url: &str) -> (String, Vec<String>) {
    let (id, token) = log_in(http, url, DOCTOR).await;
    let week = ["saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday"];
    let settings = json!({
        "consultation_settings": {
            "online_consultation_enabled": true,
            "online_consultation_fee": 600_000,
            "consultation_duration": 5,
            "buffer_time": 0,
        },
        "availability": { "working_days": week, "working_hours": { "start": "00:00", "end": "23:55" } },
    });
    let put = http.put(format!("{url}/api/v1/doctors/settings/")).bearer_auth(&token).json(&settings);
    put.send().await.unwrap().error_for_status().unwrap();
    let slots = http.get(format!("{url}/api/v1/patients/doctors/{id}/slots/")).bearer_auth(&token);
    let slots: Value = slots.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
    let starts = slots["results"].as_array().unwrap().iter();
    // not the next hour's, which pass while this runs
    let starts = starts.skip(12).map(|slot| slot["start"].as_str().unwrap().to_owned()).collect();
    (id, starts)
}

/// A patient who books and pays one time after the other, each with a key of its own.
struct Client {
    http: reqwest::Client,
    token: String,
    doctor: String,
    /// Another client wants the same.
    wishes: Vec<String>,
    next: usize,
    /// What was acknowledged: of each time the visit's id, and whether it is paid.
    visits: BTreeMap<String, (String, bool)>,
}

impl Client {
    /// Until the server is gone.
    async fn work(mut self, url: String, acknowledged: Arc<AtomicU32>) -> Self {
        while self.book_and_pay(&url, &acknowledged).await.is_some() {
            self.next += 1;
        }
        self
    }

    /// None: the server is gone; next time the same will be asked with the same key.
    async fn book_and_pay(&mut self, url: &str, acknowledged: &AtomicU32) -> Option<()> {
        let at = self.wishes[self.next].clone();
        let wish = json!({
            "doctor_id": self.doctor, "scheduled_at": at, "visit_type": "online", "chief_complaint": "سردرد",
        });
        let (status, answer) = self.post(&format!("{url}{BOOK}"), &at, &wish).await?;
        if status == 409 {
            // the other client was quicker
            assert_eq!(answer["error"]["code"], "APPOINTMENT_CONFLICT", "{answer}");
            assert!(!self.visits.contains_key(&at), "{at} was given to this client: {answer}");
            return Some(());
        }
        assert_eq!(status, 201, "{answer}");
        let id = answer["id"].as_str().unwrap().to_owned();
        let (known, _) = self.visits.entry(at.clone()).or_insert_with(|| (id.clone(), false));
        assert_eq!(*known, id, "one key, one visit");
        acknowledged.fetch_add(1, SeqCst);
        let wallet = json!({ "payment_method": "wallet" });
        let (status, answer) = self.post(&format!("{url}{ENCOUNTERS}{id}/pay/"), &at, &wallet).await?;
        assert_eq!((status, &answer["status"]), (200, &json!("confirmed")), "{answer}");
        self.visits.insert(at, (id, true));
        acknowledged.fetch_add(1, SeqCst);
        Some(())
    }

    async fn post(&self, url: &str, key: &str, body: &Value) -> Option<(u16, Value)> {
        let request = self.http.post(url).bearer_auth(&self.token).header("idempotency-key", key);
        let answer = request.json(body).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.ok()?))
    }
}

/// All that was acknowledged is in the database, and the database is whole.
async fn assert_kept(location: &Location, clients: &[Client]) {
    let db = Db::open(location).unwrap();
    assert_whole(&db).await;
    for (id, is_paid) in clients.iter().flat_map(|client| client.visits.values()) {
        let id = VisitId(id.parse().unwrap());
        let found: Option<(String,)> =
            db.one(sql!("SELECT status FROM visits WHERE id = ?1"), &[&id.0]).await.unwrap();
        let Some((status,)) = found else { panic!("the visit {id} is lost") };
        assert!(status == "confirmed" || (!is_paid && status == "pending"), "{id} is {status}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_bookings_and_payments_survive_kill_9(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let installed = Installed::new(engine).await;
    installed.create_doctor(DOCTOR, "12345");
    let http = reqwest::Client::new();
    let server = installed.serve();
    let (doctor, slots) = open_practice(&http, &server.url).await;
    let mut clients = vec![];
    for n in 0..CLIENTS {
        let (_, token) = log_in(&http, &server.url, &format!("0935333{n:04}")).await;
        charge(&http, &server.url, &token, 100_000_000).await;
        let wishes = slots.iter().skip(n / 2).step_by(CLIENTS / 2).cloned().collect();
        let (http, doctor) = (http.clone(), doctor.clone());
        clients.push(Client { http, token, doctor, wishes, next: 0, visits: BTreeMap::new() });
    }
    drop(server);

    for killed_after in KILLED_AFTER {
        let mut server = installed.serve();
        let acknowledged = Arc::new(AtomicU32::new(0));
        let mut running = JoinSet::new();
        for client in clients {
            running.spawn(client.work(server.url.clone(), Arc::clone(&acknowledged)));
        }
        while acknowledged.load(SeqCst) < killed_after {
            assert!(running.try_join_next().is_none(), "a client gave up: {}", server.log());
            tokio::task::yield_now().await;
        }
        server.kill();
        clients = running.join_all().await;
        assert_kept(&installed.location, &clients).await;
    }

    // what was cut off comes to its end, and no visit is there that nobody was told of
    let server = installed.serve();
    let acknowledged = AtomicU32::new(0);
    for client in &mut clients {
        client.book_and_pay(&server.url, &acknowledged).await.unwrap();
        assert!(!client.visits.is_empty());
    }
    drop(server);
    assert_kept(&installed.location, &clients).await;
    let told: Vec<bool> =
        clients.iter().flat_map(|client| client.visits.values().map(|(_, is_paid)| *is_paid)).collect();
    assert!(told.iter().all(|is_paid| *is_paid));
    let db = Db::open(&installed.location).unwrap();
    let count: Option<(i64,)> = db.one(sql!("SELECT count(*) FROM visits"), &[]).await.unwrap();
    assert_eq!(count, Some((i64::try_from(told.len()).unwrap(),)));
    drop(db);
    installed.run(&["verify", "audit"]);
}

/// Random numbers that come to an end.
struct Brittle {
    left: AtomicI64,
    rng: SeededRng,
}

impl Rng for Brittle {
    fn fill(&self, bytes: &mut [u8]) {
        assert!(self.left.fetch_sub(1, SeqCst) > 0, "broken on purpose");
        self.rng.fill(bytes);
    }
}

/// A node over the database of an app, whose use cases can be made to panic half way.
struct Node {
    frame: api::Frame,
    rng: Arc<Brittle>,
    _drain: watch::Sender<bool>,
}

impl Node {
    async fn beside(app: &TestApp) -> Self {
        let rng = Arc::new(Brittle { left: AtomicI64::new(i64::MAX), rng: SeededRng::new(7) });
        let parts = Parts { clock: app.clock.clone(), rng: rng.clone() };
        let node = wiring::app(&app.settings, parts).await.unwrap();
        let (drain, draining) = watch::channel(false);
        let frame = api::service(wiring::api(&app.settings, node, None, draining));
        Self { frame, rng, _drain: drain }
    }

    /// So many more random numbers are there.
    fn leave(&self, numbers: i64) {
        self.rng.left.store(numbers, SeqCst);
    }

    async fn post(&self, by: &User, path: &str, body: &Value) -> (u16, Value) {
        let mut request = Request::post(path)
            .header("authorization", format!("Bearer {}", by.access))
            .header("content-type", "application/json")
            .header("idempotency-key", path)
            .header("x-request-id", "brittle-1")
            .body(Body::from(body.to_string()))
            .unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40_000))));
        let (parts, body) = self.frame.answer(request).await.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        (parts.status.as_u16(), serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Sends a request when no random number is left, then one, two and so on, until that is enough: before, it changes
    /// nothing. What is answered in the end.
    async fn post_until_it_works(&self, app: &TestApp, by: &User, path: &str, body: &Value) -> Value {
        let before = written(&app.app.db).await;
        for numbers in 0..100 {
            self.leave(numbers);
            let (status, answer) = self.post(by, path, body).await;
            if status < 300 {
                assert!(numbers > 0, "nothing broke in {path}");
                assert!(written(&app.app.db).await != before);
                assert_whole(&app.app.db).await;
                return answer;
            }
            assert_eq!((status, &answer["error"]["code"]), (500, &json!("INTERNAL_ERROR")), "{answer}");
            assert_eq!(written(&app.app.db).await, before, "{path} after {numbers} random numbers");
            assert_whole(&app.app.db).await;
        }
        panic!("{path} never worked");
    }
}

/// All that a use case of visits writes: what visits say, and how much there is of the rest.
async fn written(db: &Db) -> (Vec<(String, i64, i64, i64)>, Vec<(String, i64)>) {
    let visits = sql!("SELECT status, starts_at, paid, refunded FROM visits ORDER BY id");
    let rest = sql!(
        "SELECT 'doctor_times', count(*) FROM doctor_times
         UNION ALL SELECT 'patient_times', count(*) FROM patient_times
         UNION ALL SELECT 'visit_payments', count(*) FROM visit_payments
         UNION ALL SELECT 'ratings', count(*) FROM ratings
         UNION ALL SELECT 'rated doctors', count(*) FROM doctors WHERE rating_count > 0
         UNION ALL SELECT 'notifications', count(*) FROM notifications
         UNION ALL SELECT 'jobs', count(*) FROM jobs
         UNION ALL SELECT 'idempotency_keys', count(*) FROM idempotency_keys
         UNION ALL SELECT 'audit_log', count(*) FROM audit_log"
    );
    (db.all(visits, &[]).await.unwrap(), db.all(rest, &[]).await.unwrap())
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_use_case_breaks_nothing_is_half_done(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let node = Node::beside(&app).await;
    let (doctor, admin) = (app.bookable_doctor().await, app.admin().await);
    let (patient, other, third) =
        (app.rich_patient().await, app.rich_patient().await, app.rich_patient().await);

    let booked = node.post_until_it_works(&app, &patient, BOOK, &wish(&doctor, AT)).await;
    let visit = format!("{ENCOUNTERS}{}/", booked["id"].as_str().unwrap());
    let step = |verb: &str| format!("{visit}{verb}/");
    let wallet = json!({ "payment_method": "wallet" });
    let paid = node.post_until_it_works(&app, &patient, &step("pay"), &wallet).await;
    assert_eq!(paid["status"], "confirmed");
    let later = json!({ "scheduled_at": "2024-01-23T07:00:00Z" });
    let moved = node.post_until_it_works(&app, &patient, &step("reschedule"), &later).await;
    assert_eq!(moved["scheduled_at"], later["scheduled_at"]);
    let cancelled = node.post_until_it_works(&app, &patient, &step("cancel"), &json!({})).await;
    // moved when the free time had ended
    assert_eq!(cancelled["refund_amount"], 300_000);

    let order = json!({
        "patient_id": other.id, "doctor_id": doctor.id, "scheduled_at": "2024-01-21T06:45:00Z",
        "visit_type": "online", "chief_complaint": "تب بالا", "reason": "بیمار اورژانسی",
    });
    let put = node.post_until_it_works(&app, &admin, "/api/v1/admin/encounters/", &order).await;
    assert_eq!(put["status"], "pending");

    let over = app.completed(&doctor, &third).await;
    app.clock.advance(SignedDuration::from_secs(61));
    let third = app.log_in(&third.phone).await;
    let rating = format!("{ENCOUNTERS}{over}/rating/");
    let rated = node.post_until_it_works(&app, &third, &rating, &json!({ "score": 5 })).await;
    assert_eq!(rated["score"], 5);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_many_bookings_at_once_some_break_and_the_others_stand(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    const PATIENTS: usize = 40;
    let app = Arc::new(TestApp::start(engine).await);
    let node = Arc::new(Node::beside(&app).await);
    let (doctor, patients) = (app.bookable_doctor().await, patients(&app, PATIENTS).await);
    let free = app.free(&doctor).await;
    // each needs several
    node.leave(60);
    let mut running = JoinSet::new();
    for (n, (patient, at)) in patients.iter().zip(&free).enumerate() {
        let (node, patient, wish) = (Arc::clone(&node), patient.clone(), wish(&doctor, at));
        running.spawn(async move { (n, node.post(&patient, BOOK, &wish).await) });
    }
    let mut broken = vec![];
    for (n, (status, answer)) in running.join_all().await {
        if status != 201 {
            assert_eq!((status, &answer["error"]["code"]), (500, &json!("INTERNAL_ERROR")), "{answer}");
            broken.push(n);
        }
    }
    let stand = i64::try_from(PATIENTS - broken.len()).unwrap();
    assert!(stand > 0 && !broken.is_empty(), "{stand} stand");
    assert_eq!((visits(&app).await, app.audited("visit.book").await), (stand, stand));
    assert_whole(&app.app.db).await;

    // mended, the others get what they wanted
    node.leave(i64::MAX);
    for n in broken {
        let (status, answer) = node.post(&patients[n], BOOK, &wish(&doctor, &free[n])).await;
        assert_eq!(status, 201, "{answer}");
    }
    assert_eq!(visits(&app).await, 40);
    assert_whole(&app.app.db).await;
}
