/* What store.c (appending) and store_open.c (recovery) share of the log's newest segment. */
#ifndef VG_RECORD_STORE_FILE_H
#define VG_RECORD_STORE_FILE_H

#include "record/store.h"

/*
 * Makes the segment whose first event will be next_seq, with the positions of all rings, and goes
 * on in it. False (errno) where it can't; the store is then as before.
 */
bool vg_store_new_segment(struct vg_store *store) VG_MUST_CHECK;

/* What a frame says of its ring; without room, the one used longest ago is forgotten. */
void vg_store_moved(struct vg_store *store, uint64_t ring, uint64_t after);

#endif
