//! Asked for a payment, and what became of it.

use domain::Rials;
use providers::gateways::{Order as Wish, Requested, Verified};
use serde_json::Value;

use super::{
    SimGateway, index,
    mishaps::{Mishap, REQUEST, VERIFY},
    names::{authority, number, page},
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
                let _nobody_is_sent_there = bank.open(self.index, wish.id, wish.amount, wish.at);
            }
            _ => {}
        }
        let key = bank.open(self.index, wish.id, wish.amount, wish.at);
        bank.baton.breathe().await;
        if mishap == Mishap::LostAfter {
            return Requested::Unknown("timed out".to_owned());
        }
        Requested::Go { authority: authority(key.1), pay_url: page(key) }
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
