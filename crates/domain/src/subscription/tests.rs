//! What holds of every price, period and renewal.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, date},
};
use proptest::prelude::*;

use super::*;
use crate::{Rials, days};

fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

fn plan(id: &str, price: i64, discount: Option<(u8, Date)>) -> Plan {
    Plan {
        id: id.into(),
        name: id.into(),
        price: rials(price),
        features: vec![],
        limits: Limits { monthly_consultations: UNLIMITED, storage_mb: 100, ai_queries: 50 },
        discount: discount.map(|(percent, until)| PlanDiscount { percent, from: None, until }),
        is_premium: false,
        is_active: true,
    }
}

const TODAY: Date = date(2024, 1, 20);

#[test]
fn the_sample_of_the_reference() {
    let premium = plan("premium", 299_000, Some((20, date(2024, 2, 1))));
    let price = Price::of(&premium, 3, Some(Worth::Percent(25)), Rials::ZERO, TODAY).unwrap();
    assert_eq!((price.amount.get(), price.discount.get(), price.total.get()), (717_600, 179_400, 538_200));
    assert_eq!(months_later(TODAY, 3), date(2024, 4, 20));
}

#[test]
fn a_plans_discount_ends_with_its_day() {
    let premium = plan("premium", 299_000, Some((20, TODAY)));
    let amount = |today| Price::of(&premium, 1, None, Rials::ZERO, today).unwrap().amount.get();
    assert_eq!((amount(TODAY), amount(date(2024, 1, 21))), (239_200, 299_000));
}

#[test]
fn a_plans_discount_begins_with_its_first_day() {
    let discount = PlanDiscount { percent: 20, from: Some(TODAY), until: date(2024, 1, 21) };
    let premium = Plan { discount: Some(discount), ..plan("premium", 299_000, None) };
    for (day, valid, amount) in [
        (19, None, 299_000),
        (20, Some(discount), 239_200),
        (21, Some(discount), 239_200),
        (22, None, 299_000),
    ] {
        let today = date(2024, 1, day);
        let price = Price::of(&premium, 1, None, Rials::ZERO, today).unwrap();
        assert_eq!((premium.discount_on(today), price.amount.get()), (valid, amount), "{today}");
    }
}

#[test]
fn a_code_takes_no_more_than_there_is() {
    let basic = plan("basic", 99_000, None);
    let price = Price::of(&basic, 1, Some(Worth::Amount(rials(500_000))), Rials::ZERO, TODAY).unwrap();
    assert_eq!((price.discount.get(), price.total.get(), price.returned.get()), (99_000, 0, 0));
}

#[test]
fn what_the_old_days_are_worth_beyond_the_price_comes_back() {
    let premium = plan("premium", 299_000, None);
    let price = Price::of(&premium, 1, None, rials(300_000), TODAY).unwrap();
    assert_eq!((price.credit.get(), price.total.get(), price.returned.get()), (299_000, 0, 1_000));
    assert_eq!(Price::of(&premium, i64::MAX, None, Rials::ZERO, TODAY), None);
}

#[test]
fn months_are_those_of_the_calendar() {
    for (day, months, end) in [
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 1, 31), 2, date(2024, 3, 31)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 12, 15), 1, date(2025, 1, 15)),
    ] {
        assert_eq!(months_later(day, months), end, "{day} and {months}");
    }
}

#[test]
fn each_day_is_worth_what_was_paid_for_it() {
    let full = Stretch { start: date(2024, 1, 20), end: date(2024, 2, 20), worth: rials(310_000) };
    let cheap = Stretch { start: date(2024, 2, 20), end: date(2024, 3, 20), worth: rials(29_000) };
    assert_eq!(worth_left(&[full, cheap], date(2024, 1, 20)).get(), 339_000, "on the first day, all of it");
    assert_eq!(worth_left(&[full, cheap], date(2024, 2, 19)).get(), 39_000);
    assert_eq!(worth_left(&[full, cheap], date(2024, 3, 19)).get(), 1_000);
    assert_eq!(worth_left(&[full, cheap], date(2024, 3, 20)).get(), 0);
    assert_eq!(worth_left(&[full], date(2025, 1, 1)).get(), 0);
}

#[test]
fn every_arrow_of_a_subscriptions_life() {
    let mut arrows = vec![];
    for status in Status::ALL {
        for event in Event::ALL {
            if let Some(to) = status.after(event) {
                arrows.push((status, event, to));
            }
        }
    }
    assert_eq!(
        arrows,
        [
            (Status::Active, Event::Extend, Status::Active),
            (Status::Active, Event::FailToRenew, Status::PastDue),
            (Status::Active, Event::StopRenewing, Status::Active),
            (Status::Active, Event::End, Status::Expired),
            (Status::Active, Event::Replace, Status::Replaced),
            (Status::PastDue, Event::Extend, Status::Active),
            (Status::PastDue, Event::FailToRenew, Status::PastDue),
            (Status::PastDue, Event::StopRenewing, Status::Expired),
            (Status::PastDue, Event::End, Status::Expired),
            (Status::PastDue, Event::Replace, Status::Replaced),
        ]
    );
    for status in Status::ALL {
        assert_eq!(Status::parse(status.as_str()), Some(status));
    }
}

#[test]
fn a_renewal_is_tried_for_three_days() {
    let end = date(2024, 2, 20);
    let midnight: Timestamp = "2024-02-19T20:30:00Z".parse().unwrap();
    assert_eq!(ends_at(end), midnight);
    let second = SignedDuration::from_secs(1);
    for (at, untried, tried, ending) in [
        (midnight - second, Due::NotYet, Due::NotYet, Due::NotYet),
        (midnight, Due::Renew, Due::Renew, Due::End),
        (midnight + GRACE - second, Due::Renew, Due::Renew, Due::End),
        // once at least, whenever somebody looks
        (midnight + GRACE, Due::Renew, Due::End, Due::End),
        (midnight + GRACE * 10, Due::Renew, Due::End, Due::End),
    ] {
        assert_eq!(Due::at(Status::Active, end, true, at), untried, "{at}");
        assert_eq!(Due::at(Status::PastDue, end, true, at), tried, "{at}");
        for status in [Status::Active, Status::PastDue] {
            assert_eq!(Due::at(status, end, false, at), ending, "{at}");
        }
    }
    assert_eq!(next_try(end, midnight), midnight + RETRY_EVERY);
    assert_eq!(next_try(end, midnight + GRACE - second), midnight + GRACE);
}

#[test]
fn a_dearer_plan_is_an_upgrade() {
    let (basic, premium) = (plan("basic", 99_000, None), plan("premium", 299_000, None));
    assert_eq!(Change::of(None, &basic), Change::Begin);
    assert_eq!(Change::of(Some(&basic), &basic), Change::Extend);
    assert_eq!(Change::of(Some(&basic), &premium), Change::Upgrade);
    assert_eq!(Change::of(Some(&premium), &basic), Change::Downgrade);
    // nobody hops between them for new quotas
    assert_eq!(Change::of(Some(&basic), &plan("twin", 99_000, None)), Change::Downgrade);
}

#[test]
fn a_quotas_month_is_the_subscriptions_or_the_jalali_one() {
    let of = |since, today| Quota::AiQueries.period(since, today);
    let since = Some(date(2024, 1, 31));
    for (today, start, next) in [
        (date(2024, 1, 31), date(2024, 1, 31), date(2024, 2, 29)),
        (date(2024, 2, 28), date(2024, 1, 31), date(2024, 2, 29)),
        (date(2024, 2, 29), date(2024, 2, 29), date(2024, 3, 31)),
        (date(2025, 1, 30), date(2024, 12, 31), date(2025, 1, 31)),
    ] {
        assert_eq!(of(since, today), Period { start, resets_on: Some(next) }, "{today}");
    }
    // Bahman 1402 begins on 2024-01-21
    assert_eq!(of(None, date(2024, 1, 20)).resets_on, Some(date(2024, 1, 21)));
    assert_eq!(of(None, date(2024, 1, 21)).start, date(2024, 1, 21));
    // Esfand 1402 has 29 days
    assert_eq!(of(None, date(2024, 3, 19)).resets_on, Some(date(2024, 3, 20)));
    let storage = Quota::StorageMb.period(since, date(2024, 5, 5));
    assert_eq!((storage, storage.resets_on), (Quota::StorageMb.period(None, TODAY), None));
}

#[test]
fn storage_is_counted_in_bytes_and_shown_in_megabytes() {
    let limits = Limits { monthly_consultations: 5, storage_mb: 100, ai_queries: UNLIMITED };
    assert_eq!(limits.counted(Quota::StorageMb), Some(104_857_600));
    assert_eq!(limits.counted(Quota::MonthlyConsultations), Some(5));
    assert_eq!(limits.counted(Quota::AiQueries), None);
    for (bytes, shown) in [(0, 0), (1, 1), (1 << 20, 1), ((1 << 20) + 1, 2)] {
        assert_eq!(Quota::StorageMb.shown(bytes), shown);
    }
}

#[test]
fn codes_are_read_however_they_are_typed() {
    assert_eq!(code(" winter۲۰۲۴ ").as_deref(), Ok("WINTER2024"));
    for bad in ["", "ab", "a b c", "زمستان", "x'; --"] {
        assert!(code(bad).is_err(), "{bad}");
    }
    assert!(code(&"x".repeat(41)).is_err());
    assert!(plan_id("premium").is_ok() && plan_id("Premium").is_err() && plan_id("a").is_err());
}

fn day() -> impl Strategy<Value = Date> {
    (0_i64..20_000).prop_map(|n| date(2020, 1, 1).saturating_add(days::span_of_days(n)))
}

proptest! {
    #[test]
    fn a_price_adds_up(
        list in 1_i64..=Rials::MOST,
        months in 1..=MOST_MONTHS,
        own in 1_u8..=100,
        percent in 1_u8..=100,
        left in 0_i64..=1 << 50,
    ) {
        let plan = plan("any", list, Some((own, TODAY)));
        let price = Price::of(&plan, months, Some(Worth::Percent(percent)), rials(left), TODAY).unwrap();
        let taken = price.discount.plus(price.credit).and_then(|sum| sum.plus(price.total));
        prop_assert_eq!(taken, Some(price.amount));
        prop_assert_eq!(price.credit.plus(price.returned), Some(rials(left)));
        prop_assert!(price.returned == Rials::ZERO || price.total == Rials::ZERO);
        prop_assert!(price.amount.get() <= list * months);
    }

    #[test]
    fn what_is_left_shrinks_day_by_day_and_never_exceeds_what_was_paid(
        start in day(), months in 1_i64..=24, worth in 0_i64..=1 << 50, passed in 0_i64..900,
    ) {
        let stretch = Stretch { start, end: months_later(start, months), worth: rials(worth) };
        let at = |n: i64| worth_left(&[stretch], start.saturating_add(days::span_of_days(n)));
        prop_assert_eq!(at(0), rials(worth));
        prop_assert!(at(passed + 1) <= at(passed));
    }

    #[test]
    fn today_is_in_its_period(since in day(), passed in 0_i64..2_000) {
        let today = since.saturating_add(days::span_of_days(passed));
        for anchor in [Some(since), None] {
            let period = Quota::AiQueries.period(anchor, today);
            let next = period.resets_on.unwrap();
            prop_assert!(period.start <= today && today < next);
            // the last day of a period has the same period, and the next day the next
            let last = next.saturating_sub(days::span_of_days(1));
            prop_assert_eq!(Quota::AiQueries.period(anchor, last), period);
            prop_assert_eq!(Quota::AiQueries.period(anchor, next).start, next);
        }
    }

    #[test]
    fn months_one_by_one_or_at_once_end_on_the_same_day(start in day(), months in 1_i64..60) {
        // because ends are reckoned from the start
        let end = months_later(start, months);
        prop_assert!(end > start);
        prop_assert!(months_later(start, months + 1) > end);
        prop_assert!(end.day() == start.day() || end == end.last_of_month());
    }
}
