/* SPDX-License-Identifier: MIT */
#include "tools/vfio_user/vfio_user_irq.h"

#include "common/bytes.h"
#include "common/event_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* Learn what an eventfd looks like to fstat(). */
static int learn_eventfd(struct vfio_user_irqs *irqs)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	struct stat st;
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		ret = -errno;
	close(fd);
	irqs->eventfd_dev = st.st_dev;
	irqs->eventfd_ino = st.st_ino;
	return ret;
}

/* How many vectors an index can have. */
static const uint32_t count_max[VFIO_USER_IRQS] = {
	[VFIO_USER_IRQ_INTX] = 1,
	[VFIO_USER_IRQ_MSIX] = VFIO_USER_MSIX_MAX,
	[VFIO_USER_IRQ_ERR] = 1,
	[VFIO_USER_IRQ_REQ] = 1,
};

int vfio_user_irqs_init(struct vfio_user_irqs *irqs)
{
	const uint32_t all = VFIO_USER_MSIX_MAX + 3;
	struct vfio_user_vector *vector;
	int ret;

	*irqs = (struct vfio_user_irqs){
		.count = { [VFIO_USER_IRQ_ERR] = 1, [VFIO_USER_IRQ_REQ] = 1 },
		.unmask_fd = -1,
	};
	ret = learn_eventfd(irqs);
	if (ret)
		return ret;
	vector = calloc(all, sizeof(*vector));
	if (!vector)
		return -ENOMEM;
	for (uint32_t i = 0; i < all; i++)
		vector[i].fd = -1;
	for (unsigned i = 0; i < VFIO_USER_IRQS; i++) {
		irqs->vector[i] = vector;
		vector += count_max[i];
	}
	pthread_mutex_init(&irqs->lock, NULL);
	return 0;
}

void vfio_user_irqs_set_count(struct vfio_user_irqs *irqs, uint32_t intx,
			      uint32_t msix)
{
	pthread_mutex_lock(&irqs->lock);
	irqs->count[VFIO_USER_IRQ_INTX] =
		MIN(intx, count_max[VFIO_USER_IRQ_INTX]);
	irqs->count[VFIO_USER_IRQ_MSIX] =
		MIN(msix, count_max[VFIO_USER_IRQ_MSIX]);
	pthread_mutex_unlock(&irqs->lock);
}

void vfio_user_irqs_done(struct vfio_user_irqs *irqs)
{
	vfio_user_irqs_clear(irqs);
	pthread_mutex_destroy(&irqs->lock);
	free(irqs->vector[0]);
}

static void replace_fd(int *fd, int new)
{
	if (*fd >= 0)
		close(*fd);
	*fd = new;
}

static void bind_fd(struct vfio_user_vector *vector, int fd)
{
	replace_fd(&vector->fd, fd);
	vector->masked = false;
	vector->pending = false;
}

static void disable_index(struct vfio_user_irqs *irqs, uint32_t index)
{
	for (uint32_t i = 0; i < irqs->count[index]; i++)
		bind_fd(&irqs->vector[index][i], -1);
	if (index == VFIO_USER_IRQ_INTX)
		replace_fd(&irqs->unmask_fd, -1);
}

void vfio_user_irqs_clear(struct vfio_user_irqs *irqs)
{
	pthread_mutex_lock(&irqs->lock);
	for (uint32_t i = 0; i < VFIO_USER_IRQS; i++)
		disable_index(irqs, i);
	pthread_mutex_unlock(&irqs->lock);
}

int vfio_user_irqs_info(const struct vfio_user_irqs *irqs,
			struct vfio_user_irq_info *info)
{
	if (info->index >= VFIO_USER_IRQS)
		return -EINVAL;
	info->argsz = sizeof(*info);
	info->flags = VFIO_USER_IRQ_F_EVENTFD;
	if (info->index == VFIO_USER_IRQ_INTX)
		info->flags |= VFIO_USER_IRQ_F_MASKABLE |
			       VFIO_USER_IRQ_F_AUTOMASKED;
	info->count = irqs->count[info->index];
	return 0;
}

/*
 * Tell the client; the eventfd does not block (check_fds), or not for ever.  A
 * count that is full already wakes the client as well.
 */
static void deliver(struct vfio_user_vector *vector)
{
	vector->pending = vector->masked;
	if (!vector->masked && vector->fd >= 0)
		event_signal_fd(vector->fd);
}

/* The level is up and the client wants to know: tell it, once. */
static void deliver_intx(struct vfio_user_irqs *irqs)
{
	struct vfio_user_vector *vector = irqs->vector[VFIO_USER_IRQ_INTX];

	if (!irqs->count[VFIO_USER_IRQ_INTX] || !irqs->intx_level ||
	    vector->masked || vector->fd < 0)
		return;
	deliver(vector);
	vector->masked = true;
}

void vfio_user_irqs_signal(struct vfio_user_irqs *irqs, uint16_t msix_vector)
{
	pthread_mutex_lock(&irqs->lock);
	if (msix_vector < irqs->count[VFIO_USER_IRQ_MSIX])
		deliver(&irqs->vector[VFIO_USER_IRQ_MSIX][msix_vector]);
	pthread_mutex_unlock(&irqs->lock);
}

void vfio_user_irqs_set_intx(struct vfio_user_irqs *irqs, bool level)
{
	pthread_mutex_lock(&irqs->lock);
	irqs->intx_level = level;
	deliver_intx(irqs);
	pthread_mutex_unlock(&irqs->lock);
}

/*
 * A write to anything but an eventfd might block or raise SIGPIPE, so nothing
 * else is taken; and one that blocks when its count is full must not.
 */
static int check_fds(const struct vfio_user_irqs *irqs,
		     const struct vfio_user_msg *msg)
{
	for (size_t i = 0; i < msg->fd_count; i++) {
		int flags = fcntl(msg->fds[i], F_GETFL);
		struct stat st;

		if (flags < 0 || fstat(msg->fds[i], &st) ||
		    st.st_dev != irqs->eventfd_dev ||
		    st.st_ino != irqs->eventfd_ino ||
		    fcntl(msg->fds[i], F_SETFL, flags | O_NONBLOCK))
			return -EINVAL;
	}
	return 0;
}

/* Trigger with neither data nor vectors unbinds the whole index. */
static int set_none(struct vfio_user_irqs *irqs,
		    const struct vfio_user_irq_set *set)
{
	if ((set->flags & VFIO_USER_SET_ACTION) != VFIO_USER_SET_ACTION_TRIGGER)
		return -EINVAL;
	disable_index(irqs, set->index);
	return 0;
}

/* The client's own unmasking of INTx, by eventfd. */
static int set_unmask_fd(struct vfio_user_irqs *irqs,
			 const struct vfio_user_irq_set *set,
			 struct vfio_user_msg *msg)
{
	if (set->index != VFIO_USER_IRQ_INTX ||
	    (set->flags & VFIO_USER_SET_ACTION) != VFIO_USER_SET_ACTION_UNMASK)
		return -ENOTSUP;
	replace_fd(&irqs->unmask_fd, msg->fd_count ? msg->fds[0] : -1);
	msg->fds[0] = -1;
	return 0;
}

/* Bind the descriptors; none at all unbinds. */
static int set_eventfds(struct vfio_user_irqs *irqs,
			const struct vfio_user_irq_set *set,
			struct vfio_user_msg *msg)
{
	struct vfio_user_vector *vector = irqs->vector[set->index] + set->start;

	if (check_fds(irqs, msg) || !set->count ||
	    (msg->fd_count && msg->fd_count != set->count))
		return -EINVAL;
	if ((set->flags & VFIO_USER_SET_ACTION) != VFIO_USER_SET_ACTION_TRIGGER)
		return set_unmask_fd(irqs, set, msg);
	for (uint32_t i = 0; i < set->count; i++) {
		bind_fd(&vector[i], msg->fd_count ? msg->fds[i] : -1);
		if (msg->fd_count)
			msg->fds[i] = -1;
	}
	if (set->index == VFIO_USER_IRQ_INTX)
		deliver_intx(irqs);
	return 0;
}

/* One vector; returns -EINVAL for an unknown action. */
static int act(struct vfio_user_irqs *irqs, uint32_t index, uint32_t number,
	       uint32_t action)
{
	struct vfio_user_vector *vector = &irqs->vector[index][number];

	switch (action) {
	case VFIO_USER_SET_ACTION_TRIGGER:
		deliver(vector);
		return 0;
	case VFIO_USER_SET_ACTION_MASK:
		vector->masked = true;
		return 0;
	case VFIO_USER_SET_ACTION_UNMASK:
		vector->masked = false;
		if (index == VFIO_USER_IRQ_INTX)
			deliver_intx(irqs);
		else if (vector->pending)
			deliver(vector);
		return 0;
	default:
		return -EINVAL;
	}
}

/* DATA_NONE acts on each vector, DATA_BOOL where its byte is not 0. */
static int set_vectors(struct vfio_user_irqs *irqs,
		       const struct vfio_user_irq_set *set,
		       const uint8_t *bools)
{
	int ret = 0;

	for (uint32_t i = 0; i < set->count && !ret; i++)
		if (!bools || bools[i])
			ret = act(irqs, set->index, set->start + i,
				  set->flags & VFIO_USER_SET_ACTION);
	return ret;
}

static int set_locked(struct vfio_user_irqs *irqs,
		      const struct vfio_user_irq_set *set, const uint8_t *data,
		      size_t len, struct vfio_user_msg *msg)
{
	switch (set->flags & VFIO_USER_SET_DATA) {
	case VFIO_USER_SET_DATA_EVENTFD:
		return set_eventfds(irqs, set, msg);
	case VFIO_USER_SET_DATA_BOOL:
		if (len < set->count)
			return -EINVAL;
		return set_vectors(irqs, set, data);
	case VFIO_USER_SET_DATA_NONE:
		return set->count ? set_vectors(irqs, set, NULL) :
				    set_none(irqs, set);
	default:
		return -EINVAL;
	}
}

int vfio_user_irqs_set(struct vfio_user_irqs *irqs, struct vfio_user_msg *msg)
{
	const uint32_t all = VFIO_USER_SET_DATA | VFIO_USER_SET_ACTION;
	struct vfio_user_irq_set set;
	int ret;

	if (msg->len < sizeof(set))
		return -EINVAL;
	memcpy(&set, msg->body, sizeof(set));
	if (set.index >= VFIO_USER_IRQS ||
	    set.flags & ~all ||
	    !range_within(set.start, set.count, 0, irqs->count[set.index]))
		return -EINVAL;
	pthread_mutex_lock(&irqs->lock);
	ret = set_locked(irqs, &set, msg->body + sizeof(set),
			 msg->len - sizeof(set), msg);
	pthread_mutex_unlock(&irqs->lock);
	return ret;
}

int vfio_user_irqs_unmask_fd(const struct vfio_user_irqs *irqs)
{
	return irqs->unmask_fd;
}

void vfio_user_irqs_unmask(struct vfio_user_irqs *irqs)
{
	int ret;

	pthread_mutex_lock(&irqs->lock);
	ret = event_clear_fd(irqs->unmask_fd);
	if (!ret && irqs->count[VFIO_USER_IRQ_INTX])
		act(irqs, VFIO_USER_IRQ_INTX, 0, VFIO_USER_SET_ACTION_UNMASK);
	else if (ret && ret != -EAGAIN)
		/* It is no eventfd, and would be ready for ever. */
		replace_fd(&irqs->unmask_fd, -1);
	pthread_mutex_unlock(&irqs->lock);
}
