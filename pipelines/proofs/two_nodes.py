"""A bulk job on two Ray nodes of which one is killed in the middle: nothing is lost, nothing doubled.

python -m pipelines.proofs.two_nodes --rows 300
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.proofs.bulk_kills import write_questions
from pipelines.proofs.proof import must
from ragcompress.bulk import compress_dataset
from ragcompress.core.errors import require

NODE: dict[str, Any] = {"num_cpus": 2, "object_store_memory": 2**27}
STARTS = 5  # at most: on a busy machine a node may not come up in the 30 s that Ray gives it


def main() -> None:
    """One run here, one on two nodes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300)
    options = parser.parse_args()
    os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "300"}
    ray, cluster_of = require("ray", "ray"), require("ray.cluster_utils", "ray").Cluster
    with tempfile.TemporaryDirectory() as folder:
        source, job = Path(folder, "in.jsonl"), Path(folder, "job")
        write_questions(source, options.rows)
        whole = list(compress_dataset(source, budget=60, compressor="truncate", chunk=5))
        cluster = _patiently(lambda: cluster_of(initialize_head=True, head_node_args=NODE))
        second = _patiently(lambda: cluster.add_node(**NODE))
        ray.init(address=cluster.address, log_to_driver=False)
        must(len([node for node in ray.nodes() if node["Alive"]]) == 2, "two nodes are alive")
        killed: list[int] = []

        def kill() -> None:
            while (done := len(list(job.glob("parts/*.parquet")))) < options.rows // 15:
                time.sleep(0.05)
            cluster.remove_node(second, allow_graceful=False)
            killed.append(done)

        threading.Thread(target=kill, daemon=True).start()
        made = compress_dataset(source, budget=60, compressor="truncate", chunk=5, engine="ray", actors=3, job=job)
        told = f"the second node was killed with {killed} of {options.rows // 5} chunks done"
        must(bool(killed) and len([node for node in ray.nodes() if node["Alive"]]) == 1, told)
        must(list(made) == whole, f"{len(made):,} rows, equal to those of an unbroken run")
        ray.shutdown()
        cluster.shutdown()


def _patiently(start: Callable[[], Any]) -> Any:
    for _ in range(STARTS - 1):
        try:
            return start()
        except Exception as error:  # Ray raises plain ones
            print(f"  a node did not start: {error}", flush=True)
    return start()


if __name__ == "__main__":
    main()
