"""Writes src/data/read/golden/parquet.json: small Parquet files as pyarrow writes them, in base64.

Run with: python tools/golden/parquet.py
"""

import base64
import io
import json
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

ALPACA = [{"instruction": f"Say {i}.", "input": None if i % 3 else "é", "output": "same"} for i in range(12)]
CHATS = [
    {"id": i, "messages": [{"role": "user", "content": f"Hi {i}"}, {"role": "assistant", "content": "Hello."}]}
    for i in range(3)
]
TOKENS = [{"input_ids": [1, 5 + i, 2], "labels": [-100, 5 + i, 2]} for i in range(3)]


def written(rows, **options):
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer, **options)
    return base64.b64encode(buffer.getvalue()).decode()


files = {
    name: {"rows": rows, "base64": written(rows, **options)}
    for name, rows, options in [
        ("snappy", ALPACA, {"compression": "snappy", "row_group_size": 5}),
        ("zstd", ALPACA, {"compression": "zstd"}),
        ("gzip", ALPACA, {"compression": "gzip"}),
        ("brotli", ALPACA, {"compression": "brotli"}),
        ("lz4", ALPACA, {"compression": "lz4"}),
        ("plain", ALPACA, {"compression": "none", "use_dictionary": False, "data_page_version": "2.0"}),
        ("nested", CHATS, {"compression": "zstd"}),
        ("tokens", TOKENS, {"compression": "snappy"}),
    ]
}
out = pathlib.Path("src/data/read/golden/parquet.json")
out.parent.mkdir(exist_ok=True)
out.write_text(json.dumps(files, separators=(",", ":"), ensure_ascii=False) + "\n")
