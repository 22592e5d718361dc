//! What the stand-ins for payment gateways run on: a server that answers from its orders, and the page of a payment.

use std::{io, ops::Deref, sync::Arc};

use super::{
    gateway::{Book, Stage},
    http::{Reply, Request, Scripted, page},
};

/// A server that answers from its orders; it stops when this is dropped.
pub struct GatewayServer {
    server: Scripted,
    book: Arc<Book>,
}

/// Its orders and troubles.
impl Deref for GatewayServer {
    type Target = Book;

    fn deref(&self) -> &Book {
        &self.book
    }
}

impl GatewayServer {
    pub(super) async fn start(
        answer: impl Fn(&Book, &Request) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let book = Arc::new(Book::default());
        let orders = Arc::clone(&book);
        let server = Scripted::answering(move |request| answer(&orders, request)).await?;
        Ok(Self { server, book })
    }

    /// Without a slash at the end.
    pub(super) fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// All calls until now.
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// Waits until so many have come whose path has this in it.
    pub async fn until_asked(&self, path: &str, times: usize) {
        let of = |all: &[Request]| all.iter().filter(|request| request.path.contains(path)).count();
        self.server.until(|all| of(all) >= times).await;
    }
}

/// Answers the payer who comes to the page of this order.
pub(super) fn pay_page(book: &Book, id: &str) -> Reply {
    match book.advance(id, &[Stage::Asked], Stage::Visited) {
        Some(_) => page(200, b"<html>pay</html>"),
        None => page(404, b"<html>no such payment</html>"),
    }
}
