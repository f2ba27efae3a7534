"""Personal data for tests, all of it from public examples or made up: (kind, datum), and texts that have none."""

from __future__ import annotations

from moderation.personal_data.kinds import Kind

# In two parts where a whole one would alarm the scanners that look for keys in repositories.
JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0"
    + ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
)
KEY_BLOCK = "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIEpAIBAAKCAQEA7bq\nabc123==\n-----END RSA PRIVATE KEY-----"

ALONE = [
    (Kind.EMAIL, "bob.smith+x@mail.example.co.uk"),
    (Kind.EMAIL, "o'neill@example.ie"),
    (Kind.PHONE, "+49 30 901820"),
    (Kind.PHONE, "+1-202-456-1111"),
    (Kind.PHONE, "+86 138 1234 5678"),
    (Kind.PHONE, "0049 30 901820"),
    (Kind.PHONE, "415-555-2671"),
    (Kind.PHONE, "(415) 555-2671"),
    (Kind.PHONE, "13812345678"),
    (Kind.PHONE, "138 1234 5678"),
    (Kind.PHONE, "020 7946 0958"),
    (Kind.PHONE, "01 42 68 53 00"),
    (Kind.CARD, "4111 1111 1111 1111"),
    (Kind.CARD, "5500-0055-5555-5559"),
    (Kind.CARD, "378282246310005"),
    (Kind.CARD, "3782 822463 10005"),
    (Kind.CARD, "6011111111111117"),
    (Kind.IBAN, "DE89 3704 0044 0532 0130 00"),
    (Kind.IBAN, "GB29NWBK60161331926819"),
    (Kind.IBAN, "FR14 2004 1010 0505 0001 3M02 606"),
    (Kind.NATIONAL_ID, "11010519491231002X"),
    (Kind.NATIONAL_ID, "123-45-6789"),
    (Kind.NATIONAL_ID, "AB 12 34 56 C"),
    (Kind.NATIONAL_ID, "2 95 10 99 126 111 93"),
    (Kind.NATIONAL_ID, "12345678Z"),
    (Kind.NATIONAL_ID, "X1234567L"),
    (Kind.NATIONAL_ID, "RSSMRA85T10A562S"),
    (Kind.NATIONAL_ID, "811218-9876"),
    (Kind.NATIONAL_ID, "131052-308T"),
    (Kind.NATIONAL_ID, "85.07.30-033.28"),
    (Kind.NATIONAL_ID, "756.9217.0769.85"),
    (Kind.NATIONAL_ID, "390.533.447-05"),
    (Kind.NATIONAL_ID, "971013-9019902"),
    (Kind.SECRET, "AKIA" + "IOSFODNN7EXAMPLE"),
    (Kind.SECRET, "ghp_" + "abcdefghijklmnopqrstuvwxyzABCDEF0123"),
    (Kind.SECRET, "glpat-" + "abcdEFGH1234abcdEFGH"),
    (Kind.SECRET, "sk-proj-" + "abcdEFGH1234abcdEFGH1234abcdEFGH1234"),
    (Kind.SECRET, "AIza" + "SyA1234567890abcdefghijklmnopqrstuv"),
    (Kind.SECRET, "hf_" + "abcdefghijklmnopqrstuvwxyzABCDEF12"),
    (Kind.SECRET, "sk_live_" + "abcdEFGH1234abcdEFGH1234"),
    (Kind.SECRET, JWT),
    (Kind.SECRET, KEY_BLOCK),
    (Kind.IP, "81.2.69.142"),
    (Kind.IP, "2a00:1450:4001:81b::200e"),
]

NAMED = [
    (Kind.PHONE, "phone: ", "02079460958"),
    (Kind.PHONE, "Tel. ", "030901820"),
    (Kind.PHONE, "我的电话是", "13812345678"),
    (Kind.PHONE, "call me at ", "4155552671"),
    (Kind.NATIONAL_ID, "身份证号", "11010519491231002X"),
    (Kind.NATIONAL_ID, "SSN: ", "536904399"),
    (Kind.NATIONAL_ID, "NHS number ", "943 476 5919"),
    (Kind.NATIONAL_ID, "Steuer-ID ", "36 574 261 809"),
    (Kind.NATIONAL_ID, "BSN ", "111222333"),
    (Kind.NATIONAL_ID, "PESEL ", "44051401359"),
    (Kind.NATIONAL_ID, "TC kimlik ", "17291716060"),
    (Kind.NATIONAL_ID, "CPF ", "39053344705"),
    (Kind.NATIONAL_ID, "SIN ", "130 692 544"),
    (Kind.NATIONAL_ID, "Aadhaar ", "2341 2341 2346"),
    (Kind.NATIONAL_ID, "PAN ", "ABCPE1234F"),
    (Kind.NATIONAL_ID, "My Number ", "1234 5678 9018"),
    (Kind.NATIONAL_ID, "ID ", "7503305044089"),
    (Kind.NATIONAL_ID, "CPR ", "211062-5629"),
    (Kind.SECRET, "postgres://admin:", "s3cr3tpw@db.example.com"),
    (Kind.SECRET, "password: ", "Tr0ub4dor&3xq"),
    (Kind.SECRET, 'api_key = "', '9f8a7b6c5d4e3f2a1b0c"'),
    (Kind.IP, "ping ", "24.48.0.1"),
]

HARMLESS = [
    "On 2024-05-12 at 10:33:21 it cost $1,234,567.89, not €1.234.567,89 or 12345678 £.",
    "From 05/06/2024 to 07.08.2024, 2019-2023 and 1914-1918.",
    "Version 10.2.3.4, v81.2.69.142, Chrome/120.0.0.0, AWB 5.0.1.0 and release 100.2.3.4",
    "192.168.0.1, 127.0.0.1, 10.0.0.1, 203.0.113.7, 8.8.8.8, ::1, fe80::1, 2001:db8::1",
    "x = 6502530000; y = 1700000000; ts = 1700000000000; port 8080",
    "ISBN 978-3-16-148410-0, order 20231234567, parcel 1Z999AA10123456784",
    "550e8400-e29b-41d4-a716-446655440000",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "pi is 3.14159265358979 and e is 2.718281828459045, +35236450.6 or -1.7e308",
    "password: required1 token = tokenizer.encode(text1); secret = os.environ['KEY_1234567']",
    "api_key = YOUR_API_KEY_123456 password=changeme123456",
    "logo@2x.png @app.route('/a1') git@github.com:a/b1 a@b @ 3",
    "std::vector<int> a1::b2 12:30:45 dead::beef",
    "0 1 2 3 4 5 6 7 8 9, and 0 1 1 2 3 5 8 13 21 34 55 89 144",
    "Call f(10, 200, 3000), call 1000000 times; for the phone see page 1234567",
    "1234 5678 9012 3456 and 4111 1111 1111 1112 and DE00 3704 0044 0532 0130 00",
    "11010519491231002Y 110105194913310025 000-12-3456 666-12-3456",
    "matrix 0.123 0.456 0.789; row 0123456789; 第12345678号，2024年5月12日",
    "No digits, no signs.",
]
