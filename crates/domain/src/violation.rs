//! What can be wrong with one field of a request; the API puts it into words.

/// A rule that a value breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Missing or empty.
    Required,
    /// Of another JSON type than documented.
    Type,
    /// Not a field of this request.
    Unknown,
    /// May be sent back unchanged, not changed.
    ReadOnly,
    /// More characters than that.
    TooLong(usize),
    /// More entries than that.
    TooMany(usize),
    /// A number outside these bounds (both allowed).
    Range(i64, i64),
    /// None of the allowed words.
    Choice(&'static [&'static str]),
    /// Control characters or characters that turn the reading direction around.
    Characters,
    /// Not an Iranian mobile number (D11).
    Phone,
    /// Not six digits.
    OtpCode,
    /// Wrong length or check digit.
    NationalId,
    /// Not a day of the Jalali or Gregorian calendar.
    Date,
    /// A day in the future, or too long ago to be somebody's birthday.
    BirthDate,
    /// Not an address of electronic mail.
    Email,
    /// Not an Iranian IBAN: wrong length or check digits.
    Iban,
    /// Not ten digits.
    PostalCode,
    /// Not a specialty's code: small Latin letters, digits, `-` and `_`.
    Specialty,
    /// Not a medical council number: 1 to 10 digits.
    CouncilNumber,
    /// Not a UUID.
    Id,
    /// Not a moment: RFC 3339, such as `2024-01-25T15:00:00Z`.
    Moment,
    /// Not a time of day `HH:MM`, or not a multiple of five minutes.
    TimeOfDay,
    /// An end that is not after its beginning.
    Order,
    /// Not a multiple of that.
    Multiple(i64),
    /// Not within the working hours.
    OutsideHours,
    /// Overlaps another one in the same list, or is there twice.
    Overlap,
    /// More days than that between the two.
    TooManyDays(i64),
    /// Not among those that can be chosen (an insurer, a specialty, a city).
    NotListed,
    /// The doctor doesn't take this insurance.
    InsuranceNotAccepted,
}

/// A value parsed at the edge, or the rule that it breaks.
pub type Parsed<T> = Result<T, Violation>;
