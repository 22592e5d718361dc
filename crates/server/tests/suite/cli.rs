//! The command line: what operators type, and what it answers.

use std::{fs, path::Path, process::Command};

use db::Db;
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, TestApp, database, services::free_port};

struct Shell {
    folder: tempfile::TempDir,
    database: String,
}

impl Shell {
    async fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = match database::location(engine, folder.path()).await {
            db::Location::Sqlite { path, .. } => format!("sqlite://{}", path.display()),
            db::Location::Postgres(options) => options.url,
        };
        Self { folder, database }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Whether it succeeded, and all that it said.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_helssa"))
            .args(arguments)
            .args(["--database", &self.database, "--data-dir", &self.path().display().to_string()])
            .env_clear()
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    #[track_caller]
    fn must(&self, arguments: &[&str]) -> String {
        let (succeeded, said) = self.run(arguments);
        assert!(succeeded, "{arguments:?}: {said}");
        said
    }

    #[track_caller]
    fn must_not(&self, arguments: &[&str]) -> String {
        let (succeeded, said) = self.run(arguments);
        assert!(!succeeded, "{arguments:?}: {said}");
        said
    }

    fn db(&self) -> Db {
        let location = match self.database.strip_prefix("sqlite://") {
            Some(path) => db::Location::Sqlite { path: path.into(), readers: 1 },
            None => database::postgres(&self.database),
        };
        Db::open(&location).unwrap()
    }

    async fn raw(&self, sqlite: &str, postgres: &str) {
        let texts = (sqlite.to_owned(), postgres.to_owned());
        let db = self.db();
        let done = db.write(texts, |tx, (sqlite, postgres)| {
            Box::pin(async move { tx.script(sqlite, postgres).await })
        });
        done.await.unwrap();
    }
}

#[rstest]
#[tokio::test]
async fn people_are_made_and_blocked(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let shell = Shell::new(engine).await;
    let said = shell.must(&["admin", "create-admin", "--phone", "۰۹۱۲۱۱۱۰۰۰۱"]);
    assert!(said.contains("is admin now"), "{said}");
    shell.must(&["admin", "create-staff", "--phone", "09121110002"]);
    let doctor = [
        "admin",
        "create-doctor",
        "--phone",
        "09121110003",
        "--first-name",
        "مریم",
        "--last-name",
        "رضایی",
        "--specialty",
        "cardiology",
        "--council-number",
        "12345",
        "--city",
        "تهران",
    ];
    shell.must(&doctor);
    assert!(shell.must_not(&doctor).contains("phone number in use"));
    let mut other = doctor;
    other[3] = "09121110004";
    assert!(shell.must_not(&other).contains("council number in use"));
    assert!(shell.must_not(&["admin", "create-admin", "--phone", "09121110003"]).contains("doctor"));
    assert!(shell.must_not(&["admin", "create-admin", "--phone", "123"]).contains("--phone"));
    shell.must(&["admin", "block-phone", "--phone", "09121110002", "--reason", "test"]);
    shell.must_not(&["admin", "block-phone", "--phone", "09121110002"]);
    shell.must(&["admin", "unblock-phone", "--phone", "09121110002"]);
    let said = shell.must(&["verify", "audit"]);
    assert!(said.contains("5 entries, every chain whole"), "{said}");
}

#[rstest]
#[tokio::test]
async fn a_changed_audit_log_is_found(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let shell = Shell::new(engine).await;
    shell.must(&["demo"]);
    shell.must(&["verify", "audit"]);
    let change = "UPDATE audit_log SET detail = 'nothing happened' WHERE action = 'doctor.create'";
    shell
        .raw(
            &format!("DROP TRIGGER audit_log_no_update; {change}"),
            &format!("DROP TRIGGER audit_log_no_change ON audit_log; {change}"),
        )
        .await;
    let said = shell.must_not(&["verify", "audit"]);
    assert!(said.contains("was changed"), "{said}");
}

#[rstest]
#[tokio::test]
async fn the_demo_clinic_is_always_the_same_and_fills_empty_databases_only(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let shell = Shell::new(engine).await;
    let said = shell.must(&["demo"]);
    assert!(said.contains("320 doctors, 200 patients") && said.contains(app::demo::ADMIN), "{said}");
    assert!(shell.must(&["demo"]).contains("has users already"));
}

#[rstest]
#[tokio::test]
async fn doctor_says_what_is_right_and_what_to_do(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let shell = Shell::new(engine).await;
    let said = shell.must(&["doctor"]);
    for check in ["settings", "database", "redis", "storage", "clock"] {
        assert!(said.lines().any(|line| line.starts_with("ok ") && line.contains(check)), "{check}: {said}");
    }
    let redis = format!("redis://127.0.0.1:{}", free_port());
    let said = shell.must_not(&["doctor", "--redis", &redis]);
    assert!(said.contains("FAIL  redis") && said.contains("redis.url"), "{said}");
    let said = shell.must_not(&["doctor", "--set", "listen=nowhere", "--set", "mode=prod"]);
    assert!(said.contains("listen") && said.contains("mode"), "every mistake at once: {said}");
}

#[tokio::test]
async fn doctor_finds_an_unreachable_database() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("postgres://helssa:hidden@127.0.0.1:{}/helssa", free_port());
    let shell = Shell { folder, database };
    let said = shell.must_not(&["doctor"]);
    assert!(said.contains("FAIL  database") && said.contains("database.url"), "{said}");
    assert!(!said.contains("hidden"), "{said}");
}

#[rstest]
#[tokio::test]
async fn rotation_seals_everything_again_and_the_old_key_can_go(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let shell = Shell::new(engine).await;
    shell.must(&["demo"]);
    let file = fs::read_to_string(shell.path().join("secrets.toml")).unwrap();
    let old: toml::Table = file.parse().unwrap();
    let made = shell.must(&["keys", "generate"]);
    let new: toml::Table = made.parse().unwrap();
    let key = |table: &toml::Table, name: &str| table["secrets"][name][0].as_str().unwrap().to_owned();
    let (old_key, new_key) = (key(&old, "data_keys"), key(&new, "data_keys"));
    let write = |data_keys: &str| {
        let secrets = file.replace(&format!("\"{old_key}\""), data_keys);
        let path = shell.path().join("settings.toml");
        fs::write(&path, secrets).unwrap();
        path.display().to_string()
    };
    let both = write(&format!("\"{new_key}\", \"{old_key}\""));
    let said = shell.must(&["keys", "rotate", "--config", &both]);
    // 521 numbers, of 200 patients an address of mail, a national id and four more, two texts of each visit, …
    let (count, _) = said.split_once(" values are under the newest key now").unwrap();
    let count: u32 = count.rsplit(char::is_whitespace).next().unwrap().parse().unwrap();
    assert!(count > 521 + 6 * 200 + 2 * 2_000, "{said}");
    assert!(shell.must(&["keys", "rotate", "--config", &both]).contains("0 values"), "twice is once");
    // the old key is gone: everything still opens
    let only_new = write(&format!("\"{new_key}\""));
    let sources = helssa_server::settings::Sources::default()
        .file(Path::new(&only_new))
        .flag("database.url", Some(shell.database.clone()))
        .flag("data_dir", Some(shell.path().display().to_string()));
    let settings = helssa_server::settings::Settings::read(sources).unwrap();
    let app = helssa_server::wiring::app(&settings, helssa_server::wiring::Parts::default()).await.unwrap();
    let found = app
        .db
        .read(app.clone(), |c, app| {
            Box::pin(async move {
                store::accounts::page(c, &app.keys, &app::admin::Filter::default(), 100, 0).await
            })
        })
        .await
        .unwrap();
    assert_eq!(found.0, 521);
    for account in found.1.iter().filter(|account| account.role == domain::Role::Patient) {
        let patient = store::patients::by_id(&app.db, &app.keys, account.id).await.unwrap().unwrap();
        assert!(patient.profile.is_complete());
    }
}

#[tokio::test]
async fn a_backup_is_whole_and_is_not_written_over() {
    let shell = Shell::new(Engine::Sqlite).await;
    shell.must(&["demo"]);
    let copy = shell.path().join("copy.db").display().to_string();
    shell.must(&["backup", "--to", &copy]);
    assert!(shell.must_not(&["backup", "--to", &copy]).contains("exists"));
    let restored = Shell { folder: shell.folder, database: format!("sqlite://{copy}") };
    assert!(restored.must(&["verify", "audit"]).contains("every chain whole"));
    assert!(restored.must(&["demo"]).contains("has users already"));
}

#[tokio::test]
async fn production_refuses_what_is_for_development() {
    let shell = Shell::new(Engine::Sqlite).await;
    shell.must(&["demo"]);
    let said = shell.must_not(&["serve", "--mode", "production", "--config", &{
        shell.path().join("secrets.toml").display().to_string()
    }]);
    for refused in ["generated", "inbox", "public.api_url", "public.site_url"] {
        assert!(said.contains(refused), "{refused}: {said}");
    }
}

#[rstest]
#[tokio::test]
async fn what_an_admin_does_at_the_shell_reaches_a_running_server(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    // the command line has the machine's clock
    let now = domain::Clock::now(&*app.clock);
    app.clock.advance(domain::clock::wall().duration_since(now));
    let user = app.patient().await;
    let database = match &app.settings.database {
        db::Location::Sqlite { path, .. } => format!("sqlite://{}", path.display()),
        db::Location::Postgres(options) => options.url.clone(),
    };
    let blocked = Command::new(env!("CARGO_BIN_EXE_helssa"))
        .args(["admin", "block-phone", "--phone", &user.phone, "--database", &database])
        .args(["--data-dir", &app.settings.data_dir.display().to_string()])
        .output()
        .unwrap();
    assert!(blocked.status.success(), "{}", String::from_utf8_lossy(&blocked.stderr));
    let asked = json!({ "phone_number": user.phone });
    let answer = app.post("/api/v1/auth/login/otp/").json(&asked).send().await.expect(403);
    assert_eq!(answer.code(), "PHONE_BLOCKED");
    let refreshed = app.post("/api/v1/auth/refresh/").json(&json!({ "refresh": user.refresh })).send().await;
    assert_eq!(refreshed.status, 401);
}
