"""Other languages and scripts, whose letters a filter could take for disguised Latin ones."""

from __future__ import annotations

import random
from collections.abc import Iterator

_LINES = """\
Привет! Как дела? Сколько стоит билет до Москвы?
Мой кот спит на окне, а сосед поёт песни.
Сука — это самка собаки, говорит словарь.
Рота солдат несла сор и рис в кухню.
Це дуже гарна пісня, дякую за неї!
Ο καιρός είναι καλός σήμερα και πάμε βόλτα.
Τι κάνεις; Όλα καλά, ευχαριστώ πολύ.
Die Führung ist für Gäste aus Übersee schön und günstig.
Der Dichter lag dick eingepackt im Bett und sagte: Gute Nacht!
Ich fahre über Fucking nach Wien, das heißt jetzt Fugging.
Le bébé dès l'été réservé à côté du café où l'on déjeune.
Ça va? J'ai dû payer très cher le pâté.
¿Cómo está usted? El año que viene será mejor, señor.
Mañana comeré piña y jamón con mi hermano pequeño.
Você não está só, amanhã é outro dia.
İstanbul'da sık sık yağmur yağar, ılık çay içeriz.
Tôi muốn ăn phở, phúc lộc thọ cho cả nhà.
Gdzie jest łazienka? Proszę mówić wolniej, żółw śpi.
Příliš žluťoučký kůň úpěl ďábelské ódy.
Jag tycker om kött och ägg på söndag.
Hyvää huomenta, miten menee? Kiitos hyvin!
東京タワーはどこですか？駅から歩いて十分です。
ありがとうございます！またね〜〜〜
안녕하세요, 오늘 날씨가 참 좋네요 ㅋㅋㅋㅋ
مرحبا، كيف حالك اليوم؟
שלום, מה שלומך היום?
नमस्ते, आप कैसे हैं?
สวัสดีครับ วันนี้อากาศดีมาก
The Greek letters α, β, γ and π; the angle θ ≈ 3.14 rad; Σxᵢ² ≤ ∞.
The Cyrillic а looks like the Latin a; п is p, and н is n.
Ｔｈｉｓ ｉｓ ｆｕｌｌ ｗｉｄｔｈ ｔｅｘｔ ｏｎ ａ ｐｏｓｔｅｒ
𝒯𝒽𝒶𝓃𝓀 𝓎ℴ𝓊 for the ⓁⓄⓋⒺⓁⓎ 🅶🅸🅵🆃 ❤️
🇩🇪 🇫🇷 🇬🇧 🇺🇸 🇦🇸 🇨🇳 flags of the world
ᴛʜᴇ ᴇɴᴅ, says the poster of the old film.
naïve café, jalapeño, façade, Zoë, Brontë, coöperate, El Niño
Ångström, Dvořák, Gödel, Erdős, Łukasiewicz, Škoda
H₂O, CO₂, x², m³, ½ cup, ¾ tsp, №5, ™ and ®
Mit freundlichen Grüßen, Ihre Frau Dr. Fick-Müller""".splitlines()


def messages(rng: random.Random) -> Iterator[str]:
    yield from _LINES
    for line in _LINES:
        yield f"Please translate: {line}"
