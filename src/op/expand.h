#ifndef SFLOW_OP_EXPAND_H
#define SFLOW_OP_EXPAND_H

/*
 * The field that `expand` adds: the number of the set of keys, from 0.  No
 * program can name it.
 */
#define EXPAND_SET "\001set"

#endif
