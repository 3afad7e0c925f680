"""The table of workloads: what is read, what each program is given, and what
is promised of sflow.

A command is a line as it would be typed; for duckdb, clickhouse and polars it
is their query, which bench/peer.py runs ("json" before it: the answer is JSON
lines, "bare": no line of names); of several statements it is the answer of the
last.  @NAME stands for a file of DATA, @sflow for sflow with so many
workers as the peers may have threads, @hand for bench/handwritten.c, @out for
a folder.

A target "5 duckdb polars; 8 mawk" is met if sflow is 5 times as fast as the
faster of DuckDB and Polars, and 8 times as fast as mawk; "2 ms" or "128 MiB"
are bounds of its own median time and peak memory.
"""
import re
from dataclasses import dataclass

import tpch

# Name: kind of bench/generate.c (or what is done to another), suffix, rows in
# full, rows when quick.
DATA = {
    "orders": ("orders", "csv", 11_000_000, 100_000),
    "sales": ("orders", "csv", 20_000_000, 100_000),
    "packed": ("gzip orders", "csv.gz", 11_000_000, 100_000),
    "three": ("orders", "csv", 2, 2),
    "lines": ("lines", "csv", 11_000_000, 100_000),
    "groups": ("groups", "csv", 11_000_000, 100_000),
    "h2oai": ("h2oai", "csv", 10_000_000, 200_000),
    "x": ("x", "csv", 10_000_000, 100_000),
    "small": ("small", "csv", 10_000_000, 100_000),
    "medium": ("medium", "csv", 10_000_000, 100_000),
    "big": ("big", "csv", 10_000_000, 100_000),
    "weather": ("weather", "csv", 20_000_000, 200_000),
    "bids": ("bids", "jsonl", 4_400_000, 50_000),
    "access": ("access", "log", 8_000_000, 100_000),
    "tpch": ("tpch", "", 100, 1),   # hundredths of the scale
}

ENGINES = "duckdb clickhouse polars"


@dataclass
class Workload:
    name: str
    group: str
    title: str
    input: str              # the files whose size is the speed's
    commands: dict
    target: str = ""
    answer: str = "set"     # of lines, or "ordered", or "none": not compared
    memory: str = ""        # what the peers in Python may use; else all
    cage: str = ""          # the addresses that "sflow" gets (ulimit -v)
    expect: str = ""        # run once for its bytes: those of the answer
    more_runs: int = 1      # times the usual number


# Of the orders, as text: what is not computed with keeps its bytes.
COLUMNS = ("id Int64, ts String, customer String, city String, status String,"
           " amount String, quantity String, product String, country String,"
           " note String")

TABLE = [
    Workload(
        "csv-filter", "csv", "CSV: 5 % of the rows, 3 of 10 columns",
        "orders", {
            "sflow": "@sflow 'where status == \"failed\" | "
                     "select id, city, amount' @orders",
            "hand": "@hand filter @orders @threads",
            "mawk": "mawk -F, 'NR == 1 || $5 == \"failed\" "
                    "{ print $1 \",\" $4 \",\" $6 }' @orders",
            "gawk": "gawk -F, 'NR == 1 || $5 == \"failed\" "
                    "{ print $1 \",\" $4 \",\" $6 }' @orders",
            "rg+mawk": "rg ',failed,|^id' @orders | mawk -F, 'NR == 1 || "
                       "$5 == \"failed\" { print $1 \",\" $4 \",\" $6 }'",
            "mlr": "mlr --csv filter '$status == \"failed\"' then "
                   "cut -o -f id,city,amount @orders",
            "xsv": "xsv search -s status '^failed$' @orders | "
                   "xsv select id,city,amount",
            "duckdb": "select id, city, amount from read_csv('@orders', "
                      "types = {'amount': 'VARCHAR'}) "
                      "where status = 'failed'",
            "clickhouse": "select id, city, amount from file('@orders', "
                          f"'CSVWithNames', '{COLUMNS}') "
                          "where status = 'failed'",
            "polars": "pl.scan_csv('@orders', schema_overrides={'amount': "
                      "pl.String}).filter(pl.col('status') == 'failed')"
                      ".select('id', 'city', 'amount')",
        }, f"5 {ENGINES}; 2 rg+mawk; 40 mlr; 0.5 hand"),
    Workload(
        "csv-quoted", "csv", "the same, a tenth of the rows with commas, "
        "quotes and newlines in quotes", "lines", {
            "sflow": "@sflow 'where status == \"failed\" | "
                     "select id, city, note' @lines",
            "hand": "@hand quoted @lines",
            "mlr": "mlr --csv filter '$status == \"failed\"' then "
                   "cut -o -f id,city,note @lines",
            "xsv": "xsv search -s status '^failed$' @lines | "
                   "xsv select id,city,note",
            "duckdb": "select id, city, note from read_csv('@lines') "
                      "where status = 'failed'",
            "clickhouse": "select id, city, note from file('@lines', "
                          f"'CSVWithNames', '{COLUMNS}') "
                          "where status = 'failed'",
            "polars": "pl.scan_csv('@lines').filter(pl.col('status') == "
                      "'failed').select('id', 'city', 'note')",
        }, f"3 {ENGINES}"),
    Workload(
        "group-100", "group", "100 groups: count and sum", "groups", {
            "sflow": "@sflow 'aggregate n = count(), v1 = sum(v1) by id1' "
                     "@groups",
            "mawk": "mawk -F, 'NR > 1 { n[$1]++; s[$1] += $7 } END { print "
                    "\"id1,n,v1\"; for (k in n) print k \",\" n[k] \",\" "
                    "s[k] }' @groups",
            "gawk": "gawk -F, 'NR > 1 { n[$1]++; s[$1] += $7 } END { print "
                    "\"id1,n,v1\"; for (k in n) print k \",\" n[k] \",\" "
                    "s[k] }' @groups",
            "mlr": "mlr --csv stats1 -a count,sum -f v1 -g id1 then rename "
                   "v1_count,n,v1_sum,v1 @groups",
            "duckdb": "select id1, count(*) n, sum(v1) v1 from '@groups' "
                      "group by id1",
            "clickhouse": "select id1, count() n, sum(v1) v1 from "
                          "file('@groups', 'CSVWithNames') group by id1",
            "polars": "pl.scan_csv('@groups').group_by('id1')"
                      ".agg(pl.len().alias('n'), pl.sum('v1'))",
        }, f"4 {ENGINES}; 8 mawk"),
    Workload(
        "group-many", "group", "5 million groups: count, sum, the top 5",
        "groups", {
            "sflow": "@sflow 'aggregate n = count(), v1 = sum(v1) by id3 | "
                     "top 5 v1 | select v1' @groups",
            "duckdb": "select v1 from (select id3, count(*) n, sum(v1) v1 "
                      "from '@groups' group by id3) order by v1 desc limit 5",
            "clickhouse": "select v1 from (select id3, count() n, sum(v1) v1 "
                          "from file('@groups', 'CSVWithNames') group by id3)"
                          " order by v1 desc limit 5",
            "polars": "pl.scan_csv('@groups').group_by('id3').agg(pl.len()"
                      ".alias('n'), pl.sum('v1')).top_k(5, by='v1')"
                      ".select('v1')",
        }, f"2 {ENGINES}"),
    Workload(
        "weather", "weather", "the shape of the one billion rows",
        "weather", {
            "sflow": "@sflow 'from csv(\"@weather\", delim=\";\", "
                     "header=false, names=[\"station\", \"t\"]) | "
                     "aggregate low = min(t), mean = avg(t), high = max(t) "
                     "by station | sort station | "
                     "to stdout(format=\"csv\", delim=\",\", "
                     "header=true)'",
            "hand": "@hand weather @weather @threads",
            "mawk": "mawk -F';' '{ t = $2 + 0; s[$1] += t; n[$1]++; if (!("
                    "$1 in l) || t < l[$1]) l[$1] = t; if (!($1 in h) || t >"
                    " h[$1]) h[$1] = t } END { print \"station,low,mean,high"
                    "\"; for (k in n) printf \"%s,%s,%.10g,%s\\n\", k, l[k],"
                    " s[k] / n[k], h[k] }' @weather",
            "duckdb": "select station, min(t) low, avg(t) mean, max(t) high "
                      "from read_csv('@weather', header=false, delim=';', "
                      "columns={station: 'VARCHAR', t: 'DOUBLE'}) "
                      "group by station order by station",
            "clickhouse": "select station, min(t) low, avg(t) mean, max(t) "
                          "high from file('@weather', 'CSV', 'station "
                          "String, t Float64') group by station order by "
                          "station settings format_csv_delimiter = ';'",
            "polars": "pl.scan_csv('@weather', separator=';', has_header="
                      "False, new_columns=['station', 't']).group_by("
                      "'station').agg(pl.min('t').alias('low'), pl.mean('t')"
                      ".alias('mean'), pl.max('t').alias('high'))"
                      ".sort('station')",
        }, f"3.5 {ENGINES}; 0.5 hand"),
    Workload(
        "json-group", "json", "JSON lines: filter and group", "bids", {
            "sflow": "@sflow -o csv 'where price > 5000000 | aggregate n = "
                     "count(), total = sum(price) by channel' @bids",
            "jq": "jq -r 'select(.price > 5000000) | \"\\(.channel) "
                  "\\(.price)\"' @bids | mawk '{ n[$1]++; s[$1] += $2 } END "
                  "{ print \"channel,n,total\"; for (k in n) printf "
                  "\"%s,%d,%.0f\\n\", k, n[k], s[k] }'",
            "mlr": "mlr --ijsonl --ocsv filter '$price > 5000000' then "
                   "stats1 -a count,sum -f price -g channel then rename "
                   "price_count,n,price_sum,total @bids",
            "duckdb": "select channel, count(*) n, sum(price) total from "
                      "read_ndjson('@bids', columns={channel: 'VARCHAR', "
                      "price: 'BIGINT'}) where price > 5000000 "
                      "group by channel",
            "clickhouse": "select channel, count() n, sum(price) total from "
                          "file('@bids', 'JSONEachRow', 'channel String, "
                          "price Int64') where price > 5000000 "
                          "group by channel",
            "polars": "pl.scan_ndjson('@bids').filter(pl.col('price') > "
                      "5000000).group_by('channel').agg(pl.len().alias('n'),"
                      "pl.sum('price').alias('total'))",
        }, "3 duckdb clickhouse; 25 jq"),
    Workload(
        "json-filter", "json", "JSON lines: 2.5 % of them, whole", "bids", {
            "sflow": "@sflow 'where channel == \"Apple\" and "
                     "price > 9000000' @bids",
            "jq": "jq -c 'select(.channel == \"Apple\" and "
                  ".price > 9000000)' @bids",
            "mlr": "mlr --ojsonl --ijsonl filter '$channel == \"Apple\" && "
                   "$price > 9000000' @bids",
            "duckdb": "json select * from read_ndjson('@bids', columns={"
                      "auction: 'BIGINT', bidder: 'BIGINT', price: 'BIGINT',"
                      "channel: 'VARCHAR', url: 'VARCHAR', dateTime: "
                      "'VARCHAR', extra: 'VARCHAR'}) where channel = 'Apple'"
                      " and price > 9000000",
            "clickhouse": "json select * from file('@bids', 'JSONEachRow', "
                          "'auction Int64, bidder Int64, price Int64, "
                          "channel String, url String, dateTime String, "
                          "extra String') where channel = 'Apple' and "
                          "price > 9000000 settings "
                          "output_format_json_escape_forward_slashes = 0",
            "polars": "json pl.scan_ndjson('@bids').filter((pl.col("
                      "'channel') == 'Apple') & (pl.col('price') > 9000000))",
        }, "3 duckdb clickhouse; 25 jq"),
    Workload(
        "log-status", "log", "combined log: count by status", "access", {
            "sflow": "@sflow -i combined -o csv 'count by status' @access",
            "mawk": "mawk '{ n[$9]++ } END { print \"status,count\"; for (k "
                    "in n) print k \",\" n[k] }' @access",
            "gawk": "gawk '{ n[$9]++ } END { print \"status,count\"; for (k "
                    "in n) print k \",\" n[k] }' @access",
            "agrind": "agrind -f @access -o 'format={status},{_count}' "
                      "'* | parse \"\\\" * \" as status | count by status' | "
                      "sed '1i status,count'",
            "duckdb": "select regexp_extract(line, '\" (\\d+) ', 1) status, "
                      "count(*) count from read_csv('@access', header=false,"
                      " delim='\\x01', quote='', escape='', "
                      "columns={line: 'VARCHAR'}) group by status",
            "clickhouse": "select extract(line, '\" (\\d+) ') status, "
                          "count() count from file('@access', "
                          "'LineAsString', 'line String') group by status",
            "polars": "pl.scan_csv('@access', has_header=False, separator="
                      "'\\x01', quote_char=None, new_columns=['line'])"
                      ".group_by(pl.col('line').str.extract(r'\" (\\d+) ')"
                      ".alias('status')).agg(pl.len().alias('count'))",
        }, f"3 {ENGINES}; 3 mawk"),
    Workload(
        "log-paths", "log", "combined log: the ten most wanted of 25,600 "
        "paths", "access", {
            "sflow": "@sflow -i combined -o csv 'count by path | "
                     "top 10 count | select count' @access",
            "mawk": "mawk '{ n[$7]++ } END { for (k in n) print n[k] }' "
                    "@access | sort -rn | sed -e '1i count' -e 10q",
            "gawk": "gawk '{ n[$7]++ } END { for (k in n) print n[k] }' "
                    "@access | sort -rn | sed -e '1i count' -e 10q",
            "duckdb": "select count(*) count from read_csv('@access', "
                      "header=false, delim='\\x01', quote='', escape='', "
                      "columns={line: 'VARCHAR'}) group by regexp_extract("
                      "line, '\"\\w+ (\\S+) ', 1) order by 1 desc limit 10",
            "clickhouse": "select count() count from file('@access', "
                          "'LineAsString', 'line String') group by extract("
                          "line, '\"\\w+ (\\S+) ') order by 1 desc limit 10",
            "polars": "pl.scan_csv('@access', has_header=False, separator="
                      "'\\x01', quote_char=None, new_columns=['line'])"
                      ".group_by(pl.col('line').str.extract(r'\"\\w+ (\\S+) "
                      "')).agg(pl.len().alias('count')).select('count')"
                      ".top_k(10, by='count')",
        }, f"3 {ENGINES}; 3 mawk"),
    Workload(
        "gzip", "io", "count the records of a gzip file", "packed", {
            "sflow": "@sflow count @packed",
            "zcat+wc": "zcat @packed | wc -l",
        }, "1 zcat+wc", answer="none"),
    Workload(
        "pipe", "io", "100 groups from a pipe", "groups", {
            "sflow": "cat @groups | @sflow -i csv 'aggregate n = count(), "
                     "v1 = sum(v1) by id1'",
            "sflow of the file": "@sflow 'aggregate n = count(), v1 = "
                                 "sum(v1) by id1' @groups",
            "cat+wc": "cat @groups | wc -c",
            "mawk": "cat @groups | mawk -F, 'NR > 1 { n[$1]++; s[$1] += $7 }"
                    " END { print \"id1,n,v1\"; for (k in n) print k \",\" "
                    "n[k] \",\" s[k] }'",
        }, "0.87 sflow of the file; 8 mawk", answer="none"),
    Workload(
        "start", "start", "start-up: a file of two records", "three", {
            "sflow": "@sflow 'where id > 1 | select city' @three",
            "mawk": "mawk -F, 'NR == 1 || $1 > 1 { print $4 }' @three",
            "gawk": "gawk -F, 'NR == 1 || $1 > 1 { print $4 }' @three",
            "mlr": "mlr --csv filter '$id > 1' then cut -f city @three",
            "xsv": "xsv select city @three",
            "jq": "jq -n 1",
        }, "2 ms; 8 MiB", answer="none", more_runs=10),
    # Programs and commands stand in bench/latency.
    Workload("latency-1000", "latency", "1000 lines a second, each on its own",
             "", {"rate": "1000"}, "1 ms p99"),
    Workload("latency-50000", "latency", "50,000 lines a second", "",
             {"rate": "50000"}, "1 ms p99"),
]


def add_h2oai_groups():
    """Each question is answered in full, then its answer is summed up."""
    text = [
        ("1", "sum of v1 by id1", "v1 = sum(v1) by id1", "sum(v1) v1", "id1",
         ["v1"], "pl.sum('v1')"),
        ("2", "sum of v1 by id1, id2", "v1 = sum(v1) by id1, id2",
         "sum(v1) v1", "id1, id2", ["v1"], "pl.sum('v1')"),
        ("3", "sum of v1, mean of v3 by id3",
         "v1 = sum(v1), v3 = avg(v3) by id3", "sum(v1) v1, avg(v3) v3", "id3",
         ["v1", "v3"], "pl.sum('v1'), pl.mean('v3')"),
        ("4", "means of v1, v2, v3 by id4",
         "v1 = avg(v1), v2 = avg(v2), v3 = avg(v3) by id4",
         "avg(v1) v1, avg(v2) v2, avg(v3) v3", "id4", ["v1", "v2", "v3"],
         "pl.mean('v1'), pl.mean('v2'), pl.mean('v3')"),
        ("5", "sums of v1, v2, v3 by id6",
         "v1 = sum(v1), v2 = sum(v2), v3 = sum(v3) by id6",
         "sum(v1) v1, sum(v2) v2, sum(v3) v3", "id6", ["v1", "v2", "v3"],
         "pl.sum('v1'), pl.sum('v2'), pl.sum('v3')"),
        ("6", "median and deviation of v3 by id4, id5",
         "m = median(v3), d = stddev(v3) by id4, id5",
         "median(v3) m, stddev_samp(v3) d", "id4, id5", ["m", "d"],
         "pl.median('v3').alias('m'), pl.std('v3').alias('d')"),
        ("7", "max of v1 less min of v2 by id3",
         "a = max(v1), b = min(v2) by id3 | select r = a - b",
         "max(v1) - min(v2) r", "id3", ["r"],
         "(pl.max('v1') - pl.min('v2')).alias('r')"),
        ("9", "squared correlation of v1 and v2 by id2, id4",
         "n = count(), x = sum(v1), y = sum(v2), xx = sum(v1 * v1), "
         "yy = sum(v2 * v2), xy = sum(v1 * v2) by id2, id4 | select "
         "r = pow(n * xy - x * y, 2) / ((n * xx - x * x) * (n * yy - y * y))",
         "pow(corr(v1, v2), 2) r", "id2, id4", ["r"],
         "(pl.corr('v1', 'v2') ** 2).alias('r')"),
        ("10", "sum of v3 and count by id1 to id6",
         "v3 = sum(v3), c = count() by id1, id2, id3, id4, id5, id6",
         "sum(v3) v3, count(*) c", "id1, id2, id3, id4, id5, id6",
         ["v3", "c"], "pl.sum('v3'), pl.len().alias('c')"),
    ]
    for number, title, ours, sql, keys, columns, polars in text:
        if number == "9":
            add_h2oai_8()
        check = ", ".join(f"{c} = sum({c})" for c in columns)
        sums = ", ".join(f"sum(q.{c}) {c}" for c in columns)
        # ClickHouse's median picks one of the middle two, if not told.
        ch_sql = sql.replace("median(v3)", "quantileExactInclusive(0.5)(v3)")
        add_h2oai(number, title, f"aggregate {ours} | aggregate n = count(), "
                  f"{check}",
                  f"select count(*) n, {sums} from (select {sql} from "
                  f"@source group by {keys}) q",
                  f"select count(*) n, {sums} from (select {ch_sql} from "
                  f"@source group by {keys}) q",
                  f".group_by({', '.join(repr(k) for k in keys.split(', '))})"
                  f".agg({polars}).select(pl.len().alias('n'), "
                  f"pl.sum({', '.join(map(repr, columns))}))")


def add_h2oai_8():
    add_h2oai("8", "the two largest v3 by id6",
              "top 2 v3 by id6 | aggregate n = count(), v3 = sum(v3)",
              "select count(*) n, sum(v3) v3 from (select unnest(max(v3, 2))"
              " v3 from @source group by id6)",
              "select count(*) n, sum(v3) v3 from (select v3 from @source "
              "order by v3 desc limit 2 by id6)",
              ".group_by('id6').agg(pl.col('v3').top_k(2)).explode('v3')"
              ".select(pl.len().alias('n'), pl.sum('v3'))")


def add_h2oai(number, title, ours, duckdb, clickhouse, polars):
    TABLE.append(Workload(
        f"h2oai-{number}", "h2oai", f"group-by question {number}: {title}",
        "h2oai", {
            "sflow": f"@sflow '{ours}' @h2oai",
            "duckdb": duckdb.replace("@source", "'@h2oai'"),
            "clickhouse": clickhouse.replace(
                "@source", "file('@h2oai', 'CSVWithNames')"),
            "polars": f"pl.scan_csv('@h2oai'){polars}",
        }, f"1 {ENGINES}"))


def add_h2oai_joins():
    for number, kind, right, key in (
            (1, "inner", "small", "id1"), (2, "inner", "medium", "id2"),
            (3, "left", "medium", "id2"), (4, "inner", "medium", "id5"),
            (5, "inner", "big", "id3")):
        sql = ("select count(*) n, sum(x.v1) v1, sum(r.v2) v2 from {} x "
               f"{kind} join {{}} r on x.{key} = r.{key}")
        TABLE.append(Workload(
            f"join-{number}", "join", f"join question {number}: {right}, "
            f"{kind}, on {key}", "x", {
                "sflow": f"@sflow '{kind} join \"@{right}\" as r on {key} == "
                         f"r.{key} | aggregate n = count(), v1 = sum(v1), "
                         "v2 = sum(r.v2)' @x",
                "duckdb": sql.format("'@x'", f"'@{right}'"),
                "clickhouse": sql.format(
                    "file('@x', 'CSVWithNames')",
                    f"file('@{right}', 'CSVWithNames')"),
                "polars": f"pl.scan_csv('@x').join(pl.scan_csv('@{right}'), "
                          f"on='{key}', how='{kind}').select(pl.len()"
                          ".alias('n'), pl.sum('v1', 'v2'))",
            }, f"1 {ENGINES}"))


def add_sorts():
    for field, order, sql, sort, polars in (
            ("number", "amount, id", "amount::double, id::bigint",
             "-k6,6n -k1,1n", "pl.col('amount').cast(pl.Float64), "
             "pl.col('id').cast(pl.Int64)"),
            ("text", "note, id", "note, id::bigint",
             "-k10,10 -k1,1n", "'note', pl.col('id').cast(pl.Int64)")):
        for memory in "", "256M":
            commands = {
                "sflow": f"@sflow {memory and '--memory ' + memory} "
                         f"'sort {order}' @sales",
                "sort": "export LC_ALL=C; head -1 @sales; tail -n +2 @sales "
                        f"| sort --parallel=@threads -S {memory or '6G'} "
                        f"-t, {sort}",
                "duckdb": "select * from read_csv('@sales', all_varchar="
                          f"true) order by {sql}",
                "clickhouse": "select * from file('@sales', 'CSVWithNames', '"
                              + COLUMNS.replace("Int64", "String") + "') "
                              "order by " + sql.replace("double", "Float64")
                              .replace("bigint", "Int64"),
            }
            if not memory:
                commands["polars"] = (
                    "pl.scan_csv('@sales', infer_schema=False).sort("
                    f"{polars})")
            TABLE.append(Workload(
                f"sort-{field}{memory and '-' + memory}", "sort",
                f"sort by a {field}" + (memory and f" with {memory}"),
                "sales", commands, "2 sort; 1.5 duckdb" if memory else
                "6 sort; 2.5 duckdb clickhouse", answer="ordered", memory=memory))


def tpch_views(duckdb):
    """The tables as the peers see them; what stands behind the last bar of a
    line is one more column."""
    views = []
    for name, columns in tpch.TABLES.items():
        path = f"@tpch/{name}.tbl"
        if duckdb:
            types = ", ".join(f"'{column}': '{kind}'" for column, kind in
                              columns + [("behind", "text")])
            views.append(
                f"create view {name} as select * exclude (behind) from "
                f"read_csv('{path}', delim='|', header=false, auto_detect="
                f"false, quote='', escape='', columns={{{types}}})")
        else:
            kinds = {"int": "Int32", "bigint": "Int64", "text": "String",
                     "date": "Date", tpch.MONEY: "Decimal(15, 2)"}
            types = ", ".join(f"{column} {kinds[kind]}"
                              for column, kind in columns)
            views.append(
                f"create view {name} as select * from file('{path}', 'CSV', "
                f"'{types}, behind String')")
    return ";\n".join(views) + ";\nbare "


BARS = (" settings format_csv_delimiter = '|', "
        "format_csv_allow_double_quotes = 0, join_use_nulls = 1, "
        "aggregate_functions_null_for_empty = 1, "
        "format_csv_null_representation = '', "
        "input_format_csv_trim_whitespaces = 0")


def add_tpch():
    for number, sql in tpch.SQL.items():
        sql = sql.format(fraction="@fraction")
        sql = " ".join(sql.split())
        files = " ".join(f"tpch/{name}.tbl" for name in tpch.TABLES
                         if re.search(rf"\b{name}\b", sql))
        fraction = "--arg fraction=@fraction " if number == 11 else ""
        TABLE.append(Workload(
            f"tpch-{number}", "tpch", f"query {number}", files, {
                "sflow": f"@sflow -o csv -f @examples/tpch/q{number}.sflow "
                         f"{fraction}--arg dir=@tpch",
                "duckdb": tpch_views(True) + sql,
                "clickhouse": tpch_views(False) + sql + BARS,
            }, "2 duckdb clickhouse", answer="ordered"))


def add_lineitem_joins():
    sql = ("select count(*) n, sum(l_quantity) q, sum(o_totalprice) p "
           "from lineitem join orders on l_orderkey = o_orderkey")
    for memory in "", "64M":
        TABLE.append(Workload(
            f"join-lineitem{memory and '-' + memory}", "join",
            "lineitem of TPC-H with orders" +
            (memory and f" with {memory}"),
            "tpch/lineitem.tbl tpch/orders.tbl", {
                "sflow": f"@sflow {memory and '--memory ' + memory} -o csv "
                         "--arg dir=@tpch 'use \"@examples/tpch/"
                         "tables.sflow\"; from lineitem | join (from orders)"
                         " on l_orderkey == o_orderkey | aggregate n = "
                         "count(), q = sum(l_quantity), p = "
                         "sum(o_totalprice)'",
                "duckdb": tpch_views(True) + sql,
                "clickhouse": tpch_views(False) + sql + BARS,
            }, "2 duckdb", answer="ordered", memory=memory))


def add_join_chain():
    """What leaves out nearly all comes last in the program."""
    few = "p_size = 15 and p_name like '%green%'"
    sql = ("select o_orderpriority, count(*) n, sum(l_extendedprice) s, "
           "sum(o_totalprice) t, sum(ps_supplycost) u from lineitem "
           "join orders on l_orderkey = o_orderkey join partsupp on "
           "l_suppkey = ps_suppkey and l_partkey = ps_partkey "
           f"join part on l_partkey = p_partkey where {few} "
           "group by o_orderpriority")
    TABLE.append(Workload(
        "join-chain", "join", "three joins, the one that leaves out last",
        "tpch/lineitem.tbl tpch/orders.tbl tpch/part.tbl tpch/partsupp.tbl", {
            "sflow": "@sflow -o csv --arg dir=@tpch 'use \"@examples/tpch/"
                     "tables.sflow\"; from lineitem | join orders on "
                     "l_orderkey == o_orderkey | join partsupp on l_suppkey "
                     "== ps_suppkey, l_partkey == ps_partkey | join (from "
                     "part | where p_size == 15 and contains(p_name, "
                     "\"green\")) on l_partkey == p_partkey | aggregate n = "
                     "count(), s = sum(l_extendedprice), t = "
                     "sum(o_totalprice), u = sum(ps_supplycost) by "
                     "o_orderpriority'",
            "duckdb": tpch_views(True) + sql,
            "clickhouse": tpch_views(False) + sql + BARS,
        }, "1 duckdb"))


# Every operator at a limit of 64 MiB, in 128 MiB of addresses.
LIMITED = [
    ("where", "where status == \"failed\""),
    ("select", "select id, total = amount * quantity | where total > 44000"),
    ("head", "head 5"),
    ("tail", "tail 1000"),
    ("top", "top 1000 amount"),
    ("top-by", "top 2 amount by customer | aggregate n = count(), "
     "a = sum(amount)"),
    ("group", "aggregate n = count(), a = sum(amount) by city, status"),
    ("groups", "aggregate n = count(), a = sum(amount) by customer | "
     "aggregate k = count(), n = sum(n), a = sum(a)"),
    ("groups-all", "aggregate a = sum(amount) by id | aggregate "
     "k = count(), a = sum(a)"),
    ("distinct", "aggregate n = count_distinct(customer) by city"),
    ("median", "aggregate m = median(amount), p = percentile(amount, 99)"),
    ("lists", "aggregate l = list(id) by customer | "
     "aggregate n = sum(len(l)), k = count()"),
    ("dedup", "dedup by customer | aggregate n = count(), a = sum(id)"),
    ("dedup-all", "dedup by id | aggregate n = count(), a = sum(id)"),
    ("sort", "sort note, id"),
    ("join", "join \"@sales\" as r on id == r.id | aggregate n = count(), "
     "a = sum(r.amount)"),
    ("left-join", "left join (from \"@sales\" | where status == \"paid\") "
     "as r on id == r.id | aggregate n = count(), a = sum(r.amount)"),
    ("anti-join", "anti join (from \"@sales\" | where status == \"paid\") "
     "as r on id == r.id | aggregate n = count(), a = sum(amount)"),
    ("asof-join", "asof join (from \"@sales\" | where status == \"failed\") "
     "as r on customer == r.customer, ts >= r.ts | aggregate n = count(), "
     "a = sum(r.amount)"),
    ("sorted-join", "sort id | join (from \"@sales\" | sort id) as r "
     "on id == r.id | aggregate n = count(), a = sum(r.amount)"),
    ("sorted-groups", "sort customer | aggregate n = count(), a = sum(amount) "
     "by customer | aggregate k = count(), n = sum(n), a = sum(a)"),
    ("rollup", "aggregate n = count(), a = sum(amount) by rollup(customer, "
     "city) | aggregate k = count(), n = sum(n), a = sum(a)"),
    ("tail-by", "tail 2 by customer | aggregate n = count(), "
     "a = sum(amount)"),
    ("union", "union (from \"@sales\") | count by city"),
    ("unnest", "extend w = split(note, \" \") | unnest w as word | "
     "count by word"),
    ("parse", "parse note with \"{a} {b} {c}\" | count by a"),
    ("window", "watermark ts delay 400d | count by city window tumble(1d) | "
     "aggregate n = sum(count), k = count()"),
    ("window-keys", "watermark ts delay 400d | count by customer "
     "window tumble(1d) | aggregate n = sum(count), k = count()"),
]


# What is measured between two looks may pass the limit by a sixteenth.
HELD = "68 MiB"


def add_limits():
    for name, program in LIMITED:
        TABLE.append(Workload(
            f"limit-{name}", "limits", program.replace("\"@sales\"", "…"),
            "sales", {
                "sflow": f"@sflow --stats --memory 64M '{program}' @sales",
            }, HELD, cage="128M", expect=f"@sflow '{program}' @sales"))
    for name, stage, files in (
            ("to", "to \"@out/part-{city}.csv\"", "part-*"),
            ("tee", "tee (where id % 2 == 0 | to \"@out/tee.csv\") | "
             "to \"@out/all.csv\"", "tee.csv @out/all.csv")):
        TABLE.append(Workload(
            f"limit-{name}", "limits", stage.replace("@out/", ""), "sales", {
                "sflow": f"@sflow --stats --memory 64M '{stage}' @sales && "
                         f"cat @out/{files}",
            }, HELD, cage="128M", expect=f"@sflow '{stage}' @sales && "
                                         f"cat @out/{files}"))


add_h2oai_groups()
add_h2oai_joins()
add_lineitem_joins()
add_join_chain()
add_tpch()
add_sorts()
add_limits()
