"""The Arrow function under other people's engines, as docs/scale.md shows it."""

from __future__ import annotations

from typing import Any

import pytest

from ragcompress.bulk import compress_arrow, compress_dataset

pytest.importorskip("pyarrow", reason="needs the extra bulk")
pytestmark = [pytest.mark.scale, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
ROWS: list[dict[str, Any]] = [
    {"id": f"r{at}", "query": "Who wrote it?", "passages": [f"Ada wrote it in {at}. It rained.", "Bob slept."]}
    for at in range(7)
]


def expected() -> list[str]:
    return [row["text"] for row in compress_dataset(ROWS, budget=8, compressor="lexical")]


def test_dask() -> None:
    dask = pytest.importorskip("dask.dataframe", reason="dask is not installed")
    pandas = pytest.importorskip("pandas")
    function = compress_arrow(budget=8, compressor="lexical")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dask.config.config", {**pytest.importorskip("dask").config.config})
        pytest.importorskip("dask").config.set({"dataframe.convert-string": False})  # lists are to stay lists
        frame = dask.from_pandas(pandas.DataFrame(ROWS), npartitions=2)
        done = frame.map_partitions(function.frame, meta=function.empty()).compute(scheduler="sync")
    assert done["text"].tolist() == expected()


def test_daft() -> None:
    daft = pytest.importorskip("daft", reason="daft is not installed")
    arrow = pytest.importorskip("pyarrow")
    function = compress_arrow(budget=8, compressor="lexical")

    @daft.func.batch(return_dtype=daft.DataType.from_arrow_type(arrow.struct(list(function.schema))))
    def compressed(ids: Any, queries: Any, passages: Any) -> Any:
        columns = {"id": ids, "query": queries, "passages": passages}
        table = arrow.table({name: series.to_arrow() for name, series in columns.items()})
        return function(table).to_struct_array().combine_chunks()

    frame = daft.from_pydict({name: [row[name] for row in ROWS] for name in ROWS[0]})
    col = daft.col
    done = frame.select(compressed(col("id"), col("query"), col("passages")).alias("out"))
    assert [row["text"] for row in done.to_pydict()["out"]] == expected()


def test_spark() -> None:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    function = compress_arrow(budget=8, compressor="lexical")
    spark = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        frame = spark.createDataFrame(ROWS, "id string, query string, passages array<string>")
        schema = pytest.importorskip("pyspark.sql.pandas.types").from_arrow_schema(function.schema)
        done = frame.mapInArrow(function.batches, schema).collect()
    finally:
        spark.stop()
    assert [row["text"] for row in done] == expected()
