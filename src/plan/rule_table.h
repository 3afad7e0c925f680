/*
 * RULE(name, summary): the plan's rules in the order in which they are applied.
 * rule_NAME.c holds rule_NAME().  With `--without NAME` a rule is left out, and
 * what comes out must be the same.  ALWAYS(name, summary): a rule that cannot
 * be left out, for what it finds is seen (by warnings, by what is converted).
 */
RULE(filter, "ask conditions before what computes, parses, orders or joins")
RULE(order_joins, "ask joins that only leave out before joins that pair")
RULE(limit, "leave out what head leaves out before it is computed")
RULE(literal, "look for texts in whole records before fields are looked at")
RULE(order, "ask the cheapest condition first, by what was measured")
RULE(top, "sort keeps only the rows that head wants")
RULE(side, "read the small side of a join first, and keep what it meets")
RULE(merge, "join in the order of the keys where both sides come in it")
RULE(ahead, "leave out early what a later join finds nothing for")
RULE(sets, "add records once, however many sets of keys there are")
RULE(runs, "give a group when the key that a sort gives has passed")
RULE(unordered, "give what a join finds at once if nobody sees the order")
RULE(partial, "count for windows where the records are")
RULE(share, "compute once what a stage computes in several places")
ALWAYS(need, "read only the fields that somebody uses")
