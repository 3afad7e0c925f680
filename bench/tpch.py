"""The 22 queries of TPC-H, sflow beside DuckDB, on the same text files.

    bench/tpch.py [--scale 1] [--queries 1,6] [--runs 3] [--sflow PATH]

The tables come from tpchgen-cli, once, into --data.  Each query is a process
of its own; the programs run in turn (A B, A B, ...), the median of the runs is
what counts.  DuckDB reads the files through views of read_csv, with the types
of the specification.  Answers must be the same: texts to the byte, numbers to
one part in 10^9 (averages are floats).  Peak memory is ru_maxrss.
"""
import argparse
import csv
import io
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(HERE, "venv", "bin", "python")
EXAMPLES = os.path.join(HERE, os.pardir, "examples", "tpch")

MONEY = "decimal(15,2)"
TABLES = {
    "part": [("p_partkey", "int"), ("p_name", "text"), ("p_mfgr", "text"),
             ("p_brand", "text"), ("p_type", "text"), ("p_size", "int"),
             ("p_container", "text"), ("p_retailprice", MONEY),
             ("p_comment", "text")],
    "supplier": [("s_suppkey", "int"), ("s_name", "text"),
                 ("s_address", "text"), ("s_nationkey", "int"),
                 ("s_phone", "text"), ("s_acctbal", MONEY),
                 ("s_comment", "text")],
    "partsupp": [("ps_partkey", "int"), ("ps_suppkey", "int"),
                 ("ps_availqty", "int"), ("ps_supplycost", MONEY),
                 ("ps_comment", "text")],
    "customer": [("c_custkey", "int"), ("c_name", "text"),
                 ("c_address", "text"), ("c_nationkey", "int"),
                 ("c_phone", "text"), ("c_acctbal", MONEY),
                 ("c_mktsegment", "text"), ("c_comment", "text")],
    "orders": [("o_orderkey", "bigint"), ("o_custkey", "int"),
               ("o_orderstatus", "text"), ("o_totalprice", MONEY),
               ("o_orderdate", "date"), ("o_orderpriority", "text"),
               ("o_clerk", "text"), ("o_shippriority", "int"),
               ("o_comment", "text")],
    "lineitem": [("l_orderkey", "bigint"), ("l_partkey", "int"),
                 ("l_suppkey", "int"), ("l_linenumber", "int"),
                 ("l_quantity", MONEY), ("l_extendedprice", MONEY),
                 ("l_discount", MONEY), ("l_tax", MONEY),
                 ("l_returnflag", "text"), ("l_linestatus", "text"),
                 ("l_shipdate", "date"), ("l_commitdate", "date"),
                 ("l_receiptdate", "date"), ("l_shipinstruct", "text"),
                 ("l_shipmode", "text"), ("l_comment", "text")],
    "nation": [("n_nationkey", "int"), ("n_name", "text"),
               ("n_regionkey", "int"), ("n_comment", "text")],
    "region": [("r_regionkey", "int"), ("r_name", "text"),
               ("r_comment", "text")],
}

SQL = {
    1: """select l_returnflag, l_linestatus, sum(l_quantity),
        sum(l_extendedprice), sum(l_extendedprice * (1 - l_discount)),
        sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)),
        avg(l_quantity), avg(l_extendedprice), avg(l_discount), count(*)
        from lineitem where l_shipdate <= date '1998-12-01' - interval 90 day
        group by all order by 1, 2""",
    2: """select s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address,
        s_phone, s_comment
        from part, supplier, partsupp, nation, region
        where p_partkey = ps_partkey and s_suppkey = ps_suppkey
        and p_size = 15 and p_type like '%BRASS'
        and s_nationkey = n_nationkey and n_regionkey = r_regionkey
        and r_name = 'EUROPE' and ps_supplycost = (
            select min(ps_supplycost) from partsupp, supplier, nation, region
            where p_partkey = ps_partkey and s_suppkey = ps_suppkey
            and s_nationkey = n_nationkey and n_regionkey = r_regionkey
            and r_name = 'EUROPE')
        order by s_acctbal desc, n_name, s_name, p_partkey limit 100""",
    3: """select l_orderkey, sum(l_extendedprice * (1 - l_discount)) as revenue,
        o_orderdate, o_shippriority
        from customer, orders, lineitem
        where c_mktsegment = 'BUILDING' and c_custkey = o_custkey
        and l_orderkey = o_orderkey and o_orderdate < date '1995-03-15'
        and l_shipdate > date '1995-03-15'
        group by l_orderkey, o_orderdate, o_shippriority
        order by revenue desc, o_orderdate limit 10""",
    4: """select o_orderpriority, count(*) from orders
        where o_orderdate >= date '1993-07-01'
        and o_orderdate < date '1993-10-01' and exists (
            select * from lineitem where l_orderkey = o_orderkey
            and l_commitdate < l_receiptdate)
        group by o_orderpriority order by o_orderpriority""",
    5: """select n_name, sum(l_extendedprice * (1 - l_discount)) as revenue
        from customer, orders, lineitem, supplier, nation, region
        where c_custkey = o_custkey and l_orderkey = o_orderkey
        and l_suppkey = s_suppkey and c_nationkey = s_nationkey
        and s_nationkey = n_nationkey and n_regionkey = r_regionkey
        and r_name = 'ASIA' and o_orderdate >= date '1994-01-01'
        and o_orderdate < date '1995-01-01'
        group by n_name order by revenue desc""",
    6: """select sum(l_extendedprice * l_discount) from lineitem
        where l_shipdate >= date '1994-01-01'
        and l_shipdate < date '1995-01-01'
        and l_discount between 0.05 and 0.07 and l_quantity < 24""",
    7: """select n1.n_name, n2.n_name, year(l_shipdate),
        sum(l_extendedprice * (1 - l_discount))
        from supplier, lineitem, orders, customer, nation n1, nation n2
        where s_suppkey = l_suppkey and o_orderkey = l_orderkey
        and c_custkey = o_custkey and s_nationkey = n1.n_nationkey
        and c_nationkey = n2.n_nationkey
        and (n1.n_name = 'FRANCE' and n2.n_name = 'GERMANY'
            or n1.n_name = 'GERMANY' and n2.n_name = 'FRANCE')
        and l_shipdate between date '1995-01-01' and date '1996-12-31'
        group by all order by 1, 2, 3""",
    8: """select year(o_orderdate) as y, sum(case when n2.n_name = 'BRAZIL'
        then l_extendedprice * (1 - l_discount) else 0 end) /
        sum(l_extendedprice * (1 - l_discount))
        from part, supplier, lineitem, orders, customer, nation n1, nation n2,
        region
        where p_partkey = l_partkey and s_suppkey = l_suppkey
        and l_orderkey = o_orderkey and o_custkey = c_custkey
        and c_nationkey = n1.n_nationkey and n1.n_regionkey = r_regionkey
        and r_name = 'AMERICA' and s_nationkey = n2.n_nationkey
        and o_orderdate between date '1995-01-01' and date '1996-12-31'
        and p_type = 'ECONOMY ANODIZED STEEL' group by y order by y""",
    9: """select n_name, year(o_orderdate) as y,
        sum(l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity)
        from part, supplier, lineitem, partsupp, orders, nation
        where s_suppkey = l_suppkey and ps_suppkey = l_suppkey
        and ps_partkey = l_partkey and p_partkey = l_partkey
        and o_orderkey = l_orderkey and s_nationkey = n_nationkey
        and p_name like '%green%' group by n_name, y order by n_name, y desc""",
    10: """select c_custkey, c_name,
        sum(l_extendedprice * (1 - l_discount)) as revenue, c_acctbal, n_name,
        c_address, c_phone, c_comment
        from customer, orders, lineitem, nation
        where c_custkey = o_custkey and l_orderkey = o_orderkey
        and o_orderdate >= date '1993-10-01'
        and o_orderdate < date '1994-01-01' and l_returnflag = 'R'
        and c_nationkey = n_nationkey
        group by c_custkey, c_name, c_acctbal, c_phone, n_name, c_address,
        c_comment order by revenue desc limit 20""",
    11: """select ps_partkey, sum(ps_supplycost * ps_availqty) as value
        from partsupp, supplier, nation
        where ps_suppkey = s_suppkey and s_nationkey = n_nationkey
        and n_name = 'GERMANY' group by ps_partkey
        having sum(ps_supplycost * ps_availqty) > (
            select sum(ps_supplycost * ps_availqty) * {fraction}
            from partsupp, supplier, nation where ps_suppkey = s_suppkey
            and s_nationkey = n_nationkey and n_name = 'GERMANY')
        order by value desc""",
    12: """select l_shipmode,
        sum(case when o_orderpriority in ('1-URGENT', '2-HIGH')
            then 1 else 0 end),
        sum(case when o_orderpriority not in ('1-URGENT', '2-HIGH')
            then 1 else 0 end)
        from orders, lineitem where o_orderkey = l_orderkey
        and l_shipmode in ('MAIL', 'SHIP') and l_commitdate < l_receiptdate
        and l_shipdate < l_commitdate and l_receiptdate >= date '1994-01-01'
        and l_receiptdate < date '1995-01-01'
        group by l_shipmode order by l_shipmode""",
    13: """select c_count, count(*) as custdist from (
            select c_custkey, count(o_orderkey) as c_count
            from customer left join orders on c_custkey = o_custkey
            and o_comment not like '%special%requests%' group by c_custkey)
        group by c_count order by custdist desc, c_count desc""",
    14: """select 100.00 * sum(case when p_type like 'PROMO%'
        then l_extendedprice * (1 - l_discount) else 0 end) /
        sum(l_extendedprice * (1 - l_discount)) from lineitem, part
        where l_partkey = p_partkey and l_shipdate >= date '1995-09-01'
        and l_shipdate < date '1995-10-01'""",
    15: """with revenue as (select l_suppkey as supplier_no,
            sum(l_extendedprice * (1 - l_discount)) as total_revenue
            from lineitem where l_shipdate >= date '1996-01-01'
            and l_shipdate < date '1996-04-01' group by l_suppkey)
        select s_suppkey, s_name, s_address, s_phone, total_revenue
        from supplier, revenue where s_suppkey = supplier_no
        and total_revenue = (select max(total_revenue) from revenue)
        order by s_suppkey""",
    16: """select p_brand, p_type, p_size, count(distinct ps_suppkey) as n
        from partsupp, part where p_partkey = ps_partkey
        and p_brand <> 'Brand#45' and p_type not like 'MEDIUM POLISHED%'
        and p_size in (49, 14, 23, 45, 19, 3, 36, 9) and ps_suppkey not in (
            select s_suppkey from supplier
            where s_comment like '%Customer%Complaints%')
        group by p_brand, p_type, p_size
        order by n desc, p_brand, p_type, p_size""",
    17: """select sum(l_extendedprice) / 7.0 from lineitem, part
        where p_partkey = l_partkey and p_brand = 'Brand#23'
        and p_container = 'MED BOX' and l_quantity < (
            select 0.2 * avg(l_quantity) from lineitem
            where l_partkey = p_partkey)""",
    18: """select c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice,
        sum(l_quantity) from customer, orders, lineitem
        where o_orderkey in (select l_orderkey from lineitem
            group by l_orderkey having sum(l_quantity) > 300)
        and c_custkey = o_custkey and o_orderkey = l_orderkey
        group by c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice
        order by o_totalprice desc, o_orderdate limit 100""",
    19: """select sum(l_extendedprice * (1 - l_discount)) from lineitem, part
        where p_partkey = l_partkey and l_shipmode in ('AIR', 'AIR REG')
        and l_shipinstruct = 'DELIVER IN PERSON' and (
            p_brand = 'Brand#12' and p_container in
                ('SM CASE', 'SM BOX', 'SM PACK', 'SM PKG')
            and l_quantity between 1 and 11 and p_size between 1 and 5
            or p_brand = 'Brand#23' and p_container in
                ('MED BAG', 'MED BOX', 'MED PKG', 'MED PACK')
            and l_quantity between 10 and 20 and p_size between 1 and 10
            or p_brand = 'Brand#34' and p_container in
                ('LG CASE', 'LG BOX', 'LG PACK', 'LG PKG')
            and l_quantity between 20 and 30 and p_size between 1 and 15)""",
    20: """select s_name, s_address from supplier, nation
        where s_suppkey in (select ps_suppkey from partsupp
            where ps_partkey in (select p_partkey from part
                where p_name like 'forest%')
            and ps_availqty > (select 0.5 * sum(l_quantity) from lineitem
                where l_partkey = ps_partkey and l_suppkey = ps_suppkey
                and l_shipdate >= date '1994-01-01'
                and l_shipdate < date '1995-01-01'))
        and s_nationkey = n_nationkey and n_name = 'CANADA'
        order by s_name""",
    21: """select s_name, count(*) as numwait
        from supplier, lineitem l1, orders, nation
        where s_suppkey = l1.l_suppkey and o_orderkey = l1.l_orderkey
        and o_orderstatus = 'F' and l1.l_receiptdate > l1.l_commitdate
        and exists (select * from lineitem l2
            where l2.l_orderkey = l1.l_orderkey
            and l2.l_suppkey <> l1.l_suppkey)
        and not exists (select * from lineitem l3
            where l3.l_orderkey = l1.l_orderkey
            and l3.l_suppkey <> l1.l_suppkey
            and l3.l_receiptdate > l3.l_commitdate)
        and s_nationkey = n_nationkey and n_name = 'SAUDI ARABIA'
        group by s_name order by numwait desc, s_name limit 100""",
    22: """select substring(c_phone from 1 for 2) as code, count(*),
        sum(c_acctbal) from customer
        where code in ('13', '31', '23', '29', '30', '18', '17')
        and c_acctbal > (select avg(c_acctbal) from customer
            where c_acctbal > 0.00 and substring(c_phone from 1 for 2) in
            ('13', '31', '23', '29', '30', '18', '17'))
        and not exists (select * from orders where o_custkey = c_custkey)
        group by code order by code""",
}


def tables(args):
    """The folder of the tables, made if it is not there."""
    folder = os.path.join(args.data, f"tpch-{args.scale:g}")
    if not os.path.exists(os.path.join(folder, "lineitem.tbl")):
        tool = os.path.join(os.path.dirname(VENV), "tpchgen-cli")
        part = folder + ".part"
        subprocess.run([tool, "tbl", "-s", f"{args.scale:g}",
                        f"--output-dir={part}"], check=True)
        os.rename(part, folder)
    return folder


def duck(args, folder, query):
    """A process that answers the query as CSV without a header."""
    lines = ["import duckdb, sys", "c = duckdb.connect()",
             f"c.execute('set threads={args.threads}')",
             "c.execute('set enable_progress_bar=false')"]
    for name, columns in TABLES.items():
        # What stands behind the last bar is one more column.
        types = ", ".join(f"'{column}': '{kind}'" for column, kind in
                          columns + [("behind", "text")])
        view = (f"create view {name} as select * exclude (behind) from "
                f"read_csv('{folder}/{name}.tbl', delim='|', header=false, "
                f"auto_detect=false, quote='', escape='', "
                f"columns={{{types}}})")
        lines.append(f"c.execute({view!r})")
    sql = SQL[query].format(fraction=0.0001 / args.scale)
    copy = f"copy ({sql}) to '/dev/stdout' (format csv, header false)"
    lines.append(f"c.execute({copy!r})")
    return [VENV, "-c", "\n".join(lines)]


def sflow(args, folder, query):
    command = [args.sflow, "-j", str(args.threads), "-o", "csv", "-f",
               os.path.join(EXAMPLES, f"q{query}.sflow"),
               "--arg", f"dir={folder}"]
    if query == 11:
        command += ["--arg", f"fraction={0.0001 / args.scale:.12f}"]
    return command


class Run:
    """One process: its output, seconds, and peak memory."""

    def __init__(self, command):
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.output = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        self.wall = time.monotonic() - start
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * 1024
        if status != 0:
            sys.exit(f"failed: {command[:6]}")


def rows_of(output, delimiter):
    quoting = csv.QUOTE_NONE if delimiter == "|" else csv.QUOTE_MINIMAL
    return list(csv.reader(io.StringIO(output), delimiter=delimiter,
                           quoting=quoting))


def same_value(a, b):
    if a == b:
        return True
    try:
        x, y = float(a), float(b)
    except ValueError:
        return False
    return abs(x - y) <= 1e-9 * max(abs(x), abs(y))


def same_rows(ours, theirs):
    return len(ours) == len(theirs) and all(
        len(a) == len(b) and all(map(same_value, a, b))
        for a, b in zip(ours, theirs))


def measure(args, folder, query):
    """Medians of both: [wall, cpu, peak] twice, and whether they agree."""
    ours, theirs = [], []
    for _ in range(args.runs):
        ours.append(Run(sflow(args, folder, query)))
        theirs.append(Run(duck(args, folder, query)))
    agrees = same_rows(rows_of(ours[0].output, "|"),
                       rows_of(theirs[0].output, ","))
    medians = [[statistics.median(getattr(run, field) for run in runs)
                for field in ("wall", "cpu", "peak")]
               for runs in (ours, theirs)]
    return medians[0], medians[1], agrees


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sflow", default="sflow")
    parser.add_argument("--data", default="/tmp/sflow-bench")
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--queries", default="")
    args = parser.parse_args()
    folder = tables(args)
    queries = [int(word) for word in args.queries.split(",") if word] or \
        list(SQL)
    sums = [0.0] * 4
    peaks = [0, 0]
    wrong = []
    print(f"TPC-H, scale {args.scale:g}, {args.threads} threads, seconds\n"
          "query    sflow   duckdb   ratio      cpu: sflow   duckdb   ratio"
          "    peak: sflow   duckdb")

    def line(name, wall, cpu, peak, note=""):
        print(f"{name:5} {wall[0]:8.2f} {wall[1]:8.2f} "
              f"{wall[1] / wall[0]:7.2f} {cpu[0]:15.2f} {cpu[1]:8.2f} "
              f"{cpu[1] / cpu[0]:7.2f} {peak[0] / 2**20:10.0f} MiB "
              f"{peak[1] / 2**20:4.0f} MiB{note}", flush=True)

    for query in queries:
        ours, theirs, agrees = measure(args, folder, query)
        line(f"q{query}", (ours[0], theirs[0]), (ours[1], theirs[1]),
             (ours[2], theirs[2]), "" if agrees else "   DIFFERENT")
        if not agrees:
            wrong.append(query)
        sums = [sums[0] + ours[0], sums[1] + theirs[0], sums[2] + ours[1],
                sums[3] + theirs[1]]
        peaks = [max(peaks[0], ours[2]), max(peaks[1], theirs[2])]
    line("all", sums[:2], sums[2:], peaks)
    if wrong:
        sys.exit(f"different answers: {wrong}")


if __name__ == "__main__":
    main()
