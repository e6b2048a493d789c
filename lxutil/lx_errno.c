/* SPDX-License-Identifier: MIT */
#include "lxutil/lx_errno.h"

#include "lxutil/lx_volume.h"

#include <errno.h>

/* Every LX_E... of lx.h, once. */
#define ERRORS(X) \
	X(EPERM) X(ENOENT) X(EINTR) X(EIO) X(ENXIO) X(E2BIG) X(EBADF) \
	X(EAGAIN) X(ENOMEM) X(EACCES) X(EFAULT) X(EBUSY) X(EEXIST) X(EXDEV) \
	X(ENODEV) X(ENOTDIR) X(EISDIR) X(EINVAL) X(ENFILE) X(EMFILE) \
	X(ENOTTY) X(ETXTBSY) X(EFBIG) X(ENOSPC) X(ESPIPE) X(EROFS) X(EMLINK) \
	X(EPIPE) X(ERANGE) X(EDEADLK) X(ENAMETOOLONG) X(ENOLCK) X(ENOSYS) \
	X(ENOTEMPTY) X(ELOOP) X(ENODATA) X(ENOPKG) X(EPROTO) X(EBADMSG) \
	X(EOVERFLOW) X(EILSEQ) X(EMSGSIZE) X(EOPNOTSUPP) X(ENOTCONN) \
	X(ETIMEDOUT) X(EHOSTDOWN) X(ESTALE) X(EUCLEAN) X(EREMOTEIO) X(EDQUOT) \
	X(ENOKEY) X(EKEYREJECTED)

/* What another host's libc lacks: numbers that errno never has. */
#ifndef EHOSTDOWN
#define EHOSTDOWN (-LX_EHOSTDOWN)
#endif
#ifndef ESTALE
#define ESTALE (-LX_ESTALE)
#endif
#ifndef EUCLEAN
#define EUCLEAN (-LX_EUCLEAN)
#endif
#ifndef EREMOTEIO
#define EREMOTEIO (-LX_EREMOTEIO)
#endif
#ifndef EDQUOT
#define EDQUOT (-LX_EDQUOT)
#endif
#ifndef ENOKEY
#define ENOKEY (-LX_ENOKEY)
#endif
#ifndef ENOPKG
#define ENOPKG (-LX_ENOPKG)
#endif
#ifndef EKEYREJECTED
#define EKEYREJECTED (-LX_EKEYREJECTED)
#endif

int lx_errno_from_host(int host)
{
	switch (host) {
#define X(name) case name: return LX_##name;
	ERRORS(X)
#undef X
#if ENOTSUP != EOPNOTSUPP
	case ENOTSUP: return LX_EOPNOTSUPP;
#endif
#if EWOULDBLOCK != EAGAIN
	case EWOULDBLOCK: return LX_EAGAIN;
#endif
	default: return LX_EIO;
	}
}

const char *lx_errname(int err)
{
	switch (err < 0 ? 0u - (unsigned)err : (unsigned)err) {
#define X(name) case LX_##name: return #name;
	ERRORS(X)
#undef X
	default: return "E?";
	}
}
