#ifndef SFLOW_UTIL_MEM_PRIV_H
#define SFLOW_UTIL_MEM_PRIV_H

#include <stdint.h>

/* Resident bytes of the heap that are free and will be used again; about. */
uint64_t heap_idle_bytes(void);
/* Give them to the system. */
void heap_purge(void);

/* What of the limit may be charged: less what is resident beside it. */
uint64_t look_room(void);
/* So many bytes more are about to be charged: is it time to look? */
void look_after(uint64_t bytes);
/* Look if what was charged since the last time is worth it. */
void look_again(void);

/* Press the owner that holds most, for want of room. */
void budget_press(void);

#endif
