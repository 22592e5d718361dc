//! The layer.

use db::{Conn, Db};
use uuid::Uuid;

use crate::workload::{Booking, CHANGE, DETAIL, NOTE, PAGE, POINT, Peer, Visit};

#[derive(Clone)]
pub struct Ours(pub Db);

impl Peer for Ours {
    async fn point(&self, visit: Uuid) -> Visit {
        self.0.one(POINT, &[&visit]).await.unwrap().unwrap()
    }

    async fn page(&self, doctor: i64) -> Vec<Visit> {
        self.0.all(PAGE, &[&doctor]).await.unwrap()
    }

    async fn book(&self, booking: Booking) {
        self.0.write(booking, |tx, booking| Box::pin(change(tx, booking))).await.unwrap();
    }
}

async fn change(tx: &Conn, booking: &Booking) -> db::Result<()> {
    tx.exec(CHANGE, &[&booking.visit, &booking.price]).await?;
    tx.exec(NOTE, &[&booking.event, &booking.visit, &booking.price, &DETAIL]).await?;
    Ok(())
}
