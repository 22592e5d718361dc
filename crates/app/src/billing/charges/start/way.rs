//! Which way the payer goes and comes back.

use std::sync::Arc;

use providers::Gateway;

use super::Start;
use crate::{
    App,
    billing::charges::{ChargeError, gateway},
};

/// Where the browser goes, and through which gateway.
pub(super) fn way(app: &App, input: &Start) -> Result<(String, Arc<dyn Gateway>), ChargeError> {
    let return_url = return_url(app, input.return_url.as_deref())?;
    Ok((return_url, gateway(app, input.gateway.as_deref())?))
}

/// The address that a browser may be sent back to: begins with one of those that are allowed, and nothing in it is for
/// anybody but the browser.
pub fn return_url(app: &App, wanted: Option<&str>) -> Result<String, ChargeError> {
    let sites = &app.billing.site_urls;
    let Some(wanted) = wanted else {
        return sites.first().map(|site| format!("{site}/pay/result/")).ok_or(ChargeError::ReturnUrl);
    };
    let is_plain = wanted.len() <= 2_000 && wanted.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let is_allowed = sites.iter().any(|site| {
        let rest = wanted.strip_prefix(site.as_str());
        // not `https://helssa.ir.example`, not `https://helssa.ir@example`
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    });
    if is_plain && is_allowed { Ok(wanted.to_owned()) } else { Err(ChargeError::ReturnUrl) }
}
