/* SPDX-License-Identifier: MIT */
/*
 * lsv_config.h - what a virtio function's PCI configuration space says.
 *
 * Decoding takes nothing but the bytes, and keeps what it finds however wrong
 * it is: lsv_check.h judges.
 */
#ifndef LSV_CONFIG_H
#define LSV_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LSV_CONFIG_SIZE 256
#define LSV_BARS 6
/* (256 - 64) / 4: more capabilities than this do not fit, so it is a loop. */
#define LSV_CAPS_MAX 48

enum {
	LSV_PCI_CAP_VENDOR = 0x09,
	LSV_PCI_CAP_MSIX = 0x11
};

/* virtio 1.3 4.1.4: cfg_type */
enum {
	LSV_COMMON = 1,
	LSV_NOTIFY = 2,
	LSV_ISR = 3,
	LSV_DEVICE = 4,
	LSV_PCI_CFG = 5,
	LSV_SHARED_MEMORY = 8
};

/* A capability; the virtio members are for LSV_PCI_CAP_VENDOR. */
struct lsv_cap {
	uint8_t pos;
	uint8_t id;                     /* of PCI */
	uint8_t len;                    /* cap_len, the third byte */
	uint8_t type;                   /* LSV_COMMON... */
	uint8_t bar;
	uint8_t shm_id;
	uint64_t offset;                /* in the BAR */
	uint64_t length;
	uint32_t notify_multiplier;     /* LSV_NOTIFY only */
};

struct lsv_bar {
	bool present;
	bool io;
	bool is_64bit;
	bool prefetchable;
	uint64_t addr;
	uint64_t size;                  /* not in the bytes: 0 if unknown */
};

struct lsv_msix {
	bool present;
	bool enabled;
	bool masked;                    /* Function Mask */
	unsigned vectors;
	uint8_t table_bar;
	uint8_t pba_bar;
	uint32_t table_offset;
	uint32_t pba_offset;
};

struct lsv_config {
	uint16_t vendor;
	uint16_t device;
	uint16_t command;
	uint16_t status;
	uint8_t revision;
	uint32_t class_code;            /* 24 bits */
	uint8_t header_type;            /* without the multi-function bit */
	uint16_t sub_vendor;
	uint16_t sub_device;
	uint8_t interrupt_pin;          /* 0: none, 1: INTA# */
	struct lsv_bar bars[LSV_BARS];
	struct lsv_cap caps[LSV_CAPS_MAX];
	unsigned n_caps;
	bool caps_broken;               /* a loop, or out of bounds */
	struct lsv_msix msix;
};

/* Decode the LSV_CONFIG_SIZE bytes at cfg.  Cannot fail. */
void lsv_config_decode(const uint8_t *cfg, struct lsv_config *ret_config);

/* The first virtio capability of a type; NULL if there is none. */
const struct lsv_cap *lsv_config_find(const struct lsv_config *config,
				      uint8_t type);

/* "COMMON", or "?" for a type that virtio 1.3 does not have. */
const char *lsv_type_name(uint8_t type);

#endif
