/*
 * The aggregates: one row each, AGG(symbol), where `agg_<symbol>` is the object
 * in the file of its noun (agg_<noun>.c).  Included by agg.c with AGG defined;
 * no guard on purpose.  The order is that of the help.
 */
AGG(count)
AGG(sum)
AGG(avg)
AGG(min)
AGG(max)
AGG(median)
AGG(percentile)
AGG(stddev)
AGG(stddev_pop)
AGG(var)
AGG(var_pop)
AGG(count_distinct)
AGG(mode)
AGG(first)
AGG(last)
AGG(any_value)
AGG(min_by)
AGG(max_by)
AGG(list)
AGG(list_distinct)
