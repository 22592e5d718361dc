//! Settings that must be refused, each with the field that it is refused because of.

use serde_json::{Value, json};

/// A change that is refused, and because of which field.
type Bad = (Value, &'static str);

/// Changes of one field of a section.
fn each(section: &str, field: &str, named: &'static str, values: Vec<Value>) -> Vec<Bad> {
    values.into_iter().map(|value| (json!({ section: { field: value } }), named)).collect()
}

pub(super) fn bad_consultation() -> Vec<Bad> {
    let section = "consultation_settings";
    let flags = || vec![json!("true"), json!(1), json!([])];
    let fees = || vec![json!(-1), json!(10_000_000_001_i64), json!(0.5), json!("600000"), json!(1e30)];
    let durations =
        vec![json!(0), json!(-20), json!(7), json!(245), json!(20.5), json!("20"), json!(u64::MAX)];
    let buffers = vec![json!(-5), json!(3), json!(125), json!(true)];
    let named = [
        "consultation_settings.online_consultation_enabled",
        "consultation_settings.in_person_consultation_enabled",
        "consultation_settings.online_consultation_fee",
        "consultation_settings.in_person_consultation_fee",
        "consultation_settings.consultation_duration",
        "consultation_settings.buffer_time",
    ];
    [
        each(section, "online_consultation_enabled", named[0], flags()),
        each(section, "in_person_consultation_enabled", named[1], flags()),
        each(section, "online_consultation_fee", named[2], fees()),
        each(section, "in_person_consultation_fee", named[3], fees()),
        each(section, "consultation_duration", named[4], durations),
        each(section, "buffer_time", named[5], buffers),
        vec![
            (json!({ "consultation_settings": [] }), "consultation_settings"),
            (json!({ "consultation_settings": { "price": 1 } }), "consultation_settings.price"),
        ],
    ]
    .concat()
}

pub(super) fn bad_hours() -> Vec<Bad> {
    let section = "availability";
    let days = vec![
        json!("saturday"),
        json!(["shanbe"]),
        json!(["Saturday"]),
        json!(["saturday", "saturday"]),
        json!([6]),
        json!(vec!["saturday"; 8]),
    ];
    let starts = ["9", "9:00", "09:01", "24:00", "25:00", "09:60", "-1:00", "09:00:00", "۰۹", "morning"];
    let starts = starts.iter().map(|start| json!({ "start": start })).collect();
    let ends = ["09:00", "08:55", "24:05", "17:03"].iter().map(|end| json!({ "end": end })).collect();
    // the break at noon would be left outside
    let early = vec![json!({ "end": "12:30" })];
    [
        each(section, "working_days", "availability.working_days", days),
        each(section, "working_hours", "availability.working_hours.start", starts),
        each(section, "working_hours", "availability.working_hours.end", ends),
        each(section, "working_hours", "availability.break_times.0.end", early),
        vec![
            (json!({ "availability": "always" }), "availability"),
            (json!({ "availability": { "working_hours": "9-17" } }), "availability.working_hours"),
        ],
    ]
    .concat()
}

pub(super) fn bad_breaks() -> Vec<Bad> {
    let noon = json!({ "start": "12:00", "end": "13:00" });
    let short = json!({ "start": "12:00", "end": "12:05" });
    let starts = vec![
        json!([{ "end": "13:00" }]),
        json!([{ "start": "12", "end": "13:00" }]),
        json!([{ "start": 12, "end": "13:00" }]),
        json!([{ "start": "08:00", "end": "10:00" }]),
    ];
    let ends = vec![
        json!([{ "start": "12:00" }]),
        json!([{ "start": "12:00", "end": "12:00" }]),
        json!([{ "start": "13:00", "end": "12:00" }]),
        json!([{ "start": "16:00", "end": "18:00" }]),
    ];
    let overlaps = vec![
        json!([noon, noon]),
        json!([noon, { "start": "12:55", "end": "14:00" }]),
        json!([noon, { "start": "11:00", "end": "15:00" }]),
    ];
    let unknown = vec![json!([{ "start": "12:00", "end": "13:00", "why": "lunch" }])];
    let lists = vec![json!("12:00-13:00"), noon, json!(vec![short; 11])];
    let no_objects = vec![json!([5]), json!([null]), json!([[]])];
    let refuse = |named, values| each("availability", "break_times", named, values);
    [
        refuse("availability.break_times", lists),
        refuse("availability.break_times.0", no_objects),
        refuse("availability.break_times.0.start", starts),
        refuse("availability.break_times.0.end", ends),
        refuse("availability.break_times.0.why", unknown),
        refuse("availability.break_times.1", overlaps),
    ]
    .concat()
}

pub(super) fn bad_absences() -> Vec<Bad> {
    let section = "availability";
    let days = vec![
        json!("2024-03-20"),
        json!(["soon"]),
        json!([20_240_320]),
        json!(["1402-12-30"]),
        json!(["2023-02-29"]),
        json!(vec!["2024-03-20"; 101]),
    ];
    let leave = json!({ "from": "2024-03-19", "to": "2024-03-20" });
    let lists = vec![json!("all summer"), json!(vec![leave; 51])];
    let first = vec![json!([{ "to": "2024-03-20" }]), json!([{ "from": "now", "to": "2024-03-20" }])];
    // the second of Farvardin is the 21st of March
    let last = vec![json!([{ "from": "2024-03-20" }]), json!([{ "from": "1403-01-02", "to": "2024-03-20" }])];
    [
        each(section, "days_off", "availability.days_off", days),
        each(section, "leaves", "availability.leaves", lists),
        each(section, "leaves", "availability.leaves.0.from", first),
        each(section, "leaves", "availability.leaves.0.to", last),
    ]
    .concat()
}

pub(super) fn bad_rest() -> Vec<Bad> {
    let mut bad = vec![
        (json!({ "role": "admin" }), "role"),
        (json!({ "notification_preferences": true }), "notification_preferences"),
        (json!({ "notification_preferences": { "spam": true } }), "notification_preferences.spam"),
        (
            json!({ "notification_preferences": { "cancellations": 0 } }),
            "notification_preferences.cancellations",
        ),
    ];
    for value in [
        json!("ایران"),
        json!(["بیمه\u{200C}ای که نیست"]),
        json!(["ایران", ""]),
        json!([5]),
        json!(["x\u{0}"]),
        json!(vec!["ایران"; 51]),
    ] {
        bad.push((json!({ "accepted_insurances": value }), "accepted_insurances"));
    }
    for value in [json!(5), json!([]), json!("x".repeat(2_001)), json!("a\u{0}b"), json!("a\u{202E}b")] {
        bad.push((json!({ "address": value }), "address"));
        bad.push((json!({ "about": value }), "about"));
    }
    bad
}
