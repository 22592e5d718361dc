//! The outside world, one module per service behind a small trait. Nothing in here decides; it
//! carries a message and says what surely happened, what surely didn't, and what it can't know.

pub mod gateways;
mod http;
mod inbox;
mod kavenegar;
mod kavenegar_text;
mod otp;
mod text;
mod whatsapp;

pub use gateways::{Gateway, Gateways};
pub use inbox::{Inbox, Message};
pub use kavenegar::{Kavenegar, Settings as KavenegarSettings};
pub use otp::{Delivery, NotSent, OtpMessage, OtpSender};
pub use text::{TextMessage, TextSender};
pub use whatsapp::{Settings as WhatsappSettings, Whatsapp};
