//! What people come with, and what is then prescribed: by the doctor's field.

/// A group of specialties.
pub(super) struct Field {
    specialties: &'static [&'static str],
    pub(super) complaints: &'static [&'static str],
    /// None where nothing is prescribed.
    pub(super) drugs: &'static [Drug],
}

/// A drug of the list, and how it is taken.
pub(super) struct Drug {
    pub(super) code: &'static str,
    pub(super) dosage: &'static str,
    pub(super) frequency: &'static str,
    pub(super) duration: &'static str,
    pub(super) instructions: &'static str,
}

const fn drug(
    code: &'static str,
    dosage: &'static str,
    frequency: &'static str,
    duration: &'static str,
    instructions: &'static str,
) -> Drug {
    Drug { code, dosage, frequency, duration, instructions }
}

const ONCE: &str = "روزی یک بار";
const TWICE: &str = "روزی دو بار";
const THRICE: &str = "هر 8 ساعت";
const WEEK: &str = "7 روز";
const FORTNIGHT: &str = "14 روز";
const MONTH: &str = "30 روز";
const FED: &str = "بعد از غذا";
const FASTING: &str = "ناشتا";
const AT_NIGHT: &str = "شب‌ها پیش از خواب";

/// Of whoever is in none of the others.
static GENERAL: Field = Field {
    specialties: &[],
    complaints: &[
        "سرماخوردگی و گلودرد",
        "تب و بدن‌درد",
        "سردرد",
        "خستگی و بی‌حالی",
        "معاینه سالانه",
        "تفسیر آزمایش",
    ],
    drugs: &[
        drug("paracetamol", "قرص 500 میلی‌گرم", THRICE, "5 روز", "در صورت تب یا درد"),
        drug("cetirizine", "قرص 10 میلی‌گرم", ONCE, WEEK, AT_NIGHT),
        drug("vitamin_b_complex", "قرص", ONCE, MONTH, FED),
    ],
};

static FIELDS: [Field; 13] = [
    Field {
        specialties: &["cardiology", "interventional_cardiology", "vascular_surgery", "cardiac_surgery"],
        complaints: &[
            "درد قفسه سینه هنگام فعالیت",
            "تپش قلب",
            "فشار خون بالا",
            "تنگی نفس",
            "پیگیری پس از آنژیوگرافی",
            "چربی خون بالا",
        ],
        drugs: &[
            drug("atorvastatin", "قرص 20 میلی‌گرم", ONCE, MONTH, AT_NIGHT),
            drug("losartan", "قرص 50 میلی‌گرم", ONCE, MONTH, "صبح"),
            drug("bisoprolol", "قرص 2.5 میلی‌گرم", ONCE, MONTH, "صبح"),
            drug("acetylsalicylic_acid", "قرص 80 میلی‌گرم", ONCE, MONTH, FED),
        ],
    },
    Field {
        specialties: &["dermatology", "plastic_surgery"],
        complaints: &["جوش صورت", "ریزش مو", "خارش و قرمزی پوست", "لکه‌های پوستی", "خشکی پوست"],
        drugs: &[
            drug("adapalene", "ژل 0.1 درصد", ONCE, MONTH, AT_NIGHT),
            drug("clotrimazole", "کرم 1 درصد", TWICE, FORTNIGHT, "روی پوست تمیز و خشک"),
            drug("loratadine", "قرص 10 میلی‌گرم", ONCE, FORTNIGHT, "در صورت خارش"),
        ],
    },
    Field {
        specialties: &[
            "pediatrics",
            "neonatology",
            "pediatric_cardiology",
            "pediatric_neurology",
            "pediatric_gastroenterology",
            "pediatric_endocrinology",
            "pediatric_nephrology",
            "pediatric_hematology_oncology",
            "pediatric_surgery",
        ],
        complaints: &[
            "تب کودک",
            "سرفه و آبریزش بینی",
            "اسهال و استفراغ",
            "کم‌اشتهایی",
            "پایش رشد",
            "دل‌درد کودک",
        ],
        drugs: &[
            drug(
                "paracetamol",
                "شربت 120 میلی‌گرم در 5 میلی‌لیتر",
                "هر 6 ساعت",
                "3 روز",
                "در صورت تب، بر پایه وزن",
            ),
            drug("oral_rehydration_salts", "یک بسته در یک لیتر آب", "پس از هر بار اسهال", "3 روز", "کم‌کم"),
            drug("zinc_sulfate", "شربت 5 میلی‌لیتر", ONCE, FORTNIGHT, FED),
        ],
    },
    Field {
        specialties: &["neurology", "neurosurgery", "pain_medicine"],
        complaints: &["سردرد میگرنی", "سرگیجه", "بی‌حسی دست و پا", "لرزش دست", "فراموشی"],
        drugs: &[
            drug(
                "sumatriptan",
                "قرص 50 میلی‌گرم",
                "هنگام شروع سردرد",
                MONTH,
                "بیش از دو عدد در روز مصرف نشود",
            ),
            drug("propranolol", "قرص 20 میلی‌گرم", TWICE, MONTH, FED),
            drug("gabapentin", "کپسول 100 میلی‌گرم", ONCE, MONTH, AT_NIGHT),
        ],
    },
    Field {
        specialties: &["gynecology", "infertility", "perinatology"],
        complaints: &["نامنظمی قاعدگی", "مراقبت بارداری", "درد زیر شکم", "مشاوره پیش از بارداری"],
        drugs: &[
            drug("folic_acid", "قرص 1 میلی‌گرم", ONCE, MONTH, FED),
            drug("ferrous_sulfate", "قرص 50 میلی‌گرم", ONCE, MONTH, FASTING),
            drug("mefenamic_acid", "کپسول 250 میلی‌گرم", THRICE, "3 روز", FED),
        ],
    },
    Field {
        specialties: &["orthopedics", "physical_medicine", "sports_medicine", "rheumatology"],
        complaints: &["زانودرد", "کمردرد", "درد شانه", "پیچ‌خوردگی مچ پا", "خشکی صبحگاهی مفاصل"],
        drugs: &[
            drug("naproxen", "قرص 500 میلی‌گرم", TWICE, WEEK, FED),
            drug("methocarbamol", "قرص 500 میلی‌گرم", THRICE, WEEK, "ممکن است خواب‌آور باشد"),
            drug("calcium_carbonate", "قرص 500 میلی‌گرم", ONCE, MONTH, FED),
        ],
    },
    Field {
        specialties: &["psychiatry", "child_psychiatry"],
        complaints: &["اضطراب و بی‌قراری", "بی‌خوابی", "خلق پایین", "پیگیری درمان", "وسواس"],
        drugs: &[
            drug("sertraline", "قرص 50 میلی‌گرم", ONCE, MONTH, "صبح"),
            drug("melatonin", "قرص 3 میلی‌گرم", ONCE, MONTH, AT_NIGHT),
        ],
    },
    Field {
        specialties: &["gastroenterology", "general_surgery", "hematology_oncology"],
        complaints: &["سوزش معده", "نفخ و دل‌درد", "یبوست", "کبد چرب"],
        drugs: &[
            drug("pantoprazole", "قرص 40 میلی‌گرم", ONCE, MONTH, FASTING),
            drug("simeticone", "قرص جویدنی 40 میلی‌گرم", THRICE, FORTNIGHT, FED),
            drug("lactulose", "شربت 15 میلی‌لیتر", ONCE, FORTNIGHT, AT_NIGHT),
        ],
    },
    Field {
        specialties: &["endocrinology", "internal_medicine", "family_medicine"],
        complaints: &["کنترل قند خون", "کم‌کاری تیروئید", "اضافه وزن", "کمبود ویتامین دی"],
        drugs: &[
            drug("metformin", "قرص 500 میلی‌گرم", TWICE, MONTH, FED),
            drug("levothyroxine", "قرص 50 میکروگرم", ONCE, MONTH, FASTING),
            drug("colecalciferol", "کپسول 50000 واحد", "هفته‌ای یک بار", "8 هفته", FED),
        ],
    },
    Field {
        specialties: &["ent", "pulmonology", "allergy_immunology", "infectious_diseases", "thoracic_surgery"],
        complaints: &["سرفه طولانی", "سینوزیت", "آلرژی فصلی", "گوش‌درد", "خس‌خس سینه"],
        drugs: &[
            drug("loratadine", "قرص 10 میلی‌گرم", ONCE, FORTNIGHT, ""),
            drug("fluticasone", "اسپری بینی", TWICE, MONTH, "یک پاف در هر سوراخ بینی"),
            drug("montelukast", "قرص 10 میلی‌گرم", ONCE, MONTH, AT_NIGHT),
        ],
    },
    Field {
        specialties: &["ophthalmology", "retina", "optometry"],
        complaints: &["سوزش و خشکی چشم", "تاری دید", "معاینه بینایی", "قرمزی چشم"],
        drugs: &[drug("hypromellose", "قطره چشمی", "روزی 4 بار", MONTH, "یک قطره در هر چشم")],
    },
    Field {
        specialties: &["urology", "nephrology"],
        complaints: &["سوزش ادرار", "سنگ کلیه", "تکرر ادرار", "پیگیری کارکرد کلیه"],
        drugs: &[
            drug("tamsulosin", "کپسول 0.4 میلی‌گرم", ONCE, MONTH, AT_NIGHT),
            drug("hyoscine_butylbromide", "قرص 10 میلی‌گرم", THRICE, "5 روز", "در صورت درد"),
        ],
    },
    Field {
        specialties: &[
            "nutrition",
            "physiotherapy",
            "audiology",
            "speech_therapy",
            "midwifery",
            "radiology",
            "pathology",
            "nuclear_medicine",
            "radiation_oncology",
            "forensic_medicine",
            "medical_genetics",
            "anesthesiology",
            "occupational_medicine",
            "community_medicine",
            "dentistry",
            "orthodontics",
            "endodontics",
            "periodontics",
            "prosthodontics",
            "pediatric_dentistry",
            "oral_surgery",
            "oral_medicine",
        ],
        complaints: &["ارزیابی اولیه", "جلسه پیگیری", "مشاوره تخصصی", "بررسی مدارک و آزمایش‌ها"],
        drugs: &[],
    },
];

/// The group of a specialty.
pub(super) fn field(specialty: &str) -> &'static Field {
    FIELDS.iter().find(|field| field.specialties.contains(&specialty)).unwrap_or(&GENERAL)
}
