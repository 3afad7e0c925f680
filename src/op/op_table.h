/*
 * OP(name): one row per operator, in the order of the help.  op_NAME.c holds
 * `const struct op_def op_NAME`.
 */
OP(where)
OP(select)
OP(extend)
OP(drop)
OP(rename)
OP(aggregate)
OP(sort)
OP(head)
OP(tail)
OP(top)
OP(dedup)
OP(join)
OP(union)
OP(unnest)
OP(parse)
OP(watermark)
OP(window)
OP(tee)
OP(to)
OP(scalar)
