//! What production refuses to start with.

use store::keyring::Secrets;

use super::{Gateways, Sender, secrets::GENERATED, table::Reader};

/// What could be read of the settings that matter here.
pub(super) struct Parts<'a> {
    pub(super) secrets: Option<&'a Secrets>,
    pub(super) sender: Option<&'a Sender>,
    pub(super) urls: [(&'static str, Option<&'a String>); 2],
    pub(super) rate_limit: Option<bool>,
    pub(super) gateways: Option<&'a Gateways>,
}

/// Names every refusal, beside whatever else is wrong.
pub(super) fn refuse(r: &mut Reader, parts: &Parts<'_>) {
    let mut refuse = |sentence: String| {
        let _: Option<()> = r.wrong(sentence);
    };
    if let Some(secrets) = parts.secrets {
        let mut keys = secrets.token_keys.iter().chain(&secrets.data_keys).chain([&secrets.index_key]);
        if keys.any(|key| key.kid.starts_with(GENERATED)) {
            refuse(
                "secrets: production needs secrets of its own, not those generated for development; \
                 `helssa keys generate` makes them"
                    .to_owned(),
            );
        }
    }
    if matches!(parts.sender, Some(Sender::Inbox)) {
        refuse("sender.kind: production can't use the development inbox; set `kavenegar`".to_owned());
    }
    for (name, url) in &parts.urls {
        if let Some(url) = url.filter(|url| !url.starts_with("https://")) {
            refuse(format!("{name}: production needs an https:// URL, not {url}"));
        }
    }
    if parts.rate_limit == Some(false) {
        refuse("rate_limit.enabled: production can't lift the limits".to_owned());
    }
    for sentence in parts.gateways.map(Gateways::without_money).unwrap_or_default() {
        refuse(sentence.to_owned());
    }
}
