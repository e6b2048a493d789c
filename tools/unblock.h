/* SPDX-License-Identifier: MIT */
/*
 * unblock.h - a thread that lets others go on which a client or a front-end has
 * made block, by its interrupts' descriptors (common/event_fd.h).  It looks
 * once a second, and more often for as long as there are some.
 *
 * For programs, which it serves until they end; never for the plugin.
 */
#ifndef TOOLS_UNBLOCK_H
#define TOOLS_UNBLOCK_H

/* With the caller's signal mask.  0 or -errno. */
int unblock_start(void);

#endif
