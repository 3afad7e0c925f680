/*
 * Both forms of a program parse back to its tree.  The trees are those of all
 * programs of the manual, and random ones: everything that the grammar can say,
 * with the nastiest names and texts that fit in.
 */
#include "lang/pretty.h"

#include <criterion/criterion.h>
#include <string.h>

#include "program_text.h"
#include "random_program.h"

static const char *const tasks[] = {
	"where status >= 400 | select ts, user, status",
	"extend sec = ms / 1000, cls = case when ms < 100 then \"fast\" "
	    "when ms < 500 then \"ok\" else \"slow\" end",
	"aggregate n = count(), avg_ms = avg(ms), p99 = percentile(ms, 99), "
	    "errs = count() where status >= 500, users = count_distinct(user) "
	    "by country",
	"count by country, hour = bucket(ts, 1h)",
	"sort ms desc, user | head 10",
	"top 3 ms by country",
	"join \"users.csv\" as u on uid == u.id | select user, name = u.name",
	"left join \"users.csv\" as u on uid == u.id "
	    "| extend name = u.name ?? \"?\"",
	"anti join (from \"users.csv\" | where active) as u on uid == u.id",
	"asof join \"rates.csv\" as r on currency == r.currency within 1h",
	"unnest tags as tag | select user, tag",
	"parse line with \"{ip} {_} {user} [{ts:clf}] \\\"{method} {path} "
	    "{proto}\\\" {status:int} {bytes:int}\" else to \"unparsed.log\"",
	"from clf(\"access.log\") | count by status",
	"parse msg with /took (?<ms:int>\\d+)ms/ else keep | where ms > 100",
	"from tail(\"ev.jsonl\") | watermark ts delay 5s "
	    "| count by user window tumble(1m)",
	"from tail(\"ev.jsonl\") | watermark ts delay 5s idle 1m "
	    "| aggregate n = count(), first = min(ts), last = max(ts) by user "
	    "window session(30m) late to \"late.jsonl\"",
	"watermark ts delay 5s | match a = (action == \"cart\") then "
	    "b = (action == \"pay\" and order == a.order) within 10m by user "
	    "| select user, wait = b.ts - a.ts",
	"match a = (action == \"cart\") then not b = (action == \"pay\") "
	    "within 10m by user | select user, abandoned = a.ts",
	"watermark ts delay 5s | process by ride { var $start = null; "
	    "when kind == \"START\" { $start = ts; timer ts + 4h } "
	    "when kind == \"END\" and $start is not null "
	    "{ emit {ride, dur = ts - $start}; clear } "
	    "on timer { emit {ride, alert = \"no END after 4h\", "
	    "since = $start}; clear } }",
	"match s = (kind == \"START\") then e = (kind == \"END\") within 4h "
	    "by ride unmatched to \"open.jsonl\" "
	    "| select ride, dur = e.ts - s.ts",
	"to \"by/{country}.csv.zst\"",
	"tee (where status >= 500 | to \"errors.jsonl\") "
	    "| to \"out/{country}/{date(ts)}.csv\"",
	"from \"a.csv\" | union (from \"b.jsonl\" | rename id = uid) "
	    "| dedup by id",
	"from tcp(\":9000\", format=\"jsonl\") "
	    "| union (from tail(\"b.jsonl\")) | watermark ts delay 5s "
	    "| dedup by id within 1h",
	"fn mb($x) = round($x / 1e6, 1); op slowest($n = 5, $min = 100) = "
	    "where ms >= $min | top $n ms by path; from \"ev.jsonl\" "
	    "| extend size = mb(bytes) | slowest(3)",
	"from ssh([\"web1\", \"web2\", \"web3\", \"web4\"], "
	    "\"/var/log/nginx/access.log\", format=\"clf\", follow=true) "
	    "| watermark ts delay 5s "
	    "| where path ~ /^\\/api\\// and not (status in 200..299) "
	    "| aggregate n = count(), p99 = percentile(ms, 99) by path "
	    "window hop(size=5m, every=30s) | to table(live=true)",
};

/* Its print in both forms must parse back to the same tree. */
static void
expect_round_trip(const struct ast_program *program, struct region *region)
{
	for (int wide = 0; wide < 2; wide++) {
		struct buf buf = { NULL, 0, 0 };
		struct err err = ERR_INIT;
		if (wide)
			pretty_program_wide(program, &buf);
		else
			pretty_program(program, &buf);
		const struct ast_program *again = parse_program("again",
		    buf_string(&buf), buf.size, 0, region, &err);
		cr_assert_not_null(again, "%s\n%u: %s", buf.bytes,
		    err.span_offset, err.message);
		cr_assert(ast_equal(program, again), "%s", buf.bytes);
		buf_fini(&buf);
	}
}

Test(pretty, the_tasks_are_canonical_and_come_back)
{
	for (size_t i = 0; i < sizeof(tasks) / sizeof(*tasks); i++) {
		struct region *region = region_new();
		expect_printed(tasks[i], tasks[i]);
		expect_round_trip(program_of(tasks[i], 0, region), region);
		region_drop(&region);
	}
}

static void
expect_wide(const char *text, const char *expected)
{
	struct buf once = printed(text, PARSE_FILE, 1);
	struct buf twice = printed(buf_string(&once), PARSE_FILE, 1);

	cr_expect_str_eq(buf_string(&once), expected, "%s",
	    buf_string(&once));
	cr_expect_str_eq(buf_string(&twice), expected, "again: %s",
	    buf_string(&twice));
	buf_fini(&once);
	buf_fini(&twice);
}

Test(pretty, wide_is_a_stage_a_line)
{
	expect_wide("from 'a' | where x == 'it\\'s' | head 3",
	    "from \"a\"\n"
	    "| where x == \"it's\"\n"
	    "| head 3\n");
	expect_wide("let $n = 3; op o($k = 5) = where ms >= $n | head $k; "
	    "let t = from \"a\" | o; from t | to \"b\"; from t | count",
	    "let $n = 3;\n"
	    "op o($k = 5) = where ms >= $n | head $k;\n"
	    "let t = from \"a\" | o;\n"
	    "\n"
	    "from t\n"
	    "| to \"b\";\n"
	    "\n"
	    "from t\n"
	    "| count\n");
}

Test(pretty, wide_breaks_what_is_long)
{
	expect_wide(tasks[1],
	    "extend\n"
	    "    sec = ms / 1000,\n"
	    "    cls = case\n"
	    "        when ms < 100 then \"fast\"\n"
	    "        when ms < 500 then \"ok\"\n"
	    "        else \"slow\"\n"
	    "    end\n");
	expect_wide(tasks[18],
	    "watermark ts delay 5s\n"
	    "| process by ride {\n"
	    "    var $start = null;\n"
	    "    when kind == \"START\" { $start = ts; timer ts + 4h }\n"
	    "    when kind == \"END\" and $start is not null {\n"
	    "        emit {ride, dur = ts - $start};\n"
	    "        clear\n"
	    "    }\n"
	    "    on timer { emit {ride, alert = \"no END after 4h\", "
	    "since = $start}; clear }\n"
	    "}\n");
	expect_wide(tasks[25],
	    "from ssh(\n"
	    "    [\"web1\", \"web2\", \"web3\", \"web4\"],\n"
	    "    \"/var/log/nginx/access.log\",\n"
	    "    format=\"clf\",\n"
	    "    follow=true\n"
	    ")\n"
	    "| watermark ts delay 5s\n"
	    "| where path ~ /^\\/api\\// and not (status in 200..299)\n"
	    "| aggregate\n"
	    "    n = count(),\n"
	    "    p99 = percentile(ms, 99)\n"
	    "    by path\n"
	    "    window hop(size=5m, every=30s)\n"
	    "| to table(live=true)\n");
	expect_wide("where aaaaaaaaaaaaaaaaaaaa == 1 and bbbbbbbbbbbbbbbbbbbb "
	    "== 2 and (cccccccccccccccccccc == 3 or d) | union (from "
	    "\"aaaaaaaaaaaaaaaaaaaaaaaaaa\" | where bbbbbbbbbbbbbbbbbbbbbbb "
	    "| head 3)",
	    "where aaaaaaaaaaaaaaaaaaaa == 1\n"
	    "    and bbbbbbbbbbbbbbbbbbbb == 2\n"
	    "    and (cccccccccccccccccccc == 3 or d)\n"
	    "| union (\n"
	    "    from \"aaaaaaaaaaaaaaaaaaaaaaaaaa\"\n"
	    "    | where bbbbbbbbbbbbbbbbbbbbbbb\n"
	    "    | head 3\n"
	    ")\n");
}

Test(pretty, wide_keeps_comments)
{
	expect_wide("#!/usr/bin/sflow -f\n"
	    "# about n\n"
	    "let $n = 3; # three\n"
	    "\n"
	    "# all of it\n"
	    "from \"a\" # in\n"
	    "# bad ones\n"
	    "| where x # not\n"
	    "  and y # this\n"
	    "| select a, # first\n"
	    "   # second\n"
	    "   b\n"
	    "| tee (where z # inner\n"
	    "   | to \"c\")\n"
	    "| process { # p\n"
	    "  # v\n"
	    "  var $s = 1;\n"
	    "  when x { emit y; # e\n"
	    "    clear }\n"
	    "  # q\n"
	    "}; # end\n"
	    "# next\n"
	    "count # last\n"
	    "# over\n",
	    "#!/usr/bin/sflow -f\n"
	    "# about n\n"
	    "let $n = 3; # three\n"
	    "\n"
	    "# all of it\n"
	    "from \"a\" # in\n"
	    "# bad ones\n"
	    "| where x and y # not\n"
	    "# this\n"
	    "| select\n"
	    "    a, # first\n"
	    "    # second\n"
	    "    b\n"
	    "| tee (\n"
	    "    where z # inner\n"
	    "    | to \"c\"\n"
	    ")\n"
	    "| process { # p\n"
	    "    # v\n"
	    "    var $s = 1;\n"
	    "    when x {\n"
	    "        emit y; # e\n"
	    "        clear\n"
	    "    }\n"
	    "    # q\n"
	    "}; # end\n"
	    "\n"
	    "# next\n"
	    "count # last\n"
	    "# over\n");
}

Test(pretty, literals_stay_as_written)
{
	expect_printed("where a in [1_000, 0xFF, 1.50, 1e6, 90m, 1024KiB, "
	    "@2026-01-02T03:04+02:00, r\"\\d\"]",
	    "where a in [1_000, 0xFF, 1.50, 1e6, 90m, 1024KiB, "
	    "@2026-01-02T03:04+02:00, r\"\\d\"]");
}

Test(pretty, the_one_line_form_goes_between_single_quotes)
{
	expect_printed("where a == \"it's\" or b == r\"it's\"",
	    "where a == \"it\\x27s\" or b == \"it\\x27s\"");
}

Test(pretty, parts_of_a_program)
{
	struct region *region = region_new();
	const struct ast_pipeline *pipeline = program_of(
	    "from csv(\"a\", header=false) | where (a+b)*c>1 | "
	    "agg n=count()by d", 0, region)->pipeline[0];
	struct buf buf = { NULL, 0, 0 };
	pretty_io(pipeline->from, &buf);
	buf_add_char(&buf, '\n');
	pretty_expr(pipeline->stage[0]->expr, &buf);
	buf_add_char(&buf, '\n');
	pretty_stage(pipeline->stage[1], &buf);
	cr_expect_str_eq(buf_string(&buf), "csv(\"a\", header=false)\n"
	    "(a + b) * c > 1\n"
	    "aggregate n = count() by d", "%s", buf.bytes);
	buf_fini(&buf);
	region_drop(&region);
}

Test(pretty, random_trees_come_back)
{
	for (uint64_t seed = 1; seed <= 2000; seed++) {
		struct random random = { seed, region_new() };
		expect_round_trip(random_program(&random), random.region);
		region_drop(&random.region);
	}
}
