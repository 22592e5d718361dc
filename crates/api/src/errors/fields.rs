//! What is wrong with one field, in words.

use domain::Violation;

use super::Language;

pub(super) fn text(violation: &Violation, language: Language) -> String {
    match language {
        Language::Persian => persian(violation),
        Language::English => english(violation),
    }
}

fn persian(violation: &Violation) -> String {
    match violation {
        Violation::Required => "این فیلد الزامی است".into(),
        Violation::Type => "نوع مقدار درست نیست".into(),
        Violation::Unknown => "این فیلد شناخته‌شده نیست".into(),
        Violation::ReadOnly => "این فیلد قابل تغییر نیست".into(),
        Violation::TooLong(max) => format!("حداکثر {max} نویسه مجاز است"),
        Violation::TooMany(max) => format!("حداکثر {max} مورد مجاز است"),
        Violation::Range(min, max) => format!("باید بین {min} و {max} باشد"),
        Violation::Choice(words) => format!("باید یکی از این‌ها باشد: {}", words.join("، ")),
        Violation::Characters => "نویسه‌های غیرمجاز دارد".into(),
        Violation::Phone => "شماره تلفن باید با 09 شروع شود و 11 رقم باشد".into(),
        Violation::OtpCode => "کد تایید باید 6 رقم باشد".into(),
        Violation::NationalId => "کد ملی معتبر نیست".into(),
        Violation::Date => "تاریخ باید به شکل 1370-01-01 باشد".into(),
        Violation::BirthDate => "تاریخ تولد نمی‌تواند در آینده یا بیش از 130 سال پیش باشد".into(),
        Violation::Email => "نشانی ایمیل معتبر نیست".into(),
        Violation::Iban => "شماره شبا معتبر نیست؛ باید IR و 24 رقم باشد".into(),
        Violation::PostalCode => "کد پستی باید 10 رقم باشد".into(),
        Violation::Specialty => "کد تخصص باید با حروف کوچک لاتین باشد، مانند cardiology".into(),
        Violation::CouncilNumber => "شماره نظام پزشکی باید 1 تا 10 رقم باشد".into(),
        Violation::Id => "شناسه معتبر نیست".into(),
        Violation::Moment => "زمان باید به شکل 2024-01-25T15:00:00Z باشد".into(),
        Violation::TimeOfDay => "ساعت باید به شکل 09:00 و مضربی از 5 دقیقه باشد".into(),
        Violation::Order => "پایان باید پس از آغاز باشد".into(),
        Violation::Multiple(step) => format!("باید مضربی از {step} باشد"),
        Violation::OutsideHours => "باید درون ساعت کاری باشد".into(),
        Violation::Overlap => "با مورد دیگری در همین فهرست هم‌پوشانی دارد".into(),
        Violation::TooManyDays(max) => format!("بازه نباید بیش از {max} روز باشد"),
        Violation::NotListed => "در فهرست موارد قابل انتخاب نیست".into(),
        Violation::InsuranceNotAccepted => "پزشک این بیمه را نمی‌پذیرد".into(),
    }
}

fn english(violation: &Violation) -> String {
    match violation {
        Violation::Required => "This field is required".into(),
        Violation::Type => "This value has the wrong type".into(),
        Violation::Unknown => "This field is not known".into(),
        Violation::ReadOnly => "This field can't be changed".into(),
        Violation::TooLong(max) => format!("At most {max} characters"),
        Violation::TooMany(max) => format!("At most {max} entries"),
        Violation::Range(min, max) => format!("Must be between {min} and {max}"),
        Violation::Choice(words) => format!("Must be one of: {}", words.join(", ")),
        Violation::Characters => "Contains characters that are not allowed".into(),
        Violation::Phone => "The phone number must begin with 09 and have 11 digits".into(),
        Violation::OtpCode => "The code must have 6 digits".into(),
        Violation::NationalId => "The national id is not valid".into(),
        Violation::Date => "The date must look like 1370-01-01".into(),
        Violation::BirthDate => "The birth date can't be in the future or more than 130 years ago".into(),
        Violation::Email => "The email address is not valid".into(),
        Violation::Iban => "The IBAN is not valid: it has IR and 24 digits".into(),
        Violation::PostalCode => "The postal code must have 10 digits".into(),
        Violation::Specialty => {
            "The specialty's code must be in small Latin letters, such as cardiology".into()
        }
        Violation::CouncilNumber => "The medical council number must have 1 to 10 digits".into(),
        Violation::Id => "The id is not valid".into(),
        Violation::Moment => "The moment must look like 2024-01-25T15:00:00Z".into(),
        Violation::TimeOfDay => "The time must look like 09:00 and be a multiple of 5 minutes".into(),
        Violation::Order => "The end must be after the beginning".into(),
        Violation::Multiple(step) => format!("Must be a multiple of {step}"),
        Violation::OutsideHours => "Must lie within the working hours".into(),
        Violation::Overlap => "Overlaps another entry of this list".into(),
        Violation::TooManyDays(max) => format!("At most {max} days"),
        Violation::NotListed => "Not among those that can be chosen".into(),
        Violation::InsuranceNotAccepted => "The doctor does not take this insurance".into(),
    }
}
