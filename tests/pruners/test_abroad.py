"""Other languages than English, as anyone asks them: by default, without a fallback."""

import pytest

import ragcompress as rc
from ragcompress.models.multilingual import ships_multilingual
from ragcompress.scorers.labels import LabelScorer

pytestmark = pytest.mark.skipif(not ships_multilingual(), reason="the multilingual weights are not in this checkout")

BERLIN = "Berlin ist die Hauptstadt Deutschlands. Die Mauer fiel am 9. November 1989. Die Spree fließt durch die Stadt."
CHINESE = "东京是日本的首都。东京塔高333米，1958年建成。城里有很多公园。"
ARABIC = "القاهرة عاصمة مصر. بني برج القاهرة عام 1961 ويبلغ ارتفاعه 187 مترا. يمر النيل بالمدينة."
ASKED = {
    "de": ("Wann fiel die Berliner Mauer?", "9. November 1989"),
    "zh": ("东京塔有多高?", "333米"),
    "ar": ("كم يبلغ ارتفاع برج القاهرة؟", "187"),
    "fr": ("Quand le mur de Berlin est-il tombé ?", "9. November 1989"),
    "en": ("How tall is the Tokyo Tower?", "333米"),
}


@pytest.mark.parametrize("language", ASKED)
def test_the_answer_is_kept_and_nothing_falls_back_to_words(language):
    question, answer = ASKED[language]
    out = rc.compress(question, [BERLIN, CHINESE, ARABIC], budget=40)
    assert answer in out.text
    assert not any("by words" in warning for warning in out.warnings)


def test_without_a_budget_the_rule_is_the_twins_own():
    dynamic = rc.LabellingPruner.dynamic(0.95)
    assert dynamic.rule is not None
    assert dynamic.rule.abroad is not None
    assert dynamic.rule.abroad.per_token != dynamic.rule.per_token
    out = rc.compress(ASKED["de"][0], [BERLIN, CHINESE, ARABIC], compressor=dynamic)
    assert "9. November 1989" in out.text
    assert len(out.text) < len(BERLIN + CHINESE + ARABIC) / 2


def test_one_labeller_reads_a_context_whole():
    twin = LabelScorer().abroad()
    assert twin is not None
    assert twin.abroad() is None
    assert twin == LabelScorer().abroad()
