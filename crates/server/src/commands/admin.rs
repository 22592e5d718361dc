//! `helssa admin …`: what somebody with a shell on the server may do. All of it is audited.

use std::sync::Arc;

use app::{
    App, By,
    admin::{self, CreateDoctor, Entry},
};
use clap::{Args, Subcommand};
use domain::{Phone, Role, Violation, doctor, profile::Gender, text::required_line, violation::Parsed};

use super::say;

#[derive(Subcommand)]
#[expect(clippy::enum_variant_names, reason = "the documented names of the commands")]
pub(super) enum Admin {
    /// Make the owner of a phone number an admin
    CreateAdmin(PhoneFlag),
    /// Make the owner of a phone number a member of staff
    CreateStaff(PhoneFlag),
    /// Add a doctor
    CreateDoctor(Box<DoctorFlags>),
    /// Keep a phone number from logging in, and end its logins
    BlockPhone {
        #[command(flatten)]
        phone: PhoneFlag,
        /// For the audit log
        #[arg(long, default_value = "blocked at the command line")]
        reason: String,
    },
    /// Let a blocked phone number log in again
    UnblockPhone(PhoneFlag),
}

#[derive(Args)]
pub(super) struct PhoneFlag {
    /// Such as 09121234567
    #[arg(long)]
    phone: String,
}

#[derive(Args)]
pub(super) struct DoctorFlags {
    #[command(flatten)]
    phone: PhoneFlag,
    #[arg(long)]
    first_name: String,
    #[arg(long)]
    last_name: String,
    /// The specialty's code, such as cardiology
    #[arg(long)]
    specialty: String,
    /// Medical council number
    #[arg(long)]
    council_number: String,
    #[arg(long)]
    city: String,
    /// The city's name, unless it says otherwise
    #[arg(long)]
    province: Option<String>,
    /// male or female
    #[arg(long)]
    gender: Option<String>,
    /// May be given more than once
    #[arg(long = "language", default_value = "فارسی")]
    languages: Vec<String>,
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=80))]
    experience_years: i64,
}

pub(super) async fn run(app: &Arc<App>, what: Admin) -> Result<(), String> {
    match what {
        Admin::CreateAdmin(flag) => appoint(app, &flag, Role::Admin).await,
        Admin::CreateStaff(flag) => appoint(app, &flag, Role::Staff).await,
        Admin::CreateDoctor(flags) => create_doctor(app, &flags).await,
        Admin::BlockPhone { phone, reason } => {
            let reason = checked("--reason", required_line(&reason, 300))?;
            let blocked = admin::block_phone(app, &By::command_line(), parse(&phone)?, &reason).await;
            blocked.map_err(|e| e.to_string())?;
            say("blocked; its logins have ended");
            Ok(())
        }
        Admin::UnblockPhone(flag) => {
            let unblocked = admin::unblock_phone(app, &By::command_line(), parse(&flag)?).await;
            unblocked.map_err(|e| e.to_string())?;
            say("unblocked");
            Ok(())
        }
    }
}

async fn appoint(app: &Arc<App>, flag: &PhoneFlag, role: Role) -> Result<(), String> {
    let id = admin::appoint(app, &By::command_line(), parse(flag)?, role).await.map_err(|e| e.to_string())?;
    say(&format!("{id} is {} now and logs in with this number", role.as_str()));
    Ok(())
}

async fn create_doctor(app: &Arc<App>, flags: &DoctorFlags) -> Result<(), String> {
    let name = |text: &str| required_line(text, 100);
    let city = checked("--city", name(&flags.city))?;
    let entry = Entry {
        first_name: checked("--first-name", name(&flags.first_name))?,
        last_name: checked("--last-name", name(&flags.last_name))?,
        council_number: checked("--council-number", doctor::council_number(&flags.council_number))?,
        specialty: checked("--specialty", doctor::specialty(&flags.specialty))?,
        province: match &flags.province {
            Some(province) => checked("--province", name(province))?,
            None => city.clone(),
        },
        city,
        gender: flags.gender.as_deref().map(|g| checked("--gender", Gender::parse(g))).transpose()?,
        languages: flags
            .languages
            .iter()
            .map(|language| checked("--language", required_line(language, 40)))
            .collect::<Result<_, _>>()?,
        experience_years: flags.experience_years,
    };
    let input = CreateDoctor {
        phone: parse(&flags.phone)?,
        entry,
        by: By::command_line(),
        once: None,
        render: |doctor| doctor.id.to_string().into(),
    };
    let created = admin::create_doctor(app, input).await.map_err(|e| e.to_string())?;
    let id = created.answer.as_str().unwrap_or_default();
    say(&format!("{id} is a doctor now and logs in with this number"));
    Ok(())
}

fn parse(flag: &PhoneFlag) -> Result<Phone, String> {
    checked("--phone", Phone::parse(&flag.phone))
}

fn checked<T>(flag: &str, parsed: Parsed<T>) -> Result<T, String> {
    parsed.map_err(|violation| match violation {
        Violation::Phone => format!("{flag}: not an Iranian mobile number such as 09121234567"),
        Violation::Choice(words) => format!("{flag}: must be one of {}", words.join(", ")),
        Violation::TooLong(max) => format!("{flag}: at most {max} characters"),
        other => format!("{flag}: {other:?}"),
    })
}
