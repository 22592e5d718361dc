//! One route for every spelling of its path (D1): `/v1/…` is `/api/v1/…`, and a missing slash at the end
//! is there. No redirects: a redirected POST loses its body.

use axum::http::{Uri, uri::PathAndQuery};

/// What the path asks for.
pub(super) enum Asked {
    /// A path to give to the router.
    Path,
    /// Another version of the API.
    OtherVersion,
}

/// Rewrites the path to the one that routes are written with.
pub(super) fn normalize(uri: &mut Uri) -> Asked {
    let path = uri.path();
    let rest = path.strip_prefix("/api").unwrap_or(path);
    if is_version(rest) && !(rest == "/v1" || rest.starts_with("/v1/")) {
        return Asked::OtherVersion;
    }
    let prefix = if rest.starts_with("/v1/") && rest.len() == path.len() { "/api" } else { "" };
    let is_page = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    let slash = if path.ends_with('/') || path == "/metrics" || is_page { "" } else { "/" };
    if prefix.is_empty() && slash.is_empty() {
        return Asked::Path;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Ok(new) = PathAndQuery::try_from(format!("{prefix}{path}{slash}{query}")) {
        let mut parts = std::mem::take(uri).into_parts();
        parts.path_and_query = Some(new);
        *uri = Uri::from_parts(parts).unwrap_or_default();
    }
    Asked::Path
}

/// `/v` and digits, then nothing or a slash.
fn is_version(path: &str) -> bool {
    path.strip_prefix("/v").is_some_and(|rest| {
        let end = rest.find('/').unwrap_or(rest.len());
        end > 0 && rest[..end].bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_one_path() {
        for (asked, path) in [
            ("/v1/auth/refresh", "/api/v1/auth/refresh/"),
            ("/v1/auth/refresh/", "/api/v1/auth/refresh/"),
            ("/api/v1/auth/refresh", "/api/v1/auth/refresh/"),
            ("/api/v1/auth/refresh/", "/api/v1/auth/refresh/"),
            ("/v1/x?a=b/c", "/api/v1/x/?a=b/c"),
            ("/health", "/health/"),
            ("/metrics", "/metrics"),
            ("/api/docs/scalar.js", "/api/docs/scalar.js"),
            ("/", "/"),
        ] {
            let mut uri: Uri = asked.parse().unwrap();
            assert!(matches!(normalize(&mut uri), Asked::Path), "{asked}");
            assert_eq!(uri.to_string(), path, "{asked}");
        }
    }

    #[test]
    fn other_versions_are_told_apart() {
        for asked in ["/api/v2/auth/refresh/", "/v2", "/api/v10/", "/v0/x"] {
            assert!(matches!(normalize(&mut asked.parse().unwrap()), Asked::OtherVersion), "{asked}");
        }
        for asked in ["/api/v1", "/vine/", "/api/version/", "/v/", "/v1x/"] {
            assert!(matches!(normalize(&mut asked.parse().unwrap()), Asked::Path), "{asked}");
        }
    }
}
