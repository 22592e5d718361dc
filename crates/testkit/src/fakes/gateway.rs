//! What the stand-ins for payment gateways have in common: their orders, and what goes wrong on the way.

use std::collections::VecDeque;

use parking_lot::Mutex;

use super::http::Reply;

/// Where an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Asked,
    /// The payer is on the page.
    Visited,
    Paid,
    Failed,
    /// The merchant has taken the money.
    Verified,
    /// The payer has it again.
    Reversed,
}

/// A payment that a merchant asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// The gateway's own name for it.
    pub id: String,
    /// Rials.
    pub amount: i64,
    pub callback_url: String,
    /// The merchant's name for it.
    pub order_id: String,
    pub stage: Stage,
}

/// What becomes of one answer. But for [`Trouble::Instead`] what was asked for is done all the same: so it is
/// when the network breaks after the money was taken.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// Never answered.
    Silence,
    /// The connection is reset.
    Reset,
    /// The answer breaks off.
    Cut,
    /// The answer comes byte by byte.
    Slowly,
    /// This comes instead of the answer.
    Garbled(Reply),
    /// Nothing is done, and this is answered.
    Instead(Reply),
}

/// The orders of one gateway.
#[derive(Default)]
pub struct Book {
    orders: Mutex<Vec<Order>>,
    troubles: Mutex<VecDeque<(&'static str, Trouble)>>,
}

impl Book {
    /// All orders, in the order of their requests.
    pub fn orders(&self) -> Vec<Order> {
        self.orders.lock().clone()
    }

    pub fn get(&self, id: &str) -> Option<Order> {
        self.orders.lock().iter().find(|order| order.id == id).cloned()
    }

    /// Where an order is; none where there is no such order.
    pub fn stage(&self, id: &str) -> Option<Stage> {
        self.get(id).map(|order| order.stage)
    }

    /// Puts an order somewhere, whatever it was.
    pub fn put(&self, id: &str, stage: Stage) {
        if let Some(order) = self.orders.lock().iter_mut().find(|order| order.id == id) {
            order.stage = stage;
        }
    }

    /// The next call of this method (as in the path) goes wrong like that. Troubles of one method wait in line.
    pub fn trouble(&self, method: &'static str, trouble: Trouble) {
        self.troubles.lock().push_back((method, trouble));
    }

    /// Keeps a new order; its id is made from its number.
    pub(super) fn open(
        &self,
        id: impl FnOnce(usize) -> String,
        (amount, callback_url, order_id): (i64, String, String),
    ) -> String {
        let mut orders = self.orders.lock();
        let id = id(orders.len() + 1);
        orders.push(Order { id: id.clone(), amount, callback_url, order_id, stage: Stage::Asked });
        id
    }

    /// Turns one stage into another, at most once; answers the stage before.
    pub(super) fn advance(&self, id: &str, from: &[Stage], to: Stage) -> Option<Stage> {
        let mut orders = self.orders.lock();
        let order = orders.iter_mut().find(|order| order.id == id)?;
        let before = order.stage;
        if from.contains(&before) {
            order.stage = to;
        }
        Some(before)
    }

    /// Does what was asked for, and answers through whatever trouble waits for this method.
    pub(super) fn through(&self, method: &str, act: impl FnOnce() -> Reply) -> Reply {
        let trouble = {
            let mut troubles = self.troubles.lock();
            let next = troubles.iter().position(|(of, _)| *of == method);
            next.and_then(|next| troubles.remove(next)).map(|(_, trouble)| trouble)
        };
        if let Some(Trouble::Instead(reply)) = trouble {
            return reply;
        }
        let reply = act();
        match trouble {
            Some(Trouble::Silence) => Reply::Silence,
            Some(Trouble::Reset) => Reply::Reset,
            Some(Trouble::Cut) => Reply::Cut(200, b"{".to_vec()),
            Some(Trouble::Slowly) => Reply::Slowly(Box::new(reply)),
            Some(Trouble::Garbled(garbage) | Trouble::Instead(garbage)) => garbage,
            None => reply,
        }
    }
}
