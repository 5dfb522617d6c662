"""Abbreviations and units: tables of what is written and what is said."""

TITLES = {
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Miz",
    "Dr": "Doctor",
    "Prof": "Professor",
    "Rev": "Reverend",
    "Hon": "Honorable",
    "Gen": "General",
    "Capt": "Captain",
    "Cpt": "Captain",
    "Lt": "Lieutenant",
    "Col": "Colonel",
    "Sgt": "Sergeant",
    "Maj": "Major",
    "Gov": "Governor",
    "Sen": "Senator",
    "Rep": "Representative",
    "Pres": "President",
    "Fr": "Father",
    "St": "Saint",
    "Mt": "Mount",
    "Ft": "Fort",
}
"""Said so before a name in capitals, with or without a point."""

ALWAYS = {
    "etc": "et cetera",
    "vs": "versus",
    "approx": "approximately",
    "dept": "department",
    "est": "established",
    "misc": "miscellaneous",
    "inc": "incorporated",
    "ltd": "limited",
    "corp": "corporation",
    "co": "company",
    "jr": "junior",
    "sr": "senior",
    "ave": "avenue",
    "blvd": "boulevard",
    "rd": "road",
    "hwy": "highway",
    "expy": "expressway",
    "apt": "apartment",
    "bldg": "building",
    "dist": "district",
    "div": "division",
    "fig": "figure",
    "figs": "figures",
    "min": "minutes",
    "max": "maximum",
    "sec": "seconds",
    "tel": "telephone",
    "vol": "volume",
    "jan": "January",
    "feb": "February",
    "mar": "March",
    "apr": "April",
    "jun": "June",
    "jul": "July",
    "aug": "August",
    "sep": "September",
    "sept": "September",
    "oct": "October",
    "nov": "November",
    "dec": "December",
    "mon": "Monday",
    "tue": "Tuesday",
    "tues": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "thurs": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
    "st": "street",
    "dr": "drive",
}
"""Said so when a point follows."""

DOTTED = {
    "e.g.": "for example",
    "i.e.": "that is",
    "a.m.": "A M",
    "p.m.": "P M",
    "ph.d.": "P H D",
    "cf.": "compare",
    "et al.": "et al",
    "a.k.a.": "also known as",
    "w/o": "without",
    "w/": "with",
    "c/o": "care of",
}
"""Said so wherever they stand."""

LETTERS = frozenset("US UK EU UN TV PC AI IT ID AM PM IQ HR PR VR CD DJ ER MP HQ".split())
"""Capitals that are said as letters although the dictionary has a word of the same letters."""

UNITS = {
    "km": ("kilometer", "kilometers"),
    "m": ("meter", "meters"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "nm": ("nanometer", "nanometers"),
    "mi": ("mile", "miles"),
    "ft": ("foot", "feet"),
    "yd": ("yard", "yards"),
    "kg": ("kilogram", "kilograms"),
    "g": ("gram", "grams"),
    "mg": ("milligram", "milligrams"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "l": ("liter", "liters"),
    "L": ("liter", "liters"),
    "ml": ("milliliter", "milliliters"),
    "mL": ("milliliter", "milliliters"),
    "ms": ("millisecond", "milliseconds"),
    "s": ("second", "seconds"),
    "sec": ("second", "seconds"),
    "min": ("minute", "minutes"),
    "h": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "mph": ("mile per hour", "miles per hour"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "m/s": ("meter per second", "meters per second"),
    "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "MW": ("megawatt", "megawatts"),
    "V": ("volt", "volts"),
    "mA": ("milliamp", "milliamps"),
    "dB": ("decibel", "decibels"),
    "B": ("byte", "bytes"),
    "kB": ("kilobyte", "kilobytes"),
    "KB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"),
    "Mbps": ("megabit per second", "megabits per second"),
    "px": ("pixel", "pixels"),
    "cal": ("calorie", "calories"),
    "kcal": ("kilocalorie", "kilocalories"),
    "ha": ("hectare", "hectares"),
    "km2": ("square kilometer", "square kilometers"),
    "m2": ("square meter", "square meters"),
    "m3": ("cubic meter", "cubic meters"),
    "sq ft": ("square foot", "square feet"),
}
"""Unit after a number: said for one, and for several."""

CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
}
"""Sign before an amount: one, several, one hundredth, several hundredths."""

MAGNITUDES = {
    "k": "thousand",
    "K": "thousand",
    "m": "million",
    "M": "million",
    "mn": "million",
    "bn": "billion",
    "B": "billion",
    "T": "trillion",
    "tn": "trillion",
}
"""Letter after an amount of money."""

MONTHS = "January February March April May June July August September October November December".split()

REGNAL = frozenset(
    "Henry Louis Charles George Edward James William John Richard Philip Frederick Elizabeth Mary Catherine "
    "Francis Ferdinand Leopold Albert Nicholas Alexander Peter Paul Pius Benedict Gregory Leo Innocent Clement "
    "Urban Pope King Queen Napoleon Ramses Ptolemy Victor Gustav Christian Harald Olaf".split()
)
"""Names before a Roman numeral that is said as `the eighth`."""

NUMBERED = frozenset(
    "Chapter Part Act Scene Volume Book Section Article Phase Type Class Grade Level Stage War Bowl Title "
    "Appendix Table Figure Round Season Episode Rocky Apollo".split()
)
"""Words before a Roman numeral that is said as `eight`."""
