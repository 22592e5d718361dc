//! Exchanges a one-time code for a login (D12, D14, D15).

use std::sync::Arc;

use domain::{
    Phone, Role, Secret, Timestamp,
    doctor::Status,
    ids::{SessionId, UserId},
};
use state::{Guess, Pair};
use store::{accounts::Account, audit, sessions::Session};

use super::seconds_until;
use crate::{
    App, By, Fault, Origin,
    fault::faults,
    tokens::{Invalid, Login, TokenType},
};

pub struct VerifyOtp {
    pub phone: Phone,
    pub code: Secret<String>,
    pub origin: Origin,
}

/// A new login.
#[derive(Debug)]
pub struct LoggedIn {
    pub access: Secret<String>,
    pub refresh: Secret<String>,
    pub account: Account,
    pub is_profile_complete: bool,
    pub is_new_user: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum VerifyOtpError {
    /// No code is open for this phone: it expired, was used, or its tries are used up. Ask for another.
    #[error("no open code")]
    OtpExpired,
    /// Wrong; so many tries are left.
    #[error("wrong code")]
    OtpInvalid { tries_left: i64 },
    /// Blocked by an admin, or locked after too many wrong guesses (then for that many seconds).
    #[error("phone blocked")]
    PhoneBlocked { retry_after: Option<i64> },
    /// The doctor is suspended: an admin has to act.
    #[error("account suspended")]
    AccountSuspended,
    #[error(transparent)]
    Fault(Fault),
}
faults!(VerifyOtpError);

impl From<Invalid> for VerifyOtpError {
    fn from(_: Invalid) -> Self {
        Self::Fault(Fault::Internal("no token key".into()))
    }
}

pub async fn verify_otp(app: &Arc<App>, request: VerifyOtp) -> Result<LoggedIn, VerifyOtpError> {
    let now = app.clock.now();
    let VerifyOtp { phone, code, origin } = request;
    spend_code(app, &phone, &code, &origin, now).await?;

    let (account, is_new_user, is_profile_complete, session) = app
        .db
        .write((Arc::clone(app), phone, origin, now), |tx, (app, phone, origin, now)| {
            Box::pin(log_in(tx, app, phone, origin, *now))
        })
        .await?;
    let ends = now + app.tokens.settings().refresh_life;
    let login = Login { user: account.id, role: account.role, session, ends };
    let sign = |token_type| app.tokens.sign(token_type, &login, now, &*app.rng);
    let (access, refresh) = (sign(TokenType::Access)?, sign(TokenType::Refresh)?);
    Ok(LoggedIn { access, refresh, account, is_profile_complete, is_new_user })
}

/// The guess is counted before it is compared, so that of any number at once only so many are.
async fn spend_code(
    app: &App,
    phone: &Phone,
    code: &Secret<String>,
    origin: &Origin,
    now: Timestamp,
) -> Result<(), VerifyOtpError> {
    let pair = Pair { phone: app.keys.phone_index(phone), address: origin.budget_key(&app.keys) };
    match app.state.guess(&pair, &app.otp, now).await? {
        Guess::Locked { until } => {
            Err(VerifyOtpError::PhoneBlocked { retry_after: Some(seconds_until(until, now)) })
        }
        Guess::NoCode => Err(VerifyOtpError::OtpExpired),
        Guess::Evaluate { challenge, hash, tries_left } => {
            if !app.keys.otp_matches(challenge, code.expose(), &hash) {
                app.state.fail(&pair, &app.otp, now).await?;
                return Err(VerifyOtpError::OtpInvalid { tries_left });
            }
            if app.state.consume(&pair, challenge).await? { Ok(()) } else { Err(VerifyOtpError::OtpExpired) }
        }
    }
}

async fn log_in(
    tx: &db::Conn,
    app: &App,
    phone: &Phone,
    origin: &Origin,
    now: Timestamp,
) -> Result<(Account, bool, bool, SessionId), VerifyOtpError> {
    store::blocks::lock(tx, &app.keys, phone).await?;
    if store::blocks::is_blocked(tx, &app.keys, phone).await? {
        return Err(VerifyOtpError::PhoneBlocked { retry_after: None });
    }
    let mut is_new = false;
    if store::accounts::by_phone(tx, &app.keys, phone).await?.is_none() {
        let id = UserId::new(now, &*app.rng);
        is_new = store::accounts::insert(tx, &app.keys, id, Role::Patient, phone, now).await?;
        if is_new {
            store::patients::insert_empty(tx, id).await?;
        }
    }
    let account = store::accounts::by_phone(tx, &app.keys, phone)
        .await?
        .ok_or_else(|| Fault::Internal("a user vanished".into()))?;
    let is_profile_complete = match account.role {
        Role::Patient => store::patients::is_complete(tx, account.id).await?,
        Role::Doctor => {
            let doctor = store::doctors::by_id(tx, &app.keys, account.id).await?;
            if doctor.is_none_or(|doctor| doctor.status == Status::Suspended) {
                return Err(VerifyOtpError::AccountSuspended);
            }
            true
        }
        Role::Staff | Role::Admin => true,
    };
    let session = Session {
        id: SessionId::new(now, &*app.rng),
        created_at: now,
        last_used_at: now,
        expires_at: now + app.tokens.settings().refresh_life,
        user_agent: origin.user_agent.clone(),
        address: origin.address.to_string(),
    };
    store::sessions::insert(tx, account.id, &session).await?;
    let by = By { actor: audit::Actor::User(account.id), request_id: Arc::clone(&origin.request_id) };
    let detail = if is_new { "first login" } else { "" };
    audit::append(tx, &app.keys, &by.event("session.start", Some(account.id), detail), now).await?;
    Ok((account, is_new, is_profile_complete, session.id))
}
