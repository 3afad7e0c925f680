/*
 * RULE(name, summary): the plan's rules in the order in which they are applied.
 * rule_NAME.c holds rule_NAME().
 */
RULE(partial, "count for windows where the records are")
RULE(need, "read only the fields that somebody uses")
