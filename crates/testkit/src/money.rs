//! Money in tests. It comes from nowhere: from the clearing account of a gateway named `test`.

use std::sync::Arc;

use app::{
    App,
    visits::{Settled, payments::Source},
};
use domain::{
    Clock, Rials,
    ids::{UserId, VisitId},
    ledger::{Account, Posting, PostingKind},
};

use crate::{TestApp, User, database::unique};

/// Rials.
pub const PLENTY: i64 = 100_000_000;

impl TestApp {
    /// A patient with money enough for everything that a test buys.
    pub async fn rich_patient(&self) -> User {
        let patient = self.patient().await;
        self.give(&patient, PLENTY).await;
        patient
    }

    /// So many Rials more in the user's wallet.
    pub async fn give(&self, user: &User, rials: i64) {
        let user = UserId(user.id.parse().unwrap());
        let posting = Posting::transfer(
            PostingKind::Charge,
            format!("test:{}", unique()),
            None,
            "شارژ کیف پول",
            (Account::clearing("test"), Account::wallet(user), Rials::new(rials).unwrap()),
        )
        .unwrap();
        let input = (Arc::clone(&self.app), posting, self.clock.now());
        self.app
            .db
            .write(input, |tx, (app, posting, now)| {
                Box::pin(async move { app::billing::post(tx, app, posting, *now).await })
            })
            .await
            .unwrap();
    }

    /// So many Rials come through a gateway for this visit.
    pub async fn arrives(app: &Arc<App>, visit: VisitId, rials: i64) -> Settled {
        let now = app.clock.now();
        let charge = domain::ids::new_v7(now, &*app.rng);
        let source = Source { gateway: "sandbox".into(), charge };
        let input = (Arc::clone(app), visit, source, Rials::new(rials).unwrap(), now);
        app.db
            .write(input, |tx, (app, visit, source, amount, now)| {
                Box::pin(app::visits::settle(tx, app, *visit, source, *amount, *now))
            })
            .await
            .unwrap()
    }

    /// What an account of the ledger holds.
    pub async fn holds(&self, account: &Account) -> i64 {
        self.app
            .db
            .read(account, |c, account| Box::pin(async move { store::ledger::balance(c, account).await }))
            .await
            .unwrap()
    }

    /// What this user can spend.
    pub async fn spendable(&self, user: &User) -> i64 {
        self.holds(&Account::wallet(UserId(user.id.parse().unwrap()))).await
    }

    /// Every balance is proven by its entries, and every posting sums to zero.
    pub async fn expect_a_sound_ledger(&self) {
        let report = app::billing::verify(&self.app).await.unwrap();
        assert!(report.faults.is_empty(), "{:?}", report.faults);
    }
}
