//! Answers of the WhatsApp Business Cloud API, as documented
//! (<https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes>).

use serde_json::json;

use super::http::Reply;

/// Refusals that the documentation lists: HTTP status, code, title.
pub const DOCUMENTED: &[(u16, i64, &str)] = &[
    // authorization
    (401, 0, "AuthException"),
    (500, 3, "API Method"),
    (403, 10, "Permission Denied"),
    (401, 190, "Access token has expired"),
    (403, 200, "API Permission"),
    (403, 299, "API Permission"),
    // throttling
    (400, 4, "API Too Many Calls"),
    (400, 80_007, "Rate limit issues"),
    (400, 130_429, "Rate limit hit"),
    (400, 131_048, "Spam rate limit hit"),
    (400, 131_056, "(Business Account, Consumer Account) pair rate limit hit"),
    (400, 133_016, "Account register deregister rate limit exceeded"),
    // integrity
    (403, 368, "Temporarily blocked for policies violations"),
    (403, 130_497, "Business account is restricted from messaging users in this country"),
    (403, 131_031, "Account has been locked"),
    // the message, its recipient and its template
    (400, 1, "API Unknown"),
    (503, 2, "API Service"),
    (400, 33, "Parameter value is not valid"),
    (400, 100, "Invalid parameter"),
    (400, 130_472, "User's number is part of an experiment"),
    (500, 131_000, "Something went wrong"),
    (403, 131_005, "Access denied"),
    (400, 131_008, "Required parameter is missing"),
    (400, 131_009, "Parameter value is not valid"),
    (500, 131_016, "Service unavailable"),
    (400, 131_021, "Recipient cannot be sender"),
    (400, 131_026, "Message undeliverable"),
    (400, 131_030, "Recipient phone number not in allowed list"),
    (400, 131_037, "WhatsApp provided number needs display name approval before message can be sent"),
    (400, 131_042, "Business eligibility payment issue"),
    (500, 131_045, "Incorrect certificate"),
    (400, 131_047, "Re-engagement message"),
    (400, 131_049, "Meta chose not to deliver"),
    (400, 131_051, "Unsupported message type"),
    (500, 131_057, "Account in maintenance mode"),
    (400, 132_000, "Template Param Count Mismatch"),
    (404, 132_001, "Template does not exist"),
    (400, 132_005, "Template Hydrated Text Too Long"),
    (400, 132_007, "Template Format Character Policy Violated"),
    (400, 132_012, "Template Parameter Format Mismatch"),
    (400, 132_015, "Template is Paused"),
    (400, 132_016, "Template is Disabled"),
    // the sending number
    (503, 133_004, "Server Temporarily Unavailable"),
    (400, 133_010, "Phone number Not Registered"),
    (400, 135_000, "Generic user error"),
];

/// The message was taken, for this number (`989121234567`).
pub fn accepted(to: &str) -> Reply {
    let body = json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": to, "wa_id": to }],
        "messages": [{
            "id": "wamid.HBgMOTg5MTIxMjM0NTY3FQIAERgSQjEyMzQ1Njc4OTBBQkNERUYA",
            "message_status": "accepted",
        }],
    });
    Reply::Json(200, body)
}

/// The message was refused.
pub fn refused(http_status: u16, code: i64, title: &str) -> Reply {
    let body = json!({
        "error": {
            "message": format!("(#{code}) {title}"),
            "type": "OAuthException",
            "code": code,
            "error_data": { "messaging_product": "whatsapp", "details": title },
            "fbtrace_id": "Az8or2yhqkZfEZ-_4Qn_Bam",
        },
    });
    Reply::Json(http_status, body)
}
