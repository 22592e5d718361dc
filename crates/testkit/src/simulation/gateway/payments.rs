//! Asked for a payment, and what became of it.

use domain::Rials;
use providers::gateways::{Order as Wish, Requested, Verified};
use serde_json::Value;

use super::{
    SimGateway,
    asked::{RETURNS_AFTER, RETURNS_AT},
    index,
    mishaps::{Mishap, REQUEST, VERIFY},
    names::{Key, authority, number, page},
};
use crate::simulation::chance::Dice;

impl SimGateway {
    pub(super) async fn requested(&self, wish: &Wish) -> Requested {
        let bank = &*self.bank;
        let call = bank.with(|truth| truth.count_request(self.index));
        let mut dice = Dice::of(&[bank.seed, REQUEST, index(self.index), call]);
        let mishap = bank.mishap(
            &mut dice,
            &[
                (6, Mishap::Refused, "request refused"),
                (5, Mishap::LostBefore, "request lost on its way"),
                (6, Mishap::LostAfter, "authority made, answer lost"),
                (6, Mishap::Slow, "slow request"),
                (5, Mishap::Twice, "request sent twice"),
            ],
        );
        bank.baton.breathe().await;
        match mishap {
            Mishap::Refused => return Requested::Refused("-11".to_owned()),
            Mishap::LostBefore => return Requested::Unknown("not sent".to_owned()),
            Mishap::Slow => bank.slow(&mut dice),
            Mishap::Twice => {
                let _nobody_is_sent_there = self.open(wish);
            }
            _ => {}
        }
        let key = self.open(wish);
        bank.baton.breathe().await;
        if mishap == Mishap::LostAfter {
            return Requested::Unknown("timed out".to_owned());
        }
        Requested::Go { authority: authority(key.1), pay_url: page(key) }
    }

    /// A new payment.
    fn open(&self, wish: &Wish) -> Key {
        let key = self.bank.open(self.index, wish.id, wish.amount, wish.at);
        if self.index == RETURNS_AT {
            self.bank.with(|truth| {
                if let Some(order) = truth.order_mut(key) {
                    order.returns = Some(RETURNS_AFTER);
                }
            });
        }
        key
    }

    pub(super) async fn verified(&self, name: &str, amount: Rials, extra: &Value) -> Verified {
        let bank = &*self.bank;
        let Some(number) = number(name) else { return Verified::NotPaid("-54".to_owned()) };
        let key = (self.index, number);
        let call = bank.with(|truth| truth.count_call(key));
        let mut dice = Dice::of(&[bank.seed, VERIFY, index(self.index), number, call]);
        let mishap = bank.mishap(
            &mut dice,
            &[
                (6, Mishap::LostBefore, "verify lost on its way"),
                (8, Mishap::LostAfter, "verified, answer lost"),
                (4, Mishap::Slow, "slow verify"),
                (5, Mishap::Twice, "verify sent twice"),
                (5, Mishap::MeanwhileBefore, "another asks before the gateway has heard"),
                (5, Mishap::MeanwhileAfter, "another asks before the answer is here"),
            ],
        );
        bank.baton.breathe().await;
        match mishap {
            Mishap::LostBefore => return Verified::Unknown("not sent".to_owned()),
            Mishap::Slow => bank.slow(&mut dice),
            Mishap::MeanwhileBefore => bank.meanwhile(key, &mut dice).await,
            _ => {}
        }
        let ask = || bank.with(|truth| truth.verify(key, amount, extra, bank.now()));
        let mut said = ask();
        if mishap == Mishap::Twice {
            said = ask();
        }
        bank.baton.breathe().await;
        match mishap {
            Mishap::LostAfter => return Verified::Unknown("timed out".to_owned()),
            Mishap::MeanwhileAfter => bank.meanwhile(key, &mut dice).await,
            _ => {}
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{Clock as _, SignedDuration};
    use providers::Gateway as _;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::{
        MovableClock,
        simulation::{
            gateway::{Bank, key_of},
            truth::Paying,
        },
    };

    #[tokio::test]
    async fn what_idpay_is_asked_about_too_late_is_its_payers_again() {
        for (seconds, is_ours) in [(599, true), (600, false)] {
            let clock = Arc::new(MovableClock::default());
            let bank = Bank::new(1, Arc::clone(&clock));
            bank.calm();
            let gateway = SimGateway::of(&bank, RETURNS_AT);
            let wish = Wish {
                id: Uuid::from_u128(1),
                amount: Rials::new(5_000).unwrap(),
                callback_url: String::new(),
                description: String::new(),
                phone: None,
                at: clock.now(),
            };
            let Requested::Go { authority, pay_url } = gateway.request(&wish).await else {
                panic!("no authority")
            };
            assert_eq!(bank.press(key_of(&pay_url).unwrap(), true), Paying::Paid);
            clock.advance(SignedDuration::from_secs(seconds));
            let extra = json!({ "order": wish.id.simple().to_string() });
            let said = gateway.verify(&authority, wish.amount, &extra).await;
            assert_eq!(matches!(said, Verified::Paid { .. }), is_ours, "{said:?}");
            // nobody credits it here: what went back needs no credit
            let wrong = bank.with(|truth| truth.unsettled(clock.now()));
            assert_eq!(wrong.is_empty(), !is_ours, "{wrong:?}");
        }
    }
}
