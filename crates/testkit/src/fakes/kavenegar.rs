//! Kavenegar's answers, as documented (<https://kavenegar.com/rest.html>).

use serde_json::{Value, json};

use super::http::Reply;

/// Every status of the documentation's table of results, with its meaning.
pub const DOCUMENTED: &[(u16, &str)] = &[
    (200, "approved"),
    (400, "parameters are incomplete"),
    (401, "the account is disabled"),
    (402, "the operation failed"),
    (403, "the API key is not valid"),
    (404, "the method is unknown"),
    (405, "the method is called with the wrong verb (GET or POST)"),
    (406, "required parameters are empty"),
    (407, "no access to this information"),
    (409, "the server can't answer now, try later"),
    (411, "the receptor is not valid"),
    (412, "the sender is not valid"),
    (413, "the message is empty or too long"),
    (414, "too many records in one request"),
    (415, "the start index is larger than the total"),
    (416, "the IP address doesn't match the settings"),
    (417, "the date is not valid"),
    (418, "the credit doesn't suffice"),
    (419, "the arrays of texts, receptors and senders differ in length"),
    (420, "links in messages are restricted for this account"),
    (422, "improper characters in the data"),
    (424, "the template was not found"),
    (426, "this method needs the advanced service"),
    (427, "this line needs a higher access level"),
    (428, "the code can't be told by a call"),
    (429, "the IP address is restricted"),
    (431, "the code's structure is not right"),
    (432, "the template has no place for the code"),
    (451, "too many calls in this time from this IP address"),
    (501, "test messages go to the account's owner only"),
    (607, "the tag is not valid"),
];

/// The body for a status: with the message that was taken where it is 200, without entries elsewhere.
pub fn envelope(status: u16) -> Value {
    let meaning = DOCUMENTED.iter().find(|(code, _)| *code == status).map_or("unknown", |(_, text)| *text);
    let entries = if status == 200 {
        json!([{
            "messageid": 8_792_343,
            "message": "کد تایید شما در هلسا",
            "status": 5,
            "statustext": "ارسال به مخابرات",
            "sender": "10004346",
            "receptor": "09120000000",
            "date": 1_356_619_709,
            "cost": 120,
        }])
    } else {
        Value::Null
    };
    json!({ "return": { "status": status, "message": meaning }, "entries": entries })
}

/// The envelope with the same status in HTTP, as the service usually does.
pub fn answer(status: u16) -> Reply {
    Reply::Json(status, envelope(status))
}

/// What `sms/send` answers when it has taken a text; the envelope is the same.
pub fn text_taken(receptor: &str, text: &str) -> Reply {
    let body = json!({
        "return": { "status": 200, "message": "تایید شد" },
        "entries": [{
            "messageid": 8_792_344,
            "message": text,
            "status": 1,
            "statustext": "در صف ارسال",
            "sender": "10004346",
            "receptor": receptor,
            "date": 1_356_619_709,
            "cost": 120,
        }],
    });
    Reply::Json(200, body)
}
