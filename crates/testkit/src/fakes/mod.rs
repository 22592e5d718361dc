//! Stand-ins for the outside world: servers that answer by a script, and the documented answers of
//! the services that they stand in for.

pub mod bitpay;
pub mod gateway;
pub mod gateway_server;
pub mod http;
pub mod idpay;
pub mod kavenegar;
pub mod whatsapp;
pub mod zarinpal;
