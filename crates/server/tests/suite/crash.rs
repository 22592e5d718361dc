//! `kill -9` at any moment under load: every acknowledged write is there after the restart.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::SeqCst},
    },
};

use db::Location;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, database, process};

const WRITERS: u32 = 8;
const ROUNDS: u32 = 4;
/// Acknowledged writes after which a round is killed; another number each round.
const WRITES: [u32; ROUNDS as usize] = [40, 97, 61, 130];

async fn log_in(client: &reqwest::Client, url: &str, phone: &str) -> String {
    let post = |path: &str, body: Value| client.post(format!("{url}{path}")).json(&body).send();
    post("/api/v1/auth/login/otp/", json!({ "phone_number": phone }))
        .await
        .unwrap()
        .error_for_status()
        .unwrap();
    let inbox = format!("{url}/dev/inbox/messages/?phone_number={phone}");
    let inbox: Value = client.get(inbox).send().await.unwrap().json().await.unwrap();
    let guess = json!({ "phone_number": phone, "otp_code": inbox["results"][0]["code"] });
    let login: Value = post("/api/v1/auth/verify/otp/", guess).await.unwrap().json().await.unwrap();
    login["access"].as_str().unwrap().to_owned()
}

async fn profile(client: &reqwest::Client, url: &str, token: &str) -> Value {
    let url = format!("{url}/api/v1/patients/profile/");
    client.get(url).bearer_auth(token).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_writes_survive_kill_9(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let location = database::location(engine, folder.path()).await;
    let url = match &location {
        Location::Sqlite { path, .. } => format!("sqlite://{}", path.display()),
        Location::Postgres(options) => options.url.clone(),
    };
    let program = Path::new(env!("CARGO_BIN_EXE_helssa"));
    let start = || process::serve(program, folder.path(), &["--database", &url], &[]);
    let client = reqwest::Client::new();

    let server = start();
    let mut tokens = Vec::new();
    for writer in 0..WRITERS {
        tokens.push(log_in(&client, &server.url, &format!("0935222{writer:04}")).await);
    }
    drop(server);
    let acknowledged: Arc<Vec<AtomicU64>> = Arc::new((0..WRITERS).map(|_| AtomicU64::new(0)).collect());
    for writes in WRITES {
        let mut server = start();
        // what was acknowledged before the last kill is there
        for (token, last) in tokens.iter().zip(acknowledged.iter()) {
            let found = profile(&client, &server.url, token).await;
            let number: u64 = found["last_name"].as_str().unwrap().parse().unwrap_or(0);
            assert!(number >= last.load(SeqCst), "{number} is older than {last:?}");
            assert_eq!(found["first_name"], found["last_name"], "a write is whole");
        }
        let total = Arc::new(AtomicU32::new(0));
        let mut writers = tokio::task::JoinSet::new();
        for (writer, token) in tokens.iter().enumerate() {
            let (client, token, url) = (client.clone(), token.clone(), server.url.clone());
            let (acknowledged, total) = (Arc::clone(&acknowledged), Arc::clone(&total));
            writers.spawn(async move {
                let url = format!("{url}/api/v1/patients/profile/");
                for number in acknowledged[writer].load(SeqCst) + 1.. {
                    let name = number.to_string();
                    let body = json!({ "first_name": name, "last_name": name, "email": format!("{name}@example.com") });
                    match client.patch(&url).bearer_auth(&token).json(&body).send().await {
                        Ok(answer) if answer.status() == 200 => {
                            acknowledged[writer].store(number, SeqCst);
                            total.fetch_add(1, SeqCst);
                        }
                        // the server is gone
                        _ => break,
                    }
                }
            });
        }
        while total.load(SeqCst) < writes {
            assert!(!writers.is_empty());
            tokio::task::yield_now().await;
        }
        server.kill();
        while writers.join_next().await.is_some() {}
    }
    let server = start();
    for (token, last) in tokens.iter().zip(acknowledged.iter()) {
        let found = profile(&client, &server.url, token).await;
        let number: u64 = found["last_name"].as_str().unwrap().parse().unwrap();
        assert!(number >= last.load(SeqCst) && last.load(SeqCst) > 0);
        assert_eq!(found["email"], format!("{number}@example.com"));
    }
    drop(server);
    let verified = std::process::Command::new(program)
        .args(["verify", "audit", "--database", &url, "--data-dir", &folder.path().display().to_string()])
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}
