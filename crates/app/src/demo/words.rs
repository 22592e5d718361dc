//! What people say: patients before and after a visit, whoever cancels one.

use super::dice::Dice;

const DESCRIPTIONS: &[&str] = &[
    "چند روزی است که شروع شده و بهتر نشده است.",
    "حدود دو هفته است که ادامه دارد؛ دارویی مصرف نکرده‌ام.",
    "پیش از این هم سابقه داشته‌ام. نتیجه آزمایش‌ها را همراه می‌آورم.",
    "بیشتر شب‌ها اذیت می‌کند و خوابم را کم کرده است.",
    "برای پیگیری ویزیت قبلی وقت گرفته‌ام.",
    "با فعالیت بیشتر می‌شود و با استراحت کمتر.",
    "",
    "",
    "",
];

const PRAISE: &[&str] = &[
    "با حوصله گوش دادند و همه پرسش‌ها را جواب دادند.",
    "بسیار خوش‌برخورد و دقیق. حتماً دوباره وقت می‌گیرم.",
    "تشخیص درست و توضیح کامل. سپاسگزارم.",
    "سر وقت شروع شد و راهنمایی‌ها خیلی کمک کرد.",
    "بعد از چند روز حالم خیلی بهتر شد.",
    "ویزیت آنلاین خیلی راحت بود و نیازی به رفت‌وآمد نشد.",
];
const FAIR: &[&str] = &[
    "خوب بود، ولی کمی با عجله.",
    "توضیح‌ها خوب بود، اما معطلی داشت.",
    "راضی بودم؛ هزینه کمی بالا بود.",
    "کیفیت تصویر خوب نبود، ولی پزشک دقیق بودند.",
];
const BLAME: &[&str] =
    &["زمان ویزیت خیلی کوتاه بود.", "با تأخیر زیاد شروع شد.", "به همه پرسش‌هایم پاسخ داده نشد."];

const PATIENTS_REASONS: &[&str] =
    &["در این ساعت کاری پیش آمد", "حالم بهتر شد", "وقت زودتری پیدا کردم", "به سفر می‌روم", ""];
const DOCTORS_REASONS: &[&str] = &["جراحی اورژانسی", "شرکت در همایش پزشکی", "بیماری پزشک", "مشکل فنی در مطب"];

const NOTES: &[&str] = &[
    "در صورت ادامه علائم دوباره مراجعه کنید.",
    "یک ماه دیگر برای پیگیری وقت بگیرید.",
    "آب کافی بنوشید و استراحت کنید.",
    "",
];

/// About the complaint; often nothing.
pub(super) fn description(dice: &Dice) -> &'static str {
    dice.one(DESCRIPTIONS)
}

/// About a visit that got this score, 1 to 5; often nothing.
pub(super) fn comment(score: i64, dice: &Dice) -> &'static str {
    if !dice.chance(60) {
        return "";
    }
    match score {
        5 => dice.one(PRAISE),
        3 | 4 => dice.one(FAIR),
        _ => dice.one(BLAME),
    }
}

/// Why a visit was cancelled.
pub(super) fn reason(by_patient: bool, dice: &Dice) -> &'static str {
    dice.one(if by_patient { PATIENTS_REASONS } else { DOCTORS_REASONS })
}

/// Below a prescription.
pub(super) fn notes(dice: &Dice) -> &'static str {
    dice.one(NOTES)
}
