//! The payment gateways. Each is there where its key is set; the sandbox, in development.

use std::time::Duration;

use providers::gateways::{BitpaySettings, IdpaySettings, ZarinpalSettings};

use super::{
    Mode,
    table::{self, Reader},
};

/// What is asked of a gateway while a payer waits.
const TIMEOUT: Duration = Duration::from_secs(8);

/// The gateways that are set up.
#[derive(Clone, Debug)]
pub struct Gateways {
    pub zarinpal: Option<ZarinpalSettings>,
    pub bitpay: Option<BitpaySettings>,
    pub idpay: Option<IdpaySettings>,
    /// The development gateway: a page of this program, without money.
    pub sandbox: bool,
}

impl Gateways {
    /// Settings that would credit what nobody has paid, with what is wrong about each.
    pub(super) fn without_money(&self) -> Vec<&'static str> {
        let zarinpal = self.zarinpal.as_ref().is_some_and(|set| set.base_url.contains("://sandbox."));
        let bitpay = self.bitpay.as_ref().is_some_and(|set| set.base_url.contains("payment-test"));
        let idpay = self.idpay.as_ref().is_some_and(|set| set.sandbox);
        [
            (zarinpal, "gateways.zarinpal.base_url: production can't use ZarinPal's sandbox"),
            (bitpay, "gateways.bitpay.base_url: production can't use BitPay's test gateway"),
            (idpay, "gateways.idpay.sandbox: production can't use IDPay's sandbox"),
            (self.sandbox, "gateways.sandbox.enabled: production can't use the development gateway"),
        ]
        .into_iter()
        .filter_map(|(set, sentence)| set.then_some(sentence))
        .collect()
    }
}

pub(super) fn read(r: &mut Reader, mode: Option<Mode>) -> Option<Gateways> {
    let zarinpal_key = r.optional("gateways.zarinpal.merchant_id", table::secret);
    let zarinpal_url = r.get("gateways.zarinpal.base_url", table::url);
    let bitpay_key = r.optional("gateways.bitpay.api_key", table::secret);
    let bitpay_url = r.get("gateways.bitpay.base_url", table::url);
    let idpay_key = r.optional("gateways.idpay.api_key", table::secret);
    let idpay_url = r.get("gateways.idpay.base_url", table::url);
    let idpay_sandbox = r.get("gateways.idpay.sandbox", table::parse::<bool>);
    let sandbox = r.optional("gateways.sandbox.enabled", table::parse::<bool>);
    let in_development = mode? == Mode::Development;
    let (zarinpal_url, bitpay_url, idpay_url) = (zarinpal_url?, bitpay_url?, idpay_url?);
    let idpay_sandbox = idpay_sandbox?;
    Some(Gateways {
        zarinpal: zarinpal_key?.map(|merchant_id| ZarinpalSettings {
            base_url: zarinpal_url,
            merchant_id,
            accept_sandbox: in_development,
            timeout: TIMEOUT,
        }),
        bitpay: bitpay_key?.map(|api_key| BitpaySettings { base_url: bitpay_url, api_key, timeout: TIMEOUT }),
        idpay: idpay_key?.map(|api_key| IdpaySettings {
            base_url: idpay_url,
            api_key,
            sandbox: idpay_sandbox,
            timeout: TIMEOUT,
        }),
        sandbox: sandbox?.unwrap_or(in_development),
    })
}
