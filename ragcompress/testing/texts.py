"""Sentences of many scripts and awkward strings, from which random contexts are made. Written for this package."""

from __future__ import annotations

__all__ = ["AWKWARD", "QUERIES", "SENTENCES"]

SENTENCES: tuple[tuple[str, ...], ...] = (
    (
        "The bridge opened in 1907 and carries two tracks. ", "Dr. Meier measured 3.5 m at St. Anton! ",
        "It rained that day. ", "Did the keeper, who was ill, close the gate? ", "Tickets cost $4.20 (return: $7). ",
    ),
    ("Die Brücke wurde 1907 eröffnet. ", "Am 3. Mai fuhr der erste Zug über den Fluß. ", "Es regnete. "),
    ("Le pont a été ouvert en 1907. ", "Qui l’a construit ? ", "« Personne », dit-elle. "),
    ("¿Quién construyó el puente? ", "¡Nadie lo sabe! ", "El río creció. "),
    ("Мост открыли в 1907 году. ", "Кто его построил? ", "Шёл дождь. "),
    ("Η γέφυρα άνοιξε το 1907. ", "Ποιος την έχτισε; "),
    ("فُتح الجسر عام 1907. ", "من بناه؟ ", "كان الجو ممطرًا. "),
    ("הגשר נפתח בשנת 1907. ", "מי בנה אותו? "),
    ("पुल १९०७ में खुला। ", "इसे किसने बनाया? "),
    ("সেতুটি ১৯০৭ সালে খোলা হয়। ", "কে এটি তৈরি করেছিল? "),
    ("பாலம் 1907 இல் திறக்கப்பட்டது. ", "யார் கட்டினார்? "),
    ("สะพานเปิดในปี 1907 ", "ใครเป็นคนสร้าง ", "วันนั้นฝนตก "),
    ("大桥于1907年通车。", "是谁建造的？", "那天下雨了。"),
    ("橋は1907年に開通した。", "誰が建てたのか。", "その日は雨だった！"),
    ("다리는 1907년에 개통되었다. ", "누가 지었을까? "),
    ("ხიდი 1907 წელს გაიხსნა. ", "Կամուրջը բացվեց 1907 թ.։ ", "Cầu được khánh thành năm 1907. "),
    ("# Bridges\n", "- built: 1907\n", "- tracks: 2\n", "| year | event |\n|---|---|\n| 1907 | opened |\n"),
    ("```python\ndef gate(open):\n    return not open\n```\n", "for i in range(3): print(i)\n", "{\"opened\": 1907}\n"),
)  # fmt: skip

AWKWARD: tuple[str, ...] = (
    "", " ", "\n\n", "\t \r\n", "\u2028\u3000", ".", "...", "?!", "\x00", "a\x00b. ", "\ud800", "ok \udfff end. ",
    "\ufeff", "\u200d", "e\u0301te\u0301. ", "👩‍👩‍👧‍👦🏳️‍🌈. ", "\u202eabc\u202c. ", "x" * 700,
    "no punctuation at all " * 12, "一" * 300, "Same again. Same again. Same again. ", "line\r\nline\rline\u2028line\n",
    "  leading. And trailing  ",
    "[1] looks like a marker. ", "a b\u00a0c\u2003d. ", "&lt;b&gt; <b>bold</b> </b>. ", "%s {0} ${x} \\n. ",
)  # fmt: skip

QUERIES: tuple[str, ...] = (
    "When did the bridge open?", "Who built it?", "price of a ticket", "Wann wurde die Brücke eröffnet?",
    "Qui a construit le pont ?", "Кто построил мост?", "من بنى الجسر؟", "पुल कब खुला?", "大桥何时通车？",
    "橋はいつ開通した？", "สะพานเปิดเมื่อใด", "1907", "?", "\ud800", "the " * 60, "zzzz qqqq", "\x00 null",
)  # fmt: skip
