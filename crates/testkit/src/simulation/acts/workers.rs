//! What workers do on a node, each by its own schedule.

use std::sync::Arc;

use app::{
    App,
    billing::{self, charges, holds, refunds, subscriptions},
    visits,
};

use crate::simulation::{
    check::check_ends,
    outcome::{Expect, Outcome},
};

/// Work that answers with how many things it has done.
macro_rules! counted {
    ($work:expr) => {
        match $work.await {
            Ok(_) => Outcome::new("done", Expect::Any),
            Err(fault) => Outcome::from(fault),
        }
    };
}

pub(in crate::simulation) async fn sweep(app: Arc<App>) -> Outcome {
    counted!(charges::sweep(&app))
}

/// Goes on with what gateways have not answered clearly.
pub(in crate::simulation) async fn finish_refunds(app: Arc<App>) -> Outcome {
    counted!(refunds::finish_due(&app))
}

pub(in crate::simulation) async fn renew(app: Arc<App>) -> Outcome {
    counted!(subscriptions::look_after_due(&app))
}

pub(in crate::simulation) async fn give_up(app: Arc<App>) -> Outcome {
    counted!(subscriptions::give_up_unpaid(&app))
}

/// What was due at its beginning has ended afterwards.
pub(in crate::simulation) async fn expire_holds(app: Arc<App>) -> Outcome {
    let now = app.clock.now();
    if let Err(fault) = holds::expire_due(&app).await {
        return fault.into();
    }
    match check_ends(&app, now).await {
        Some(text) => Outcome::wrong(text),
        None => Outcome::new("done", Expect::Any),
    }
}

pub(in crate::simulation) async fn expire_visits(app: Arc<App>) -> Outcome {
    match visits::expire_due(&app).await {
        Ok(_) => Outcome::refused("done"),
        Err(fault) => fault.into(),
    }
}

pub(in crate::simulation) async fn jobs(app: Arc<App>) -> Outcome {
    counted!(app::jobs::run_due(&app))
}

pub(in crate::simulation) async fn cron(app: Arc<App>) -> Outcome {
    counted!(app::jobs::run_cron(&app))
}

/// As the program does every minute.
pub(in crate::simulation) async fn verify_a_little(app: Arc<App>) -> Outcome {
    match billing::verify_a_little(&app).await {
        Ok(0) => Outcome::refused("done"),
        Ok(faults) => Outcome::wrong(format!("the program finds {faults} faults in its ledger")),
        Err(fault) => fault.into(),
    }
}

pub(in crate::simulation) async fn forget(app: Arc<App>) -> Outcome {
    match app::maintenance::forget_what_is_old(&app).await {
        Ok(_) => Outcome::refused("done"),
        Err(fault) => fault.into(),
    }
}
