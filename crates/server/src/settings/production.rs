//! What production refuses to start with.

use super::{Sender, Settings, secrets::GENERATED};

pub(super) fn refusals(settings: &Settings) -> Vec<String> {
    let mut refusals = Vec::new();
    let secrets = &settings.secrets;
    let keys = secrets.token_keys.iter().chain(&secrets.data_keys).chain([&secrets.index_key]);
    if keys.clone().any(|key| key.kid.starts_with(GENERATED)) {
        refusals.push(
            "secrets: production needs secrets of its own, not those generated for development; \
             `helssa keys generate` makes them"
                .to_owned(),
        );
    }
    if matches!(settings.sender, Sender::Inbox) {
        refusals.push("sender.kind: production can't use the development inbox; set `kavenegar`".to_owned());
    }
    for (name, url) in
        [("public.api_url", &settings.public_api_url), ("public.site_url", &settings.public_site_url)]
    {
        if !url.starts_with("https://") {
            refusals.push(format!("{name}: production needs an https:// URL, not {url}"));
        }
    }
    if settings.rate_limit.is_none() {
        refusals.push("rate_limit.enabled: production can't lift the limits".to_owned());
    }
    refusals
}
