//! What the doctors offer: the first one the reference's sample, the others all kinds of things.

use domain::{
    Date, Rials, days,
    practice::{Practice, Preferences},
    schedule::{Break, Leave, Schedule, TimeOfDay, Weekday},
};
use store::doctors::Entry;

use super::{dice::Dice, internal, lists::Lists, places};
use crate::Fault;

use Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};

/// Hours and the break in them, in minutes since midnight.
#[derive(Clone, Copy)]
struct Hours {
    from: i64,
    to: i64,
    pause: Option<(i64, i64)>,
}

const fn hours(from: i64, to: i64, pause: Option<(i64, i64)>) -> Hours {
    Hours { from: from * 60, to: to * 60, pause }
}

const HOURS: &[(Hours, i64)] = &[
    (hours(9, 17, Some((720, 780))), 30),
    (hours(8, 14, None), 15),
    (hours(8, 13, None), 8),
    (hours(16, 21, None), 15),
    (hours(15, 20, None), 8),
    (hours(10, 19, Some((780, 900))), 14),
    (hours(9, 21, Some((810, 960))), 10),
];
const WHOLE_DAY: Hours = hours(0, 24, None);

const WEEKS: &[(&[Weekday], i64)] = &[
    (&[Saturday, Sunday, Monday, Tuesday, Wednesday], 40),
    (&[Saturday, Sunday, Monday, Tuesday, Wednesday, Thursday], 22),
    (&[Saturday, Monday, Wednesday], 14),
    (&[Sunday, Tuesday, Thursday], 12),
    (&[Saturday, Sunday, Tuesday, Wednesday], 6),
    (&[Wednesday, Thursday, Friday], 6),
];

/// Insurers that most doctors take, and how many of a hundred do.
const COMMON: &[(&str, i64)] =
    &[("تامین اجتماعی", 78), ("بیمه سلامت", 66), ("نیروهای مسلح", 45), ("کمیته امداد", 20)];

const ABOUT: &[&str] = &[
    "ویزیت با وقت قبلی و با حوصله. پیگیری بیماران پس از ویزیت هم انجام می‌شود.",
    "عضو هیئت علمی دانشگاه علوم پزشکی. لطفاً آزمایش‌ها و مدارک قبلی را همراه داشته باشید.",
    "همکاری با بیمارستان‌های دولتی و خصوصی شهر. پذیرش بیماران بیمه‌ای.",
    "تمرکز بر پیشگیری و آموزش بیمار. پاسخ‌گویی به پرسش‌ها در ویزیت آنلاین.",
    "",
];

/// What the nth doctor offers, from 1.
pub(super) fn practice(
    n: u32,
    entry: &Entry,
    lists: &Lists,
    today: Date,
    dice: &Dice,
) -> Result<Practice, Fault> {
    if n == 1 {
        return sample(entry, lists);
    }
    let title = lists.title(&entry.specialty);
    // somebody is there at any hour
    let is_always_open = entry.specialty == "emergency_medicine";
    let (least, most) = if title.starts_with("فوق تخصص") || title.starts_with("فلوشیپ") {
        (18, 32)
    } else if title.starts_with("متخصص") {
        (11, 22)
    } else {
        (6, 13)
    };
    let fee = 50_000 * dice.between(least, most);
    let (online, in_person) = dice.weighted(&[((true, true), 68), ((true, false), 14), ((false, true), 18)]);
    let (online, in_person) = if is_always_open { (true, false) } else { (online, in_person) };
    Ok(Practice {
        online_enabled: online,
        in_person_enabled: in_person,
        online_fee: rials(if online { fee * 3 / 4 / 10_000 * 10_000 } else { 0 }),
        in_person_fee: rials(if in_person { fee } else { 0 }),
        schedule: if is_always_open {
            schedule(15, 0, &Weekday::ALL, WHOLE_DAY)?
        } else {
            let duration = dice.weighted(&[(15, 25), (20, 35), (30, 30), (45, 10)]);
            let buffer = dice.weighted(&[(0, 25), (5, 30), (10, 30), (15, 15)]);
            let week = schedule(duration, buffer, dice.weighted(WEEKS), dice.weighted(HOURS))?;
            Schedule { leaves: leaves(today, dice)?, ..week }
        },
        preferences: Preferences { payment_notifications: dice.chance(70), ..Preferences::default() },
        insurers: insurers(lists, dice),
        address: format!("{}، {}، طبقه {}", entry.city, places::street(dice), dice.between(1, 6)),
        about: about(entry, title, dice.one(ABOUT)),
    })
}

/// The reference's own sample.
fn sample(entry: &Entry, lists: &Lists) -> Result<Practice, Fault> {
    let week = [Saturday, Sunday, Monday, Tuesday, Wednesday];
    let hours = hours(9, 17, Some((720, 780)));
    Ok(Practice {
        online_enabled: true,
        in_person_enabled: true,
        online_fee: rials(600_000),
        in_person_fee: rials(800_000),
        schedule: schedule(20, 10, &week, hours)?,
        preferences: Preferences::default(),
        insurers: ["تامین اجتماعی", "ایران", "آسیا"].map(String::from).into(),
        address: "تهران، میدان ونک، ابتدای خیابان ملاصدرا، پلاک 12، طبقه 3".into(),
        about: about(entry, lists.title(&entry.specialty), ABOUT[0]),
    })
}

fn schedule(duration: i64, buffer: i64, week: &[Weekday], hours: Hours) -> Result<Schedule, Fault> {
    let time = |minutes| TimeOfDay::from_minutes(minutes).map_err(internal);
    let pause = match hours.pause {
        Some((from, to)) => vec![Break::new(time(from)?, time(to)?).map_err(internal)?],
        None => vec![],
    };
    Ok(Schedule {
        duration,
        buffer,
        days: week.into(),
        start: time(hours.from)?,
        end: time(hours.to)?,
        breaks: pause,
        ..Schedule::default()
    })
}

/// Some are away soon.
fn leaves(today: Date, dice: &Dice) -> Result<Vec<Leave>, Fault> {
    if !dice.chance(7) {
        return Ok(vec![]);
    }
    let from = today.saturating_add(days::span_of_days(dice.between(3, 12)));
    let to = from.saturating_add(days::span_of_days(dice.between(1, 6)));
    Ok(vec![Leave::new(from, to).map_err(internal)?])
}

/// In the list's order.
fn insurers(lists: &Lists, dice: &Dice) -> Vec<String> {
    if dice.chance(12) {
        return vec![];
    }
    let others = dice.between(0, 25);
    let percent = |name: &str| COMMON.iter().find(|(known, _)| *known == name).map_or(others, |(_, p)| *p);
    let names = lists.insurers.iter().map(|insurer| &insurer.name);
    names.filter(|name| dice.chance(percent(name))).cloned().collect()
}

fn about(entry: &Entry, title: &str, more: &str) -> String {
    let who = format!("{title}، با {} سال تجربه.", entry.experience_years);
    if more.is_empty() { who } else { format!("{who}\n{more}") }
}

/// Fees here are never negative.
fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap_or_default()
}
