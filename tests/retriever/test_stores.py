"""What every store promises, each promise for every store."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from retriever_doubles import WordEncoder

import ragcompress as rc
from ragcompress.core.errors import EncoderMismatch, InvalidInput
from ragcompress.core.protocols import Retriever
from ragcompress.retriever.filters import predicate
from ragcompress.retriever.sidecar import makers_for
from ragcompress.retriever.stores.extras import sidecar_bytes, unpacked
from ragcompress.retriever.stores.facts import facts_of, needed

WORDS = [
    "pump",
    "valve",
    "rain",
    "barrel",
    "island",
    "teacher",
    "market",
    "bridge",
    "東京",
    "winter",
    "engine",
    "letter",
]


def passages(n: int = 120) -> list[rc.Passage]:
    rng = np.random.default_rng(5)
    return [
        rc.Passage(
            " ".join(rng.choice(WORDS, 8)) + f" number{i}",
            id=f"p{i}",
            title=f"Title {i % 9}",
            metadata={"year": 1900 + i, "kind": "ab"[i % 2], "tags": ["x", str(i % 3)]},
        )
        for i in range(n)
    ]


ODD = [
    rc.Passage("nul \0 and half \ud800 a pair", id="\0\ud800", title="\udfff", metadata={"\0": "\ud800", "n": None}),
    rc.Passage("'; drop table passages; --", id="'; drop table passages; --", metadata={"'; --": '"] or true'}),
    rc.Passage("", id="empty", metadata={"deep": {"list": [1, 2.5, True, {"a": []}]}, "inf": 1e308}),
    rc.Passage("\r\n\t café e\u0301 👩‍👩‍👧 ", id="x" * 5000, metadata={"id": "another"}),
]


def test_it_is_a_retriever(make):
    store = make(WordEncoder())
    assert isinstance(store, Retriever)
    assert len(store) == 0
    assert store.retrieve("anything") == []


def test_the_same_as_our_own_index(make):
    given, encoder = passages(), WordEncoder()
    store, dense = make(encoder), rc.DenseRetriever.build(given, encoder)
    assert store.upsert(given) == [passage.id for passage in given]
    for query in ("pump in the rain", "number7 island", "東京"):
        mine, own = store.retrieve(query, 10), dense.retrieve(query, 10)
        assert [p.id for p in mine] == [p.id for p in own]
        np.testing.assert_allclose([p.score for p in mine], [p.score for p in own], atol=1e-3)


def test_what_goes_in_comes_back(make):
    store = make(WordEncoder())
    store.upsert(ODD)
    assert store.get([passage.id for passage in ODD]) == ODD
    found = {passage.id: passage for passage in store.retrieve("drop table", 10)}
    assert {name: (p.text, p.title, dict(p.metadata)) for name, p in found.items()} == {
        p.id: (p.text, p.title, dict(p.metadata)) for p in ODD
    }


def test_writing_twice_replaces(make):
    store, given = make(WordEncoder()), passages(20)
    store.upsert(given)
    store.add(given)
    assert len(store) == 20
    store.upsert([rc.Passage("something else", id="p3")])
    assert len(store) == 20
    assert store.get("p3")[0].text == "something else"


def test_delete(make):
    store = make(WordEncoder())
    store.upsert(passages(20))
    assert store.delete(["p3", "p3", "p4", "nobody"]) == 2
    assert len(store) == 18
    assert store.get(["p3", "p5"]) == [passages(20)[5]]
    assert "p3" not in {p.id for p in store.retrieve("pump", 20)}


FILTERS = [
    {"kind": "a"},
    {"kind": "a", "year": {"$gte": 1950, "$lt": 1960}},
    {"tags": ["2"]},
    {"year": 1907.0},
    {"year": {"$ne": 1907}},
    {"$or": [{"year": 1907}, {"kind": "b", "tags": ["1"]}]},
    {"$not": {"kind": "a"}},
    {"missing": None},
    {"kind": {"$in": []}},
    {"'; drop table passages; --": "' or 1=1 --"},
    lambda metadata: metadata["year"] % 10 == 3,
]


@pytest.mark.parametrize("where", FILTERS, ids=str)
def test_filters_are_exact(make, where):
    given, encoder = passages(60), WordEncoder()
    store = make(encoder)
    store.upsert(given)
    accept = predicate(where)
    wanted = [p.id for p in rc.DenseRetriever.build(given, encoder).retrieve("pump", 60) if accept(p.metadata)]
    assert [p.id for p in store.retrieve("pump", 5, where)] == wanted[:5]
    assert sorted(p.id for p in store.retrieve("pump", 60, where)) == sorted(wanted)


def test_tenants_do_not_see_each_other(make):
    mine, yours = make(WordEncoder(), tenant="a'"), make(WordEncoder(), tenant="b")
    mine.upsert([rc.Passage("the pump", id="1")])
    yours.upsert([rc.Passage("another pump", id="1"), rc.Passage("rain", id="2")])
    assert [p.text for p in mine.retrieve("pump")] == ["the pump"]
    assert [p.text for p in mine.retrieve("rain", search="lexical")] == []
    assert mine.get(["1", "2"])[0].text == "the pump"
    assert (len(mine), len(yours)) == (1, 2)
    assert mine.delete(["1", "2"]) == 1
    assert len(yours) == 2


def test_words_and_both(make):
    store = make(WordEncoder())
    store.upsert(passages(60))
    store.optimize()
    best = store.retrieve("what is number7?", 3, search="lexical")
    assert best[0].id == "p7"
    assert len(best) == 1
    assert "東京" in store.retrieve("東京", 3, search="lexical")[0].text
    assert "p7" in {p.id for p in store.retrieve("number7", 3, search="hybrid")}
    assert store.retrieve("?!", 3, search="lexical") == []


def test_another_encoder_is_refused(make):
    make(WordEncoder())
    with pytest.raises(EncoderMismatch, match="other vectors"):
        make(WordEncoder(seed=1))
    with pytest.raises(EncoderMismatch, match="dimensions"):
        make(WordEncoder(8))


def test_bad_input(make):
    store = make(WordEncoder())
    for query, k in (("", 3), ("a", -1)):
        with pytest.raises(InvalidInput):
            store.retrieve(query, k)
    with pytest.raises(InvalidInput, match="no comparison"):
        store.retrieve("a", where={"a": {"$where": "1"}})
    with pytest.raises(InvalidInput, match="JSON"):
        store.upsert([rc.Passage("a", metadata={"a": object()})])
    with pytest.raises(InvalidInput, match="search is"):
        store.retrieve("a", search="magic")
    assert len(store) == 0


def test_precomputed_states_come_back(make):
    class Maker:
        name, fingerprint = "lengths", "1"
        seen: dict[str, int]

        def __call__(self, passages):
            return [np.array([len(passage.text)]) for passage in passages]

        def recall(self, passages, arrays):
            self.seen = {
                passage.id: int(array[0]) for passage, array in zip(passages, arrays, strict=True) if len(array)
            }

    store, maker = make(WordEncoder(), precompute=True), Maker()
    store._makers = store._readers = (maker,)
    store.upsert([rc.Passage("The pump was built in 1907.", id="1"), rc.Passage("It rained.", id="2")])
    store.retrieve("pump", 5)
    assert maker.seen == {"1": 27, "2": 10}
    maker.fingerprint = "2"  # another encoder's: passed over
    store.retrieve("pump", 5)
    assert maker.seen == {}


def test_units_are_stored_and_dense_pruning_reads_no_passage(make, monkeypatch):
    from ragcompress.models.encoders import OnnxEncoder

    given = passages(4)
    plain, store = make(WordEncoder(), precompute=False), make(WordEncoder(), precompute="units")
    store.upsert(given)
    encoder = OnnxEncoder.embedded()
    encoder._units.clear()
    found = store.retrieve("pump", 2)
    assert all(encoder.units_of(passage) is not None for passage in found)
    units_only, everything = (unpacked(sidecar_bytes(makers_for(how), given[:1])[0]) for how in ("units", True))
    assert {name.partition("|")[0] for name in units_only} == {"units"}
    assert {name.partition("|")[0] for name in everything} == {"units", "states"}
    plain.upsert(given)  # written by one that stores nothing: nothing to put there
    encoder._units.clear()
    assert all(encoder.units_of(passage) is None for passage in plain.retrieve("pump", 2))
    with pytest.raises(InvalidInput, match="precompute is"):
        make(WordEncoder(), precompute="states")


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False, width=16) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
_keys = st.sampled_from(["a", "b", "c'"])


def _wheres(inner):
    fields = st.dictionaries(
        _keys, _values | st.fixed_dictionaries({"$ne": _values}) | st.fixed_dictionaries({"$eq": _values}), max_size=2
    )
    joined = st.sampled_from(["$and", "$or"]).flatmap(
        lambda op: st.fixed_dictionaries({op: st.lists(inner, max_size=3)})
    )
    return fields | joined | st.fixed_dictionaries({"$not": inner})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_keys, _values, max_size=3), st.recursive(st.just({}), _wheres, max_leaves=4))
def test_facts_never_hide_a_match(metadata, where):
    if predicate(where)(metadata):
        facts = set(facts_of(metadata))
        assert all(facts & group for group in needed(where))
