//! The development gateway, its orders in memory instead of the database.

use std::{collections::BTreeMap, sync::Arc};

use helssa_providers::gateways::{
    BoxFuture, Gateway, Inquired, Order, Refunded, Requested, Sandbox, SandboxOrder, SandboxState,
    SandboxStatus, Verified, sandbox_authority,
};
use parking_lot::Mutex;
use serde_json::Value;

use crate::{amount, go, order, rials, verify};

/// An order, and whether it was verified.
type Kept = (SandboxOrder, bool);

#[derive(Default)]
struct Memory {
    orders: Mutex<BTreeMap<String, Kept>>,
    broken: Mutex<bool>,
}

impl Memory {
    fn put(&self, authority: &str, status: SandboxStatus) {
        if let Some((order, _)) = self.orders.lock().get_mut(authority) {
            order.status = status;
        }
    }

    fn answer<T: Send + 'static>(&self, value: T) -> BoxFuture<'_, Result<T, String>> {
        let broken = *self.broken.lock();
        let answer = if broken { Err("the database is away".to_owned()) } else { Ok(value) };
        Box::pin(std::future::ready(answer))
    }
}

impl SandboxState for Memory {
    fn open<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Result<String, String>> {
        let mut orders = self.orders.lock();
        let nth = u16::try_from(orders.len() + 1).unwrap();
        let authority = sandbox_authority(order.id, nth);
        let kept = SandboxOrder { amount: order.amount, status: SandboxStatus::Pending };
        orders.insert(authority.clone(), (kept, false));
        self.answer(authority)
    }

    fn look<'a>(&'a self, authority: &'a str) -> BoxFuture<'a, Result<Option<SandboxOrder>, String>> {
        let found = self.orders.lock().get(authority).map(|(order, _)| *order);
        self.answer(found)
    }

    fn mark_verified<'a>(&'a self, authority: &'a str) -> BoxFuture<'a, Result<bool, String>> {
        let mut orders = self.orders.lock();
        let first = orders.get_mut(authority).is_some_and(|(_, verified)| !std::mem::replace(verified, true));
        self.answer(first)
    }

    fn reverse<'a>(&'a self, authority: &'a str) -> BoxFuture<'a, Result<(), String>> {
        let mut orders = self.orders.lock();
        if let Some((order, _)) =
            orders.get_mut(authority).filter(|(o, _)| o.status == SandboxStatus::Succeeded)
        {
            order.status = SandboxStatus::Reversed;
        }
        self.answer(())
    }
}

fn start() -> (Arc<Memory>, Sandbox) {
    let memory = Arc::new(Memory::default());
    let sandbox = Sandbox::new(memory.clone(), "http://127.0.0.1:8000".to_owned());
    (memory, sandbox)
}

#[tokio::test]
async fn a_payment_from_its_request_to_its_money_and_back() {
    let (memory, gateway) = start();
    let (authority, pay_url) = go(&gateway, 7).await;
    assert_eq!(pay_url, format!("http://127.0.0.1:8000/dev/pay/{authority}"));
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "unknown");
    assert_eq!(gateway.inquire(&authority, &Value::Null).await, Inquired::Pending);
    memory.put(&authority, SandboxStatus::Succeeded);
    let other = gateway.verify(&authority, rials(10), &Value::Null).await;
    assert!(matches!(other, Verified::NotPaid(_)), "{other:?}");
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "paid");
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "already");
    assert_eq!(gateway.reverse(&authority, amount(), &Value::Null).await, Refunded::Done);
    assert_eq!(gateway.reverse(&authority, amount(), &Value::Null).await, Refunded::Done);
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "not paid");
}

#[tokio::test]
async fn each_request_is_another_authority() {
    let (_, gateway) = start();
    let (first, _) = go(&gateway, 7).await;
    let (second, _) = go(&gateway, 7).await;
    assert_ne!(first, second);
    assert!(first.starts_with('S') && first.len() == 36, "{first}");
}

#[tokio::test]
async fn what_failed_or_is_unknown_is_not_paid() {
    let (memory, gateway) = start();
    let (authority, _) = go(&gateway, 7).await;
    memory.put(&authority, SandboxStatus::Failed);
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "not paid");
    let refunded = gateway.reverse(&authority, amount(), &Value::Null).await;
    assert!(matches!(refunded, Refunded::Impossible(_)), "{refunded:?}");
    assert_eq!(verify(&gateway, "S123", &Value::Null).await, "not paid");
}

#[tokio::test]
async fn without_its_database_nothing_is_known() {
    let (memory, gateway) = start();
    let (authority, _) = go(&gateway, 7).await;
    memory.put(&authority, SandboxStatus::Succeeded);
    *memory.broken.lock() = true;
    assert!(matches!(gateway.request(&order(8)).await, Requested::Unknown(_)));
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "unknown");
    let refunded = gateway.reverse(&authority, amount(), &Value::Null).await;
    assert!(matches!(refunded, Refunded::Unknown(_)), "{refunded:?}");
}

#[test]
fn a_callback_is_like_zarinpals() {
    let (_, gateway) = start();
    let params = |status: &str| {
        vec![("Authority".to_owned(), "S123".to_owned()), ("Status".to_owned(), status.to_owned())]
    };
    assert!(gateway.read_callback(&params("OK")).is_some_and(|callback| callback.claims_ok));
    assert!(gateway.read_callback(&params("NOK")).is_some_and(|callback| !callback.claims_ok));
    assert_eq!(gateway.read_callback(&[]), None);
}
