"""Numbers that states give to people. Which are valid is ``python-stdnum``'s knowledge, which works offline.

Where a number's form and checksum leave chance too much room (nine to twelve bare digits), a word that names it must
stand before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import regex
from stdnum.be import nn as be_nn
from stdnum.br import cpf as br_cpf
from stdnum.ca import sin as ca_sin
from stdnum.ch import ssn as ch_ssn
from stdnum.cn import ric as cn_ric
from stdnum.de import idnr as de_idnr
from stdnum.dk import cpr as dk_cpr
from stdnum.es import dni as es_dni
from stdnum.es import nie as es_nie
from stdnum.fi import hetu as fi_hetu
from stdnum.fr import nir as fr_nir
from stdnum.gb import nhs as gb_nhs
from stdnum.in_ import aadhaar as in_aadhaar
from stdnum.in_ import pan as in_pan
from stdnum.it import codicefiscale as it_codicefiscale
from stdnum.jp import in_ as jp_in
from stdnum.kr import rrn as kr_rrn
from stdnum.nl import bsn as nl_bsn
from stdnum.pl import pesel as pl_pesel
from stdnum.se import personnummer as se_personnummer
from stdnum.tr import tckimlik as tr_tckimlik
from stdnum.us import itin as us_itin
from stdnum.us import ssn as us_ssn
from stdnum.za import idnr as za_idnr

from moderation.personal_data.kinds import LIKELY, PROVEN, Found, Kind

_BEFORE = r"(?<![A-Za-z0-9.,\-_/])"
_AFTER = r"(?![A-Za-z0-9_]|[.,\-/]\d)"
_REACH = 40
"""So many characters before a number a word may name it."""


@dataclass(frozen=True, slots=True)
class _Identity:
    note: str
    pattern: regex.Pattern[str]
    is_valid: Callable[[str], bool]
    named: regex.Pattern[str] | None = None

    def found(self, text: str) -> Iterator[Found]:
        for match in self.pattern.finditer(text):
            if self.named and not self.named.search(text, max(0, match.start() - _REACH), match.start()):
                continue
            if self.is_valid(match.group()):
                key = self.note + ":" + regex.sub(r"[^A-Za-z0-9+]", "", match.group()).upper()
                yield Found(*match.span(), Kind.NATIONAL_ID, key, LIKELY if self.named else PROVEN, self.note)


def _identity(note: str, form: str, is_valid: Callable[[str], bool], named: str = "") -> _Identity:
    word = regex.compile(rf"(?:{named})[^\n]{{0,20}}$", regex.I) if named else None
    return _Identity(note, regex.compile(_BEFORE + form + _AFTER), is_valid, word)


def _insurance_number_is_valid(number: str) -> bool:
    """The United Kingdom's has no checksum; its pattern says which prefixes there are."""
    return number.replace(" ", "")[:2] not in {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"}


_IDENTITIES = (
    _identity("CN", r"[1-8]\d{5}(?:18|19|20)\d{9}[\dXx]", cn_ric.is_valid),
    _identity("US SSN", r"\d{3}-\d{2}-\d{4}", lambda n: bool(us_ssn.is_valid(n) or us_itin.is_valid(n))),
    _identity("US SSN", r"\d{9}|\d{3} \d{2} \d{4}", us_ssn.is_valid, r"\bssn\b|social security|\btax(?:payer)? id"),
    _identity(
        "GB NINO",
        r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]",
        _insurance_number_is_valid,
    ),
    _identity("GB NHS", r"\d{3}[ \-]?\d{3}[ \-]?\d{4}", gb_nhs.is_valid, r"\bnhs\b"),
    _identity(
        "DE", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", de_idnr.is_valid, r"steuer-?id|identifikationsnummer|\bidnr\b|\btin\b"
    ),
    _identity("FR", r"[1-478] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}", fr_nir.is_valid),
    _identity("ES", r"\d{8}-?[A-Z]", es_dni.is_valid),
    _identity("ES", r"[XYZ]-?\d{7}-?[A-Z]", es_nie.is_valid),
    _identity("IT", r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", it_codicefiscale.is_valid),
    _identity("SE", r"(?:19|20)?\d{6}[\-+]\d{4}", se_personnummer.is_valid),
    _identity("DK", r"\d{6}-?\d{4}", dk_cpr.is_valid, r"\bcpr\b"),
    _identity("FI", r"\d{6}[\-+A-FU-Y]\d{3}[0-9A-Y]", fi_hetu.is_valid),
    _identity("BE", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", be_nn.is_valid),
    _identity("NL", r"\d{9}", nl_bsn.is_valid, r"\bbsn\b|burgerservicenummer|sofinummer"),
    _identity("CH", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", ch_ssn.is_valid),
    _identity("PL", r"\d{11}", pl_pesel.is_valid, r"\bpesel\b"),
    _identity("TR", r"\d{11}", tr_tckimlik.is_valid, r"kimlik|\btckn?\b"),
    _identity("BR", r"\d{3}\.\d{3}\.\d{3}-\d{2}", br_cpf.is_valid),
    _identity("BR", r"\d{11}", br_cpf.is_valid, r"\bcpf\b"),
    _identity("CA", r"\d{3}[ \-]?\d{3}[ \-]?\d{3}", ca_sin.is_valid, r"\bsin\b|social insurance"),
    _identity("IN AADHAAR", r"[2-9]\d{3} ?\d{4} ?\d{4}", in_aadhaar.is_valid, r"aadhaar|aadhar|uidai|आधार"),
    _identity("IN PAN", r"[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]", in_pan.is_valid, r"\bpan\b"),
    _identity("KR", r"\d{6}-\d{7}", kr_rrn.is_valid),
    _identity("JP", r"\d{4}[ \-]?\d{4}[ \-]?\d{4}", jp_in.is_valid, r"my number|マイナンバー|個人番号"),
    _identity("ZA", r"\d{13}", za_idnr.is_valid, r"\bid\b|identity"),
)


def national_ids(text: str) -> Iterator[Found]:
    for identity in _IDENTITIES:
        yield from identity.found(text)
