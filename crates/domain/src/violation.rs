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
    /// Not ten digits.
    PostalCode,
    /// Not a specialty's code: small Latin letters, digits, `-` and `_`.
    Specialty,
    /// Not a medical council number: 1 to 10 digits.
    CouncilNumber,
    /// Not a UUID.
    Id,
}

/// A value parsed at the edge, or the rule that it breaks.
pub type Parsed<T> = Result<T, Violation>;
