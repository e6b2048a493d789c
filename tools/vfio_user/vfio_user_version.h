/* SPDX-License-Identifier: MIT */
/*
 * vfio_user_version.h - the VERSION message: versions and capabilities.
 *
 * The first message of a connection.  Each side says its version and, in
 * JSON, its limits: {"capabilities":{"max_data_xfer_size":1048576,...}}.
 * Members that we do not know are the peer's business and are skipped.
 */
#ifndef VFIO_USER_VERSION_H
#define VFIO_USER_VERSION_H

#include "tools/vfio_user/vfio_user_proto.h"

#include <stddef.h>

/* What the client said, or the protocol's defaults. */
struct vfio_user_caps {
	uint16_t minor;                 /* of the version to speak */
	uint32_t max_data_xfer_size;    /* 1 to VFIO_USER_XFER_MAX */
};

/*
 * Read the body of the client's VERSION.  0; -ENOTSUP: another major version;
 * -EINVAL: malformed.  Then *ret_why is a phrase for the log.
 */
int vfio_user_version_parse(const uint8_t *body, size_t len,
			    struct vfio_user_caps *ret_caps,
			    const char **ret_why);

/* The JSON of our reply, for free(); NULL without memory. */
char *vfio_user_version_json(void);

#endif
