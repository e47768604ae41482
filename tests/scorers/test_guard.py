"""Who reads a text: told by what the text is."""

import pytest

from ragcompress.core.context import Context
from ragcompress.models.encoders import OnnxEncoder
from ragcompress.models.multilingual import multilingual, ships_multilingual
from ragcompress.scorers import DenseScorer, FusedScorer, GuardedScorer, LateInteractionScorer, LexicalScorer
from ragcompress.scorers.guard import asks_abroad, is_foreign, reads_english
from ragcompress.scorers.labels import LabelScorer

ENGLISH = "The tower that the city built in 1958 is 333 metres high and open to visitors on all days of the week."
ABROAD = {
    "de": (
        "Wie hoch ist der Turm?",
        "Der Fernsehturm am Alexanderplatz, 1958 von der Stadtverwaltung errichtet, misst 333 Meter Gesamthöhe.",
    ),
    "tr": ("Kulenin yüksekliği ne kadar?", "Şehrin 1958 yılında inşa ettiği kule 333 metre yüksekliğindedir."),
    "zh": ("塔有多高?", "这座城市于1958年建造的塔高333米，每天对游客开放。"),
    "ar": ("كم يبلغ ارتفاع البرج؟", "يبلغ ارتفاع البرج الذي بنته المدينة عام 1958 نحو 333 مترا."),
    "hi": ("मीनार कितनी ऊँची है?", "शहर ने 1958 में जो मीनार बनाई वह 333 मीटर ऊँची है।"),
    "th": ("หอคอยสูงเท่าไร", "หอคอยที่เมืองสร้างขึ้นในปี 1958 สูง 333 เมตร"),
}
CODE = 'def height(self) -> float:\n    return self.base + sum(part["metres"] for part in self.parts)\n'
TABLE = "| Name | Height | Year |\n|---|---|---|\n| Tokyo Tower | 333 | 1958 |\n| Sky Tree | 634 | 2012 |\n"
shipped = pytest.mark.skipif(not ships_multilingual(), reason="the multilingual weights are not in this checkout")


@pytest.mark.parametrize("language", ABROAD)
def test_other_languages_are_told_from_english(language):
    question, passage = ABROAD[language]
    assert asks_abroad(question)
    assert is_foreign(passage)
    assert not reads_english(Context.of(question, [passage]))
    assert not reads_english(Context.of(question, [ENGLISH])), "a question in another language about English text"
    assert not reads_english(Context.of("How tall is the tower?", [passage]))
    assert not reads_english(Context.of("How tall is the tower?", [ENGLISH, ENGLISH, passage])), "a mixed context"


def test_a_question_alone_tells_the_language_of_close_relatives():
    french = "Haute de 333 mètres, la tour bâtie par la ville en 1958 accueille les visiteurs tous les jours."
    assert not reads_english(Context.of("Quelle est la hauteur de la tour ?", [french]))


@pytest.mark.parametrize("text", [ENGLISH, CODE, TABLE, "x = 3", "", "1958: 333", "Tokyo Tower height"])
def test_english_code_tables_and_scraps_are_read_as_english(text):
    assert reads_english(Context.of("How tall is the tower?", [text]))


def test_a_foreign_name_makes_no_foreign_text():
    passage = "Friedrich Nietzsche was born in Röcken bei Lützen, and he died in Weimar in the year 1900."
    assert reads_english(Context.of("Where was Friedrich Nietzsche born?", [passage]))


@shipped
@pytest.mark.parametrize("scorer", [DenseScorer(), LateInteractionScorer(), FusedScorer(), LabelScorer()])
def test_the_twin_finds_the_answer_in_every_language_and_says_nothing(scorer):
    for language, (question, passage) in ABROAD.items():
        others = [other for name, (_, other) in ABROAD.items() if name != language]
        scored = GuardedScorer(scorer)(Context.of(question, [others[0], passage, "Bananas are yellow."]).split())
        assert scored.notes == ()
        assert scored.passage_scores[2] == min(scored.passage_scores), language


@shipped
def test_english_stays_with_the_english_scorer_and_other_encoders_with_themselves():
    guarded = GuardedScorer(LabelScorer())
    assert guarded.reader(Context.of("How tall is the tower?", [ENGLISH])) is guarded.scorer
    german = Context.of(*ABROAD["de"][:1], [ABROAD["de"][1]])
    assert guarded.reader(german) == guarded.scorer.abroad()
    own = OnnxEncoder(None, multilingual().tokenizer, "someone's")
    assert DenseScorer(own).abroad() is None
    assert GuardedScorer(LexicalScorer()).reader(german) == LexicalScorer()


@shipped
def test_the_students_twin_is_a_student():
    twin = LabelScorer.student().abroad()
    assert twin is not None
    assert not twin.model.weights[4:7].any()
