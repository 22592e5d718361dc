//! Drugs to which people are allergic together: who reacts to one of a family is warned of all of it.
//!
//! A small table on purpose. It holds what patients write into "allergies" most often, in both languages;
//! the drug list's own classes do the rest. It warns and never blocks, so it errs on the side of warning
//! within a family and does not guess across families (penicillins and cephalosporins, for one).

/// One family. All texts are compared folded, so their spelling here need not be the patient's.
pub(super) struct Family {
    /// The drug list's classes that belong to it.
    pub(super) classes: &'static [&'static str],
    /// How people call the family itself.
    pub(super) words: &'static [&'static str],
    /// Its drugs, by the names that doctors write without choosing from the list.
    pub(super) drugs: &'static [&'static str],
}

pub(super) const FAMILIES: &[Family] = &[
    Family {
        classes: &["penicillin"],
        words: &["penicillin", "پنی‌سیلین", "پنی‌سیلن"],
        drugs: &[
            "benzylpenicillin",
            "phenoxymethylpenicillin",
            "amoxicillin",
            "آموکسی‌سیلین",
            "co-amoxiclav",
            "coamoxiclav",
            "کوآموکسی‌کلاو",
            "ampicillin",
            "آمپی‌سیلین",
            "cloxacillin",
            "کلوگزاسیلین",
            "کلوکساسیلین",
            "piperacillin",
            "پیپراسیلین",
        ],
    },
    Family {
        classes: &["cephalosporin"],
        words: &["cephalosporin", "سفالوسپورین"],
        drugs: &[
            "cephalexin",
            "cefalexin",
            "سفالکسین",
            "cefixime",
            "سفیکسیم",
            "ceftriaxone",
            "سفتریاکسون",
            "cefazolin",
            "سفازولین",
            "cefuroxime",
            "سفوروکسیم",
        ],
    },
    Family {
        classes: &["sulfonamide", "sulfonamide_anticonvulsant"],
        words: &["sulfa", "sulfonamide", "سولفا", "سولفانامید", "سولفونامید"],
        drugs: &[
            "sulfamethoxazole",
            "سولفامتوکسازول",
            "co-trimoxazole",
            "cotrimoxazole",
            "کوتریموکسازول",
            "sulfasalazine",
            "سولفاسالازین",
            "sulfadiazine",
            "سولفادیازین",
        ],
    },
    Family {
        classes: &["nsaid"],
        words: &["nsaid", "nsaids", "salicylate", "ضد التهاب غیر استروئیدی", "سالیسیلات"],
        drugs: &[
            "aspirin",
            "آسپرین",
            "asa",
            "acetylsalicylic acid",
            "استیل سالیسیلیک اسید",
            "ibuprofen",
            "ایبوپروفن",
            "بروفن",
            "naproxen",
            "ناپروکسن",
            "diclofenac",
            "دیکلوفناک",
            "indomethacin",
            "indometacin",
            "ایندومتاسین",
            "mefenamic acid",
            "مفنامیک اسید",
            "ketorolac",
            "کتورولاک",
            "piroxicam",
            "پیروکسیکام",
            "meloxicam",
            "ملوکسیکام",
            "celecoxib",
            "سلکوکسیب",
        ],
    },
    Family {
        classes: &["macrolide"],
        words: &["macrolide", "ماکرولید"],
        drugs: &[
            "azithromycin",
            "آزیترومایسین",
            "erythromycin",
            "اریترومایسین",
            "clarithromycin",
            "کلاریترومایسین",
        ],
    },
    Family {
        classes: &["fluoroquinolone"],
        words: &["quinolone", "fluoroquinolone", "کینولون", "فلوروکینولون"],
        drugs: &[
            "ciprofloxacin",
            "سیپروفلوکساسین",
            "levofloxacin",
            "لووفلوکساسین",
            "ofloxacin",
            "افلوکساسین",
            "اوفلوکساسین",
            "moxifloxacin",
            "موکسی‌فلوکساسین",
        ],
    },
    Family {
        classes: &["tetracycline"],
        words: &["tetracycline", "تتراسایکلین"],
        drugs: &["doxycycline", "داکسی‌سایکلین", "minocycline", "مینوسایکلین"],
    },
    Family {
        classes: &["opioid"],
        words: &["opioid", "اپیوئید"],
        drugs: &["codeine", "کدئین", "morphine", "مورفین", "tramadol", "ترامادول", "methadone", "متادون"],
    },
];
