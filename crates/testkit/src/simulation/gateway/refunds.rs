//! Asked to give a payment back, whether it has, and which payments it would give back by itself.

use domain::{Rials, SignedDuration};
use providers::gateways::{Inquired, Refunded};
use uuid::Uuid;

use super::{
    SimGateway,
    asked::LISTS_AT,
    index,
    mishaps::{BACK, INQUIRE, LIST, Mishap},
    names::{authority, number},
};
use crate::simulation::chance::Dice;

/// What is asked for takes effect so many seconds later at most: a while before the program believes a "no".
const LATE: i64 = 8 * 60;

impl SimGateway {
    /// All of it without an id, else so much of it.
    pub(super) async fn gave_back(&self, name: &str, amount: Rials, id: Option<Uuid>) -> Refunded {
        let bank = &*self.bank;
        let Some(number) = number(name) else { return Refunded::Impossible("-54".to_owned()) };
        let key = (self.index, number);
        let call = bank.with(|truth| truth.count_call(key));
        let mut dice = Dice::of(&[bank.seed, BACK, index(self.index), number, call]);
        let mishap = bank.mishap(
            &mut dice,
            &[
                (16, Mishap::LostBefore, "refund lost on its way"),
                (16, Mishap::LostAfter, "refunded, answer lost"),
                (12, Mishap::Refused, "refund refused"),
                (5, Mishap::Slow, "slow refund"),
                (8, Mishap::Twice, "refund sent twice"),
                (8, Mishap::Late, "refunded later"),
            ],
        );
        let late = SignedDuration::from_secs(dice.between(1, LATE));
        bank.baton.breathe().await;
        let is_mute = bank.with(|truth| truth.order(key).is_some_and(|order| order.is_mute));
        match mishap {
            // the other half does it, and never says so
            _ if is_mute && number.is_multiple_of(2) => return Refunded::Unknown("no answer".to_owned()),
            Mishap::LostBefore => return Refunded::Unknown("not sent".to_owned()),
            // nobody says no to what was done before
            Mishap::Refused if !bank.with(|truth| truth.is_given(key, id)) => {
                return if is_mute {
                    Refunded::Unknown("no answer".to_owned())
                } else {
                    Refunded::Impossible("-51".to_owned())
                };
            }
            Mishap::Slow => bank.slow(&mut dice),
            Mishap::Late if id.is_none() => {
                let now = bank.now();
                if bank.with(|truth| truth.reverse_later(key, (now, now + late))) {
                    return Refunded::Unknown("timed out".to_owned());
                }
            }
            _ => {}
        }
        let ask = || {
            let now = bank.now();
            bank.with(|truth| match id {
                Some(id) => truth.give_back(key, amount, id),
                None => truth.reverse(key, amount, now),
            })
        };
        let mut said = ask();
        if mishap == Mishap::Twice {
            said = ask();
        }
        bank.baton.breathe().await;
        if is_mute || mishap == Mishap::LostAfter {
            return Refunded::Unknown("timed out".to_owned());
        }
        said
    }

    pub(super) async fn inquired(&self, name: &str) -> Inquired {
        let bank = &*self.bank;
        let Some(number) = number(name) else { return Inquired::Unknown("-54".to_owned()) };
        let key = (self.index, number);
        let call = bank.with(|truth| truth.count_call(key));
        let mut dice = Dice::of(&[bank.seed, INQUIRE, index(self.index), number, call]);
        let mishap = bank.mishap(&mut dice, &[(15, Mishap::LostAfter, "inquiry lost")]);
        bank.baton.breathe().await;
        let now = bank.now();
        let said = bank.with(|truth| {
            let is_mute = truth.order(key).is_some_and(|order| order.is_mute);
            (!is_mute).then(|| truth.inquire(key, now))
        });
        bank.baton.breathe().await;
        match said {
            Some(said) if mishap == Mishap::None => said,
            _ => Inquired::Unknown("timed out".to_owned()),
        }
    }

    /// None where it can't be reached; now and then it forgets some, or names others.
    pub(super) async fn listed(&self) -> Option<Vec<String>> {
        if self.index != LISTS_AT {
            return None;
        }
        let bank = &*self.bank;
        let call = bank.with(|truth| truth.count_list(self.index));
        let mut dice = Dice::of(&[bank.seed, LIST, index(self.index), call]);
        let mishap = bank.mishap(
            &mut dice,
            &[
                (10, Mishap::LostBefore, "list of the unverified lost"),
                (10, Mishap::Late, "list of the unverified not whole"),
                (10, Mishap::Twice, "list of the unverified with others"),
            ],
        );
        bank.baton.breathe().await;
        let now = bank.now();
        let mut numbers = bank.with(|truth| truth.unverified(self.index, now));
        bank.baton.breathe().await;
        match mishap {
            Mishap::LostBefore => return None,
            Mishap::Late => numbers.truncate(numbers.len() / 2),
            // one that is another's, and one that is nobody's
            Mishap::Twice => numbers.extend([1, 999_999_999]),
            _ => {}
        }
        Some(numbers.into_iter().map(authority).collect())
    }
}
