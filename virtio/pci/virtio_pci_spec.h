/* SPDX-License-Identifier: MIT */
/*
 * virtio_pci_spec.h - numbers of the PCI transport (virtio 1.3 4.1): ids,
 * vendor capabilities, and the layout of the common configuration structure.
 *
 * Layouts are byte offsets, not structs; all numbers are little-endian.
 */
#ifndef VIRTIO_PCI_VIRTIO_PCI_SPEC_H
#define VIRTIO_PCI_VIRTIO_PCI_SPEC_H

/* Device discovery (virtio 1.3 4.1.2). */
enum {
	VIRTIO_PCI_VENDOR = 0x1af4,
	VIRTIO_PCI_DEVICE_BASE = 0x1040,        /* plus the virtio device id */
	VIRTIO_PCI_SUBSYSTEM = 0x1100,          /* as QEMU's */
	VIRTIO_PCI_REVISION = 1
};

/* struct virtio_pci_cap (virtio 1.3 4.1.4). */
enum {
	VIRTIO_PCI_CAP_LEN = 2,                 /* u8 */
	VIRTIO_PCI_CAP_CFG_TYPE = 3,            /* u8 */
	VIRTIO_PCI_CAP_BAR = 4,                 /* u8 */
	VIRTIO_PCI_CAP_ID = 5,                  /* u8 */
	VIRTIO_PCI_CAP_OFFSET = 8,              /* le32 */
	VIRTIO_PCI_CAP_LENGTH = 12,             /* le32 */
	VIRTIO_PCI_CAP_SIZE = 16,
	VIRTIO_PCI_NOTIFY_CAP_MULT = 16,        /* le32 */
	VIRTIO_PCI_NOTIFY_CAP_SIZE = 20,
	VIRTIO_PCI_CFG_CAP_DATA = 16,           /* 4 bytes */
	VIRTIO_PCI_CFG_CAP_SIZE = 20
};

/* cfg_type */
enum {
	VIRTIO_PCI_CAP_COMMON_CFG = 1,
	VIRTIO_PCI_CAP_NOTIFY_CFG = 2,
	VIRTIO_PCI_CAP_ISR_CFG = 3,
	VIRTIO_PCI_CAP_DEVICE_CFG = 4,
	VIRTIO_PCI_CAP_PCI_CFG = 5
};

/* struct virtio_pci_common_cfg (virtio 1.3 4.1.4.3). */
enum {
	VIRTIO_PCI_COMMON_DFSELECT = 0x00,      /* le32 device_feature_select */
	VIRTIO_PCI_COMMON_DF = 0x04,            /* le32 device_feature */
	VIRTIO_PCI_COMMON_GFSELECT = 0x08,      /* le32 driver_feature_select */
	VIRTIO_PCI_COMMON_GF = 0x0c,            /* le32 driver_feature */
	VIRTIO_PCI_COMMON_MSIX = 0x10,          /* le16 config_msix_vector */
	VIRTIO_PCI_COMMON_NUMQ = 0x12,          /* le16 num_queues */
	VIRTIO_PCI_COMMON_STATUS = 0x14,        /* u8 device_status */
	VIRTIO_PCI_COMMON_CFGGENERATION = 0x15, /* u8 config_generation */
	VIRTIO_PCI_COMMON_Q_SELECT = 0x16,      /* le16 queue_select */
	VIRTIO_PCI_COMMON_Q_SIZE = 0x18,        /* le16 queue_size */
	VIRTIO_PCI_COMMON_Q_MSIX = 0x1a,        /* le16 queue_msix_vector */
	VIRTIO_PCI_COMMON_Q_ENABLE = 0x1c,      /* le16 queue_enable */
	VIRTIO_PCI_COMMON_Q_NOFF = 0x1e,        /* le16 queue_notify_off */
	VIRTIO_PCI_COMMON_Q_DESCLO = 0x20,      /* le64 queue_desc */
	VIRTIO_PCI_COMMON_Q_AVAILLO = 0x28,     /* le64 queue_driver */
	VIRTIO_PCI_COMMON_Q_USEDLO = 0x30,      /* le64 queue_device */
	VIRTIO_PCI_COMMON_Q_NDATA = 0x38,     /* le16 queue_notif_config_data */
	VIRTIO_PCI_COMMON_Q_RESET = 0x3a,       /* le16 queue_reset */
	VIRTIO_PCI_COMMON_SIZE = 0x3c
};

/* ISR status (virtio 1.3 4.1.4.5). */
enum {
	VIRTIO_PCI_ISR_QUEUE = 1,
	VIRTIO_PCI_ISR_CONFIG = 2
};

#endif
