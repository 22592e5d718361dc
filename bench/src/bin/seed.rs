//! Fills a database with patients through the app's own use cases, and logs some of them in.
//!
//! Which database: the server's own `HELSSA_…` variables. Prints one access token a line; progress goes to
//! the standard error.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark ends at the first surprise, and the tokens are its output"
)]

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use app::{
    App, Origin,
    accounts::{RequestOtp, VerifyOtp, request_otp, verify_otp},
    demo::add_patient,
};
use clap::Parser;
use domain::{
    NationalId, Phone, Secret, days,
    otp::Channel,
    profile::{Address, EmergencyContact, Gender, Insurance, MedicalInfo, Profile},
};
use server::{
    settings::{Settings, Sources},
    wiring,
};
use tokio::task::JoinSet;

// the server's own
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Patients that are on their way at the same time: as many share one commit.
const TASKS: u32 = 64;

/// Fills a database with patients and prints access tokens of some.
#[derive(Parser)]
struct Args {
    /// How many patients
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    patients: u32,
    /// How many of them log in
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    tokens: u32,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let settings = Settings::read(Sources::default().environment(std::env::vars())).unwrap();
    let app = wiring::app(&settings, wiring::Parts::default()).await.unwrap();
    fill(&app, args.patients).await;
    let tokens = args.tokens.min(args.patients);
    for n in 0..tokens {
        // spread over the whole table
        println!("{}", log_in(&app, n * (args.patients / tokens)).await.expose());
    }
}

async fn fill(app: &Arc<App>, patients: u32) {
    let next = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (app, next) = (Arc::clone(app), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let n = next.fetch_add(1, Relaxed);
                if n >= patients {
                    return;
                }
                add_patient(&app, phone(n), profile(n)).await.unwrap();
                if (n + 1).is_multiple_of(20_000) {
                    eprintln!("{} patients", n + 1);
                }
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

/// Logs a patient in as the API does; the code comes from the development inbox.
async fn log_in(app: &Arc<App>, n: u32) -> Secret<String> {
    let phone = phone(n);
    let origin = Origin {
        request_id: "bench".into(),
        // each from an address of their own, so that no budget is used up
        address: IpAddr::V4(Ipv4Addr::from(0x0A00_0000 + n)),
        user_agent: "bench".into(),
    };
    let request = RequestOtp { phone, channel: Channel::Sms, origin: origin.clone() };
    request_otp(app, request).await.unwrap();
    let messages = app.senders.inbox.as_ref().unwrap().messages(Some(&phone));
    let code = Secret::new(messages[0].code.clone().unwrap());
    verify_otp(app, VerifyOtp { phone, code, origin }).await.unwrap().access
}

fn phone(n: u32) -> Phone {
    Phone::parse(&format!("+9893{n:08}")).unwrap()
}

/// Every field set, as in the demo clinic.
fn profile(n: u32) -> Profile {
    const NAMES: [(&str, &str, Gender, &str); 4] = [
        ("علی", "محمدی", Gender::Male, "تهران"),
        ("فاطمه", "نوری", Gender::Female, "اصفهان"),
        ("محمد", "رحیمی", Gender::Male, "شیراز"),
        ("الهام", "کاظمی", Gender::Female, "مشهد"),
    ];
    let (first_name, last_name, gender, city) = NAMES[n as usize % NAMES.len()];
    Profile {
        first_name: first_name.into(),
        last_name: last_name.into(),
        national_id: Some(national_id(n)),
        date_of_birth: Some(
            days::parse(&format!("13{:02}-{:02}-{:02}", 30 + n % 60, 1 + n % 12, 1 + n % 28)).unwrap(),
        ),
        gender: Some(gender),
        email: format!("patient{n}@example.com"),
        address: Address {
            province: city.into(),
            city: city.into(),
            postal_code: format!("1{n:09}"),
            address: format!("خیابان ولیعصر، پلاک {n}"),
        },
        emergency_contact: EmergencyContact {
            name: format!("خانواده {last_name}"),
            relationship: "برادر".into(),
            phone_number: format!("+9891{n:08}"),
        },
        medical_info: MedicalInfo {
            blood_type: "A+".into(),
            height: Some(f64::from(155 + n % 30)),
            weight: Some(f64::from(55 + n % 40)),
            allergies: vec!["پنی‌سیلین".into()],
            chronic_diseases: vec!["دیابت نوع 2".into()],
            current_medications: vec!["متفورمین".into()],
        },
        insurance: Insurance {
            provider: "تامین اجتماعی".into(),
            number: format!("1{n:09}"),
            expiry_date: Some(days::parse("1406-12-29").unwrap()),
        },
    }
}

/// The one number that begins like this and has a right check digit.
fn national_id(n: u32) -> NationalId {
    (0..10).find_map(|check| NationalId::parse(&format!("{:09}{check}", 200_000_000 + n)).ok()).unwrap()
}
