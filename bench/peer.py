"""peer.py duckdb|clickhouse|polars THREADS MEMORY TEXT: run a query and write
its answer as CSV (or JSON lines) to standard output.

The last line on standard error is "wall cpu" of the query alone: neither the
start of Python nor the loading of the library is held against a peer.  MEMORY
is bytes, or 0 for as much as it wants.
"""
import os
import resource
import sys
import time

OUT = "/dev/stdout"


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def form_of(text, forms):
    """The form that the answer is to have, and the query."""
    word, _, rest = text.partition(" ")
    return (forms[word], rest) if word in forms else (forms[""], text)


def start_duckdb(threads, memory):
    import duckdb

    def run(text):
        session = duckdb.connect()
        session.execute("set enable_progress_bar = false")
        session.execute(f"set threads = {threads}")
        session.execute(f"set temp_directory = '{os.environ['TMPDIR']}'")
        if memory:
            session.execute(f"set memory_limit = '{memory}B'")
            # Else it keeps more than that; the order is the query's.
            session.execute("set preserve_insertion_order = false")
        *before, text = text.split(";\n")
        for statement in before:
            session.execute(statement)
        form, text = form_of(text, {"": "csv, header", "json": "json",
                                    "bare": "csv, header false"})
        session.execute(f"copy ({text}) to '{OUT}' (format {form})")
    return run


def start_clickhouse(threads, memory):
    from chdb.session import Session

    def run(text):
        *before, text = text.split(";\n")
        session = Session()
        for statement in before:
            session.query(statement)
        form, text = form_of(text, {"": "CSVWithNames", "bare": "CSV",
                                    "json": "JSONEachRow"})
        text, _, settings = text.partition(" settings ")
        settings += (", " if settings else "") + (
            f"max_threads = {threads}, "
            "schema_inference_make_columns_nullable = 0")
        if memory:
            settings += (f", max_memory_usage = {memory}, "
                         f"max_bytes_before_external_sort = {memory // 3}, "
                         "max_bytes_before_external_group_by = "
                         f"{memory // 3}")
        session.query(f"{text} into outfile '{OUT}' append format {form} "
                      f"settings {settings}")
    return run


def start_polars(threads, memory):
    os.environ["POLARS_MAX_THREADS"] = str(threads)
    import polars as pl
    assert not memory

    def run(text):
        form, text = form_of(text, {"": "csv", "json": "ndjson"})
        frame = eval(text, {"pl": pl})
        getattr(frame, "sink_" + form)(OUT)
    return run


def main():
    name, threads, memory, text = sys.argv[1:]
    run = {"duckdb": start_duckdb, "clickhouse": start_clickhouse,
           "polars": start_polars}[name](int(threads), int(memory))
    wall, used = time.monotonic(), cpu()
    run(text)
    sys.stdout.flush()
    print(f"{time.monotonic() - wall:.6f} {cpu() - used:.6f}",
          file=sys.stderr)


main()
